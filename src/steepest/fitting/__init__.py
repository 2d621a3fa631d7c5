"""Floor 6: from a formula or a function and data to parameters with uncertainties."""
