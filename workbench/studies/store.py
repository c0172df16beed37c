"""Study directories: what a finished study leaves, and how it is read back."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pandas as pd

from workbench.errors import RunIncomplete, RunNotFound, StoreError
from workbench.results.store import dump, replace_file
from workbench.studies.fits.cache import write_whole
from workbench.studies.record import SCHEMA
from workbench.studies.study import Study

RECORD = "study.json"
"""The file with everything but the outcomes."""

TABLE = "study.parquet"
"""The file with the outcomes."""

REPORT = "study.html"
"""The report."""

CACHE = "kept"
"""The folder of finished work, from which an interrupted study continues."""


def write(study: Study, report: str, folder: Path) -> Study:
    """Write a study's files, each whole or not at all; `study.json` comes last.

    Raises
    ------
    StoreError
        The folder cannot be written.
    """
    try:
        write_whole(folder / TABLE, lambda path: study.frame.to_parquet(path, index=False))
    except OSError as reason:
        raise StoreError(f"`{folder / TABLE}` could not be written: {reason}.") from reason
    replace_file(folder / REPORT, report)
    replace_file(folder / RECORD, dump(study.record))
    return replace(study, folder=folder)


def read(folder: Path) -> Study:
    """Read a study back.

    Raises
    ------
    RunNotFound, RunIncomplete
        There is no study, or a file of it is missing, damaged or not as documented.
    """
    if not (folder / RECORD).is_file():
        hint = "a study is a folder that `workbench sensitivity` wrote"
        raise RunNotFound(f"a study was expected in `{folder}`, but there is no `{RECORD}`.", hint=hint)
    try:
        content = json.loads((folder / RECORD).read_text(encoding="utf-8"))
        frame = pd.read_parquet(folder / TABLE)
    except (OSError, ValueError) as reason:
        raise RunIncomplete(f"the study in `{folder}` cannot be read: {reason}.") from reason
    if content.get("schema") != SCHEMA:
        schema = content.get("schema")
        raise RunIncomplete(f"the study in `{folder}` has schema {schema}; this workbench reads {SCHEMA}.")
    study = Study(content, frame, folder)
    try:
        _ = study.results
    except RunIncomplete as reason:
        raise RunIncomplete(
            f"the study in `{folder}` cannot be read: {reason.message}", hint=reason.hint
        ) from reason
    return study
