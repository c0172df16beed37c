"""What a study asks: points among the hyperparameters, and decisions to watch."""
