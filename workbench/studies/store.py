"""Study directories: what a finished study leaves; `study_directory` reads it back."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec

from workbench import files
from workbench.errors import RunIncomplete
from workbench.results.store import LEAST_SPACE, STUDY_RECORD, dump, refuse_folders
from workbench.results.stored import MOST_BYTES, read_bytes
from workbench.studies.study import Study

RECORD = STUDY_RECORD
"""The file with everything but the outcomes."""

TABLE = "study.parquet"
"""The file with the outcomes."""

REPORT = "study.html"
"""The report."""

CACHE = "kept"
"""The folder of finished work, from which an interrupted study continues."""

FILES = frozenset({RECORD, TABLE, REPORT})
"""The files of a finished study: what is replaced by the next one."""


def write(study: Study, report: str, folder: Path) -> Study:
    """Publish a study's files in one step; finished work and what is not of the study stay in the folder.

    Raises
    ------
    StoreError
        The folder cannot be written; an earlier study is as it was.
    """
    check_place(folder)
    with files.publish_folder(folder, FILES.__contains__) as aside:
        study.frame.to_parquet(aside / TABLE, index=False)
        (aside / REPORT).write_text(report, encoding="utf-8", errors="backslashreplace")
        (aside / RECORD).write_text(dump(study.record), encoding="utf-8")
    return replace(study, folder=folder)


def check_place(folder: Path) -> None:
    """Refuse a place where no study can be published.

    Raises
    ------
    StoreError
        It holds something other than a study, is a link or too long, or cannot be written.
    """
    files.restore(folder)
    files.check_folder_place(folder, _is_study, "a study", LEAST_SPACE)
    refuse_folders(folder, FILES, "a study")


def _is_study(folder: Path) -> bool:
    """Return whether a folder holds a study, or the finished work of one that was interrupted."""
    path = folder / RECORD
    if not path.exists():
        names = {entry.name for entry in folder.iterdir() if not entry.name.startswith(".")}
        return names <= {*FILES, CACHE}
    try:
        msgspec.json.decode(read_bytes(path, MOST_BYTES), type=_StudyMark)
    except (RunIncomplete, ValueError, RecursionError):
        return False
    return True


class _StudyMark(msgspec.Struct):
    """What distinguishes the record of a study from another `study.json`."""

    schema: int
    workbench: str
    plan: Any
