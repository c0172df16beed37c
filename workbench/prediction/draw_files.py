"""Predictions draw by draw, as a file for other tools or as a dataset.

Parquet has a line for each draw and row of the table; netCDF has ArviZ's group `predictions`, with an array
`(chain, draw, row)` for each outcome. Both are written chunk by chunk, and take their place when they are
whole.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, Protocol

import numpy as np
from numpy.typing import NDArray

from workbench import files
from workbench.errors import RequestError
from workbench.late_imports import LateModule
from workbench.prediction.predictions import Floats, OutcomePrediction, Predictions
from workbench.results.quantities import element_name

if TYPE_CHECKING:
    import h5netcdf
    import pyarrow as pa
    import pyarrow.parquet as pq
    import xarray as xr
else:
    h5netcdf = LateModule("h5netcdf")
    pa = LateModule("pyarrow")
    pq = LateModule("pyarrow.parquet")
    xr = LateModule("xarray")

SUFFIXES = (".parquet", ".nc")
"""The kinds of files, by how their names end."""

GROUP = "predictions"
"""ArviZ's name for the group of predictions of new rows."""

_MOST_LINES = 500_000
"""Lines of a Parquet file that are put together at a time."""

_REPEATED = ("chain", "draw", "row", "label")
"""Columns of a Parquet file whose values repeat, so that they are stored once."""

_PIECE = 65_536
"""Bytes of an array of netCDF that are packed together."""

_MISSING = np.iinfo(np.int64).min
"""What stands in netCDF for a whole number that a row does not have."""


@dataclass(frozen=True)
class RowDraws:
    """Draws of something by row of a chunk.

    Attributes
    ----------
    values
        `(s, row)`.
    is_known
        Whether a row has it, `(row,)`.
    is_integer
        Whether it holds whole numbers.
    """

    values: Floats
    is_known: NDArray[np.bool_]
    is_integer: bool = False


class DrawsWriter(Protocol):
    """Takes predictions chunk by chunk."""

    def write(self, predictions: Predictions) -> None:
        """Append the draws of the next rows."""


def check_draws_file(path: Path) -> None:
    """Refuse a file of a kind that draws are not written as.

    Raises
    ------
    RequestError
        The message names the kinds.
    """
    if path.suffix.lower() not in SUFFIXES:
        message = f"draws are written as Parquet or netCDF, and `{path}` ends with neither .parquet nor .nc."
        raise RequestError(message, hint="for example --draws predictions.parquet")


@contextmanager
def open_draws(path: Path, chains: int) -> Iterator[DrawsWriter]:
    """Give a writer of draws, whose file takes its place only if all goes well.

    Parameters
    ----------
    path
        A name that ends with `.parquet` or `.nc`.
    chains
        How many chains the draws come from, one after the other.

    Raises
    ------
    RequestError
        The name ends with something else.
    StoreError
        The file cannot be written; an earlier one is as it was.
    """
    check_draws_file(path)
    write = _open_parquet if path.suffix.lower() == ".parquet" else _open_netcdf
    with files.open_replacement(path) as stream, write(stream, chains) as writer:
        yield writer


def write_passing(chunks: Iterable[Predictions], path: Path, chains: int) -> Iterator[Predictions]:
    """Yield predictions, and write the draws of each chunk to a file, which is there after the last.

    Parameters
    ----------
    chunks
        Predictions, in the order of the table.
    path, chains
        As in `open_draws`.

    Raises
    ------
    StoreError
        The file cannot be written; an earlier one is as it was, also where whoever takes the chunks fails.
    """
    with open_draws(path, chains) as writer:
        for chunk in chunks:
            writer.write(chunk)
            yield chunk


def collect_draws(chunks: Iterable[Predictions], chains: int) -> xr.Dataset:
    """Return predictions draw by draw, as ArviZ's group `predictions` has them.

    Parameters
    ----------
    chunks
        Predictions, in the order of the table.
    chains
        How many chains the draws come from, one after the other.

    Returns
    -------
    An array `(chain, draw, row)` for each outcome, and one for its expectation where that is known. Rows are
    numbered from 1, and named by the coordinate `label`.
    """
    parts = [_as_dataset(chunk, chains) for chunk in chunks]
    return parts[0] if len(parts) == 1 else xr.concat(parts, dim="row")


