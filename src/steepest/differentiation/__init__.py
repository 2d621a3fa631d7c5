"""Floor 3: one function differentiated by hand, symbolically, numerically and automatically, side by side."""
