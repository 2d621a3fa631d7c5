"""Functions recorded once as straight lines of operations, and run fast: in NumPy with planned buffers, or as machine code."""
