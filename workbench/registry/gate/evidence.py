"""How champion and challenger predicted the same held-out rows."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from workbench.late_imports import LateModule

if TYPE_CHECKING:
    from scipy import stats
else:
    stats = LateModule("scipy.stats")

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class HeldOutOutcome:
    """An outcome of held-out rows as both predicted it; each array is (element,).

    Attributes
    ----------
    name
        The outcome.
    rows
        The row of each element.
    observed
        What was observed; not a number where it may be censored.
    densities
        Log predictive densities by champion and challenger [nats].
    means, sds
        Predictive means and SDs by champion and challenger.
    transforms
        Probability transforms by champion and challenger.
    is_yes_or_no
        Whether the means are probabilities of a yes/no outcome.
    has_order
        Whether values of the outcome can be subtracted: categories cannot.
    """

    name: str
    rows: NDArray[np.int64]
    observed: Floats = field(repr=False)
    densities: tuple[Floats, Floats] = field(repr=False)
    means: tuple[Floats, Floats] = field(repr=False)
    sds: tuple[Floats, Floats] = field(repr=False)
    transforms: tuple[Floats, Floats] = field(repr=False)
    is_yes_or_no: bool = False
    has_order: bool = True

    @property
    def count(self) -> int:
        """How many rows there are."""
        return len(np.unique(self.rows))


@dataclass(frozen=True)
class ScoreDifference:
    """The held-out log score of the challenger less that of the champion, with its standard error [nats].

    `impossible` counts elements that the challenger alone holds for impossible, and `possible` those that the
    champion alone does.
    """

    value: float
    se: float
    impossible: int = 0
    possible: int = 0


def compare_scores(outcome: HeldOutOutcome) -> ScoreDifference:
    """Return the paired difference of the log scores, summed over rows; elements of a row count together."""
    champion, challenger = outcome.densities
    impossible = int((np.isneginf(challenger) & ~np.isneginf(champion)).sum())
    possible = int((np.isneginf(champion) & ~np.isneginf(challenger)).sum())
    is_known = np.isfinite(champion) & np.isfinite(challenger)
    _, place = np.unique(outcome.rows[is_known], return_inverse=True)
    sums = np.bincount(place, challenger[is_known] - champion[is_known])
    if len(sums) < 2:
        return ScoreDifference(float(sums.sum()), math.nan, impossible, possible)
    se = math.sqrt(len(sums)) * float(sums.std(ddof=1))
    return ScoreDifference(float(sums.sum()), se, impossible, possible)


def measure_calibration(outcome: HeldOutOutcome) -> tuple[float, float, str]:
    """Return the p-values of champion and challenger, and the name of the test.

    References
    ----------
    Spiegelhalter (1986), Probabilistic prediction in patient management and clinical trials,
    doi:10.1002/sim.4780050506, for yes/no outcomes; Kolmogorov's test of uniform transforms for others.
    """
    if outcome.is_yes_or_no:
        found = [_test_probabilities(mean, outcome.observed) for mean in outcome.means]
        return found[0], found[1], "Spiegelhalter's z"
    found = [_test_uniformity(transform) for transform in outcome.transforms]
    return found[0], found[1], "uniformity of transforms"


def measure_prediction_moves(outcome: HeldOutOutcome) -> Floats:
    """Return how far each prediction moved, in predictive SDs of the champion."""
    before, after = outcome.means
    sd = np.sqrt(before * (1 - before)) if outcome.is_yes_or_no else outcome.sds[0]
    with np.errstate(divide="ignore", invalid="ignore"):
        moves = np.abs(after - before) / sd
    moves[(after == before)] = 0.0
    return np.asarray(moves[~np.isnan(moves)], dtype=float)


def _test_probabilities(probability: Floats, observed: Floats) -> float:
    is_known = ~np.isnan(observed) & ~np.isnan(probability)
    p, y = probability[is_known], observed[is_known]
    variance = float(((1 - 2 * p) ** 2 * p * (1 - p)).sum())
    if not variance > 0:
        return math.nan
    z = float(((y - p) * (1 - 2 * p)).sum()) / math.sqrt(variance)
    return float(2 * stats.norm.sf(abs(z)))


def _test_uniformity(transforms: Floats) -> float:
    known = transforms[~np.isnan(transforms)]
    return float(stats.kstest(known, "uniform").pvalue) if len(known) else math.nan
