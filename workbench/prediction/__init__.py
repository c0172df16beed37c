"""New rows: what a fit predicts of them, and how well it predicted those whose outcome is known."""

from workbench.prediction.predictions import OutcomePrediction, Predictions

__all__ = ["OutcomePrediction", "Predictions"]
