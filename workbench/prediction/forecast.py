"""Rows that depend on those of the fit: forecasts step by step, and joint densities of all rows."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import replace
from typing import Any

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
from workbench.prediction.growth import Growth, list_labels
from workbench.prediction.horizon import append_rows, check_calendar, continue_rows, count_rows
from workbench.prediction.levels import NewGroups, NewRows, bind_new_rows
from workbench.prediction.one_step import select_elements, select_rows, update_by_earlier_rows
from workbench.prediction.outcomes import (
    average_repetitions,
    build_outcome,
    find_predicted,
    list_quantities,
)
from workbench.prediction.predictions import Floats
from workbench.prediction.predictor import RowPredictor, collect
from workbench.prediction.proof import TRIED_DRAWS
from workbench.program.predictive_program import PredictiveProgram
from workbench.progress import SILENT, Progress
from workbench.results.outcomes import list_outcome_data
from workbench.tables import Table, drop_rows


def forecast(
    opened: OpenPredictor,
    table: Table | None,
    horizon: int,
    *,
    new_groups: NewGroups = "refuse",
    one_step: bool = False,
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
    one_step
        Whether each row is predicted given the outcomes of the rows before it, which the table then holds,
        those of the new ones too. What the fit knew is updated by them with importance weights (Bürkner,
        Gabry and Vehtari, 2020, Approximate leave-future-out cross-validation, doi:
        10.1080/00949655.2020.1783262, whose weights these are); rows from where these are not reliable are
        left out.

    Raises
    ------
    WorkbenchError
        The rows cannot be bound or continued, or the program does not say how an outcome goes on.
    """
    predictor = opened.predictor
    request, growth = predictor.request, predictor.growth
    _require_order(predictor)
    names = check_calendar(opened.fit, table, horizon)
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
        if one_step:
            outcomes = _predict_each_step(chunk, new)
        elif predictor.program.joint:
            outcomes = tuple(_draw_jointly(chunk, new))
        else:
            outcomes = tuple(_forecast_outcomes(chunk, new))
    _check_paths(chunk, new_groups, one_step=one_step)
    labels = names or tuple(str(row + 1) for row in range(fitted, fitted + horizon))
    if new.labels and opened.fit.results.data.rules.get("row_names"):
        labels = new.labels
    return combine(opened, labels, fitted, outcomes)


def predict_own_rows(opened: OpenPredictor) -> Predictions:
    """Return the predictions of the fit's own rows, each given what was observed before it.

    A row that the program takes as given, such as the first one, has none.
    """
    predictor = opened.predictor
    request, growth, program = predictor.request, predictor.growth, predictor.program
    count = count_rows(request, growth)
    places = {
        size: np.arange(int(request.data.values[size])) for size in growth.sizes & request.data.values.keys()
    }
    chunk = RowChunk(opened, request.data.values, places, range(count), opened.parameters)
    drawn = _draw_replicates(chunk)
    outcomes = []
    for replicate, axis in list_outcomes(chunk):
        outcome = build_outcome(program, replicate, drawn, axis)
        mean = program.means.get(replicate.outcome, "")
        if outcome.expectation is None and mean:
            outcome = replace(outcome, expectation=collect(drawn, mean)[:, 0].reshape(outcome.draws.shape))
        is_drawn = np.isfinite(outcome.draws).any(axis=0)
        outcome = select_elements(outcome, np.flatnonzero(is_drawn))
        if outcome.expectation is not None and np.isnan(outcome.expectation).any():
            outcome = replace(outcome, expectation=None)
        outcomes.append(outcome)
    labels = list_labels(request.data, growth) or tuple(str(row + 1) for row in range(count))
    return combine(opened, labels, 0, outcomes)


