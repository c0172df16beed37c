"""The folder of a fit to each group: runs, the index, the record, and failures that are kept.

::

    <group>-<hash>/  a run for each group, as `workbench fit` writes it, with its rows as an Arrow file
    index.parquet    a row for each group
    fits.json        what was asked, and what came of it
    report.html      what needs a look, and how estimates vary between groups

Index, record and report are written at the end. Until then finished runs, and failures that would be the same
again, are what the same command continues from.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
from msgspec import Struct, field

from workbench import files
from workbench.errors import RunIncomplete, RunNotFound, StoreError
from workbench.late_imports import LateModule
from workbench.provenance import hash_bytes
from workbench.results.json_values import to_typed
from workbench.results.run_directory import SEGMENTS_RECORD
from workbench.results.store import FILES as RUN_FILES
from workbench.results.store import LEAST_SPACE, is_run, refuse_folders
from workbench.results.stored import MOST_BYTES, read_bytes, read_frame, read_json
from workbench.segments.names import RUN, name_stem
from workbench.segments.row import QuantityEstimate, SegmentRow

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa
    import pyarrow.parquet as pq
else:
    pd = LateModule("pandas")
    pa = LateModule("pyarrow")
    pq = LateModule("pyarrow.parquet")

RECORD, INDEX, REPORT = SEGMENTS_RECORD, "index.parquet", "report.html"
"""The files of the folder besides runs."""

FILES = frozenset({RECORD, INDEX, REPORT})
"""All of them."""

UNSHARED = "unshared"
"""The folder of the fits before a prior was shared: one like this."""

KEPT_FAILURES = ".failures.jsonl"
"""Failures that would be the same again, a line each."""

SCHEMA = 1
"""The version of `fits.json`: raised when a key changes its meaning or goes; additions are free."""

_NUMBERS = ("mean", "sd", "lower", "upper")
"""What the index holds of each quantity, in columns `<label>.<number>`."""

_UNSHARED = ("mean", "sd")
"""What it holds of the estimates before a prior was shared, in columns `<label>.unshared_<number>`."""


class SharedPrior(Struct, frozen=True, kw_only=True):
    """A prior whose location and scale were estimated from all groups.

    Attributes
    ----------
    parameter
        The parameter, or the element of a vector, as the index names it.
    family
        `normal`, or `lognormal`, whose location and scale are those of the logarithm.
    is_prior_removed
        Whether the prior of the first fits was taken out of the estimates.
    location, scale
        Of the groups' values: mean, and SD between groups.
    between
        The estimated SD between groups: smaller than the scale where that would be too small for a prior.
    location_se
        Standard error of the location.
    groups
        How many groups it was estimated from.
    within
        The median of the groups' standard errors.
    """

    parameter: str
    family: str
    is_prior_removed: bool
    location: float
    scale: float
    between: float = 0.0
    location_se: float | None = None
    groups: int = 0
    within: float | None = None


class SegmentsRecord(Struct, frozen=True, kw_only=True):
    """What `fits.json` holds.

    Attributes
    ----------
    is_finished
        Whether every group was tried.
    by
        The columns that groups were made by.
    model, model_path, model_sha256, data, data_sha256, rows, dropped
        The program; the table, its rows, and how many were left out as their group is missing.
    groups, failed, verdicts
        How many groups there are, how many have no fit, and how many have each verdict.
    quantities
        The labels that the index has columns for.
    positive
        Those among them that are positive by declaration.
    level
        The probability of the intervals.
    settings
        What was asked, by option.
    index_sha256
        The hash of `index.parquet`.
    seconds
        How long it took since it was last started [s].
    shared
        Priors whose hyperparameters were estimated from all groups.
    unshared
        Why a prior of a parameter is not shared, by parameter.
    hints
        Sentences on what may suit these groups better.
    """

    schema: int
    workbench: str
    created: str
    is_finished: bool
    command: str = ""
    by: tuple[str, ...] = ()
    model: str = ""
    model_path: str = ""
    model_sha256: str = ""
    data: str = ""
    data_sha256: str = ""
    rows: int = 0
    dropped: int = 0
    groups: int = 0
    failed: int = 0
    verdicts: Mapping[str, int] = field(default_factory=dict)
    quantities: tuple[str, ...] = ()
    positive: tuple[str, ...] = ()
    level: float = 0.95
    settings: Mapping[str, Any] = field(default_factory=dict)
    index_sha256: str = ""
    seconds: float | None = None
    shared: tuple[SharedPrior, ...] = ()
    unshared: Mapping[str, str] = field(default_factory=dict)
    hints: tuple[str, ...] = ()
    versions: Mapping[str, str] = field(default_factory=dict)


class Segments:
    """The fits of all groups.

    Parameters
    ----------
    record
        The content of `fits.json`.
    rows
        A row for each group, in the order of the table.
    folder
        Where the runs are.
    fitted
        How many of them were fitted now, not by an earlier command.
    """

    def __init__(
        self, record: SegmentsRecord, rows: Sequence[SegmentRow], folder: Path, fitted: int = 0
    ) -> None:
        self.record = record
        self.rows = tuple(rows)
        self.folder = folder
        self.fitted = fitted

    def __repr__(self) -> str:
        """Return how many groups there are, and how many failed."""
        record = self.record
        return f"<workbench.Segments {record.groups} groups, {record.failed} failed ({self.folder})>"

    @cached_property
    def frame(self) -> pd.DataFrame:
        """The index: a row for each group, as in `index.parquet`."""
        frame: pd.DataFrame = tabulate(self.record, self.rows).to_pandas()
        return frame


def tabulate(
    record: SegmentsRecord, rows: Sequence[SegmentRow], keys: Mapping[str, pa.Array] | None = None
) -> pa.Table:
    """Return the index.

    Parameters
    ----------
    record
        Its columns `by` and `quantities` decide those of the index.
    rows
        The groups.
    keys
        By column that groups were made by, its value in each group; by default the texts.
    """
    columns: dict[str, Any] = {}
    facts = {
        "rows": (pa.int64(), [row.rows for row in rows]),
        "status": (pa.string(), [row.status for row in rows]),
        "verdict": (pa.string(), [row.verdict or None for row in rows]),
        "failed_checks": (pa.string(), [" ".join(row.failed) or None for row in rows]),
        "cautions": (pa.string(), [" ".join(row.cautions) or None for row in rows]),
        "method": (pa.string(), [row.method or None for row in rows]),
        "seconds": (pa.float64(), [row.seconds for row in rows]),
        "rhat_max": (pa.float64(), [row.rhat_max for row in rows]),
        "ess_min": (pa.float64(), [row.ess_min for row in rows]),
        "divergences": (pa.int64(), [row.divergences for row in rows]),
        "run": (pa.string(), [row.run or None for row in rows]),
        "failure": (pa.string(), [row.failure or None for row in rows]),
        "key": (pa.string(), [row.key for row in rows]),
    }
    for place, name in enumerate(record.by):
        texts = pa.array([row.values[place] for row in rows], pa.string())
        columns[name_key(name, facts)] = texts if keys is None else keys[name]
    columns |= {name: pa.array(values, kind) for name, (kind, values) in facts.items()}
    for label in record.quantities:
        for number in _NUMBERS:
            found = [getattr(row.estimates.get(label), number, None) for row in rows]
            columns[f"{label}.{number}"] = pa.array(found, pa.float64())
        if any(label in row.unshared for row in rows):
            for number in _UNSHARED:
                found = [getattr(row.unshared.get(label), number, None) for row in rows]
                columns[f"{label}.unshared_{number}"] = pa.array(found, pa.float64())
    return pa.table(columns)


def name_key(name: str, others: Iterable[str]) -> str:
    """Return the name that a column of groups has in the index.

    >>> name_key("county", ["rows"]), name_key("rows", ["rows"])
    ('county', 'by.rows')
    """
    return f"by.{name}" if name in others or "." in name else name


def list_quantities(rows: Sequence[SegmentRow]) -> tuple[str, ...]:
    """Return the labels that occur in any row, in the order in which they do."""
    return tuple(dict.fromkeys(label for row in rows for label in row.estimates))


def write(segments: Segments, keys: Mapping[str, pa.Array], report: str) -> Segments:
    """Write index, report and record, each whole; the record, which says that all is finished, comes last.

    Raises
    ------
    StoreError
        A file cannot be written.
    """
    sink = pa.BufferOutputStream()
    pq.write_table(tabulate(segments.record, segments.rows, keys), sink, compression="zstd")
    index = sink.getvalue().to_pybytes()
    record = msgspec.structs.replace(segments.record, index_sha256=hash_bytes(index))
    files.replace_file(segments.folder / INDEX, index)
    files.replace_file(segments.folder / REPORT, report)
    write_record(segments.folder, record)
    return Segments(record, segments.rows, segments.folder, segments.fitted)


def dump(segments: Segments) -> str:
    """Return record and rows as JSON."""
    content = {**msgspec.to_builtins(segments.record), "rows_by_group": msgspec.to_builtins(segments.rows)}
    return msgspec.json.format(msgspec.json.encode(content), indent=1).decode() + "\n"


def write_record(folder: Path, record: SegmentsRecord) -> None:
    """Write `fits.json`.

    Raises
    ------
    StoreError
        It cannot be written.
    """
    files.replace_file(folder / RECORD, msgspec.json.format(msgspec.json.encode(record), indent=1) + b"\n")


def read(folder: Path) -> Segments:
    """Read a finished folder back; its runs are not looked at.

    Raises
    ------
    RunNotFound, RunIncomplete
        There is none, it is unfinished, or a file is not as documented.
    """
    record = read_record(folder)
    if not record.is_finished:
        message = f"the fits in `{folder}` are unfinished."
        raise RunIncomplete(message, hint=f"to continue: {record.command or 'run the same command again'}")
    if hash_bytes(read_bytes(folder / INDEX, MOST_BYTES)) != record.index_sha256:
        raise RunIncomplete(f"`{folder / INDEX}` is not the index that `{RECORD}` describes.", hint=_AGAIN)
    return Segments(record, _read_rows(read_frame(folder / INDEX, "an index of fits"), record), folder)


_AGAIN = "run `workbench fit-each` again: finished fits are kept"
"""What mends a folder."""


def read_record(folder: Path) -> SegmentsRecord:
    """Return the record of a folder, finished or not.

    Raises
    ------
    RunNotFound, RunIncomplete
        There is none, or it is not as documented.
    """
    if not is_segments(folder):
        hint = "`workbench fit-each` makes such a folder"
        raise RunNotFound(f"fits of groups were expected in `{folder}`, but it has no `{RECORD}`.", hint=hint)
    content = read_json(folder / RECORD)
    if content.get("schema") != SCHEMA:
        schema = str(content.get("schema"))[:40]
        raise RunIncomplete(f"the fits in `{folder}` have schema {schema}; this workbench reads {SCHEMA}.")
    return to_typed(content, SegmentsRecord, RECORD, _AGAIN)


def is_segments(folder: Path) -> bool:
    """Return whether a folder has a record of fits of groups, whatever that holds."""
    try:
        (folder / RECORD).lstat()
    except (OSError, ValueError):
        return False
    return True


def _read_rows(frame: pd.DataFrame, record: SegmentsRecord) -> list[SegmentRow]:
    """Return the rows of an index.

    Raises
    ------
    RunIncomplete
        A column is missing, or holds what is not of its kind.
    """
    try:
        return [_read_row(cells, record) for cells in frame.to_dict("records")]
    except (KeyError, TypeError, ValueError) as reason:
        raise RunIncomplete(f"`{INDEX}` is not as documented: {reason}.", hint=_AGAIN) from reason


def _read_row(cells: Mapping[Any, Any], record: SegmentsRecord) -> SegmentRow:
    known = {name: None if pd.isna(cell) else cell for name, cell in cells.items()}

    def read_text(name: str) -> str:
        return str(known[name] or "")

    def read_number(name: str) -> float | None:
        found = known.get(name)
        return None if found is None else float(found)

    keys = [name_key(name, _FACTS) for name in record.by]
    divergences = read_number("divergences")
    unshared = {
        label: QuantityEstimate(*(read_number(f"{label}.unshared_{number}") for number in _UNSHARED))
        for label in record.quantities
        if known.get(f"{label}.unshared_mean") is not None
    }
    return SegmentRow(
        values=tuple(_format_key(known[name]) for name in keys),
        rows=int(read_number("rows") or 0),
        key=read_text("key"),
        run=read_text("run"),
        verdict=read_text("verdict"),
        failed=tuple(read_text("failed_checks").split()),
        cautions=tuple(read_text("cautions").split()),
        method=read_text("method"),
        failure=read_text("failure"),
        seconds=read_number("seconds"),
        rhat_max=read_number("rhat_max"),
        ess_min=read_number("ess_min"),
        divergences=None if divergences is None else int(divergences),
        estimates={
            label: QuantityEstimate(*(read_number(f"{label}.{number}") for number in _NUMBERS))
            for label in record.quantities
            if known.get(f"{label}.mean") is not None
        },
        unshared=unshared,
    )


_FACTS = (
    "rows",
    "status",
    "verdict",
    "failed_checks",
    "cautions",
    "method",
    "seconds",
    "rhat_max",
    "ess_min",
    "divergences",
    "run",
    "failure",
    "key",
)
"""The columns of the index besides groups and quantities."""


def _format_key(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:.0f}" if isinstance(value, float) and value.is_integer() else str(value)


# --- The place --------------------------------------------------------------------------------------------


def check_place(folder: Path) -> None:
    """Refuse a place where no such folder can be written.

    Raises
    ------
    StoreError
        It holds something else, is a run, is a link or too long, or cannot be written.
    """
    if is_run(folder):
        hint = "choose another folder with --output"
        raise StoreError(f"`{folder}` is a run, where a folder of runs was to be written.", hint=hint)
    files.check_folder_place(folder, is_segments, "a folder of fits to groups", LEAST_SPACE)
    refuse_folders(folder, FILES, "fits to groups")


def list_runs(folder: Path) -> set[str]:
    """Return the names of the runs of groups in a folder."""
    if not folder.is_dir():
        return set()
    return {path.name for path in folder.iterdir() if RUN.match(path.name) and path.is_dir()}


def remove_stale(folder: Path, wanted: Iterable[str]) -> int:
    """Remove runs of groups that have changed or are gone; return how many stay, as there is more in them."""
    left = 0
    for name in sorted(list_runs(folder) - set(wanted)):
        run = folder / name
        if is_run(run) and _holds_nothing_else(run):
            _remove(run)
        else:
            left += 1
    return left


def clear_run(run: Path) -> None:
    """Make room for a run that is fitted again; where there is more in it, it stays under another name."""
    if _holds_nothing_else(run):
        _remove(run)
        return
    number = next(n for n in itertools.count(1) if not run.with_name(f"{run.name}.earlier{n}").exists())
    run.rename(run.with_name(f"{run.name}.earlier{number}"))


def _holds_nothing_else(run: Path) -> bool:
    """Return whether a folder holds only what a run of a group has."""
    match = RUN.match(run.name)
    own = {*RUN_FILES, f"{match['stem'] if match else ''}.arrow"}
    return not run.is_symlink() and all(
        path.name in own and (path.is_file() or path.is_symlink()) for path in run.iterdir()
    )


def _remove(run: Path) -> None:
    for path in run.iterdir():
        path.unlink()
    run.rmdir()


def name_rows(values: Sequence[str]) -> str:
    """Return the name of the file with a group's rows in its run."""
    return f"{name_stem(values)}.arrow"


def read_failures(folder: Path) -> dict[str, SegmentRow]:
    """Return failures that would be the same again, by key; a line that a kill cut off is left out."""
    found: dict[str, SegmentRow] = {}
    try:
        lines = (folder / KEPT_FAILURES).read_bytes().splitlines()
    except OSError:
        return found
    for line in lines:
        try:
            row = msgspec.json.decode(line, type=SegmentRow)
        except (ValueError, RecursionError):
            continue
        found[row.key] = row
    return found


def write_failures(folder: Path, rows: Iterable[SegmentRow]) -> None:
    """Keep failures that would be the same again.

    Raises
    ------
    StoreError
        They cannot be written.
    """
    lines = [msgspec.json.encode(row) for row in rows if row.is_final and not row.run]
    files.replace_file(folder / KEPT_FAILURES, b"\n".join([*lines, b""]))
