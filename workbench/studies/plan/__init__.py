"""What a study asks: points among the hyperparameters, other forms of priors, and decisions to watch."""
