"""How many rows lie in the tails of their predictive distributions, and how many do by chance.

References
----------
Gelman et al. (2013), Bayesian Data Analysis, section 6.3: of many rows, some are extreme
even if the model is right.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from workbench.late_imports import LateModule

if TYPE_CHECKING:
    from scipy import stats
else:
    stats = LateModule("scipy.stats")

Floats = NDArray[np.float64]

TAILS = (0.05, 0.01, 0.001)
"""Tail areas at which rows are counted."""


@dataclass(frozen=True)
class TailCount:
    """Rows in the tails of their predictive distributions.

    Attributes
    ----------
    area
        The tail area up to which they are counted.
    found
        How many there are.
    expected
        How many a right model has at most, on average.
    p_value
        The probability of as many or more in a right model, at most; rows count as independent.
    """

    area: float
    found: int
    expected: float
    p_value: float


def count_tails(tail_area: Floats, smallest: float = 0.0) -> tuple[TailCount, ...]:
    """Return how many elements have a small tail area, and how many are expected by chance.

    Parameters
    ----------
    tail_area
        Of each element, `(e,)`; those that are not a number do not count.
    smallest
        The smallest tail area that draws can show; areas below it are left out.

    >>> counts = count_tails(np.array([0.002, 0.03, 0.5, 0.9]))
    >>> [(count.area, count.found, count.expected) for count in counts]
    [(0.05, 2, 0.2), (0.01, 1, 0.04), (0.001, 0, 0.004)]
    """
    known = tail_area[~np.isnan(tail_area)]
    if not len(known):
        return ()
    return tuple(
        TailCount(
            area=area,
            found=(found := int((known <= area).sum())),
            expected=len(known) * area,
            p_value=float(stats.binom.sf(found - 1, len(known), area)),
        )
        for area in TAILS
        if area >= smallest
    )
