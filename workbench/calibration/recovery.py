"""How estimates approach the truth with more rows: errors, intervals, distances of methods, rows needed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import msgspec
import numpy as np
from numpy.typing import NDArray

from workbench.calibration.judge import adjust_p_values, measure_contraction, measure_coverage
from workbench.calibration.quantities import LOG_LIKELIHOOD
from workbench.calibration.record import (
    MethodDistance,
    RowsCalibration,
    RowsNeeded,
    RowsProbability,
)
from workbench.calibration.simulated_fit import SimulatedFit
from workbench.late_imports import LateModule
from workbench.methods import RESULTS
from workbench.thresholds import (
    CALIBRATION_P_VALUE_LIMIT,
    FAILED_FITS_SHARE,
    ROOT_ROWS_LIMIT,
    WIDTH_SHRINKS_LIMIT,
)

if TYPE_CHECKING:
    from scipy import stats
else:
    stats = LateModule("scipy.stats")

Floats = NDArray[np.float64]
"""An array of doubles."""

_POSTERIORS = ("nuts", "laplace", "pathfinder")
"""The methods whose posterior others are measured by, the best first."""

_PAIR = 2
"""Fits from which there is a standard error: a variance takes two."""


def summarise_rows(
    fits: Sequence[SimulatedFit], labels: Mapping[str, str], level: float
) -> tuple[RowsCalibration, ...]:
    """Return what is said of each quantity by each method at each number of rows.

    Parameters
    ----------
    fits
        All fits, with their numbers of rows.
    labels
        Names of quantities for people.
    level
        The probability of the intervals.
    """
    table = _collect(fits)
    methods = list(dict.fromkeys(method for _, method, _ in table))
    reference = next((name for name in _POSTERIORS if name in methods), "")
    found = [
        _summarise(key, numbers, labels.get(key[2], key[2]), level, table, reference)
        for key, numbers in table.items()
    ]
    return tuple(item for method in methods for item in _flag(found, method, level))


def describe_failed_rows(fits: Sequence[SimulatedFit]) -> tuple[str, ...]:
    """Return notes on methods that lack a fit of many data sets of a number of rows: the others are selected.

    >>> describe_failed_rows([SimulatedFit(1, "map", failure="no maximum.", rows=30)])
    ('With 30 rows MAP has no fit of 1 of 1 data sets: no maximum. Nothing is said of it there.',)
    """
    failures: dict[tuple[int, str], list[str]] = {}
    for fit in fits:
        failures.setdefault((fit.rows or 0, fit.method), []).append(fit.failure)
    notes = []
    for (rows, method), words in sorted(failures.items()):
        failed = [item for item in words if item]
        if len(failed) > FAILED_FITS_SHARE * len(words):
            rest = "Nothing is said of it" if len(failed) == len(words) else "The others are selected"
            notes.append(
                f"With {rows:,} rows {RESULTS[method].label} has no fit of {len(failed):,} of {len(words):,} "
                f"data sets: {' '.join(failed[0].split()).rstrip('.')}. {rest} there."
            )
    return tuple(notes)


def _collect(fits: Sequence[SimulatedFit]) -> dict[tuple[int, str, str], dict[int, Floats]]:
    """Return truth, place, mean, SD, lower and upper end by rows, method and quantity, then by simulation.

    Quantities that never vary are left out, and the likelihood: its truth is another one with each data set.
    """
    found: dict[tuple[int, str, str], dict[int, Floats]] = {}
    for fit in sorted(fits, key=lambda item: item.rows or 0):
        own = fit.numbers
        columns = np.array([own.truth, own.place, own.mean, own.sd, own.lower, own.upper])
        for place, name in enumerate(own.names):
            if not name.startswith(LOG_LIKELIHOOD) and own.sd[place] > 0:
                entry = found.setdefault((fit.rows or 0, fit.method, name), {})
                entry[fit.simulation] = columns[:, place]
    return found


def _summarise(
    key: tuple[int, str, str],
    numbers: Mapping[int, Floats],
    label: str,
    level: float,
    table: Mapping[tuple[int, str, str], Mapping[int, Floats]],
    reference: str,
) -> RowsCalibration:
    rows, method, quantity = key
    values = np.array(list(numbers.values()))
    values = values[np.isfinite(values).all(axis=1)]
    count = len(values)
    item = RowsCalibration(rows=rows, method=method, quantity=quantity, label=label, fits=count)
    if count < _PAIR:
        return item
    truth, place, mean, sd, lower, upper = values.T
    error = mean - truth
    rmse, rmse_se = measure_rmse(error)
    width, width_se = measure_median(upper - lower)
    squares = float((error**2).sum())
    return msgspec.structs.replace(
        item,
        rmse=rmse,
        rmse_se=rmse_se,
        bias=float(error.mean()),
        bias_se=float(error.std(ddof=1) / np.sqrt(count)),
        width=width,
        width_se=width_se,
        coverage=measure_coverage(place, level),
        contraction=measure_contraction(sd, truth),
        distances=_measure_distances(key, table, reference),
        largest_share=float((error**2).max() / squares) if squares > 0 else None,
    )


def measure_rmse(error: Floats) -> tuple[float, float]:
    """Return the root mean square of errors, and its standard error by the delta method.

    >>> measure_rmse(np.array([1.0, -1.0, 1.0]))
    (1.0, 0.0)
    """
    squares = error**2
    rmse = float(np.sqrt(squares.mean()))
    se = float(squares.std(ddof=1) / np.sqrt(len(squares)))
    return rmse, se / (2 * rmse) if rmse > 0 else 0.0


def measure_median(values: Floats) -> tuple[float, float]:
    """Return the median, and half the distance of the values whose ranks lie one standard error to its sides.

    The rank of the median among independent values is binomial.

    >>> measure_median(np.array([2.0, 2.0, 2.0, 2.0]))
    (2.0, 0.0)
    """
    step = 0.5 / np.sqrt(len(values))
    low, high = np.quantile(values, (0.5 - step, 0.5 + step))
    return float(np.median(values)), float((high - low) / 2)


def _measure_distances(
    key: tuple[int, str, str],
    table: Mapping[tuple[int, str, str], Mapping[int, Floats]],
    reference: str,
) -> tuple[MethodDistance, ...]:
    """Return the mean distances to the estimates of other methods, in SDs of the posterior of `reference`."""
    rows, method, quantity = key
    scale = table.get((rows, reference, quantity), {})
    found = []
    for other_rows, other, name in table:
        if (other_rows, name) != (rows, quantity) or other == method:
            continue
        theirs = table[other_rows, other, name]
        shared = [number for number in table[key] if number in theirs and number in scale]
        apart = np.array([
            abs(table[key][number][2] - theirs[number][2]) / scale[number][3] for number in shared
        ])  # fmt: skip
        apart = apart[np.isfinite(apart)]
        if len(apart) >= _PAIR:
            se = float(apart.std(ddof=1) / np.sqrt(len(apart)))
            found.append(MethodDistance(other, len(apart), float(apart.mean()), se))
    return tuple(found)


def _flag(found: Sequence[RowsCalibration], method: str, level: float) -> list[RowsCalibration]:
    """Return what is said of a method, with what its coverage is too improbable for (Holm's method)."""
    own = [item for item in found if item.method == method]
    known = [item for item in own if item.coverage is not None]
    p_values = [
        float(stats.binomtest(round(item.coverage.share * item.fits), item.fits, level).pvalue)
        for item in known
        if item.coverage is not None
    ]
    adjusted = adjust_p_values(p_values)
    off = {id(item) for item, p in zip(known, adjusted, strict=True) if p < CALIBRATION_P_VALUE_LIMIT}
    return [msgspec.structs.replace(item, is_off=id(item) in off) for item in own]


def summarise_probabilities(fits: Sequence[SimulatedFit]) -> tuple[RowsProbability, ...]:
    """Return the expected calibration errors of probabilities of a yes, against the true probabilities."""
    found: dict[tuple[str, int], list[float]] = {}
    for fit in sorted(fits, key=lambda item: item.rows or 0):
        if fit.probability_error is not None:
            found.setdefault((fit.method, fit.rows or 0), []).append(fit.probability_error)
    methods = list(dict.fromkeys(fit.method for fit in fits))
    return tuple(
        RowsProbability(
            rows=rows,
            method=method,
            fits=len(errors),
            error=float(np.mean(errors)),
            error_se=float(np.std(errors, ddof=1) / np.sqrt(len(errors))),
        )
        for (method, rows), errors in sorted(found.items(), key=lambda pair: methods.index(pair[0][0]))
        if len(errors) >= _PAIR
    )


# --- How many rows ----------------------------------------------------------------------------------------


def list_needed(by_rows: Sequence[RowsCalibration], level: float) -> tuple[RowsNeeded, ...]:
    """Return how many rows each quantity takes, by the intervals of one method, those known worst first.

    Parameters
    ----------
    by_rows
        What `summarise_rows` returned.
    level
        The probability of the intervals.
    """
    methods = list(dict.fromkeys(item.method for item in by_rows))
    method = next((name for name in _POSTERIORS if name in methods), methods[0] if methods else "")
    own: dict[str, list[RowsCalibration]] = {}
    for item in by_rows:
        if item.method == method and item.width:
            own.setdefault(item.quantity, []).append(item)
    known = [items for items in own.values() if len(items) > 1]
    known.sort(key=lambda items: 0.0 if items[-1].contraction is None else items[-1].contraction)
    return tuple(_describe_need(items, level) for items in known)


def _describe_need(items: Sequence[RowsCalibration], level: float) -> RowsNeeded:
    rows = np.array([item.rows for item in items])
    widths = np.array([item.width or 0.0 for item in items])
    slope = float(np.polyfit(np.log(rows), np.log(widths), 1)[0])
    last, first = items[-1], items[0]
    found = RowsNeeded(
        quantity=last.quantity,
        label=last.label,
        method=last.method,
        rows=last.rows,
        width=float(widths[-1]),
        slope=slope,
        fits_from=find_root_rows(rows, widths),
    )
    name = f"the {level:.0%} interval of `{last.label}` by {RESULTS[last.method].label}"
    beginning = f"With {last.rows:,} rows {name} is {widths[-1]:.2g} wide"
    if found.fits_from is not None:
        half = 4 * last.rows
        sentence = f"{beginning}; to halve it takes about {round_rows(half)} rows."
        return msgspec.structs.replace(found, half_rows=half, sentence=sentence)
    expected = widths[0] * np.sqrt(rows[0] / rows[-1])
    shrunk = f"it was {widths[0]:.2g} with {first.rows:,}"
    if widths[-1] > WIDTH_SHRINKS_LIMIT * widths[0]:
        sentence = f"{beginning}, and {shrunk}: more rows of this kind hardly narrow it."
    else:
        how = "more slowly" if widths[-1] > expected else "faster"
        sentence = (
            f"{beginning}; {shrunk}. It shrinks {how} than as 1 / sqrt(rows), so that how many rows half of "
            "it takes is not said."
        )
    return msgspec.structs.replace(found, sentence=sentence)


def find_root_rows(rows: NDArray[np.int64], widths: Floats) -> int | None:
    """Return the number of rows from which widths shrink as 1 / sqrt(rows); `None` where they do not.

    Between the last numbers of rows, at least two that are a factor of two apart, `width * sqrt(rows)` must
    be the same up to `ROOT_ROWS_LIMIT`.

    >>> find_root_rows(np.array([50, 100, 200]), np.array([2.0, 1.41, 1.0]))
    50
    >>> find_root_rows(np.array([50, 100, 200]), np.array([2.0, 1.9, 1.8])) is None
    True
    """
    constants = widths * np.sqrt(rows)
    for place in range(len(rows) - 1):
        rest = constants[place:]
        if rows[-1] >= 2 * rows[place] and rest.max() <= (1 + ROOT_ROWS_LIMIT) * rest.min():
            return int(rows[place])
    return None


def round_rows(count: int) -> str:
    """Return a number of rows with two digits that count.

    >>> round_rows(812)
    '810'
    >>> round_rows(4000)
    '4,000'
    """
    digits = max(len(str(count)) - 2, 0)
    return f"{round(count, -digits):,}"
