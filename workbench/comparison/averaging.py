"""Whether the average of runs predicts better than the best of them.

References
----------
Yao, Vehtari, Simpson and Gelman (2018), Using stacking to average Bayesian predictive distributions, Bayesian
Analysis 13, 917-1007, doi:10.1214/17-BA1091.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias, get_args

import numpy as np

from workbench.comparison.cross_validation import Floats
from workbench.comparison.weights import WeightKind, find_weights
from workbench.thresholds import (
    ELPD_DIFFERENCE_LIMIT,
    ELPD_STANDARD_ERRORS,
    ELPD_STANDARD_ERRORS_FEW_ROWS,
    FEWEST_COMPARED_ROWS,
    NEARLY_ALL_WEIGHT,
    NEGLIGIBLE_WEIGHT,
)

AverageKind: TypeAlias = Literal[WeightKind, "equal", "given"]
"""How the weights of an average are found: those of a comparison, equal ones, or numbers that are given."""

Answer: TypeAlias = Literal["one run", "alike", "not clear", "clear"]
"""Whether averaging helps, and why not."""

FOUND_BY_ROW: tuple[AverageKind, ...] = get_args(Literal["stacking", "pseudo-bma"])
"""Weights that are found from left-out rows, and can be found without some of them."""

_FOLDS = 10
"""Parts of the rows, whose weights are found from the others: the usual number."""

_SEED = 226
"""Seed that divides the rows."""


@dataclass(frozen=True)
class AverageGain:
    """What an average gains over the best of its runs, in predicting left-out rows.

    Attributes
    ----------
    best
        The run with the highest elpd.
    gain, se
        How far the elpd of the average is above that of this run, and its standard error [nats].
    most
        What knowing the better run in each row would gain [nats]: no weights gain more.
    rows
        The rows that the numbers are sums over, or are estimated for.
    is_nested
        Whether each row is averaged with weights that were found without it. Otherwise weights that were
        found from these rows make the gain look larger than it is.
    heaviest, weight
        The run with the greatest weight, and that weight.
    kind
        How the weights were found.
    """

    best: str
    gain: float
    se: float
    most: float
    rows: int
    is_nested: bool
    heaviest: str
    weight: float
    kind: AverageKind = "stacking"

    @property
    def answer(self) -> Answer:
        """Whether averaging helps: whether its gain is as clear as a difference of runs must be."""
        if self.weight >= NEARLY_ALL_WEIGHT:
            return "one run"
        if self.most < ELPD_DIFFERENCE_LIMIT:
            return "alike"
        errors = ELPD_STANDARD_ERRORS if self.rows >= FEWEST_COMPARED_ROWS else ELPD_STANDARD_ERRORS_FEW_ROWS
        is_clear = self.gain >= ELPD_DIFFERENCE_LIMIT and self.gain >= errors * self.se
        return "clear" if is_clear else "not clear"


def measure_gain(
    elpd: Mapping[str, Floats], weights: Mapping[str, float], kind: AverageKind, rows: int | None = None
) -> AverageGain:
    """Return what an average gains over the best of its runs.

    Weights by stacking and pseudo-BMA are found again for each tenth of the rows, from the others.

    Parameters
    ----------
    elpd
        By run, the log predictive density of each left-out row [nats], `(row,)`.
    weights
        The weight of each run; they add up to 1.
    kind
        How these were found.
    rows
        How many rows there are, where those of `elpd` are a sample of them.
    """
    known = ~np.isnan(np.column_stack(list(elpd.values()))).any(axis=1)
    found = {name: values[known] for name, values in elpd.items()}
    count = int(known.sum())
    is_nested = kind in FOUND_BY_ROW and count >= 2 * _FOLDS
    mixed = _average_nested(found, kind) if is_nested else average_densities(found, weights)
    best = max(found, key=lambda name: float(found[name].sum()))
    gains = mixed - found[best]
    most = np.max(list(found.values()), axis=0) - found[best]
    scale = (rows or count) / count
    se = math.sqrt((rows or count) * scale * float(gains.var(ddof=1))) if count > 1 else math.nan
    heaviest = max(weights, key=lambda name: weights[name])
    return AverageGain(
        best,
        float(gains.sum()) * scale,
        se,
        float(most.sum()) * scale,
        rows or count,
        is_nested,
        heaviest,
        weights[heaviest],
        kind,
    )


def average_densities(elpd: Mapping[str, Floats], weights: Mapping[str, float]) -> Floats:
    """Return the log density of the average in each row [nats], `(row,)`.

    >>> average_densities({"a": np.log([0.2]), "b": np.log([0.4])}, {"a": 0.5, "b": 0.5}).round(4).tolist()
    [-1.204]
    """
    terms = [values + math.log(weights[name]) for name, values in elpd.items() if weights[name] > 0]
    mixed: Floats = np.logaddexp.reduce(np.stack(terms), axis=0)
    return mixed


def _average_nested(elpd: Mapping[str, Floats], kind: AverageKind) -> Floats:
    """Return the log density of each row under the average whose weights the other parts have, `(row,)`."""
    assert kind in ("stacking", "pseudo-bma")  # noqa: S101 - asked by the caller
    count = len(next(iter(elpd.values())))
    part = np.random.default_rng(_SEED).permutation(count) % _FOLDS
    mixed = np.full(count, np.nan)
    for number in range(_FOLDS):
        is_own = part == number
        weights = find_weights(kind, {name: values[~is_own] for name, values in elpd.items()})
        mixed[is_own] = average_densities({name: values[is_own] for name, values in elpd.items()}, weights)
    return mixed


def drop_negligible(weights: Mapping[str, float]) -> dict[str, float]:
    """Return weights that add up to 1, those that change no prediction set to 0.

    >>> drop_negligible({"a": 1.0, "b": 1e-9})
    {'a': 1.0, 'b': 0.0}
    """
    kept = {name: weight if weight >= NEGLIGIBLE_WEIGHT else 0.0 for name, weight in weights.items()}
    total = sum(kept.values())
    return {name: weight / total for name, weight in kept.items()}
