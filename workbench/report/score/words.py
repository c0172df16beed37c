"""The names of scores and methods for people."""

from __future__ import annotations

from workbench.prediction.scores.measures import Measure
from workbench.report.numbers import MISSING, format_with_error

METHODS = {
    "nuts": "NUTS",
    "laplace": "Laplace",
    "pathfinder": "Pathfinder",
    "mle": "MLE",
    "map": "MAP",
}
"""Methods by their key in `run.json`."""

SCORES = {
    "log_density": ("log predictive density", "mean over rows [nats]; higher is better"),
    "joint_log_density": (
        "joint log predictive density",
        "of all components of a row together, mean over rows [nats]; higher is better",
    ),
    "energy": (
        "energy score",
        "the CRPS of vectors: how far the predictive distribution lies from all components of a row, "
        "in their unit; lower is better",
    ),
    "crps": (
        "CRPS",
        "how far the predictive distribution lies from the outcome, in its unit; lower is better",
    ),
    "rmse": ("RMSE", "of the predictive mean; lower is better"),
    "r2": ("R²", "1 less the squared error over that of the mean of these rows; higher is better"),
    "mae": ("MAE", "of the predictive median; lower is better"),
    "bias": ("observed − predicted", "the mean error: positive where predictions are too low"),
    "brier": ("Brier score", "mean squared error of the probabilities; lower is better"),
    "miscalibration": (
        "Brier: miscalibration",
        "what recalibrated probabilities would gain; lower is better",
    ),
    "discrimination": (
        "Brier: discrimination",
        "what probabilities gain over the overall share, once calibrated",
    ),
    "uncertainty": ("Brier: uncertainty", "the score of predicting the overall share for each row"),
    "log_loss": ("log loss", "mean negative log probability of the outcome [nats]; lower is better"),
    "ece": ("ECE", "distance between predicted and observed shares in up to 10 bins of equal size"),
    "accuracy": ("accuracy", "share of rows that are classified rightly"),
    "false_positive_rate": ("false-positive rate", "share of the noes that are called yes"),
    "true_positive_rate": ("true-positive rate", "share of the yeses that are called yes"),
    "auc": ("AUC", "probability that a yes has a higher predicted probability than a no"),
}
"""What each score is called, and what it is."""


def name_method(method: str) -> str:
    """Return the name of a method for people.

    >>> name_method("mle"), name_method("other")
    ('MLE', 'other')
    """
    return METHODS.get(method, method)


def say_with_error(value: float, se: float) -> str:
    """Return a number with its standard error as in a sentence.

    >>> say_with_error(-3.2142, 0.0973)
    '−3.214 (se 0.097)'
    """
    return format_with_error(value, se).replace("(", "(se ")


def format_measure(measure: Measure | None) -> str:
    """Return a score with its standard error; a dash where there is none."""
    return MISSING if measure is None or not measure.count else format_with_error(measure.value, measure.se)
