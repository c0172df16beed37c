"""A trial of the author's own replicates: that of a row must not depend on which other rows there are.

A program may state an outcome given prepared data, and draw its replicate from data that it prepares again,
from the rows that are there: `normal_rng(a + b * standardize(x), s)`. On the rows of the fit both are the
same; of new rows, that replicate would be something else than the model says. So the fit's rows are drawn
among all of them, and the upper half of them alone, which has another mean and spread.

The draws are compared by signs, which need no moments: given the parameters, one of two independent draws of
the same distribution is the larger with probability one half.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from workbench.errors import ChainFailed, RequestError
from workbench.prediction.growth import take_rows
from workbench.prediction.predictions import Floats
from workbench.prediction.predictor import Parameters, RowPredictor, collect
from workbench.program import Replicate
from workbench.thresholds import AUTHORS_MEAN_LIMIT

_FIRST = 500
"""The number of the first repetition: its random numbers are those of nothing else."""

_DRAWS = 60
"""Draws at which replicates are compared: so many signs are all alike by chance once in 10¹⁷ trials. Ours."""

_LOST_SHARE = 0.5
"""Share of replicates that are lost where half of the rows are alone, from which these differ. Ours."""


def check_authors_replicates(predictor: RowPredictor, parameters: Parameters) -> None:
    """Refuse a replicate of the author's whose rows depend on the other rows.

    Raises
    ------
    RequestError
        It is drawn elsewhere, or with another spread, where half of the fit's rows are alone.
    """
    few = parameters.take(slice(0, _DRAWS))
    for replicate in predictor.program.replicates:
        axis = _find_row_axis(predictor, replicate)
        if not replicate.is_drawn_by_author or replicate.is_conditional or axis is None:
            continue
        rows = max(int(predictor.request.data.values[size]) for size in predictor.growth.rows)
        upper = _select_upper(predictor, replicate, axis, rows)
        whole = [_draw(predictor, few, replicate, axis, np.arange(rows), _FIRST + turn) for turn in (0, 1)]
        try:
            alone = [_draw(predictor, few, replicate, axis, upper, _FIRST + turn) for turn in (2, 3)]
        except ChainFailed:
            raise _describe(replicate) from None
        if differ([draws[:, upper] for draws in whole], alone):
            raise _describe(replicate)


def differ(first: list[Floats], second: list[Floats]) -> bool:
    """Return whether two pairs of independent draws have other locations or spreads.

    Parameters
    ----------
    first, second
        Two draws each, `(s, row, value)`. Those of one `s` may depend on each other.

    >>> noise = np.random.default_rng(1).normal(size=(4, 60, 100, 1))
    >>> differ([noise[0], noise[1]], [noise[2], noise[3]])
    False
    >>> differ([noise[0], noise[1]], [noise[2] + 0.5, noise[3] + 0.5])
    True
    >>> differ([noise[0], noise[1]], [noise[2] * 2, noise[3] * 2])
    True
    """
    is_lost = np.isfinite(first[0]) & ~np.isfinite(second[0])
    if is_lost.mean() > _LOST_SHARE:
        return True
    locations = [np.sign(one - other) for one, other in zip(first, second, strict=True)]
    spreads = np.sign(np.abs(first[0] - first[1]) - np.abs(second[0] - second[1]))
    return any(_lean(signs) for signs in (*locations, spreads))


def _lean(signs: Floats) -> bool:
    """Return whether signs lean to one side, by the standard error of their mean over independent draws."""
    known = np.where(np.isfinite(signs), signs, 0.0).reshape(len(signs), -1).mean(axis=1)
    error = float(known.std(ddof=1)) / float(np.sqrt(len(known))) if len(known) > 1 else np.inf
    return bool(abs(float(known.mean())) > AUTHORS_MEAN_LIMIT * error)


def _select_upper(predictor: RowPredictor, replicate: Replicate, axis: int, rows: int) -> NDArray[np.int64]:
    """Return the half of the rows with the largest outcomes: what prepares data would prepare these alone."""
    observed = predictor.request.data.values.get(replicate.outcome)
    order = np.arange(rows)
    if observed is not None:
        values = np.moveaxis(np.asarray(observed, dtype=float), axis, 0).reshape(rows, -1)
        order = np.argsort(values.mean(axis=1), kind="stable")
    return np.sort(order[rows // 2 :])


def _draw(
    predictor: RowPredictor,
    parameters: Parameters,
    replicate: Replicate,
    axis: int,
    rows: NDArray[np.int64],
    number: int,
) -> Floats:
    """Return the author's replicate of some rows of the fit, `(s, row, value)`."""
    data = take_rows(predictor.request, predictor.growth, rows)
    places = dict.fromkeys(predictor.growth.rows, rows)
    placed = predictor.place(parameters, places)
    drawn = predictor.run(data, places, placed, wanted=[replicate.name], replicating=True, number=number)
    values = np.moveaxis(collect(drawn, replicate.name).astype(float), axis + 1, 1)
    return values.reshape(parameters.count, len(rows), -1)


def _find_row_axis(predictor: RowPredictor, replicate: Replicate) -> int | None:
    program = predictor.program.program
    declared = {item.name: item for item in (*program.data, *program.transformed_data)}
    axes = declared[replicate.outcome].axes if replicate.outcome in declared else ()
    return next((axis for axis, size in enumerate(axes) if size.text in predictor.growth.rows), None)


def _describe(replicate: Replicate) -> RequestError:
    message = (
        f"`{replicate.name}` of a row depends on which other rows there are: the program prepares its data "
        "in another way where it draws than where it states the likelihood."
    )
    hint = f"leave `{replicate.name}` out of the program: it is drawn by the likelihood then"
    return RequestError(message, hint=hint)