def list_row_draws(predictions: Predictions) -> dict[str, RowDraws]:
    """Return the draws of each outcome and of its expectation by row of the table, by the name of a column.

    An outcome with several elements in a row has a column for each, numbered from 1 as in ``y_rep[2]``.
    """
    columns: dict[str, RowDraws] = {}
    for outcome in predictions.outcomes:
        columns |= _place(outcome.quantity, outcome.draws, outcome, predictions)
        if outcome.expectation is not None:
            name = f"{outcome.quantity}_expectation"
            columns |= _place(name, outcome.expectation, outcome, predictions, is_integer=False)
    return columns


def _place(
    name: str,
    draws: Floats,
    outcome: OutcomePrediction,
    predictions: Predictions,
    is_integer: bool | None = None,
) -> dict[str, RowDraws]:
    """Return draws of elements as columns by row."""
    rows = outcome.rows - predictions.first_row
    count = len(predictions.labels)
    turns = _number_within(rows)
    most = int(turns.max(initial=0)) + 1
    columns = {}
    for turn in range(most):
        is_own = turns == turn
        values = np.full((draws.shape[0], count), np.nan)
        values[:, rows[is_own]] = draws[:, is_own]
        is_known = np.zeros(count, dtype=bool)
        is_known[rows[is_own]] = True
        own = name if most == 1 else element_name(name, (turn,))
        columns[own] = RowDraws(values, is_known, outcome.is_integer if is_integer is None else is_integer)
    return columns


