"""Predict new rows draw by draw: bound as the run's rows were, and drawn by the predictive program."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from workbench.errors import BuildFailed, ProgramError, RequestError
from workbench.estimation.sampling.stored_draws import StoredDraws, select_draws
from workbench.estimation.standardize.rescaling import undo_standardization
from workbench.files import make_scratch
from workbench.prediction import OutcomePrediction, Predictions
from workbench.prediction.growth import NEW, Growth, find_growth
from workbench.prediction.horizon import append_rows, continue_rows, count_rows
from workbench.prediction.levels import NewGroups, NewRows, bind_new_rows
from workbench.prediction.outcomes import (
    MOST_CATEGORIES,
    average_repetitions,
    build_outcome,
    find_log_lik_columns,
    find_predicted,
    is_categorical,
    is_of_all_rows,
    list_quantities,
    require_prediction,
)
from workbench.prediction.predictions import Floats
from workbench.prediction.predictor import Parameters, RowPredictor, collect
from workbench.prediction.proof import check_joint_density, check_row_independence, find_wrong_means
from workbench.prediction.table_checks import describe_table
from workbench.program import Declaration, Replicate
from workbench.program.predictive.outcome_maps import ColumnMap, OutcomeMap
from workbench.program.predictive.outcome_scales import return_to_column
from workbench.program.predictive_program import PredictiveProgram, iterate_predictive_programs
from workbench.progress import SILENT, Progress
from workbench.provenance import derive_seeds
from workbench.results import Fit
from workbench.results.outcomes import list_outcome_data
from workbench.tables import Table, drop_rows
from workbench.thresholds import LOG_LIKELIHOOD_DIFFERENCE_LIMIT
from workbench.toolchain import ModelSource, ToolchainSettings, build_all
from workbench.workflow.saved_run import SavedRun, open_run

NUMBERS_AT_ONCE = 10_000_000
"""Draws times rows of one chunk: 80 MB for each quantity. Ours."""

_SMALLEST_CHUNK = 100
"""Rows of a chunk at least. Ours."""

_REPETITIONS = 10
"""Replicates of each posterior draw from which an expectation without a formula is averaged. Ours."""

_SEED = 6
"""Which of the seeds derived from that of the run is for taking known groups at random."""


@dataclass(frozen=True)
class OpenPredictor:
    """A run ready to predict.

    Attributes
    ----------
    fit
        The run.
    predictor
        Its predictive program.
    stored, parameters
        The draws it predicts from.
    scoring
        Whether the log densities of observed outcomes are wanted.
    """

    fit: Fit
    predictor: RowPredictor
    stored: StoredDraws
    parameters: Parameters
    scoring: bool = True

    @property
    def chains(self) -> int:
        """How many chains the draws come from, one after the other."""
        return int(self.stored.draws.sizes["chain"])


@contextmanager
def open_predictor(
    fit: Fit,
    method: str = "",
    settings: ToolchainSettings | None = None,
    progress: Progress = SILENT,
    *,
    in_order: bool = False,
    scoring: bool = True,
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

    Raises
    ------
    WorkbenchError
        The run has no draws, was not fitted to a table, or its program does not treat rows one by one.
    """
    stored = select_draws(fit, method)
    from workbench.backends.stan import StanBackend  # only here: importing it takes a second

    with open_run(fit, settings, progress=progress, instrumenting=False) as saved, make_scratch() as folder:
        request = saved.request
        if fit.results.data.standardized.is_on_data_scale:
            request = replace(request, data=undo_standardization(request.data))
        if not fit.results.data.rules.get("variables"):
            message = "the run was fitted to Stan's own data, which say nothing about how to bind a table."
            raise RequestError(message, hint="fit a table to predict tables")
        growth = find_growth(request, fit.results.data)
        program, exe = _build_program(saved, growth, progress, in_order=in_order)
        predictor = RowPredictor(request, growth, program, exe, StanBackend(), folder)
        parameters = predictor.read_parameters(stored.draws)
        if program.joint:
            check_joint_density(predictor, parameters)
        elif not is_of_all_rows(program.replicates):
            check_row_independence(predictor, parameters, in_order=in_order)
            predictor = predictor.without_means(find_wrong_means(predictor, parameters))
        yield OpenPredictor(fit, predictor, stored, parameters, scoring)


