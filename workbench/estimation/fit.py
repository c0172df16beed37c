"""One fit, worked out: every method asked for, each failing for itself."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import xarray as xr

from workbench.backends import Backend, Start
from workbench.backends.base import ANYWHERE
from workbench.estimation.map import with_posterior_distances
from workbench.estimation.observed import data_groups
from workbench.estimation.original_scale import data_shown, on_original_scale, scale_entries
from workbench.estimation.parts import work_out
from workbench.estimation.proof import Proof, prove, without_instruments
from workbench.estimation.record import record
from workbench.estimation.reopening import DATA, data_group, request_entry
from workbench.estimation.setting import Setting
from workbench.progress import SILENT, Progress
from workbench.request import FitRequest
from workbench.toolchain import CompiledModel


@dataclass(frozen=True)
class Fit:
    """A finished fit: what `run.json` and `fit.nc` hold.

    Attributes
    ----------
    record
        The content of `run.json`.
    tree
        The content of `fit.nc`.
    console
        Everything Stan printed, by method.
    """

    record: Mapping[str, Any]
    tree: xr.DataTree
    console: Mapping[str, str] = field(default_factory=dict)

    @property
    def data(self) -> xr.DataTree:
        """Every group of draws, as ArviZ takes it: `arviz_stats.summary(fit.data)`."""
        return self.tree


def fit(
    request: FitRequest,
    model: CompiledModel,
    backend: Backend,
    progress: Progress = SILENT,
    *,
    original: CompiledModel | None = None,
    unoptimized: Callable[[], CompiledModel] | None = None,
    start: Start = ANYWHERE,
) -> Fit:
    """Work out a request: modes, approximation, posterior, and the gaps between them.

    A method that fails becomes a part with a reason; the others go on.

    Parameters
    ----------
    request
        What is asked.
    model
        The executable of `request.program`, instrumented where it could be.
    backend
        Who runs it.
    progress
        Where to report.
    original
        The executable of the program as its author wrote it. Where it is given, the instrumented one is first
        held against it, and the original is run if they differ.
    unoptimized
        Builds the instrumented program as it stands, for where stanc's optimisations changed its density.
    start
        Where NUTS begins: the end of an earlier run, for example (`warm_start`).
    """
    with tempfile.TemporaryDirectory(prefix="workbench-") as scratch:
        setting = Setting(request, model.exe, backend, Path(scratch), progress)
        proof = Proof("not available", "the program was run as it was given.")
        if original is not None and request.program.instrumented is not None:
            proof, model = _believed(setting, model, original, unoptimized)
            if proof.status == "different":
                request = replace(request, program=without_instruments(request.program, proof))
                setting = replace(setting, request=request, folder=Path(scratch) / "original")
            setting = replace(setting, exe=model.exe)
        setting, scale = on_original_scale(setting)
        parts, entries = work_out(setting, start)
        parts = with_posterior_distances(parts)
    groups = {name: group for part in parts.values() for name, group in part.groups.items()}
    shown = request if scale is None else replace(request, data=data_shown(request.data, scale))
    for name, group in data_groups(shown).items():
        groups[name] = group.merge(groups[name]) if name in groups else group
    groups[DATA] = data_group(request)
    tree = xr.DataTree.from_dict({f"/{name}": group for name, group in groups.items()})
    console = {name: part.console for name, part in parts.items() if part.console}
    written = {**record(request, model, parts, proof), "request": request_entry(request), **entries}
    if scale is not None:
        written["data"] = scale_entries(written["data"], scale, tree)
    return Fit(written, tree, console)


def believed(
    request: FitRequest,
    model: CompiledModel,
    backend: Backend,
    *,
    original: CompiledModel | None,
    unoptimized: Callable[[], CompiledModel] | None = None,
) -> tuple[FitRequest, CompiledModel]:
    """Return the request and the executable that `fit` would work with; the parameters are its own."""
    if original is None or request.program.instrumented is None:
        return request, model
    with tempfile.TemporaryDirectory(prefix="workbench-") as scratch:
        setting = Setting(request, model.exe, backend, Path(scratch), SILENT)
        proof, model = _believed(setting, model, original, unoptimized)
    if proof.status == "different":
        request = replace(request, program=without_instruments(request.program, proof))
    return request, model


def _believed(
    setting: Setting,
    model: CompiledModel,
    original: CompiledModel,
    unoptimized: Callable[[], CompiledModel] | None,
) -> tuple[Proof, CompiledModel]:
    """Return what is run: the instrumented program where it proves equal to the original, or that one."""
    written = setting.plain_job(original.exe, "original")
    proof = prove(setting.backend, written, setting.plain_job(model.exe))
    if proof.status == "different" and model.optimized and unoptimized is not None:
        model = unoptimized()
        proof = prove(setting.backend, written, setting.plain_job(model.exe))
    return proof, original if proof.status == "different" else model
