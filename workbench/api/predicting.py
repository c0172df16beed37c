"""Predict new rows from Python: summaries, quantities or draws, with the index of the caller's table."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal, get_args

from workbench import results
from workbench.api.arguments import Data, as_table, list_names, show_progress
from workbench.api.row_index import index_draws, index_rows
from workbench.errors import MethodError, RequestError

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr

PredictingMethod = Literal["nuts", "laplace", "pathfinder", "map", "mle"]
"""What can predict new rows."""

NewGroups = Literal["refuse", "draw", "average"]
"""What happens to groups that the fit has not seen."""


def predict_new(
    fit: results.Fit,
    new: Data | None,
    *,
    horizon: int | None,
    quantity: str | Sequence[str],
    draws: bool,
    method: PredictingMethod | None,
    new_groups: NewGroups,
    progress: bool,
) -> pd.DataFrame | xr.Dataset:
    """Return what `Fit.predict` explains.

    Raises
    ------
    WorkbenchError
        An option has no such value, or any error of a prediction.
    """
    from workbench.workflow.predict import predict
    from workbench.workflow.predict_quantities import predict_draws, predict_quantities

    _check_choice("method", method, PredictingMethod)
    _check_choice("new_groups", new_groups, NewGroups)
    if horizon is not None and (isinstance(horizon, bool) or not isinstance(horizon, int) or horizon < 1):
        raise MethodError(f"`horizon` was expected to be a number of rows, at least 1; found `{horizon}`.")
    table, names = None if new is None else as_table(new), list_names(quantity)
    options: dict[str, Any] = {
        "progress": show_progress(progress),
        "method": method or "",
        "new_groups": new_groups,
        "horizon": horizon,
    }
    if draws and names:
        message = "quantities are summaries of draws, and `draws=True` asks for the draws of outcomes."
        raise RequestError(message, hint="ask for one of them at a time")
    if draws:
        return index_draws(predict_draws(fit, table, **options), new)
    found = predict_quantities(fit, table, names, **options) if names else predict(fit, table, **options)
    first = 1 if horizon is None or not len(found) else found["row"].min()
    return index_rows(found, new, first)


def _check_choice(name: str, value: str | None, choices: Any) -> None:
    """Refuse a value that an option does not have.

    Raises
    ------
    MethodError
        The message names the values.
    """
    if value is not None and value not in get_args(choices):
        message = f"`{name}` was expected to be one of {', '.join(get_args(choices))}, found `{value}`."
        raise MethodError(message)
