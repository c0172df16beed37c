"""A table by groups: its rows in the order of the groups, so that each group is a slice of it.

What a column holds is decided by the whole table before its rows are divided: a column that is text in one
group is text in all of them. The table stays in Arrow's memory; a group is a view of it.
"""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from workbench.errors import BindingError
from workbench.late_imports import LateModule
from workbench.tables.arrow_arrays import as_array, as_numpy
from workbench.tables.columnar import SETTLED
from workbench.tables.columns import classify_column, describe_bad_cells, find_missing, to_texts
from workbench.tables.mapped import map_column
from workbench.tables.table import Table, drop_rows

if TYPE_CHECKING:
    import pyarrow as pa
    import pyarrow.compute as pc
else:
    pa = LateModule("pyarrow")
    pc = LateModule("pyarrow.compute")


@dataclass(frozen=True)
class RowGroup:
    """A group of rows.

    Attributes
    ----------
    values
        Its value of each column that groups were made by, as text.
    start, rows
        Its rows in the sorted table.
    """

    values: tuple[str, ...]
    start: int
    rows: int

    @property
    def label(self) -> str:
        """Its values, with commas."""
        return ", ".join(self.values)


@dataclass(frozen=True)
class GroupedTable:
    """A table whose rows are in the order of the groups.

    Attributes
    ----------
    table
        The table, sorted: groups by their first row, the rows of a group as in the file.
    by
        The columns that groups were made by.
    groups
        The groups.
    dropped
        How many rows were left out because their group is missing.
    """

    table: Table
    by: tuple[str, ...]
    groups: tuple[RowGroup, ...] = field(repr=False)
    dropped: int = 0

    def take(self, group: RowGroup) -> Table:
        """Return the rows of a group, which keep their numbers in the file, as a table."""
        numbers = self.table.row_numbers
        assert numbers is not None  # noqa: S101 - `group_rows` gives them
        rows = slice(group.start, group.start + group.rows)
        cells = self.table.cells.slice(group.start, group.rows)
        return replace(self.table, cells=cells, row_numbers=numbers[rows])


def group_rows(
    table: Table, by: Sequence[str], *, drops_missing: bool = False, folder: Path | None = None
) -> GroupedTable:
    """Return a table by groups; its rows may be in any order.

    Parameters
    ----------
    table
        The table.
    by
        One or several columns; each combination of values that occurs is a group.
    drops_missing
        Whether rows without a group are left out; otherwise they are refused.
    folder
        Where the sorted columns are put, which are mapped into memory then; `None` keeps them in memory.

    Raises
    ------
    BindingError
        There is no such column, it cannot name groups, or a row has no group.
    """
    for name in by:
        _check_column(table, name)
    repeated = next((name for place, name in enumerate(by) if name in by[:place]), "")
    if repeated:
        raise BindingError(f"--by names the column `{repeated}` twice.")
    is_missing = np.zeros(table.rows, dtype=bool)
    for name in by:
        missing = find_missing(table, name)
        if missing.any() and not drops_missing:
            raise describe_bad_cells(table, name, missing, "the name of a group")
        is_missing |= missing
    dropped = int(is_missing.sum())
    if dropped:
        table = drop_rows(table, is_missing)
    if not table.rows:
        raise BindingError(f"no row of `{table.path}` has a group: {_list(by)} is empty in all of them.")
    codes, firsts = _number_groups(table, by)
    order = np.argsort(codes, kind="stable")
    counts = np.bincount(codes, minlength=len(firsts))
    starts = np.concatenate([[0], np.cumsum(counts)[:-1]])
    texts = [to_texts(table, name).take(as_array(firsts)).to_pylist() for name in by]
    groups = tuple(
        RowGroup(values, int(start), int(rows))
        for values, start, rows in zip(zip(*texts, strict=True), starts, counts, strict=True)
    )
    numbers = np.arange(1, table.rows + 1) if table.row_numbers is None else table.row_numbers
    table = _sort(replace(table, row_numbers=numbers), order, folder)
    return GroupedTable(table, tuple(by), groups, dropped)


