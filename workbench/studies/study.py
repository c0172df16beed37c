"""A whole study, worked out: the noun, and the order in which its parts are made."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from workbench import priors
from workbench.results import Fit
from workbench.studies.fits.context import StudyContext, make_request
from workbench.studies.fits.full_fits import base_posterior, modes
from workbench.studies.fits.log_density import drop_fixed_terms_if_exact
from workbench.studies.fits.posterior import Posterior, choose_quantities
from workbench.studies.fits.progress_message import describe_progress
from workbench.studies.fits.sweep import FullFits, PointPosterior, sweep
from workbench.studies.outcomes.power_scaling import refine_power_scaling
from workbench.studies.outcomes.prior_predictive import summarize_priors
from workbench.studies.outcomes.slopes import compute_slopes, find_base_value
from workbench.studies.outcomes.table import collect_labels, collect_outcomes, make_frame
from workbench.studies.outcomes.tipping import find_tipping_point
from workbench.studies.plan.decision import Decision
from workbench.studies.plan.plan import BASE, Axis, Point
from workbench.studies.record import make_record


@dataclass(frozen=True)
class Study:
    """A finished study.

    Attributes
    ----------
    record
        The content of `study.json`.
    frame
        The content of `study.parquet`: one row for each point, method and quantity.
    folder
        The study directory; `None` where it was not written.
    """

    record: Mapping[str, Any] = field(repr=False)
    frame: pd.DataFrame = field(repr=False)
    folder: Path | None = None


def run_study(shop: StudyContext, fit: Fit, examined: Callable[[], Fit]) -> Study:
    """Work out a study: sweep, modes, power-scaling, derivatives, tipping points and priors alone.

    Parameters
    ----------
    shop
        Where it is worked out, with the plan.
    fit
        The base fit.
    examined
        Returns the base fit with its diagnosis, which may take as long as some fits do.

    Raises
    ------
    RequestError
        A point names what the program does not have. What fails at a single point is a row with a reason.
    """
    started = time.monotonic()
    for point in shop.plan.points:
        make_request(shop, point)  # a wrong name is said before anything is run
    labels = collect_labels(fit)
    by_label = {label: name for name, label in labels.items()}
    base = _base(shop, fit, by_label)
    fits = FullFits([base])
    shop = drop_fixed_terms_if_exact(shop, base)
    views = _swept(shop, fits)
    at_modes = _modes(shop)
    level = float(fit.record["interval"]["level"])
    constants = {name: find_base_value(shop, name) for point in shop.plan.points for name in point.values}
    rows = collect_outcomes(shop, views, at_modes, level, fit, constants)
    with shop.progress.stage("Checking the base fit"):
        fit = examined()
    with shop.progress.stage("Power-scaling"):
        scaling = refine_power_scaling(shop, fits, fit)
    with shop.progress.stage("Derivatives"):
        names = _constants(shop)
        slopes = compute_slopes(shop, base, [*names, *_powers(shop)])
    tips = _tipping(shop, fits, names)
    if shop.plan.with_prior:
        with shop.progress.stage("Priors alone", total=float(len(shop.plan.points))) as stage:
            rows += summarize_priors(shop, base.names, fit, level, constants, stage)
    seconds = time.monotonic() - started
    found = make_record(shop, fit, views, fits, scaling, slopes, tips, rows, seconds)
    return Study(found, make_frame(rows, shop.plan))


def _base(shop: StudyContext, fit: Fit, by_label: Mapping[str, str]) -> Posterior:
    from workbench.diagnostics.power_scaling import elements

    names = choose_quantities(shop.plan, shop.program, elements(fit.tree), by_label)
    return base_posterior(shop, fit, names)


def _swept(shop: StudyContext, fits: FullFits) -> list[PointPosterior]:
    if "nuts" not in shop.plan.methods:
        return [
            PointPosterior(point, "skipped", reason="NUTS was not asked for.") for point in shop.plan.points
        ]
    with shop.progress.stage("Moving through the priors", total=float(len(shop.plan.points))) as stage:
        return sweep(shop, fits, stage)


def _modes(shop: StudyContext) -> dict[str, dict[str, Any]]:
    if not {"map", "laplace"} & set(shop.plan.methods):
        return {}
    others = [point for point in shop.plan.points if point.key != BASE.key]
    total = len(others) + 1
    with shop.progress.stage("Modes", total=float(total)) as stage:
        started = time.monotonic()
        base = modes(shop, BASE)
        found = {BASE.key: base}
        with ThreadPoolExecutor(max_workers=max(1, shop.jobs)) as pool:
            pairs = zip(others, pool.map(lambda point: modes(shop, point, base), others), strict=True)
            for done, (point, one) in enumerate(pairs, start=2):
                found[point.key] = one
                stage.update(float(done), describe_progress(started, done, total))
        return found


def _constants(shop: StudyContext) -> list[str]:
    """Return the hyperparameters that are single numbers: those varied first."""
    varied = [axis.name for axis in shop.plan.axes]
    scalars = [
        name
        for name, value in shop.base.request.priors.values.items()
        if isinstance(value, int | float) and not isinstance(value, bool)
    ]
    return [*varied, *(name for name in scalars if name not in varied)]


def _powers(shop: StudyContext) -> list[str]:
    varied = {axis.name for axis in shop.plan.axes}
    roles = {term.role for term in shop.program.terms} if shop.program.instrumented else set()
    return [f"power({role})" for role in ("prior",) if role in roles and f"power({role})" not in varied]


def _tipping(shop: StudyContext, fits: FullFits, names: Sequence[str]) -> list[dict[str, Any]]:
    """Return the tipping point of each decision along each axis, or every constant where there is none."""
    if not shop.plan.decisions or "nuts" not in shop.plan.methods:
        return []
    axes: dict[str, Axis | None] = {axis.name: axis for axis in shop.plan.axes}
    asked = axes or dict.fromkeys([*names, *_powers(shop)])
    pairs: list[tuple[Decision, str]] = [(one, name) for one in shop.plan.decisions for name in asked]
    found = []
    with shop.progress.stage("Tipping points", total=float(len(pairs))) as stage:
        started = time.monotonic()
        for done, (decision, name) in enumerate(pairs, start=1):
            found.append(find_tipping_point(shop, fits, decision, name, asked[name], _first_step(shop, name)))
            stage.update(float(done), describe_progress(started, done, len(pairs), "searches"))
    return found


def _first_step(shop: StudyContext, name: str) -> float:
    """Return a first step for a constant of any sign: the scale beside it in the same prior, or 1."""
    request = shop.base.request
    terms = {one.term for one in request.program.hyperparameters if one.name == name}
    beside = (
        priors.get_value(request.priors.values, one.name)
        for one in request.program.hyperparameters
        if one.term in terms and one.argument in ("sigma", "scale") and one.name != name and one.is_whole
    )
    scale = next((value for value in beside if value is not None), None)
    own = 1.0 if name.startswith("power(") else find_base_value(shop, name)
    return scale / 4 if scale else abs(own) or 1.0


def points_named(points: Sequence[Point], names: Sequence[str]) -> list[Point]:
    """Return the points that set nothing but the named hyperparameters."""
    return [point for point in points if set(point.values) <= set(names) and not point.forms]
