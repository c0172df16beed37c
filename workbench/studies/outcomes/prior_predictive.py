"""What each setting of the priors says before any data are seen."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from workbench.errors import RunError, WorkbenchError
from workbench.program import Program, describe
from workbench.progress import Stage
from workbench.results import Fit
from workbench.results.quantities import SAMPLE_DIMS, Draws, finite_elements
from workbench.studies.fits.context import StudyContext
from workbench.studies.fits.prior_draws import make_prior_task, sample_prior
from workbench.studies.fits.progress_message import describe_progress
from workbench.studies.outcomes.table import PRIOR, OutcomeRow, make_outcome
from workbench.studies.plan.plan import Point

if TYPE_CHECKING:
    import xarray as xr


def explain_missing_prior_draws(program: Program) -> str:
    """Return why a program's prior cannot be sampled, in a sentence; empty if it can."""
    for capability in describe(program).capabilities:
        if capability.name == "prior draws" and not capability.is_available:
            return f"the prior alone cannot be sampled: {capability.reason.rstrip('.')}."
    return ""


def summarise_priors(
    context: StudyContext,
    names: Sequence[str],
    base: Fit,
    base_settings: Mapping[str, float],
    stage: Stage,
) -> list[OutcomeRow]:
    """Return, for each point, the prior of every reported quantity and of the data it predicts.

    Parameters
    ----------
    context
        The study.
    names
        The quantities to report.
    base
        The base fit, with the observed data.
    base_settings
        The base's value of everything that some point changes.
    stage
        Where to report how many points are done.
    """
    started, points = time.monotonic(), context.plan.points
    rows: dict[int, list[OutcomeRow]] = {}
    waiting: dict[str, list[int]] = {}
    tasks = {}
    for number, point in enumerate(points):
        head = replace(make_outcome(number, point, base_settings), method=PRIOR, how="prior alone")
        rows[number] = [head]
        reason = _explain_missing_draws(context, point)
        if reason:
            rows[number] = [replace(head, status="not available", reason=reason)]
            continue
        task = make_prior_task(context, point)
        tasks[task.key] = task
        waiting.setdefault(task.key, []).append(number)
    done = len(points) - sum(map(len, waiting.values()))
    for outcome in context.executor.map(tasks.values(), context.cache_folder):
        for number in waiting[outcome.key]:
            rows[number] = _summarise_point(context, number, rows[number][0], names, base, outcome.failure)
            done += 1
            stage.update(float(done), describe_progress(started, done, len(points)))
    return [row for number in range(len(points)) for row in rows[number]]


def _explain_missing_draws(context: StudyContext, point: Point) -> str:
    """Return why the prior of a point cannot be sampled, in a sentence; empty if it can."""
    if any(power == 0 for name, power in point.powers.items() if name != "likelihood"):
        return "a prior raised to the power 0 is flat: improper."
    return explain_missing_prior_draws(context.find_variant(point).request.program)


def _summarise_point(
    context: StudyContext,
    number: int,
    head: OutcomeRow,
    names: Sequence[str],
    base: Fit,
    failure: WorkbenchError | None,
) -> list[OutcomeRow]:
    """Return the prior of each quantity at a point, or one row that says why its draws are missing."""
    if failure is not None:
        return [replace(head, status="failed", reason=failure.message)]
    try:
        tree = sample_prior(context, context.plan.points[number])  # in the cache, unless it was damaged
    except RunError as reason:
        return [replace(head, status="failed", reason=reason.message)]
    divergences = tree.attrs.get("divergences")
    head = replace(head, divergences=None if divergences is None else int(divergences))
    labels, level = base.results.labels, base.results.interval.level
    draws = finite_elements(tree["posterior"].to_dataset())
    quantities = [
        _summarise(replace(head, parameter=name, label=labels.get(name, name)), draws[name], level)
        for name in names
        if name in draws
    ]
    return [*quantities, *summarise_replicates(head, tree, base)]


def summarise_replicates(head: OutcomeRow, tree: xr.DataTree, base: Fit) -> list[OutcomeRow]:
    """Return the outcomes of replicated data, and how much of them lies outside the observed data."""
    if "posterior_predictive" not in tree.children:
        return []
    outcomes = []
    for name, array in tree["posterior_predictive"].data_vars.items():
        values = np.asarray(array.values, dtype=float)
        values = values[np.isfinite(values)]
        if not values.size:
            continue
        named = replace(head, parameter=str(name), label=str(name))
        outcome = _summarise(named, values, base.results.interval.level)
        observed = _find_observed(base, str(name))
        if _is_yes_no(values, observed):
            outcome = _add_shares(outcome, array, observed, base.results.interval.level)
        if observed is not None:
            outcome = replace(
                outcome,
                below=float((values < observed.min()).mean()),
                beyond=float((values > observed.max()).mean()),
            )
        outcomes.append(outcome)
    return outcomes


def _is_yes_no(values: Draws, observed: Draws | None) -> bool:
    """Return whether an outcome is 0 or 1; predictions that are all alike do not show it."""
    if not np.isin(values, (0, 1)).all():
        return False
    return bool(np.ptp(values) > 0) if observed is None else bool(np.isin(observed, (0, 1)).all())


def _add_shares(outcome: OutcomeRow, array: xr.DataArray, observed: Draws | None, level: float) -> OutcomeRow:
    """Return the outcome with the share of yes in a replicated data set: a single 0 or 1 says nothing."""
    rows = [dim for dim in array.dims if dim not in SAMPLE_DIMS]
    seen = replace(outcome, share_observed=None if observed is None else float(observed.mean()))
    if not rows:
        return replace(seen, share=outcome.mean)
    shares = np.asarray(array.mean(rows).values, dtype=float)
    tail = (1 - level) / 2
    lower, median, upper = np.quantile(shares[np.isfinite(shares)], [tail, 0.5, 1 - tail])
    return replace(seen, share=float(median), share_lower=float(lower), share_upper=float(upper))


def _summarise(head: OutcomeRow, values: Draws, level: float) -> OutcomeRow:
    tail = (1 - level) / 2
    lower, median, upper = np.quantile(values, [tail, 0.5, 1 - tail])
    return replace(
        head,
        mean=float(values.mean()),
        sd=float(values.std()),
        median=float(median),
        lower=float(lower),
        upper=float(upper),
    )


def _find_observed(fit: Fit, name: str) -> Draws | None:
    """Return the data that a prediction replicates: those of its name without `_rep`, or the only ones."""
    if "observed_data" not in fit.tree.children:
        return None
    variables = fit.tree["observed_data"].data_vars
    own = name.rpartition("_")[0]
    chosen = own if own in variables else next(iter(variables)) if len(variables) == 1 else None
    if chosen is None:
        return None
    values = np.asarray(variables[chosen].values, dtype=float).ravel()
    return values if values.size else None
