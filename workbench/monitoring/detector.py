"""The detector: uniform numbers, batch by batch, become alarms at a stated rate.

Each transform `u` is the normal score ``z`` of a statistic. Against a shift by ``d`` standard deviations the
likelihood ratio ``exp(d z - d^2 / 2)`` has expectation 1 while nothing has changed. The sums over all times
at which the shift may have begun,

    R[t] = (1 + R[t - 1]) exp(d z[t] - d^2 / 2)

(Shiryaev and Roberts), averaged over shifts and over statistics, are an e-detector: ``R[t] - t`` is a
martingale, so that the first time at which the average reaches `A` comes after `A` batches or more in
expectation, however the statistics depend on each other. Within `t` batches the probability of a false
alarm is at most ``t / A``.

References
----------
Shin, Ramdas and Rinaldo (2024), E-detectors: a nonparametric framework for sequential change detection, New
England Journal of Statistics in Data Science 2(2), doi:10.51387/23-NEJSDS51.
Pollak (1985), Optimal detection of a change in distribution, Annals of Statistics 13(1),
doi:10.1214/aos/1176346587 (mixtures of Shiryaev-Roberts statistics).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import logsumexp, ndtri

Floats = NDArray[np.float64]

SHIFTS = (0.25, 0.5, 1.0, 2.0, 3.0, 4.0)
"""Shifts of a statistic that are looked for, up and down [its standard deviations]. Ours: a shift between
two of them is found about as fast as by its own likelihood ratio."""


@dataclass(frozen=True)
class Detector:
    """What the detector says after each batch.

    Attributes
    ----------
    log_value
        The log of the detector, `(t,)`; an alarm when it reaches the log of the average run length.
    log_statistics
        The log of the detector of each statistic alone, `(t, k)`.
    weights
        The share of each statistic, `(k,)`.
    """

    log_value: Floats
    log_statistics: Floats
    weights: Floats


def follow(values: Floats, weights: Floats) -> Detector:
    """Return the detector of the transforms of successive batches.

    Parameters
    ----------
    values
        Transforms, `(t, k)`; a statistic that is `nan` in a batch says nothing there.
    weights
        The share of each statistic, `(k,)`; they sum to 1.

    >>> calm = follow(np.full((3, 1), 0.5), np.ones(1))
    >>> moved = follow(np.full((3, 1), 0.9999), np.ones(1))
    >>> bool(calm.log_value[-1] < math.log(3) < math.log(1000) < moved.log_value[-1])
    True
    """
    increments = _compute_increments(values)
    log_r = np.full(increments.shape[1:], -np.inf)
    curves = np.empty(values.shape)
    for number, increment in enumerate(increments):
        log_r = np.logaddexp(0, log_r) + increment
        curves[number] = logsumexp(log_r, axis=1) - math.log(increments.shape[2])
    with np.errstate(divide="ignore"):
        log_value: Floats = logsumexp(curves + np.log(weights), axis=1) if curves.size else np.empty(0)
    return Detector(log_value, curves, weights)


def find_onset(values: Floats) -> int:
    """Return the batch from which on one statistic has most evidence of a shift, counted from 0.

    Parameters
    ----------
    values
        The transforms of the statistic, `(t,)`.

    >>> find_onset(np.array([0.5, 0.4, 0.6, 0.999, 0.998]))
    3
    """
    increments = _compute_increments(values[:, None])[:, 0]
    evidence = np.cumsum(increments[::-1], axis=0)[::-1]
    return int(np.argmax(logsumexp(evidence, axis=1)))


def find_direction(values: Floats) -> int:
    """Return whether one statistic has risen (1) or fallen (-1) in some batches, `(t,)`.

    >>> find_direction(np.array([0.1, 0.2]))
    -1
    """
    return 1 if float(np.nansum(ndtri(values))) >= 0 else -1


def join_detectors(log_values: dict[str, float], watched: int) -> float:
    """Return the log of the average of detectors, which is one again; those without batches count as 0.

    >>> round(math.exp(join_detectors({"outcomes": math.log(30.0)}, 2)), 6)
    15.0
    """
    if not log_values:
        return -math.inf
    return float(logsumexp(list(log_values.values()))) - math.log(watched)


def _compute_increments(values: Floats) -> Floats:
    """Return the log likelihood ratio of each batch, statistic and shift, `(t, k, shift)`."""
    scores = ndtri(values)[..., None]
    shifts = np.array([*SHIFTS, *(-shift for shift in SHIFTS)])
    increments: Floats = np.nan_to_num(shifts * scores - shifts**2 / 2, nan=0.0)
    return increments
