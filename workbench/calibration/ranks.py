"""Where a truth lies among draws of a posterior: ranks, which are uniform if the posterior is right."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from workbench.late_imports import LateModule
from workbench.thresholds import RANKED_DRAWS

if TYPE_CHECKING:
    from scipy import special
else:
    special = LateModule("scipy.special")

Floats = NDArray[np.float64]
"""An array of doubles."""


def choose_ranked(count: int) -> NDArray[np.int64]:
    """Return which draws a truth is ranked among, evenly spaced: as many in each simulation.

    Draws that follow each other in a chain are dependent, and a rank among dependent draws is not uniform
    even if the posterior is right: Talts, Betancourt, Simpson, Vehtari and Gelman (2018), arXiv:1804.06788,
    section 5.1.

    >>> choose_ranked(4000)[[0, 1, -1]].tolist()
    [20, 60, 3979]
    """
    kept = min(count, RANKED_DRAWS)
    return ((np.arange(kept) + 0.5) * count / max(kept, 1)).astype(np.int64)


def rank_truths(draws: Floats, truths: Floats, rng: np.random.Generator) -> tuple[Floats, Floats]:
    """Return the rank of each truth among draws, and the same as a number of the unit interval.

    The number is the place of the rank among the `S + 1` possible ones, at random within it and among ties:
    it is uniform if truth and draws come from the same distribution, discrete or not.

    Parameters
    ----------
    draws
        Independent draws, `(S, quantity)`.
    truths
        `(quantity,)`.
    rng
        Decides ties.

    Returns
    -------
    How many draws are smaller, those that are equal shared out at random, and the number, both
    `(quantity,)`; NaN where a value is not a number.

    References
    ----------
    Modrák, Moon, Kim, Bürkner, Huurre, Faltejsková, Gelman and Vehtari (2023), Simulation-based calibration
    checking for Bayesian computation: the choice of test quantities shapes sensitivity, Bayesian Analysis,
    doi:10.1214/23-BA1404, section 2.
    """
    is_known = np.isfinite(truths) & ~np.isnan(draws).any(axis=0)
    smaller = (draws < truths).sum(axis=0)
    equal = (draws == truths).sum(axis=0)
    ranks = smaller + np.floor(rng.random(len(truths)) * (equal + 1))
    places = (ranks + rng.random(len(truths))) / (len(draws) + 1)
    return np.where(is_known, ranks, np.nan), np.where(is_known, places, np.nan)


def place_in_normal(truths: Floats, means: Floats, sds: Floats) -> Floats:
    """Return the probability of a smaller value than each truth under a normal distribution: no draws.

    >>> place_in_normal(np.array([0.0]), np.array([0.0]), np.array([1.0])).tolist()
    [0.5]
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(special.ndtr((truths - means) / sds))
