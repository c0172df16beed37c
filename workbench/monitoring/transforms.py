"""Statistics of a batch as numbers that are uniform between 0 and 1 while nothing has changed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

Family: TypeAlias = Literal["outcomes", "predictors"]
"""What is watched: outcomes given their predictors, or the predictors themselves."""

_TAIL_SHARE, _EXCESSES = 0.1, 50
"""The share of simulated statistics that a tail is fitted to, and how many that must be. Ours."""

_SHAPE_RAISED = 0.1
"""What is added to the shape of a tail. Ours: with it the expectation of ``exp(4 z - 8)`` is below 1 for
normal, exponential, Gumbel, log-normal and Student tails (tests/monitoring/test_transforms.py)."""


@dataclass(frozen=True)
class Transforms:
    """The probability integral transforms of one batch.

    Attributes
    ----------
    family
        What is watched.
    names
        The statistics, `k` of them.
    weights
        The share of each in the detector, `(k,)`; they sum to 1.
    values
        The transform of each, `(k,)`, in (0, 1): uniform and independent of all earlier batches while
        nothing has changed; `nan` where the batch does not have the statistic.
    scores
        The statistics less their means, in their SDs, `(k,)`: where several are beyond all that was drawn,
        these say which is farthest out.
    """

    family: Family
    names: tuple[str, ...]
    weights: Floats
    values: Floats
    scores: Floats


def rank_among(observed: Floats, simulated: Floats, rng: np.random.Generator) -> Floats:
    """Return the randomized rank of each statistic among simulated ones, `(k,)`: uniform if exchangeable.

    A rank says that nothing simulated lies beyond, but not how far out a statistic is: one batch in another
    unit would look like the most extreme one in thousands. So beyond all of them the rank is continued by a
    generalised Pareto tail, whose shape is never below 0, and raised, so that it is rather too heavy.

    Parameters
    ----------
    observed
        The statistics, `(k,)`.
    simulated
        The same of simulated batches, `(m, k)`.
    rng
        Places each value among those equal to it.

    Returns
    -------
    ``(number below + V (1 + number equal)) / (m + 1)`` with ``V`` uniform; `nan` where a statistic is not
    finite.

    References
    ----------
    Dufour (2006), Monte Carlo tests with nuisance parameters, Journal of Econometrics 133(2), section 2,
    doi:10.1016/j.jeconom.2005.06.007.
    Hosking and Wallis (1987), Parameter and quantile estimation for the generalized Pareto distribution,
    Technometrics 29(3), doi:10.1080/00401706.1987.10488243 (probability-weighted moments).

    >>> rng = np.random.default_rng(1)
    >>> rank_among(np.array([2.0]), np.array([[1.0], [3.0], [4.0]]), rng).round(2).tolist()
    [0.38]
    >>> near, far = rank_among(np.array([5.0, 50.0]), rng.standard_normal((10_000, 2)), rng)
    >>> bool(1 - 1e-4 < near < far < 1)
    True
    """
    count = len(simulated)
    below = (simulated < observed).sum(axis=0)
    equal = (simulated == observed).sum(axis=0)
    ranks: Floats = (below + rng.random(len(observed)) * (1 + equal)) / (count + 1)
    is_known = np.isfinite(observed) & np.isfinite(simulated).all(axis=0)
    for place in np.flatnonzero(is_known & (equal == 0) & ((below == 0) | (below == count))):
        side = 1 if below[place] else -1
        beyond = _continue_tail(side * float(observed[place]), side * simulated[:, place]) / (count + 1)
        ranks[place] = 1 - beyond if side > 0 else beyond
    # At 0 and 1 a normal quantile is infinite.
    smallest = np.finfo(float).tiny
    return np.where(is_known, ranks.clip(smallest, 1 - np.finfo(float).eps), np.nan)


def _continue_tail(value: float, simulated: Floats) -> float:
    """Return the probability of more than a value that is beyond all simulated ones, given that it is."""
    tail = np.sort(simulated)[-int(len(simulated) * _TAIL_SHARE) - 1 :]
    excesses = tail[1:] - tail[0]
    mean = float(excesses.mean()) if len(excesses) >= _EXCESSES else 0.0
    if not mean > 0:
        return 0.5
    places = (np.arange(1, len(excesses) + 1) - 0.35) / len(excesses)
    moment = float((excesses * (1 - places)).mean())
    shape = max(0.0, 2 - mean / (mean - 2 * moment)) + _SHAPE_RAISED
    scale = mean * max(1 - shape, _SHAPE_RAISED)
    farther = (1 + shape * (value - tail[0]) / scale) / (1 + shape * excesses[-1] / scale)
    return float(farther ** (-1 / shape))


def standardize_among(observed: Floats, simulated: Floats) -> Floats:
    """Return statistics less the means of simulated ones, in their SDs, `(k,)`; `nan` where not known.

    >>> standardize_among(np.array([5.0, 1.0]), np.array([[1.0, 1.0], [3.0, 1.0]])).tolist()
    [3.0, nan]
    """
    with np.errstate(invalid="ignore", divide="ignore"):
        scores: Floats = (observed - simulated.mean(axis=0)) / simulated.std(axis=0)
    return np.where(np.isfinite(scores), scores, np.nan)


def share_equally(groups: tuple[str, ...]) -> Floats:
    """Return weights that sum to 1: each group has the same share, divided equally among its members.

    >>> share_equally(("mean", "beta", "beta")).tolist()
    [0.5, 0.25, 0.25]
    """
    names, place, size = np.unique(np.array(groups), return_inverse=True, return_counts=True)
    weights: Floats = 1 / (len(names) * size[place])
    return weights
