"""Whether methods are calibrated for a model: truths, data sets simulated with them, and fits of these."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from workbench import card, files, tables
from workbench.backends import Backend
from workbench.calibration import folder as calibration_folder
from workbench.calibration.compared import compare_programs, list_author_columns
from workbench.calibration.fitting import (
    FITTED,
    CalibrationContext,
    LikelihoodProgram,
    SimulatedData,
    list_fitted,
    make_plain_job,
)
from workbench.calibration.folder import PIECES, REPORT, Calibration
from workbench.calibration.judge import judge_method
from workbench.calibration.other_rows import check_prior_stays, check_rows, simulate_rows
from workbench.calibration.posterior_truths import check_outcomes, simulate_posterior
from workbench.calibration.quantities import LOG_LIKELIHOOD, parse_quantities
from workbench.calibration.record import SCHEMA, CalibrationRecord, MethodCalibration
from workbench.calibration.recovery import (
    describe_failed_rows,
    list_needed,
    summarise_probabilities,
    summarise_rows,
)
from workbench.calibration.refused_data import find_refusal, leave_out_refused
from workbench.calibration.simulated_fit import SimulatedFit, read_fits
from workbench.calibration.simulator import (
    ANOTHER_PROGRAM,
    GIVEN,
    Simulations,
    Simulator,
    build_replicator,
    build_simulator,
)
from workbench.calibration.tasks import list_drawn, list_tasks
from workbench.calibration.words import describe_all, describe_power
from workbench.errors import ChainFailed, MethodError, RequestError, RunIncomplete, WorkbenchError
from workbench.estimation.context import FitContext
from workbench.estimation.estimate import choose_program
from workbench.execution import Executor, LocalExecutor, Task, TaskOutcome
from workbench.execution.processes import ProcessExecutor
from workbench.late_imports import import_while_waiting
from workbench.methods import Auto, Nuts, list_settings
from workbench.program import Program
from workbench.progress import SILENT, Progress
from workbench.provenance import read_workbench_version
from workbench.report.calibration.report import build_calibration_report
from workbench.report.html import render
from workbench.report.numbers import join_with_and
from workbench.request import FitRequest
from workbench.results.draws import label_column
from workbench.studies.fits.progress_message import describe_progress
from workbench.tables import Table
from workbench.thresholds import FAILED_FITS_SHARE
from workbench.toolchain import CompiledModel, Toolchain, provision
from workbench.workflow.bind_covariates import Covariates, bind_covariates
from workbench.workflow.builds import Builds, take_program
from workbench.workflow.dry_run import dry_run
from workbench.workflow.inputs import check_program_exists
from workbench.workflow.options import FitOptions
from workbench.workflow.prepare_request import prepare_request, to_folder_name
from workbench.workflow.prior_options import apply_prior_options
from workbench.workflow.read_program import read_program

MOST_SIMULATIONS = 100_000
"""The most data sets that may be asked for: their ranks are held in memory. Ours."""

MOST_ROWS = 10_000_000
"""The most rows of a simulated data set: they are held in memory. Ours."""

_MOST_TRIED = 20
"""The most data sets that a program may refuse before nothing is fitted, where the table has none. Ours."""

_LONG_NAME = 60
"""The most characters of a program or a table in the name of a folder. Ours."""


@dataclass(frozen=True)
class CalibrateOptions:
    """What a calibration needs besides the options of a fit.

    Attributes
    ----------
    simulations
        How many data sets.
    from_posterior
        Whether truths are drawn from the posterior of the data instead of the prior.
    simulate_with
        Another program that simulates; its data are bound from the same table.
    quantities
        Expressions that are ranked besides parameters.
    executor
        Where fits run; `None` for this machine.
    rows
        Numbers of rows that data sets have, drawn from those of the table; by default all rows of the table.
    """

    simulations: int = 200
    from_posterior: bool = False
    simulate_with: Path | None = None
    quantities: tuple[str, ...] = ()
    executor: Executor | None = None
    rows: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        """Refuse what no calibration can have.

        Raises
        ------
        RequestError
            The message names the option, what was expected, and what was found.
        """
        if not 2 <= self.simulations <= MOST_SIMULATIONS:
            raise RequestError(
                f"`simulations` was expected to be between 2 and {MOST_SIMULATIONS:,}, found "
                f"{self.simulations}."
            )
        if self.from_posterior and self.simulate_with is not None:
            raise RequestError(
                "--posterior draws truths from the posterior of the model itself: it cannot be had "
                "together with "
                "--simulate-with."
            )
        if self.rows:
            self._check_rows()

    def _check_rows(self) -> None:
        wrong = next((count for count in self.rows if not 1 <= count <= MOST_ROWS), None)
        if wrong is not None:
            raise RequestError(
                f"--rows was expected to be numbers between 1 and {MOST_ROWS:,}, found {wrong:,}."
            )
        if self.from_posterior:
            raise RequestError(
                "--rows asks how well parameters are found from so many rows alone, with truths from the "
                "prior; --posterior fits each replicate together with the data: they cannot be had together.",
                hint="leave one of them out",
            )
        object.__setattr__(self, "rows", tuple(sorted(set(self.rows))))


def calibrate_files(
    model: Path,
    data: Path | Table,
    options: FitOptions,
    asked: CalibrateOptions,
    progress: Progress = SILENT,
    *,
    on_tips: Callable[[tuple[str, ...]], None] | None = None,
) -> Calibration:
    """Simulate data sets with known parameters, fit each, and write what comes of it.

    Parameters
    ----------
    model, data
        A `.stan` file, and a table or the file that holds it.
    options
        Everything about a fit; `output` is the folder.
    asked
        How many data sets, and how they are simulated.
    progress
        Where to report.
    on_tips
        Receives tips about the table, before anything is compiled.

    Returns
    -------
    What simulated data sets say about each method. A fit that fails is a row that says why.

    Raises
    ------
    WorkbenchError
        Any of the tree in `workbench.errors`, where it concerns all fits. What is finished is kept, and used
        by the next command.
    """
    check_program_exists(model)
    check_methods(options)
    if options.output is not None:
        calibration_folder.check_place(options.output)
    with progress.stage("Reading program and table"):
        table = data if isinstance(data, Table) else tables.read(data)
    tools = provision(options.toolchain, progress)
    with progress.stage("Reading program and table"):
        program = read_program(model, options.roles, tools, is_optimised=options.is_optimised)
    return calibrate_program_read(program, table, options, asked, progress, on_tips=on_tips)


def calibrate_program_read(
    program: Program,
    table: Table,
    options: FitOptions,
    asked: CalibrateOptions,
    progress: Progress = SILENT,
    *,
    on_tips: Callable[[tuple[str, ...]], None] | None = None,
) -> Calibration:
    """Calibrate a program that has been read; all else is as in `calibrate_files`."""
    check_methods(options)
    tools = provision(options.toolchain, progress).limit(options.timeout)
    with progress.stage("Preparing the fits"):
        program, options = apply_prior_options(program, options, tools.stanc)
        simulating = _read_simulating(asked.simulate_with, options, tools)
        own = options if simulating is None else _leave_to(simulating, program, options)
        data = (
            Covariates(prepare_request(program, table, own))
            if asked.from_posterior
            else bind_covariates(program, table, own)
        )
        other = None if simulating is None else _bind_simulating(simulating, data, table, options)
    folder = options.output or choose_folder(program.path, table, asked)
    calibration_folder.check_place(folder)
    if on_tips is not None:
        on_tips(data.request.data.tips)
    import_while_waiting()
    return _Work(data, other, table, options, asked, tools, folder, progress).run()


def check_method_names(names: Sequence[str]) -> None:
    """Refuse names that are no method of simulated data sets.

    Raises
    ------
    MethodError
        The message names the first of them.
    """
    for name in names:
        if name not in FITTED:
            raise MethodError(
                f"`method` was expected to be nuts, laplace, pathfinder, map or mle, found `{name}`.",
                hint="auto chooses one of these by its diagnostics: calibrate each of them"
                if name == "auto"
                else None,
            )


def check_methods(options: FitOptions) -> None:
    """Refuse methods and settings that simulated data sets are not fitted with.

    Raises
    ------
    MethodError
        The message names the setting.
    """
    for method in options.methods:
        if isinstance(method, Auto):
            check_method_names(["auto"])
        if isinstance(method, Nuts) and (method.sampler != "stan" or method.init != "random"):
            raise MethodError("simulated data sets are fitted by Stan's own sampler, from random starts.")
    if options.standardize:
        raise MethodError("simulated data sets are fitted on the scale of the data, without `standardize`.")


def choose_folder(model: Path, table: Table, asked: CalibrateOptions) -> Path:
    """Return `reports/<model>-<data>-calibration`, with what else tells questions apart."""
    names = [to_folder_name(path.stem)[:_LONG_NAME] for path in (model, table.path)] + ["calibration"]
    if asked.simulate_with is not None:
        names.append(to_folder_name(asked.simulate_with.stem)[:_LONG_NAME])
    if asked.from_posterior:
        names.append("posterior")
    if asked.rows:
        names.append("rows")
    return Path("reports") / "-".join(names)


def _read_simulating(path: Path | None, options: FitOptions, tools: Toolchain) -> Program | None:
    """Return the other program that simulates, if there is one."""
    if path is None:
        return None
    check_program_exists(path)
    return read_program(path, {}, tools, is_optimised=options.is_optimised)


def _leave_to(simulating: Program, program: Program, options: FitOptions) -> FitOptions:
    """Return the options of the program that is fitted: what the other one alone declares is not its own."""
    own = {item.name for item in simulating.data} - {item.name for item in program.data}
    return replace(
        options,
        columns={name: value for name, value in options.columns.items() if name not in own},
        given={name: value for name, value in options.given.items() if name not in own},
    )


def _bind_simulating(
    simulating: Program, fitted: Covariates, table: Table, options: FitOptions
) -> Covariates:
    """Return the request of the program that simulates, with the same table; its priors are its own.

    What has a value nowhere else has that of the program that is fitted, and a note says so.
    """
    names = {item.name for item in simulating.data}
    options = replace(
        options,
        columns={name: value for name, value in options.columns.items() if name in names},
        given={name: value for name, value in options.given.items() if name in names},
        priors={},
        prior_forms={},
        carried=None,
        roles={},
    )
    found = {item.name for item in dry_run(simulating, table, options).binding.data.variables}
    values = {
        item.name: item.value
        for item in fitted.request.data.variables
        if item.name in names - found and item.name not in fitted.absent and not item.has_tuples
    }
    if not values:
        return bind_covariates(simulating, table, options)
    given = {**options.given, **{name: np.asarray(value).tolist() for name, value in values.items()}}
    bound = bind_covariates(simulating, table, replace(options, given=given))
    listed = [
        f"`{name}` ({np.asarray(value).item():g})" if np.size(value) == 1 else f"`{name}`"
        for name, value in values.items()
    ]
    note = (
        f"`{simulating.path.name}` has no value of its own for {join_with_and(listed)}: it simulates with "
        f"{'that' if len(listed) == 1 else 'those'} of the program that is fitted."
    )
    return replace(bound, notes=(*bound.notes, note))


@dataclass
class _Work:
    """One calibration.

    Attributes
    ----------
    data
        The program with its data and methods.
    other
        Another program that simulates, with its data.
    table, options, asked
        The table, and what was asked.
    tools
        Stan.
    folder
        Where results are written.
    progress
        Where to report.
    """

    data: Covariates
    other: Covariates | None
    table: Table
    options: FitOptions
    asked: CalibrateOptions
    tools: Toolchain
    folder: Path
    progress: Progress

    @property
    def request(self) -> FitRequest:
        """The program with its data and methods; outcomes that the table lacks are placeholders."""
        return self.data.request

    def run(self) -> Calibration:
        """Simulate, fit, judge and write."""
        started = time.monotonic()
        with files.explained(self.folder):
            (self.folder / PIECES).mkdir(parents=True, exist_ok=True)
        record = self._start_record()
        calibration_folder.write_record(self.folder, record)
        with self.progress.stage("Importing packages"):
            from workbench.backends.stan import StanBackend  # only here: importing it takes a second

        backend = StanBackend()
        try:
            with files.make_scratch() as scratch:
                try:
                    context, drawn, data, expected = self._simulate(backend, scratch)
                except ChainFailed as reason:
                    raise self._explain_refusal(reason) from reason
                fits = self._fit(context, data)
                wanted = [item.text for item in context.quantities]
                wanted += drawn.parameters[0] if self.asked.simulate_with is not None else ()
        finally:
            backend.end_idle()
        with self.progress.stage("Writing the report"):
            left_out = max(1, len(self.asked.rows)) * len(drawn.is_drawn) - len(data)
            seconds = time.monotonic() - started
            record = self._finish_record(record, fits, drawn, left_out, expected, wanted, seconds)
            return self._write(record, fits)

    # --- Truths and data sets -----------------------------------------------------------------------------

    def _simulate(
        self, backend: Any, scratch: Path
    ) -> tuple[CalibrationContext, Simulations, list[SimulatedData], tuple[str, ...]]:
        """Return what fits share, the truths, the data sets, and notes about them."""
        other = self.other
        simulated = self.data if other is None else other
        count, seed = self.asked.simulations, self.options.seed
        data: list[SimulatedData] | None = None
        if self.asked.from_posterior:
            request, model = self._build(self.request, backend)
            with self.progress.stage("Sampling the posterior"):
                truths = simulate_posterior(
                    request,
                    model,
                    backend,
                    scratch,
                    lambda truths: build_replicator(
                        self.request, self.tools, backend, scratch, truths, self.progress
                    ),
                    lambda request: self._build(request, backend),
                    self.tools.stanc,
                    count=count,
                )
            request, model, drawn = truths.request, truths.model, truths.simulations
        else:
            try:
                simulator = build_simulator(
                    simulated.request, self.tools, backend, scratch, self.progress, absent=simulated.absent
                )
            except RequestError as reason:
                hint = reason.hint or ""
                if other is None or not hint.endswith(ANOTHER_PROGRAM):
                    raise
                rest = hint.removesuffix(ANOTHER_PROGRAM).removesuffix("; ")  # another one was named already
                raise RequestError(reason.message, hint=rest or None) from reason
            with self.progress.stage("Simulating data"):
                drawn = simulator.draw(count, seed)
            check_outcomes(self.request, drawn)
            _check_limits(drawn)
            request, model = self._build_filled(self.data, drawn, backend)
            if self.asked.rows:
                data = self._simulate_rows((request, model), simulator, drawn, backend, scratch)
        data = list_drawn(drawn, request) if data is None else data
        if not data:
            raise RequestError("no data set could be drawn: every one holds numbers that are no data.")
        simulated_by = None
        notes = tuple(
            dict.fromkeys((*self.data.notes, *(() if other is None else other.notes), *drawn.notes))
        )
        total = max(1, len(self.asked.rows)) * len(drawn.is_drawn)
        if len(data) < total:
            notes = (*notes, *_describe_undrawn(drawn, total - len(data), total))
        data, refused = leave_out_refused(request, model.exe, backend, scratch, data)
        notes = (*notes, refused) if refused else notes
        columns = self._list_columns(request, model, backend, scratch)
        if other is not None:
            simulated_by = LikelihoodProgram(
                *self._build_filled(other, drawn, backend),
                f"{LOG_LIKELIHOOD} of {other.request.program.path.stem}",
            )
            theirs = self._list_columns(simulated_by.request, simulated_by.model, backend, scratch)
            notes = (*notes, *compare_programs(request.program, columns, other.request.program, theirs))
        quantities = parse_quantities(self.asked.quantities, list_author_columns(request.program, columns))
        context = CalibrationContext(request, model, backend, quantities, simulated_by)
        return context, drawn, data, notes

    def _simulate_rows(
        self,
        fitted: tuple[FitRequest, CompiledModel],
        simulator: Simulator,
        drawn: Simulations,
        backend: Any,
        scratch: Path,
    ) -> list[SimulatedData]:
        """Return the data sets of each number of rows, the fewest rows first."""
        request, model = fitted
        for own in (request, simulator.request):
            check_rows(own, simulator)
        data = []
        with self.progress.stage("Simulating data", float(len(self.asked.rows))) as stage:
            for done, sets in enumerate(
                simulate_rows(simulator, drawn, self.asked.rows, self.options.seed), start=1
            ):
                if sets and self.asked.simulate_with is None:
                    check_prior_stays(request, model.exe, backend, scratch / "prior", sets[0])
                data += sets
                stage.update(float(done))
        return data

    def _build(self, request: FitRequest, backend: Backend) -> tuple[FitRequest, CompiledModel]:
        """Return the request with the program that is run, proved to be the author's, and its executable."""
        builds = Builds(request, self.tools, self.progress)
        builds, model, original = builds.build_or_keep_loops()
        with self.progress.stage("Comparing with the program as written"):
            return choose_program(
                take_program(request, builds),
                model,
                backend,
                original=original,
                unoptimized=builds.build_unoptimized,
                in_one_sum=builds.build_in_one_sum,
                with_loops=builds.build_with_loops,
            )

    def _build_filled(
        self, data: Covariates, drawn: Simulations, backend: Backend
    ) -> tuple[FitRequest, CompiledModel]:
        """Return what `_build` does; absent outcomes are those of a data set that the program takes."""
        numbers = np.flatnonzero(drawn.is_drawn)[:_MOST_TRIED].tolist() if data.absent else []
        for number in numbers:
            try:
                return self._build(_fill(data, drawn, number), backend)
            except ChainFailed as reason:
                if number == numbers[-1]:
                    said = find_refusal(reason) or reason.message.rstrip(".")
                    raise RequestError(
                        f"the program refuses each of {len(numbers)} simulated data sets: {said}.",
                        hint="take a prior and a likelihood that keep to what its transformed data demand",
                    ) from reason
        return self._build(data.request, backend)

    def _explain_refusal(self, reason: ChainFailed) -> WorkbenchError:
        """Return the error for a program that does not take the table: that, or the program, is to change."""
        said = find_refusal(reason)
        if not said:
            return reason
        return RequestError(
            f"`{self.request.program.path.name}` refuses the data of `{self.table.path.name}`: {said}.",
            hint="correct the table, or what transformed data demand of it"
            + (
                ""
                if self.asked.from_posterior
                else "; a column of outcomes is not needed, and may be left out"
            ),
        )

    def _list_columns(
        self, request: FitRequest, model: CompiledModel, backend: Any, scratch: Path
    ) -> tuple[str, ...]:
        """Return Stan's names of all quantities of the program that is fitted."""
        folder = scratch / f"columns-{model.key[:16]}"
        folder.mkdir(exist_ok=True)
        job = make_plain_job(FitContext(request, model.exe, backend, folder, SILENT))
        columns: tuple[str, ...] = backend.list_columns(job)
        backend.free(model.exe)
        return columns

    # --- Fits ---------------------------------------------------------------------------------------------

    def _fit(self, context: CalibrationContext, data: Sequence[SimulatedData]) -> list[SimulatedFit]:
        """Return the fits of all data sets, in their order."""
        tasks = list_tasks(context, data)
        pieces = self.folder / PIECES
        _remove_damaged(pieces, tasks)
        by_key = {task.key: task for task in tasks}
        found: dict[str, list[SimulatedFit]] = {}
        executor = self._choose_executor()
        total, started, made = float(len(data)), time.monotonic(), 0
        with self.progress.stage("Fitting simulated data", total) as stage:
            for outcome in executor.map(tasks, pieces):
                task = by_key[outcome.key]
                found[outcome.key] = _read_outcome(task, outcome, pieces, context)
                made += not outcome.was_kept
                done = sum(len({(fit.simulation, fit.rows) for fit in fits}) for fits in found.values())
                message = describe_progress(started, made, len(tasks) - len(found) + made, "batches")
                stage.update(float(done), message)
        wanted = {name for task in tasks for name in task.pieces}
        for path in pieces.glob("fits-*.parquet"):
            if path.name not in wanted:
                path.unlink(missing_ok=True)
        return [fit for task in tasks for fit in found[task.key]]

    def _choose_executor(self) -> Executor:
        """Return where fits run: on this machine, in processes of their own, whose Python shares no core."""
        executor = self.asked.executor or LocalExecutor(self.options.jobs)
        if type(executor) is LocalExecutor and executor.cores > 1:
            return ProcessExecutor(executor.cores)
        return executor

    # --- Results ------------------------------------------------------------------------------------------

    def _start_record(self) -> CalibrationRecord:
        request, program = self.request, self.request.program
        other = self.asked.simulate_with
        return CalibrationRecord(
            schema=SCHEMA,
            workbench=read_workbench_version(),
            created=datetime.now(UTC).isoformat(timespec="seconds"),
            is_finished=False,
            command=self.options.command,
            kind="posterior" if self.asked.from_posterior else "prior",
            model=card.read(program.path).title or program.path.stem,
            model_path=str(program.path),
            model_sha256=program.sha256,
            data=self.table.path.name,
            data_path=str(self.table.path),
            data_sha256=self.table.sha256,
            rows=request.data.rows,
            simulator="" if other is None else other.stem,
            simulator_path="" if other is None else str(other),
            seed=self.options.seed,
            level=self.options.level,
            settings={
                "simulations": self.asked.simulations,
                "methods": [[method.name, list_settings(method)] for method in request.methods],
                "quantities": list(self.asked.quantities),
                "priors": dict(request.priors.values),
                **({"rows": list(self.asked.rows)} if self.asked.rows else {}),
            },
        )

    def _finish_record(
        self,
        record: CalibrationRecord,
        fits: Sequence[SimulatedFit],
        drawn: Simulations,
        left_out: int,
        notes: tuple[str, ...],
        wanted: Sequence[str],
        seconds: float,
    ) -> CalibrationRecord:
        names = dict.fromkeys(name for fit in fits for name in fit.numbers.names)
        labels = self.request.data.labels
        by_name = {name: label_column(name, self.request.program, labels) for name in names}
        most_rows = max((fit.rows for fit in fits if fit.rows is not None), default=None)
        is_foreign = self.asked.simulate_with is not None
        methods: list[MethodCalibration] = []
        for method in list_fitted(self.request.methods):  # NUTS is the first
            found = judge_method(
                method.name,
                [fit for fit in fits if fit.method == method.name and fit.rows == most_rows],
                by_name,
                self.options.level,
                is_foreign=is_foreign and not any(item.judgement == "calibrated" for item in methods),
                wanted=wanted,
                nuts=next((item for item in methods if item.method == "nuts"), None),
            )
            methods.append(found)
        by_rows = summarise_rows(fits, by_name, self.options.level) if self.asked.rows else ()
        needed = list_needed(by_rows, self.options.level)
        total = max(1, len(self.asked.rows)) * len(drawn.is_drawn)
        answer = describe_all(methods, is_foreign=is_foreign)
        right = [item.fits for item in methods if item.judgement == "calibrated"]
        if right and (is_foreign or min(right) < CalibrateOptions.simulations):
            notes = (describe_power(min(right)), *notes)
        notes = (*notes, *(describe_failed_rows(fits) if self.asked.rows else ()))
        return msgspec.structs.replace(
            record,
            is_finished=True,
            way="draws of the posterior" if drawn.way == GIVEN else drawn.way,
            simulations=total - left_out,
            left_out=left_out,
            sentence=f"{needed[0].sentence} {answer}" if needed else answer,
            notes=notes,
            methods=tuple(methods),
            by_rows=by_rows,
            probabilities=summarise_probabilities(fits) if self.asked.rows else (),
            needed=needed,
            seconds=seconds,
        )

    def _write(self, record: CalibrationRecord, fits: Sequence[SimulatedFit]) -> Calibration:
        table_sha256 = calibration_folder.write_tables(self.folder, fits)
        record = msgspec.structs.replace(record, table_sha256=table_sha256)
        found = Calibration(record, self.folder)
        files.replace_file(self.folder / REPORT, render(build_calibration_report(found)))
        calibration_folder.write_record(self.folder, record)
        return found


