"""Gradient descent that shows every step, says why a descent goes wrong, and certifies its answer."""
