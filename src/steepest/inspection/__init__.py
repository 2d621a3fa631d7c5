"""Floor 6: what a loss is made of: its graph with every value and derivative, and why a gradient is what it is."""
