"""The fits of a study, and importance weights that reach the points between them."""
