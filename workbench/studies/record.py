"""The content of `study.json`: computed values put together, and written as JSON."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

import msgspec

from workbench.diagnostics.measures import to_entry
from workbench.provenance import read_workbench_version
from workbench.results import Fit
from workbench.results.json_values import to_json_values
from workbench.results.run_identity import hash_estimates
from workbench.results.view import DiagnosisResult
from workbench.studies.fits.context import StudyContext
from workbench.studies.fits.sweep import FullFits, PointPosterior
from workbench.studies.outcomes.slopes import find_base_value
from workbench.studies.outcomes.table import PRIOR, OutcomeRow
from workbench.studies.plan.plan import Axis, Plan
from workbench.studies.view import (
    AxisResult,
    BaseVerdict,
    DataSource,
    FitCounts,
    HyperparameterSlopes,
    IntervalLevel,
    LikelihoodEstimate,
    PlanResult,
    PointResult,
    ReferenceResult,
    ScalingResult,
    StageStatus,
    StudiedModel,
    StudyMeasurements,
    StudyResults,
    TippingPoint,
    choose_leading_method,
)

SCHEMA = 1
"""The version of the format. Raised when a key is removed or changes its meaning; additions are free."""

_ABOUT_DRAWS = ("WB0", "WB1", "WB201", "WB203", "WB204", "WB405")
"""Beginnings of the codes of checks that doubt the draws; a low treedepth limit only makes them slow."""


@dataclass(frozen=True)
class Stages:
    """What each stage of a study found.

    Attributes
    ----------
    posteriors, fits
        The posterior at each point, and the full fits behind them.
    scaling, slopes, tips
        Power-scaling, slopes by hyperparameter, and tipping points.
    outcomes
        Outcomes of every method at each point.
    seconds
        Wall time of the study [s].
    """

    posteriors: Sequence[PointPosterior]
    fits: FullFits
    scaling: ScalingResult
    slopes: Mapping[str, HyperparameterSlopes]
    tips: Sequence[TippingPoint]
    outcomes: Sequence[OutcomeRow]
    seconds: float


def assemble_measurements(context: StudyContext, base: Fit, stages: Stages) -> StudyMeasurements:
    """Return everything that a study measured as `study.json` names it.

    Parameters
    ----------
    context
        The study.
    base
        The base fit with its diagnosis.
    stages
        What each stage found.
    """
    run = base.results
    request = context.base.request
    heads = {
        (outcome.point, outcome.method): outcome for outcome in reversed(stages.outcomes) if outcome.is_ok
    }
    return StudyMeasurements(
        schema=SCHEMA,
        workbench=read_workbench_version(),
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        model=StudiedModel(
            name=run.model.name,
            path=run.model.path,
            sha256=run.model.sha256,
            instrumented=run.model.instrumented,
        ),
        data=DataSource(
            path=run.data.path,
            sha256=run.data.sha256,
            rows=run.data.rows,
            standardized=tuple(run.data.standardized.matrices),
            on_data_scale=run.data.standardized.is_on_data_scale or not run.data.standardized.matrices,
        ),
        base=describe_base(base.results.diagnosis),
        priors=dict(request.priors.values),
        interval=IntervalLevel(run.interval.level),
        seed=request.seed,
        plan=_describe_plan(context),
        points=tuple(
            _describe_point(number, posterior, context.plan, heads)
            for number, posterior in enumerate(stages.posteriors)
        ),
        fits=_count_fits(stages.posteriors, stages.fits),
        quantities=stages.fits.base.names,
        declared=tuple(parameter.name for parameter in request.program.parameters),
        labels=run.labels,
        run_hash=hash_estimates(run.nuts.estimates),
        reference=_describe_reference(base),
        command=run.command,
        toolchain=msgspec.to_builtins(run.toolchain),
        versions=run.versions,
        power_scaling=stages.scaling,
        derivatives=stages.slopes,
        tipping=tuple(stages.tips),
        prior_alone=_describe_prior_stage(stages.outcomes),
        timings={"study": stages.seconds},
    )


def make_record(results: StudyResults) -> dict[str, Any]:
    """Return results as `study.json` holds them."""
    record: dict[str, Any] = msgspec.to_builtins(results, enc_hook=to_json_values)
    points = [_make_point_record(point) for point in results.points]
    return {**record, "points": points, "power_scaling": _make_scaling_record(results.power_scaling)}


def _make_point_record(point: PointResult) -> dict[str, Any]:
    """Return a point as it is written; what can be known about it but is not is `null`."""
    record: dict[str, Any] = msgspec.to_builtins(point, enc_hook=to_json_values)
    if point.decisions is None:
        return record
    measured = ("khat",) if point.how == "skipped" else ("khat", "ess", "source", "rhat", "divergences")
    return dict.fromkeys(measured) | record


def _make_scaling_record(scaling: ScalingResult) -> dict[str, Any]:
    """Return power-scaling as it is written: as in `run.json`, with what refits add."""
    record = to_entry(scaling)
    if not scaling.is_ok:
        return record
    added = ("how", "noise", "powers", "failures")
    return record | {name: msgspec.to_builtins(getattr(scaling, name)) for name in added}


def describe_base(diagnosis: DiagnosisResult | None) -> BaseVerdict:
    """Return the verdict on the base fit, and whether an issue doubts its draws."""
    if diagnosis is None:
        return BaseVerdict()
    issues = [check.code for check in diagnosis.checks if check.status == "issue"]
    return BaseVerdict(
        verdict=diagnosis.verdict,
        is_about_draws=any(code.startswith(_ABOUT_DRAWS) for code in issues),
        reasons=diagnosis.reasons,
    )


def _describe_plan(context: StudyContext) -> PlanResult:
    plan = context.plan
    return PlanResult(
        axes=tuple(_describe_axis(context, axis) for axis in plan.axes),
        design=plan.design,
        methods=plan.methods,
        decisions=tuple(decision.text for decision in plan.decisions),
        above=plan.above,
        refit=plan.refit,
        sampler=asdict(plan.sampler),
    )


def _describe_axis(context: StudyContext, axis: Axis) -> AxisResult:
    base = find_base_value(context, axis.name)
    return AxisResult(name=axis.name, values=axis.values, is_log=axis.is_log, base=base)


def _describe_point(
    number: int, posterior: PointPosterior, plan: Plan, heads: Mapping[tuple[int, str], OutcomeRow]
) -> PointResult:
    """Return a point; `heads` holds an outcome of each point and method."""
    point, source, weights = posterior.point, posterior.source, posterior.weights
    head = PointResult(
        number=number,
        name=point.name,
        label=point.label,
        values=dict(point.values),
        forms=dict(point.forms),
        how=posterior.how,
        reason=posterior.reason,
    )
    if posterior.how == "skipped":
        outcome = heads.get((number, choose_leading_method(plan.methods)))
        return head if outcome is None else _add_decisions(head, outcome)
    if source is None or weights is None:
        return head
    measured = msgspec.structs.replace(
        head,
        khat=weights.khat,
        ess=weights.ess,
        source=source.point.label,
        rhat=source.rhat,
        divergences=source.divergences,
    )
    return _add_decisions(measured, heads[number, "nuts"])


def _add_decisions(point: PointResult, outcome: OutcomeRow) -> PointResult:
    """Return a point with what one of its outcomes says about decisions."""
    return msgspec.structs.replace(
        point, khat=outcome.khat, decisions=dict(outcome.decisions), margins=dict(outcome.margins)
    )


def _count_fits(posteriors: Sequence[PointPosterior], fits: FullFits) -> FitCounts:
    hows = [posterior.how for posterior in posteriors]
    return FitCounts(
        base=hows.count("base"),
        refit=hows.count("refit"),
        weights=hows.count("weights"),
        failed=hows.count("failed"),
        skipped=hows.count("skipped"),
        full=len(fits.posteriors),
        points=len(posteriors),
    )


def _describe_reference(base: Fit) -> ReferenceResult:
    """Return the maximum of the likelihood, with which posteriors are compared."""
    mle = base.results.mle
    estimates = {
        name: LikelihoodEstimate(value=estimate.value, lower=estimate.lower, upper=estimate.upper)
        for name, estimate in mle.estimates.items()
    }
    return ReferenceResult(status=mle.status, reason=mle.reason, estimates=estimates)


def _describe_prior_stage(outcomes: Sequence[OutcomeRow]) -> StageStatus:
    """Return whether the priors alone were sampled at some point, or why at none."""
    own = [outcome for outcome in outcomes if outcome.method == PRIOR]
    if not own:
        return StageStatus(status="skipped", reason="they were not requested.")
    if any(outcome.is_ok for outcome in own):
        return StageStatus(status="ok")
    return StageStatus(status=own[0].status, reason=own[0].reason or "")
