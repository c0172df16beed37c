"""Predict new rows draw by draw: bound as the run's rows were, and drawn by the predictive program."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TypedDict

import numpy as np

from workbench.errors import BuildFailed, ProgramError, RequestError
from workbench.estimation.sampling.stored_draws import select_draws
from workbench.estimation.standardize.rescaling import undo_standardization
from workbench.files import make_scratch
from workbench.prediction import Predictions
from workbench.prediction.chunk import OpenPredictor, predict_chunk
from workbench.prediction.draw_files import write_passing
from workbench.prediction.forecast import forecast, is_series, predict_joint_chunk, predict_own_rows
from workbench.prediction.growth import NEW, Growth, find_growth
from workbench.prediction.horizon import check_calendar, count_rows
from workbench.prediction.levels import NewGroups, NewRows, are_fitted, bind_new_rows
from workbench.prediction.new_rows import check_new_rows
from workbench.prediction.outcomes import (
    is_of_all_rows,
    require_prediction,
)
from workbench.prediction.predictor import RowPredictor, find_continuation
from workbench.prediction.proof import (
    check_groups,
    check_joint_density,
    check_row_independence,
    find_wrong_means,
)
from workbench.prediction.replicate_proof import check_authors_replicates
from workbench.prediction.table_checks import describe_table
from workbench.program.predictive_program import PredictiveProgram, iterate_predictive_programs
from workbench.progress import SILENT, Progress
from workbench.request import FitRequest
from workbench.results import Fit
from workbench.tables import Table
from workbench.toolchain import ModelSource, ToolchainSettings, build_all
from workbench.workflow.saved_run import SavedRun, open_run

NUMBERS_AT_ONCE = 4_000_000
"""Draws times rows of one chunk: 32 MB for each quantity. Ours."""

_SMALLEST_CHUNK = 100
"""Rows of a chunk at least. Ours."""

_OWN_ROWS = (
    "these are the fit's own rows: each is predicted given what was observed before it, by parameters that "
    "have seen all of them, and is no forecast (--horizon H makes one)."
)
"""What is said of the fit's own rows, of a series."""


class PredictOptions(TypedDict, total=False):
    """The options that all forms of a prediction share.

    Attributes
    ----------
    method
        What is predicted from: ``nuts``, ``laplace``, ``pathfinder``, ``map`` or ``mle``; by default the best
        that the run has.
    new_groups
        Whether groups that the fit has not seen are refused, drawn from the distribution of groups
        (``draw``), or taken from the fit's groups at random (``average``).
    draws_file
        Where the draws are written besides, as ``.parquet`` or ``.nc``.
    horizon
        How many rows follow those of the fit in time, which are forecast step by step.
    """

    method: str
    new_groups: NewGroups
    draws_file: Path | None
    horizon: int | None


@contextmanager
def open_table(
    fit: Fit,
    table: Table | None,
    settings: ToolchainSettings | None,
    progress: Progress,
    options: PredictOptions,
) -> Iterator[OpenPredictor]:
    """Make a run ready to predict the rows of a table, or those that follow its own.

    Raises
    ------
    WorkbenchError
        As `open_predictor`; the times of the rows do not follow those of the fit.
    """
    horizon = options.get("horizon")
    if horizon is not None:
        check_calendar(fit, table, horizon)
    with open_predictor(
        fit,
        options.get("method", ""),
        settings,
        progress,
        in_order=horizon is not None,
        scoring=False,
        own=table,
        table=table,
        new_groups=options.get("new_groups", "refuse"),
    ) as opened:
        yield opened