def _forecast_outcomes(chunk: RowChunk, new: NewRows) -> Iterator[OutcomePrediction]:
    """Yield each outcome in the rows that follow those of the fit."""
    program = chunk.opened.predictor.program
    drawn = _draw_replicates(chunk)
    for replicate, axis in list_outcomes(chunk):
        outcome = build_outcome(program, replicate, drawn, axis)
        if not replicate.is_conditional:
            outcome = add_observed(chunk, replicate, outcome, new.absent, drawn)
        else:
            paths, log_lik = _continue_paths(chunk, replicate.outcome)
            expectation = average_repetitions(paths[1:])
            outcome = replace(outcome, draws=paths[0], expectation=expectation, is_simulated=True)
            outcome = add_observed(chunk, replicate, outcome, new.absent, drawn)
            # Of the observed value given each path up to it, not given the observed ones before it.
            is_scored = chunk.opened.scoring and outcome.observed is not None
            outcome = replace(outcome, log_lik=log_lik if is_scored else None)
        yield select_rows(outcome, chunk.rows)


def _draw_replicates(chunk: RowChunk) -> Any:
    """Return the replicates and means of all outcomes, in the rows of the fit and in those that follow."""
    program = chunk.opened.predictor.program
    wanted = [
        name
        for item in find_predicted(program.replicates).values()
        for name in list_quantities(program, item)
    ]
    wanted += [item.observed for item in program.replicates if item.observed]
    return chunk.run(wanted, replicating=True)


def is_series(program: PredictiveProgram, growth: Growth) -> bool:
    """Return whether a program states rows given earlier ones: an outcome, or a parameter of each row."""
    return any(item.is_conditional for item in program.replicates) or any(
        item.is_sequential and any(size in growth.rows for size in item.sizes)
        for item in program.new_elements
    )


def _require_order(predictor: RowPredictor) -> None:
    """Refuse a program that states nothing given earlier rows: its rows have no order to go on in."""
    program = predictor.program
    if not (is_series(program, predictor.growth) or program.joint or _has_row_parameters(predictor)):
        message = "the program states nothing given earlier rows: its rows have no order in time."
        raise RequestError(message, hint="predict a table without --horizon")


def _has_row_parameters(predictor: RowPredictor) -> bool:
    return any(size in predictor.growth.rows for item in predictor.growing for size in item.sizes)


