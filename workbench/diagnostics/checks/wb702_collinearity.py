"""WB702: are the predictors collinear?"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from workbench.diagnostics.check import Check, Finding, split_paragraphs
from workbench.diagnostics.predictors import find_design_matrices
from workbench.results import Fit
from workbench.thresholds import CONDITION_NUMBER_LIMIT

_LARGEST_PRINTED = 1e6
"""Condition number from which on its digits are rounding."""


def _assess(fit: Fit) -> Finding:
    numbers = {name: _compute_condition_number(matrix) for name, matrix in find_design_matrices(fit).items()}
    if not numbers:
        return Finding("n/a", "The program has no matrix of several predictors that vary.")
    name = max(numbers, key=lambda name: numbers[name])
    number = numbers[name]
    if number > CONDITION_NUMBER_LIMIT:
        size = f"{number:.0f}" if number < _LARGEST_PRINTED else "infinite up to rounding"
        message = (
            f"Columns of `{name}` are nearly collinear: their condition number is {size}, above "
            f"{CONDITION_NUMBER_LIMIT:.0f}."
        )
        return Finding("tip", message, number if np.isfinite(number) else None)
    message = f"Columns of `{name}` are not collinear: their condition number is {number:.1f}."
    return Finding("passed", message, number)


def _compute_condition_number(matrix: NDArray[np.float64]) -> float:
    """Return the condition number of the standardized columns."""
    standardized = (matrix - matrix.mean(axis=0)) / matrix.std(axis=0)
    singular_values = np.linalg.svd(standardized, compute_uv=False)
    smallest = float(singular_values[-1]) if len(matrix) >= matrix.shape[1] else 0.0
    return float(singular_values[0]) / smallest if smallest > 0 else float("inf")


CHECK = Check(
    code="WB702",
    title="Predictors not collinear",
    threshold=f"condition number at most {CONDITION_NUMBER_LIMIT:g}",
    reference="Belsley, Kuh and Welsch (1980), Regression Diagnostics, doi:10.1002/0471725153",
    meaning=(
        "The data only inform a combination of coefficients: each alone is uncertain, and its posterior "
        "depends on the prior. Predictions are not affected."
    ),
    advice=(
        "Leave out or combine predictors, or interpret their coefficients jointly; a prior can separate them."
    ),
    page=split_paragraphs("""
    The columns of each matrix among the data are standardised; constant columns are left out. The condition
    number is the ratio of the largest to the smallest singular value: 1 for uncorrelated columns, infinite if
    one is a linear function of the others.
    """),
    assess=_assess,
)
