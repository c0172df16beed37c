"""Some new rows, and what the predictive program says of them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from workbench.errors import ChainFailed, RequestError
from workbench.estimation.sampling.stored_draws import StoredDraws
from workbench.prediction import OutcomePrediction, Predictions
from workbench.prediction.draw_summaries import compare_draws
from workbench.prediction.levels import NewGroups, NewRows
from workbench.prediction.outcomes import (
    MOST_CATEGORIES,
    average_repetitions,
    build_outcome,
    find_log_lik_columns,
    find_predicted,
    is_categorical,
    is_of_all_rows,
    list_quantities,
    refuse_unknown,
)
from workbench.prediction.predictor import Parameters, RowPredictor, collect
from workbench.prediction.proof import TRIED_DRAWS, Layout, add_up_rows
from workbench.program import Declaration, Replicate
from workbench.program.predictive.outcome_maps import ColumnMap, OutcomeMap
from workbench.program.predictive.outcome_scales import return_to_column
from workbench.results import Fit
from workbench.thresholds import AUTHORS_MEAN_LIMIT, LOG_LIKELIHOOD_DIFFERENCE_LIMIT

REPETITIONS = 20
"""Replicates of each posterior draw from which an expectation without a formula is averaged. Ours."""

_OUTCOMES = 2
"""From which number on repetitions are of outcomes; before it, of new elements."""


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
    layout
        Where the log densities of a row stand among those of all; `None` where that is not known.
    is_own
        Whether the rows are those of the fit, of a program that states them given earlier ones.
    is_independent
        Whether the program's text shows that nothing which is predicted depends on outcomes that new rows do
        not have: it need not be tried.
    """

    fit: Fit
    predictor: RowPredictor
    stored: StoredDraws
    parameters: Parameters
    scoring: bool = True
    layout: Layout | None = None
    is_own: bool = False
    is_independent: bool = False

    @property
    def chains(self) -> int:
        """How many chains the draws come from, one after the other."""
        return self.stored.chains


@dataclass(frozen=True)
class RowChunk:
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
            number=_OUTCOMES + number,
            first=self.rows.start,
        )


def predict_chunk(
    opened: OpenPredictor, new: NewRows, new_groups: NewGroups, rows: range, generated: Collection[str]
) -> Predictions:
    """Return the predictions of some of the new rows, each by itself.

    Parameters
    ----------
    opened
        A run that is ready to predict.
    new, new_groups
        The new rows, and what happens to groups that the fit has not seen.
    rows
        Which of them.
    generated
        Generated quantities of the author that are wanted besides.
    """
    predictor = opened.predictor
    program = predictor.program
    chunk = RowChunk(opened, *take_chunk(predictor, new, rows), rows)
    chunk = replace(chunk, parameters=place_parameters(chunk, new_groups))
    wanted = [
        name
        for item in find_predicted(program.replicates).values()
        for name in list_quantities(program, item)
    ]
    wanted += [item.observed for item in program.replicates if item.observed]
    drawn = chunk.run([*wanted, *generated], replicating=True)
    outcomes = tuple(
        _complete(chunk, replicate, build_outcome(program, replicate, drawn, axis), new.absent, drawn)
        for replicate, axis in list_outcomes(chunk)
    )
    outcomes += tuple(return_to_columns(chunk, outcomes, new.absent))
    numbers = new.bound.table.row_number
    check_independence(chunk, new, outcomes)
    labels = new.labels[rows.start : rows.stop] or tuple(str(numbers(row)) for row in rows)
    predictions = combine(opened, labels, rows.start, outcomes)
    predictions = replace(predictions, generated={name: collect(drawn, name) for name in generated})
    return replace(predictions, row_log_lik=_compute_row_densities(chunk, outcomes))


def _compute_row_densities(
    chunk: RowChunk, outcomes: Collection[OutcomePrediction]
) -> NDArray[np.float64] | None:
    """Return the log density of each row, `(s, row)`, of the only outcome, whose values have none alone.

    Of a table whose rows are the categories of one outcome there is one. `None` where it is not wanted, not
    known, or known of single values.
    """
    opened = chunk.opened
    program = opened.predictor.program
    is_of_table = is_of_all_rows(program)
    observed = [outcome for outcome in outcomes if outcome.observed is not None]
    is_wanted = opened.scoring and program.log_lik and (is_of_table or opened.layout is not None)
    if not is_wanted or len(program.replicates) != 1 or len(observed) != 1:
        return None
    if observed[0].log_lik is not None:
        return None
    log_lik = collect(chunk.run([program.log_lik]), program.log_lik).reshape(observed[0].draws.shape[0], -1)
    if is_of_table or opened.layout is None:
        total: NDArray[np.float64] = log_lik.sum(axis=1, keepdims=True)
        return total
    return add_up_rows(log_lik, opened.layout, len(chunk.rows))


