"""Floor 1: Tensors, primitives and their derivative rules, the gradient graph, and the transforms that walk it."""