@contextmanager
def open_predictor(
    fit: Fit,
    method: str = "",
    settings: ToolchainSettings | None = None,
    progress: Progress = SILENT,
    *,
    in_order: bool = False,
    scoring: bool = True,
    own: Table | None = None,
    table: Table | None = None,
    new_groups: NewGroups = "refuse",
) -> Iterator[OpenPredictor]:
    """Make a run ready to predict: its predictive program is built, and tried on the fit's own rows.

    Parameters
    ----------
    fit
        The run.
    method
        What is predicted from: ``nuts``, ``laplace``, ``pathfinder``, ``map`` or ``mle``; by default the best
        that the run has.
    settings
        Which Stan and compiler to use.
    progress
        Where to report.
    in_order
        Whether new rows follow those of the fit in time.
    scoring
        Whether the log densities of observed outcomes are wanted.
    own
        Rows that may be those of the fit: these are predicted of a series too.
    table, new_groups
        New rows, as they will be predicted: what is wrong with them is told before anything is built.

    Raises
    ------
    WorkbenchError
        The new rows cannot be bound, the run has no draws or was not fitted to a table, or its program does
        not treat rows one by one.
    """
    check_new_rows(fit.results, table, in_order=in_order)
    stored = select_draws(fit, method)
    from workbench.backends.stan import StanBackend  # only here: importing it takes a second

    with open_run(fit, settings, progress=progress, instrumenting=False) as saved, make_scratch() as folder:
        request = saved.request
        if fit.results.data.standardized.is_on_data_scale:
            request = replace(request, data=undo_standardization(request.data))
        growth = find_growth(request, fit.results.data)
        programs = _iterate_programs(saved, growth)
        fullest = next(programs)
        is_forecast = in_order and not scoring
        is_own = own is not None and not in_order and _are_own_rows(fit, request, growth, fullest, own)
        in_order = in_order or is_own
        every = itertools.chain((fullest,), programs)

        def check(program: PredictiveProgram) -> None:
            if table is not None and not in_order:
                _bind(fit, request, growth, program, table, new_groups)
            if is_forecast:
                _require_continuations(program)

        program, exe = _build_program(saved, every, growth, progress, check, in_order=in_order)
        predictor = RowPredictor(request, growth, program, exe, StanBackend(), folder)
        parameters = predictor.read_parameters(stored.draws)
        layout = None
        if program.joint:
            check_joint_density(predictor, parameters)
        elif not is_of_all_rows(program):
            layout = check_row_independence(predictor, parameters, in_order=in_order)
            predictor = predictor.without_means(find_wrong_means(predictor, parameters))
            check_authors_replicates(predictor, parameters)
        yield OpenPredictor(fit, predictor, stored, parameters, scoring, layout, is_own)


def _are_own_rows(
    fit: Fit, request: FitRequest, growth: Growth, program: PredictiveProgram, table: Table
) -> bool:
    """Return whether rows are those of the fit, in its order, of a program that states them given others."""
    if not is_series(program, growth) or table.rows != fit.results.data.rows:
        return False
    new = bind_new_rows(fit, request, growth, table)
    return not new.absent and are_fitted(request, new.bound)


def _iterate_programs(saved: SavedRun, growth: Growth) -> Iterator[PredictiveProgram]:
    """Return the program that predicts, then plainer ones for where it is not accepted.

    Raises
    ------
    RequestError
        The program cannot be taken apart.
    """
    written = saved.builds.request.program
    obstacle = next((item for item in written.obstacles if item.feature == "instrumenting"), None)
    if obstacle is not None:
        raise RequestError(f"the program cannot predict new rows: {obstacle.message}")
    return iterate_predictive_programs(written, growth.sizes)


def _build_program(
    saved: SavedRun,
    programs: Iterable[PredictiveProgram],
    growth: Growth,
    progress: Progress,
    check: Callable[[PredictiveProgram], None],
    *,
    in_order: bool,
) -> tuple[PredictiveProgram, Path]:
    """Return the predictive program and its executable: the first that stanc and the compiler accept.

    Each is checked before it is built.
    """
    written, tools = saved.builds.request.program, saved.builds.tools
    rejection: ProgramError | BuildFailed | None = None
    for program in programs:
        require_prediction(program.replicates, saved.request.program.path.name, in_order=in_order)
        if not in_order:
            _refuse_sequences(program, growth.rows)
        check(program)
        source = ModelSource(f"{written.name}_predictive", program.source)
        try:
            (built,) = build_all(
                (source,),
                tools.limit(saved.request.timeout),
                include_paths=(written.path.parent,),
                progress=progress,
            )
        except (ProgramError, BuildFailed) as error:
            rejection = rejection or error
            continue
        return program, built.exe
    assert rejection is not None  # noqa: S101 - there is at least one program
    raise rejection