def _build_program(
    saved: SavedRun, growth: Growth, progress: Progress, *, in_order: bool
) -> tuple[PredictiveProgram, Path]:
    """Return the predictive program and its executable: the first that stanc and the compiler accept."""
    written, tools = saved.builds.request.program, saved.builds.tools
    obstacle = next((item for item in written.obstacles if item.feature == "instrumenting"), None)
    if obstacle is not None:
        raise RequestError(f"the program cannot predict new rows: {obstacle.message}")
    rejection: ProgramError | BuildFailed | None = None
    for program in iterate_predictive_programs(written, growth.sizes):
        require_prediction(program.replicates, saved.request.program.path.name, in_order=in_order)
        if not in_order:
            _refuse_sequences(program, growth.rows)
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


def predict_rows(
    fit: Fit,
    table: Table,
    *,
    method: str = "",
    new_groups: NewGroups = "refuse",
    generated: Collection[str] = (),
    settings: ToolchainSettings | None = None,
    progress: Progress = SILENT,
) -> Iterator[Predictions]:
    """Yield the predictions of new rows, a chunk of rows at a time.

    Parameters
    ----------
    fit
        A fit, as a run directory holds it.
    table
        New rows, with the columns that the fit used; those of outcomes may be missing.
    method
        What is predicted from; by default NUTS, else an approximation.
    new_groups
        Whether groups that the fit has not seen are refused, drawn from the distribution of groups, or taken
        from the fit's groups at random (``average``).
    generated
        Generated quantities of the author that are wanted besides.
    settings
        Which Stan and compiler to use.
    progress
        Where to report.

    Raises
    ------
    WorkbenchError
        As `open_predictor`, or the rows cannot be bound.
    """
    with open_predictor(fit, method, settings, progress) as opened:
        yield from iterate_chunks(
            opened, table, new_groups=new_groups, generated=generated, progress=progress
        )


