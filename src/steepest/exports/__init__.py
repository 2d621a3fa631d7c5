"""Floor 7: fits and networks for other programs: Python source, ONNX, LaTeX, TensorBoard."""