def combine(
    opened: OpenPredictor, labels: Sequence[str], first: int, outcomes: Iterable[OutcomePrediction]
) -> Predictions:
    """Return the outcomes of some rows as predictions, with the draws that they were made from.

    Raises
    ------
    RequestError
        Nothing is known of an outcome in some row.
    """
    found = tuple(outcomes)
    for outcome in found:
        refuse_unknown(outcome)
    return Predictions(
        opened.stored.method,
        opened.stored.remark,
        opened.fit.results.interval.level,
        tuple(labels),
        first,
        found,
        parameters=_collect_posterior(opened),
    )


def take_chunk(predictor: RowPredictor, new: NewRows, rows: range) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the data block and the places of some of the new rows."""
    growth, program = predictor.growth, predictor.request.program
    data: dict[str, Any] = dict(new.bound.values)
    for declared in program.data:
        if declared.name in growth.rows:
            data[declared.name] = len(rows)
        axis = find_row_axis(declared, growth.rows)
        if axis is not None:
            data[declared.name] = np.take(
                np.asarray(data[declared.name]), np.arange(rows.start, rows.stop), axis=axis
            )
    places = {
        size: where[rows.start : rows.stop] if size in growth.rows else where
        for size, where in new.places.items()
    }
    return data, places


def find_row_axis(declared: Declaration, sizes: Collection[str]) -> int | None:
    """Return the axis of a variable that counts rows; `None` where none does."""
    return next((axis for axis, size in enumerate(declared.axes) if size.text in sizes), None)


def place_parameters(chunk: RowChunk, new_groups: NewGroups) -> Parameters:
    """Return the parameters with an element for each row and group of a chunk."""
    predictor = chunk.opened.predictor
    places = chunk.places
    parameters = chunk.opened.parameters
    if new_groups == "average":
        return predictor.borrow_elements(places, parameters, chunk.rows.start)
    placed = predictor.place(parameters, places)
    return predictor.add_elements(chunk.data, places, placed, chunk.rows.start)


def list_outcomes(chunk: RowChunk) -> Iterator[tuple[Replicate, int | None]]:
    """Yield each outcome that is predicted, and its axis of rows."""
    predictor = chunk.opened.predictor
    program = predictor.program.program
    declared = {item.name: item for item in (*program.data, *program.transformed_data)}
    for replicate in find_predicted(predictor.program.replicates).values():
        own = declared[replicate.outcome]
        yield replicate, find_row_axis(own, predictor.growth.rows)


def _complete(
    chunk: RowChunk, replicate: Replicate, outcome: OutcomePrediction, absent: Collection[str], drawn: Any
) -> OutcomePrediction:
    """Return an outcome with its expectation, the probabilities of categories, and what was observed."""
    outcome = replace(
        outcome, rows=outcome.rows + chunk.rows.start, index=_shift_index(outcome, chunk, replicate)
    )
    if is_categorical(replicate) and replicate.outcome in chunk.data:
        outcome = _add_probabilities(chunk, replicate, outcome)
    if outcome.expectation is None and outcome.probabilities is None:
        outcome = _simulate_expectation(chunk, outcome)
    return add_observed(chunk, replicate, outcome, absent, drawn)


def _shift_index(
    outcome: OutcomePrediction, chunk: RowChunk, replicate: Replicate
) -> tuple[tuple[int, ...], ...]:
    """Return the index of each element in the whole table."""
    axis = next(axis for item, axis in list_outcomes(chunk) if item is replicate)
    if axis is None or not chunk.rows.start:
        return outcome.index
    start = chunk.rows.start
    return tuple((*place[:axis], place[axis] + start, *place[axis + 1 :]) for place in outcome.index)


def _simulate_expectation(chunk: RowChunk, outcome: OutcomePrediction) -> OutcomePrediction:
    """Return an outcome with its expectation from several replicates of each posterior draw."""
    repetitions = []
    for number in range(1, REPETITIONS + 1):
        drawn = collect(chunk.run([outcome.quantity], replicating=True, number=number), outcome.quantity)
        repetitions.append(drawn.reshape(outcome.draws.shape))
    return replace(outcome, expectation=average_repetitions(repetitions), is_simulated=True)


def _add_probabilities(
    chunk: RowChunk, replicate: Replicate, outcome: OutcomePrediction
) -> OutcomePrediction:
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
    levels = tuple(predictor.request.data.levels.get(replicate.outcome, ()))
    return replace(outcome, categories=categories, probabilities=probabilities, levels=levels)


def add_observed(
    chunk: RowChunk, replicate: Replicate, outcome: OutcomePrediction, absent: Collection[str], drawn: Any
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
    return replace(
        outcome,
        observed=None if replicate.prediction else observed,
        log_lik=log_lik,
        exceeds_one=_exceeds_one(chunk, replicate.outcome),
    )


def _exceeds_one(chunk: RowChunk, outcome: str) -> bool:
    """Return whether an outcome of the fit's rows holds other numbers than 0 and 1."""
    fitted = chunk.opened.predictor.request.data.values.get(outcome)
    return fitted is not None and not bool(np.isin(np.asarray(fitted, dtype=float), (0, 1)).all())


