"""One fit, worked out: every method asked for, each failing for itself."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import xarray as xr

from workbench.backends import Backend, Start
from workbench.backends.base import ANYWHERE
from workbench.estimation.auto import fit_auto
from workbench.estimation.context import FitContext
from workbench.estimation.equivalence import Equivalence, check_equivalence, drop_instrumentation
from workbench.estimation.optimum.map import measure_in_posterior_sds
from workbench.estimation.schedule import find_requested, run_methods
from workbench.estimation.standardize.original_scale import (
    add_scale_entries,
    choose_shown_data,
    use_original_scale,
)
from workbench.methods import Auto
from workbench.progress import SILENT, Progress
from workbench.request import FitRequest
from workbench.results.data_groups import data_groups
from workbench.results.fit import Fit
from workbench.results.record import record
from workbench.results.saved_request import DATA, data_group, request_entry
from workbench.toolchain import CompiledModel


def estimate(
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
        setting = FitContext(request, model.exe, backend, Path(scratch), progress)
        proof = Equivalence("not available", "the program was run as it was given.")
        if original is not None and request.program.instrumented is not None:
            proof, model = _believed(setting, model, original, unoptimized)
            if proof.status == "different":
                request = replace(request, program=drop_instrumentation(request.program, proof))
                setting = replace(setting, request=request, folder=Path(scratch) / "original")
            setting = replace(setting, exe=model.exe)
        setting, scale = use_original_scale(setting)
        automatic = find_requested(setting, Auto)
        parts, entries = run_methods(setting, start) if automatic is None else fit_auto(setting, automatic)
        parts = measure_in_posterior_sds(parts)
    groups = {name: group for part in parts.values() for name, group in part.groups.items()}
    shown = request if scale is None else replace(request, data=choose_shown_data(request.data, scale))
    for name, group in data_groups(shown).items():
        groups[name] = group.merge(groups[name]) if name in groups else group
    groups[DATA] = data_group(request)
    tree = xr.DataTree.from_dict({f"/{name}": group for name, group in groups.items()})
    console = {name: part.console for name, part in parts.items() if part.console}
    written = {**record(request, model, parts, proof.record), "request": request_entry(request), **entries}
    if scale is not None:
        written["data"] = add_scale_entries(written["data"], scale, tree)
    return Fit(written, tree, console)


def choose_program(
    request: FitRequest,
    model: CompiledModel,
    backend: Backend,
    *,
    original: CompiledModel | None,
    unoptimized: Callable[[], CompiledModel] | None = None,
) -> tuple[FitRequest, CompiledModel]:
    """Return the request and the executable that `estimate` would work with; the parameters are its own."""
    if original is None or request.program.instrumented is None:
        return request, model
    with tempfile.TemporaryDirectory(prefix="workbench-") as scratch:
        setting = FitContext(request, model.exe, backend, Path(scratch), SILENT)
        proof, model = _believed(setting, model, original, unoptimized)
    if proof.status == "different":
        request = replace(request, program=drop_instrumentation(request.program, proof))
    return request, model


def _believed(
    setting: FitContext,
    model: CompiledModel,
    original: CompiledModel,
    unoptimized: Callable[[], CompiledModel] | None,
) -> tuple[Equivalence, CompiledModel]:
    """Return what is run: the instrumented program where it proves equal to the original, or that one."""
    written = setting.plain_job(original.exe, "original")
    proof = check_equivalence(setting.backend, written, setting.plain_job(model.exe))
    if proof.status == "different" and model.optimized and unoptimized is not None:
        model = unoptimized()
        proof = check_equivalence(setting.backend, written, setting.plain_job(model.exe))
    return proof, original if proof.status == "different" else model
