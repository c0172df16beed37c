"""Densities, means and standard deviations of a mixture, from those of its parts."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from workbench.prediction.predictions import Floats


def mix_log_densities(parts: Sequence[Floats], weights: Sequence[float]) -> Floats:
    """Return the log of the weighted mean of densities, from their logs [nats], `(e,)` each.

    >>> mix_log_densities([np.log([0.2]), np.log([0.4])], [0.5, 0.5]).round(4).tolist()
    [-1.204]
    """
    terms = [values + math.log(weight) for values, weight in zip(parts, weights, strict=True) if weight]
    mixed: Floats = np.logaddexp.reduce(np.stack(terms), axis=0)
    return mixed


def mix_means(parts: Sequence[Floats], weights: Sequence[float]) -> Floats:
    """Return the mean of a mixture from those of its parts, `(e,)` each."""
    mixed: Floats = np.tensordot(np.asarray(weights), np.stack(parts), axes=1)
    return mixed


def mix_deviations(deviations: Sequence[Floats], means: Sequence[Floats], weights: Sequence[float]) -> Floats:
    """Return the SD of a mixture from the SDs and means of its parts, `(e,)` each: law of total variance.

    >>> mix_deviations([np.array([1.0]), np.array([1.0])], [np.array([-1.0]), np.array([1.0])], [0.5, 0.5])
    array([1.41421356])
    """
    centre = mix_means(means, weights)
    squares = [sd**2 + (mean - centre) ** 2 for sd, mean in zip(deviations, means, strict=True)]
    return np.sqrt(mix_means(squares, weights))
