"""The contributions to `target`: their densities, roles and hyperparameters."""
