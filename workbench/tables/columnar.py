"""Parquet, Arrow and Feather files: columns that carry their types."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Literal

from workbench.errors import BindingError
from workbench.late_imports import LateModule
from workbench.provenance import hash_file
from workbench.tables.file_format import watch_unpacked_size
from workbench.tables.source import TableSource
from workbench.tables.table import Table, check_unique_names
from workbench.tables.text_columns import TextReading, read_texts

if TYPE_CHECKING:
    import pyarrow as pa
    import pyarrow.compute as pc
else:
    pa = LateModule("pyarrow")
    pc = LateModule("pyarrow.compute")

_INDEX = "__index_level_"
"""How pandas begins the name of an index without a name, when it writes a file."""

SETTLED = {b"workbench": b"columns are settled"}
"""What the schema of an Arrow file says whose texts have been read: they are not read for meaning again."""

_ROWS = 1 << 14
"""Rows of a Parquet file that are read at a time."""


def read_columnar(source: TableSource, written: Literal["parquet", "arrow", "stream"]) -> Table:
    """Read a file of columns.

    Raises
    ------
    BindingError
        The file is damaged, has no rows, names a column twice, or unpacks to more than it may.
    """
    path = source.path
    try:
        cells = _read_cells(source, written)
        check_text(cells)
    except (pa.ArrowException, OSError, ValueError) as reason:
        file_type = "a Parquet file" if written == "parquet" else "an Arrow file"
        raise BindingError(
            f"`{path}` cannot be read as {file_type}: {(str(reason) or 'it is damaged').splitlines()[0]}.",
            hint="the file may be truncated",
        ) from reason
    is_settled = cells.schema.metadata == SETTLED
    cells, remarks = check_cells(str(path), cells)
    reading = TextReading(cells) if is_settled else read_texts(cells, is_typed=True)
    return Table(
        path,
        hash_file(source.file),
        reading.cells,
        remarks,
        missing_words=reading.missing_words,
        formats=reading.formats,
    )


def _read_cells(source: TableSource, written: str) -> pa.Table:
    """Read the cells batch by batch, as far as they may grow: repeated cells can take next to no space."""
    with pa.OSFile(str(source.file)) as stream:
        schema, unread = _list_batches(stream, written)
        batches = list(watch_unpacked_size(source, unread, lambda batch: int(batch.nbytes)))
    return pa.Table.from_batches(batches, schema)


def _list_batches(stream: pa.OSFile, written: str) -> tuple[pa.Schema, Iterator[pa.RecordBatch]]:
    if written == "parquet":
        import pyarrow.parquet as pq

        parquet = pq.ParquetFile(stream)
        return parquet.schema_arrow, parquet.iter_batches(_ROWS)
    if written == "stream":
        reader = pa.ipc.open_stream(stream)
        return reader.schema, iter(reader)
    reader = pa.ipc.open_file(stream)
    return reader.schema, (reader.get_batch(number) for number in range(reader.num_record_batches))


def check_text(cells: pa.Table) -> None:
    """Let Arrow go through all texts: it takes bytes for text when it reads them.

    Raises
    ------
    pyarrow.ArrowInvalid
        Some text is none.
    """
    for column in cells.columns:
        if pa.types.is_dictionary(column.type):
            texts = [chunk.dictionary for chunk in column.chunks]
        else:
            texts = [column]
        for text in texts:
            if pa.types.is_string(text.type) or pa.types.is_large_string(text.type):
                pc.utf8_trim_whitespace(text)


def is_row_label(name: str) -> bool:
    """Return whether a column holds row labels without a name, as pandas writes them."""
    return name.startswith(_INDEX) or not name.strip()


def check_cells(source: str, cells: pa.Table) -> tuple[pa.Table, tuple[str, ...]]:
    """Return the columns without unnamed row labels of pandas, and a remark if there were any.

    Raises
    ------
    BindingError
        There are no columns or no rows, or a name occurs twice.
    """
    index = [name for name in cells.column_names if is_row_label(name)]
    check_unique_names(source, [name for name in cells.column_names if name not in index])
    cells = cells.select([place for place, name in enumerate(cells.column_names) if name not in index])
    if not cells.num_columns or not cells.num_rows:
        missing = "rows" if cells.num_columns else "columns"
        raise BindingError(f"`{source}` has no {missing}; at least one row and one column were expected.")
    cells = pa.table([_to_text(column) for column in cells.columns], cells.column_names)
    remarks = tuple("the row labels have no name and were left out." for _ in index[:1])
    return cells, remarks


def _to_text(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Return bytes and views of text as text, where they are; other columns as they are."""
    is_view = pa.types.is_string_view(column.type) or pa.types.is_binary_view(column.type)
    if not (is_view or pa.types.is_binary(column.type) or pa.types.is_large_binary(column.type)):
        return column
    try:
        return column.cast(pa.string())
    except pa.ArrowException:
        return column
