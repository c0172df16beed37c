"""Run directories, published whole by one rename; `run_directory` reads them back."""

from __future__ import annotations

import json
import sys
import threading
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import msgspec

from workbench import files
from workbench.errors import StoreError
from workbench.late_imports import LateModule
from workbench.methods import RESULTS
from workbench.results.fit import Fit
from workbench.results.json_values import to_json_values
from workbench.results.rounding import to_single
from workbench.results.spreadsheet import format_csv
from workbench.results.view.description import StandardizationDescription

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr
else:
    pd = LateModule("pandas")

RECORD = "run.json"
TREE = "fit.nc"
SUMMARY = "summary.csv"
CONSOLE = "console.log"
REPORT = "report.html"
EXPLORE = "explore.html"
"""The files of a run directory."""

PRIORS = "priors.toml"
"""The file in a run that holds the posterior carried into it."""

FILES = frozenset({RECORD, TREE, SUMMARY, CONSOLE, REPORT, EXPLORE})
"""All of them: whatever else is in a run directory is the user's, or a study, and is never removed."""

STUDY_RECORD = "study.json"
"""The record of a study, by which its folder is told from that of a run."""

STUDY = "study"
"""The folder in that of a run where a study of it is by default."""

FAILED = ".failed"
"""What the name of a run that failed ends with, where an earlier run with results keeps its own."""

LEAST_SPACE = 200_000
"""The least space that a run takes: its report and its record [bytes]."""

_one_at_a_time = threading.Lock()
"""Held while Dask's settings are changed: they are those of the whole process."""

_PACKING = 4
_PIECE = 65_536
_WORTH_PACKING = 1000
"""zlib's level, the bytes of a piece that it compresses, and the values from which an array is compressed."""


def write(fit: Fit, report: str | None, folder: Path) -> Path:
    """Publish a fit as a run directory, in one step; what is not of a run stays in the folder.

    A report is part of it if there is one already; an earlier one never stays.

    Raises
    ------
    StoreError
        The place is taken by something that is not a run, or cannot be written; an earlier run is as it was.
    """
    check_place(folder)
    with files.publish_folder(folder, is_ours) as aside:
        with (aside / TREE).open("x+b") as stream:
            _write_tree(fit.tree, stream)
        (aside / SUMMARY).write_text(
            format_csv(tabulate_estimates(fit.record)), encoding="utf-8", errors="backslashreplace"
        )
        (aside / CONSOLE).write_text(_console(fit), encoding="utf-8", errors="backslashreplace")
        if report is not None:
            (aside / REPORT).write_text(report, encoding="utf-8", errors="backslashreplace")
        (aside / RECORD).write_text(dump(fit.record), encoding="utf-8")
    return folder


def check_place(folder: Path) -> None:
    """Refuse a place where no run can be published.

    Raises
    ------
    StoreError
        It holds something other than a run, is a link or too long, or cannot be written.
    """
    files.restore(folder)
    files.check_folder_place(folder, is_run, "a run", LEAST_SPACE)
    refuse_folders(folder, FILES, "a run")
    if holds_results(folder):
        failed = name_failed(folder)
        try:
            files.check_folder_place(failed, is_run, "a run", LEAST_SPACE)
        except StoreError as reason:
            message = f"a fit that fails would be kept in `{failed}`: {reason.message}"
            raise StoreError(message, hint="rename that, or choose another folder with --output") from reason


def refuse_folders(folder: Path, names: Iterable[str], what: str) -> None:
    """Refuse a place where folders have the names of files that will be written.

    Raises
    ------
    StoreError
        The message names the first.
    """
    for name in sorted(names):
        if (folder / name).is_dir() and not (folder / name).is_symlink():
            message = f"`{folder / name}` is a folder, where a file of {what} was to be written."
            raise StoreError(message, hint="rename it, or choose another folder with --output")


def choose_place(fit: Fit, folder: Path) -> Path:
    """Return where a fit is published: one that failed goes beside a run that did not."""
    failed = not _has_results({key: _Part(part.get("status", "ok")) for key, part in _iterate_parts(fit)})
    return name_failed(folder) if failed and holds_results(folder) else folder


