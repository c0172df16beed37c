"""Loops over rows as vectorised statements, and linear predictors as Stan's GLM densities."""
