"""Results on real data: each script prints the accuracies that docs/results.md quotes."""
