"""Large Parquet files read column by column, each into a file that is mapped into memory.

At no time more than one column, and one copy of it, is in memory itself: what is mapped is on disk, and the
system keeps as much of it in memory as there is room for.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from workbench.errors import BindingError
from workbench.late_imports import LateModule
from workbench.provenance import hash_file
from workbench.tables.columnar import check_cells, check_text, is_row_label
from workbench.tables.file_format import detect_format, watch_unpacked_size
from workbench.tables.source import TableSource, open_source
from workbench.tables.table import Table
from workbench.tables.text_columns import read_texts

if TYPE_CHECKING:
    import pyarrow as pa
    import pyarrow.parquet as pq
else:
    pa = LateModule("pyarrow")
    pq = LateModule("pyarrow.parquet")

LARGE = 1 << 30
"""Bytes of a Parquet file, unpacked, from which its columns are mapped. Ours: smaller ones fit in memory."""

_ROWS = 1 << 20
"""Rows of a column in one piece."""


def read_mapped(path: Path, folder: Path) -> Table | None:
    """Read a large Parquet file; `None` where a file is not large, or of another kind.

    Parameters
    ----------
    path
        The file.
    folder
        Where the files of the columns are put; they must stay as long as the table is used.

    Raises
    ------
    BindingError
        As `read` does.
    """
    with open_source(path) as source:
        if detect_format(source) != "parquet":
            return None
        try:
            with pa.OSFile(str(source.file)) as stream:
                return _read(source, pq.ParquetFile(stream), folder)
        except pa.ArrowException as reason:
            raise BindingError(
                f"`{path}` cannot be read as a Parquet file: {str(reason).splitlines()[0]}.",
                hint="the file may be truncated",
            ) from reason


def _read(source: TableSource, file: pq.ParquetFile, folder: Path) -> Table | None:
    groups = (file.metadata.row_group(number) for number in range(file.metadata.num_row_groups))
    schema = file.schema_arrow
    is_flat = len(set(schema.names)) == len(schema.names) and not any(
        pa.types.is_nested(field.type) or "." in field.name for field in schema
    )
    if not is_flat or sum(group.total_byte_size for group in groups) < LARGE:
        return None
    names = [name for name in schema.names if not is_row_label(name)]
    columns = watch_unpacked_size(source, _read_columns(file, names), lambda column: int(column.nbytes))
    mapped: list[pa.ChunkedArray] = []
    words: dict[str, Mapping[str, int]] = {}
    formats: dict[str, str] = {}
    for column in columns:
        check_text(column)
        cells, _ = check_cells(str(source.path), column)
        reading = read_texts(cells, is_typed=True)
        mapped.append(map_column(reading.cells.column(0), folder / f"{len(mapped)}.arrow"))
        words |= reading.missing_words
        formats |= reading.formats
    remarks = () if len(names) == len(schema.names) else ("the row labels have no name and were left out.",)
    cells = pa.Table.from_arrays(mapped, names=names)
    table = Table(source.path, hash_file(source.file), cells, remarks)
    return replace(table, missing_words=words, formats=formats)


def _read_columns(file: pq.ParquetFile, names: list[str]) -> Iterator[pa.Table]:
    for name in names:
        yield pa.Table.from_batches(file.iter_batches(_ROWS, columns=[name]), None)


def map_column(column: pa.ChunkedArray, path: Path) -> pa.ChunkedArray:
    """Write a column to a file, and return it as the file holds it."""
    cells = pa.Table.from_arrays([column], names=[""]).unify_dictionaries()
    with pa.OSFile(str(path), "wb") as sink, pa.ipc.new_file(sink, cells.schema) as writer:
        writer.write_table(cells, max_chunksize=_ROWS)
    return pa.ipc.open_file(pa.memory_map(str(path))).read_all().column(0)
