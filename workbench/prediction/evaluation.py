"""The values of an expression in a chunk of predictions, draw by draw and row by row."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import reduce
from typing import Any

import numpy as np
from numpy.typing import NDArray

from workbench.errors import RequestError
from workbench.prediction.expressions import Node, Number, Operation, QuantityName, is_reduction
from workbench.prediction.names import KnownNames
from workbench.prediction.predictions import Floats, OutcomePrediction, Predictions

Rows = NDArray[np.int64]


@dataclass(frozen=True)
class Values:
    """The values of a node by draw and element.

    Attributes
    ----------
    array
        `(s, e)`; one of both is 1 where the values are the same in each draw, or belong to no row.
    rows
        The row of the whole table that each element belongs to, `(e,)`; `None` where they belong to none.
    index
        The zero-based index of each element in its outcome; empty for a column of the table.
    """

    array: NDArray[Any]
    rows: Rows | None = None
    index: tuple[tuple[int, ...], ...] = ()


@dataclass(frozen=True)
class Chunk:
    """What an expression is evaluated in.

    Attributes
    ----------
    predictions
        Predictions of some rows.
    names
        What the names are.
    columns
        Columns of the new table in these rows, `(row,)` each.
    reduced
        The values of nodes that go over all rows, `(s, 1)`, where these are known.
    """

    predictions: Predictions
    names: KnownNames
    columns: Mapping[str, Floats] = field(default_factory=dict)
    reduced: Mapping[Node, Floats] = field(default_factory=dict)


def evaluate(node: Node, chunk: Chunk) -> Values:
    """Return the values of a node.

    Raises
    ------
    RequestError
        Two names have different rows, or a condition compares what is not a number.
    """
    if node in chunk.reduced:
        return Values(chunk.reduced[node])
    if isinstance(node, Number):
        return Values(np.full((1, 1), node.value))
    if isinstance(node, QuantityName):
        return _read(node, chunk)
    if is_over_rows(node, chunk.names):
        return Values(finish(node, reduce_rows(node, chunk)))
    if node.function == "E":
        return _read_expectation(node, chunk)
    return _apply(node, [evaluate(argument, chunk) for argument in node.arguments])


def is_over_rows(node: Node, names: KnownNames) -> bool:
    """Return whether a node goes over rows: a reduction, or one element out of all rows."""
    if isinstance(node, Operation) and node.function == "E":
        return is_over_rows(node.arguments[0], names)
    if isinstance(node, QuantityName):
        return bool(node.key) and node.name in names.outcomes
    return is_reduction(node)


# --- Over rows --------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Reduced:
    """What is known of a node that goes over rows, after some of them.

    Attributes
    ----------
    values
        Sum, smallest, largest, or the element itself, `(s, 1)`; `None` where the element is still to come.
    count
        How many elements there were.
    """

    values: Floats | None
    count: int = 0


def reduce_rows(node: Node, chunk: Chunk) -> Reduced:
    """Return what a node that goes over rows has in one chunk."""
    if not is_reduction(node):
        return _pick(node, chunk)
    assert isinstance(node, Operation)  # noqa: S101 - a reduction is one
    array = evaluate(node.arguments[0], chunk).array.astype(np.float64, copy=False)
    if not array.size:
        return Reduced(None)
    over = {"min": np.min, "max": np.max}.get(node.function, np.sum)
    with np.errstate(all="ignore"):
        return Reduced(over(array, axis=1, keepdims=True), array.shape[1])


def join(node: Node, first: Reduced, second: Reduced) -> Reduced:
    """Return what a node that goes over rows has in two parts of the table.

    Raises
    ------
    RequestError
        Two rows have the label by which one is asked for.
    """
    if first.values is None or second.values is None:
        return second if first.values is None else first
    if not is_reduction(node):
        raise _refuse_repeated(node)
    assert isinstance(node, Operation)  # noqa: S101 - a reduction is one
    together = {"min": np.minimum, "max": np.maximum}.get(node.function, np.add)
    with np.errstate(all="ignore"):
        return Reduced(together(first.values, second.values), first.count + second.count)


def finish(node: Node, reduced: Reduced) -> Floats:
    """Return the values of a node that goes over rows, `(s, 1)`, after the last of them.

    Raises
    ------
    RequestError
        There is no such row.
    """
    if reduced.values is None and is_reduction(node):
        assert isinstance(node, Operation)  # noqa: S101 - a reduction is one
        raise RequestError(
            f"`{node.function}` has no rows to go over.", hint="give new rows with that outcome"
        )
    if reduced.values is None:
        message = f"`{_describe(node)}` is not among the new rows."
        raise RequestError(message, hint="rows are counted from 1; their labels are those of the predictions")
    if isinstance(node, Operation) and node.function == "mean":
        return reduced.values / reduced.count
    return reduced.values


def _pick(node: Node, chunk: Chunk) -> Reduced:
    """Return one element of an outcome, by its number in Stan or by the label of its row."""
    reference = node.arguments[0] if isinstance(node, Operation) else node
    assert isinstance(reference, QuantityName)  # noqa: S101 - the grammar takes nothing else
    whole = QuantityName(reference.name)
    values = evaluate(Operation("E", (whole,)) if isinstance(node, Operation) else whole, chunk)
    positions = _find_positions(reference.key, values, chunk.predictions)
    if len(positions) > 1:
        raise _refuse_repeated(node)
    return Reduced(values.array[:, positions] if positions else None, len(positions))


def _find_positions(key: str, values: Values, predictions: Predictions) -> list[int]:
    """Return where the elements with an index, or else with the label of a row, are."""
    numbers = key.split(",")
    if all(number.isdigit() for number in numbers):
        index = tuple(int(number) - 1 for number in numbers)
        return [position for position, own in enumerate(values.index) if own == index]
    assert values.rows is not None  # noqa: S101 - an outcome has rows
    return [
        position
        for position, row in enumerate(values.rows)
        if predictions.labels[row - predictions.first_row] == key
    ]


def _refuse_repeated(node: Node) -> RequestError:
    message = f"`{_describe(node)}` has more than one value among the new rows."
    return RequestError(message, hint="name it by its number, as in `y_rep[3]`")


def _describe(node: Node) -> str:
    return f"E({node.arguments[0]})" if isinstance(node, Operation) else str(node)


# --- Names ------------------------------------------------------------------------------------------------


def _read(reference: QuantityName, chunk: Chunk) -> Values:
    names, predictions = chunk.names, chunk.predictions
    if is_over_rows(reference, names):
        return Values(finish(reference, _pick(reference, chunk)))
    outcome = _find_outcome(reference.name, predictions)
    if outcome is not None:
        return Values(outcome.draws, outcome.rows, outcome.index)
    first, count = predictions.first_row, len(predictions.labels)
    rows = np.arange(first, first + count)
    if reference.name in names.columns:
        return Values(np.asarray(chunk.columns[reference.name], dtype=np.float64)[None, :], rows)
    if reference.name in names.outcomes:
        values = _find_variable(reference.name, predictions)
        return Values(values, rows, tuple((int(row),) for row in rows))
    values = _find_variable(reference.name, predictions)
    place: tuple[Any, ...] = (slice(None), *names.find_element(reference))
    return Values(values[place][:, None])


def _find_variable(name: str, predictions: Predictions) -> Floats:
    known = predictions.generated if name in predictions.generated else predictions.parameters
    return known[name]


def _find_outcome(name: str, predictions: Predictions) -> OutcomePrediction | None:
    return next((outcome for outcome in predictions.outcomes if outcome.quantity == name), None)


def _read_expectation(call: Operation, chunk: Chunk) -> Values:
    reference = call.arguments[0]
    assert isinstance(reference, QuantityName)  # noqa: S101 - the grammar takes nothing else
    outcome = _find_outcome(reference.name, chunk.predictions)
    assert outcome is not None  # noqa: S101 - its name was checked
    assert outcome.expectation is not None  # noqa: S101 - likewise
    return Values(outcome.expectation, outcome.rows, outcome.index)


# --- Functions --------------------------------------------------------------------------------------------


def _inv_logit(array: Floats) -> Floats:
    """Return the inverse of the logit, without overflow on either side."""
    small = np.exp(-np.abs(array))
    return np.where(array >= 0, 1.0, small) / (1.0 + small)


_FUNCTIONS: Mapping[str, Callable[..., NDArray[Any]]] = {
    "+": np.add, "-": np.subtract, "*": np.multiply, "/": np.divide, "**": np.power, "negative": np.negative,
    "exp": np.exp, "log": np.log, "sqrt": np.sqrt, "abs": np.abs,
    "inv_logit": _inv_logit, "logit": lambda array: np.log(array) - np.log1p(-array),
    "min": lambda *arrays: reduce(np.minimum, arrays), "max": lambda *arrays: reduce(np.maximum, arrays),
    "<": np.less, "<=": np.less_equal, ">": np.greater, ">=": np.greater_equal, "==": np.equal,
    "!=": np.not_equal, "not": np.logical_not,
    "and": lambda *arrays: reduce(np.logical_and, arrays),
    "or": lambda *arrays: reduce(np.logical_or, arrays),
}  # fmt: skip
"""What each function and operator computes, element by element."""

_COMPARISONS = ("<", "<=", ">", ">=", "==", "!=")
"""What says nothing of a value that is not a number."""


def _apply(call: Operation, arguments: list[Values]) -> Values:
    aligned = _align(call, arguments)
    if call.function in _COMPARISONS and any(np.isnan(values.array).any() for values in aligned):
        message = (
            f"a side of `{call.function}` is not a number in some draws: a logarithm or root of a negative?"
        )
        raise RequestError(message, hint="restrict it, as in `log(max(x, 0.001))`")
    with np.errstate(all="ignore"):
        array = _FUNCTIONS[call.function](*(values.array for values in aligned))
    by_row = [values for values in aligned if values.rows is not None]
    indexed = next((values for values in by_row if values.index), by_row[0] if by_row else Values(array))
    return Values(array, indexed.rows, indexed.index)


def _align(call: Operation, arguments: list[Values]) -> list[Values]:
    """Return values whose elements are those of the same outcome; a column is repeated where that needs it.

    Raises
    ------
    RequestError
        Two outcomes have different elements.
    """
    widest = next((values for values in arguments if values.index), None)
    if widest is None:
        return arguments
    return [_spread(values, widest, call) for values in arguments]


def _spread(values: Values, widest: Values, call: Operation) -> Values:
    assert widest.rows is not None  # noqa: S101 - what has an index has rows
    if values.rows is None or np.array_equal(values.rows, widest.rows):
        return values
    if values.index:
        message = f"`{call.function}` joins two outcomes that have different rows."
        raise RequestError(message, hint="ask for each by itself")
    places = np.searchsorted(values.rows, widest.rows)
    return Values(values.array[:, places], widest.rows)
