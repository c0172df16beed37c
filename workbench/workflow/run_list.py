"""The runs and studies of a folder, each in a few words; only what these need is read of each record.

What is read may come from someone else, and folders that hold neither are listed with the reason.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, fields
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    import pandas as pd

from workbench.errors import RequestError, RunIncomplete
from workbench.results.run_identity import is_of_earlier_run
from workbench.results.store import RECORD, REPORT, STUDY, STUDY_RECORD
from workbench.results.stored import MOST_BYTES, read_bytes
from workbench.segments.folder import RECORD as FITS_RECORD

_REPORTS = {RECORD: REPORT, STUDY_RECORD: "study.html"}
"""The report that belongs to each record."""

_SCHEMA = 1
"""The schema of both records that this workbench reads."""


@dataclass(frozen=True)
class RunEntry:
    """A run or a study in a few words.

    Attributes
    ----------
    folder
        Where it is.
    kind
        `run` or `study`; empty for a folder that is neither.
    model, data, rows
        The program, the file of the table, and how many rows it has.
    verdict
        That of its checks, or of the conclusion of a study; empty where it has none.
    created
        When it was made; `None` where that is not known.
    rhat_max
        The largest R-hat of a run; `None` where no chains were run.
    report
        Its report; `None` where none was drawn.
    updated_from
        The run that it updates with new rows; empty for others.
    is_of_earlier_run
        Whether it is a study in the folder of a run that has been replaced since.
    reason
        Why it cannot be listed.
    """

    folder: Path
    kind: str = ""
    model: str = ""
    data: str = ""
    rows: int | None = None
    verdict: str = ""
    created: datetime | None = None
    rhat_max: float | None = None
    report: Path | None = None
    updated_from: str = ""
    is_of_earlier_run: bool = False
    reason: str = ""


class _Named(msgspec.Struct, frozen=True):
    name: str = ""


class _Data(msgspec.Struct, frozen=True):
    path: str = ""
    rows: int | None = None


class _Verdict(msgspec.Struct, frozen=True):
    verdict: str = ""


class _Estimate(msgspec.Struct, frozen=True):
    rhat: float | None = None


class _Nuts(msgspec.Struct, frozen=True):
    status: str = "ok"
    estimates: Mapping[str, _Estimate] = {}


class _Updated(msgspec.Struct, frozen=True):
    parent: str = ""


class _Record(msgspec.Struct, frozen=True):
    """What is read of either record: a fit has a diagnosis, a study a conclusion."""

    schema: int
    created: str = ""
    model: _Named = _Named()
    data: _Data = _Data()
    nuts: _Nuts = _Nuts()
    diagnosis: _Verdict | None = None
    conclusion: _Verdict | None = None
    updated: _Updated | None = None


def list_runs(folder: Path) -> list[RunEntry]:
    """Return the runs and studies in a folder, and what else it holds, the newest first.

    Parameters
    ----------
    folder
        A folder of runs, or a run or a study itself. A study inside a run is listed too.

    Raises
    ------
    RequestError
        There is no such folder.
    """
    if not folder.is_dir():
        what = "it is not a folder" if folder.exists() else "there is no such folder"
        hint = "`workbench fit` writes its runs to `reports`; `workbench runs FOLDER` lists another folder"
        raise RequestError(f"runs were expected in `{folder}`, but {what}.", hint=hint)
    entries = list(_iterate_entries(folder))
    known = sorted((entry for entry in entries if entry.created), key=_read_time, reverse=True)
    return [*known, *(entry for entry in entries if not entry.created)]


def tabulate_runs(folder: Path) -> pd.DataFrame:
    """Return what `list_runs` finds as a table, with a column for each attribute of `RunEntry`."""
    import pandas as pd  # the command line does without

    entries = [asdict(entry) for entry in list_runs(folder)]
    frame = pd.DataFrame(entries, columns=[field.name for field in fields(RunEntry)])
    created = pd.to_datetime(frame["created"], utc=True)
    return frame.assign(
        rows=frame["rows"].astype("Int64"), created=created, rhat_max=frame["rhat_max"].astype(float)
    )


def _read_time(entry: RunEntry) -> float:
    return entry.created.timestamp() if entry.created else 0.0


def _iterate_entries(folder: Path) -> Iterator[RunEntry]:
    """Yield what is in a folder by name; files, and folders whose names begin with a dot, are not listed."""
    if _find_record(folder):
        yield _read_entry(folder)
        candidates = [folder / STUDY]
    else:
        children = [path for path in sorted(folder.iterdir()) if not path.name.startswith(".")]
        candidates = [path for child in children for path in (child, child / STUDY)]
    for path in candidates:
        if not path.is_dir() or path.is_symlink():
            continue
        if _find_record(path):
            yield _read_entry(path)
        elif _exists(path / FITS_RECORD):
            yield RunEntry(path, reason=f"fits to many groups: `workbench runs {path}` lists them")
        elif path.name != STUDY or path.parent == folder:
            yield RunEntry(
                path, reason=f"neither a run nor a study: it has no {RECORD} and no {STUDY_RECORD}"
            )


def _find_record(folder: Path) -> str:
    """Return the name of the record in a folder; empty where there is none."""
    return next((name for name in _REPORTS if _exists(folder / name)), "")


def _exists(path: Path) -> bool:
    try:
        path.lstat()
    except (OSError, ValueError):
        return False
    return True


def _read_entry(folder: Path) -> RunEntry:
    name = _find_record(folder)
    try:
        record = msgspec.json.decode(read_bytes(folder / name, MOST_BYTES), type=_Record)
    except RunIncomplete as reason:
        return RunEntry(folder, reason=reason.message.rstrip("."))
    except (ValueError, RecursionError) as reason:
        return RunEntry(folder, reason=f"{name} cannot be read: {str(reason) or 'it is nested too deeply'}")
    if record.schema != _SCHEMA:
        return RunEntry(folder, reason=f"{name} has schema {record.schema}; this workbench reads {_SCHEMA}")
    checked = record.diagnosis if name == RECORD else record.conclusion
    rhats = [estimate.rhat for estimate in record.nuts.estimates.values() if estimate.rhat is not None]
    report = folder / _REPORTS[name]
    return RunEntry(
        folder,
        kind="run" if name == RECORD else "study",
        model=record.model.name,
        data=Path(record.data.path).name,
        rows=record.data.rows,
        verdict="" if checked is None else checked.verdict,
        created=_parse_time(record.created),
        rhat_max=max(rhats, default=None) if record.nuts.status == "ok" else None,
        report=report if _exists(report) else None,
        updated_from="" if record.updated is None else record.updated.parent,
        is_of_earlier_run=name == STUDY_RECORD and is_of_earlier_run(folder),
    )


def _parse_time(text: str) -> datetime | None:
    """Return a time as records have it; `None` where it is none.

    >>> _parse_time("2026-01-31T12:00:00+00:00").year, _parse_time("yesterday")
    (2026, None)
    """
    try:
        time = datetime.fromisoformat(text)
        return time if time.tzinfo else time.replace(tzinfo=UTC)
    except ValueError:
        return None
