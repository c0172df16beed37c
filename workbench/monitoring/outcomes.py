"""A batch of rows with outcomes, against what a model predicts of them given all batches before.

The outcomes are drawn anew, many times, each time from one posterior draw for all rows, so that what is not
known about the parameters is in the spread of every statistic of the batch. A statistic may be any function
of the outcomes that treats the observed and the drawn ones alike; its rank among the drawn ones is uniform.

* `log score`: the sum of the log predictive densities of the rows;
* `mean`: the sum of the outcomes, each less its mean and divided by its SD;
* `dispersion`: the sum of their squares;
* for each parameter its pull: the sum over rows of the covariance, over posterior draws, of the parameter
  and the log density of the row. To first order that is how far the batch moves the posterior mean of the
  parameter, so that each looks in one direction: where the log score mixes all of them.

References
----------
Dawid (1984), Statistical theory: the prequential approach, JRSS A 147(2), doi:10.2307/2981683 (transforms
given what was seen before are independent and uniform).
Giordano, Broderick and Jordan (2018), Covariances, robustness, and variational Bayes, JMLR 19(51) (posterior
means move by posterior covariances).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import logsumexp, ndtr

from workbench.errors import RequestError
from workbench.monitoring.transforms import Transforms, rank_among, share_equally, standardize_among
from workbench.prediction.chunk import (
    OpenPredictor,
    RowChunk,
    add_observed,
    find_row_axis,
    list_outcomes,
    place_parameters,
    return_to_columns,
    take_chunk,
)
from workbench.prediction.levels import NewGroups, NewRows
from workbench.prediction.outcomes import build_outcome, find_log_lik_columns, is_of_all_rows
from workbench.prediction.predictions import OutcomePrediction
from workbench.prediction.predictor import Parameters, collect
from workbench.program import Declaration
from workbench.progress import SILENT, Progress
from workbench.results.quantities import element_names

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

NOTHING_OBSERVED = "no outcome of these rows is known: what may be censored was not observed."
GIVE_OUTCOMES = "give the columns of outcomes, without empty cells"
"""What is said of rows with nothing to watch."""

LOG_SCORE, MEAN, DISPERSION = "log score", "mean", "dispersion"
"""The statistics that every batch has."""

_SMALLEST_COUNT, _LARGEST_COUNT = 1_000, 10_000
_NUMBERS = 20_000_000
"""Batches that are drawn, by the numbers in all of them. Ours: beyond these a tail is fitted."""

_DENSITY_DRAWS, _FEWER_DRAWS = 200, 100
_POINTS, _FEWER_POINTS = 64, 32
"""Posterior draws from which predictive densities and pulls are computed, and the values of each outcome at
which they are, between which they are interpolated. Ours: fewer make another statistic, not a wrong one."""

_LARGE = 2_000
"""Rows from which on the smaller numbers are taken. Ours."""

_AT_ONCE = 4_000_000
"""Numbers of one quantity in memory. Ours: 32 MB."""

_MOST_ELEMENTS = 60
"""Elements of one parameter that are followed; of more, each has too small a share to be heard. Ours."""

_FARTHEST = 700.0
"""By how much a log density is below the largest of its row at most: exp(-700) is as good as none."""

_REACH = 3.7
"""How far into the tails values lie at which densities are computed [normal SD]. Ours."""


@dataclass(frozen=True)
class WatchedRows:
    """What a model predicted of one outcome in the rows of a batch.

    Attributes
    ----------
    outcome
        The outcome.
    rows
        The zero-based row of each element in the batch, `(e,)`.
    observed, mean, lower, upper
        What came, its predictive mean, and the ends of its central interval, `(e,)` [unit of the outcome].
    tail_area
        Twice the smaller of the shares of drawn values on either side, `(e,)`.
    contributions
        By how much each element moves each statistic from its mean, `(e, k)` [SDs of the statistic].
    """

    outcome: str
    rows: Integers
    observed: Floats
    mean: Floats
    lower: Floats
    upper: Floats
    tail_area: Floats
    contributions: Floats


def watch_rows(outcome: OutcomePrediction, drawn: Floats, level: float, contributions: Floats) -> WatchedRows:
    """Return what was predicted of an outcome that was observed, from draws of it, `(m, e)`."""
    assert outcome.observed is not None  # noqa: S101 - asked by the caller
    tail = (1 - level) / 2
    lower, upper = np.quantile(drawn, [tail, 1 - tail], axis=0)
    sides = np.minimum((drawn <= outcome.observed).mean(axis=0), (drawn >= outcome.observed).mean(axis=0))
    tail_area = np.minimum(1, 2 * sides)
    mean = drawn.mean(axis=0)
    return WatchedRows(
        outcome.name, outcome.rows, outcome.observed, mean, lower, upper, tail_area, contributions
    )


def join_watched(parts: Sequence[WatchedRows]) -> WatchedRows:
    """Return the rows of several chunks as one."""
    arrays: dict[str, Any] = {
        field.name: np.concatenate([getattr(part, field.name) for part in parts])
        for field in fields(WatchedRows)
        if field.name != "outcome"
    }
    return WatchedRows(parts[0].outcome, **arrays)


@dataclass(frozen=True)
class OutcomeBatch:
    """A batch of rows with outcomes.

    Attributes
    ----------
    transforms
        Its statistics as uniform numbers.
    log_likelihood
        The log density of all its rows given each draw of the run, `(s,)` [nats].
    rows
        Its rows, for each outcome.
    remarks
        What is not watched, in sentences.
    """

    transforms: Transforms
    log_likelihood: Floats
    rows: tuple[WatchedRows, ...]
    remarks: tuple[str, ...] = ()


def transform_outcomes(
    opened: OpenPredictor,
    new: NewRows,
    log_weights: Floats | None,
    seed: int,
    *,
    new_groups: NewGroups = "refuse",
    progress: Progress = SILENT,
) -> OutcomeBatch:
    """Return the statistics of a batch, given all batches before it.

    Parameters
    ----------
    opened
        The run, whose draws predict.
    new
        The rows of the batch, bound, each with its outcomes.
    log_weights
        The logs of the weights of the draws given the batches before, `(s,)`, up to a constant; `None` for
        equal ones.
    seed
        What random numbers derive from: another one for each batch.
    new_groups
        What happens to groups that the fit has not seen.
    progress
        Where to report.

    Raises
    ------
    RequestError
        The rows belong together, or no outcome of them is known.
    """
    if opened.is_own or opened.predictor.program.joint or is_of_all_rows(opened.predictor.program):
        message = "the rows of this model belong together, and a batch of them has no statistics of its own."
        raise RequestError(message, hint="monitor a model whose rows are independent given its parameters")
    table = new.bound.table
    rng = np.random.default_rng(seed)
    replicates = int(np.clip(_NUMBERS // table.rows, _SMALLEST_COUNT, _LARGEST_COUNT))
    is_large = table.rows > _LARGE
    densities, points = (_FEWER_DRAWS, _FEWER_POINTS) if is_large else (_DENSITY_DRAWS, _POINTS)
    drawing = _Drawing(
        opened,
        new,
        new_groups,
        replicates=_choose_draws(log_weights, opened.parameters.count, replicates, rng),
        densities=_choose_draws(log_weights, opened.parameters.count, densities, rng),
        points=points,
        number=int(rng.integers(2**31)),
    )
    step = max(1, min(_AT_ONCE // replicates, _AT_ONCE // (densities * points)))
    sums: dict[str, _Sums] = {}
    log_likelihood = np.zeros(opened.parameters.count)
    with progress.stage("Drawing batches like this one", total=table.rows) as stage:
        for first in range(0, table.rows, step):
            chunk = drawing.open(range(first, min(table.rows, first + step)))
            log_likelihood += drawing.compute_log_likelihood(chunk)
            for outcome, statistics in drawing.compute(chunk):
                sums.setdefault(outcome.name, _Sums()).add(outcome, statistics, opened)
            stage.update(chunk.rows.stop)
    if not sums:
        raise RequestError(NOTHING_OBSERVED, hint=GIVE_OUTCOMES)
    return _finish(sums, log_likelihood, rng, drawing.remarks)


def _finish(
    sums: Mapping[str, _Sums], log_likelihood: Floats, rng: np.random.Generator, remarks: list[str]
) -> OutcomeBatch:
    names: list[str] = []
    groups: list[str] = []
    blocks = []
    rows = []
    columns = sum(len(item.names) for item in sums.values())
    for outcome, item in sums.items():
        prefix = f"{outcome}: " if len(sums) > 1 else ""
        names += [prefix + name for name in item.names]
        groups += [prefix + group for group in item.groups]
        blocks.append(item.totals)
        rows.append(item.finish(columns, len(names) - len(item.names)))
    totals = np.concatenate(blocks, axis=1)
    observed, drawn = totals[0], totals[1:]
    transforms = Transforms(
        "outcomes",
        tuple(names),
        share_equally(tuple(groups)),
        rank_among(observed, drawn, rng),
        standardize_among(observed, drawn),
    )
    return OutcomeBatch(transforms, log_likelihood, tuple(rows), tuple(dict.fromkeys(remarks)))


def _choose_draws(log_weights: Floats | None, draws: int, count: int, rng: np.random.Generator) -> Integers:
    """Return which draws are taken, as often as their weights say, by systematic resampling, `(count,)`."""
    weights = np.full(draws, 1 / draws)
    if log_weights is not None:
        weights = np.exp(log_weights - logsumexp(log_weights))
    places = (rng.random() + np.arange(count)) / count
    return np.minimum(np.searchsorted(np.cumsum(weights), places, side="right"), draws - 1)


@dataclass(frozen=True)
class _Statistics:
    """The statistics of some rows: of what was observed (the first) and of each drawn batch.

    Attributes
    ----------
    names, groups
        The statistics, and the variable that each belongs to.
    totals
        Summed over the rows, `(1 + m, k)`.
    contributions
        Of each row what was observed less the mean of what was drawn, `(e, k)`.
    values
        The outcome, `(1 + m, e)`.
    """

    names: tuple[str, ...]
    groups: tuple[str, ...]
    totals: Floats
    contributions: Floats
    values: Floats


class _Sums:
    """The statistics of one outcome, summed over chunks of rows."""

    def __init__(self) -> None:
        self.names: tuple[str, ...] = ()
        self.groups: tuple[str, ...] = ()
        self.totals: Floats = np.zeros((1, 0))
        self._rows: list[WatchedRows] = []

    def add(self, outcome: OutcomePrediction, found: _Statistics, opened: OpenPredictor) -> None:
        """Add the rows of a chunk."""
        self.names, self.groups = found.names, found.groups
        self.totals = found.totals if not self._rows else self.totals + found.totals
        level = opened.fit.results.interval.level
        self._rows.append(watch_rows(outcome, found.values[1:], level, found.contributions))

    def finish(self, columns: int, first: int) -> WatchedRows:
        """Return all rows, their contributions to all statistics of the batch, which are `columns`."""
        with np.errstate(invalid="ignore", divide="ignore"):
            scale = self.totals[1:].std(axis=0)
            own = join_watched(self._rows).contributions / scale
        contributions = np.zeros((len(own), columns))
        contributions[:, first : first + own.shape[1]] = own

        return replace(join_watched(self._rows), contributions=contributions)


class _Drawing:
    """Draws batches like one that came, and computes statistics of them."""

    def __init__(
        self,
        opened: OpenPredictor,
        new: NewRows,
        new_groups: NewGroups,
        *,
        replicates: Integers,
        densities: Integers,
        points: int,
        number: int,
    ) -> None:
        self._opened = opened
        self._new = new
        self._new_groups = new_groups
        self._replicates = replicates
        self._densities = densities
        self._points = points
        self._number = number
        self._followed = list_followed(opened)
        self.remarks = describe_left_out(opened)

    def open(self, rows: range) -> RowChunk:
        """Return some rows with the parameters of all draws."""
        chunk = RowChunk(self._opened, *take_chunk(self._opened.predictor, self._new, rows), rows)
        return self._place(chunk, None)

    def _place(self, chunk: RowChunk, draws: Integers | None) -> RowChunk:
        """Return a chunk with the parameters of some draws, and elements for its groups."""
        opened = self._opened
        if draws is not None:
            values = {name: each[draws] for name, each in opened.parameters.values.items()}
            opened = replace(opened, parameters=Parameters(values))
        chunk = replace(chunk, opened=opened, parameters=None)
        return replace(chunk, parameters=place_parameters(chunk, self._new_groups))

    def compute_log_likelihood(self, chunk: RowChunk) -> Floats:
        """Return the log density of the rows of a chunk given each draw, `(s,)`."""
        program = self._opened.predictor.program
        log_lik = collect(chunk.run([program.log_lik]), program.log_lik)
        log_lik = log_lik.reshape(len(log_lik), -1)
        if self._new.absent:
            columns = find_log_lik_columns(program, chunk.data, {})
            known = [places for name, places in columns.items() if name not in self._new.absent]
            log_lik = log_lik[:, np.concatenate(known)] if known else log_lik[:, :0]
        total: Floats = log_lik.sum(axis=1)
        return total

    def compute(self, chunk: RowChunk) -> Iterator[tuple[OutcomePrediction, _Statistics]]:
        """Yield the statistics of each outcome whose values the batch holds."""
        program = self._opened.predictor.program
        drawing = self._place(chunk, self._replicates)
        for replicate, axis in list_outcomes(chunk):
            wanted = [name for name in (replicate.name or replicate.prediction, replicate.observed) if name]
            drawn = drawing.run(wanted, replicating=True, number=self._number)
            outcome = build_outcome(program, replicate, drawn, axis)
            plain = replace(drawing, opened=replace(drawing.opened, scoring=False))
            outcome = add_observed(plain, replicate, outcome, self._new.absent, drawn)
            outcome = replace(outcome, rows=outcome.rows + chunk.rows.start)
            if outcome.observed is None:
                continue
            column = next(iter(return_to_columns(chunk, [outcome], self._new.absent)), None)
            if column is not None and column.observed is not None:
                outcome = column
            yield outcome, self._compute_statistics(chunk, replicate.density_of or replicate.outcome, outcome)

    def _compute_statistics(self, chunk: RowChunk, density: str, outcome: OutcomePrediction) -> _Statistics:
        values = np.concatenate([np.asarray(outcome.observed)[None], outcome.draws])
        spread = values.std(axis=0)
        standardized = (values - values.mean(axis=0)) / np.where(spread > 0, spread, 1)
        by_row = [standardized, standardized**2]
        totals = [each.sum(axis=1) for each in by_row]
        contributions = [each[0] - each[1:].mean(axis=0) for each in by_row]
        names = [MEAN, DISPERSION]
        groups = [MEAN, DISPERSION]
        tabulated = self._tabulate(chunk, density, outcome, values)
        if tabulated is not None:
            names = [LOG_SCORE, *names, *(item.name for item in self._followed)]
            groups = [LOG_SCORE, *groups, *(item.group for item in self._followed)]
            looked_up, per_row = _look_up(values, *tabulated)
            totals = [looked_up[:, 0], *totals, *looked_up[:, 1:].T]
            contributions = [per_row[:, 0], *contributions, *per_row[:, 1:].T]
        else:
            self.remarks.append(
                f"the density of `{outcome.name}` is not known value by value: its mean and dispersion are "
                "watched, not its log score, nor parameters one by one."
            )
        return _Statistics(
            tuple(names), tuple(groups), np.stack(totals, axis=1), np.stack(contributions, axis=1), values
        )

    def _tabulate(
        self, chunk: RowChunk, density: str, outcome: OutcomePrediction, values: Floats
    ) -> tuple[Floats, Floats] | None:
        """Return values of each element, `(e, g)`, and there the log score and the pulls, `(e, g, 1 + p)`.

        `None` where the density of an element by itself is not known.
        """
        opened = chunk.opened
        predictor = opened.predictor
        program = predictor.program
        declared = {item.name: item for item in predictor.request.program.data}
        own = declared.get(outcome.name)
        has_own_elements = any(
            size in predictor.growth.rows for item in predictor.growing for size in item.sizes
        )
        if own is None or len(own.axes) != 1 or has_own_elements or not program.log_lik:
            return None
        if values.shape[1] != len(chunk.rows) or find_row_axis(own, predictor.growth.rows) != 0:
            return None
        grid = _choose_points(values, self._points, is_integer=outcome.is_integer)
        rows = np.repeat(np.arange(len(chunk.rows)), self._points)
        data: dict[str, Any] = dict(chunk.data)
        for item in predictor.request.program.data:
            if item.name in predictor.growth.rows:
                data[item.name] = len(rows)
            axis = find_row_axis(item, predictor.growth.rows)
            if axis is not None:
                data[item.name] = np.take(np.asarray(data[item.name]), rows, axis=axis)
        flat = grid.reshape(-1)
        data[outcome.name] = flat.astype(np.int64) if own.is_integer else flat
        columns = find_log_lik_columns(program, data, {density: len(rows)}).get(density)
        if columns is None:
            return None
        placed = self._place(chunk, self._densities)
        places = {
            size: np.take(where, rows) if size in predictor.growth.rows else where
            for size, where in chunk.places.items()
        }
        assert placed.parameters is not None  # noqa: S101 - just placed
        found = predictor.run(data, places, placed.parameters, wanted=[program.log_lik])
        log_lik = collect(found, program.log_lik)[:, columns].reshape(len(self._densities), *grid.shape)
        log_lik = np.nan_to_num(log_lik, nan=-np.inf, posinf=np.inf)
        log_lik = np.maximum(log_lik, log_lik.max(axis=(0, 2), keepdims=True) - _FARTHEST)
        return grid, self._weigh_densities(log_lik)

    def _weigh_densities(self, log_lik: Floats) -> Floats:
        """Return log scores and pulls from log densities by draw, `(d, e, g)`: `(e, g, 1 + p)`."""
        score = logsumexp(log_lik, axis=0) - np.log(len(log_lik))
        if not self._followed:
            scores: Floats = score[..., None]
            return scores
        draws = np.stack([item.draws[self._densities] for item in self._followed], axis=1)
        spread = draws.std(axis=0)
        joined = (draws - draws.mean(axis=0)) / np.where(spread > 0, spread, 1)
        pulls = np.tensordot(log_lik, joined, axes=(0, 0)) / len(log_lik)
        return np.concatenate([score[..., None], pulls], axis=-1)


class Followed(NamedTuple):
    """An element of a parameter whose pull is watched: its name, its variable, and its draws, `(s,)`."""

    name: str
    group: str
    draws: Floats


def list_followed(opened: OpenPredictor) -> list[Followed]:
    """Return the elements of parameters whose pulls are watched: those of rows are not, nor constant ones."""
    found = []
    for item in _list_parameters(opened):
        values = opened.parameters.values[item.name]
        flat = values.reshape(len(values), -1)
        if flat.shape[1] <= _MOST_ELEMENTS:
            label = opened.fit.results.label
            names = [label(name) for name in element_names(item.name, values.shape[1:])]
            found += [
                Followed(name, item.name, draws)
                for name, draws in zip(names, flat.T, strict=True)
                if draws.std() > 0
            ]
    return found


def describe_left_out(opened: OpenPredictor) -> list[str]:
    """Return which parameters are not watched element by element, in sentences."""
    sizes = {item.name: opened.parameters.values[item.name][0].size for item in _list_parameters(opened)}
    return [
        f"`{name}` has {size} elements, which are not watched one by one."
        for name, size in sizes.items()
        if size > _MOST_ELEMENTS
    ]


def _list_parameters(opened: OpenPredictor) -> list[Declaration]:
    growth = opened.predictor.growth
    return [
        item
        for item in opened.predictor.request.program.parameters
        if not any(size.text in growth.rows for size in item.axes)
    ]


def _choose_points(values: Floats, points: int, *, is_integer: bool) -> Floats:
    """Return values of each element among those observed and drawn, ascending, `(e, g)`."""
    ordered = np.sort(values, axis=0)
    count = len(ordered)
    inner = ndtr(np.linspace(-_REACH, _REACH, points - 2))
    places = np.concatenate([[0], np.rint(inner * (count - 1)).astype(int), [count - 1]])
    grid: Floats = ordered[places].T
    if not is_integer:
        return grid
    for row in range(grid.shape[0]):
        distinct = np.unique(ordered[:, row])
        if len(distinct) <= points:
            grid[row, : len(distinct)] = distinct
            grid[row, len(distinct) :] = distinct[-1]
    return grid


def _look_up(values: Floats, grid: Floats, table: Floats) -> tuple[Floats, Floats]:
    """Return tabulated statistics of values, by linear interpolation.

    Parameters
    ----------
    values
        Those observed (the first) and drawn, `(1 + m, e)`.
    grid, table
        Values of each element, `(e, g)`, and the statistics there, `(e, g, k)`.

    Returns
    -------
    Summed over elements, `(1 + m, k)`, and of each element what was observed less the mean of the drawn,
    `(e, k)`.
    """
    totals = np.zeros((len(values), table.shape[2]))
    contributions = np.empty((len(grid), table.shape[2]))
    for element, points in enumerate(grid):
        below = (np.searchsorted(points, values[:, element], side="right") - 1).clip(0, len(points) - 2)
        width = points[below + 1] - points[below]
        share = (values[:, element] - points[below]) / np.where(width > 0, width, 1)
        low, high = table[element, below], table[element, below + 1]
        found = low + share[:, None] * (high - low)
        totals += found
        contributions[element] = found[0] - found[1:].mean(axis=0)
    return totals, contributions
