"""Study directories, read back whole or not at all; a study may come from someone else, as a run may."""

from __future__ import annotations

import math
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING

from workbench.errors import RunIncomplete, RunNotFound
from workbench.late_imports import LateModule
from workbench.results import run_directory
from workbench.results.run_identity import is_of_earlier_run
from workbench.results.stored import read_frame, read_json, read_steadily
from workbench.studies.outcomes.table import OutcomeRow
from workbench.studies.record import SCHEMA
from workbench.studies.store import RECORD, TABLE
from workbench.studies.study import Study
from workbench.studies.view import StudyResults

if TYPE_CHECKING:
    import pandas as pd
else:
    pd = LateModule("pandas")

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
    frame = read_frame(folder / TABLE, "a study")
    study = Study(content, frame, folder, is_of_earlier_run(folder))
    try:
        results = study.results
    except RunIncomplete as reason:
        raise RunIncomplete(
            f"the study in `{folder}` cannot be read: {reason.message}", hint=reason.hint
        ) from reason
    _check_frame(frame, results, folder / TABLE)
    return study


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
