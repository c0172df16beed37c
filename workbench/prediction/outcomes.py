"""Outcomes of new rows, made from the generated quantities of the predictive program."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any

import numpy as np

from workbench.backends import RawRun
from workbench.errors import RequestError
from workbench.prediction.new_rows import describe_conditional
from workbench.prediction.predictions import Floats, OutcomePrediction
from workbench.prediction.predictor import collect
from workbench.program import Replicate
from workbench.program.predictive.rng_functions import MISSING
from workbench.program.predictive_program import PredictiveProgram

_CATEGORICAL = ("categorical", "ordered_")
"""How the names of distributions of categories begin."""

MOST_CATEGORIES = 50
"""Categories whose probabilities are computed; each takes one more evaluation of the density. Ours."""


def find_predicted(replicates: Iterable[Replicate]) -> dict[str, Replicate]:
    """Return the replicates that predict, by the name of the quantity."""
    named = {replicate.name or replicate.prediction: replicate for replicate in replicates}
    return {name: replicate for name, replicate in named.items() if name}


def require_prediction(replicates: Collection[Replicate], name: str, *, in_order: bool = False) -> None:
    """Refuse a program none of whose outcomes can be drawn, or one that needs earlier outcomes.

    Parameters
    ----------
    replicates
        Its outcomes.
    name
        The name of its file.
    in_order
        Whether new rows follow those of the fit in time.

    Raises
    ------
    RequestError
        The message says which outcome cannot be drawn, and why.
    """
    if not find_predicted(replicates):
        reasons = [
            f"`{replicate.outcome}` cannot be predicted: {replicate.reason.rstrip('.')}."
            for replicate in replicates
            if replicate.reason
        ]
        message = " ".join(reasons) or "it has no likelihood of declared data."
        hint = "draw it in generated quantities, under a name such as `y_rep`, with the size of the outcome"
        raise RequestError(f"`{name}`: {message}", hint=hint)
    for replicate in replicates:
        if replicate.is_conditional and not in_order:
            raise describe_conditional(replicate.outcome)


def list_quantities(program: PredictiveProgram, replicate: Replicate) -> list[str]:
    """Return the quantities that the prediction of one outcome is made from."""
    names = [replicate.name or replicate.prediction, program.means.get(_density_of(replicate), "")]
    return [name for name in names if name]


def _density_of(replicate: Replicate) -> str:
    return replicate.density_of or replicate.outcome


def build_outcome(
    program: PredictiveProgram,
    replicate: Replicate,
    generated: RawRun,
    row_axis: int | None,
) -> OutcomePrediction:
    """Return the prediction of one outcome, without what was observed.

    Parameters
    ----------
    program
        The predictive program.
    replicate
        Which outcome, and the quantity that replicates it.
    generated
        Replicates and means.
    row_axis
        Which axis of the outcome counts rows of the table; `None` where none does.
    """
    name = replicate.name or replicate.prediction
    draws = collect(generated, name)
    shape = draws.shape[1:]
    index = tuple(np.ndindex(*shape))
    rows = np.array(
        [place[row_axis] if row_axis is not None and place else 0 for place in index], dtype=np.int64
    )
    flat = draws.reshape(len(draws), -1).astype(float, copy=True)
    if replicate.is_integer:
        flat[flat <= MISSING + 1] = np.nan
    flat[~np.isfinite(flat)] = np.nan
    expectation = None
    mean = program.means.get(_density_of(replicate), "")
    is_same_scale = not replicate.density_of and not replicate.prediction
    if mean and is_same_scale:
        found = collect(generated, mean)
        if found.size:
            expectation = found[:, 0].reshape(len(found), -1)
            expectation = None if np.isnan(expectation).all(axis=0).any() else expectation
    return OutcomePrediction(
        replicate.outcome,
        name,
        index,
        rows,
        flat,
        replicate.is_integer,
        expectation,
        distributions=replicate.distributions,
    )


def refuse_unknown(outcome: OutcomePrediction) -> None:
    """Refuse an outcome of which no draw could be made in some row, and no expectation is known.

    Raises
    ------
    RequestError
        The message names the first such row.
    """
    if outcome.probabilities is not None:
        return
    is_unknown = np.isnan(outcome.draws).all(axis=0)
    if outcome.expectation is not None:
        is_unknown &= np.isnan(outcome.expectation).all(axis=0)
    if is_unknown.any():
        row = int(outcome.rows[np.flatnonzero(is_unknown)[0]]) + 1
        message = (
            f"`{outcome.quantity}` cannot be drawn in row {row}: no draw of it is a finite number there."
        )
        hint = (
            "look at what the program computes in generated quantities: of a few rows a standard deviation "
            "may not exist"
        )
        raise RequestError(message, hint=hint)


def find_log_lik_columns(
    program: PredictiveProgram, data: Mapping[str, Any], lengths: Mapping[str, int]
) -> dict[str, np.ndarray]:
    """Return the entries of `log_lik` that belong to each outcome, `(e,)` in the order of its elements.

    Parameters
    ----------
    program
        The predictive program.
    data
        The data block.
    lengths
        The number of elements of outcomes that transformed data make.
    """
    found: dict[str, np.ndarray] = {}
    start = 0
    for group in program.log_lik_order:
        sizes = [int(np.size(data[name])) if name in data else lengths.get(name, -1) for name in group]
        if min(sizes) < 0:
            break
        for position, (name, size) in enumerate(zip(group, sizes, strict=True)):
            found[name] = start + position + len(group) * np.arange(size)
        start += sum(sizes)
    return found


def is_of_all_rows(program: PredictiveProgram) -> bool:
    """Return whether the rows of the table are the categories of one outcome, which belong together."""
    return bool(program.outcomes_of_all_rows)


def is_categorical(replicate: Replicate) -> bool:
    """Return whether every distribution of an outcome is one of categories."""
    names = replicate.distributions
    return bool(names) and all(name.startswith(_CATEGORICAL) for name in names)


def average_repetitions(repetitions: list[Floats]) -> Floats:
    """Return the expectation at each posterior draw from several replicates of it, `(s, e)`.

    The average of `R` replicates has the noise of replicates, with `1 / R` of their variance, besides the
    spread between posterior draws. Its deviations from the mean are shrunk by the root of the share of that
    spread, so that the variance is that of the expectation itself (method of moments for a one-way layout of
    random effects).
    """
    stacked = np.stack(repetitions)  # repetition, draw, element
    count = len(stacked)
    averages = stacked.mean(axis=0)
    noise = stacked.var(axis=0, ddof=1).mean(axis=0) / count
    total = averages.var(axis=0, ddof=1) if len(averages) > 1 else noise
    with np.errstate(invalid="ignore", divide="ignore"):
        share = np.clip(1 - noise / total, 0, 1)
    centre = averages.mean(axis=0)
    shrunk: Floats = centre + np.sqrt(np.where(np.isfinite(share), share, 0)) * (averages - centre)
    return shrunk
