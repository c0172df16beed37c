"""Rows that depend on those of the fit: forecasts step by step, and joint densities of all rows."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import replace

import numpy as np

from workbench.errors import RequestError
from workbench.prediction import OutcomePrediction, Predictions
from workbench.prediction.chunk import (
    REPETITIONS,
    OpenPredictor,
    RowChunk,
    add_observed,
    combine,
    list_outcomes,
    place_parameters,
    take_chunk,
)
from workbench.prediction.horizon import append_rows, continue_rows, count_rows
from workbench.prediction.levels import NewGroups, NewRows, bind_new_rows
from workbench.prediction.outcomes import (
    average_repetitions,
    build_outcome,
    find_predicted,
    list_quantities,
)
from workbench.prediction.predictions import Floats
from workbench.prediction.predictor import RowPredictor, collect
from workbench.prediction.proof import TRIED_DRAWS
from workbench.progress import SILENT, Progress
from workbench.results.outcomes import list_outcome_data
from workbench.tables import Table, drop_rows


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
        As for the predictions of a table.

    Raises
    ------
    WorkbenchError
        The rows cannot be bound or continued, or the program does not say how an outcome goes on.
    """
    predictor = opened.predictor
    request, growth = predictor.request, predictor.growth
    _require_order(predictor)
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
        chunk = RowChunk(opened, data, places, range(fitted, fitted + horizon))
        chunk = replace(chunk, parameters=place_parameters(chunk, new_groups))
        outcomes = tuple(
            _draw_jointly(chunk, new) if predictor.program.joint else _forecast_outcomes(chunk, new)
        )
    _check_paths(chunk)
    labels = new.labels or tuple(str(row + 1) for row in range(fitted, fitted + horizon))
    return combine(opened, labels, fitted, outcomes)


def _forecast_outcomes(chunk: RowChunk, new: NewRows) -> Iterator[OutcomePrediction]:
    """Yield each outcome in the rows that follow those of the fit."""
    predictor = chunk.opened.predictor
    program = predictor.program
    wanted = [
        name
        for item in find_predicted(program.replicates).values()
        for name in list_quantities(program, item)
    ]
    drawn = chunk.run(wanted, replicating=True)
    for replicate, axis in list_outcomes(chunk):
        outcome = build_outcome(program, replicate, drawn, axis)
        if replicate.is_conditional and chunk.parameters is not None:
            paths = _continue_paths(chunk, replicate.outcome)
            expectation = average_repetitions(paths[1:])
            outcome = replace(outcome, draws=paths[0], expectation=expectation, is_simulated=True)
        outcome = add_observed(chunk, replicate, outcome, new.absent, drawn)
        yield _select_rows(outcome, chunk.rows)


def _require_order(predictor: RowPredictor) -> None:
    """Refuse a program that states nothing given earlier rows: its rows have no order to go on in."""
    program = predictor.program
    is_ordered = any(item.is_conditional for item in program.replicates) or any(
        item.is_sequential and any(size in predictor.growth.rows for size in item.sizes)
        for item in program.new_elements
    )
    if not (is_ordered or program.joint or _has_row_parameters(predictor)):
        message = "the program states nothing given earlier rows: its rows have no order in time."
        raise RequestError(message, hint="predict a table without --horizon")


def _has_row_parameters(predictor: RowPredictor) -> bool:
    return any(size in predictor.growth.rows for item in predictor.growing for size in item.sizes)


