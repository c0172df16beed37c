"""Matrices of predictors: a common scale, and what makes them hard to fit."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from workbench.binding.bound_data import Standardization
from workbench.binding.columns.fill import Filled
from workbench.binding.context import Question
from workbench.binding.phrases import listed
from workbench.program import Declaration

SCALES = 1000.0
"""Standard deviations that differ by more than this factor are worth a tip: a default step of the sampler's
first iterations suits none of them. See Gelman (2008), Scaling regression inputs by dividing by two standard
deviations, Statistics in Medicine 27, doi:10.1002/sim.3107."""

COLLINEAR = 1e-10
"""A column is a combination of others where the part of its variance that they leave is below this share."""

_BLOCK = 1 << 18
_MOST_COLUMNS = 500


def is_design(question: Question, declaration: Declaration, filled: Filled) -> bool:
    """Return whether a variable is a matrix of predictors: real, from columns, and no outcome."""
    outcomes = {
        name for term in question.program.terms if term.role == "likelihood" for name in term.outcomes
    }
    return (
        filled.column_axis is not None
        and len(declaration.sizes) == 2
        and not declaration.is_integer
        and declaration.name not in outcomes
    )


def moments(matrix: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
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


def standardize(filled: Filled, stored: Standardization | None = None) -> tuple[Filled, Standardization]:
    """Return a matrix with its predictors on a common scale, and that scale.

    A column that is constant or has only two values stays as it is: its unit is the step between them.

    Parameters
    ----------
    filled
        The matrix, columns on `column_axis`.
    stored
        The scale of an earlier binding, which is then used.
    """
    matrix = np.asarray(filled.value if filled.column_axis == 1 else filled.value.T, dtype=float)
    if stored is None:
        mean, covariance = moments(matrix)
        sd = np.sqrt(np.maximum(np.diag(covariance), 0) * len(matrix) / max(1, len(matrix) - 1))
        stays = np.array([_has_two_values(matrix[:, column]) for column in range(matrix.shape[1])])
        stored = Standardization(
            filled.columns,
            tuple(np.where(stays, 0.0, mean).tolist()),
            tuple(np.where(stays, 1.0, sd).tolist()),
        )
    value = (matrix - np.array(stored.mean)) / np.array(stored.sd)
    value = value if filled.column_axis == 1 else np.ascontiguousarray(value.T)
    return replace(filled, value=value), stored


def _has_two_values(column: np.ndarray) -> bool:
    low, high = column.min(), column.max()
    return bool(((column == low) | (column == high)).all())


def tips(declaration: Declaration, filled: Filled, *, is_standardized: bool) -> Iterator[str]:
    """Yield sentences about predictors that are constant, collinear, or on very different scales."""
    matrix = filled.value if filled.column_axis == 1 else filled.value.T
    if matrix.shape[1] > _MOST_COLUMNS or not matrix.size:
        return
    mean, covariance = moments(matrix)
    names = filled.columns
    variance = np.diag(covariance).copy()
    constant = variance <= COLLINEAR**2 * np.maximum(1.0, mean**2)
    for column in np.flatnonzero(constant):
        yield (
            f"predictor `{names[column]}` of `{declaration.name}` is constant: its coefficient cannot be "
            "told apart "
            "from an intercept."
        )
    varying = np.flatnonzero(~constant)
    yield from _collinear(declaration, names, covariance, varying)
    sds = np.sqrt(variance[varying])
    if len(sds) > 1 and sds.max() > SCALES * sds.min() and not is_standardized:
        small, large = names[varying[sds.argmin()]], names[varying[sds.argmax()]]
        yield (
            f"predictors of `{declaration.name}` are on very different scales: the standard deviation of "
            f"`{large}` is "
            f"{sds.max() / sds.min():.0f} times that of `{small}`; --standardize puts them on one and "
            "reports the "
            "coefficients on the original scale."
        )


def _collinear(
    declaration: Declaration, names: tuple[str, ...], covariance: np.ndarray, varying: np.ndarray
) -> Iterator[str]:
    """Yield each column that those before it determine, found by Cholesky's elimination of correlations."""
    kept: list[int] = []
    scale = np.sqrt(np.diag(covariance))
    with np.errstate(invalid="ignore", divide="ignore"):
        correlation = covariance / np.outer(scale, scale)
    for column in varying:
        if not kept:
            kept.append(int(column))
            continue
        weights = np.linalg.solve(correlation[np.ix_(kept, kept)], correlation[kept, column])
        left = 1.0 - float(weights @ correlation[kept, column])
        if left > COLLINEAR:
            kept.append(int(column))
            continue
        others = [names[kept[i]] for i in np.flatnonzero(np.abs(weights) > 1e-6)]
        yield (
            f"predictor `{names[column]}` of `{declaration.name}` is determined by {listed(others)}: the "
            "data cannot "
            "tell their coefficients apart, only the prior can."
        )
