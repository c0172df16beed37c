"""A trial of the predictive program on the fit's own rows: new rows must be treated as those were.

Rows are predicted one by one only if the log density of a row is the same whatever the other rows are. So
the fit's rows are tried in halves and in another order: each must have the log density that it has among all.
"""

from __future__ import annotations

from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from workbench.errors import ChainFailed, RequestError
from workbench.prediction.growth import NEW, take_rows
from workbench.prediction.predictions import Floats
from workbench.prediction.predictor import Parameters, RowPredictor, collect
from workbench.program.predictive.joint_outcomes import COLUMNS
from workbench.thresholds import (
    JOINT_DENSITY_DIFFERENCE_LIMIT,
    LOG_LIKELIHOOD_DIFFERENCE_LIMIT,
    REPLICATE_MEAN_LIMIT,
)

Integers = NDArray[np.int64]

Layout: TypeAlias = Literal["rows side by side", "values of a row side by side"]
"""Where the log densities of rows with several values stand: value by value, or row by row."""

LOG_DENSITY = COLUMNS.index("log_density")
"""Which column of a joint outcome holds the density of the new rows."""

TRIED_DRAWS = 20
"""Draws at which the fit's own rows are tried."""


def check_row_independence(
    predictor: RowPredictor, parameters: Parameters, *, in_order: bool = False
) -> Layout | None:
    """Refuse a program in which the log density of a row depends on the other rows.

    Parameters
    ----------
    predictor, parameters
        The predictive program, and draws of the fit.
    in_order
        Whether rows follow each other in time, so that a row may depend on those before it.

    Returns
    -------
    Where the log densities of a row stand among those of all; `None` where the trial does not tell.

    Raises
    ------
    RequestError
        A part of the fit's rows has another log density alone than among all rows.
    """
    name = predictor.request.program.path.name
    rows = _count_rows(predictor)
    if not predictor.program.log_lik or rows < 2:
        message = (
            f"`{name}` does not say how likely each row is, so that nothing shows how it treats new rows."
        )
        raise RequestError(message, hint="write the likelihood so that it splits into rows")
    few = parameters.take(slice(0, TRIED_DRAWS))
    among_all = _compute_log_lik(predictor, few, np.arange(rows))
    if among_all.shape[1] % rows and not in_order:
        raise _describe(name)
    layouts: set[Layout] = {"rows side by side", "values of a row side by side"}
    for part in _list_parts(rows, in_order=in_order):
        alone = _compute_log_lik(predictor, few, part)
        fitting = {
            layout
            for layout, expected in _select_rows(among_all, part, rows).items()
            if _is_equal(alone, expected)
        }
        if not fitting:
            raise _describe(name)
        layouts &= fitting
    is_known = among_all.shape[1] % rows == 0 and (len(layouts) == 1 or among_all.shape[1] == rows)
    return next(iter(sorted(layouts))) if is_known and layouts else None


def add_up_rows(log_lik: Floats, layout: Layout, rows: int) -> Floats:
    """Return the log density of each row from those of all its values, `(s, row)`.

    >>> add_up_rows(np.array([[1.0, 2.0, 30.0, 40.0]]), "values of a row side by side", 2).tolist()
    [[3.0, 70.0]]
    >>> add_up_rows(np.array([[1.0, 2.0, 30.0, 40.0]]), "rows side by side", 2).tolist()
    [[31.0, 42.0]]
    """
    by_row: Floats
    if layout == "rows side by side":
        by_row = log_lik.reshape(len(log_lik), -1, rows).sum(axis=1)
    else:
        by_row = log_lik.reshape(len(log_lik), rows, -1).sum(axis=2)
    return by_row


def find_wrong_means(predictor: RowPredictor, parameters: Parameters) -> frozenset[str]:
    """Return the outcomes that the author draws in another way than the likelihood says.

    The mean of the likelihood's distribution is then not that of the replicate: their difference, over the
    fit's own rows and a few draws, is farther from zero than chance allows.
    """
    authors = {
        item.outcome: item.name
        for item in predictor.program.replicates
        if item.is_drawn_by_author and not item.density_of and item.outcome in predictor.program.means
    }
    if not authors:
        return frozenset()
    means = predictor.program.means
    few = parameters.take(slice(0, TRIED_DRAWS))
    rows = np.arange(_count_rows(predictor))
    wanted = [*authors.values(), *(means[name] for name in authors)]
    places = dict.fromkeys(predictor.growth.rows, rows)
    found = predictor.run(predictor.request.data.values, places, few, wanted=wanted, replicating=True)
    return frozenset(
        name
        for name, replicate in authors.items()
        if _is_elsewhere(collect(found, replicate), collect(found, means[name])[:, 0])
    )


def _is_elsewhere(drawn: np.ndarray, mean: np.ndarray) -> bool:
    """Return whether draws lie elsewhere than their means, by the standard error of the difference."""
    difference = (drawn.reshape(len(drawn), -1) - mean.reshape(len(mean), -1)).ravel()
    difference = difference[np.isfinite(difference)]
    if difference.size < 2:
        return False
    error = float(difference.std(ddof=1)) / float(np.sqrt(difference.size))
    rounding = 1e-9 * float(np.abs(mean).mean())
    return bool(abs(float(difference.mean())) > REPLICATE_MEAN_LIMIT * error + rounding)


