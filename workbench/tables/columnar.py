"""Parquet, Arrow and Feather files: columns that carry their types."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import pyarrow as pa

from workbench.errors import BindingError
from workbench.provenance import hash_file
from workbench.tables.table import Table, check_unique_names
from workbench.tables.text_columns import read_texts

_INDEX = "__index_level_"
"""How pandas begins the name of an index without a name, when it writes a file."""


def read_columnar(path: Path, written: Literal["parquet", "arrow", "stream"]) -> Table:
    """Read a file of columns.

    Raises
    ------
    BindingError
        The file is damaged, has no rows, or names a column twice.
    """
    try:
        cells = _read_cells(path, written)
    except (pa.ArrowException, OSError) as reason:
        file_type = "a Parquet file" if written == "parquet" else "an Arrow file"
        raise BindingError(
            f"`{path}` cannot be read as {file_type}: {str(reason).splitlines()[0]}.",
            hint="the file may be truncated",
        ) from reason
    cells, remarks = check_cells(str(path), cells)
    reading = read_texts(cells, is_typed=True)
    return Table(
        path,
        hash_file(path),
        reading.cells,
        remarks,
        missing_words=reading.missing_words,
        formats=reading.formats,
    )


def _read_cells(path: Path, written: str) -> pa.Table:
    if written == "parquet":
        import pyarrow.parquet as pq

        return pq.ParquetFile(path).read()
    with pa.OSFile(str(path)) as stream:
        open_cells = pa.ipc.open_stream if written == "stream" else pa.ipc.open_file
        return open_cells(stream).read_all()


def check_cells(source: str, cells: pa.Table) -> tuple[pa.Table, tuple[str, ...]]:
    """Return the columns without unnamed row labels of pandas, and a remark if there were any.

    Raises
    ------
    BindingError
        There are no columns or no rows, or a name occurs twice.
    """
    index = [name for name in cells.column_names if name.startswith(_INDEX) or not name.strip()]
    cells = cells.select([name for name in cells.column_names if name not in index])
    check_unique_names(source, cells.column_names)
    if not cells.num_columns or not cells.num_rows:
        missing = "rows" if cells.num_columns else "columns"
        raise BindingError(f"`{source}` has no {missing}; at least one row and one column were expected.")
    remarks = tuple("the row labels have no name and were left out." for _ in index[:1])
    return cells.replace_schema_metadata(None), remarks