def _require_continuations(program: PredictiveProgram) -> None:
    """Refuse a program that does not say how an outcome goes on."""
    for replicate in program.replicates:
        if replicate.is_conditional:
            find_continuation(program, replicate.outcome)


def _refuse_sequences(program: PredictiveProgram, rows: Collection[str]) -> None:
    """Refuse rows that the program states given earlier ones, where it is not said that they follow."""
    for item in program.new_elements:
        if item.is_sequential and any(size in rows for size in item.sizes):
            message = f"`{item.name}` goes on from row to row: new rows must follow those of the fit."
            hint = "`predict` with --horizon H forecasts the next H rows, step by step"
            raise RequestError(message, hint=hint)


def iterate_predictions(
    opened: OpenPredictor,
    table: Table | None,
    progress: Progress,
    options: PredictOptions,
    generated: Collection[str] = (),
    most: int | None = None,
) -> Iterator[Predictions]:
    """Yield the predictions of new rows chunk by chunk, or with a horizon the forecast of the next rows.

    A chunk has at most so many rows as `iterate_chunks` says.

    Raises
    ------
    WorkbenchError
        As `iterate_chunks` and `forecast`; there are neither rows nor a horizon, or a generated quantity is
        not predicted of such rows.
    """
    chunks = _iterate(opened, table, progress, options, generated, most)
    draws_file = options.get("draws_file")
    return chunks if draws_file is None else write_passing(chunks, draws_file, opened.chains)


def _iterate(
    opened: OpenPredictor,
    table: Table | None,
    progress: Progress,
    options: PredictOptions,
    generated: Collection[str],
    most: int | None,
) -> Iterator[Predictions]:
    horizon = options.get("horizon")
    new_groups = options.get("new_groups", "refuse")
    if generated and (horizon is not None or opened.is_own):
        reason = "is not forecast" if horizon is not None else "is not computed for the fit's own rows"
        message = f"`{next(iter(generated))}` has an element for each row, and {reason}."
        raise RequestError(message, hint="ask for the outcome")
    if horizon is not None:
        yield forecast(opened, table, horizon, new_groups=new_groups, progress=progress)
    elif opened.is_own:
        yield predict_own_rows(opened)
    elif table is None:
        hint = "give a table, or how many rows to forecast"
        raise RequestError("no rows to predict were given.", hint=hint)
    else:
        yield from iterate_chunks(
            opened, table, new_groups=new_groups, generated=generated, progress=progress, most=most
        )


def iterate_chunks(
    opened: OpenPredictor,
    table: Table,
    *,
    new_groups: NewGroups = "refuse",
    generated: Collection[str] = (),
    progress: Progress = SILENT,
    most: int | None = None,
) -> Iterator[Predictions]:
    """Yield the predictions of new rows from a run that is open, a chunk of rows at a time.

    A chunk has at most as many rows as `most`, where that is given; by default as many as memory suits.
    """
    predictor = opened.predictor
    new = bind_table(opened, table, new_groups)
    rows = table.rows
    step = most or choose_chunk(opened)
    predict_part = predict_joint_chunk if predictor.program.joint else predict_chunk
    with progress.stage("Predicting", total=rows) as stage:
        for first in range(0, rows, step):
            yield predict_part(opened, new, new_groups, range(first, min(rows, first + step)), generated)
            stage.update(min(rows, first + step), f"{min(rows, first + step):,} of {rows:,} rows")


