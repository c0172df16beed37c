"""What NUTS, MAP and Laplace say about each quantity at each point."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from workbench.results import Fit
from workbench.studies.fits.context import StudyContext
from workbench.studies.fits.modes import ModeResult, PointModes
from workbench.studies.fits.sweep import PointPosterior
from workbench.studies.fits.weights import compute_mean_errors, compute_move_errors
from workbench.studies.outcomes.margins import ChainSample, estimate_margin, make_chain_sample
from workbench.studies.outcomes.predictive_density import PredictiveDensity, compute_predictive_densities
from workbench.studies.outcomes.table import OutcomeRow, make_outcome
from workbench.studies.plan.decision import Decision
from workbench.studies.plan.plan import Plan
from workbench.studies.plan.statistics import compute_quantiles
from workbench.studies.view import Margin

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class _Summary:
    """The posterior of one quantity at one point, in numbers."""

    mean: float
    sd: float
    median: float
    lower: float
    upper: float
    p_above: float
    mcse_mean: float
    mcse_move: float


def collect_outcomes(
    context: StudyContext,
    posteriors: Sequence[PointPosterior],
    modes: Mapping[str, PointModes],
    base: Fit,
    base_settings: Mapping[str, float],
) -> list[OutcomeRow]:
    """Return the outcomes of every point, by NUTS, MAP and Laplace.

    Parameters
    ----------
    context
        The study.
    posteriors
        The posterior at each point.
    modes
        MAP and Laplace, by the key of a point.
    base
        The base fit, for labels and the level of intervals.
    base_settings
        The base's value of everything that some point changes.
    """
    plan, labels = context.plan, base.results.labels
    densities = compute_predictive_densities(posteriors, base, context.jobs)
    summaries = _summarise_posteriors(posteriors, base.results.interval.level, plan.above)
    names = None if posteriors[0].source is None else posteriors[0].source.names
    outcomes: list[OutcomeRow] = []
    for number, posterior in enumerate(posteriors):
        empty = make_outcome(number, posterior.point, base_settings)
        at_mode = modes.get(posterior.point.key)
        if "nuts" in plan.methods:
            map_result = None if at_mode is None else at_mode.map
            head = _describe_posterior(plan, posterior, replace(empty, method="nuts"), densities[number])
            outcomes += _report_posterior(head, summaries[number], map_result, labels)
        if at_mode is not None and "map" in plan.methods:
            head = replace(empty, method="map", how="mode")
            outcomes += _report_mode(plan, at_mode.map, None, head, names, labels)
        if at_mode is not None and "laplace" in plan.methods:
            head = replace(empty, method="laplace", how="mode")
            outcomes += _report_mode(plan, at_mode.laplace, at_mode.laplace_draws, head, names, labels)
    return outcomes


def _describe_posterior(
    plan: Plan, posterior: PointPosterior, head: OutcomeRow, density: PredictiveDensity
) -> OutcomeRow:
    """Return what all quantities have in common at a point."""
    head = replace(head, how=posterior.how, reason=posterior.reason)
    if posterior.source is None or posterior.weights is None:
        return replace(head, status="failed")
    sample = make_chain_sample(posterior)
    margins = {decision.text: estimate_margin(decision, [sample]) for decision in plan.decisions}
    return replace(
        head,
        khat=posterior.weights.khat,
        ess=posterior.weights.ess,
        source=posterior.source.point.label,
        rhat=posterior.source.rhat,
        divergences=posterior.source.divergences,
        lpd=density.lpd,
        elpd_loo=density.elpd_loo,
        elpd_loo_se=density.elpd_loo_se,
        decisions={text: margin.value > 0 for text, margin in margins.items()},
        margins=margins,
    )


def _report_posterior(
    head: OutcomeRow,
    summaries: Mapping[str, _Summary],
    map_result: ModeResult | None,
    labels: Mapping[str, str],
) -> list[OutcomeRow]:
    """Return an outcome for each quantity; the head alone if the point could not be fitted."""
    if not head.is_ok:
        return [head]
    estimates = {} if map_result is None else map_result.estimates
    outcomes = []
    for name, summary in summaries.items():
        outcome = replace(
            head,
            parameter=name,
            label=labels.get(name, name),
            mean=summary.mean,
            sd=summary.sd,
            median=summary.median,
            lower=summary.lower,
            upper=summary.upper,
            p_above=summary.p_above,
            mcse_mean=summary.mcse_mean,
            mcse_move=summary.mcse_move,
        )
        value = estimates[name].value if name in estimates else None
        if value is not None:
            gap = value - summary.mean
            in_sd = gap / summary.sd if summary.sd > 0 else 0.0
            outcome = replace(outcome, map_minus_mean=gap, gap_in_sd=in_sd)
        outcomes.append(outcome)
    return outcomes


def _summarise_posteriors(
    posteriors: Sequence[PointPosterior], level: float, above: float
) -> list[dict[str, _Summary]]:
    """Return the summary of each quantity at each point; none for a point without a posterior.

    The draws of a full fit are sorted once for all points that are reached from them.
    """
    summaries: list[dict[str, _Summary]] = [{} for _ in posteriors]
    base, base_errors = posteriors[0].source, {}
    for source in {each.source.key: each.source for each in posteriors if each.source is not None}.values():
        here = [number for number, each in enumerate(posteriors) if each.source is source]
        weights = np.stack([posteriors[number].source_and_weights[1].values for number in here], axis=1)
        for place, name in enumerate(source.names):
            values, efficiency = source.draws[name].ravel(), source.efficiency[place]
            columns = _summarise(values, weights, level, above, efficiency)
            if source is base:
                base_errors[name] = columns[0].mcse_mean
            else:
                columns = [_add_base_error(summary, base_errors.get(name, 0.0)) for summary in columns]
            for number, summary in zip(here, columns, strict=True):
                summaries[number][name] = summary
    return summaries


def _add_base_error(summary: _Summary, base_error: float) -> _Summary:
    """Return the summary of a fit other than the base fit, whose draws are independent of it."""
    return replace(summary, mcse_move=float(np.hypot(summary.mcse_mean, base_error)))


def _summarise(
    values: Floats, weights: Floats, level: float, above: float, efficiency: float
) -> list[_Summary]:
    """Return the summary of one quantity, `(S,)`, for each column of weights, `(S, point)`.

    Moves are those from the mean of the same draws.
    """
    mean = values @ weights
    sd = np.sqrt(np.sum(weights * (values[:, None] - mean) ** 2, axis=0))
    tail = (1 - level) / 2
    lower, median, upper = compute_quantiles(values, weights, (tail, 0.5, 1 - tail))
    p_above = (values > above) @ weights
    errors = compute_mean_errors(values, weights, efficiency)
    move_errors = compute_move_errors(values, weights, efficiency)
    rows = np.stack([mean, sd, median, lower, upper, p_above, errors, move_errors])
    return [_Summary(*column) for column in rows.T.tolist()]


def _report_mode(
    plan: Plan,
    result: ModeResult,
    draws: Floats | None,
    head: OutcomeRow,
    names: Sequence[str] | None,
    labels: Mapping[str, str],
) -> list[OutcomeRow]:
    """Return the outcomes of MAP, or of Laplace with its draws `(S, quantity)`, which have probabilities.

    Parameters
    ----------
    plan, result, draws
        The plan, the mode or approximation, and the draws of an approximation.
    head
        The outcome so far.
    names
        The quantities to report; `None` for all of them. Generated quantities have no mode and are left out.
    labels
        The names for people.
    """
    if not result.is_ok:
        return [replace(head, status=result.status, reason=result.reason)]
    columns = _list_columns(result, draws)
    decisions = [decision for decision in plan.decisions if draws is not None or decision.is_about_location]
    margins = _measure_margins(decisions, columns)
    head = replace(
        head,
        khat=result.khat,
        lpd=result.lpd,
        decisions={text: margin.value > 0 for text, margin in margins.items()},
        margins=margins,
    )
    outcomes = []
    for name in result.estimates if names is None else names:
        if name not in result.estimates:
            continue
        estimate = result.estimates[name]
        above = error = None
        if draws is not None:
            above = float(np.mean(columns[name] > plan.above))
            error = float(np.std(columns[name], ddof=1) / np.sqrt(len(draws)))
        outcomes.append(
            replace(
                head,
                parameter=name,
                label=labels.get(name, name),
                mean=estimate.location,
                sd=estimate.sd,
                lower=estimate.lower,
                upper=estimate.upper,
                p_above=above,
                mcse_mean=error,
            )
        )
    return outcomes


def _list_columns(result: ModeResult, draws: Floats | None) -> dict[str, Floats]:
    """Return the draws of an approximation by quantity, or a mode as a single draw, each `(S,)`."""
    if draws is None:
        draws = np.array([[estimate.value for estimate in result.estimates.values()]], dtype=float)
    return dict(zip(result.estimates, draws.T, strict=True))


def _measure_margins(decisions: Sequence[Decision], columns: Mapping[str, Floats]) -> dict[str, Margin]:
    """Return the margin of each decision about quantities that there are; a mode has no Monte Carlo error."""
    margins = {}
    for decision in decisions:
        if columns.keys() >= set(decision.names):
            draws = {name: columns[name][None] for name in decision.names}
            size = draws[decision.names[0]].size
            sample = ChainSample(draws, np.full((1, size), 1 / size), size)
            margins[decision.text] = estimate_margin(decision, [sample])
    return margins
