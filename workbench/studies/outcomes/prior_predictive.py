"""What each setting of the priors says before any data are seen."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from workbench.diagnostics.power_scaling import elements
from workbench.errors import RunError
from workbench.program import Program, describe
from workbench.progress import Stage
from workbench.results import Fit
from workbench.studies.fits.context import StudyContext
from workbench.studies.fits.full_fits import prior_tree
from workbench.studies.fits.progress_message import describe_progress
from workbench.studies.outcomes.table import collect_labels
from workbench.studies.plan.plan import Point

Floats = NDArray[np.float64]
Row = dict[str, Any]

_DRAWS = ("chain", "draw")


def explain_missing_prior_draws(program: Program) -> str:
    """Return why a program's prior cannot be drawn from, in a sentence; empty where it can."""
    for capability in describe(program).capabilities:
        if capability.name == "prior draws" and not capability.is_available:
            return f"the prior alone cannot be drawn from: {capability.reason.rstrip('.')}."
    return ""


def summarize_priors(
    shop: StudyContext,
    names: Sequence[str],
    fit: Fit,
    level: float,
    constants: Mapping[str, float],
    stage: Stage,
) -> list[Row]:
    """Return, for each point, the prior of every reported quantity and of the data it predicts.

    Parameters
    ----------
    shop
        Where the study is worked out.
    names
        The quantities to report.
    fit
        The base fit, whose observed data the predictions are held against.
    level
        Probability of the intervals.
    constants
        The base's values of everything that some point changes.
    stage
        Told how many points are done.

    Returns
    -------
    Rows as those of `compare`, with the method `prior`; predictions also have `below` and `beyond`: the
    shares of predicted values under the smallest and over the largest that were observed.
    """
    started, points = time.monotonic(), shop.plan.points
    rows: list[Row] = []
    with ThreadPoolExecutor(max_workers=max(1, shop.jobs // shop.plan.sampler.chains)) as pool:
        found = pool.map(lambda point: _rows(shop, point, names, fit, level, constants), points)
        for number, own in enumerate(found):
            rows += [{"point": number, **row} for row in own]
            stage.update(float(number + 1), describe_progress(started, number + 1, len(points)))
    return rows


def _rows(
    shop: StudyContext,
    point: Point,
    names: Sequence[str],
    fit: Fit,
    level: float,
    constants: Mapping[str, float],
) -> list[Row]:
    labels = collect_labels(fit)
    head: Row = {
        "scenario": point.name,
        **constants,
        **point.values,
        "form": "; ".join(f"{name} ~ {form}" for name, form in point.forms.items()),
        "method": "prior",
        "how": "prior alone",
    }
    reason = explain_missing_prior_draws(shop.variant(point).request.program)
    if 0.0 in (value for name, value in point.powers.items() if name != "likelihood"):
        reason = "a prior raised to the power 0 is flat: improper."
    if reason:
        return [{**head, "status": "not available", "reason": reason}]
    try:
        tree = prior_tree(shop, point)
    except RunError as failure:
        return [{**head, "status": "failed", "reason": failure.message}]
    head |= {"status": "ok", "divergences": tree.attrs.get("divergences")}
    draws = elements(tree)
    rows = [
        {**head, "parameter": name, "label": labels.get(name, name), **_summary(draws[name], level)}
        for name in names
        if name in draws
    ]
    return rows + [{**head, **row} for row in _predictions(tree, fit, level)]


def _predictions(tree: xr.DataTree, fit: Fit, level: float) -> list[Row]:
    if "posterior_predictive" not in tree.children:
        return []
    rows = []
    for name, array in tree["posterior_predictive"].data_vars.items():
        values = np.asarray(array.values, dtype=float)
        values = values[np.isfinite(values)]
        if values.size:
            row = {"parameter": str(name), "label": str(name), **_summary(values, level)}
            rows.append(row | _against(values, _observed(fit, str(name))))
    return rows


def _summary(values: Floats, level: float) -> dict[str, float]:
    tail = (1 - level) / 2
    lower, median, upper = np.quantile(values, [tail, 0.5, 1 - tail])
    return {
        "mean": float(values.mean()),
        "sd": float(values.std()),
        "lower": float(lower),
        "median": float(median),
        "upper": float(upper),
    }


def _against(values: Floats, observed: Floats | None) -> dict[str, float]:
    if observed is None:
        return {}
    return {
        "below": float((values < observed.min()).mean()),
        "beyond": float((values > observed.max()).mean()),
    }


def _observed(fit: Fit, name: str) -> Floats | None:
    """Return the data that a prediction replicates: those of its name without `_rep`, or the only ones."""
    if "observed_data" not in fit.tree.children:
        return None
    found = fit.tree["observed_data"].data_vars
    own = name.rpartition("_")[0]
    chosen = own if own in found else next(iter(found)) if len(found) == 1 else None
    if chosen is None:
        return None
    values = np.asarray(found[chosen].values, dtype=float).ravel()
    return values if values.size else None
