"""The groups of a run's rows by a column, and the strata of its outcome."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from workbench import binding, tables
from workbench.comparison.folds import Folds, Grouping, find_strata
from workbench.errors import RequestError
from workbench.prediction.chunk import OpenPredictor
from workbench.prediction.growth import Growth
from workbench.prediction.horizon import count_rows
from workbench.prediction.outcomes import is_categorical
from workbench.request import FitRequest
from workbench.results import Fit
from workbench.thresholds import MOST_STRATA
from workbench.workflow.study_base import read_unchanged_table

Floats = NDArray[np.float64]


def read_groups(fit: Fit, request: FitRequest, growth: Growth, column: str) -> Grouping:
    """Return the group of each row by a column: of the data of the run, or else of its table, read again.

    Parameters
    ----------
    fit, request, growth
        The run, its request, and the sizes that count rows.
    column
        The column.

    Raises
    ------
    WorkbenchError
        There is no such column, the table has changed or is gone, or a row has no group.
    """
    bound = _read_bound_groups(fit, request, growth, column)
    if bound is not None:
        return bound
    table = read_unchanged_table(fit.results)
    if fit.results.data.dropped.count:
        table = binding.rebind(fit.results.data.rules, request.program, table, missing="drop").table
    rows = count_rows(request, growth)
    if table.rows != rows:
        message = f"`{table.path.name}` has {table.rows} rows, and the run {rows}."
        raise RequestError(message, hint=f"name a column that the program uses in the place of `{column}`")
    grouped = tables.group_rows(table, [column])
    sorted_codes = np.repeat(np.arange(len(grouped.groups)), [group.rows for group in grouped.groups])
    numbers = np.arange(1, rows + 1) if table.row_numbers is None else table.row_numbers
    codes = np.empty(rows, dtype=np.int64)
    assert grouped.table.row_numbers is not None  # noqa: S101 - `group_rows` gives them
    codes[np.searchsorted(numbers, grouped.table.row_numbers)] = sorted_codes
    return Grouping(codes, tuple(group.label for group in grouped.groups))


def _read_bound_groups(fit: Fit, request: FitRequest, growth: Growth, column: str) -> Grouping | None:
    """Return groups by a column that alone fills a variable of whole numbers; `None` where it does not.

    Grouping are in the order of their first row.
    """
    rules = fit.results.data.rules
    name = next((name for name, columns in rules["variables"].items() if list(columns) == [column]), "")
    declared = next((item for item in request.program.data if item.name == name), None)
    if (
        declared is None
        or not declared.is_integer
        or [size.text in growth.rows for size in declared.axes] != [True]
    ):
        return None
    values = np.asarray(request.data.values[name], dtype=np.int64)
    _, firsts, codes = np.unique(values, return_index=True, return_inverse=True)
    rank = np.empty(len(firsts), dtype=np.int64)
    rank[np.argsort(firsts)] = np.arange(len(firsts))
    size = declared.upper.text if declared.upper is not None else ""
    levels = rules.get("groups", {}).get(size, {}).get("levels") or ()
    found = values[np.sort(firsts)].tolist()
    labels = tuple(levels[code - 1] if 1 <= code <= len(levels) else str(code) for code in found)
    return Grouping(rank[codes.reshape(-1)], labels)


def choose_strata(
    opened: OpenPredictor, scheme: Folds, outcomes: Sequence[Floats]
) -> NDArray[np.int64] | None:
    """Return a code of each row for a single yes/no outcome or category; `None` for others."""
    if not scheme.kfold or scheme.by or len(outcomes) != 1 or outcomes[0].ndim != 1:
        return None
    kinds = opened.predictor.program.replicates
    is_yes_or_no = all(
        item.distributions and all(name.startswith("bernoulli") for name in item.distributions)
        for item in kinds
    )
    if not kinds or not (is_yes_or_no or all(is_categorical(item) for item in kinds)):
        return None
    return find_strata(outcomes[0], MOST_STRATA)
