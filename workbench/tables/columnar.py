"""Parquet, Arrow and Feather: columns with their types, as they were written."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Literal

import pyarrow as pa

from workbench.errors import BindingError
from workbench.provenance import hash_file
from workbench.tables.table import Table

_INDEX = "__index_level_"


def read_columnar(path: Path, written: Literal["parquet", "arrow", "stream"]) -> Table:
    """Read a file of columns.

    Raises
    ------
    BindingError
        The file is damaged, has no rows, or names a column twice.
    """
    try:
        cells = _cells(path, written)
    except (pa.ArrowException, OSError) as reason:
        what = "a Parquet file" if written == "parquet" else "an Arrow file"
        words = f"{what}: {str(reason).splitlines()[0]}"
        raise BindingError(f"`{path}` cannot be read as {words}.", hint="the file may be cut off") from reason
    return Table(path, hash_file(path), *check_cells(str(path), cells))


def _cells(path: Path, written: str) -> pa.Table:
    if written == "parquet":
        import pyarrow.parquet as pq

        return pq.ParquetFile(path).read()
    with pa.OSFile(str(path)) as stream:
        opener = pa.ipc.open_stream if written == "stream" else pa.ipc.open_file
        return opener(stream).read_all()


def check_cells(where: str, cells: pa.Table) -> tuple[pa.Table, tuple[str, ...]]:
    """Return the columns without pandas' nameless row labels, and what there is to say about them.

    Raises
    ------
    BindingError
        There are no columns, no rows, or a name twice.
    """
    index = [name for name in cells.column_names if name.startswith(_INDEX) or not name.strip()]
    cells = cells.select([name for name in cells.column_names if name not in index])
    twice = [name for name, count in Counter(cells.column_names).items() if count > 1]
    if twice:
        raise BindingError(
            f"`{where}` names the column `{twice[0]}` more than once.", hint="rename one of them"
        )
    if not cells.num_columns or not cells.num_rows:
        what = "rows" if cells.num_columns else "columns"
        raise BindingError(f"`{where}` has no {what}; at least one row and one column were expected.")
    remarks = tuple("the row labels have no name and were left out." for _ in index[:1])
    return cells.replace_schema_metadata(None), remarks
