"""Predictors on a common scale while fitting, and results back on their own."""
