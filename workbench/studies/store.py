"""Study directories: what a finished study leaves, and how it is read back."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from pathlib import Path

import pandas as pd

from workbench.errors import RunIncomplete, RunNotFound, StoreError
from workbench.results.store import dump
from workbench.studies.record import SCHEMA
from workbench.studies.study import Study

RECORD = "study.json"
TABLE = "study.parquet"
REPORT = "study.html"
KEPT = "kept"
"""The folder of finished pieces, from which a study that was stopped goes on."""


def write(study: Study, report: str, folder: Path) -> Study:
    """Write a study's files, each whole or not at all; `study.json` comes last.

    Raises
    ------
    StoreError
        The folder cannot be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        aside = folder / f".{TABLE}.{os.getpid()}"
        study.frame.to_parquet(aside, index=False)
        aside.replace(folder / TABLE)
        for name, text in ((REPORT, report), (RECORD, dump(study.record))):
            aside = folder / f".{name}.{os.getpid()}"
            aside.write_text(text, encoding="utf-8")
            aside.replace(folder / name)
    except OSError as reason:
        raise StoreError(f"the study could not be written to `{folder}`: {reason}.") from reason
    return replace(study, folder=folder)


def read(folder: Path) -> Study:
    """Read a study back.

    Raises
    ------
    RunNotFound, RunIncomplete
        There is no study, or a file of it is missing or damaged.
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
        found = content.get("schema")
        raise RunIncomplete(f"the study in `{folder}` has schema {found}; this workbench reads {SCHEMA}.")
    return Study(content, frame, folder)
