"""How much groups differ: the mean of a quantity over groups, and its SD between them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class GroupSpread:
    """What estimates of several groups say about all of them.

    Attributes
    ----------
    mean, mean_se
        The mean of the groups' values, and its standard error.
    between
        The SD of the groups' values.
    groups
        How many there are.
    """

    mean: float
    mean_se: float
    between: float
    groups: int


def estimate_spread(estimates: Floats, errors: Floats) -> GroupSpread:
    """Return mean and SD of groups' values from estimates of them and the standard errors of these.

    The variance between groups is that of Paule and Mandel: with it, the weighted sum of squared distances
    from the mean is what its degrees of freedom say. It is 0 where the estimates differ less than that.

    Parameters
    ----------
    estimates, errors
        `(groups,)`: finite; the errors positive.

    References
    ----------
    Paule and Mandel (1982), Consensus values and weighting factors, J. Res. Natl. Bur. Stand. 87(5),
    doi:10.6028/jres.087.022. Veroniki et al. (2016), Methods to estimate the between-study variance,
    doi:10.1002/jrsm.1164, recommend it.

    >>> spread = estimate_spread(np.array([1.0, 2.0, 3.0]), np.array([1e-6, 1e-6, 1e-6]))
    >>> round(spread.mean, 6), round(spread.between, 6)
    (2.0, 1.0)
    """
    from scipy import optimize

    count = len(estimates)
    variances = errors**2

    def excess(between: float) -> float:
        weights = 1 / (variances + between)
        mean = (weights * estimates).sum() / weights.sum()
        return float((weights * (estimates - mean) ** 2).sum() - (count - 1))

    between = 0.0
    if count > 1 and excess(0.0) > 0:
        highest = float(np.ptp(estimates) ** 2)
        while excess(highest) > 0:
            highest *= 4
        between = float(optimize.brentq(excess, 0.0, highest, xtol=1e-14 * highest, rtol=1e-12))
    weights = 1 / (variances + between)
    mean = float((weights * estimates).sum() / weights.sum())
    return GroupSpread(mean, float(weights.sum() ** -0.5), between**0.5, count)
