"""Predict new rows from a run, as quantities that a user asks for, or draw by draw."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Unpack

from workbench import tables
from workbench.errors import RequestError
from workbench.late_imports import LateModule
from workbench.prediction.chunk import OpenPredictor
from workbench.prediction.draw_files import collect_draws
from workbench.prediction.expressions import QuantityExpression
from workbench.prediction.levels import find_absent
from workbench.prediction.names import check_spelling
from workbench.prediction.outcomes import find_predicted
from workbench.prediction.quantities import list_used_names, parse_quantities, tabulate_quantities
from workbench.program.predictive.dependence import find_dependent
from workbench.progress import SILENT, Progress
from workbench.results import Fit
from workbench.tables import Table
from workbench.toolchain import ToolchainSettings
from workbench.workflow.predict_rows import PredictOptions, iterate_predictions, list_remarks, open_table

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr
else:
    pd = LateModule("pandas")
    xr = LateModule("xarray")


def predict_quantities(
    fit: Fit,
    data: Path | Table | None,
    quantities: Sequence[str],
    settings: ToolchainSettings | None = None,
    progress: Progress = SILENT,
    **options: Unpack[PredictOptions],
) -> pd.DataFrame:
    """Return summaries of quantities in new rows, such as `P(y_rep > 500)`.

    Parameters
    ----------
    fit
        A fit, as a run directory holds it.
    data
        New rows, with the columns that the fit used; those of outcomes may be missing.
    quantities
        Expressions in the grammar of `workbench.prediction.expressions`.
    settings, progress, options
        As in `workbench.workflow.predict.predict`.

    Returns
    -------
    A frame as `tabulate_quantities` returns it; `attrs["remark"]` says what must be known about the draws.

    Raises
    ------
    WorkbenchError
        As `predict`; an expression cannot be read, or has a name that is not known.
    """
    expressions = parse_quantities(quantities)
    given = tables.read(data) if isinstance(data, Path) else data
    table = tables.no_data() if given is None else given
    check_names_of_run(expressions, fit, table)
    used = list_used_names(expressions)
    with open_table(fit, given, settings, progress, options) as opened:
        generated = find_generated(opened, used, find_absent(fit, opened.predictor.request.program, table))
        chunks = iterate_predictions(opened, given, progress, options, generated)
        found = tabulate_quantities(
            chunks,
            expressions,
            table=table,
            names_by_label=fit.results.names_by_label,
            by_row=generated,
            chains=opened.chains,
        )
        found.attrs["level"] = fit.results.interval.level
        found.attrs["remark"] = " ".join(list_remarks(opened, given, used))
    return found


def predict_draws(
    fit: Fit,
    data: Path | Table | None,
    settings: ToolchainSettings | None = None,
    progress: Progress = SILENT,
    **options: Unpack[PredictOptions],
) -> xr.Dataset:
    """Return predictions of new rows draw by draw, as `collect_draws` does; parameters as in `predict`.

    `attrs["remark"]` says what must be known about them.

    Raises
    ------
    WorkbenchError
        As `predict`.
    """
    table = tables.read(data) if isinstance(data, Path) else data
    with open_table(fit, table, settings, progress, options) as opened:
        chunks = iterate_predictions(opened, table, progress, options)
        drawn = collect_draws(chunks, opened.chains)
        return drawn.assign_attrs(remark=" ".join(list_remarks(opened, table)))


def check_names_of_run(expressions: Sequence[QuantityExpression], fit: Fit, table: Table) -> None:
    """Refuse a name that neither the program of a run nor the new table has, before anything is computed.

    Raises
    ------
    RequestError
        The message names the place.
    """
    model = fit.results.model
    replicates = {outcome.replicate for outcome in model.outcomes if outcome.replicate}
    replicates |= {column for outcome in model.outcomes for column in outcome.columns}
    _refuse_observed(expressions, fit, replicates)
    known = [*sorted(replicates), *fit.results.declared, *table.columns]
    check_spelling(expressions, known, set(re.findall(r"\w+", model.source)))


def _refuse_observed(
    expressions: Sequence[QuantityExpression], fit: Fit, replicates: Collection[str]
) -> None:
    """Refuse an expression of an outcome as it was observed: its prediction has another name.

    Raises
    ------
    RequestError
        The message names both.
    """
    columns = fit.results.data.rules.get("variables", {})
    for outcome in fit.results.model.outcomes:
        for expression in expressions:
            used = list_used_names([expression])
            observed = used & set(columns.get(outcome.name, ()))
            if observed and outcome.replicate and not used & set(replicates):
                message = f"`{min(observed)}` is the outcome as it was observed, not its prediction."
                raise RequestError(message, hint=f"write `{outcome.replicate}` for the prediction")


def find_generated(opened: OpenPredictor, used: set[str], absent: Sequence[str]) -> tuple[str, ...]:
    """Return the generated quantities of the author among names that have one element for each new row.

    Raises
    ------
    RequestError
        One may depend on an outcome that the new rows do not have.
    """
    predictor = opened.predictor
    program = predictor.request.program
    replicates = find_predicted(predictor.program.replicates)
    found = [
        item.name
        for item in program.generated_quantities
        if item.name in used
        and item.name not in replicates
        and len(item.axes) == 1
        and item.axes[0].text in predictor.growth.rows
    ]
    unsure = find_dependent(program.tree, absent)
    for name in found:
        if name in unsure:
            message = (
                f"`{name}` may depend on {' and '.join(f'`{own}`' for own in absent)}, which the new rows do "
                "not have."
            )
            raise RequestError(message, hint="give new rows with the outcome, or write it without")
    return tuple(found)