def find_earlier(folder: Path) -> Path | None:
    """Return the run beside which a failed one was published; `None` where it took its own place."""
    earlier = folder.with_name(folder.name.removesuffix(FAILED))
    return earlier if earlier != folder and earlier.name and holds_results(earlier) else None


def name_failed(folder: Path) -> Path:
    """Return the place beside a run for one that failed.

    >>> name_failed(Path("reports/run")).as_posix()
    'reports/run.failed'
    """
    return folder.with_name(f"{folder.name}{FAILED}")


def is_ours(name: str) -> bool:
    """Return whether an entry of a run directory is a file of the run."""
    return name in FILES


def is_run(folder: Path) -> bool:
    """Return whether a folder is a run directory: its `run.json` is the record of a fit."""
    return _read_mark(folder) is not None


def holds_results(folder: Path) -> bool:
    """Return whether a folder is a run directory whose fit did not fail."""
    mark = _read_mark(folder)
    return mark is not None and _has_results({key: getattr(mark, key) for key in RESULTS})


def replace_tree(tree: xr.DataTree, path: Path) -> None:
    """Write draws as a netCDF file, whole or not at all.

    Raises
    ------
    StoreError
        The file could not be written.
    """
    with files.open_replacement(path) as stream:
        _write_tree(tree, stream)


def _write_tree(tree: xr.DataTree, stream: BinaryIO) -> None:
    with files.keep_steady(stream) as steady:
        single = to_single(tree)
        with _without_cluster():
            single.to_netcdf(steady, engine="h5netcdf", encoding=_encoding(single))


@contextmanager
def _without_cluster() -> Iterator[None]:
    """Keep xarray from asking a Dask cluster for a lock, where this process happens to know one."""
    dask = sys.modules.get("dask")
    if dask is None:
        yield
        return
    with _one_at_a_time, dask.config.set(scheduler="synchronous"):
        yield


def with_entries(fit: Fit, entries: Mapping[str, Any]) -> Fit:
    """Return a fit whose record has further entries, such as its diagnosis."""
    return replace(fit, record={**fit.record, **entries})


def is_in_place(fit: Fit) -> bool:
    """Return whether the folder of a fit still holds its record: another command may have replaced it."""
    return fit.folder is not None and holds_record(fit.folder / RECORD, fit.record)


def holds_record(path: Path, record: Mapping[str, Any]) -> bool:
    """Return whether a file holds this record."""
    try:
        stored: object = json.loads(path.read_text(encoding="utf-8"))
        return bool(stored == json.loads(dump(record)))
    except (OSError, ValueError):
        return False


