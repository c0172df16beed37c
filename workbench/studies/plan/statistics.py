"""Statistics of weighted draws, each with its influence function, from which its Monte Carlo error follows.

References
----------
Hampel (1974), The influence curve and its role in robust estimation, JASA 69(346),
doi:10.1080/01621459.1974.10482962.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

_QUANTILE_ERRORS = 2.0
"""Half width of the range of probability, around that of a quantile, over which the density of the draws is
measured [standard error of the probability]. Ours: narrower ranges hold too few draws."""

_TAIL_SHARE = 0.1
"""Variance of an indicator, relative to that at the threshold of its probability, below which its own draws
are too few to say how efficient the chains are. Ours."""


@dataclass(frozen=True)
class WeightedSample:
    """Weighted draws of a posterior.

    Attributes
    ----------
    draws
        By Stan name, each `(S,)`.
    weights
        `(S,)`; they sum to 1.
    """

    draws: Mapping[str, Floats]
    weights: Floats


@dataclass(frozen=True)
class Statistic:
    """A number whose sign decides, and how it depends on each draw.

    Attributes
    ----------
    value
        Positive where it speaks for the decision.
    influence
        Its influence function at each draw, `(S,)`, up to a sign: the Monte Carlo error of the statistic is
        that of the weighted mean of these.
    """

    value: float
    influence: Floats

    def __neg__(self) -> Statistic:
        return Statistic(-self.value, self.influence)


def compute_quantiles(values: Floats, weights: Floats, probabilities: tuple[float, ...]) -> Floats:
    """Return weighted quantiles, `(probability, ...)`; with equal weights they are NumPy's default ones.

    Parameters
    ----------
    values
        `(S,)`.
    weights
        `(S,)`, or `(S, point)` for several sets of weights of the same values.
    probabilities
        Between 0 and 1.
    """
    order = np.argsort(values)
    ordered, each = values[order], weights[order].reshape(len(order), -1)
    # Centred cumulative weights, stretched so that the extreme draws are the quantiles 0 and 1.
    centred = np.cumsum(each, axis=0) - 0.5 * each
    at = centred - centred[0]
    total = np.where(at[-1] > 0, at[-1], 1.0)
    columns = [
        np.interp(probabilities, column / end, ordered) for column, end in zip(at.T, total, strict=True)
    ]
    return np.stack(columns, axis=1).reshape(len(probabilities), *weights.shape[1:])


def measure_probability(difference: Floats, weights: Floats, threshold: float) -> Statistic:
    """Return how far the probability of a positive difference is above a threshold.

    Its error is that of the estimate, or of as many effective draws at the threshold, whichever is larger: an
    estimate of 1 would have none.
    """
    is_true = difference > 0
    probability = float(np.sum(weights * is_true))
    variance, at_threshold = probability * (1 - probability), threshold * (1 - threshold)
    if is_true.any() and not is_true.all() and variance > _TAIL_SHARE * at_threshold:
        factor = math.sqrt(max(1.0, at_threshold / variance))
        influence: Floats = factor * (is_true.astype(np.float64) - probability)
    else:  # too few draws lie on the other side: the chains are as efficient as for the difference itself
        sd = compute_sd(difference, weights).value
        centred = difference - np.sum(weights * difference)
        is_varying = sd > 0 and np.ptp(difference) > 0
        influence = centred / sd * math.sqrt(at_threshold) if is_varying else np.zeros_like(difference)
    return Statistic(probability - threshold, influence)


def compute_mean(values: Floats, weights: Floats) -> Statistic:
    """Return a weighted mean."""
    mean = float(np.sum(weights * values))
    return Statistic(mean, values - mean)


def compute_sd(values: Floats, weights: Floats) -> Statistic:
    """Return a weighted standard deviation."""
    squares = (values - np.sum(weights * values)) ** 2
    variance = float(np.sum(weights * squares))
    sd = math.sqrt(variance)
    is_varying = sd > 0 and np.ptp(values) > 0
    return Statistic(sd, (squares - variance) / (2 * sd) if is_varying else np.zeros_like(values))


def compute_median(values: Floats, weights: Floats) -> Statistic:
    """Return a weighted median."""
    return compute_quantile(values, weights, 0.5)


def compute_quantile(values: Floats, weights: Floats, probability: float) -> Statistic:
    """Return a weighted quantile; its influence function needs the density there."""
    error = math.sqrt(probability * (1 - probability) * float(np.sum(weights**2)))
    half = min(_QUANTILE_ERRORS * error, probability / 2, (1 - probability) / 2)
    lower, quantile, upper = compute_quantiles(
        values, weights, (probability - half, probability, probability + half)
    )
    slope = (upper - lower) / (2 * half)
    return Statistic(float(quantile), (probability - (values <= quantile)) * slope)
