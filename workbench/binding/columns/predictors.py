"""Matrices of predictors: a common scale, and what makes them hard to fit."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from workbench.binding.bound_data import Standardization
from workbench.binding.context import BindingContext
from workbench.binding.phrases import format_names
from workbench.binding.values.sourced_value import SourcedValue
from workbench.program import Declaration
from workbench.thresholds import SCALE_RATIO_LIMIT, UNEXPLAINED_VARIANCE_LIMIT

_BLOCK = 1 << 18
"""Rows summed at a time."""

_MOST_COLUMNS = 500
"""Widest matrix that is examined: the time grows with the cube of the columns."""

_NEGLIGIBLE_WEIGHT = 1e-6
"""Weights of correlated predictors below this are rounding errors."""


def is_predictor_matrix(context: BindingContext, declaration: Declaration, sourced: SourcedValue) -> bool:
    """Return whether a variable is a matrix of predictors: real, from columns, and not an outcome."""
    outcomes = {name for term in context.program.terms if term.role == "likelihood" for name in term.outcomes}
    return (
        sourced.column_axis is not None
        and len(declaration.sizes) == 2
        and not declaration.is_integer
        and declaration.name not in outcomes
    )


def _compute_moments(matrix: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return mean `(columns,)` and covariance `(columns, columns)` of a matrix, block by block."""
    shift = matrix[0].astype(float)
    total = np.zeros(matrix.shape[1])
    products = np.zeros((matrix.shape[1], matrix.shape[1]))
    for start in range(0, len(matrix), _BLOCK):
        block = matrix[start : start + _BLOCK] - shift
        total += block.sum(axis=0)
        products += block.T @ block
    mean = total / len(matrix)
    return mean + shift, products / len(matrix) - np.outer(mean, mean)


def standardize(
    sourced: SourcedValue, stored: Standardization | None = None
) -> tuple[SourcedValue, Standardization]:
    """Return a matrix with its predictors on a common scale, and that scale.

    A column that is constant or has only two values is left as it is: its unit is the step between them.

    Parameters
    ----------
    sourced
        The matrix, with columns along `column_axis`.
    stored
        The scale of an earlier binding, which is used again.
    """
    matrix = np.asarray(sourced.value if sourced.column_axis == 1 else sourced.value.T, dtype=float)
    if stored is None:
        mean, covariance = _compute_moments(matrix)
        sd = np.sqrt(np.maximum(np.diag(covariance), 0) * len(matrix) / max(1, len(matrix) - 1))
        is_kept = np.array([_has_two_values(matrix[:, column]) for column in range(matrix.shape[1])])
        stored = Standardization(
            sourced.columns,
            tuple(np.where(is_kept, 0.0, mean).tolist()),
            tuple(np.where(is_kept, 1.0, sd).tolist()),
        )
    value = (matrix - np.array(stored.mean)) / np.array(stored.sd)
    value = value if sourced.column_axis == 1 else np.ascontiguousarray(value.T)
    return replace(sourced, value=value), stored


def _has_two_values(column: np.ndarray) -> bool:
    """Return whether a column has at most two different values."""
    low, high = column.min(), column.max()
    return bool(((column == low) | (column == high)).all())


def find_difficulties(
    declaration: Declaration, sourced: SourcedValue, *, is_standardized: bool
) -> Iterator[str]:
    """Yield sentences about predictors that are constant, collinear, or on very different scales."""
    matrix = sourced.value if sourced.column_axis == 1 else sourced.value.T
    if matrix.shape[1] > _MOST_COLUMNS or not matrix.size:
        return
    mean, covariance = _compute_moments(matrix)
    names = sourced.columns
    variance = np.diag(covariance).copy()
    is_constant = variance <= UNEXPLAINED_VARIANCE_LIMIT**2 * np.maximum(1.0, mean**2)
    for column in np.flatnonzero(is_constant):
        yield (
            f"predictor `{names[column]}` of `{declaration.name}` is constant: its coefficient cannot be "
            "distinguished from an intercept."
        )
    varying = np.flatnonzero(~is_constant)
    yield from _find_collinear(declaration, names, covariance, varying)
    if len(varying) > 1 and not is_standardized:
        yield from _find_unequal_scales(declaration, names, matrix, np.sqrt(variance), varying)


def _find_unequal_scales(
    declaration: Declaration,
    names: tuple[str, ...],
    matrix: np.ndarray,
    sds: np.ndarray,
    varying: np.ndarray,
) -> Iterator[str]:
    """Yield a sentence if one predictor varies much more than another.

    A predictor of two values counts as if both were equally frequent: a rare one has a small SD, but its
    scale is the step between them.
    """
    spread = sds[varying].copy()
    if spread.max() <= SCALE_RATIO_LIMIT * spread.min():
        return
    for place, column in enumerate(varying):
        if _has_two_values(matrix[:, column]):
            spread[place] = np.ptp(matrix[:, column]) / 2
    ratio = spread.max() / spread.min()
    if ratio > SCALE_RATIO_LIMIT:
        small, large = names[varying[spread.argmin()]], names[varying[spread.argmax()]]
        yield (
            f"predictors of `{declaration.name}` are on very different scales: `{large}` varies {ratio:.0f} "
            f"times as much as `{small}`; --standardize puts them on a common scale while fitting and "
            "reports the coefficients on the original one."
        )


def _find_collinear(
    declaration: Declaration, names: tuple[str, ...], covariance: np.ndarray, varying: np.ndarray
) -> Iterator[str]:
    """Yield each column that those before it determine, by Cholesky elimination of the correlations."""
    kept: list[int] = []
    scale = np.sqrt(np.diag(covariance))
    with np.errstate(invalid="ignore", divide="ignore"):
        correlation = covariance / np.outer(scale, scale)
    for column in varying:
        if not kept:
            kept.append(int(column))
            continue
        weights = np.linalg.solve(correlation[np.ix_(kept, kept)], correlation[kept, column])
        unexplained = 1.0 - float(weights @ correlation[kept, column])
        if unexplained > UNEXPLAINED_VARIANCE_LIMIT:
            kept.append(int(column))
            continue
        others = [names[kept[i]] for i in np.flatnonzero(np.abs(weights) > _NEGLIGIBLE_WEIGHT)]
        yield (
            f"predictor `{names[column]}` of `{declaration.name}` is a linear function of "
            f"{format_names(others)}: the data cannot separate their coefficients; only the prior can."
        )