def _check_paths(chunk: RowChunk) -> None:
    """Refuse a forecast that depends on outcomes of the next rows, which are not known."""
    predictor = chunk.opened.predictor
    if predictor.program.joint or chunk.parameters is None:
        return
    few = replace(chunk, parameters=chunk.parameters.take(slice(0, TRIED_DRAWS)))
    data = dict(chunk.data)
    for name in list_outcome_data(predictor.request.program):
        fitted = np.asarray(predictor.request.data.values[name])
        held = np.asarray(chunk.data[name])
        if held.shape != fitted.shape:  # it has rows
            highest = np.broadcast_to(np.sort(fitted, axis=0)[-1:], (len(chunk.rows), *fitted.shape[1:]))
            lowest = np.broadcast_to(np.sort(fitted, axis=0)[:1], highest.shape)
            is_highest = np.array_equal(held[chunk.rows.start :], highest)
            data[name] = np.concatenate([held[: chunk.rows.start], lowest if is_highest else highest])
    other = replace(few, data=data)
    for replicate, _ in list_outcomes(chunk):
        if replicate.is_conditional:
            paths = [
                predictor.continue_outcome(replicate.outcome, item.data, item.places, item.parameters)
                for item in (few, other)
                if item.parameters is not None
            ]
            name = replicate.outcome
        else:
            name = replicate.name or replicate.prediction
            paths = [collect(item.run([name], replicating=True), name) for item in (few, other)]
        first, second = (path.reshape(len(path), -1)[:, chunk.rows.start :] for path in paths)
        if not np.array_equal(first, second, equal_nan=True):
            message = (
                f"the forecast of `{name}` is computed from outcomes of the next rows, which are not known."
            )
            raise RequestError(message, hint="write the forecast into generated quantities")


def _continue_paths(chunk: RowChunk, outcome: str) -> list[Floats]:
    """Return the path of an outcome at each draw, `(s, e)`, and several more for its expectation."""
    predictor = chunk.opened.predictor
    assert chunk.parameters is not None  # noqa: S101 - they are placed first
    paths = (
        predictor.continue_outcome(outcome, chunk.data, chunk.places, chunk.parameters, number)
        for number in range(REPETITIONS + 1)
    )
    return [path.reshape(len(path), -1) for path in paths]


def predict_joint_chunk(
    opened: OpenPredictor, new: NewRows, new_groups: NewGroups, rows: range, generated: Collection[str]
) -> Predictions:
    """Return the predictions of some new rows given those of the fit, for a joint density of all rows."""
    if generated:
        message = f"`{next(iter(generated))}` cannot be computed for new rows, which have a joint density."
        raise RequestError(message, hint="ask for the outcome")
    predictor = opened.predictor
    taken, _ = take_chunk(predictor, new, rows)
    variables = tuple(replace(item, value=taken[item.name]) for item in new.bound.variables)
    part = replace(new, bound=replace(new.bound, variables=variables))
    data, places = append_rows(predictor.request, predictor.growth, part, len(rows))
    fitted = count_rows(predictor.request, predictor.growth)
    chunk = RowChunk(opened, data, places, range(fitted, fitted + len(rows)))
    chunk = replace(chunk, parameters=place_parameters(chunk, new_groups))
    labels = new.labels[rows.start : rows.stop] if new.labels else tuple(str(row + 1) for row in rows)
    outcomes = (_move_rows(outcome, rows.start - fitted) for outcome in _draw_jointly(chunk, new, rows.start))
    return combine(opened, labels, rows.start, outcomes)


def _move_rows(outcome: OutcomePrediction, by: int) -> OutcomePrediction:
    return replace(
        outcome, rows=outcome.rows + by, index=tuple((row + by, *rest) for row, *rest in outcome.index)
    )


def _draw_jointly(chunk: RowChunk, new: NewRows, first: int = 0) -> Iterator[OutcomePrediction]:
    """Yield the outcomes with a joint density in the rows that are not of the fit, given those of the fit."""
    predictor = chunk.opened.predictor
    assert chunk.parameters is not None  # noqa: S101 - they are placed first
    replicates = {item.outcome: item for item in predictor.program.replicates}
    for item in predictor.program.joint:
        drawn = predictor.run(
            chunk.data,
            chunk.places,
            chunk.parameters,
            wanted=[item.quantity],
            adding=True,
            number=2,
            first=first,
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