def _number_within(rows: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return for each element how many of the same row came before it."""
    order = np.argsort(rows, kind="stable")
    ordered = rows[order]
    starts = np.flatnonzero(np.concatenate([[True], ordered[1:] != ordered[:-1]])) if len(rows) else order
    numbers = np.empty(len(rows), dtype=np.int64)
    lengths = np.diff(np.append(starts, len(rows)))
    numbers[order] = np.arange(len(rows)) - np.repeat(starts, lengths)
    return numbers


def _number_draws(count: int, chains: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the chain of each draw and its number within it, both counted from 0."""
    length = count // chains
    return np.repeat(np.arange(chains), length), np.tile(np.arange(length), chains)


def _check_columns(found: dict[str, RowDraws], expected: Iterable[str]) -> None:
    """Refuse a chunk whose rows have other elements than those before.

    Raises
    ------
    RequestError
        Some rows have more elements of an outcome than the rows before.
    """
    if list(found) != list(expected):
        message = "the rows of this table have different numbers of elements of an outcome."
        raise RequestError(message, hint="draws can be written of tables whose rows all have the same")


# --- Parquet ----------------------------------------------------------------------------------------------


@contextmanager
def _open_parquet(stream: BinaryIO, chains: int) -> Iterator[_ParquetWriter]:
    writer = _ParquetWriter(stream, chains)
    try:
        yield writer
    finally:
        writer.close()


class _ParquetWriter:
    """Writes a line for each draw and row, ordered by row, chain and draw."""

    def __init__(self, stream: BinaryIO, chains: int) -> None:
        self._stream = stream
        self._chains = chains
        self._file: Any = None
        self._names: list[str] = []

    def write(self, predictions: Predictions) -> None:
        """Append the draws of the next rows."""
        columns = list_row_draws(predictions)
        count = next(iter(columns.values())).values.shape[0]
        if self._file is None:
            self._names = list(columns)
            schema = _describe_columns(columns)
            self._file = pq.ParquetWriter(
                self._stream, schema, compression="zstd", use_dictionary=[*_REPEATED]
            )
        _check_columns(columns, self._names)
        step = max(1, _MOST_LINES // count)
        for start in range(0, len(predictions.labels), step):
            self._write_rows(predictions, columns, slice(start, start + step))

    def _write_rows(self, predictions: Predictions, columns: dict[str, RowDraws], part: slice) -> None:
        labels = predictions.labels[part]
        count = next(iter(columns.values())).values.shape[0]
        chain, draw = _number_draws(count, self._chains)
        first = predictions.first_row + part.start + 1
        places = np.repeat(np.arange(len(labels), dtype=np.int32), count)
        arrays = [
            np.tile(chain.astype(np.int32), len(labels)),
            np.tile(draw.astype(np.int32), len(labels)),
            places + np.int64(first),
            pa.DictionaryArray.from_arrays(places, pa.array(labels, pa.string())),
            *(_as_lines(own, part) for own in columns.values()),
        ]
        self._file.write_table(pa.table(arrays, schema=self._file.schema))

    def close(self) -> None:
        """Write the end of the file."""
        if self._file is not None:
            try:
                self._file.close()
            finally:
                self._file.is_open = False  # it would try again when it is deleted, and print the error


def _describe_columns(columns: dict[str, RowDraws]) -> pa.Schema:
    return pa.schema(
        [
            ("chain", pa.int32()),
            ("draw", pa.int32()),
            ("row", pa.int64()),
            ("label", pa.dictionary(pa.int32(), pa.string())),
            *((name, pa.int64() if own.is_integer else pa.float64()) for name, own in columns.items()),
        ]
    )


def _as_lines(own: RowDraws, part: slice) -> pa.Array:
    """Return draws of some rows, all draws of a row after those of the row before."""
    lines = own.values[:, part].T.ravel()
    is_absent = np.isnan(lines) if own.is_integer else ~np.repeat(own.is_known[part], own.values.shape[0])
    if own.is_integer:
        return pa.array(np.nan_to_num(lines).astype(np.int64), mask=is_absent)
    return pa.array(lines, mask=is_absent)


# --- netCDF -----------------------------------------------------------------------------------------------


@contextmanager
def _open_netcdf(stream: BinaryIO, chains: int) -> Iterator[_NetcdfWriter]:
    with files.keep_steady(stream) as steady, h5netcdf.File(steady, "w") as file:
        yield _NetcdfWriter(file, chains)


class _NetcdfWriter:
    """Writes arrays `(chain, draw, row)`, which grow along their rows."""

    def __init__(self, file: Any, chains: int) -> None:
        self._chains = chains
        self._group = file.create_group(GROUP)
        self._rows = 0
        self._names: list[str] = []

    def write(self, predictions: Predictions) -> None:
        """Append the draws of the next rows."""
        columns = list_row_draws(predictions)
        if not self._names:
            self._begin(predictions, columns)
        _check_columns(columns, self._names)
        start, stop = self._rows, self._rows + len(predictions.labels)
        self._group.resize_dimension("row", stop)
        self._group["row"][start:stop] = np.arange(start, stop) + predictions.first_row - start + 1
        self._group["label"][start:stop] = np.asarray(predictions.labels, dtype=object)
        for name, own in columns.items():
            self._group[name][:, :, start:stop] = self._shape(name, own)
        self._rows = stop

    def _begin(self, predictions: Predictions, columns: dict[str, RowDraws]) -> None:
        """Declare dimensions and arrays."""
        group = self._group
        count = next(iter(columns.values())).values.shape[0]
        length = count // self._chains
        group.dimensions = {"chain": self._chains, "draw": length, "row": None}
        for name, size in (("chain", self._chains), ("draw", length)):
            group.create_variable(name, (name,), np.int64, data=np.arange(size))
        group.create_variable("row", ("row",), np.int64)
        group.create_variable("label", ("row",), h5netcdf.core.h5py.string_dtype())
        piece = (1, length, max(1, _PIECE // (8 * max(1, length))))
        for name, own in columns.items():
            group.create_variable(
                name,
                ("chain", "draw", "row"),
                np.int64 if own.is_integer else np.float64,
                chunks=piece,
                compression="gzip",
                compression_opts=1,
                shuffle=True,
            )
            group[name].attrs["coordinates"] = "label"
        group.attrs["inference_library"] = "stan"
        group.attrs["method"] = predictions.method
        self._names = list(columns)

    def _shape(self, name: str, own: RowDraws) -> NDArray[Any]:
        """Return draws as the array of a variable; a row without a whole number has the fill value."""
        values = own.values.reshape(self._chains, -1, own.values.shape[1])
        if not own.is_integer:
            return values
        is_absent = np.isnan(values)
        if is_absent.any():
            self._group[name].attrs["_FillValue"] = np.int64(_MISSING)
        return np.where(is_absent, _MISSING, np.nan_to_num(values).astype(np.int64))


def _as_dataset(predictions: Predictions, chains: int) -> xr.Dataset:
    """Return the draws of one chunk."""
    columns = list_row_draws(predictions)
    arrays: dict[str, Any] = {}
    for name, own in columns.items():
        values = own.values.reshape(chains, -1, own.values.shape[1])
        is_whole = own.is_integer and not np.isnan(values).any()
        arrays[name] = (("chain", "draw", "row"), values.astype(np.int64) if is_whole else values)
    length = next(iter(columns.values())).values.shape[0] // chains
    rows = np.arange(len(predictions.labels)) + predictions.first_row + 1
    labels = ("row", np.asarray(predictions.labels, dtype=object))
    coords = {"chain": np.arange(chains), "draw": np.arange(length), "row": rows, "label": labels}
    return xr.Dataset(arrays, coords, {"inference_library": "stan", "method": predictions.method})
