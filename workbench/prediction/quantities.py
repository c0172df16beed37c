"""Quantities that are asked for by an expression, summarised while predictions come chunk by chunk.

A quantity with rows has a summary for each row of a chunk as soon as the chunk is there. One that goes over
rows, such as `max(y_rep)`, keeps a number for each draw and is summarised after the last chunk, so that any
number of rows fits into memory. One that compares rows with all rows needs them all at once.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from workbench import tables
from workbench.errors import RequestError
from workbench.late_imports import LateModule
from workbench.prediction.evaluation import (
    Chunk,
    Reduced,
    Values,
    evaluate,
    finish,
    is_over_rows,
    join,
    reduce_rows,
)
from workbench.prediction.expressions import (
    OVER_DRAWS,
    Node,
    Operation,
    QuantityExpression,
    QuantityName,
    iterate_nodes,
    parse_expression,
)
from workbench.prediction.names import KnownNames, check_names, has_rows, list_names, reads_replicates
from workbench.prediction.predictions import Floats, Predictions
from workbench.prediction.summaries import Sample, summarise
from workbench.results.quantities import element_name
from workbench.tables import Table

if TYPE_CHECKING:
    import pandas as pd
else:
    pd = LateModule("pandas")

COLUMNS = (
    "quantity", "row", "label", "statistic", "estimate", "mcse", "sd", "median", "lower", "upper",
)  # fmt: skip
"""The columns of a table of quantities."""


@dataclass
class QuantitySummary:
    """One quantity, summarised as predictions come.

    Attributes
    ----------
    expression
        What was asked for.
    names
        What its names are.
    level
        The probability of intervals.
    chains
        How many chains the draws come from, one after the other.
    """

    expression: QuantityExpression
    names: KnownNames
    level: float = 0.95
    chains: int = 1
    _reduced: dict[Node, Reduced] = field(default_factory=dict, init=False)
    _first: Chunk | None = field(default=None, init=False)
    _count: int = field(default=1, init=False)

    def __post_init__(self) -> None:
        """Refuse names that are not known.

        Raises
        ------
        RequestError
            The message names the place.
        """
        check_names(self.expression, self.names)

    @property
    def has_rows(self) -> bool:
        """Whether it is a number for each row."""
        return has_rows(self.expression.root, self.names)

    def add(self, predictions: Predictions, columns: Mapping[str, Floats] | None = None) -> pd.DataFrame:
        """Take a chunk in, and return the summaries of its rows: none where the quantity goes over rows.

        Parameters
        ----------
        predictions
            The next rows, in the order of the table.
        columns
            Columns of the new table in these rows, `(row,)` each.

        Raises
        ------
        RequestError
            The quantity is not a number, needs all rows at once and there are more, or needs more draws.
        """
        chunk = Chunk(predictions, self.names, columns or {})
        is_first = self._first is None
        self._count = _count_draws(predictions)
        if not is_first:
            self._check_fixed(predictions)
        over = self._list_over_rows()
        if self._needs_whole_table:
            if not is_first:
                what = "compares rows with all rows, and this table is predicted in parts"
                hint = "give fewer rows at a time"
                raise self.expression.refuse(what, 0, hint)
        elif self.has_rows:
            self._first = self._first or self._keep(chunk)
            return self._summarise(chunk)
        else:
            for node in over:
                part = reduce_rows(node, chunk)
                self._reduced[node] = join(node, self._reduced[node], part) if node in self._reduced else part
        if is_first:
            self._first = chunk if self._needs_whole_table else self._keep(chunk)
        return pd.DataFrame(columns=list(COLUMNS))

    def finish(self) -> pd.DataFrame:
        """Return the summary of a quantity that goes over rows or has none; nothing for one by row.

        Raises
        ------
        RequestError
            It is not a number in some draw, has no rows, or needs more draws.
        """
        if self._first is None or (self.has_rows and not self._needs_whole_table):
            return pd.DataFrame(columns=list(COLUMNS))
        reduced = {node: finish(node, part) for node, part in self._reduced.items()}
        return self._summarise(replace(self._first, reduced=reduced))

    def _list_over_rows(self) -> list[Node]:
        """Return the outermost nodes that go over rows."""
        return list(_list_outermost(self.expression.root, self.names))

    @property
    def _needs_whole_table(self) -> bool:
        """Whether a row, or a sum over rows, needs what goes over all rows first."""
        outer = self._list_over_rows()
        is_nested = any(
            is_over_rows(inner, self.names)
            for node in outer
            if isinstance(node, Operation) and node.function != "E"
            for argument in node.arguments
            for inner in iterate_nodes(argument)
        )
        return is_nested or (bool(outer) and self.has_rows)

    def _keep(self, chunk: Chunk) -> Chunk:
        """Return what of a chunk is needed after it: what belongs to no row."""
        used = {node.name for node in iterate_nodes(self.expression.root) if isinstance(node, QuantityName)}
        known = chunk.predictions
        kept = replace(
            known,
            outcomes=(),
            parameters={name: known.parameters[name] for name in used & known.parameters.keys()},
            generated={
                name: known.generated[name]
                for name in used & known.generated.keys()
                if name in self.names.parameters
            },
        )
        return Chunk(kept, self.names)

    def _check_fixed(self, predictions: Predictions) -> None:
        """Refuse a generated quantity that depends on which rows are predicted together."""
        assert self._first is not None  # noqa: S101 - called after the first chunk
        for name, values in self._first.predictions.generated.items():
            if name in self.names.parameters and not np.array_equal(
                values, predictions.generated[name], equal_nan=True
            ):
                message = (
                    f"`{name}` in `{self.expression.text}` depends on rows, and this table is predicted in "
                    "parts: each has another value of it."
                )
                raise RequestError(message, hint="give fewer rows at a time")

    def _summarise(self, chunk: Chunk) -> pd.DataFrame:
        """Return the summaries of the elements of a chunk, or of what belongs to no row."""
        root = self.expression.root
        is_over_draws = isinstance(root, Operation) and root.function in OVER_DRAWS
        values = evaluate(root.arguments[0] if isinstance(root, Operation) and is_over_draws else root, chunk)
        sample = Sample(
            np.broadcast_to(values.array, (self._count, values.array.shape[1])),
            self.expression,
            values.rows,
            level=self.level,
            chains=self.chains,
            is_point=chunk.predictions.is_plug_in and not reads_replicates(root, self.names),
        )
        numbers = summarise(sample)
        frame = pd.DataFrame({**self._name_rows(values, chunk.predictions), **numbers})
        return frame.reindex(columns=list(COLUMNS))

    def _name_rows(self, values: Values, predictions: Predictions) -> dict[str, Any]:
        """Return what each summary is of; elements are named where a row has several."""
        text = self.expression.text
        if values.rows is None:
            return {"quantity": [text], "row": pd.array([pd.NA], dtype="Int64"), "label": [""]}
        has_several = len(np.unique(values.rows)) < len(values.rows)
        names = [f"{text} at {element_name('', index)}" for index in values.index] if has_several else text
        labels = np.asarray(predictions.labels, dtype=object)[values.rows - predictions.first_row]
        return {"quantity": names, "row": pd.array(values.rows + 1, dtype="Int64"), "label": labels}


def parse_quantities(texts: Sequence[str]) -> tuple[QuantityExpression, ...]:
    """Parse the expressions of a user, each once.

    Raises
    ------
    RequestError
        One does not follow the grammar; the message names the place.
    """
    return tuple(parse_expression(text) for text in dict.fromkeys(texts))


def list_used_names(expressions: Iterable[QuantityExpression]) -> set[str]:
    """Return the names that expressions have, without their elements."""
    nodes = (node for expression in expressions for node in iterate_nodes(expression.root))
    return {node.name for node in nodes if isinstance(node, QuantityName)}


def tabulate_quantities(
    chunks: Iterable[Predictions],
    expressions: Sequence[QuantityExpression],
    *,
    table: Table | None = None,
    names_by_label: Mapping[str, str] | None = None,
    by_row: Collection[str] = (),
    chains: int = 1,
) -> pd.DataFrame:
    """Return the summaries of several quantities, one after the other.

    Parameters
    ----------
    chunks
        Predictions, in the order of the table.
    expressions
        The quantities.
    table
        The new rows, whose columns of numbers expressions may have.
    names_by_label
        Stan's name of each element that has a name for people.
    by_row
        Generated quantities of the author that have an element for each row.
    chains
        How many chains the draws come from, one after the other.

    Returns
    -------
    A frame with the columns of `COLUMNS`: `statistic` says what `estimate` is, a mean over draws with `sd`,
    `median`, `lower` and `upper`, a probability, a quantile or a return level; `mcse` is its Monte Carlo
    standard error. A quantity without rows has no `row` and an empty `label`.

    Raises
    ------
    RequestError
        A name is not known, a value is not a number, or there are too few draws.
    BindingError
        A column of the table has a cell that is not a number.
    """
    summaries: list[QuantitySummary] = []
    columns: dict[str, Floats] = {}
    frames: list[list[pd.DataFrame]] = [[] for _ in expressions]
    first = 0
    for chunk in chunks:
        if not summaries:
            numeric = _list_numeric_columns(table, chunk)
            names = list_names(chunk, names_by_label, numeric, tuple(by_row))
            summaries = [QuantitySummary(item, names, chunk.level, chains) for item in expressions]
            columns = _read_columns(table, list_used_names(expressions) & {*numeric})
            first = chunk.first_row  # of a forecast it follows the rows of the fit
        part = slice(chunk.first_row - first, chunk.first_row - first + len(chunk.labels))
        own = {name: values[part] for name, values in columns.items()}
        for summary, found in zip(summaries, frames, strict=True):
            found.append(summary.add(chunk, own))
    for summary, found in zip(summaries, frames, strict=True):
        found.append(summary.finish())
    filled = [frame for found in frames for frame in found if len(frame)]
    return pd.concat(filled, ignore_index=True) if filled else pd.DataFrame(columns=list(COLUMNS))


def _list_numeric_columns(table: Table | None, chunk: Predictions) -> tuple[str, ...]:
    """Return the columns of numbers of a table; where an outcome is predicted by name, that is meant."""
    if table is None:
        return ()
    outcomes = {outcome.quantity for outcome in chunk.outcomes}
    return tuple(name for name in table.columns if name not in outcomes and tables.is_numeric(table, name))


def _read_columns(table: Table | None, names: Collection[str]) -> dict[str, Floats]:
    if table is None:
        return {}
    return {name: tables.to_numbers(table, name).astype(np.float64) for name in names}


def _list_outermost(node: Node, names: KnownNames) -> Sequence[Node]:
    if is_over_rows(node, names):
        return [node]
    arguments = node.arguments if isinstance(node, Operation) else ()
    return [found for argument in arguments for found in _list_outermost(argument, names)]


def _count_draws(predictions: Predictions) -> int:
    """Return how many draws predictions have."""
    counts = [outcome.draws.shape[0] for outcome in predictions.outcomes]
    return max([*counts, *(values.shape[0] for values in predictions.parameters.values())], default=1)
