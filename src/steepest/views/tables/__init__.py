"""Tables and the numbers and words in them, as text and for Rich."""
