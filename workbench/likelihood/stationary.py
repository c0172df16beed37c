"""Where the log likelihood of every row is stationary in a parameter: a bound in disguise.

A parameter that enters by its square, or in another way that is even, has a score of 0 in each row where it
is 0. Its information is 0 there, estimates converge at another rate, and no statistic is chi-squared.

References
----------
Rotnitzky, Cox, Bottai and Robins (2000), Likelihood-based inference with singular information matrix,
Bernoulli 6(2), doi:10.2307/3318576.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from workbench.backends.base import Floats
from workbench.errors import MethodError, RunError
from workbench.likelihood.mode import Mode
from workbench.likelihood.row_scores import Slopes, compute_log_liks
from workbench.thresholds import (
    FEWEST_CURVED_ROWS,
    ZERO_CURVATURE_LIMIT,
    ZERO_INFORMATION_LIMIT,
    ZERO_SCORE_LIMIT,
)

_STEP = 5e-3
"""Step of the differences [standard errors], as in `row_scores.py`."""

_NAMED_SHARE = 0.5
"""Correlation with the direction from which on a parameter is named. Ours."""

HINT = (
    "state what it stands for, such as its square, as a parameter with a bound in a program of its own, and "
    "test that run against one without it: `workbench test SMALL LARGE`"
)
"""What to do where a parameter is a bound in disguise."""


@dataclass(frozen=True)
class StationaryDirection:
    """A direction along which no row has a score.

    Attributes
    ----------
    names
        The parameters that it moves most.
    rows
        How many rows curve along it.
    has_minima
        Whether the log likelihood of some row has a minimum there: no row that is merely fitted exactly does.
    """

    names: tuple[str, ...]
    rows: int
    has_minima: bool


def find_stationary_direction(mode: Mode, slopes: Slopes) -> StationaryDirection | None:
    """Return the direction at an estimate along which no row has a score; `None` where each has.

    Parameters
    ----------
    mode
        The estimate.
    slopes
        Its derivatives, with scores of rows `(N, F)`.
    """
    rows, free = slopes.scores.shape
    if rows <= free:
        return None  # there are such directions in any case
    values, vectors = np.linalg.eigh(slopes.scores.T @ slopes.scores)
    if not values[0] <= ZERO_INFORMATION_LIMIT:
        return None
    return examine_direction(mode, mode.point, mode.newton.directions @ vectors[:, 0])


def examine_null(mode: Mode, point: Floats, dims: tuple[int, ...]) -> StationaryDirection | None:
    """Return the direction of tested parameters along which no row has a score at a restricted maximum.

    Parameters
    ----------
    mode
        The estimate of the run.
    point
        The restricted maximum, `(U,)`.
    dims
        The dimensions that the null fixes.
    """
    scale = np.sqrt(np.diag(mode.newton.covariance))
    axes = np.zeros((len(dims), len(point)))
    axes[np.arange(len(dims)), list(dims)] = scale[list(dims)]
    scores = []
    for axis in axes:
        found = _difference_rows(mode, point, axis)
        if found is None:
            return None
        scores.append(found[0])
    products = np.array(scores) @ np.array(scores).T
    _, vectors = np.linalg.eigh(products)
    direction = examine_direction(mode, point, axes.T @ vectors[:, 0])
    if direction is None or not (direction.has_minima or direction.rows >= FEWEST_CURVED_ROWS):
        return None
    return direction


def examine_direction(mode: Mode, point: Floats, direction: Floats) -> StationaryDirection | None:
    """Return what a direction is, `(U,)`; `None` where some row has a score along it."""
    found = _difference_rows(mode, point, direction)
    if found is None:
        return None
    scores, curvatures = found
    largest = float(np.abs(curvatures).max(initial=0.0))
    if not largest > 0 or not np.abs(scores).max() <= ZERO_SCORE_LIMIT * largest:
        return None
    share = np.abs(direction) / np.sqrt(np.diag(mode.newton.covariance))
    free = zip(mode.curvature.free_names, (share / share.max()).tolist(), strict=True)
    return StationaryDirection(
        tuple(name for name, size in free if size >= _NAMED_SHARE),
        int((np.abs(curvatures) > ZERO_CURVATURE_LIMIT * largest).sum()),
        bool(curvatures.max() > ZERO_CURVATURE_LIMIT * largest),
    )


def _difference_rows(mode: Mode, point: Floats, direction: Floats) -> tuple[Floats, Floats] | None:
    """Return first and second derivatives of each row's log likelihood, `(N,)` each; `None` if unknown."""
    points = point + _STEP * np.array([-1.0, 0.0, 1.0])[:, None] * direction
    try:
        below, at, above = compute_log_liks(mode, points)
    except RunError:
        return None
    scores, curvatures = (above - below) / (2 * _STEP), (above - 2 * at + below) / _STEP**2
    return (scores, curvatures) if np.isfinite(scores).all() and np.isfinite(curvatures).all() else None


def refuse_estimate(found: StationaryDirection) -> None:
    """Refuse an estimate at which a parameter has no scores, as one that enters by its square has none at 0.

    Raises
    ------
    MethodError
        Always.
    """
    raise MethodError(
        f"the log likelihood of every observation is stationary in {_list(found)} at the estimate, at a "
        "minimum of some and a maximum of others, as it is at 0 in a parameter that enters by its square. "
        "Its information is 0 there: neither standard errors nor chi-squared statistics apply.",
        hint=HINT,
    )


def warn_of_exact_fit(found: StationaryDirection) -> str:
    """Return what a sandwich lacks where rows have no score because they are fitted exactly."""
    return (
        f"no observation has a score along {_list(found)}, as where a parameter fits its only row exactly: "
        "standard errors from rows count no error there, and are too small."
    )


def refuse_null(found: StationaryDirection, words: str) -> None:
    """Refuse a null at which the tested parameter has no scores.

    Raises
    ------
    MethodError
        Always.
    """
    raise MethodError(
        f"under {words} the log likelihood of every observation is stationary in {_list(found)}, as it is at "
        "0 in a parameter that enters by its square: the score is 0 whatever the data, the information is 0 "
        "too, and likelihood ratio, score and Wald statistics are not chi-squared. The null is a bound in "
        "disguise.",
        hint=HINT,
    )


def _list(found: StationaryDirection) -> str:
    return ", ".join(f"`{name}`" for name in found.names)
