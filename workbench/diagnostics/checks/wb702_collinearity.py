"""WB702: can the effects of predictors be told apart?"""

from __future__ import annotations

import numpy as np

from workbench.diagnostics.check import Check, Finding, paragraphs
from workbench.diagnostics.predictors import design_matrices
from workbench.results import Fit
from workbench.thresholds import CONDITION_NUMBER_LIMIT


def _examine(fit: Fit) -> Finding:
    found = {name: _condition(matrix) for name, matrix in design_matrices(fit).items()}
    if not found:
        return Finding("n/a", "The program has no matrix of several predictors that vary.")
    name = max(found, key=lambda one: found[one])
    number = found[name]
    if number > CONDITION_NUMBER_LIMIT:
        size = f"{number:.0f}" if np.isfinite(number) and number < 1e6 else "beyond any number"
        message = f"Columns of `{name}` are nearly collinear: their condition number is {size}, above {CONDITION_NUMBER_LIMIT:.0f}."
        return Finding("tip", message, number if np.isfinite(number) else None)
    return Finding("passed", f"Columns of `{name}` can be told apart: condition number {number:.1f}.", number)


def _condition(matrix: np.ndarray) -> float:
    standardised = (matrix - matrix.mean(axis=0)) / matrix.std(axis=0)
    values = np.linalg.svd(standardised, compute_uv=False)
    smallest = float(values[-1]) if len(matrix) >= matrix.shape[1] else 0.0
    return float(values[0]) / smallest if smallest > 0 else float("inf")


CHECK = Check(
    code="WB702",
    title="Predictors not collinear",
    threshold=f"condition number at most {CONDITION_NUMBER_LIMIT:g}",
    reference="Belsley, Kuh and Welsch (1980), Regression Diagnostics, doi:10.1002/0471725153",
    meaning=(
        "The data only inform a combination of coefficients: each alone is uncertain, and its posterior "
        "depends on the prior. Predictions are not affected."
    ),
    advice="Leave out or combine predictors, or read their coefficients jointly; a prior can separate them.",
    page=paragraphs("""
    The columns of each matrix among the data are standardised; columns that do not vary are left out. The
    condition number is the ratio of the largest to the smallest singular value: 1 for uncorrelated columns,
    infinite where one is determined by others.
    """),
    examine=_examine,
)
