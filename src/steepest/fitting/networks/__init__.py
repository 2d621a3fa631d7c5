"""Networks inside formulas: what they read, how they are trained, what they answer."""
