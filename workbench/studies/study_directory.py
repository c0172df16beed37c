"""Study directories, read back whole or not at all; a study may come from someone else, as a run may."""

from __future__ import annotations

import math
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING

from workbench.errors import RunIncomplete, RunNotFound
from workbench.late_imports import LateModule
from workbench.results import run_directory
from workbench.results.stored import read_bytes, read_json, read_steadily
from workbench.studies.outcomes.table import OutcomeRow
from workbench.studies.record import SCHEMA
from workbench.studies.store import RECORD, TABLE
from workbench.studies.study import Study
from workbench.studies.view import StudyResults

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa
    import pyarrow.parquet as pq
else:
    pa = LateModule("pyarrow")
    pq = LateModule("pyarrow.parquet")
    pd = LateModule("pandas")

_MOST_BYTES = 2**30
"""The longest table of outcomes [bytes]; that of a thousand points and quantities has a hundredth. Ours."""

_MOST_CELLS = 200_000_000
"""The most cells in it. Ours."""

_MOST_RATIO = 1000
"""The most bytes that a byte of the file may stand for; equal cells are packed together. Ours."""

_TEXTS = frozenset({"method", "status", "reason", "scenario", "form", "how", "source", "parameter", "label"})
"""The columns of outcomes that are texts; the others are numbers, or yes and no."""


def read(folder: Path) -> Study:
    """Read a study back.

    Raises
    ------
    RunNotFound, RunIncomplete
        There is no study, a file of it is missing or damaged, or it is not what a study can hold.
    """
    return read_steadily(folder, lambda: _read(folder))


def _read(folder: Path) -> Study:
    if not run_directory.is_study(folder):
        hint = "a study is a folder that `workbench sensitivity` wrote"
        raise RunNotFound(f"a study was expected in `{folder}`, but there is no `{RECORD}`.", hint=hint)
    content = read_json(folder / RECORD)
    if content.get("schema") != SCHEMA:
        schema = str(content.get("schema"))[:40]
        raise RunIncomplete(f"the study in `{folder}` has schema {schema}; this workbench reads {SCHEMA}.")
    frame = _read_frame(folder / TABLE)
    study = Study(content, frame, folder)
    try:
        results = study.results
    except RunIncomplete as reason:
        raise RunIncomplete(
            f"the study in `{folder}` cannot be read: {reason.message}", hint=reason.hint
        ) from reason
    _check_frame(frame, results, folder / TABLE)
    return study


def _read_frame(path: Path) -> pd.DataFrame:
    """Return the table of outcomes, its size checked before it is unpacked.

    Raises
    ------
    RunIncomplete
        It is damaged, or larger than such a table can be.
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
        message = f"`{path}` claims {cells:,} cells in {len(content):,} bytes, more than a study can have."
        raise RunIncomplete(message)
    if frame is None:
        raise RunIncomplete(f"`{path}` has `{odd[0][:80]}` of a type that is not one of a study.")
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


def _check_frame(frame: pd.DataFrame, results: StudyResults, path: Path) -> None:
    """Refuse outcomes that are not those of the study's points.

    Raises
    ------
    RunIncomplete
        The message names the column.
    """
    if frame.columns.has_duplicates:
        raise RunIncomplete(f"`{path}` has two columns of the same name.")
    missing = [name for name in ("point", "method", "status") if name not in frame.columns]
    if missing:
        raise RunIncomplete(f"`{path}` has no column `{missing[0]}`.")
    for name in (item.name for item in fields(OutcomeRow) if item.name in frame.columns):
        column = frame[name].dropna()
        is_text = pd.api.types.is_string_dtype(column) or column.dtype == object
        if len(column) and is_text != (name in _TEXTS):
            expected = "texts" if name in _TEXTS else "numbers"
            raise RunIncomplete(f"`{path}` was expected to hold {expected} in `{name}`.")
    numbers = {point.number for point in results.points}
    others = [number for number in frame["point"].tolist() if number not in numbers]
    if others:
        shown = others[0] if math.isfinite(others[0]) else "none"
        raise RunIncomplete(f"`{path}` has outcomes of a point, {shown}, that is not in `{RECORD}`.")
