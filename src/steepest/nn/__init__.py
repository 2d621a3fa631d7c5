"""Floor 4: what a model is scored by and built from: losses (modules and initialisers follow)."""
