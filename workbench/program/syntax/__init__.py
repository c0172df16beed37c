"""A program as stanc reads it: tokens, syntax tree, declarations, and the tree printed back as Stan."""
