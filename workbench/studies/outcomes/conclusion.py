"""The conclusion of a study, in sentences: how far the decisions and estimates depend on the prior."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set

from workbench.studies.outcomes.decision_reasons import is_unchanged, report_decisions
from workbench.studies.outcomes.moves import LEADING_MEANS
from workbench.studies.outcomes.reason import DecisionReason, Kind
from workbench.studies.outcomes.table import OutcomeRow
from workbench.studies.view import (
    BaseVerdict,
    Conclusion,
    FitCounts,
    Move,
    PointResult,
    ScalingResult,
    StudyMeasurements,
    rank_moves,
)
from workbench.thresholds import KHAT_LIMIT, MARGIN_STANDARD_ERRORS, RHAT_LIMIT, SHIFT_LIMIT

_REPORT = "report which prior was used, and why"
"""What to do about dependence on the prior."""

_MAX_NAMES = 5
"""Quantities that one sentence lists. Ours."""

_DIAGNOSES = ("prior-data conflict", "strong prior / weak likelihood")
"""Diagnoses of power-scaling that are a caution; the worse one comes first."""


def conclude(
    study: StudyMeasurements, outcomes: Sequence[OutcomeRow], moves: Mapping[str, Move]
) -> Conclusion:
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
    has_other_priors = sum(point.is_about_prior for point in study.points) > 1
    about_priors = [
        *report_decisions(study),
        *_report_moves(moves, LEADING_MEANS[study.leading_method]),
        *_report_scaling(study.power_scaling, has_other_priors=has_other_priors),
    ]
    reasons = [*about_fits, *about_priors]
    cautions = [reason.text for reason in reasons if reason.is_caution]
    others = [reason.text for reason in reasons if not reason.is_caution]
    has_no_posterior = has_nuts and study.fits.failed == study.fits.points
    return Conclusion(
        verdict="fail" if has_no_posterior else "caution" if cautions else "ok",
        sentence=_choose_sentence(
            {reason.kind for reason in reasons},
            has_no_posterior=has_no_posterior,
            has_other_priors=has_other_priors,
            is_unchanged=is_unchanged(study),
        ),
        reasons=(*cautions, *others, _count_fits(study.fits)),
        moves=moves,
    )


def _choose_sentence(
    kinds: Set[Kind], *, has_no_posterior: bool, has_other_priors: bool, is_unchanged: bool
) -> str:
    """Return the sentence for the worst that some reason says; `is_unchanged` is about the decisions."""
    if has_no_posterior:
        return "No point of this study could be fitted."
    if "decision depends" in kinds:
        return f"Some conclusions depend on the prior: {_REPORT}."
    if "estimate depends" in kinds:
        return _describe_estimates(kinds, is_unchanged=is_unchanged and has_other_priors)
    if "cannot tell" in kinds:
        return "Whether the conclusions depend on the prior cannot be told at this number of draws."
    if "not known" in kinds:
        if not has_other_priors:
            return "No other prior was tried; how far the conclusions depend on the prior is not known."
        return "Whether the conclusions depend on the prior is known only in part: a computation failed."
    if "fit in doubt" in kinds:
        return "No conclusion appears to depend on the prior, but some of the fits are in doubt."
    if not has_other_priors:
        return "No other prior was tried; what is known about the prior rests on power-scaling alone."
    return "The conclusions hardly depend on the priors that were tried."


def _describe_estimates(kinds: Set[Kind], *, is_unchanged: bool) -> str:
    """Return that estimates depend on the prior, and what is known about the decisions."""
    if "cannot tell" in kinds:
        doubt = "Whether conclusions depend on it cannot be told at this number of draws."
        return f"Some estimates depend on the prior: {_REPORT}. {doubt}"
    lead = "No conclusion changes under the priors that were tried, but some" if is_unchanged else "Some"
    return f"{lead} estimates depend on the prior: {_REPORT}."


def _judge_base(base: BaseVerdict) -> list[DecisionReason]:
    if base.verdict in ("ok", "not known"):
        return []
    text = f"The base fit itself has the verdict {base.verdict}"
    return [DecisionReason(f"{text}: {base.reasons[0]}" if base.reasons else f"{text}.", "fit in doubt")]


def _judge_refits(points: Sequence[PointResult]) -> list[DecisionReason]:
    """Return what the chains of the refits leave in doubt."""
    refits = [point for point in points if point.how == "refit"]
    by_rhat = [(point.rhat, point.label) for point in refits if point.rhat and point.rhat > RHAT_LIMIT]
    by_divergences = [(point.divergences, point.label) for point in refits if point.divergences]
    reasons = []
    if by_rhat:
        rhat, label = max(by_rhat, key=lambda pair: pair[0])
        text = f"The chains of {_count_refits(len(by_rhat))} disagree, most at {label}: R-hat is"
        reasons.append(DecisionReason(f"{text} {rhat:.3f}, above {RHAT_LIMIT}.", "fit in doubt"))
    if by_divergences:
        divergences, label = max(by_divergences, key=lambda pair: pair[0])
        text = f"{_count_refits(len(by_divergences))} had divergent transitions, most at {label}:"
        reasons.append(DecisionReason(f"{text} {divergences}.", "fit in doubt"))
    return reasons


def _count_refits(count: int) -> str:
    return "1 refit" if count == 1 else f"{count} refits"


def _count_points(count: int) -> str:
    return "1 point" if count == 1 else f"{count} points"


def _report_failures(points: Sequence[PointResult]) -> list[DecisionReason]:
    failed = [point for point in points if point.how == "failed"]
    if not failed:
        return []
    verb = "has" if len(failed) == 1 else "have"
    text = f"{_count_points(len(failed))} {verb} no posterior; the first is {failed[0].label}:"
    return [DecisionReason(f"{text} {failed[0].reason}", "fit in doubt")]


def _judge_modes(outcomes: Sequence[OutcomeRow], leading_method: str) -> list[DecisionReason]:
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
            kind: Kind = "fit in doubt" if method == leading_method else "note"
            reasons.append(DecisionReason(f"{text} {next(iter(failures.values()))}", kind))
    khats = {
        outcome.point: outcome.khat
        for outcome in outcomes
        if outcome.method == "laplace" and outcome.is_ok and outcome.khat is not None
    }
    poor = [khat for khat in khats.values() if khat > KHAT_LIMIT]
    if poor and leading_method == "laplace":
        text = f"The Laplace approximation cannot be relied on at {_count_points(len(poor))}:"
        reasons.append(DecisionReason(f"{text} k-hat is up to {max(poor):.2f}.", "fit in doubt"))
    return reasons


def _report_moves(moves: Mapping[str, Move], mean: str) -> list[DecisionReason]:
    """Return which quantity moves most; `mean` says what of it is compared."""
    if not moves or all(move.in_sd == 0 for move in moves.values()):
        return []
    ranked = [moves[name] for name in rank_moves(moves)]
    hidden = [move for move in ranked if abs(move.in_sd) > SHIFT_LIMIT and not move.is_clear]
    most = next((move for move in ranked if move.is_clear), ranked[0])
    reasons = []
    if hidden and hidden[0] is not most:
        reasons.append(DecisionReason(_describe_hidden_move(hidden[0], mean), "cannot tell"))
    is_large = abs(most.in_sd) > SHIFT_LIMIT
    kind: Kind = "note" if not is_large else "estimate depends" if most.is_clear else "cannot tell"
    return [
        *reasons,
        DecisionReason(_describe_move(most, mean, "certainly moves" if reasons else "moves most"), kind),
    ]


def _describe_move(move: Move, mean: str, verb: str) -> str:
    size = f"by {abs(move.in_sd):.2f} posterior SDs"
    if not move.is_clear:
        errors = f"{MARGIN_STANDARD_ERRORS:g} of its Monte Carlo standard errors ({move.mcse:.2g})"
        return f"The {mean} of `{move.label}` {verb}, {size}, but that is within {errors}."
    error = f" (Monte Carlo standard error {move.mcse:.2g})" if move.mcse else ""
    return (
        f"The {mean} of `{move.label}` {verb}: {size}{error}, between {move.lowest:.3g} and "
        f"{move.highest:.3g}."
    )


def _describe_hidden_move(move: Move, mean: str) -> str:
    question = f"Whether the {mean} of `{move.label}` moves by more than {SHIFT_LIMIT:g} posterior SDs"
    size = f"{abs(move.in_sd):.2f}, with a Monte Carlo standard error of {move.mcse:.2g}"
    return f"{question} cannot be told: its largest move is {size}."


def _report_scaling(scaling: ScalingResult, *, has_other_priors: bool) -> list[DecisionReason]:
    """Return what power-scaling found; without it and without other priors, nothing is known."""
    if not scaling.is_ok:
        kind: Kind = "note" if has_other_priors else "not known"
        return [DecisionReason(f"Power-scaling is not available: {scaling.reason}", kind)]
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
            reasons.append(
                DecisionReason(f"Power-scaling finds {diagnosis} for {shown}{more}.", "estimate depends")
            )
    refitted = [name for name, how in scaling.how.items() if how == "refit"]
    if not reasons and not scaling.failures:
        reasons.append(DecisionReason("Power-scaling finds no sensitivity of concern."))
    if refitted:
        reasons.append(DecisionReason(_describe_refits(scaling, refitted)))
    for name, reason in scaling.failures.items():
        text = f"How sensitive the posterior is to {_describe_component(name)} is not known: k-hat is"
        reasons.append(
            DecisionReason(
                f"{text} {_format_khat(scaling, name)}, and the refit failed {reason}", "not known"
            )
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
