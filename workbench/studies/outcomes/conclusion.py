"""The conclusion of a study, in sentences: how far the decisions and estimates depend on the prior."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from workbench.studies.outcomes.moves import LEADING_MEANS
from workbench.studies.outcomes.table import Outcome
from workbench.studies.view import (
    BaseVerdict,
    Conclusion,
    FitCounts,
    Move,
    PointResult,
    ScalingResult,
    StudyMeasurements,
    TippingPoint,
    TippingSide,
    rank_moves,
)
from workbench.thresholds import KHAT_LIMIT, RHAT_LIMIT, SHIFT_LIMIT

_MAX_RANGES = 3
"""Ranges without a tipping point that one sentence lists. Ours: the report has a table of all."""

_MAX_NAMES = 5
"""Quantities that one sentence lists. Ours."""

_DIAGNOSES = ("prior-data conflict", "strong prior / weak likelihood")
"""Diagnoses of power-scaling that are a caution; the worse one comes first."""


@dataclass(frozen=True)
class Reason:
    """A sentence behind the conclusion, and whether it is a caution."""

    text: str
    is_caution: bool = False


def conclude(study: StudyMeasurements, outcomes: Sequence[Outcome], moves: Mapping[str, Move]) -> Conclusion:
    """Return the verdict of a study, its sentence and the reasons.

    Parameters
    ----------
    study
        Everything that was measured.
    outcomes
        The outcomes at each point.
    moves
        How far each quantity moves.
    """
    has_nuts = "nuts" in study.plan.methods
    about_fits = [
        *_judge_base(study.base),
        *_judge_refits(study.points),
        *(_report_failures(study.points) if has_nuts else ()),
        *_judge_modes(outcomes, study.leading_method),
    ]
    about_priors = [
        *_report_decisions(study),
        *_report_moves(moves, LEADING_MEANS[study.leading_method]),
        *_report_scaling(study.power_scaling),
    ]
    reasons = [*about_fits, *about_priors]
    cautions = [reason.text for reason in reasons if reason.is_caution]
    others = [reason.text for reason in reasons if not reason.is_caution]
    has_no_posterior = has_nuts and study.fits.failed == study.fits.points
    is_dependent = any(reason.is_caution for reason in about_priors)
    prior_points = [point for point in study.points if point.is_about_prior]
    return Conclusion(
        verdict="fail" if has_no_posterior else "caution" if cautions else "ok",
        sentence=_choose_sentence(
            has_no_posterior=has_no_posterior,
            is_dependent=is_dependent,
            is_in_doubt=bool(cautions),
            has_other_priors=len(prior_points) > 1,
        ),
        reasons=(*cautions, *others, _count_fits(study.fits)),
        moves=moves,
    )


def _choose_sentence(
    *, has_no_posterior: bool, is_dependent: bool, is_in_doubt: bool, has_other_priors: bool
) -> str:
    if has_no_posterior:
        return "No point of this study could be fitted."
    if is_dependent:
        return "Some conclusions depend on the prior: report which prior was used, and why."
    if is_in_doubt:
        return "No conclusion appears to depend on the prior, but some of the fits are in doubt."
    if not has_other_priors:
        return "No other prior was tried; what is known about the prior rests on power-scaling alone."
    return "The conclusions hardly depend on the priors that were tried."


def _judge_base(base: BaseVerdict) -> list[Reason]:
    if base.verdict in ("ok", "not known"):
        return []
    text = f"The base fit itself has the verdict {base.verdict}"
    return [Reason(f"{text}: {base.reasons[0]}" if base.reasons else f"{text}.", is_caution=True)]


def _judge_refits(points: Sequence[PointResult]) -> list[Reason]:
    """Return what the chains of the refits leave in doubt."""
    refits = [point for point in points if point.how == "refit"]
    by_rhat = [(point.rhat, point.label) for point in refits if point.rhat and point.rhat > RHAT_LIMIT]
    by_divergences = [(point.divergences, point.label) for point in refits if point.divergences]
    reasons = []
    if by_rhat:
        rhat, label = max(by_rhat, key=lambda pair: pair[0])
        text = f"The chains of {_count_refits(len(by_rhat))} disagree, most at {label}: R-hat is"
        reasons.append(Reason(f"{text} {rhat:.3f}, above {RHAT_LIMIT}.", is_caution=True))
    if by_divergences:
        divergences, label = max(by_divergences, key=lambda pair: pair[0])
        text = f"{_count_refits(len(by_divergences))} had divergent transitions, most at {label}:"
        reasons.append(Reason(f"{text} {divergences}.", is_caution=True))
    return reasons


def _count_refits(count: int) -> str:
    return "1 refit" if count == 1 else f"{count} refits"


def _count_points(count: int) -> str:
    return "1 point" if count == 1 else f"{count} points"


def _report_failures(points: Sequence[PointResult]) -> list[Reason]:
    failed = [point for point in points if point.how == "failed"]
    if not failed:
        return []
    verb = "has" if len(failed) == 1 else "have"
    text = f"{_count_points(len(failed))} {verb} no posterior; the first is {failed[0].label}:"
    return [Reason(f"{text} {failed[0].reason}", is_caution=True)]


def _judge_modes(outcomes: Sequence[Outcome], leading_method: str) -> list[Reason]:
    """Return where modes or approximations are missing or poor; a caution where their numbers lead."""
    reasons = []
    for method, name in (("map", "MAP"), ("laplace", "Laplace approximation")):
        failures = {
            outcome.point: outcome.reason
            for outcome in outcomes
            if outcome.method == method and not outcome.is_ok
        }
        if failures:
            where = ":" if len(failures) == 1 else "; at the first:"
            text = f"There is no {name} at {_count_points(len(failures))}{where}"
            is_caution = method == leading_method
            reasons.append(Reason(f"{text} {next(iter(failures.values()))}", is_caution))
    khats = {
        outcome.point: outcome.khat
        for outcome in outcomes
        if outcome.method == "laplace" and outcome.is_ok and outcome.khat is not None
    }
    poor = [khat for khat in khats.values() if khat > KHAT_LIMIT]
    if poor and leading_method == "laplace":
        text = f"The Laplace approximation cannot be relied on at {_count_points(len(poor))}:"
        reasons.append(Reason(f"{text} k-hat is up to {max(poor):.2f}.", is_caution=True))
    return reasons


def _report_decisions(study: StudyMeasurements) -> list[Reason]:
    """Return at how many points each decision holds, and where it tips."""
    points = [point for point in study.points if point.is_about_prior and point.decisions is not None]
    reasons = []
    for text in study.plan.decisions:
        answers = [answer for point in points if (answer := point.find_decision(text)) is not None]
        if answers:
            is_caution = 0 < sum(answers) < len(answers)
            reasons.append(Reason(_describe_answers(text, sum(answers), len(answers)), is_caution))
        elif points:
            words = "cannot be answered by a mode alone: add laplace or nuts to --methods."
            reasons.append(Reason(f"`{text}` {words}"))
        tips = [tip for tip in study.tipping if tip.decision == text]
        reasons += [Reason(words) for words in _describe_tips(text, tips)]
    return reasons


def _describe_answers(text: str, held: int, points: int) -> str:
    if points == 1:
        return f"`{text}` {'holds' if held else 'does not hold'} at the base, the only point about the prior."
    if held == points:
        return f"`{text}` holds at {'both' if points == 2 else f'all {points}'} points."
    return f"`{text}` holds at {held or 'none'} of the {points} points."


def _describe_tips(text: str, tips: Sequence[TippingPoint]) -> list[str]:
    """Return a sentence for each hyperparameter at which a decision tips, and one for all others."""
    found = [_describe_tip(tip, tip.nearest_side) for tip in tips if tip.nearest_side is not None]
    others = [tip for tip in tips if tip.nearest is None]
    unknown = [
        f"Whether `{text}` tips as `{tip.hyperparameter}` changes is not known: {tip.failure}"
        for tip in others
        if tip.failure
    ]
    never = [tip for tip in others if not tip.failure]
    if not never:
        return [*found, *unknown]
    ranges = [
        f"any `{tip.hyperparameter}` between {tip.below.searched:.4g} and {tip.above.searched:.4g}"
        for tip in never
    ]
    listed = f"{', '.join(ranges[:-1])}, or {ranges[-1]}" if len(ranges) > 1 else ranges[0]
    if len(ranges) > _MAX_RANGES:
        other = "other " if len(tips) > len(never) else ""
        listed = f"any of {len(ranges)} {other}hyperparameters within the ranges searched"
    return [*found, *unknown, f"`{text}` does not tip for {listed}."]


def _describe_tip(tip: TippingPoint, side: TippingSide) -> str:
    change = "stops holding" if tip.holds else "begins to hold"
    interval = ""
    if _is_finite(side.lower) and _is_finite(side.upper):
        interval = f" ({side.lower:.3g} to {side.upper:.3g})"
    where = f"where `{tip.hyperparameter}` is {side.value:.3g}{interval}"
    return f"`{tip.decision}` {change} {where}; in the base fit it is {tip.base:.3g}."


def _is_finite(value: float | None) -> bool:
    return value is not None and math.isfinite(value)


def _report_moves(moves: Mapping[str, Move], mean: str) -> list[Reason]:
    """Return which quantity moves most; `mean` says what of it is compared."""
    if not moves or all(move.in_sd == 0 for move in moves.values()):
        return []
    move = moves[rank_moves(moves)[0]]
    text = (
        f"The {mean} of `{move.label}` moves most: by {abs(move.in_sd):.2f} posterior SDs, "
        f"between {move.lowest:.3g} and {move.highest:.3g}."
    )
    return [Reason(text, is_caution=abs(move.in_sd) > SHIFT_LIMIT)]


def _report_scaling(scaling: ScalingResult) -> list[Reason]:
    if not scaling.is_ok:
        return [Reason(f"Power-scaling is not available: {scaling.reason}")]
    reasons = []
    for diagnosis in _DIAGNOSES:
        names = [
            sensitivity.label or name
            for name, sensitivity in scaling.parameters.items()
            if sensitivity.diagnosis == diagnosis
        ]
        if names:
            shown = ", ".join(f"`{name}`" for name in names[:_MAX_NAMES])
            more = f" and {len(names) - _MAX_NAMES} more" if len(names) > _MAX_NAMES else ""
            reasons.append(Reason(f"Power-scaling finds {diagnosis} for {shown}{more}.", is_caution=True))
    refitted = [name for name, how in scaling.how.items() if how == "refit"]
    if not reasons and not scaling.failures:
        reasons.append(Reason("Power-scaling finds no sensitivity of concern."))
    if refitted:
        reasons.append(Reason(_describe_refits(scaling, refitted)))
    for name, reason in scaling.failures.items():
        text = f"How sensitive the posterior is to {_describe_component(name)} is not known: k-hat is"
        reasons.append(
            Reason(f"{text} {_format_khat(scaling, name)}, and the refit failed {reason}", is_caution=True)
        )
    return reasons


def _describe_refits(scaling: ScalingResult, names: Sequence[str]) -> str:
    """Return which components were fitted at other powers, in a sentence."""
    components = [f"{_describe_component(name)} (k-hat {_format_khat(scaling, name)})" for name in names]
    powers = [f"{power:g}" for power in sorted({power for name in names for power in scaling.powers[name]})]
    return (
        f"Importance weights cannot be relied on for power-scaling {_join(components)}: "
        f"refits at the powers {_join(powers)} take their place."
    )


def _describe_component(name: str) -> str:
    return {"prior": "the prior", "likelihood": "the likelihood"}.get(name, f"`{name}`")


def _format_khat(scaling: ScalingResult, name: str) -> str:
    khat = scaling.khat[name]
    return "infinite" if khat is None else f"{khat:.2f}"


def _join(texts: Sequence[str]) -> str:
    return f"{', '.join(texts[:-1])} and {texts[-1]}" if len(texts) > 1 else texts[0]


def _count_fits(fits: FitCounts) -> str:
    """Return how the points were obtained, in a sentence."""
    if fits.failed == fits.points:
        return "There is no full fit besides the base."
    if fits.skipped:
        return f"{_count_points(fits.points)} by their modes alone: NUTS was not requested."
    parts = ["the base fit"]
    if fits.refit:
        parts.append(_count_refits(fits.refit))
    if fits.weights:
        parts.append(f"{fits.weights} by importance weights")
    if fits.failed:
        parts.append(f"{fits.failed} failed")
    others = fits.full - fits.base - fits.refit
    text = f"{_count_points(fits.points)}: {_join(parts)}"
    return (
        f"{text}; {_count_refits(others)} elsewhere, at tipping points or other powers."
        if others
        else f"{text}."
    )
