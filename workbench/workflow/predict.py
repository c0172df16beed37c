"""New rows predicted from a run: bound as the run's were, its draws carried on by the same program.

A program may prepare its data from all rows together, such as a mean in transformed data: it would then
answer another question for new rows. So the run's own rows are tried first: half of them alone must have the
same log-likelihood as among all. Without that proof nothing is predicted.
"""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import xarray as xr

from workbench import binding, tables
from workbench.backends import Backend, Job, RawRun
from workbench.binding import BindingOptions, BoundData, order_tuples, write_stan_data
from workbench.errors import RequestError, RunIncomplete
from workbench.estimation.standardize.rescaling import undo_standardization
from workbench.program import Declaration, Program
from workbench.progress import SILENT, Progress
from workbench.provenance import derive_seeds
from workbench.request import FitRequest
from workbench.results import Fit, store
from workbench.results.outcomes import replicate_declarations
from workbench.tables import Table
from workbench.toolchain import Settings
from workbench.workflow.saved_run import reopened

TRIED = 20
"""Draws at which the run's own rows are tried."""

EQUAL = 1e-6
"""Largest difference of log-likelihoods [relative] that counts as rounding: draws have ten digits."""


@dataclass(frozen=True)
class _Carrier:
    """What carries draws on: the run's request on the scale of its results, its executable and its draws."""

    request: FitRequest
    exe: Path
    backend: Backend
    posterior: xr.Dataset
    folder: Path

    def generate(self, data: Mapping[str, Any], draws: slice, *, replicating: bool) -> RawRun:
        """Return what follows from some of the draws under other data."""
        read = self.request.program
        columns, values = _parameters(read, data, self.posterior)
        lifted = self.request.priors.lifted
        ours = (
            read.instrumented.data(hyperparameters=lifted, replicating=replicating)
            if read.instrumented
            else {}
        )
        path = self.folder / f"data-{draws.stop}-{replicating}-{len(list(self.folder.iterdir()))}.json"
        write_stan_data(path, {**order_tuples(data, read.data), **ours})
        job = Job(self.exe, path, self.folder, derive_seeds(self.request.seed, 2)[1])
        return self.backend.generate(job, columns, values[draws])


def predict(
    run: Path, data: Path | Table, settings: Settings | None = None, progress: Progress = SILENT
) -> pd.DataFrame:
    """Return predictions of the outcomes in new rows: mean, sd, median and interval of each.

    Parameters
    ----------
    run
        A run directory.
    data
        New rows, with the columns the fit was made with; those of outcomes may be missing.
    settings
        Which Stan and compiler to use.
    progress
        Where to report.

    Raises
    ------
    WorkbenchError
        Any of the tree in `workbench.errors`: an unseen level, a missing column, rows that hang together.
    """
    fitted = store.read_whole(run)
    if "posterior" not in fitted.tree.children:
        raise RunIncomplete(f"the run in `{run}` has no posterior to predict from.", hint="fit it with NUTS")
    from workbench.backends.cmdstan import CmdStanBackend  # only now: importing it takes a second

    table = data if isinstance(data, Table) else tables.read(data)
    with reopened(fitted, settings, progress=progress) as opened, tempfile.TemporaryDirectory() as folder:
        is_back = fitted.record["data"]["standardized"].get("status") == "proved"
        old = undo_standardization(opened.request.data) if is_back else opened.request.data
        request = replace(opened.request, data=old)
        named = _predicted(request.program)
        bound = bind_new(fitted, request, table, is_back=is_back)
        exe = opened.builds.instrumented().exe
        posterior = fitted.tree["posterior"].to_dataset()
        carrier = _Carrier(request, exe, CmdStanBackend(), posterior, Path(folder))
        with progress.stage("Predicting"):
            _check_rows(carrier, fitted)
            generated = carrier.generate(bound.values, slice(None), replicating=True)
    return _table(generated, named, bound, float(fitted.record["interval"]["level"]))


def _predicted(read: Program) -> dict[str, Declaration]:
    """Return the quantities that are outcomes drawn anew.

    Raises
    ------
    RequestError
        There is none, or one hangs on outcomes before it.
    """
    declared = {one.name: one for one in read.generated_quantities} | replicate_declarations(read)
    found = {one.name: declared[one.name] for one in read.replicates if one.name in declared}
    if not found:
        hint = "generate one named y_rep, or see why in `workbench inspect`"
        raise RequestError(f"`{read.path.name}` has no outcome that can be drawn anew.", hint=hint)
    for one in read.replicates:
        if one.is_conditional:
            message = f"`{one.outcome}` is drawn given other values of itself, which new rows do not have."
            raise RequestError(message, hint="write the forecast into generated quantities")
    return found


def bind_new(fitted: Fit, request: FitRequest, table: Table, *, is_back: bool) -> BoundData:
    """Return new rows bound by the run's rules; an outcome without a column is filled, as nothing reads it.

    Raises
    ------
    BindingError
        A column is missing, or a level was not among those of the fit.
    """
    rules = dict(fitted.record["data"]["rules"])
    if is_back:
        rules["standardized"] = {}
    columns = rules.get("variables", {})
    outcomes = {one.outcome for one in request.program.replicates if one.outcome in columns}
    absent = [name for name in outcomes if not set(columns[name]) <= set(table.columns)]
    old = request.data.values
    filled = {name: np.repeat(np.sort(old[name], axis=0)[:1], table.rows, axis=0) for name in absent}
    if not columns:
        message = "the run was fitted to Stan's own data, which say nothing about how to bind a table."
        raise RequestError(message, hint="fit a table to predict tables")
    return binding.rebind(rules, request.program, table, given=filled)


