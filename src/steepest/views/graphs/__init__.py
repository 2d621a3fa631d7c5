"""The graph of a loss: its layout, as a picture and as text."""
