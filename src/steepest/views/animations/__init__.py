"""Descents that move: GIFs, and pages that play by themselves."""
