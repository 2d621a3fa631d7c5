"""Fits and networks as ONNX models."""
