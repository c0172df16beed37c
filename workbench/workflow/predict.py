"""Predict new rows from a run: they are bound as the run's rows were, and drawn by the same program."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from workbench import binding, tables
from workbench.backends import RawRun
from workbench.binding import BoundData
from workbench.errors import RequestError
from workbench.estimation.sampling.stored_draws import select_draws
from workbench.estimation.standardize.rescaling import undo_standardization
from workbench.files import make_scratch
from workbench.late_imports import LateModule
from workbench.program import Declaration, Program
from workbench.program.predictive.outcome_maps import ColumnMap, OutcomeMap
from workbench.program.predictive.outcome_scales import Floats, return_to_column
from workbench.progress import SILENT, Progress
from workbench.request import FitRequest
from workbench.results import Fit
from workbench.results.outcomes import declare_replicates, list_outcome_data
from workbench.results.quantities import element_name, owner, split_element
from workbench.tables import Table
from workbench.toolchain import ToolchainSettings
from workbench.workflow.expected_shares import compute_shares
from workbench.workflow.generate import Generator
from workbench.workflow.row_independence import check_row_independence
from workbench.workflow.saved_run import open_run

if TYPE_CHECKING:
    import pandas as pd
else:
    pd = LateModule("pandas")


def predict(
    fit: Fit, data: Path | Table, settings: ToolchainSettings | None = None, progress: Progress = SILENT
) -> pd.DataFrame:
    """Return predictions of the outcomes in new rows: mean, sd, median and interval of each.

    An outcome that transformed data make from a column, such as its logarithm, is predicted on its own scale
    and, where the map can be undone, on that of the column.

    Where the run has no draws by NUTS they are made from those of its approximation; `attrs["remark"]` of the
    result then says which, and how good it is.

    Parameters
    ----------
    fit
        A fit, as a run directory holds it.
    data
        New rows, with the columns that the fit used; those of outcomes may be missing.
    settings
        Which Stan and compiler to use.
    progress
        Where to report.

    Raises
    ------
    WorkbenchError
        Any of the tree in `workbench.errors`: an unseen level, a missing column, a program that does not
        treat rows one by one.
    """
    stored = select_draws(fit)
    from workbench.backends.stan import StanBackend  # only here: importing it takes a second

    table = data if isinstance(data, Table) else tables.read(data)
    with open_run(fit, settings, progress=progress) as saved, make_scratch() as folder:
        request = saved.request
        if fit.results.data.standardized.is_on_data_scale:
            request = replace(request, data=undo_standardization(request.data))
        predicted = find_predicted(request.program)
        absent = _find_absent(fit, request, table)
        bound = bind_new_rows(fit, request, table)
        generator = Generator(
            request,
            saved.builds.build_instrumented().exe,
            StanBackend(),
            stored.draws,
            folder,
        )
        with progress.stage("Predicting"):
            check_row_independence(generator, fit)
            generated = generator.generate(bound.values, slice(None), replicating=True)
    shares = compute_shares(generated, request, bound)
    level = fit.results.interval.level
    predictions = pd.concat(
        [
            _tabulate(generated, predicted, bound, shares, level),
            _tabulate_columns(generated, request.program, bound, absent, level),
        ],
        ignore_index=True,
    )
    remarks = [stored.remark, *_describe_uncensored(request.program)]
    predictions.attrs["remark"] = " ".join(remark for remark in remarks if remark)
    return predictions


def find_predicted(program: Program) -> dict[str, Declaration]:
    """Return the quantities that are replicates of outcomes.

    Raises
    ------
    RequestError
        There is none, or one depends on the outcomes before it.
    """
    declared = {quantity.name: quantity for quantity in program.generated_quantities}
    declared |= declare_replicates(program)
    names = [replicate.name or replicate.prediction for replicate in program.replicates]
    predicted = {name: declared[name] for name in names if name in declared}
    if not predicted:
        message, hint = _explain_no_prediction(program)
        raise RequestError(message, hint=hint)
    for replicate in program.replicates:
        if replicate.is_conditional:
            message = f"`{replicate.outcome}` is drawn given other values of itself, which new rows lack."
            raise RequestError(message, hint="write the forecast into generated quantities")
    return predicted


def _describe_uncensored(program: Program) -> Iterator[str]:
    """Yield a remark on each outcome whose prediction has no censored values."""
    for replicate in program.replicates:
        if replicate.prediction:
            yield f"`{replicate.prediction}` predicts `{replicate.outcome}` as it would be without censoring."


def _explain_no_prediction(program: Program) -> tuple[str, str]:
    """Return why no outcome can be predicted, and what to do."""
    reasons = [
        f"`{replicate.outcome}` cannot be predicted: {replicate.reason.rstrip('.')}."
        for replicate in program.replicates
        if replicate.reason
    ]
    message = " ".join(reasons) or "it has no likelihood of declared data."
    hint = "draw it in generated quantities, under a name such as `y_rep`, with the size of the outcome"
    return f"`{program.path.name}`: {message}", hint


def _find_absent(fit: Fit, request: FitRequest, table: Table) -> list[str]:
    """Return the data of outcomes whose columns the new rows do not have."""
    columns = fit.results.data.rules.get("variables", {})
    names = [name for name in list_outcome_data(request.program) if name in columns]
    return [name for name in names if not set(columns[name]) <= set(table.columns)]


def bind_new_rows(fit: Fit, request: FitRequest, table: Table) -> BoundData:
    """Return new rows bound by the run's rules; an outcome without a column is filled, as nothing reads it.

    Raises
    ------
    BindingError
        A column is missing, or a level was not among those of the fit.
    """
    description = fit.results.data
    rules = dict(description.rules)
    if description.standardized.is_on_data_scale:
        rules["standardized"] = {}
    columns = rules.get("variables", {})
    if not columns:
        message = "the run was fitted to Stan's own data, which say nothing about how to bind a table."
        raise RequestError(message, hint="fit a table to predict tables")
    absent, old = _find_absent(fit, request, table), request.data.values
    filled = {name: np.repeat(np.sort(old[name], axis=0)[:1], table.rows, axis=0) for name in absent}
    return binding.rebind(rules, request.program, table, given=filled)


def _tabulate(
    generated: RawRun,
    predicted: Mapping[str, Declaration],
    bound: BoundData,
    shares: Mapping[str, float],
    level: float,
) -> pd.DataFrame:
    """Return a row for each element of each replicated outcome.

    The mean of a yes/no outcome is its probability under the likelihood where `shares` has it, by column.
    """
    rows = []
    for position, column in enumerate(generated.columns):
        name = owner(column)
        if name in predicted:
            summary = _summarise(column, generated.draws[0][:, position], predicted[name], bound, level)
            if column in shares:
                share = shares[column]
                summary |= {"mean": share, "sd": math.sqrt(share * (1 - share))}
            rows.append(summary)
    return pd.DataFrame(rows)


def _tabulate_columns(
    generated: RawRun, program: Program, bound: BoundData, absent: Sequence[str], level: float
) -> pd.DataFrame:
    """Return a row for each element of each column from which transformed data make a replicated outcome."""
    rows = []
    replicates = {replicate.outcome: replicate.name for replicate in program.replicates if replicate.name}
    declared = {item.name: item for item in program.data}
    for outcome_map in program.outcome_maps:
        column_map = _choose_column(outcome_map, absent)
        positions = [
            position
            for position, column in enumerate(generated.columns)
            if owner(column) == replicates.get(outcome_map.outcome)
        ]
        if column_map is None or not positions:
            continue
        draws = return_to_column(program.tree, bound.values, column_map, generated.draws[0][:, positions])
        if draws is None:
            continue
        for place, position in enumerate(positions):
            _, index = split_element(generated.columns[position])
            name = element_name(column_map.column, index)
            rows.append(_summarise(name, draws[:, place], declared[column_map.column], bound, level))
    return pd.DataFrame(rows)


def _choose_column(outcome_map: OutcomeMap, absent: Sequence[str]) -> ColumnMap | None:
    """Return the map to the column that is to be predicted; `None` if there is none, or more than one."""
    maps = [item for item in outcome_map.maps if item.variable_steps and not item.is_selected]
    missing = [item for item in maps if item.column in absent]
    chosen = missing or maps
    return chosen[0] if len(chosen) == 1 else None


def _summarise(
    name: str, draws: Floats, declaration: Declaration, bound: BoundData, level: float
) -> dict[str, object]:
    """Return the predictions of one element."""
    _, index = split_element(name)
    row = index[0] + 1 if index else 1
    sizes = declaration.sizes
    labels = bound.labels.get(sizes[0].text, ()) if sizes else ()
    lower, upper = np.quantile(draws, [(1 - level) / 2, (1 + level) / 2])
    return {
        "row": row,
        "label": labels[row - 1] if len(labels) >= row else str(row),
        "prediction": name,
        "mean": float(draws.mean()),
        "sd": float(draws.std(ddof=1)),
        "median": float(np.median(draws)),
        "lower": float(lower),
        "upper": float(upper),
    }
