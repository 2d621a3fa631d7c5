"""Floor 6: what is worth saying about a run or a fit, in plain words, with its evidence; silent on healthy ones."""
