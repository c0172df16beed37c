"""Run directories, read back whole or not at all."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import xarray as xr

from workbench.errors import RunIncomplete, RunNotFound
from workbench.results.fit import Fit
from workbench.results.record import SCHEMA
from workbench.results.store import CONSOLE, RECORD, TREE


def read(folder: Path) -> Fit:
    """Read a run back.

    Raises
    ------
    RunNotFound, RunIncomplete
        There is no run, or a file of it is missing or damaged.
    """
    if not (folder / RECORD).is_file():
        hint = "a run is a folder that `workbench fit` wrote"
        raise RunNotFound(f"a run was expected in `{folder}`, but there is no `{RECORD}`.", hint=hint)
    try:
        record: dict[str, Any] = json.loads((folder / RECORD).read_text(encoding="utf-8"))
        with xr.open_datatree(folder / TREE, engine="h5netcdf") as stored:
            tree = stored.load()
    except (OSError, ValueError) as reason:
        raise RunIncomplete(f"the run in `{folder}` cannot be read: {reason}.") from reason
    if record.get("schema") != SCHEMA:
        raise RunIncomplete(
            f"the run in `{folder}` has schema {record.get('schema')}; this workbench reads {SCHEMA}."
        )
    fit = Fit(record, tree, folder=folder)
    try:
        _ = fit.results
    except RunIncomplete as reason:
        raise RunIncomplete(
            f"the run in `{folder}` cannot be read: {reason.message}", hint=reason.hint
        ) from reason
    return fit


def read_whole(folder: Path) -> Fit:
    """Read a run back with what Stan printed, to publish it anew.

    Raises
    ------
    RunNotFound, RunIncomplete
        There is no run, or a file of it is missing or damaged.
    """
    fitted = read(folder)
    console = folder / CONSOLE
    printed = console.read_text(encoding="utf-8") if console.is_file() else ""
    return replace(fitted, console={"before": printed} if printed else {})