def iterate_chunks(
    opened: OpenPredictor,
    table: Table,
    *,
    new_groups: NewGroups = "refuse",
    generated: Collection[str] = (),
    progress: Progress = SILENT,
) -> Iterator[Predictions]:
    """Yield the predictions of new rows from a run that is open, as `predict_rows` does."""
    predictor = opened.predictor
    per_row = [
        item.name for item in predictor.growing if any(size in predictor.growth.rows for size in item.sizes)
    ]
    new = bind_new_rows(
        opened.fit, predictor.request, predictor.growth, table, new_groups=new_groups, per_row=per_row
    )
    if is_of_all_rows(predictor.program.replicates):
        new = _keep_categories(predictor, new, table)
    rows = table.rows
    step = max(_SMALLEST_CHUNK, NUMBERS_AT_ONCE // opened.parameters.count)
    if predictor.program.joint:
        step = _SMALLEST_CHUNK
    predict_chunk = _predict_joint_chunk if predictor.program.joint else _predict_chunk
    with progress.stage("Predicting", total=rows) as stage:
        for first in range(0, rows, step):
            yield predict_chunk(opened, new, new_groups, range(first, min(rows, first + step)), generated)
            stage.update(min(rows, first + step), f"{min(rows, first + step):,} of {rows:,} rows")


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
    return [remark for remark in (opened.stored.remark, *uncensored, *columns) if remark]


def iterate_predictions(
    opened: OpenPredictor,
    table: Table | None,
    *,
    horizon: int | None = None,
    new_groups: NewGroups = "refuse",
    generated: Collection[str] = (),
    progress: Progress = SILENT,
) -> Iterator[Predictions]:
    """Yield the predictions of new rows chunk by chunk, or with a horizon the forecast of the next rows.

    Raises
    ------
    WorkbenchError
        As `iterate_chunks` and `forecast`; there are neither rows nor a horizon.
    """
    if horizon is not None:
        if generated:
            message = f"`{next(iter(generated))}` has an element for each row, and is not forecast."
            raise RequestError(message, hint="ask for the outcome")
        yield forecast(opened, table, horizon, new_groups=new_groups, progress=progress)
    elif table is None:
        raise RequestError("no rows to predict were given.", hint="give a table, or --horizon H")
    else:
        yield from iterate_chunks(
            opened, table, new_groups=new_groups, generated=generated, progress=progress
        )


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
    return replace(new, places={**new.places, **dict.fromkeys(predictor.growth.rows, where)})


def _refuse_sequences(program: PredictiveProgram, rows: Collection[str]) -> None:
    """Refuse rows that the program states given earlier ones, where it is not said that they follow."""
    for item in program.new_elements:
        if item.is_sequential and any(size in rows for size in item.sizes):
            message = f"`{item.name}` goes on from row to row: new rows must follow those of the fit."
            raise RequestError(message, hint="--horizon H forecasts the next H rows, step by step")


def forecast(
    opened: OpenPredictor,
    table: Table | None,
    horizon: int,
    *,
    new_groups: NewGroups = "refuse",
    progress: Progress = SILENT,
) -> Predictions:
    """Return the forecast of the rows that follow those of the fit, step by step.

    Parameters
    ----------
    opened
        A run, opened `in_order`.
    table
        The next rows, of which the first `horizon` are taken; `None` where every predictor goes on by itself.
    horizon
        How many rows.
    new_groups, progress
        As for `predict_rows`.

    Raises
    ------
    WorkbenchError
        The rows cannot be bound or continued, or the program does not say how an outcome goes on.
    """
    predictor = opened.predictor
    request, growth = predictor.request, predictor.growth
    if table is None:
        new = continue_rows(request, growth, list_outcome_data(request.program), horizon)
    else:
        if table.rows < horizon:
            message = f"`{table.path.name}` has {table.rows} rows, and --horizon asks for {horizon}."
            raise RequestError(message, hint="give as many rows as are to be forecast")
        first = np.arange(table.rows) >= horizon
        new = bind_new_rows(
            opened.fit,
            request,
            growth,
            drop_rows(table, first) if first.any() else table,
            new_groups=new_groups,
        )
    data, places = append_rows(request, growth, new, horizon)
    fitted = count_rows(request, growth)
    with progress.stage("Forecasting"):
        chunk = _Chunk(opened, data, places, range(fitted, fitted + horizon))
        chunk = replace(chunk, parameters=_place_parameters(chunk, new_groups))
        outcomes = tuple(
            _draw_jointly(chunk, new) if predictor.program.joint else _forecast_outcomes(chunk, new)
        )
    labels = new.labels or tuple(str(row + 1) for row in range(fitted, fitted + horizon))
    return Predictions(
        opened.stored.method,
        opened.stored.remark,
        opened.fit.results.interval.level,
        tuple(labels),
        fitted,
        outcomes,
        parameters=_collect_posterior(opened),
    )


def _forecast_outcomes(chunk: _Chunk, new: NewRows) -> Iterator[OutcomePrediction]:
    """Yield each outcome in the rows that follow those of the fit."""
    predictor = chunk.opened.predictor
    program = predictor.program
    wanted = [
        name
        for item in find_predicted(program.replicates).values()
        for name in list_quantities(program, item)
    ]
    drawn = chunk.run(wanted, replicating=True)
    for replicate, axis in _list_outcomes(chunk):
        outcome = build_outcome(program, replicate, drawn, axis)
        if replicate.is_conditional and chunk.parameters is not None:
            path = predictor.continue_outcome(replicate.outcome, chunk.data, chunk.places, chunk.parameters)
            outcome = replace(outcome, draws=path.reshape(len(path), -1), expectation=None)
        outcome = _add_observed(chunk, replicate, outcome, new.absent, drawn)
        yield _select_rows(outcome, chunk.rows)


def _predict_joint_chunk(
    opened: OpenPredictor, new: NewRows, new_groups: NewGroups, rows: range, generated: Collection[str]
) -> Predictions:
    """Return the predictions of some new rows given those of the fit, for a joint density of all rows."""
    if generated:
        message = f"`{next(iter(generated))}` cannot be computed for new rows, which have a joint density."
        raise RequestError(message, hint="ask for the outcome")
    predictor = opened.predictor
    taken, _ = _take_chunk(predictor, new, rows)
    variables = tuple(replace(item, value=taken[item.name]) for item in new.bound.variables)
    part = replace(new, bound=replace(new.bound, variables=variables))
    data, places = append_rows(predictor.request, predictor.growth, part, len(rows))
    fitted = count_rows(predictor.request, predictor.growth)
    chunk = _Chunk(opened, data, places, range(fitted, fitted + len(rows)))
    chunk = replace(chunk, parameters=_place_parameters(chunk, new_groups))
    labels = new.labels[rows.start : rows.stop] if new.labels else tuple(str(row + 1) for row in rows)
    outcomes = tuple(_move_rows(outcome, rows.start - fitted) for outcome in _draw_jointly(chunk, new))
    return Predictions(
        opened.stored.method,
        opened.stored.remark,
        opened.fit.results.interval.level,
        tuple(labels),
        rows.start,
        outcomes,
        parameters=_collect_posterior(opened),
    )


def _move_rows(outcome: OutcomePrediction, by: int) -> OutcomePrediction:
    return replace(
        outcome, rows=outcome.rows + by, index=tuple((row + by, *rest) for row, *rest in outcome.index)
    )


def _draw_jointly(chunk: _Chunk, new: NewRows) -> Iterator[OutcomePrediction]:
    """Yield the outcomes with a joint density in the rows that are not of the fit, given those of the fit."""
    predictor = chunk.opened.predictor
    assert chunk.parameters is not None  # noqa: S101 - they are placed first
    replicates = {item.outcome: item for item in predictor.program.replicates}
    for item in predictor.program.joint:
        drawn = predictor.run(
            chunk.data, chunk.places, chunk.parameters, wanted=[item.quantity], adding=True, number=2
        )
        found = collect(drawn, item.quantity)[:, 0, chunk.rows.start :]
        draws, mean, sd = (found[..., column] for column in range(3))
        observed = log_lik = None
        if item.name not in new.absent:
            observed = np.asarray(chunk.data[item.name], dtype=float)[chunk.rows.start :]
            log_lik = -0.5 * ((observed - mean) / sd) ** 2 - np.log(sd * np.sqrt(2 * np.pi))
        yield OutcomePrediction(
            item.name,
            replicates[item.name].name or f"{item.name}_rep",
            tuple((row,) for row in chunk.rows),
            np.asarray(chunk.rows, dtype=np.int64),
            draws,
            expectation=mean,
            observed=observed,
            log_lik=log_lik,
            distributions=replicates[item.name].distributions,
        )


def _select_rows(outcome: OutcomePrediction, rows: range) -> OutcomePrediction:
    """Return an outcome in some rows alone."""
    kept = np.flatnonzero((outcome.rows >= rows.start) & (outcome.rows < rows.stop))

    def keep(values: Floats | None) -> Floats | None:
        return None if values is None else values[..., kept]

    return replace(
        outcome,
        index=tuple(outcome.index[place] for place in kept),
        rows=outcome.rows[kept],
        draws=outcome.draws[:, kept],
        expectation=keep(outcome.expectation),
        observed=keep(outcome.observed),
        log_lik=keep(outcome.log_lik),
    )


def _predict_chunk(
    opened: OpenPredictor, new: NewRows, new_groups: NewGroups, rows: range, generated: Collection[str]
) -> Predictions:
    predictor = opened.predictor
    program = predictor.program
    chunk = _Chunk(opened, *_take_chunk(predictor, new, rows), rows)
    chunk = replace(chunk, parameters=_place_parameters(chunk, new_groups))
    wanted = [
        name
        for item in find_predicted(program.replicates).values()
        for name in list_quantities(program, item)
    ]
    wanted += [item.observed for item in program.replicates if item.observed]
    drawn = chunk.run([*wanted, *generated], replicating=True)
    outcomes = tuple(
        _complete(chunk, replicate, build_outcome(program, replicate, drawn, axis), new.absent, drawn)
        for replicate, axis in _list_outcomes(chunk)
    )
    outcomes += tuple(_return_to_columns(chunk, outcomes, new.absent))
    numbers = new.bound.table.row_number
    labels = new.labels[rows.start : rows.stop] or tuple(str(numbers(row)) for row in rows)
    return Predictions(
        opened.stored.method,
        opened.stored.remark,
        opened.fit.results.interval.level,
        tuple(labels),
        rows.start,
        outcomes,
        parameters=_collect_posterior(opened),
        generated={name: collect(drawn, name) for name in generated},
    )


@dataclass(frozen=True)
class _Chunk:
    """Some new rows, and the parameters that predict them."""

    opened: OpenPredictor
    data: Mapping[str, Any]
    places: Mapping[str, Any]
    rows: range
    parameters: Parameters | None = None

    def run(
        self, wanted: Collection[str], *, replicating: bool = False, number: int = 0, data: Any = None
    ) -> Any:
        """Return generated quantities; each chunk and repetition has random numbers of its own."""
        predictor = self.opened.predictor
        parameters = self.parameters if self.parameters is not None else self.opened.parameters
        return predictor.run(
            self.data if data is None else data,
            self.places,
            parameters,
            wanted=wanted,
            replicating=replicating,
            number=2 + number + (1 + _REPETITIONS) * (self.rows.start // max(1, len(self.rows))),
        )


def _take_chunk(predictor: RowPredictor, new: NewRows, rows: range) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the data block and the places of some of the new rows."""
    growth, program = predictor.growth, predictor.request.program
    data: dict[str, Any] = dict(new.bound.values)
    for declared in program.data:
        if declared.name in growth.rows:
            data[declared.name] = len(rows)
        axis = _find_row_axis(declared, growth.rows)
        if axis is not None:
            data[declared.name] = np.take(
                np.asarray(data[declared.name]), np.arange(rows.start, rows.stop), axis=axis
            )
    places = {
        size: where[rows.start : rows.stop] if size in growth.rows else where
        for size, where in new.places.items()
    }
    return data, places


def _find_row_axis(declared: Declaration, sizes: Collection[str]) -> int | None:
    return next((axis for axis, size in enumerate(declared.axes) if size.text in sizes), None)


def _place_parameters(chunk: _Chunk, new_groups: NewGroups) -> Parameters:
    """Return the parameters with an element for each row and group of a chunk."""
    predictor = chunk.opened.predictor
    places = chunk.places
    parameters = chunk.opened.parameters
    if new_groups == "average":
        known = {size: where for size, where in places.items() if (where != NEW).any()}
        placed = predictor.place(parameters, places)
        seed = derive_seeds(predictor.request.seed, _SEED + 1)[_SEED]
        return predictor.borrow_elements(known, placed, np.random.default_rng(seed))
    placed = predictor.place(parameters, places)
    return predictor.add_elements(chunk.data, places, placed)


def _list_outcomes(chunk: _Chunk) -> Iterator[tuple[Replicate, int | None]]:
    """Yield each outcome that is predicted, and its axis of rows."""
    predictor = chunk.opened.predictor
    program = predictor.program.program
    declared = {item.name: item for item in (*program.data, *program.transformed_data)}
    for replicate in find_predicted(predictor.program.replicates).values():
        own = declared[replicate.outcome]
        yield replicate, _find_row_axis(own, predictor.growth.rows)


def _complete(
    chunk: _Chunk, replicate: Replicate, outcome: OutcomePrediction, absent: Collection[str], drawn: Any
) -> OutcomePrediction:
    """Return an outcome with its expectation, the probabilities of categories, and what was observed."""
    outcome = replace(
        outcome, rows=outcome.rows + chunk.rows.start, index=_shift_index(outcome, chunk, replicate)
    )
    if is_categorical(replicate) and replicate.outcome in chunk.data:
        outcome = _add_probabilities(chunk, replicate, outcome)
    if outcome.expectation is None and outcome.probabilities is None:
        outcome = _simulate_expectation(chunk, outcome)
    return _add_observed(chunk, replicate, outcome, absent, drawn)


def _shift_index(
    outcome: OutcomePrediction, chunk: _Chunk, replicate: Replicate
) -> tuple[tuple[int, ...], ...]:
    """Return the index of each element in the whole table."""
    axis = next(axis for item, axis in _list_outcomes(chunk) if item is replicate)
    if axis is None or not chunk.rows.start:
        return outcome.index
    start = chunk.rows.start
    return tuple((*place[:axis], place[axis] + start, *place[axis + 1 :]) for place in outcome.index)


def _simulate_expectation(chunk: _Chunk, outcome: OutcomePrediction) -> OutcomePrediction:
    """Return an outcome with its expectation from several replicates of each posterior draw."""
    repetitions = []
    for number in range(1, _REPETITIONS + 1):
        drawn = collect(chunk.run([outcome.quantity], replicating=True, number=number), outcome.quantity)
        repetitions.append(drawn.reshape(outcome.draws.shape))
    return replace(outcome, expectation=average_repetitions(repetitions), is_simulated=True)


def _add_probabilities(chunk: _Chunk, replicate: Replicate, outcome: OutcomePrediction) -> OutcomePrediction:
    """Return an outcome with the probability of each category: the density if that was observed."""
    predictor = chunk.opened.predictor
    program = predictor.program
    fitted = np.asarray(predictor.request.data.values[replicate.outcome])
    declared = next(item for item in predictor.request.program.data if item.name == replicate.outcome)
    upper = declared.upper.evaluate(chunk.data) if declared.upper is not None else fitted.max()
    categories = tuple(range(1, int(upper) + 1))
    columns = find_log_lik_columns(program, chunk.data, {}).get(replicate.outcome)
    if not program.log_lik or columns is None or len(categories) > MOST_CATEGORIES:
        return outcome
    shape = np.shape(chunk.data[replicate.outcome])
    found = []
    for category in categories:
        data = {**chunk.data, replicate.outcome: np.full(shape, category)}
        log_lik = collect(chunk.run([program.log_lik], data=data), program.log_lik)
        found.append(np.exp(log_lik[:, columns]))
    probabilities = np.stack(found, axis=-1)
    if not np.allclose(probabilities.sum(axis=-1), 1, atol=LOG_LIKELIHOOD_DIFFERENCE_LIMIT):
        return outcome
    return replace(outcome, categories=categories, probabilities=probabilities)


def _add_observed(
    chunk: _Chunk, replicate: Replicate, outcome: OutcomePrediction, absent: Collection[str], drawn: Any
) -> OutcomePrediction:
    """Return an outcome with what was observed, and its log density, where the new rows hold it."""
    program = chunk.opened.predictor.program
    if absent:
        return outcome
    if replicate.outcome in chunk.data:
        observed = np.asarray(chunk.data[replicate.outcome], dtype=float).reshape(-1)
    elif replicate.observed:
        observed = collect(drawn, replicate.observed)[0].reshape(-1)
    else:
        return outcome
    name = replicate.density_of or replicate.outcome
    columns = find_log_lik_columns(program, chunk.data, {name: observed.size}).get(name)
    log_lik = None
    if chunk.opened.scoring and program.log_lik and columns is not None:
        log_lik = collect(chunk.run([program.log_lik]), program.log_lik)[:, columns]
    # What is censored was not observed, but how likely its limit is can be said.
    return replace(outcome, observed=None if replicate.prediction else observed, log_lik=log_lik)


def _return_to_columns(
    chunk: _Chunk, outcomes: Collection[OutcomePrediction], absent: Collection[str]
) -> Iterator[OutcomePrediction]:
    """Yield the column from which transformed data make an outcome, such as `weight` for its logarithm."""
    predictor = chunk.opened.predictor
    program = predictor.program.program
    copies = {copy: predictor.request.data.values[name] for name, copy in predictor.program.copies.items()}
    by_name = {outcome.name: outcome for outcome in outcomes}
    for outcome_map in program.outcome_maps:
        column_map = _choose_column(outcome_map, absent)
        outcome = by_name.get(outcome_map.outcome)
        if column_map is None or outcome is None:
            continue
        draws = return_to_column(program.tree, {**chunk.data, **copies}, column_map, outcome.draws)
        if draws is not None:
            observed = None
            if column_map.column not in absent:
                observed = np.asarray(chunk.data[column_map.column], dtype=float).reshape(-1)
            yield OutcomePrediction(
                column_map.column, column_map.column, outcome.index, outcome.rows, draws, observed=observed
            )


def _choose_column(outcome_map: OutcomeMap, absent: Collection[str]) -> ColumnMap | None:
    """Return the map to the column that is to be predicted; `None` if there is none, or more than one."""
    maps = [item for item in outcome_map.maps if item.variable_steps and not item.is_selected]
    missing = [item for item in maps if item.column in absent]
    chosen = missing or maps
    return chosen[0] if len(chosen) == 1 else None


def _collect_posterior(opened: OpenPredictor) -> dict[str, Any]:
    """Return the draws of everything that does not belong to rows, by Stan's name of the variable."""
    growth = opened.predictor.growth
    program = opened.predictor.request.program
    declared = (*program.parameters, *program.transformed_parameters, *program.generated_quantities)
    found = {}
    for item in declared:
        if item.name in opened.stored.draws and _find_row_axis(item, growth.rows) is None:
            values = opened.stored.draws[item.name].to_numpy()
            found[item.name] = values.reshape(-1, *values.shape[2:])
    return found