def return_to_columns(
    chunk: RowChunk, outcomes: Collection[OutcomePrediction], absent: Collection[str]
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


def check_independence(chunk: RowChunk, new: NewRows, outcomes: Collection[OutcomePrediction]) -> None:
    """Refuse predictions that depend on outcomes which the rows do not have, or contradict the likelihood.

    A few draws are made again with the same random numbers and other values in the place of the outcomes that
    are not known: nothing may change.

    Raises
    ------
    RequestError
        The message names the outcome.
    """
    for outcome in outcomes:
        replicate = next(
            (item for item in chunk.opened.predictor.program.replicates if item.name == outcome.quantity),
            None,
        )
        if replicate is not None and replicate.is_drawn_by_author and outcome.expectation is not None:
            _check_mean(outcome)
    if not new.others or chunk.opened.is_independent:
        return
    few = replace(chunk, parameters=_take_parameters(chunk))
    data = dict(chunk.data)
    for name, values in new.others.items():
        data[name] = _replace_rows(chunk, name, values)
    names = [
        quantity
        for item in find_predicted(chunk.opened.predictor.program.replicates).values()
        for quantity in list_quantities(chunk.opened.predictor.program, item)
    ]
    try:
        again = replace(few, data=data).run(names, replicating=True)
    except ChainFailed:  # other values are not allowed for these rows
        return
    first = few.run(names, replicating=True)
    for name in names:
        if not np.array_equal(collect(first, name), collect(again, name), equal_nan=True):
            missing = ", ".join(f"`{item}`" for item in new.others)
            message = f"`{name}` is computed from {missing}, which the new rows do not have."
            raise RequestError(message, hint="give the column, or draw it by the likelihood alone")


def _take_parameters(chunk: RowChunk) -> Parameters:
    parameters = chunk.parameters if chunk.parameters is not None else chunk.opened.parameters
    return parameters.take(slice(0, TRIED_DRAWS))


def _replace_rows(chunk: RowChunk, name: str, values: Any) -> Any:
    """Return a variable with other values in the new rows of a chunk."""
    predictor = chunk.opened.predictor
    declared = next(item for item in predictor.request.program.data if item.name == name)
    axis = find_row_axis(declared, predictor.growth.rows)
    if axis is None:
        return values
    old = np.asarray(chunk.data[name])
    count = old.shape[axis]
    known = count - min(len(chunk.rows), count)
    kept = np.take(old, np.arange(known), axis=axis)
    new = np.take(np.asarray(values), np.arange(count - known) % np.shape(values)[axis], axis=axis)
    return np.concatenate([kept, new], axis=axis)


def _check_mean(outcome: OutcomePrediction) -> None:
    """Refuse a replicate of the author's that lies elsewhere than the likelihood's mean in some row.

    Raises
    ------
    RequestError
        By chance once in hundreds of millions of rows.
    """
    assert outcome.expectation is not None  # noqa: S101 - asked by the caller
    found = compare_draws(outcome.draws, outcome.expectation)
    if len(outcome.draws) < TRIED_DRAWS or not found.count.all():
        return
    with np.errstate(invalid="ignore", divide="ignore"):
        distance = np.abs(found.mean) / (found.sd / np.sqrt(found.count))
    if (distance[np.isfinite(distance)] > AUTHORS_MEAN_LIMIT).any():
        message = (
            f"`{outcome.quantity}` is not drawn around what the likelihood expects of the new rows: the "
            "program prepares its data in another way where it draws."
        )
        raise RequestError(message, hint=f"leave `{outcome.quantity}` out of the program: it is drawn then")


def _collect_posterior(opened: OpenPredictor) -> dict[str, Any]:
    """Return the draws of everything that does not belong to rows, by Stan's name of the variable."""
    growth = opened.predictor.growth
    program = opened.predictor.request.program
    declared = (*program.parameters, *program.transformed_parameters, *program.generated_quantities)
    found = {}
    for item in declared:
        if item.name in opened.stored.draws and find_row_axis(item, growth.rows) is None:
            values = opened.stored.draws[item.name].values
            found[item.name] = values.reshape(-1, *values.shape[2:])
    return found