def dump(record: Mapping[str, Any]) -> str:
    """Return a record as the text of `run.json`."""
    return json.dumps(to_json_values(record), indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def tabulate_estimates(record: Mapping[str, Any]) -> pd.DataFrame:
    """Return one row for each quantity and one column for each number of each method, as `summary.csv`.

    The names of a quantity come first, then the columns of ArviZ's summary where there are draws by NUTS. The
    column `units` is there only where results are not on the scale of the data.
    """
    rows: dict[str, dict[str, Any]] = {}
    summaries = _summarise_as_arviz(record)
    for method in RESULTS:
        for name, numbers in record.get(method, {"estimates": {}})["estimates"].items():
            names = {"parameter": name, "label": numbers.get("label", name)}
            row = rows.setdefault(name, names | summaries.get(name, dict.fromkeys(_list_summary(record))))
            row |= {f"{method}_{key}": number for key, number in numbers.items() if key != "label"}
    standardized = record.get("data", {}).get("standardized", {})
    units = msgspec.convert(standardized, StandardizationDescription, strict=False).units
    for row in rows.values():
        row |= {"units": units} if units else {}
    for name, gap in record["gaps"].items():
        rows[name] |= {f"gap_{key}": number for key, number in gap.items() if key != "missed"}
    return pd.DataFrame(list(rows.values()))


def _list_summary(record: Mapping[str, Any]) -> dict[str, str]:
    """Return the columns of ArviZ's summary with the keys of `run.json` for them; none without draws by NUTS.

    ArviZ names the ends of a central interval `eti` by the percentage of its probability. Two numbers are
    ours: `sd` divides by the number of draws less one, and `ess_tail` is that of the 5% and 95% quantiles, as
    in Vehtari et al. (2021), doi:10.1214/20-BA1221; ArviZ 1 divides by the number of draws, and takes the
    ends of its own default interval.
    """
    if not record.get("nuts", {}).get("estimates"):
        return {}
    percentage = f"{record.get('interval', {}).get('level', 0.95) * 100:g}"
    ends = {f"eti{percentage}_lb": "lower", f"eti{percentage}_ub": "upper"}
    errors = {"mcse_mean": "mcse_mean", "mcse_sd": "mcse_sd"}
    convergence = {"ess_bulk": "ess_bulk", "ess_tail": "ess_tail", "r_hat": "rhat"}
    return {"mean": "mean", "sd": "sd", **ends, **convergence, **errors}


def _summarise_as_arviz(record: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Return the numbers of ArviZ's summary by Stan's name of the quantity."""
    columns = _list_summary(record)
    return {
        name: {column: numbers.get(key) for column, key in columns.items()}
        for name, numbers in (record["nuts"]["estimates"].items() if columns else ())
    }


def _encoding(tree: xr.DataTree) -> dict[str, dict[str, dict[str, Any]]]:
    """Return how arrays are packed: at a level that costs little time."""
    return {
        group.path: {
            str(name): {
                "zlib": True,
                "complevel": _PACKING,
                "shuffle": True,
                "chunksizes": _choose_chunk(array),
            }
            for name, array in group.data_vars.items()
            if array.ndim and array.dtype.kind in "fiub" and array.size > _WORTH_PACKING
        }
        for group in tree.subtree
        if group.data_vars
    }


def _choose_chunk(array: xr.DataArray) -> tuple[int, ...]:
    """Return the shape of the pieces of an array: all draws of a chain for a few elements."""
    left = max(1, _PIECE // array.dtype.itemsize)
    shape = list(array.shape)
    is_by_chain = array.dims[:1] == ("chain",) and array.ndim > 1
    order = [1, *range(array.ndim - 1, 1, -1), 0] if is_by_chain else range(array.ndim)
    for dim in order:
        shape[dim] = max(1, min(shape[dim], left))
        left //= shape[dim]
    return tuple(shape)


def _console(fit: Fit) -> str:
    return "".join(f"==== {method} ====\n{text}\n" for method, text in fit.console.items())


class _Part(msgspec.Struct, frozen=True):
    status: str = "ok"


_ABSENT = _Part("skipped")
"""A method that a record does not mention."""


class _RunMark(msgspec.Struct, frozen=True):
    """What distinguishes the record of a fit from another `run.json`."""

    schema: int
    workbench: str
    created: str
    model: dict[str, Any]
    mle: _Part = _ABSENT
    map: _Part = _ABSENT
    map_unconstrained: _Part = _ABSENT
    laplace: _Part = _ABSENT
    pathfinder: _Part = _ABSENT
    nuts: _Part = _ABSENT


def _has_results(parts: Mapping[str, _Part]) -> bool:
    """Return whether some method has results, and the sampler did not fail."""
    statuses = {key: part.status for key, part in parts.items()}
    return "ok" in statuses.values() and statuses.get("nuts") != "failed"


def _iterate_parts(fit: Fit) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yield the results of a fit by method."""
    return ((key, fit.record[key]) for key in RESULTS if key in fit.record)


def _read_mark(folder: Path) -> _RunMark | None:
    """Return what marks a run directory, or `None` if the folder is none."""
    path = folder / RECORD
    try:
        if path.is_symlink() or not path.is_file():
            return None
        return msgspec.json.decode(path.read_bytes(), type=_RunMark)
    except (OSError, ValueError, RecursionError):
        return None
