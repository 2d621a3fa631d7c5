"""Floor 2: from the text of a formula to a checked tree, and from there to a callable, SymPy and LaTeX."""
