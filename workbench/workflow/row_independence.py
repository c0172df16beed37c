"""Check that a program treats rows one by one: without that, new rows would be predicted wrongly.

A program may prepare its data from all rows together, such as a mean in transformed data. With new rows it
would then be another model. So half of the run's own rows are tried alone: they must have the same
log-likelihood as among all rows.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from workbench import binding
from workbench.backends import RawRun
from workbench.binding import BindingOptions
from workbench.errors import RequestError
from workbench.late_imports import LateModule
from workbench.request import FitRequest
from workbench.results import Fit
from workbench.results.outcomes import list_outcome_data
from workbench.results.quantities import owner
from workbench.tables import Table
from workbench.thresholds import LOG_LIKELIHOOD_DIFFERENCE_LIMIT
from workbench.workflow.generate import Generator

if TYPE_CHECKING:
    import pyarrow as pa
else:
    pa = LateModule("pyarrow")

TRIED_DRAWS = 20
"""Draws at which the run's own rows are tried."""

_DERIVED_SIZE = "size of"
"""How the origin of a variable begins that the binding derives from the length of another."""


def check_row_independence(generator: Generator, fit: Fit) -> None:
    """Refuse a program in which the likelihood of a row depends on the other rows.

    Raises
    ------
    RequestError
        Half of the run's rows have another log-likelihood alone than among all rows.
    """
    request = generator.request
    program = request.program
    message = f"`{program.path.name}` does not treat rows one by one: new rows would change its data."
    log_lik = None if program.instrumented is None else program.instrumented.outputs.log_lik
    rows = _count_rows(request)
    if log_lik is None or rows < 2:
        raise RequestError(message, hint="only a log-likelihood for each row can show that it does")
    half = max(1, rows // 2)
    first_half = _bind_first(request, fit, rows, half)
    few = slice(0, TRIED_DRAWS)
    among_all = _select(generator.generate(request.data.values, few, replicating=False), log_lik)
    alone = _select(generator.generate(first_half, few, replicating=False), log_lik)
    has_shape = among_all.shape[1] == rows and alone.shape[1] == half
    limit = LOG_LIKELIHOOD_DIFFERENCE_LIMIT
    if not has_shape or not np.allclose(among_all[:, :half], alone, rtol=limit, atol=limit, equal_nan=True):
        hint = (
            "what transformed data compute from all rows, such as a mean, would be that of the new rows, but "
            "the parameters were fitted with that of the old rows: compute it in the table, or declare it as "
            "data"
        )
        raise RequestError(message, hint=hint)


def _count_rows(request: FitRequest) -> int:
    """Return the length of the longest outcome, or of the column that it is made from."""
    values = request.data.values
    lengths = (
        np.shape(values[name])[0] for name in list_outcome_data(request.program) if np.ndim(values[name])
    )
    return max(lengths, default=0)


def _bind_first(request: FitRequest, fit: Fit, rows: int, count: int) -> dict[str, Any]:
    """Return the data block with the first rows alone; sizes that the binding derived follow."""
    description = fit.results.data
    rules = description.rules
    by_row = set(rules["variables"]) - set(rules.get("by_group", {}))
    derived = {name for name, origin in description.binding.items() if origin.startswith(_DERIVED_SIZE)}
    kept = {
        name: _take_first(value, rows, count) if name in by_row else value
        for name, value in request.data.values.items()
        if name not in derived
    }
    table = Table(Path("rows"), "", pa.table({}), values=kept)
    return binding.try_bind(request.program, table, BindingOptions()).data.values


def _take_first(value: Any, rows: int, count: int) -> Any:
    """Return the first rows of an array, on whichever axis is as long as there are rows."""
    shape = np.shape(value)
    if rows not in shape:
        return value
    return np.take(value, np.arange(count), axis=shape.index(rows))


def _select(generated: RawRun, variable: str) -> np.ndarray:
    """Return the draws of a variable's elements, `(draw, element)`."""
    positions = [i for i, column in enumerate(generated.columns) if owner(column) == variable]
    return np.asarray(generated.draws[0][:, positions])
