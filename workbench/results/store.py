"""Run directories, published whole by one rename; `run_directory` reads them back."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import pandas as pd
import psutil
import xarray as xr

from workbench.errors import StoreError
from workbench.methods import RESULTS
from workbench.results.fit import Fit
from workbench.results.json_values import to_json_values
from workbench.results.view.description import StandardizationDescription

RECORD = "run.json"
TREE = "fit.nc"
SUMMARY = "summary.csv"
CONSOLE = "console.log"
REPORT = "report.html"
"""The files of a run directory."""

_PACKING = 4
_WORTH_PACKING = 1000
"""zlib's level, and the number of values from which an array is compressed."""


def write(fit: Fit, report: str, folder: Path) -> Path:
    """Publish a fit and its report as a run directory; an earlier run there is replaced, or kept on failure.

    Raises
    ------
    StoreError
        The place is taken by something that is not a run, or cannot be written.
    """
    with _published(folder) as aside:
        fit.tree.to_netcdf(aside / TREE, engine="h5netcdf", encoding=_encoding(fit.tree))
        (aside / SUMMARY).write_text(tabulate_estimates(fit.record).to_csv(index=False), encoding="utf-8")
        (aside / CONSOLE).write_text(_console(fit), encoding="utf-8")
        (aside / REPORT).write_text(report, encoding="utf-8")
        (aside / RECORD).write_text(dump(fit.record), encoding="utf-8")
    return folder


def replace_file(path: Path, text: str) -> None:
    """Write a file whole or not at all: in one rename, its folder made where it is missing.

    Raises
    ------
    StoreError
        The file cannot be written.
    """
    aside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        aside.write_text(text, encoding="utf-8")
        aside.replace(path)
    except OSError as reason:
        with suppress(OSError):  # there may not even be a folder
            aside.unlink()
        raise StoreError(f"`{path}` could not be written: {reason}.") from reason


def with_entries(fit: Fit, entries: Mapping[str, Any]) -> Fit:
    """Return a fit whose record has further entries, such as its diagnosis."""
    return replace(fit, record={**fit.record, **entries})


def dump(record: Mapping[str, Any]) -> str:
    """Return a record as the text of `run.json`."""
    return json.dumps(to_json_values(record), indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def tabulate_estimates(record: Mapping[str, Any]) -> pd.DataFrame:
    """Return one row for each quantity and one column for each number of each method, as `summary.csv`.

    The column `units` is there only where results are not on the scale of the data.
    """
    rows: dict[str, dict[str, Any]] = {}
    for method in RESULTS:
        for name, numbers in record.get(method, {"estimates": {}})["estimates"].items():
            row = rows.setdefault(name, {"parameter": name, "label": numbers.get("label", name)})
            row |= {f"{method}_{key}": number for key, number in numbers.items() if key != "label"}
    standardized = record.get("data", {}).get("standardized", {})
    units = msgspec.convert(standardized, StandardizationDescription, strict=False).units
    for row in rows.values():
        row |= {"units": units} if units else {}
    for name, gap in record["gaps"].items():
        rows[name] |= {f"gap_{key}": number for key, number in gap.items() if key != "missed"}
    return pd.DataFrame(list(rows.values()))


def _encoding(tree: xr.DataTree) -> dict[str, dict[str, dict[str, Any]]]:
    """Return how arrays are packed: without loss, at a level that costs little time."""
    return {
        group.path: {
            str(name): {"zlib": True, "complevel": _PACKING, "shuffle": True}
            for name, array in group.data_vars.items()
            if array.ndim and array.dtype.kind in "fiub" and array.size > _WORTH_PACKING
        }
        for group in tree.subtree
        if group.data_vars
    }


def _console(fit: Fit) -> str:
    return "".join(f"==== {method} ====\n{text}\n" for method, text in fit.console.items())


@contextmanager
def _published(folder: Path) -> Iterator[Path]:
    """Give a folder to write in, which takes the place of `folder` only when all went well."""
    if folder.exists() and not (folder / RECORD).is_file() and any(_entries(folder)):
        hint = "choose another folder with --output"
        raise StoreError(f"`{folder}` exists and is not a run: nothing was written.", hint=hint)
    aside = folder.with_name(f".{folder.name}.partial-{os.getpid()}")
    old = folder.with_name(f".{folder.name}.old-{os.getpid()}")
    try:
        _remove_abandoned(folder)
        aside.mkdir(parents=True)
        yield aside
        if folder.exists():
            folder.rename(old)
        aside.rename(folder)
    except OSError as reason:
        raise StoreError(f"the run could not be written to `{folder}`: {reason}.") from reason
    finally:
        shutil.rmtree(aside, ignore_errors=True)
        if old.exists() and not folder.exists():
            old.rename(folder)
        shutil.rmtree(old, ignore_errors=True)


def _entries(folder: Path) -> Iterator[Path]:
    return iter([folder]) if folder.is_file() else folder.iterdir()


def _remove_abandoned(folder: Path) -> None:
    """Remove what a killed run left beside its target."""
    for left in folder.parent.glob(f".{folder.name}.partial-*"):
        owner = left.name.rpartition("-")[2]
        if owner.isdigit() and not psutil.pid_exists(int(owner)):
            shutil.rmtree(left, ignore_errors=True)
