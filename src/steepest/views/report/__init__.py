"""Floor 7: the report: one page about a fit, a run or a ranking, which needs no network."""
