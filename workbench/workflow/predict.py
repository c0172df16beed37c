"""Predict new rows from a run: they are bound as the run's rows were, and drawn by the same program."""

from __future__ import annotations

import math
import tempfile
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd

from workbench import binding, tables
from workbench.backends import RawRun
from workbench.binding import BoundData
from workbench.errors import RequestError
from workbench.estimation.sampling.stored_draws import select_draws
from workbench.estimation.standardize.rescaling import undo_standardization
from workbench.program import Declaration, Program
from workbench.progress import SILENT, Progress
from workbench.request import FitRequest
from workbench.results import Fit
from workbench.results.outcomes import declare_replicates
from workbench.results.quantities import owner, split_element
from workbench.tables import Table
from workbench.toolchain import ToolchainSettings
from workbench.workflow.expected_shares import compute_shares
from workbench.workflow.generate import Generator
from workbench.workflow.row_independence import check_row_independence
from workbench.workflow.saved_run import open_run


def predict(
    fit: Fit, data: Path | Table, settings: ToolchainSettings | None = None, progress: Progress = SILENT
) -> pd.DataFrame:
    """Return predictions of the outcomes in new rows: mean, sd, median and interval of each.

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
    from workbench.backends.cmdstan import CmdStanBackend  # only here: importing it takes a second

    table = data if isinstance(data, Table) else tables.read(data)
    with open_run(fit, settings, progress=progress) as saved, tempfile.TemporaryDirectory() as folder:
        request = saved.request
        if fit.results.data.standardized.is_on_data_scale:
            request = replace(request, data=undo_standardization(request.data))
        predicted = _find_predicted(request.program)
        bound = bind_new_rows(fit, request, table)
        generator = Generator(
            request,
            saved.builds.build_instrumented().exe,
            CmdStanBackend(),
            stored.draws,
            Path(folder),
        )
        with progress.stage("Predicting"):
            check_row_independence(generator, fit)
            generated = generator.generate(bound.values, slice(None), replicating=True)
    shares = compute_shares(generated, request, bound)
    predictions = _tabulate(generated, predicted, bound, shares, fit.results.interval.level)
    predictions.attrs["remark"] = stored.remark
    return predictions


def _find_predicted(program: Program) -> dict[str, Declaration]:
    """Return the quantities that are replicates of outcomes.

    Raises
    ------
    RequestError
        There is none, or one depends on the outcomes before it.
    """
    declared = {quantity.name: quantity for quantity in program.generated_quantities}
    declared |= declare_replicates(program)
    predicted = {
        replicate.name: declared[replicate.name]
        for replicate in program.replicates
        if replicate.name in declared
    }
    if not predicted:
        hint = "generate one named y_rep; `workbench inspect` says what prevents an automatic one"
        raise RequestError(f"`{program.path.name}` has no outcome that can be replicated.", hint=hint)
    for replicate in program.replicates:
        if replicate.is_conditional:
            message = f"`{replicate.outcome}` is drawn given other values of itself, which new rows lack."
            raise RequestError(message, hint="write the forecast into generated quantities")
    return predicted


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
    outcomes = {replicate.outcome for replicate in request.program.replicates if replicate.outcome in columns}
    absent = [name for name in outcomes if not set(columns[name]) <= set(table.columns)]
    old = request.data.values
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
        if name not in predicted:
            continue
        draws = generated.draws[0][:, position]
        _, index = split_element(column)
        row = index[0] + 1 if index else 1
        sizes = predicted[name].sizes
        labels = bound.labels.get(sizes[0].text, ()) if sizes else ()
        mean, sd = float(draws.mean()), float(draws.std(ddof=1))
        if column in shares:
            mean, sd = shares[column], math.sqrt(shares[column] * (1 - shares[column]))
        lower, upper = np.quantile(draws, [(1 - level) / 2, (1 + level) / 2])
        rows.append(
            {
                "row": row,
                "label": labels[row - 1] if len(labels) >= row else str(row),
                "prediction": column,
                "mean": mean,
                "sd": sd,
                "median": float(np.median(draws)),
                "lower": float(lower),
                "upper": float(upper),
            }
        )
    return pd.DataFrame(rows)