def choose_chunk(opened: OpenPredictor, draws: int | None = None) -> int:
    """Return how many rows are predicted at a time, where each has so many draws: by default the run's."""
    if opened.predictor.program.joint:
        return _SMALLEST_CHUNK
    return max(_SMALLEST_CHUNK, NUMBERS_AT_ONCE // (draws or opened.parameters.count))


def bind_table(opened: OpenPredictor, table: Table, new_groups: NewGroups = "refuse") -> NewRows:
    """Return new rows bound as those of a run that is open, and refuse what it cannot say of them.

    Raises
    ------
    WorkbenchError
        A column is missing, a cell does not suit its variable, a group is new and refused, or the program
        does not treat further groups alike.
    """
    predictor = opened.predictor
    new = _bind(opened.fit, predictor.request, predictor.growth, predictor.program, table, new_groups)
    if any((new.places[size] == NEW).any() for size in predictor.growth.groups if size in new.places):
        check_groups(predictor, opened.parameters)
    _refuse_ignored(predictor, new)
    if is_of_all_rows(predictor.program):
        new = _keep_categories(predictor, new, table)
    return new


def _bind(
    fit: Fit,
    request: FitRequest,
    growth: Growth,
    program: PredictiveProgram,
    table: Table,
    new_groups: NewGroups,
) -> NewRows:
    """Return new rows bound as those of a fit were, each of which the fit knows where it must."""
    declared = {item.name for item in request.program.parameters}
    per_row = [
        item.name
        for item in program.new_elements
        if item.name in declared and any(size in growth.rows for size in item.sizes)
    ]
    return bind_new_rows(fit, request, growth, table, new_groups=new_groups, per_row=per_row)


def list_remarks(opened: OpenPredictor, table: Table | None, used: Collection[str] = ()) -> list[str]:
    """Return what must be known about predictions of a table: of their draws, its columns, and censoring.

    Parameters
    ----------
    opened
        The run.
    table
        The new rows.
    used
        Columns that are used besides those of the fit.
    """
    program = opened.predictor.request.program
    uncensored = (
        f"`{replicate.prediction}` predicts `{replicate.outcome}` as it would be without censoring."
        for replicate in program.replicates
        if replicate.prediction
    )
    columns: Iterable[str] = ()
    if table is not None:
        columns = describe_table(opened.fit.results.data, opened.predictor.request.data, table, used)
    own = _OWN_ROWS if opened.is_own else ""
    return [remark for remark in (opened.stored.remark, own, *uncensored, *columns) if remark]


def _refuse_ignored(predictor: RowPredictor, new: NewRows) -> None:
    """Refuse outcomes in new rows that would say something about elements drawn without them.

    Raises
    ------
    RequestError
        The message names the outcome and the parameter.
    """
    if not new.absent:
        return
    rows = predictor.growth.rows
    drawn = {
        item.name
        for item in predictor.growing
        if any(size in rows and (new.places[size] == NEW).any() for size in item.sizes)
    }
    for term in predictor.program.program.terms:
        known = [name for name in term.outcomes if name in new.bound.values and name not in new.absent]
        unknown = sorted(drawn & set(term.parameters))
        if term.role == "likelihood" and known and unknown:
            message = (
                f"the new rows hold `{known[0]}`, which says something about their own elements of "
                f"`{unknown[0]}`: these would be drawn without it."
            )
            raise RequestError(message, hint="fit again with these rows, their other outcomes left out")


def _keep_categories(predictor: RowPredictor, new: NewRows, table: Table) -> NewRows:
    """Return rows that are the categories of one outcome, each of them once, in any order."""
    fitted = count_rows(predictor.request, predictor.growth)
    size = next(iter(sorted(predictor.growth.rows)))
    where = new.places[size] if new.labels else np.arange(table.rows)
    if sorted(where.tolist()) != list(range(fitted)):
        message = (
            f"the rows are the {fitted} categories of one outcome, and `{table.path.name}` does not have "
            "each of them once."
        )
        raise RequestError(message, hint="give all categories of the fit")
    places = {**new.places, **dict.fromkeys(predictor.growth.rows, where)}
    if not new.absent:
        return replace(new, places=places)
    # Without counts of its own the outcome has the total of the fit.
    old = predictor.request.data.values
    variables = tuple(
        replace(item, value=np.asarray(old[item.name])[where]) if item.name in new.absent else item
        for item in new.bound.variables
    )
    return replace(new, places=places, bound=replace(new.bound, variables=variables), others={})
