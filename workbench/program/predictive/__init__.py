"""Which outcomes a program can draw, and the statements that draw them."""
