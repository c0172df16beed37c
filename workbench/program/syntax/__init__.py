"""The text of a program and its syntax tree: tokens, nodes decoded and printed, and what it declares."""
