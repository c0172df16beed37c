"""The first sentences of a study: decisions that the prior reverses, and which prior moves which estimate.

What is within Monte Carlo error is not claimed: a move counts if it is clear as the largest of so many.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass

from workbench.studies.outcomes.decision_reasons import (
    describe_untipped,
    is_unchanged,
    list_deciding_points,
)
from workbench.studies.outcomes.moves import LEADING_MEANS
from workbench.studies.outcomes.reason import Kind
from workbench.studies.view import (
    Move,
    PointResult,
    PriorEffect,
    StudyMeasurements,
    TippingPoint,
    rank_moves,
)
from workbench.thresholds import SHIFT_LIMIT

_MOST_NAMED = 2
"""Further decisions, or parts of the prior, that the first sentences name. Ours: a table has all."""

_COARSE_ERROR = 0.05
"""Monte Carlo standard error of a move [posterior SD] from which its second decimal is chance. Ours."""

_LARGE_MOVE = 1.0
"""Size of a move [posterior SD] from which its second decimal is chance: the SD itself is known to about one
percent, sqrt(1 / (2 ESS)) of a normal. Ours."""

DIAGNOSES = ("prior-data conflict", "strong prior / weak likelihood")
"""Diagnoses of power-scaling that are a caution; the worse one comes first."""


@dataclass(frozen=True)
class Findings:
    """What the first sentences are about.

    Attributes
    ----------
    study
        Everything that was measured.
    effects
        How far each part of the prior moves the posterior.
    moves
        How far each quantity moves.
    kinds
        What the reasons behind the conclusion say.
    """

    study: StudyMeasurements
    effects: Sequence[PriorEffect]
    moves: Mapping[str, Move]
    kinds: Set[Kind]

    @property
    def mean(self) -> str:
        """What is compared between points."""
        return LEADING_MEANS[self.study.leading_method]

    @property
    def large(self) -> list[PriorEffect]:
        """The parts of the prior that clearly move an estimate far."""
        return [effect for effect in self.effects if effect.largest.is_large_among(len(self.moves))]

    @property
    def tells_largest_move(self) -> bool:
        """Whether the first sentences give the move of the quantity that clearly moves most."""
        if not self.effects:
            return False
        named = {effect.largest.label for effect in self.large[: 1 + _MOST_NAMED] or self.effects[:1]}
        most = max(self.moves.values(), key=lambda move: abs(move.in_sd))
        return most.label in named and most.is_clear_among(len(self.moves))

    @property
    def hidden(self) -> list[Move]:
        """Moves that may be far or chance, the largest first."""
        ranked = [self.moves[name] for name in rank_moves(self.moves)]
        count = len(ranked)
        return [move for move in ranked if abs(move.in_sd) > SHIFT_LIMIT and not move.is_clear_among(count)]


def describe_findings(findings: Findings) -> str:
    """Return what was found: decisions that the prior reverses, estimates that it moves, and what is open."""
    reversals = list(_list_reversals(findings.study))
    estimates = _describe_estimates(findings)
    doubts = list(_describe_doubts(findings, {text for text, _ in reversals}))
    sentences = [_join_reversals([clause for _, clause in reversals])]
    sentences += [estimates, *doubts] if findings.large else [*doubts, estimates]
    return " ".join(sentence for sentence in sentences if sentence)


def _list_reversals(study: StudyMeasurements) -> Iterator[tuple[str, str]]:
    """Yield each decision that the prior reverses, with where; the nearest to the base first."""
    told = set()
    for tip in _list_tips(study):
        if tip.decision not in told:
            told.add(tip.decision)
            yield tip.decision, _describe_tip(tip)
    for text in study.plan.decisions:
        if text not in told and (clause := _find_reversal(study, text)):
            yield text, clause


def _join_reversals(clauses: Sequence[str]) -> str:
    if not clauses:
        return ""
    left_out = len(clauses) - 1 - _MOST_NAMED
    more = f"; {left_out} more decision{'s depend' if left_out > 1 else ' depends'} on the prior"
    text = "; ".join(clauses[: 1 + _MOST_NAMED])
    return f"{text[0].upper()}{text[1:]}{more if left_out > 0 else ''}."


def _describe_doubts(findings: Findings, told: Set[str]) -> Iterator[str]:
    """Yield what is not known; decisions that were already told about are left out."""
    unclear = [text for text in findings.study.plan.decisions if text not in told]
    unclear = [text for text in unclear if _is_unclear(findings.study, text)]
    at_draws = "cannot be told at this number of draws."
    if len(unclear) == 1:
        yield f"Whether `{unclear[0]}` depends on the prior {at_draws}"
    elif unclear:
        yield f"Whether {len(unclear)} of the decisions depend on the prior {at_draws}"
    if findings.hidden:
        move = findings.hidden[0]
        size = f"{abs(move.in_sd):.1f} posterior SDs (Monte Carlo standard error {move.mcse:.2g})"
        yield f"A move of the {findings.mean} of `{move.label}` by {size} may be chance."
    if "not known" in findings.kinds:
        yield "How far the posterior depends on the prior is known only in part: a computation failed."


def _is_unclear(study: StudyMeasurements, text: str) -> bool:
    """Return whether Monte Carlo error hides if a decision depends on what was varied."""
    varied = {axis.name for axis in study.plan.axes}
    sides = [
        side
        for tip in study.tipping
        if tip.decision == text and tip.hyperparameter in varied
        for side in (tip.below, tip.above)
    ]
    answers = [point.find_answer(text) for point in list_deciding_points(study)]
    return "cannot tell" in answers or any(side.is_unclear for side in sides)


def _describe_estimates(findings: Findings) -> str:
    """Return which part of the prior moves which estimate and how far, and that nothing else does."""
    large = findings.large
    if not findings.effects:
        return "No other prior could be fitted: how much the prior matters is not known."
    text = _describe_large_moves(findings, large) if large else _describe_small_moves(findings)
    open_questions: set[Kind] = {"decision depends", "cannot tell", "not known"}
    is_settled = is_unchanged(findings.study) and not open_questions & set(findings.kinds)
    stands = f"; {_describe_settled(findings.study)}" if is_settled else ""
    if "fit in doubt" in findings.kinds:
        text = f"As far as these fits can be relied on, {text[0].lower()}{text[1:]}"
    return f"{text}{stands}.{'' if large else _describe_scaling(findings)}"


def _describe_settled(study: StudyMeasurements) -> str:
    """Return that decisions, all of which were told, are the same at every point."""
    texts = study.plan.decisions
    if len(texts) > 1:
        return (
            "neither decision changes" if len(texts) == 2 else f"none of the {len(texts)} decisions changes"
        )
    is_held = list_deciding_points(study)[0].find_answer(texts[0]) == "yes"
    between = describe_untipped(study, texts[0])
    where = f"`{texts[0]}` holds at {'every' if is_held else 'no'} point"
    return f"{where} and is not reversed for {between}" if between else where


def _describe_large_moves(findings: Findings, large: Sequence[PriorEffect]) -> str:
    first, *others = large
    clauses = [_describe_effect(findings, first)]
    clauses += [_describe_further_effect(findings, each, first) for each in others[:_MOST_NAMED]]
    left_out = len(others) - _MOST_NAMED
    if left_out > 0:
        verb = "move" if left_out > 1 else "moves"
        clauses.append(f"{left_out} more of what was tried {verb} an estimate by more than {SHIFT_LIMIT:g}")
    elif rest := _describe_rest(findings):
        clauses.append(rest)
    return "; ".join(clauses)


def _describe_scaling(findings: Findings) -> str:
    """Return what power-scaling finds where no studied change of the prior moves an estimate far."""
    names = [
        sensitivity.label or name
        for name, sensitivity in findings.study.power_scaling.parameters.items()
        if sensitivity.diagnosis in DIAGNOSES
    ]
    if not names:
        return ""
    more = f" and {len(names) - 1} more" if len(names) > 1 else ""
    return f" Power-scaling, however, finds that the prior matters for `{names[0]}`{more}."


def describe_change(study: StudyMeasurements, point: PointResult) -> str:
    """Return what a point changes in the prior, as the subject of a sentence."""
    if point.name:
        return f"The scenario `{point.name}`"
    if not point.values:
        return f"The prior `{point.label}`"
    if len(point.values) + len(point.forms) > 1:
        return f"Setting {_join(_list_settings(point))}"
    name, value = next(iter(point.values.items()))
    base = next((axis.base for axis in study.plan.axes if axis.name == name), None)
    if base is None:
        return f"Setting `{name} = {value:.3g}`"
    if base > 0 and math.isclose(value, base / 2):
        return f"Halving `{name}` to {value:.3g}"
    if base > 0 and math.isclose(value, base * 2):
        return f"Doubling `{name}` to {value:.3g}"
    return f"{'Lowering' if value < base else 'Raising'} `{name}` from {base:.3g} to {value:.3g}"


def _list_settings(point: PointResult) -> list[str]:
    """Return everything that a point sets, each as code."""
    settings = [f"`{name} = {value:.3g}`" for name, value in point.values.items()]
    return [*settings, *(f"`{name} ~ {form}`" for name, form in point.forms.items())]


def _list_tips(study: StudyMeasurements) -> list[TippingPoint]:
    """Return where decisions tip along what was varied, the nearest to the base first."""
    varied = {axis.name for axis in study.plan.axes}
    tips = [tip for tip in study.tipping if tip.nearest_side is not None and tip.hyperparameter in varied]
    return sorted(tips, key=lambda tip: tip.distance)


def _describe_tip(tip: TippingPoint) -> str:
    value = None if tip.nearest_side is None else tip.nearest_side.value
    base = f"its value in the base fit, {tip.base:.3g}"
    if tip.is_near_base:
        return f"whether `{tip.decision}` holds turns on `{tip.hyperparameter}` at {base}"
    verb = "falls below" if tip.nearest == "below" else "rises above"
    return (
        f"`{tip.decision}` is reversed once `{tip.hyperparameter}` {verb} {value:.3g} (base {tip.base:.3g})"
    )


def _find_reversal(study: StudyMeasurements, text: str) -> str:
    """Return where a decision has another answer than elsewhere; empty where all answers are the same."""
    points = sorted(list_deciding_points(study), key=lambda point: len(point.values) + len(point.forms))
    answers = [(point.find_answer(text), point) for point in points]
    held = next((point for answer, point in answers if answer == "yes"), None)
    refused = next((point for answer, point in answers if answer == "no"), None)
    if held is None or refused is None:
        return ""
    first, second = (held, refused) if held.number == 0 or refused.number else (refused, held)
    verbs = ("holds", "but not") if first is held else ("does not hold", "but does")
    return f"`{text}` {verbs[0]} {_name_place(first)} {verbs[1]} {_name_place(second)}"


def _name_place(point: PointResult) -> str:
    return f"with `{point.label}`" if point.number else "in the base fit"


def _describe_effect(findings: Findings, effect: PriorEffect) -> str:
    """Return how far the most important part of the prior moves which estimate."""
    steps = [
        move
        for move in (effect.halved, effect.doubled)
        if move is not None and move.is_large_among(len(findings.moves))
    ]
    largest = effect.largest
    shown = max(steps, key=lambda move: abs(move.in_sd), default=largest)
    point = findings.study.points[shown.point]
    change = describe_change(findings.study, point)
    text = f"{change} moves the {findings.mean} of `{shown.label}` by {format_size(shown)} posterior SDs"
    if shown is not largest and shown.point != largest.point:
        text += f", and `{findings.study.points[largest.point].label}` by {format_size(largest)}"
    return text + _describe_slope(findings, effect)


def _describe_further_effect(findings: Findings, effect: PriorEffect, first: PriorEffect) -> str:
    move = effect.largest
    place = findings.study.points[move.point].name or findings.study.points[move.point].label
    what = "it" if effect.quantity == first.quantity else f"that of `{move.label}`"
    return f"`{place}` moves {what} by {format_size(move)}"


def _describe_slope(findings: Findings, effect: PriorEffect) -> str:
    """Return, where several things change at once, what the estimate responds to most at the base fit."""
    if effect.kind != "several":
        return ""
    slopes = {
        name: slope.per_doubling
        for name, result in findings.study.derivatives.items()
        if result.is_ok and (slope := result.estimates.get(effect.quantity)) is not None
        if slope.is_clear and slope.per_doubling is not None
    }
    if len(slopes) < 2:
        return ""
    steepest = max(slopes, key=lambda name: abs(slopes[name] or 0.0))
    size = abs(slopes[steepest] or 0.0)
    return f" (at the base fit it responds most to `{steepest}`: {size:.2f} per doubling)"


def _describe_rest(findings: Findings) -> str:
    """Return how far everything else moves the posterior at most; empty if nothing else was tried."""
    rest = [effect for effect in findings.effects if effect not in findings.large]
    if not rest:
        return ""
    bound = max(effect.bound for effect in rest)
    where = _name_scope(findings.study)
    if bound <= SHIFT_LIMIT:
        most = max((effect.largest for effect in rest), key=lambda move: abs(move.in_sd))
        is_clear = most.is_clear_among(len(findings.moves))
        size = f" (the most: `{most.label}`, by {format_size(most)})" if is_clear else ""
        return f"nothing else {where} moves one by more than {_round_up(bound)}{size}"
    return f"nothing else {where} clearly moves one by more than {SHIFT_LIMIT:g}"


def _describe_small_moves(findings: Findings) -> str:
    """Return that no estimate moves far, as far as that is known."""
    bound = max(effect.bound for effect in findings.effects)
    move = findings.effects[0].largest
    most = ""
    if move.is_clear_among(len(findings.moves)):
        point = findings.study.points[move.point]
        place = point.name or point.label
        most = f" (the most: `{move.label}`, by {format_size(move)} with `{place}`)"
    verb = "moves" if bound <= SHIFT_LIMIT else "clearly moves"
    size = _round_up(bound) if bound <= SHIFT_LIMIT else f"{SHIFT_LIMIT:g}"
    where = _name_scope(findings.study)
    return f"Nothing {where} {verb} a {findings.mean} by more than {size} posterior SDs{most}"


def _name_scope(study: StudyMeasurements) -> str:
    """Return of what is said that it moves nothing."""
    failed = any(point.how == "failed" for point in study.points)
    if failed:
        return "that could be fitted"
    is_ranged = study.plan.axes and not any(point.name or point.forms for point in study.points)
    return "in the studied ranges" if is_ranged else "that was tried"


def format_size(move: Move) -> str:
    """Return the size of a move with the decimals that its error leaves, as sentences show it."""
    return f"{abs(move.in_sd):.{choose_move_decimals(move)}f}"


def choose_move_decimals(move: Move) -> int:
    """Return with how many decimals a move is shown, in sentences and tables alike."""
    is_coarse = (move.mcse or 0.0) >= _COARSE_ERROR or abs(move.in_sd) >= _LARGE_MOVE
    return 1 if is_coarse else 2


def _round_up(bound: float) -> str:
    """Return a bound rounded up to one decimal.

    >>> _round_up(0.21), _round_up(0.2), _round_up(0.0)
    ('0.3', '0.2', '0.1')
    """
    return f"{max(1, math.ceil(round(10 * bound, 6))) / 10:.1f}"


def _join(texts: Sequence[str]) -> str:
    return f"{', '.join(texts[:-1])} and {texts[-1]}" if len(texts) > 1 else "".join(texts)
