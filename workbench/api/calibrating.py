"""Whether fits of a model are right, by data simulated with known parameters, for Python."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from numbers import Integral
from typing import TYPE_CHECKING, Any, Literal, TypedDict

from workbench import library
from workbench.api.arguments import as_path, list_columns, list_names, refuse_option, show_progress
from workbench.api.spelling import respell
from workbench.errors import RequestError, WorkbenchError
from workbench.methods import Nuts
from workbench.priors.priors_file import read_priors
from workbench.process import count_usable_cores
from workbench.workflow.method_settings import choose_methods
from workbench.workflow.options import FitOptions

if TYPE_CHECKING:
    from pathlib import Path

    from workbench.calibration.folder import Calibration
    from workbench.execution import Executor
    from workbench.program import Program
    from workbench.tables import Table
    from workbench.toolchain import ToolchainSettings


class CalibrateKeywords(TypedDict, total=False):
    """The options of `Model.calibrate`, which explains each."""

    simulations: int
    method: str | Sequence[str]
    posterior: bool
    simulate_with: str | Path | None
    rank: str | Sequence[str]
    rows: int | Sequence[int]
    columns: Mapping[str, str | Sequence[str]] | None
    set_: Mapping[str, Any] | None
    reference: Mapping[str, str] | None
    missing: Literal["refuse", "drop"]
    prior: Mapping[str, float | Sequence[float]] | None
    prior_form: Mapping[str, str] | None
    priors: str | Path | None
    starts: int
    chains: int
    draws: int
    warmup: int
    adapt_delta: float
    max_treedepth: int
    metric: Literal["diag", "dense"]
    seed: int
    level: float
    jobs: int | None
    executor: str | Executor | Any
    timeout: float | None
    output: str | Path | None
    progress: bool


def calibrate_program(
    program: Program, table: Table, settings: ToolchainSettings, options: CalibrateKeywords
) -> Calibration:
    """Simulate data sets, fit each, and return what comes of it; `options` are those of `Model.calibrate`.

    Raises
    ------
    WorkbenchError
        Any of the tree in `workbench.errors`, an unknown option too; it names options as Python does.
    """
    for name in options:
        if name not in CalibrateKeywords.__annotations__:
            refuse_option(name, "Model.calibrate", CalibrateKeywords.__annotations__)
    try:
        return _calibrate(program, table, settings, options)
    except WorkbenchError as error:
        respell(error)
        raise


def _calibrate(
    program: Program, table: Table, settings: ToolchainSettings, options: CalibrateKeywords
) -> Calibration:
    from workbench.execution.scheduler import as_executor, parse_scheduler
    from workbench.workflow.calibrate import CalibrateOptions, calibrate_program_read

    stated = read_priors(as_path(options.get("priors")))
    executor = options.get("executor")
    named = parse_scheduler(executor).cores if isinstance(executor, str) else None
    fit_options = _make_fit_options(options, settings)
    fit_options = replace(
        fit_options,
        priors={**stated.values, **(options.get("prior") or {})},
        prior_forms={**stated.forms, **(options.get("prior_form") or {})},
        carried=stated.posterior,
        jobs=named or options.get("jobs") or count_usable_cores(),
    )
    simulator = options.get("simulate_with")
    asked = CalibrateOptions(
        options.get("simulations", 200),
        options.get("posterior", False),
        None if simulator is None else library.resolve(simulator)[0],
        tuple(list_names(options.get("rank", ()))),
        rows=_list_rows(options.get("rows", ())),
    )
    shown = show_progress(options.get("progress", True))
    with as_executor(executor, fit_options.jobs, shown) as opened:
        asked = replace(asked, executor=opened)
        return calibrate_program_read(program, table, fit_options, asked, shown)


def _list_rows(rows: object) -> tuple[int, ...]:
    """Return numbers of rows.

    Raises
    ------
    RequestError
        They are none.
    """
    found = tuple(rows) if isinstance(rows, Sequence) and not isinstance(rows, str) else (rows,)
    for count in found:
        if isinstance(count, bool) or not isinstance(count, Integral):
            raise RequestError(f"--rows was expected to be numbers of rows, found {count!r}.")
    return tuple(int(count) for count in found)


def _make_fit_options(options: CalibrateKeywords, settings: ToolchainSettings) -> FitOptions:
    nuts = Nuts(
        options.get("chains", 4),
        options.get("draws", 1000),
        options.get("warmup", 1000),
        options.get("adapt_delta", 0.8),
        options.get("max_treedepth", 10),
        options.get("metric", "diag"),
    )
    from workbench.workflow.calibrate import check_method_names

    names = list_names(options.get("method", ()))
    names = names or (("nuts", "map", "mle") if options.get("rows") else ("nuts", "laplace"))
    check_method_names(names)
    return FitOptions(
        columns=list_columns(options.get("columns")),
        given=options.get("set_") or {},
        reference=options.get("reference") or {},
        missing=options.get("missing", "refuse"),
        methods=choose_methods(names, nuts, starts=options.get("starts", 4), profile=()),
        seed=options.get("seed", 1),
        level=options.get("level", 0.95),
        timeout=options.get("timeout"),
        output=as_path(options.get("output")),
        toolchain=settings,
        command="Model.calibrate(...)",
    )