def write_settled(table: Table) -> bytes:
    """Return a table as an Arrow file whose columns are read as they are; equal cells give equal bytes."""
    columns = [_compact(column) for column in table.cells.columns]
    cells = pa.Table.from_arrays(columns, names=table.cells.column_names).replace_schema_metadata(SETTLED)
    sink = pa.BufferOutputStream()
    with pa.ipc.new_file(sink, cells.schema) as writer:
        writer.write_table(cells)
    content: bytes = sink.getvalue().to_pybytes()
    return content


def read_settled(content: bytes, like: Table) -> Table:
    """Return the table of bytes that `write_settled` made, with all that `like` says besides cells."""
    cells = pa.ipc.open_file(pa.BufferReader(content)).read_all()
    return replace(like, cells=cells.replace_schema_metadata(None))


def _check_column(table: Table, name: str) -> None:
    """Refuse a column that is not there, or that holds nothing a group can be named by.

    Raises
    ------
    BindingError
        The message names the column.
    """
    if table.values is not None:
        raise BindingError(
            f"`{table.path}` holds Stan's data, not rows; a table with the column `{name}` was expected."
        )
    if not table.has_column(name):
        close = difflib.get_close_matches(name, table.columns, 1, cutoff=0.5)
        listed = ", ".join(f"`{column}`" for column in table.columns[:_MOST_NAMED])
        more = ", ..." if len(table.columns) > _MOST_NAMED else ""
        raise BindingError(
            f"groups were to be made by `{name}`, which `{table.path}` does not have; it has {listed}{more}.",
            hint=f"did you mean `{close[0]}`?" if close else None,
        )
    kind = classify_column(table, name)
    if kind in ("nested", "bytes", "nothing"):
        contents = {"nested": "lists or records", "bytes": "bytes that are no text", "nothing": "no value"}
        raise BindingError(
            f"column `{name}` of `{table.path}` holds {contents[kind]}, by which there can be no groups."
        )


_MOST_NAMED = 8
"""Columns that a message lists. Ours."""


def _number_groups(table: Table, by: Sequence[str]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the number of each row's group, `(rows,)`, and the first row of each group, `(groups,)`."""
    codes = np.zeros(table.rows, dtype=np.int64)
    for name in by:
        encoded = to_texts(table, name).combine_chunks().dictionary_encode()
        indices = as_numpy(encoded.indices.cast(pa.int64()))
        _, codes = np.unique(codes * len(encoded.dictionary) + indices, return_inverse=True)
    _, firsts, codes = np.unique(codes, return_index=True, return_inverse=True)
    rank = np.empty(len(firsts), dtype=np.int64)
    rank[np.argsort(firsts)] = np.arange(len(firsts))
    return rank[codes], np.sort(firsts)


def _sort(table: Table, order: NDArray[np.int64], folder: Path | None) -> Table:
    """Return a table with its rows in another order; one whose rows are in order is not copied."""
    if (np.diff(order) == 1).all():
        return table
    assert table.row_numbers is not None  # noqa: S101 - see `group_rows`
    places = as_array(order)
    columns = []
    for number, column in enumerate(table.cells.columns):
        taken = column.take(places)
        columns.append(taken if folder is None else map_column(taken, folder / f"sorted-{number}.arrow"))
    cells = pa.Table.from_arrays(columns, names=table.cells.column_names)
    return replace(table, cells=cells, row_numbers=table.row_numbers[order])


def _compact(column: pa.ChunkedArray) -> pa.Array:
    """Return a column in one piece whose memory holds its cells alone, missing ones as zeros."""
    places = as_array(np.arange(len(column)))
    whole = column.combine_chunks()
    piece = whole.chunk(0) if isinstance(whole, pa.ChunkedArray) else whole
    return piece.take(places)


def _list(names: Sequence[str]) -> str:
    return " or ".join(f"`{name}`" for name in names)