def _select_rows(among_all: np.ndarray, part: Integers, rows: int) -> dict[Layout, np.ndarray]:
    """Return the log densities of some rows among those of all, in the orders that they may have.

    An outcome whose first values are taken as given has fewer densities than rows: a part from the first row
    on lacks the same ones.
    """
    draws = len(among_all)
    if among_all.shape[1] % rows:
        return {"rows side by side": among_all[:, : max(0, among_all.shape[1] - rows + len(part))]}
    return {
        "rows side by side": among_all.reshape(draws, -1, rows)[:, :, part].reshape(draws, -1),
        "values of a row side by side": among_all.reshape(draws, rows, -1)[:, part].reshape(draws, -1),
    }


def check_groups(predictor: RowPredictor, parameters: Parameters) -> None:
    """Refuse a program in which a further group changes the log densities of the fit's rows.

    Raises
    ------
    RequestError
        Each group size in turn is given one more group, without rows.
    """
    rows = np.arange(_count_rows(predictor))
    few = parameters.take(slice(0, TRIED_DRAWS))
    alone = _compute_log_lik(predictor, few, rows)
    values = predictor.request.data.values
    for size in sorted(predictor.growth.groups & values.keys()):
        count = int(values[size])
        order = np.append(np.arange(count), 0)
        data = dict(values) | {size: count + 1}
        for declared in predictor.request.program.data:
            for axis, axis_size in enumerate(declared.axes):
                if axis_size.text == size:
                    data[declared.name] = np.take(np.asarray(data[declared.name]), order, axis=axis)
        places = {**dict.fromkeys(predictor.growth.rows, rows), size: order}
        try:
            placed = predictor.place(few, places)
            log_lik = predictor.program.log_lik
            found = predictor.run(data, places, placed, wanted=[log_lik])
            is_same = _is_equal(collect(found, log_lik).reshape(few.count, -1), alone)
        except ChainFailed:
            is_same = False
        if not is_same:
            message = f"a further group of `{size}` changes what the program says of the groups of the fit."
            raise RequestError(message, hint="predict the groups of the fit only")


def check_joint_density(predictor: RowPredictor, parameters: Parameters) -> None:
    """Refuse a joint density of all rows that is not that of some rows and of the others given these.

    Raises
    ------
    RequestError
        The log densities of the two parts do not add up to that of all rows.
    """
    name = predictor.request.program.path.name
    rows = _count_rows(predictor)
    few = parameters.take(slice(0, TRIED_DRAWS))
    whole = _compute_log_lik(predictor, few, np.arange(rows)).sum(axis=1)
    for known in _list_parts(rows, in_order=False):
        others = np.setdiff1d(np.arange(rows), known)
        part = _compute_log_lik(predictor, few, known).sum(axis=1)
        order = np.concatenate([known, others])
        data = take_rows(predictor.request, predictor.growth, order)
        places = dict.fromkeys(predictor.growth.rows, np.where(np.arange(rows) < len(known), order, NEW))
        wanted = [item.quantity for item in predictor.program.joint]
        found = predictor.run(data, places, few, wanted=wanted, adding=True)
        given = sum(collect(found, quantity)[:, 0, 0, LOG_DENSITY] for quantity in wanted)
        if not np.allclose(
            part + given, whole, rtol=JOINT_DENSITY_DIFFERENCE_LIMIT, atol=JOINT_DENSITY_DIFFERENCE_LIMIT
        ):
            message = f"`{name}` has a joint density that new rows would change for the rows of the fit."
            raise RequestError(message, hint="write it so that a row's covariance depends on the rows alone")


def _list_parts(rows: int, *, in_order: bool) -> list[Integers]:
    half = max(1, rows // 2)
    if in_order:
        return [np.arange(half), np.arange(max(1, rows - 1))]
    order = np.random.default_rng(rows).permutation(rows)
    return [np.arange(half), order[half:], order[:half][::-1]]


def _is_equal(alone: np.ndarray, expected: np.ndarray) -> bool:
    limit = LOG_LIKELIHOOD_DIFFERENCE_LIMIT
    return alone.shape == expected.shape and np.allclose(
        alone, expected, rtol=limit, atol=limit, equal_nan=True
    )


def _count_rows(predictor: RowPredictor) -> int:
    values = predictor.request.data.values
    return max((int(values[size]) for size in predictor.growth.rows if size in values), default=0)


def _compute_log_lik(predictor: RowPredictor, parameters: Parameters, rows: Integers) -> np.ndarray:
    data = take_rows(predictor.request, predictor.growth, rows)
    places = dict.fromkeys(predictor.growth.rows, rows)
    placed = predictor.place(parameters, places)
    log_lik = predictor.program.log_lik
    return collect(predictor.run(data, places, placed, wanted=[log_lik]), log_lik).reshape(
        parameters.count, -1
    )


def _describe(name: str) -> RequestError:
    message = (
        f"`{name}` does not treat rows one by one: half of the fit's rows have another log density alone."
    )
    hint = (
        "what the program computes from all rows is that of the fit where its text shows it; compute the "
        "rest in the table, or declare it as data"
    )
    return RequestError(message, hint=hint)
