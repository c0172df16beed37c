"""The conclusion of a study, in sentences: how far the decisions and estimates depend on the prior."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set

from workbench.studies.outcomes.decision_reasons import advise_draws, report_decisions
from workbench.studies.outcomes.headline import DIAGNOSES, Findings, describe_findings
from workbench.studies.outcomes.margins import count_draws_needed
from workbench.studies.outcomes.reason import DecisionReason, Kind
from workbench.studies.outcomes.table import OutcomeRow
from workbench.studies.view import (
    BaseVerdict,
    Conclusion,
    Move,
    PointResult,
    PriorEffect,
    ScalingResult,
    StudyMeasurements,
    rank_moves,
)
from workbench.thresholds import (
    KHAT_LIMIT,
    RHAT_LIMIT,
    SHIFT_LIMIT,
    count_chance_errors,
    format_beside_limit,
    khat_limit,
)

_MAX_NAMES = 5
"""Quantities that one sentence lists. Ours."""

_CLOSER = (0.9, 0.95, 0.99)
"""Target acceptance statistics to try, one after the other. Ours."""

_NOTHING_BY_SCALING = "Power-scaling, which looks only near the base prior, finds no sensitivity of concern."
"""Said where power-scaling raises no concern: larger changes of the prior can still matter."""


def conclude(
    study: StudyMeasurements,
    outcomes: Sequence[OutcomeRow],
    moves: Mapping[str, Move],
    effects: Sequence[PriorEffect] = (),
) -> Conclusion:
    """Return the verdict of a study, its sentence, whether to trust it, what to do, and the reasons.

    Parameters
    ----------
    study
        Everything that was measured.
    outcomes
        The outcomes at each point.
    moves
        How far each quantity moves.
    effects
        How far each part of the prior moves the posterior, the one that matters most first.
    """
    has_nuts = "nuts" in study.plan.methods
    about_fits = [
        *_judge_base(study.base, study.leading_method),
        *_judge_refits(study.points),
        *(_report_failures(study.points) if has_nuts else ()),
        *_judge_modes(outcomes, study.leading_method),
    ]
    has_other_priors = sum(point.is_about_prior for point in study.points) > 1
    about_priors = [
        *report_decisions(study),
        *_report_scaling(study.power_scaling, has_other_priors=has_other_priors),
        *_report_moves(Findings(study, effects, moves, set())),
    ]
    reasons = [*about_fits, *about_priors]
    kinds = {reason.kind for reason in reasons}
    is_caution = any(reason.is_caution for reason in reasons)
    has_no_posterior = has_nuts and study.fits.failed == study.fits.points
    is_lost = has_no_posterior or "base failed" in kinds
    findings = Findings(study, effects, moves, kinds)
    if has_other_priors and not is_lost and findings.tells_largest_move:
        reasons = [reason for reason in reasons if not reason.is_largest_move]
    cautions = [reason.text for reason in reasons if reason.is_caution]
    others = [reason.text for reason in reasons if not reason.is_caution]
    return Conclusion(
        verdict="fail" if is_lost else "caution" if is_caution else "ok",
        sentence=(
            "No point of this study could be fitted."
            if has_no_posterior
            else _choose_sentence(findings, has_other_priors=has_other_priors)
        ),
        trust=_describe_trust(study, kinds),
        remedy=_choose_remedy(findings),
        reasons=(*cautions, *others),
        moves=moves,
        effects=tuple(effects),
    )


def _choose_sentence(findings: Findings, *, has_other_priors: bool) -> str:
    """Return what was found, or why nothing is known."""
    if "base failed" in findings.kinds:
        return "How much the prior matters is not known yet: the base fit failed its checks."
    return describe_findings(findings) if has_other_priors else _describe_base_alone(findings.kinds)


def _describe_base_alone(kinds: Set[Kind]) -> str:
    """Return what is known without any other prior."""
    if "cannot tell" in kinds:
        return (
            "Whether the conclusions hold cannot be told at this number of draws; no other prior was tried."
        )
    if "not known" in kinds:
        return "No other prior was tried; how far the conclusions depend on the prior is not known."
    return "No other prior was tried; what is known about the prior rests on power-scaling alone."


def _describe_trust(study: StudyMeasurements, kinds: Set[Kind]) -> str:
    """Return whether the fits can be relied on, and how the points were obtained."""
    counts = _count_fits(study)
    if "base failed" in kinds:
        return f"None of it can be relied on until the base fit passes its checks. {counts}"
    if "fit in doubt" in kinds:
        return f"Some of the fits behind this are in doubt. {counts}"
    if study.base.verdict == "not known":
        return f"The base fit was not checked. {counts}"
    if "other caution" in kinds:
        return f"The draws passed their checks; the base fit has a caution of another kind. {counts}"
    return f"The base fit passed its checks. {counts}"


def _choose_remedy(findings: Findings) -> str:
    """Return what to do first; empty where nothing needs to be done."""
    study, kinds = findings.study, findings.kinds
    if "base failed" in kinds:
        return "Mend the base fit first; then run the study again."
    if "fit in doubt" in kinds:
        return _mend_fits(study)
    if "cannot tell" in kinds:
        return advise_draws(study, _count_draws_for_moves(findings)) or "More draws would tell (--draws)."
    if {"decision depends", "estimate depends"} & set(kinds):
        name = findings.large[0].name if findings.large and findings.large[0].kind == "hyperparameter" else ""
        if name:
            return f"Say how `{name}` was chosen, and report the results at its other values too."
        return "Say how the prior was chosen, and report the results under the others too."
    if "other caution" in kinds:
        return "Act on the checks of the base fit; if that changes the model, run the study again."
    return ""


def _mend_fits(study: StudyMeasurements) -> str:
    """Return what to do about fits in doubt."""
    if any(point.how == "failed" for point in study.points):
        return "Run the study again without the points that have no posterior, or over narrower ranges."
    if study.base.verdict == "caution":
        return "Act on the checks of the base fit first; then run the study again."
    sampler = study.plan.sampler
    if any(point.divergences for point in study.points):
        closer = next((each for each in _CLOSER if each > (sampler.get("adapt_delta") or 0.0)), None)
        option = f" with --adapt-delta {closer:g}" if closer else " with a program in other coordinates"
        return f"Run the study again{option}, against divergent transitions."
    if study.fits.skipped:
        return "Add nuts to --methods: modes and normal approximations are not enough here."
    draws = sampler.get("draws")
    return f"Run the study again with more draws{f' (--draws {2 * draws})' if draws else ''}."


def _count_draws_for_moves(findings: Findings) -> list[int | None]:
    """Return the draws that would tell whether each far move is chance."""
    sampler, count = findings.study.plan.sampler, len(findings.moves)
    chains, draws = sampler.get("chains"), sampler.get("draws")
    if findings.study.leading_method != "nuts" or not chains or not draws:
        return []
    return [
        count_draws_needed(abs(move.in_sd), move.mcse or 0.0, chains * draws, count)
        for move in findings.hidden
    ]


def _judge_base(base: BaseVerdict, leading_method: str) -> list[DecisionReason]:
    if base.verdict in ("ok", "not known"):
        return []
    text = f"The base fit itself has the verdict {base.verdict}"
    is_in_doubt = base.is_about_draws or leading_method != "nuts"
    doubt: Kind = "fit in doubt" if is_in_doubt else "other caution"
    kind: Kind = "base failed" if base.verdict == "fail" else doubt
    return [DecisionReason(f"{text}: {base.reasons[0]}" if base.reasons else f"{text}.", kind)]


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


def _report_moves(findings: Findings) -> list[DecisionReason]:
    """Return which quantity moves most."""
    moves, hidden, mean = findings.moves, findings.hidden, findings.mean
    if not moves or all(move.in_sd == 0 for move in moves.values()):
        return []
    count = len(moves)
    ranked = [moves[name] for name in rank_moves(moves)]
    most = next((move for move in ranked if move.is_clear_among(count)), ranked[0])
    reasons = []
    if hidden and hidden[0] is not most:
        reasons.append(DecisionReason(_describe_hidden_move(hidden[0], mean), "cannot tell"))
    is_clear, is_far = most.is_clear_among(count), abs(most.in_sd) > SHIFT_LIMIT
    kind: Kind = "note" if not is_far else "estimate depends" if is_clear else "cannot tell"
    verb = "certainly moves" if reasons else "moves most"
    is_told = is_clear and not reasons
    return [*reasons, DecisionReason(_describe_move(most, mean, verb, count), kind, is_told)]


def _describe_move(move: Move, mean: str, verb: str, count: int) -> str:
    size = f"by {abs(move.in_sd):.2f} posterior SDs"
    if not move.is_clear_among(count):
        errors = f"{count_chance_errors(count):.2g} of its Monte Carlo standard errors ({move.mcse:.2g})"
        return f"The {mean} of `{move.label}` {verb}, {size}, but that is within {errors}{_explain(count)}."
    error = f" (Monte Carlo standard error {move.mcse:.2g})" if move.mcse else ""
    return (
        f"The {mean} of `{move.label}` {verb}: {size}{error}, between {move.lowest:.3g} and "
        f"{move.highest:.3g}."
    )


def _explain(count: int) -> str:
    """Return why more standard errors than for one number are needed."""
    return f", as far as the largest of {count:,} may move by chance" if count > 1 else ""


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
    for diagnosis in DIAGNOSES:
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
        reasons.append(DecisionReason(_NOTHING_BY_SCALING))
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


def _count_fits(study: StudyMeasurements) -> str:
    """Return how the points were obtained, in a sentence."""
    fits = study.fits
    if fits.failed == fits.points:
        return "There is no full fit besides the base."
    if fits.skipped:
        return f"{_count_points(fits.points)} by their modes alone: NUTS was not requested."
    parts = ["the base fit"]
    if fits.refit:
        parts.append(f"{_count_refits(fits.refit)}{_describe_refit_chains(study)}")
    if fits.weights:
        parts.append(f"{fits.weights} by importance weights{_describe_khats(study)}")
    if fits.failed:
        parts.append(f"{fits.failed} failed")
    others = fits.full - fits.base - fits.refit
    text = f"{_count_points(fits.points)}: {_join(parts)}"
    return (
        f"{text}; {_count_refits(others)} elsewhere, at tipping points or other powers."
        if others
        else f"{text}."
    )


def _describe_khats(study: StudyMeasurements) -> str:
    """Return the largest k-hat of importance weights beside its limit; empty where none is known."""
    khats = [point.khat for point in study.points if point.how == "weights" and point.khat is not None]
    if not khats:
        return ""
    chains, draws = study.plan.sampler.get("chains"), study.plan.sampler.get("draws")
    limit = khat_limit(chains * draws) if chains and draws else KHAT_LIMIT
    largest, beside = format_beside_limit(max(khats), limit, 2)
    return f" (k-hat up to {largest}; the limit is {beside})"


def _describe_refit_chains(study: StudyMeasurements) -> str:
    """Return the largest R-hat of the refits and that none diverged; empty where there is more to say."""
    refits = [point for point in study.points if point.how == "refit"]
    rhats = [point.rhat for point in refits if point.rhat is not None]
    if len(rhats) < len(refits) or max(rhats) > RHAT_LIMIT or any(point.divergences for point in refits):
        return ""
    return f" (R-hat up to {max(rhats):.3f}, no divergent transitions)"
