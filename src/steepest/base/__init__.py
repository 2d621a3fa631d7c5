"""Floor 0: NumPy and the few things that every floor needs (errors, randomness, whole files, the registry)."""
