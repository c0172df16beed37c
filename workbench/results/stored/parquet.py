"""Tables of results from files that may come from someone else: examined, then read."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from workbench.errors import RunIncomplete
from workbench.late_imports import LateModule
from workbench.results.stored.plain_file import read_bytes

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa
    import pyarrow.parquet as pq
else:
    pa = LateModule("pyarrow")
    pq = LateModule("pyarrow.parquet")

_MOST_BYTES = 2**30
"""The longest table [bytes]; that of a study with a thousand points and quantities has a hundredth. Ours."""

_MOST_CELLS = 200_000_000
"""The most cells in it. Ours."""

_MOST_RATIO = 1000
"""The most bytes that a byte of the file may stand for; equal cells are packed together. Ours."""


def read_frame(path: Path, what: str) -> pd.DataFrame:
    """Return a table of plain numbers and texts, its size checked before it is unpacked.

    Parameters
    ----------
    path
        The Parquet file.
    what
        Whose table it is, for messages: `a study`.

    Raises
    ------
    RunIncomplete
        It is damaged, or larger than such a table can be, or has cells of another kind.
    """
    content = read_bytes(path, _MOST_BYTES)
    try:
        file = pq.ParquetFile(pa.BufferReader(content))
        metadata = file.metadata
        groups = [metadata.row_group(number) for number in range(metadata.num_row_groups)]
        size = sum(group.total_byte_size for group in groups)
        cells = metadata.num_rows * max(1, metadata.num_columns)
        is_too_large = cells > _MOST_CELLS or size > _MOST_RATIO * len(content) or metadata.num_rows < 0
        if not is_too_large:
            table = file.read(use_threads=False).replace_schema_metadata(None)
            table.validate(full=True)  # texts are UTF-8: pandas decodes them later
            odd = [field.name for field in table.schema if not _is_plain(field.type)]
            frame: pd.DataFrame | None = None if odd else table.to_pandas(ignore_metadata=True)
    except Exception as reason:  # pyarrow passes on whatever its library says about damaged files
        raise RunIncomplete(f"`{path}` is damaged: {_describe(reason)}.") from reason
    if is_too_large:
        message = f"`{path}` claims {cells:,} cells in {len(content):,} bytes, more than {what} can have."
        raise RunIncomplete(message)
    if frame is None:
        raise RunIncomplete(f"`{path}` has `{odd[0][:80]}` of a type that is not one of {what}.")
    return frame


def _describe(reason: Exception) -> str:
    r"""Return the first line of an error, or its kind where it says nothing.

    >>> _describe(ValueError("first\nsecond")), _describe(ValueError())
    ('first', 'ValueError')
    """
    return (str(reason).strip() or type(reason).__name__).splitlines()[0][:200].rstrip(".")


def _is_plain(kind: pa.DataType) -> bool:
    is_number = pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_boolean(kind)
    is_text = pa.types.is_string(kind) or pa.types.is_large_string(kind)
    return bool(is_number or is_text or pa.types.is_null(kind))
