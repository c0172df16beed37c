"""A whole study: the noun, and the stages in their order."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from workbench import priors
from workbench.results import Fit
from workbench.results.quantities import finite_elements
from workbench.studies.fits.context import StudyContext
from workbench.studies.fits.log_density import drop_fixed_terms_if_exact
from workbench.studies.fits.modes import PointModes, find_all_modes, find_modes
from workbench.studies.fits.point_request import make_request
from workbench.studies.fits.posterior import collect_draws
from workbench.studies.fits.progress_message import describe_progress
from workbench.studies.fits.quantities import choose_quantities
from workbench.studies.fits.refit import make_base_posterior
from workbench.studies.fits.sweep import FullFits, PointPosterior, sweep_points
from workbench.studies.outcomes.conclusion import conclude
from workbench.studies.outcomes.densities import choose_drawn_quantities, estimate_densities
from workbench.studies.outcomes.moves import find_largest_moves, find_prior_effects
from workbench.studies.outcomes.power_scaling import refine_power_scaling
from workbench.studies.outcomes.prior_predictive import summarise_priors
from workbench.studies.outcomes.reweighting import collect_reweighting
from workbench.studies.outcomes.slopes import compute_slopes, find_base_value
from workbench.studies.outcomes.summaries import collect_outcomes
from workbench.studies.outcomes.table import OutcomeRow, make_frame, read_frame
from workbench.studies.outcomes.tipping import find_tipping_point
from workbench.studies.plan.plan import BASE, Axis, is_power
from workbench.studies.record import Stages, assemble_measurements, make_record
from workbench.studies.view import StudyResults, TippingPoint, view_study

if TYPE_CHECKING:
    import pandas as pd


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
        The study directory; `None` if it was not written.
    is_of_earlier_run
        Whether the run in whose folder it is has been replaced since.
    """

    record: Mapping[str, Any] = field(repr=False)
    frame: pd.DataFrame = field(repr=False)
    folder: Path | None = None
    is_of_earlier_run: bool = False

    @cached_property
    def results(self) -> StudyResults:
        """The record with types, such as `study.results.conclusion.verdict`.

        Raises
        ------
        RunIncomplete
            A value of the record is not of the documented type.
        """
        return view_study(self.record)

    @cached_property
    def outcomes(self) -> tuple[OutcomeRow, ...]:
        """The rows of the frame, typed."""
        return read_frame(self.frame)


def run_study(context: StudyContext, fit: Fit, examine: Callable[[], Fit]) -> Study:
    """Run a study: sweep, modes, power-scaling, slopes, tipping points and priors alone.

    Parameters
    ----------
    context
        The study, with its plan.
    fit
        The base fit.
    examine
        Returns the base fit with its diagnosis, which may take as long as some fits do.

    Raises
    ------
    RequestError
        A point names what the program does not have. A failure at a single point is an outcome with a reason.
    """
    started = time.monotonic()
    for point in context.plan.points:
        make_request(context, point)  # refuses a wrong name before anything is run
    stan_names = {label: name for name, label in fit.results.labels.items()}
    draws = finite_elements(fit.tree["posterior"].to_dataset())
    names = choose_quantities(context.plan, context.program, draws, stan_names)
    base = make_base_posterior(context, fit, names)
    fits = FullFits([base])
    trial = collect_draws(base.tree, context.program, 1)
    context = drop_fixed_terms_if_exact(replace(context, trial=trial), base)
    posteriors = _sweep(context, fits)
    modes = _find_all_modes(context)
    base_settings = {
        name: find_base_value(context, name) for point in context.plan.points for name in point.values
    }
    outcomes = collect_outcomes(context, posteriors, modes, fit, base_settings)
    with context.progress.stage("Checking the base fit"):
        fit = examine()
    with context.progress.stage("Power-scaling"):
        scaling = refine_power_scaling(context, fits, fit)
    hyperparameters = _list_hyperparameters(context)
    with context.progress.stage("Slopes"):
        slopes = compute_slopes(context, base, hyperparameters)
    tips = _find_tipping_points(context, fits, hyperparameters)
    if context.plan.with_prior:
        with context.progress.stage("Priors alone", total=float(len(context.plan.points))) as stage:
            outcomes += summarise_priors(context, base.names, fit, base_settings, stage)
    seconds = time.monotonic() - started
    stages = Stages(posteriors, fits, scaling, slopes, tips, outcomes, seconds)
    results = _conclude(context, fit, stages)
    return Study(make_record(results), make_frame(outcomes, context.plan))


