"""Fits and networks as Python files that need NumPy alone."""
