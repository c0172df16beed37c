"""Predictions of several runs averaged: the mixture of their predictive distributions.

The density of the mixture is the weighted mean of densities, and so are its mean and its probabilities: these
are computed so from each run. All that needs draws, such as quantiles, is computed from draws of the mixture:
those of each run in proportion to its weight.

References
----------
Yao, Vehtari, Simpson and Gelman (2018), Using stacking to average Bayesian predictive distributions, Bayesian
Analysis 13(3), doi:10.1214/17-BA1091.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from workbench.errors import RequestError
from workbench.prediction.mixture_moments import mix_log_densities
from workbench.prediction.predictions import Floats, OutcomePrediction, Predictions
from workbench.prediction.scores.elements import average_densities

Integers = NDArray[np.int64]

METHOD = "average"
"""What stands in the place of the method of a mixture."""


@dataclass(frozen=True)
class MixedDraws:
    """Which draws of each run make those of their mixture.

    Attributes
    ----------
    chosen
        The draws of each run that are taken.
    order
        Where each of these, one run after the other, comes from in the mixture, `(s,)`.
    """

    chosen: tuple[Integers, ...]
    order: Integers

    def mix(self, draws: Sequence[Floats]) -> Floats:
        """Return draws of the mixture from those of each run, `(s, ...)` each."""
        taken = [values[rows] for values, rows in zip(draws, self.chosen, strict=True)]
        mixed: Floats = np.concatenate(taken)[self.order]
        return mixed


def allocate_draws(weights: Sequence[float], counts: Sequence[int]) -> MixedDraws:
    """Return which draws of each run make those of their mixture.

    There are as many as can be taken in proportion to the weights without taking one twice. Of each run as
    many as its weight says, rounded by largest remainders, evenly spaced, so that each chain gives its share.
    They stand evenly among those of other runs: batches of the mixture hold all runs in proportion, and means
    of batches scatter as they do within runs.

    Parameters
    ----------
    weights
        That of each run; they add up to 1.
    counts
        The draws of each run.

    >>> found = allocate_draws([0.75, 0.25], [6, 4])
    >>> [rows.tolist() for rows in found.chosen], found.order.tolist()
    ([[0, 1, 2, 3, 4, 5], [1, 3]], [0, 1, 6, 2, 3, 4, 7, 5])
    """
    total = min(int(count / weight + 1e-9) for weight, count in zip(weights, counts, strict=True) if weight)
    exact = np.asarray(weights) * total
    shares = np.floor(exact + 1e-9).astype(np.int64)
    for place in np.argsort(-(exact - shares), kind="stable")[: total - int(shares.sum())]:
        shares[place] += 1
    shares = np.minimum(shares, counts)
    middles = [(np.arange(share) + 0.5) / share for share in shares if share]
    chosen = tuple(
        np.floor((np.arange(share) + 0.5) * count / share).astype(np.int64) if share else np.arange(0)
        for share, count in zip(shares, counts, strict=True)
    )
    return MixedDraws(chosen, np.argsort(np.concatenate(middles), kind="stable"))


def mix_predictions(
    parts: Sequence[Predictions], weights: Sequence[float], names: Sequence[Mapping[str, str]]
) -> Predictions:
    """Return the mixture of the predictions of some rows by several runs.

    It has no parameters: those of different programs are not averaged.

    Parameters
    ----------
    parts
        The predictions of the same rows by each run.
    weights
        That of each run; they add up to 1.
    names
        By run, the outcomes to average: what the mixture calls each outcome of the run.

    Raises
    ------
    RequestError
        The runs predict other rows, elements or categories.
    """
    first = parts[0]
    if any((part.first_row, part.labels) != (first.first_row, first.labels) for part in parts):
        message = "the runs do not predict the same rows of this table one by one, so that none are averaged."
        raise RequestError(message, hint="average runs whose programs treat rows alike")
    drawn = allocate_draws(weights, [len(part.outcomes[0].draws) for part in parts])
    wanted = list(names[0].values())
    by_name = [
        {own[outcome.name]: outcome for outcome in part.outcomes if outcome.name in own}
        for part, own in zip(parts, names, strict=True)
    ]
    outcomes = tuple(
        _mix_outcomes([found[name] for found in by_name], weights, drawn)
        for name in wanted
        if all(name in found for found in by_name)
    )
    if not outcomes:
        raise RequestError("no outcome is predicted by all runs, so that none is averaged.")
    return Predictions(
        METHOD,
        "",
        first.level,
        first.labels,
        first.first_row,
        outcomes,
        row_log_lik=_mix_densities([part.row_log_lik for part in parts], weights),
    )


def _mix_outcomes(
    parts: Sequence[OutcomePrediction], weights: Sequence[float], drawn: MixedDraws
) -> OutcomePrediction:
    """Return the mixture of the predictions of one outcome."""
    first = parts[0]
    for part in parts:
        _check_alike(first, part)
    return replace(
        first,
        draws=drawn.mix([part.draws for part in parts]),
        expectation=_mix_known([part.expectation for part in parts], drawn),
        probabilities=_mix_known([part.probabilities for part in parts], drawn),
        log_lik=_mix_densities([part.log_lik for part in parts], weights),
        distributions=tuple(dict.fromkeys(name for part in parts for name in part.distributions)),
        is_simulated=any(part.is_simulated for part in parts),
        exceeds_one=any(part.exceeds_one for part in parts),
        parts=tuple(parts),
        weights=tuple(weights),
    )


def _check_alike(first: OutcomePrediction, other: OutcomePrediction) -> None:
    """Refuse an outcome whose predictions by two runs are not of the same values.

    Raises
    ------
    RequestError
        The message says what differs.
    """
    differs = ""
    if first.index != other.index or not np.array_equal(first.rows, other.rows):
        differs = "other elements"
    elif first.is_integer != other.is_integer:
        differs = "probabilities of whole numbers where the other has densities of any"
    elif (first.categories, first.levels) != (other.categories, other.levels):
        differs = "other categories"
    elif not _have_same_values(first.observed, other.observed):
        differs = "other observed values"
    if differs:
        message = f"the runs do not have the same outcome `{first.name}`: one of them has {differs}."
        raise RequestError(message, hint="average runs of one outcome, on one scale")


def _have_same_values(first: Floats | None, second: Floats | None) -> bool:
    if first is None or second is None:
        return True
    return first.shape == second.shape and np.allclose(first, second, equal_nan=True)


def _mix_known(draws: Sequence[Floats | None], drawn: MixedDraws) -> Floats | None:
    """Return draws of the mixture; `None` where some run has none."""
    known = [values for values in draws if values is not None]
    return drawn.mix(known) if len(known) == len(draws) else None


def _mix_densities(log_lik: Sequence[Floats | None], weights: Sequence[float]) -> Floats | None:
    """Return the log density of the mixture, `(1, e)`; `None` where that of some run is not known."""
    known = [values for values in log_lik if values is not None]
    if len(known) < len(log_lik):
        return None
    every = np.arange(known[0].shape[1])
    return mix_log_densities([average_densities(values, every) for values in known], weights)[None]