def _check_paths(chunk: RowChunk, new_groups: NewGroups, *, one_step: bool) -> None:
    """Refuse a forecast that depends on outcomes of the next rows, which are not known.

    A few draws are made again with other outcomes: in all next rows, or where each is predicted given those
    before it, in the later half. Nothing before these, nor the first of them, may change.
    """
    opened = chunk.opened
    predictor = opened.predictor
    if predictor.program.joint:
        return
    first = chunk.rows.start + (len(chunk.rows) // 2 if one_step else 0)
    last = first + 1 if one_step else chunk.rows.stop
    few = replace(opened, parameters=opened.parameters.take(slice(0, TRIED_DRAWS)))
    tried = [
        replace(chunk, opened=few, data=data, parameters=None)
        for data in (chunk.data, _replace_outcomes(chunk, first))
    ]
    tried = [replace(item, parameters=place_parameters(item, new_groups)) for item in tried]
    for replicate, axis in list_outcomes(chunk):
        is_path = replicate.is_conditional and not one_step
        name = replicate.outcome if is_path else replicate.name or replicate.prediction
        found = [
            _continue_path(item, name)[0] if is_path else collect(item.run([name], replicating=True), name)
            for item in tried
        ]
        if axis is not None:
            rows = np.arange(chunk.rows.start, last)
            found = [np.take(values, rows, axis=axis + 1) for values in found]
        if not np.array_equal(found[0], found[1], equal_nan=True):
            message = (
                f"the forecast of `{name}` is computed from outcomes of the next rows, which are not known."
            )
            raise RequestError(message, hint="write the forecast into generated quantities")


def _replace_outcomes(chunk: RowChunk, first: int) -> dict[str, Any]:
    """Return the data with other outcomes from a row on: the highest of the fit, or else the lowest."""
    request = chunk.opened.predictor.request
    data = dict(chunk.data)
    for name in list_outcome_data(request.program):
        fitted = np.asarray(request.data.values[name])
        held = np.asarray(chunk.data[name])
        if held.shape != fitted.shape:  # it has rows
            highest = np.broadcast_to(np.sort(fitted, axis=0)[-1:], held[first:].shape)
            lowest = np.broadcast_to(np.sort(fitted, axis=0)[:1], highest.shape)
            is_highest = np.array_equal(held[first:], highest)
            data[name] = np.concatenate([held[:first], lowest if is_highest else highest])
    return data


def _continue_path(chunk: RowChunk, outcome: str, number: int = 0) -> tuple[Floats, Floats | None]:
    """Return the path of an outcome at each draw, `(s, ...)`, and the log density of the observed values."""
    assert chunk.parameters is not None  # noqa: S101 - they are placed first
    return chunk.opened.predictor.continue_outcome(
        outcome, chunk.data, chunk.places, chunk.parameters, number
    )


def _continue_paths(chunk: RowChunk, outcome: str) -> tuple[list[Floats], Floats | None]:
    """Return the path of an outcome at each draw, `(s, e)`, several more, and the observed log density.

    The latter, `(s, e)`, is of each observed value given the draw alone: averaged over all these paths.
    """
    found = [_continue_path(chunk, outcome, number) for number in range(REPETITIONS + 1)]
    paths = [path.reshape(len(path), -1) for path, _ in found]
    densities = [density.reshape(len(density), -1) for _, density in found if density is not None]
    log_lik: Floats | None = None
    if densities:
        with np.errstate(invalid="ignore", divide="ignore"):
            log_lik = np.logaddexp.reduce(densities, axis=0) - np.log(len(densities))
    return paths, log_lik


# --- each row given those before it -----------------------------------------------------------------


def _predict_each_step(chunk: RowChunk, new: NewRows) -> tuple[OutcomePrediction, ...]:
    """Return each outcome in the next rows, each of them given all rows before it."""
    predictor = chunk.opened.predictor
    program = predictor.program
    name = predictor.request.program.path.name
    if program.joint:
        message = f"`{name}` has one density for all rows: its rows are not predicted one after the other."
        raise RequestError(message, hint="leave --one-step out")
    drawn = _draw_replicates(chunk)
    found = []
    for replicate, axis in list_outcomes(chunk):
        outcome = build_outcome(program, replicate, drawn, axis)
        outcome = add_observed(chunk, replicate, outcome, new.absent, drawn)
        outcome = select_rows(outcome, chunk.rows)
        mean = program.means.get(replicate.outcome, "")
        if outcome.expectation is None and mean:
            values = collect(drawn, mean)[:, 0]
            rows = np.asarray(chunk.rows)
            expected = values if axis is None else np.take(values, rows, axis=axis + 1)
            expected = expected.reshape(len(values), -1)
            outcome = replace(outcome, expectation=None if np.isnan(expected).any() else expected)
        if outcome.log_lik is None:
            outcome = replace(outcome, log_lik=_read_last_densities(chunk))
        found.append(outcome)
    if any(outcome.log_lik is None for outcome in found):
        message = (
            f"`{name}` does not say how likely each row is given those before it, by which the next one "
            "would be predicted."
        )
        raise RequestError(message, hint="leave --one-step out")
    return update_by_earlier_rows(found, chunk.rows, chunk.opened.fit.results.seed or 0)


def _read_last_densities(chunk: RowChunk) -> Floats | None:
    """Return the log density of each next row given those before it, `(s, row)`; `None` if not known.

    They are the last ones: that a density depends on no later row was tried on the rows of the fit.
    """
    predictor = chunk.opened.predictor
    name = predictor.program.log_lik
    if not name or len(predictor.program.replicates) != 1:
        return None
    one = chunk.opened.parameters.take(slice(0, 1))
    own = {size: np.arange(chunk.rows.start) for size in predictor.growth.rows}
    fitted = collect(predictor.run(predictor.request.data.values, own, one, wanted=[name]), name)
    every = collect(chunk.run([name]), name)
    if every.ndim != 2 or every.shape[1] - fitted.shape[1] != len(chunk.rows):
        return None
    return every[:, fitted.shape[1] :]


# --- a joint density of all rows ----------------------------------------------------------------------


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
