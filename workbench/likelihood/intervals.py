"""Bootstrap intervals: percentile, and bias-corrected and accelerated (BCa).

References
----------
Efron (1987), Better bootstrap confidence intervals, JASA 82(397), doi:10.1080/01621459.1987.10478410.
Efron and Tibshirani (1993), An Introduction to the Bootstrap, chapter 14.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from workbench.backends.base import Floats
from workbench.late_imports import LateModule

if TYPE_CHECKING:
    from scipy import special
else:
    special = LateModule("scipy.special")

Interval = tuple[float, float]


def find_percentiles(values: Floats, level: float) -> Interval:
    """Return the central part of resampled estimates, `(B,)`, that has a probability."""
    lower, upper = np.quantile(values, [(1 - level) / 2, (1 + level) / 2])
    return float(lower), float(upper)


def find_bca(values: Floats, estimate: float, acceleration: float, level: float) -> Interval | None:
    """Return the BCa interval of an estimate; `None` where all resamples lie on one side of it.

    Parameters
    ----------
    values
        Resampled estimates, `(B,)`.
    estimate
        That of the fit.
    acceleration
        How fast the standard error changes with the estimate (`compute_acceleration`).
    level
        The probability of the interval.
    """
    below = float(np.mean(values < estimate) + np.mean(values <= estimate)) / 2
    if not 0 < below < 1:
        return None
    bias = float(special.ndtri(below))
    ends = bias + special.ndtri(np.array([(1 - level) / 2, (1 + level) / 2]))
    if (1 - acceleration * ends <= 0).any():
        return None
    shares = special.ndtr(bias + ends / (1 - acceleration * ends))
    lower, upper = np.quantile(values, shares)
    return float(lower), float(upper)


def compute_acceleration(left_out: Floats) -> Floats:
    """Return the acceleration of each quantity from estimates without one unit each, `(unit, C)`.

    A unit is a row or a cluster. Of influence values the negative may be given: only differences from the
    mean count, and their scale does not.
    """
    gaps = left_out.mean(axis=0) - left_out
    with np.errstate(all="ignore"):
        acceleration = (gaps**3).sum(axis=0) / (6 * (gaps**2).sum(axis=0) ** 1.5)
    return np.asarray(np.nan_to_num(acceleration, nan=0.0))