def _check_rows(carrier: _Carrier, fitted: Fit) -> None:
    """Refuse a program in which a row means something else among other rows.

    Raises
    ------
    RequestError
        Half of the run's rows have another log-likelihood by themselves than among all.
    """
    request = carrier.request
    name = None if request.program.instrumented is None else request.program.instrumented.outputs.log_lik
    rules = fitted.record["data"]["rules"]
    rows = max((np.shape(request.data.values[one])[0] for one in _outcomes(request)), default=0)
    half = max(1, rows // 2)
    message = f"`{request.program.path.name}` does not treat rows one by one: new rows would change its data."
    hint = (
        "what transformed data compute from all rows, such as a mean, would be that of the new rows, but the "
        "parameters were fitted with that of the old: compute it in the table, or declare it as data"
    )
    if name is None or rows < 2:
        raise RequestError(message, hint="a log-likelihood for each row is needed to tell")
    by_row = {one for one in rules["variables"] if one not in rules.get("by_group", {})}
    part = {
        one: _first(value, rows, half) if one in by_row else value
        for one, value in request.data.values.items()
    }
    derived = {one for one, words in fitted.record["data"]["binding"].items() if words.startswith("size of")}
    kept = {one: value for one, value in part.items() if one not in derived}
    alone = binding.try_bind(
        request.program, Table(Path("rows"), "", pa.table({}), values=kept), BindingOptions()
    ).data
    few = slice(0, TRIED)
    whole = _log_lik(carrier.generate(request.data.values, few, replicating=False), name)
    apart = _log_lik(carrier.generate(alone.values, few, replicating=False), name)
    is_same = whole.shape[1] == rows and apart.shape[1] == half
    if not is_same or not np.allclose(whole[:, :half], apart, rtol=EQUAL, atol=EQUAL, equal_nan=True):
        raise RequestError(message, hint=hint)


def _outcomes(request: FitRequest) -> list[str]:
    return [one.outcome for one in request.program.replicates if np.ndim(request.data.values[one.outcome])]


def _first(value: Any, rows: int, count: int) -> Any:
    """Return the first rows of an array, on whichever axis has as many elements as there are rows."""
    shape = np.shape(value)
    if rows not in shape:
        return value
    return np.take(value, np.arange(count), axis=shape.index(rows))


def _log_lik(generated: RawRun, name: str) -> np.ndarray:
    where = [i for i, column in enumerate(generated.columns) if column.partition("[")[0] == name]
    return np.asarray(generated.draws[0][:, where])


def _parameters(
    read: Program, values: Mapping[str, Any], posterior: xr.Dataset
) -> tuple[tuple[str, ...], np.ndarray]:
    """Return Stan's names of all parameters in Stan's order, and their draws, `(draw, column)`."""
    columns: list[str] = []
    draws: list[np.ndarray] = []
    for one in read.parameters:
        if one.members or one.name not in posterior:
            raise RequestError(
                f"the draws of `{one.name}` cannot be carried on: it is declared `{one.text}`."
            )
        found = posterior[one.name].to_numpy()
        expected = binding.evaluate_shape(one, values)
        if any(
            length not in (None, actual) for length, actual in zip(expected, found.shape[2:], strict=True)
        ):
            message = (
                f"`{one.name}` is declared `{one.text}`, with an element for each of the old rows: "
                "the run says nothing about those of new ones."
            )
            raise RequestError(message, hint="write the model so that its parameters outlive its rows")
        for index in np.ndindex(found.shape[2:][::-1]):  # Stan counts the first index fastest
            at = index[::-1]
            columns.append(f"{one.name}[{','.join(str(i + 1) for i in at)}]" if at else one.name)
            cell: tuple[Any, ...] = (..., *at)
            draws.append(found[cell].ravel())
    return tuple(columns), np.column_stack(draws)


def _table(
    generated: RawRun, named: Mapping[str, Declaration], bound: BoundData, level: float
) -> pd.DataFrame:
    """Return one line for each element of each outcome drawn anew."""
    lines = []
    for position, column in enumerate(generated.columns):
        name, _, inside = column.partition("[")
        if name not in named:
            continue
        draws = generated.draws[0][:, position]
        row = int(inside[:-1].split(",")[0]) if inside else 1
        sizes = named[name].sizes
        labels = bound.labels.get(sizes[0].text, ()) if sizes else ()
        lower, upper = np.quantile(draws, [(1 - level) / 2, (1 + level) / 2])
        lines.append(
            {
                "row": row,
                "label": labels[row - 1] if len(labels) >= row else str(row),
                "prediction": column,
                "mean": float(draws.mean()),
                "sd": float(draws.std(ddof=1)),
                "median": float(np.median(draws)),
                "lower": float(lower),
                "upper": float(upper),
            }
        )
    return pd.DataFrame(lines)
