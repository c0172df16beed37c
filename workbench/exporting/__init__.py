"""Linear predictors as formulas, read from the program, and the scorer that needs no package."""
