"""Which model predicts better: cross-validation of runs, differences, and weights of their predictions."""
