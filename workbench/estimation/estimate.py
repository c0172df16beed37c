"""Fit a program: run every requested method, and collect what `run.json` and `fit.nc` hold."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from workbench import binding
from workbench.backends import Backend, Start
from workbench.backends.base import DEFAULT_START
from workbench.estimation.auto import fit_auto
from workbench.estimation.context import FitContext
from workbench.estimation.equivalence import (
    Equivalence,
    check_equivalence,
    drop_instrumentation,
    use_loops,
    use_one_sum,
)
from workbench.estimation.failed_starts import explain_failed_starts
from workbench.estimation.flat_directions import find_flat_directions
from workbench.estimation.optimum.map import measure_in_posterior_sds
from workbench.estimation.schedule import find_requested, run_methods
from workbench.estimation.shared_exceptions import share_exceptions
from workbench.estimation.standardize.original_scale import (
    add_scale_entries,
    choose_shown_data,
    use_original_scale,
)
from workbench.files import make_scratch
from workbench.late_imports import LateModule
from workbench.methods import Auto
from workbench.program import InstrumentedProgram, Program
from workbench.progress import SILENT, Progress
from workbench.request import FitRequest
from workbench.results.data_groups import build_data_groups
from workbench.results.fit import Fit
from workbench.results.record import build_record
from workbench.results.saved_request import DATA, build_stan_data_group, describe_request
from workbench.results.table_columns import TABLE_COLUMNS, build_table_columns
from workbench.toolchain import CompiledModel

if TYPE_CHECKING:
    import xarray as xr
else:
    xr = LateModule("xarray")


class PlainerProgram(NamedTuple):
    """An instrumented program that changes less: its rows in one sum, or with the author's loops.

    Attributes
    ----------
    instrumented
        The program.
    model
        Its executable.
    unoptimized
        Builds it without stanc's optimisations.
    """

    instrumented: InstrumentedProgram
    model: CompiledModel
    unoptimized: Callable[[], CompiledModel]


def estimate(
    request: FitRequest,
    model: CompiledModel,
    backend: Backend,
    progress: Progress = SILENT,
    *,
    original: CompiledModel | None = None,
    unoptimized: Callable[[], CompiledModel] | None = None,
    in_one_sum: Callable[[], PlainerProgram] | None = None,
    with_loops: Callable[[], PlainerProgram] | None = None,
    start: Start = DEFAULT_START,
) -> Fit:
    """Fit a program by every requested method, and explain the gaps between modes and posterior means.

    A method that fails becomes a result with a reason; the others run all the same.

    Parameters
    ----------
    request
        Program, data, priors and methods.
    model
        The executable of `request.program`, instrumented where possible.
    backend
        What runs it.
    progress
        Where to report.
    original
        The executable of the program as written. If it is given, the instrumented one is first compared with
        it; where they differ, the original is used.
    unoptimized
        Builds the instrumented program without stanc's optimisations, for when these changed its density.
    in_one_sum
        Builds the instrumented program without sharing out rows among threads, for when that is not proven.
    with_loops
        Builds the instrumented program with the author's loops, for when the vectorised ones are not proven.
    start
        Where NUTS starts: for example the end of an earlier run (`extract_warm_start`).
    """
    with make_scratch() as scratch:
        context = FitContext(request, model.exe, backend, scratch, progress)
        equivalence = Equivalence("not available", "the program was run as written.")
        if original is not None and request.program.instrumented is not None:
            with progress.stage("Comparing with the program as written"):
                equivalence, model, program = _choose_executable(
                    context, model, original, unoptimized, in_one_sum, with_loops
                )
            if program is not request.program:
                request = replace(request, program=program)
                context = replace(context, request=request, folder=scratch / "chosen")
            context = replace(context, exe=model.exe)
        context, rescaling = use_original_scale(context)
        automatic = find_requested(context, Auto)
        if automatic is None:
            results, entries = run_methods(context, start)
        else:
            results, entries = fit_auto(context, automatic)
        with progress.stage("Explaining the results"):
            results = share_exceptions(explain_failed_starts(context, measure_in_posterior_sds(results)))
            flat_directions = find_flat_directions(context)
    with progress.stage("Collecting the results"):
        groups = {name: group for result in results.values() for name, group in result.groups.items()}
        shown = (
            request
            if rescaling is None
            else replace(request, data=choose_shown_data(request.data, rescaling))
        )
        for name, group in build_data_groups(shown).items():
            groups[name] = group.merge(groups[name]) if name in groups else group
        groups[DATA] = build_stan_data_group(request)
        if columns := build_table_columns(request.data):
            groups[TABLE_COLUMNS] = columns
        tree = xr.DataTree.from_dict({f"/{name}": group for name, group in groups.items()})
        console = {name: result.console for name, result in results.items() if result.console}
        data = binding.to_record(request.data)
        if rescaling is not None:
            data = add_scale_entries(data, rescaling, tree)
        record = build_record(request, model, results, equivalence.record, data, flat_directions)
        return Fit({**record, "request": describe_request(request), **entries}, tree, console)


def choose_program(
    request: FitRequest,
    model: CompiledModel,
    backend: Backend,
    *,
    original: CompiledModel | None,
    unoptimized: Callable[[], CompiledModel] | None = None,
    in_one_sum: Callable[[], PlainerProgram] | None = None,
    with_loops: Callable[[], PlainerProgram] | None = None,
) -> tuple[FitRequest, CompiledModel]:
    """Return the request and the executable that `estimate` would use; it has the same parameters."""
    if original is None or request.program.instrumented is None:
        return request, model
    with make_scratch() as scratch:
        context = FitContext(request, model.exe, backend, scratch, SILENT)
        _, model, program = _choose_executable(context, model, original, unoptimized, in_one_sum, with_loops)
    return replace(request, program=program), model


def _choose_executable(
    context: FitContext,
    model: CompiledModel,
    original: CompiledModel,
    unoptimized: Callable[[], CompiledModel] | None,
    in_one_sum: Callable[[], PlainerProgram] | None,
    with_loops: Callable[[], PlainerProgram] | None,
) -> tuple[Equivalence, CompiledModel, Program]:
    """Return how the program that is used compares with the original, its executable, and itself.

    These are tried in turn: the instrumented program, the one with its rows in one sum, the one with the
    author's loops, the one without stanc's optimisations, and the original.
    """
    program = context.request.program
    original_job = context.make_comparison_job(original.exe, "original")
    equivalence = check_equivalence(context.backend, original_job, context.make_comparison_job(model.exe))
    is_shared = program.instrumented is not None and program.instrumented.is_shared
    if is_shared and not equivalence.is_proven and in_one_sum is not None:
        instrumented, model, unoptimized = in_one_sum()
        program = use_one_sum(program, equivalence, instrumented)
        equivalence = check_equivalence(context.backend, original_job, context.make_comparison_job(model.exe))
    is_vectorised = program.instrumented is not None and program.instrumented.is_vectorised
    if is_vectorised and not equivalence.is_proven and with_loops is not None:
        instrumented, model, unoptimized = with_loops()
        program = use_loops(program, equivalence, instrumented)
        equivalence = check_equivalence(context.backend, original_job, context.make_comparison_job(model.exe))
    if equivalence.status == "different" and model.optimized and unoptimized is not None:
        model = unoptimized()
        equivalence = check_equivalence(context.backend, original_job, context.make_comparison_job(model.exe))
    if equivalence.status == "different":
        return equivalence, original, drop_instrumentation(program, equivalence)
    return equivalence, model, program
