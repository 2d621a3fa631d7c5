"""Losses over two parameters or directions, with paths on them."""