def _conclude(context: StudyContext, fit: Fit, stages: Stages) -> StudyResults:
    """Return everything that was measured, with the densities that are drawn and the conclusion."""
    measured = assemble_measurements(context, fit, stages)
    sds = stages.fits.base.sds
    compared = (stages.outcomes, measured.points, measured.leading_method, sds)
    moves = find_largest_moves(*compared)
    effects = find_prior_effects(*compared, {axis.name: axis.base for axis in measured.plan.axes})
    drawn = choose_drawn_quantities(moves, context.plan)
    return StudyResults(
        **msgspec.structs.asdict(measured),
        densities=estimate_densities(stages.posteriors, drawn),
        reweighting=collect_reweighting(context, stages.fits.base, stages.posteriors, drawn),
        conclusion=conclude(measured, stages.outcomes, moves, effects),
    )


def _sweep(context: StudyContext, fits: FullFits) -> list[PointPosterior]:
    points = context.plan.points
    if "nuts" not in context.plan.methods:
        return [PointPosterior(point, "skipped", reason="NUTS was not requested.") for point in points]
    with context.progress.stage("Sweeping the priors", total=float(len(points))) as stage:
        return sweep_points(context, fits, stage)


def _find_all_modes(context: StudyContext) -> dict[str, PointModes]:
    """Return MAP and Laplace by the key of a point; empty if neither was requested."""
    if not {"map", "laplace"} & set(context.plan.methods):
        return {}
    others = [point for point in context.plan.points if point.key != BASE.key]
    total = len(others) + 1
    with context.progress.stage("Modes", total=float(total)) as stage:
        started = time.monotonic()
        base = find_modes(context, BASE)
        modes = {BASE.key: base}
        for done, (point, found) in enumerate(find_all_modes(context, others, base), start=2):
            modes[point.key] = found
            stage.update(float(done), describe_progress(started, done, total))
        return modes


def _list_hyperparameters(context: StudyContext) -> list[str]:
    """Return the hyperparameters that are single numbers, those varied first, and the power of the prior."""
    varied = [axis.name for axis in context.plan.axes]
    scalars = [
        name
        for name, value in context.base.request.priors.values.items()
        if isinstance(value, int | float) and not isinstance(value, bool)
    ]
    terms = context.program.terms if context.program.instrumented else ()
    powers = ["power(prior)"] if any(term.role == "prior" for term in terms) else []
    return list(dict.fromkeys([*varied, *scalars, *powers]))


def _find_tipping_points(
    context: StudyContext, fits: FullFits, hyperparameters: Sequence[str]
) -> list[TippingPoint]:
    """Return the tipping point of each decision along each axis; without axes, each hyperparameter."""
    if not context.plan.decisions or "nuts" not in context.plan.methods:
        return []
    axes: dict[str, Axis | None] = {axis.name: axis for axis in context.plan.axes}
    searched = axes or dict.fromkeys(hyperparameters)
    pairs = [(decision, name) for decision in context.plan.decisions for name in searched]
    tips = []
    with context.progress.stage("Tipping points", total=float(len(pairs))) as stage:
        started = time.monotonic()
        for done, (decision, name) in enumerate(pairs, start=1):
            first_step = _choose_first_step(context, name)
            tips.append(find_tipping_point(context, fits, decision, name, searched[name], first_step))
            stage.update(float(done), describe_progress(started, done, len(pairs), "searches"))
    return tips


def _choose_first_step(context: StudyContext, name: str) -> float:
    """Return a first step for a constant of any sign: a quarter of its prior's scale, or its own size."""
    request = context.base.request
    arguments = request.program.hyperparameters
    terms = {argument.term for argument in arguments if argument.name == name}
    scales = (
        priors.get_value(request.priors.values, argument.name)
        for argument in arguments
        if argument.term in terms
        and argument.argument in ("sigma", "scale")
        and argument.name != name
        and argument.is_whole
    )
    scale = next((value for value in scales if value is not None), None)
    own = 1.0 if is_power(name) else find_base_value(context, name)
    return scale / 4 if scale else abs(own) or 1.0
