"""Floor 5: Problem, Run and the one training loop; batches, stopping, history, outcomes, hooks."""
