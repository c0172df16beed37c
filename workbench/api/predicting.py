"""Predict and score new rows from Python, with the index of the caller's table and remarks as warnings."""

from __future__ import annotations

import re
import sys
import warnings
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, Literal, get_args

from workbench import results
from workbench.api.arguments import Data, as_table, list_names, show_progress
from workbench.api.spelling import spell_options
from workbench.errors import MethodError, PredictionWarning, RequestError, neutralise
from workbench.late_imports import LateModule
from workbench.prediction.row_index import find_index, index_draws, index_rows
from workbench.tables import Table

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr

    from workbench.workflow.predict_rows import PredictOptions
    from workbench.workflow.score import Scores
else:
    pd = LateModule("pandas")

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

    check_choice("method", method, PredictingMethod)
    names = check_prediction(new_groups, horizon, quantity, draws=draws)
    table = None if new is None else as_new_table(fit, new, names)
    shown = show_progress(progress)
    options: PredictOptions = {
        "method": method or "",
        "new_groups": new_groups,
        "horizon": horizon,
    }
    if draws:
        return index_drawn(predict_draws(fit, table, None, shown, **options), new)
    if names:
        found = predict_quantities(fit, table, names, None, shown, **options)
    else:
        found = predict(fit, table, None, shown, **options)
    return index_found(found, new, horizon)


def check_prediction(
    new_groups: NewGroups, horizon: int | None, quantity: str | Sequence[str], *, draws: bool
) -> tuple[str, ...]:
    """Return the quantities that are asked for; refuse what no prediction can be asked for.

    Raises
    ------
    WorkbenchError
        An option has no such value, or quantities and draws are asked for together.
    """
    check_choice("new_groups", new_groups, NewGroups)
    check_horizon(horizon)
    names = list_names(quantity)
    if draws and names:
        message = "quantities are summaries of draws, and `draws=True` asks for the draws of outcomes."
        raise RequestError(message, hint="ask for one of them at a time")
    return names


def index_drawn(found: xr.Dataset, new: Data | None) -> xr.Dataset:
    """Return draws with the index of the caller's rows, and warn of what must be known about them."""
    indexed = index_draws(found, find_index(new))
    warn_of(indexed.attrs["remark"])
    return indexed


def index_found(found: pd.DataFrame, new: Data | None, horizon: int | None) -> pd.DataFrame:
    """Return predictions with the index of the caller's rows, and warn of what must be known about them."""
    first = 1 if horizon is None or found["row"].isna().all() else int(found["row"].min())
    indexed = index_rows(found, find_index(new), first)
    warn_of(indexed.attrs["remark"])
    return indexed


def score_new(
    fit: results.Fit,
    new: Data,
    *,
    threshold: float,
    new_groups: NewGroups,
    horizon: int | None,
    one_step: bool,
    progress: bool,
) -> Scores:
    """Return what `Fit.score` explains.

    Raises
    ------
    WorkbenchError
        An option has no such value, or any error of scoring.
    """
    from workbench.workflow.score import score

    check_choice("new_groups", new_groups, NewGroups)
    check_horizon(horizon)
    scores = score(
        fit,
        as_new_table(fit, new),
        progress=show_progress(progress),
        threshold=threshold,
        new_groups=new_groups,
        horizon=horizon,
        one_step=one_step,
        index=find_index(new),
    )
    warn_of(" ".join(scores.table.remarks))
    return scores


def as_new_table(
    fits: results.Fit | Iterable[results.Fit], new: Data, quantities: Sequence[str] = ()
) -> Table:
    """Return new rows as a table, in which a level of their index is a column where that is used.

    Parameters
    ----------
    fits
        The fit or fits, which use some columns.
    new
        The new rows. A column is preferred to a level of the index with the same name.
    quantities
        Expressions, which may use further ones.
    """
    if not isinstance(new, pd.DataFrame) or all(name is None for name in new.index.names):
        return as_table(new)
    used = set[str]()
    for fit in [fits] if isinstance(fits, results.Fit) else fits:
        description = fit.results.data
        bound = [column for columns in description.rules.get("variables", {}).values() for column in columns]
        used |= {*description.columns, *(column.partition(":")[0] for column in bound), *bound}
    used |= {word for text in quantities for word in re.findall(r"\w+", text)}
    frame, index = new.reset_index(drop=True), new.index
    for place, name in enumerate(index.names):
        if name is not None and str(name) in used and str(name) not in map(str, frame.columns):
            unnamed = index.set_names([None] * index.nlevels)
            frame.insert(0, str(name), unnamed.get_level_values(place))
    return as_table(frame)


def check_horizon(horizon: int | None) -> None:
    """Refuse a horizon that is no number of rows.

    Raises
    ------
    MethodError
        The message shows it.
    """
    if horizon is not None and (isinstance(horizon, bool) or not isinstance(horizon, int) or horizon < 1):
        raise MethodError(f"`horizon` was expected to be a number of rows, at least 1; found `{horizon}`.")


def check_choice(name: str, value: str | None, choices: Any) -> None:
    """Refuse a value that an option does not have.

    Raises
    ------
    MethodError
        The message names the values.
    """
    if value is not None and value not in get_args(choices):
        message = f"`{name}` was expected to be one of {', '.join(get_args(choices))}, found `{value}`."
        raise MethodError(message)


def warn_of(remark: str) -> None:
    """Warn of what must be known about a prediction, at the line of the caller."""
    if not remark:
        return
    level, frame = 1, sys._getframe()
    while frame.f_back is not None and frame.f_globals.get("__name__", "").startswith("workbench."):
        level, frame = level + 1, frame.f_back
    warnings.warn(spell_options(neutralise(remark)), PredictionWarning, stacklevel=level)