def _fill(data: Covariates, drawn: Simulations, number: int) -> FitRequest:
    """Return the request with a data set in the place of outcomes that the table lacks."""
    bound = data.request.data
    variables = tuple(
        replace(item, value=drawn.outcomes[item.name][number]) if item.name in data.absent else item
        for item in bound.variables
    )
    return replace(data.request, data=replace(bound, variables=variables))


def _check_limits(drawn: Simulations) -> None:
    """Refuse truths of which too many have no data set: those that are left are no draws of the prior.

    Raises
    ------
    RequestError
        The message says how many.
    """
    share = float(drawn.is_out_of_limits.mean())
    if share > FAILED_FITS_SHARE:
        raise RequestError(
            f"no outcome could be drawn within the limits of a truncated density for {share:.0%} of the "
            "parameters drawn from the prior: these limits hold next to nothing there, and the other "
            "parameters are selected.",
            hint="take a prior under which the limits hold more: `workbench prior` shows it",
        )


def _describe_undrawn(drawn: Simulations, count: int, total: int) -> Iterator[str]:
    """Yield notes on data sets that are left out, so many of all."""
    limited = min(count, total * int(drawn.is_out_of_limits.sum()) // max(1, drawn.count))
    if limited:
        yield (
            f"{limited:,} of {total:,} data sets could not be drawn within the limits of a truncated "
            "density, and are left out: the parameters of the others are selected, and ranks may be off "
            "by that."
        )
    if count > limited:
        yield (
            f"{count - limited:,} of {total:,} simulated data sets hold numbers that are no data, such as "
            "counts beyond what an integer holds or proportions of exactly 1, and are left out: the prior "
            "allows what cannot be."
        )


def _remove_damaged(pieces: Path, tasks: Sequence[Task]) -> None:
    """Remove pieces of these tasks that cannot be read or hold other fits, so that they are made again."""
    for task in tasks:
        data, name = task.arguments
        try:
            is_right = {fit.simulation for fit in read_fits(pieces / name)} == {one.number for one in data}
        except RunIncomplete:
            is_right = False
        if not is_right:
            (pieces / name).unlink(missing_ok=True)


def _read_outcome(
    task: Task, outcome: TaskOutcome, pieces: Path, context: CalibrationContext
) -> list[SimulatedFit]:
    """Return the fits of a task; one that has no piece makes a failure of each."""
    data, name = task.arguments
    words = "" if outcome.failure is None else outcome.failure.message
    if not words:
        try:
            return read_fits(pieces / name)
        except RunIncomplete as reason:
            (pieces / name).unlink(missing_ok=True)
            words = reason.message
    return [
        SimulatedFit(one.number, method.name, failure=words, rows=None if one.rows is None else len(one.rows))
        for one in data
        for method in list_fitted(context.request.methods)
    ]
