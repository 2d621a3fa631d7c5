"""Floor 8: fits and networks for other programs: Python source, ONNX, LaTeX, TensorBoard."""
