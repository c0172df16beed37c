"""New rows beside those of the fit: columns in another unit, and columns that nothing uses."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from workbench import tables
from workbench.binding import BoundData
from workbench.late_imports import LateModule
from workbench.prediction.predictions import Floats
from workbench.results.view import DataDescription
from workbench.tables import Table
from workbench.tables.arrow_arrays import as_array, as_numpy
from workbench.thresholds import (
    FAR_ROWS_SHARE,
    FEWEST_PREDICTOR_VALUES,
    FEWEST_RANGE_ROWS,
    RANGE_WIDTHS,
    SAME_UNIT_RATIO,
)

if TYPE_CHECKING:
    import pyarrow as pa
else:
    pa = LateModule("pyarrow")

_MOST_NAMES = 5
"""How many columns a remark names."""


def describe_table(
    description: DataDescription, data: BoundData, table: Table, used: Iterable[str] = ()
) -> list[str]:
    """Return remarks on the columns of new rows beside those of a fit.

    Parameters
    ----------
    description
        How the table of the fit was bound.
    data
        The data of the fit.
    table
        The new rows.
    used
        Columns that are used besides those of the fit.
    """
    names = [name for columns in description.rules.get("variables", {}).values() for name in columns]
    unused = describe_unused([*description.columns, *names], used, table.columns)
    return [
        *describe_units(description, data, table),
        *([f"{unused[:1].upper()}{unused[1:]}"] if unused else []),
    ]


def describe_units(description: DataDescription, data: BoundData, table: Table) -> list[str]:
    """Return remarks on columns of new rows that seem to be in another unit; parameters as above."""
    fitted = collect_columns(data, description.rules)
    new = {name: _read_numbers(table, name) for name in fitted if _has_numbers(table, name)}
    return [f"{sentence[:1].upper()}{sentence[1:]}" for sentence in describe_ranges(fitted, new)]


def _has_numbers(table: Table, name: str) -> bool:
    return table.has_column(name) and tables.is_numeric(table, name)


def _read_numbers(table: Table, name: str) -> Floats:
    """Return a column as numbers; those that cannot be used are left out, as binding refuses them anyway."""
    cells = table.cells.column(name).filter(as_array(~tables.find_missing(table, name)))
    return as_numpy(cells.cast(pa.float64(), safe=False))


def collect_columns(data: BoundData, rules: Mapping[str, Any] | None = None) -> dict[str, Floats]:
    """Return the columns of numbers that belong to rows, on the scale of the table, `(row,)` each.

    Codes of levels and indicators are none, and dates have no unit. Columns of a matrix that was standardized
    are scaled back.

    Parameters
    ----------
    data
        Bound data, of a fit or of new rows.
    rules
        The rules by which they were bound, where they do not have them themselves.
    """
    rules = data.rules if rules is None else rules
    columns: dict[str, Floats] = {}
    dates = [column for column, rule in rules.get("columns", {}).items() if "since" in rule]
    for name, own in rules.get("variables", {}).items():
        value = _find_numbers(data, name)
        if value is None or value.shape[1] != len(own):
            continue
        scale = data.standardized.get(name)
        if scale is not None:
            value = value * np.asarray(scale.sd) + np.asarray(scale.mean)
        columns |= {column: value[:, place] for place, column in enumerate(own) if column not in dates}
    return columns


def describe_ranges(fitted: Mapping[str, Floats], new: Mapping[str, Floats]) -> list[str]:
    """Return a sentence on each column whose new values lie so far from those of the fit that units differ.

    That is where most rows lie beyond the range of the fit by more than its width. Columns of positive
    numbers are compared on the log scale, on which a change of unit is a shift.

    Parameters
    ----------
    fitted, new
        Columns of the table of the fit and of the new rows, `(row,)` each.

    >>> print(*describe_ranges({"x": np.linspace(3, 8, 20)}, {"x": np.array([36.0, 96.0])}))
    `x` runs from 3 to 8 in the fit and from 36 to 96 here, about 12 times as large: is it in the same unit?
    """
    return [
        _describe_range(name, fitted[name], values)
        for name, values in new.items()
        if name in fitted and is_far(fitted[name], values)
    ]


def is_far(fitted: Floats, new: Floats) -> bool:
    """Return whether most of the new values of a column lie far beyond those of the fit.

    Parameters
    ----------
    fitted, new
        The values, `(row,)` each. A few rows in the fit, or fewer than three different values, have no range.

    >>> is_far(np.arange(10.0), np.array([100.0])), is_far(np.arange(10.0), np.array([15.0]))
    (True, False)
    """
    fitted, new = fitted[np.isfinite(fitted)], new[np.isfinite(new)]
    if not new.size or len(fitted) < FEWEST_RANGE_ROWS or len(np.unique(fitted)) < FEWEST_PREDICTOR_VALUES:
        return False
    if fitted.min() > 0 and new.min() > 0:
        fitted, new = np.log(fitted), np.log(new)
    low, high = float(fitted.min()), float(fitted.max())
    margin = RANGE_WIDTHS * (high - low)
    is_beyond = (new < low - margin) | (new > high + margin)
    return bool(is_beyond.mean() > FAR_ROWS_SHARE)


def describe_unused(known: Iterable[str], used: Iterable[str], new: Iterable[str]) -> str:
    """Return a remark on columns of new rows that the table of the fit did not have; empty without any.

    Parameters
    ----------
    known
        Columns of the table of the fit, those that its program did not use among them.
    used
        Columns that are read of the new rows.
    new
        Columns of the new rows.

    >>> describe_unused(["y", "x", "id"], ["x"], ["x", "id", "X2"])
    'the table of the fit had no column `X2`: it is not used.'
    """
    extra = [name for name in new if name not in {*known, *used}]
    if not extra:
        return ""
    shown = ", ".join(f"`{name}`" for name in extra[:_MOST_NAMES])
    rest = f" and {len(extra) - _MOST_NAMES} more" if len(extra) > _MOST_NAMES else ""
    if len(extra) == 1:
        return f"the table of the fit had no column {shown}: it is not used."
    return f"the table of the fit had no columns {shown}{rest}: they are not used."


def _find_numbers(data: BoundData, name: str) -> NDArray[Any] | None:
    """Return a variable as a matrix with a row for each row of the table; `None` if it is of another kind."""
    value = data.values.get(name)
    if name in data.levels or not isinstance(value, np.ndarray) or value.dtype.kind not in "fiu":
        return None
    if value.ndim not in (1, 2) or len(value) != data.rows:
        return None
    return np.asarray(value.reshape(len(value), -1), dtype=np.float64)


def _describe_range(name: str, fitted: Floats, new: Floats) -> str:
    runs = (
        f"`{name}` runs from {_format(np.nanmin(fitted))} to {_format(np.nanmax(fitted))} in the fit and "
        f"from {_format(np.nanmin(new))} to {_format(np.nanmax(new))} here"
    )
    return f"{runs}{_describe_ratio(fitted, new)}: is it in the same unit?"


def _describe_ratio(fitted: Floats, new: Floats) -> str:
    """Return how many times as large typical values are, where both columns are positive."""
    before, after = float(np.nanmedian(fitted)), float(np.nanmedian(new))
    if min(np.nanmin(fitted), np.nanmin(new)) <= 0:
        return ""
    ratio, word = (after / before, "large") if after > before else (before / after, "small")
    return f", about {_format(float(f'{ratio:.2g}'))} times as {word}" if ratio > SAME_UNIT_RATIO else ""


def _format(number: float) -> str:
    """Return a number with as many digits as people compare."""
    return f"{number:,.0f}" if 1000 <= abs(number) < 1e9 else f"{number:.4g}"
