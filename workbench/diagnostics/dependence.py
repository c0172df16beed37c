"""Residuals that depend on each other: in the order of the rows, along times, within the levels of a column.

The residual of an observation is the normal quantile of its probability integral transform. If the model is
right, residuals are nearly independent, so that any order and any grouping of the rows is as good as another.
Tests are one-sided: given all other observations, the residuals of a model that smooths lean away from those
of their neighbours even if it is right.

References
----------
Dunn and Smyth (1996), Randomized quantile residuals, doi:10.1080/10618600.1996.10474708.
Ljung and Box (1978), On a measure of lack of fit in time series models, doi:10.1093/biomet/65.2.297
(variances of autocorrelations of independent values).
Fisher (1925), Statistical Methods for Research Workers, chapter VII (intraclass correlation and its F test).
Kish (1965), Survey Sampling, section 8.2 (design effect).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from workbench.diagnostics.outcomes import Outcome
from workbench.late_imports import LateModule
from workbench.results import Fit
from workbench.results.table_columns import GROUPS, TABLE_COLUMNS, TIMES
from workbench.results.view import ClusterDependence, SerialDependence
from workbench.thresholds import FEWEST_ORDERED_ROWS, SORTED_SHARE_LIMIT, SORTED_TREND_LIMIT

if TYPE_CHECKING:
    from scipy import stats
else:
    stats = LateModule("scipy.stats")

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

ROW_ORDER = "the order of the rows"
"""What residuals are correlated along where it is no column."""

MOST_LAGS = 10
"""Lags whose autocorrelations are added up; fewer where there are few rows."""

_ROWS_PER_LAG = 4
"""Rows that each lag takes at least."""

ORDERS = 1999
"""Random orders that give the p-value of an autocorrelation."""

_SURELY_LARGE = 0.1
"""Approximate p-value above which no random orders are drawn."""

_MOST_LEVELS = 10
"""Levels of an outcome up to which a table of counts may have been written out as rows. Ours."""

_CHANGING = 0.1
"""Share of neighbours that differ, up to which rows seem sorted within blocks. Ours."""

_UNEVEN = 0.01
"""Probability of as uneven a number of rises and falls, below which a lingering series is unlikely. Ours."""

_EVEN = 1e-6
"""Range of the steps of a clock, relative to the largest of them, that is rounding."""

_MOST_AT_ONCE = 2_000_000
"""Numbers in the random orders that are held at a time."""

_SEED = 508
"""Seed of the random orders."""


@dataclass(frozen=True)
class RowColumns:
    """Columns of the table by row, for checks.

    Attributes
    ----------
    groups
        Columns that the program does not use: the number of each row's level, -1 if it is missing, `(row,)`.
    times
        Columns that say when: numbers, not a number where it is missing, `(row,)`.
    """

    groups: Mapping[str, Integers]
    times: Mapping[str, Floats]


def read_row_columns(fit: Fit) -> RowColumns:
    """Return the columns that a run keeps for checks; none where the data came without a table.

    A time that is itself an outcome, such as that of an event, is left out.
    """
    if TABLE_COLUMNS not in fit.tree.children:
        return RowColumns({}, {})
    table = fit.tree[TABLE_COLUMNS]
    groups, times = (
        {str(column.coords[f"{kind}_column"].item()): column.values for column in table[kind].T}
        if kind in table.data_vars
        else {}
        for kind in (GROUPS, TIMES)
    )
    results = fit.results
    taken = results.data.rules.get("variables", {})
    outcomes = {column for outcome in results.model.outcomes for column in taken.get(outcome.name, ())}
    return RowColumns(groups, {name: values for name, values in times.items() if name not in outcomes})


def compute_residuals(outcome: Outcome, pit: Floats) -> Floats:
    """Return the normal quantiles of probability integral transforms, bounded by the number of draws."""
    margin = 0.5 / len(outcome.replicates)
    return np.asarray(stats.norm.ppf(np.clip(pit, margin, 1 - margin)), dtype=np.float64)


def measure_serial(outcome: Outcome, residuals: Floats, columns: RowColumns) -> tuple[SerialDependence, ...]:
    """Return the autocorrelation of residuals in the order of the rows and along each time.

    Rows that are in the order of a time are measured along it alone. Their order says nothing where it is
    that of the outcome itself.
    """
    return tuple(
        _measure_order(name, residuals[order])
        for name, order in _iterate_orders(outcome, residuals, columns)
        if len(order) >= FEWEST_ORDERED_ROWS and np.ptp(residuals[order]) > 0
    )


def measure_clusters(
    outcome: Outcome, residuals: Floats, columns: RowColumns
) -> tuple[ClusterDependence, ...]:
    """Return the correlation of residuals within the levels of each column that the program does not use."""
    if outcome.table_rows is None:
        return ()
    found = []
    for name, codes in columns.groups.items():
        levels = codes[outcome.table_rows]
        is_known = levels >= 0
        dependence = _measure_levels(name, residuals[is_known], levels[is_known])
        if dependence is not None:
            found.append(dependence)
    return tuple(found)


def _iterate_orders(
    outcome: Outcome, residuals: Floats, columns: RowColumns
) -> Iterator[tuple[str, Integers]]:
    """Yield the name of each order, and the positions of the cells in it."""
    rows = outcome.table_rows
    if rows is None:
        return
    is_in_time = False
    for name, times in columns.times.items():
        at = times[rows]
        known = np.flatnonzero(np.isfinite(at))
        order = known[np.argsort(at[known], kind="stable")]
        if len(known) and np.ptp(at[known]) > 0 and not _is_same(outcome.observed[order], at[order]):
            is_in_time |= len(order) == len(rows) and bool((np.diff(order) == 1).all())
            yield name, order
    if not is_in_time and not is_sorted(outcome.observed, residuals):
        yield ROW_ORDER, np.arange(len(rows))


def _is_same(values: Floats, times: Floats) -> bool:
    """Return whether values in the order of times are the times, up to a transformation.

    Both then rise or fall together without exception. A clock that ticks evenly, beside something that grows,
    is another matter.
    """
    steps, ticks = np.diff(values), np.diff(times)
    is_even = np.ptp(ticks) <= _EVEN * np.abs(ticks).max()
    is_together = any((np.sign(steps) == direction * np.sign(ticks)).all() for direction in (1, -1))
    return is_together and not is_even


def is_sorted(observed: Floats, residuals: Floats) -> bool:
    """Return whether rows seem sorted by their outcome, or by something close to it such as a rate.

    Either nearly all steps of the outcome go one way (equal neighbours do not count), or the residuals rise
    or fall from the first row to the last, or the outcome rises and falls back in every block of rows.

    >>> up_and_down = np.array([1.0, 5.0, 2.0, 4.0, 3.0])
    >>> is_sorted(np.array([1.0, 2.0, 2.0, 5.0, 6.0]), up_and_down), is_sorted(up_and_down, up_and_down)
    (True, False)
    """
    steps = np.diff(observed)
    up, down = int((steps > 0).sum()), int((steps < 0).sum())
    if not np.ptp(residuals) > 0:
        return False  # equal residuals have no rank correlation
    trend = float(stats.spearmanr(residuals, np.arange(len(residuals))).statistic)
    is_rising = min(up, down) <= SORTED_SHARE_LIMIT * (up + down)
    return is_rising or abs(trend) > SORTED_TREND_LIMIT or _is_sorted_in_blocks(observed, up, down)


def _is_sorted_in_blocks(observed: Floats, up: int, down: int) -> bool:
    """Return whether rows seem to be a table of counts written out: sorted by the outcome in every block.

    Nearly all neighbours are then equal, and the outcome of three levels and more rises in small steps and
    falls back at once. A series that lingers at its levels rises as often as it falls.
    """
    has_levels = 2 < len(np.unique(observed)) <= _MOST_LEVELS
    is_lingering = up + down <= _CHANGING * (len(observed) - 1)
    return has_levels and is_lingering and stats.binomtest(up, up + down).pvalue < _UNEVEN


def _measure_order(name: str, residuals: Floats) -> SerialDependence:
    """Return the autocorrelation of values in order, and its p-value against positive correlation."""
    lags = min(MOST_LAGS, len(residuals) // _ROWS_PER_LAG)
    correlations = compute_autocorrelations(residuals, lags)
    return SerialDependence(
        along=name,
        observations=len(residuals),
        neighbours=float(correlations[0]),
        average=float(correlations.mean()),
        lags=lags,
        p_value=_compute_serial_p_value(residuals, lags),
        design_effect=float(1 + 2 * max(correlations[0], correlations.sum(), 0.0)),
    )


def _compute_serial_p_value(residuals: Floats, lags: int) -> float:
    """Return the share of random orders whose statistic is as large as that of the given one.

    The statistic is normal up to skewness. Where it is surely not small, no orders are drawn; where none of
    them has as large a statistic, the normal p-value stands if it is smaller than they can show.
    """
    statistic = float(_compute_statistics(residuals[None], lags)[0])
    approximate = min(1.0, 2 * float(stats.norm.sf(statistic)))
    if approximate > _SURELY_LARGE:
        return approximate
    rng = np.random.default_rng(_SEED)
    exceeding, drawn = 0, 0
    size = max(1, _MOST_AT_ONCE // len(residuals))
    while drawn < ORDERS:
        orders = np.tile(residuals, (min(size, ORDERS - drawn), 1))
        rng.permuted(orders, axis=1, out=orders)
        exceeding += int((_compute_statistics(orders, lags) >= statistic).sum())
        drawn += len(orders)
    return (exceeding + 1) / (ORDERS + 1) if exceeding else min(1 / (ORDERS + 1), approximate)


def _compute_statistics(series: Floats, lags: int) -> Floats:
    """Return the larger of two scores of each series, `(series,)`: of neighbours, and of all lags together.

    A score is a correlation, or a sum of them, less its mean for independent values, in its standard
    deviations.
    """
    count = series.shape[1]
    at = np.arange(1, lags + 1)
    centred = series - series.mean(axis=1, keepdims=True)
    products = np.stack([(centred[:, lag:] * centred[:, :-lag]).sum(axis=1) for lag in at])
    correlations = products / (centred**2).sum(axis=1)
    scores = (correlations + ((count - at) / (count * (count - 1)))[:, None]) / np.sqrt(
        (count - at) / (count * (count + 2))
    )[:, None]
    largest: Floats = np.maximum(scores[0], scores.sum(axis=0) / np.sqrt(lags))
    return largest


def compute_autocorrelations(values: Floats, lags: int) -> Floats:
    """Return the autocorrelations of values in order at the lags 1, 2, ..., `(lags,)`.

    >>> compute_autocorrelations(np.array([1.0, -1.0, 1.0, -1.0]), 2).tolist()
    [-0.75, 0.5]
    """
    centred = values - values.mean()
    products = [float(centred[lag:] @ centred[:-lag]) for lag in range(1, lags + 1)]
    return np.array(products) / float(centred @ centred)


def _measure_levels(name: str, residuals: Floats, levels: Integers) -> ClusterDependence | None:
    """Return the intraclass correlation of residuals, and the p-value of the one-way analysis of variance."""
    _, members, sizes = np.unique(levels, return_inverse=True, return_counts=True)
    count, groups = len(residuals), len(sizes)
    if count < FEWEST_ORDERED_ROWS or groups < 2 or count - groups < groups:
        return None
    means = np.bincount(members, residuals) / sizes
    between = float(sizes @ (means - residuals.mean()) ** 2) / (groups - 1)
    within = float(((residuals - means[members]) ** 2).sum()) / (count - groups)
    if within == 0:
        return None
    typical_size = (count - float(sizes @ sizes) / count) / (groups - 1)
    correlation = (between - within) / (between + (typical_size - 1) * within)
    return ClusterDependence(
        column=name,
        levels=groups,
        observations=count,
        correlation=correlation,
        p_value=float(stats.f.sf(between / within, groups - 1, count - groups)),
        design_effect=1 + (typical_size - 1) * max(correlation, 0.0),
    )
