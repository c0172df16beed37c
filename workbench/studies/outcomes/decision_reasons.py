"""Sentences about decisions: at how many points each holds, where it tips, and what the draws cannot tell."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from workbench.studies.outcomes.reason import DecisionReason, Kind
from workbench.studies.view import PointResult, StudyMeasurements, TippingPoint, TippingSide
from workbench.thresholds import MARGIN_STANDARD_ERRORS, MOST_TIMES_MORE_DRAWS

_MAX_RANGES = 3
"""Ranges without a tipping point that one sentence lists. Ours: the report has a table of all."""

_ERRORS = f"{MARGIN_STANDARD_ERRORS:g} Monte Carlo standard errors"
"""The distance from zero beyond which a margin is clear."""


def report_decisions(study: StudyMeasurements) -> list[DecisionReason]:
    """Return where each decision holds and where it tips."""
    points = list_deciding_points(study)
    reasons = []
    for text in study.plan.decisions:
        if any(point.find_answer(text) is not None for point in points):
            reasons.append(_report_answers(text, points))
        elif points:
            words = "cannot be answered by a mode alone: add laplace or nuts to --methods."
            reasons.append(DecisionReason(f"`{text}` {words}"))
        reasons += _report_tips(text, [tip for tip in study.tipping if tip.decision == text], study)
    return reasons


def list_deciding_points(study: StudyMeasurements) -> list[PointResult]:
    """Return the points about the prior at which decisions have answers."""
    return [point for point in study.points if point.is_about_prior and point.decisions is not None]


def is_unchanged(study: StudyMeasurements) -> bool:
    """Return whether each decision has the same clear answer at every point."""
    points = list_deciding_points(study)
    answers = [{point.find_answer(text) for point in points} for text in study.plan.decisions]
    return bool(answers) and all(own in ({"yes"}, {"no"}) for own in answers)


def _report_answers(text: str, points: Sequence[PointResult]) -> DecisionReason:
    answers = [answer for point in points if (answer := point.find_answer(text)) is not None]
    held, refused, unclear = (answers.count(answer) for answer in ("yes", "no", "cannot tell"))
    is_dependent = held > 0 and refused > 0
    kind: Kind = "decision depends" if is_dependent else "cannot tell" if unclear else "note"
    if unclear:
        return DecisionReason(_describe_unclear_answers(text, held, refused, unclear), kind)
    margins = [point.margins[text] for point in points if text in point.margins]
    clause = ""
    if margins and all(margin.mcse for margin in margins):
        clause = f"; {'each' if len(margins) > 1 else 'the'} margin is more than {_ERRORS} from zero"
    return DecisionReason(f"{_describe_answers(text, held, len(answers))}{clause}.", kind)


def _describe_answers(text: str, held: int, points: int) -> str:
    if points == 1:
        return f"`{text}` {'holds' if held else 'does not hold'} at the base, the only point about the prior"
    if held == points:
        return f"`{text}` holds at {'both' if points == 2 else f'all {points}'} points"
    return f"`{text}` holds at {held or 'none'} of the {points} points"


def _describe_unclear_answers(text: str, held: int, refused: int, unclear: int) -> str:
    points = held + refused + unclear
    reason = f"the margin is within {_ERRORS} of zero."
    if points == 1:
        where = "at the base, the only point about the prior,"
        return f"Whether `{text}` holds {where} cannot be told at this number of draws: {reason}"
    if unclear == points:
        where = "either point" if points == 2 else f"any of the {points} points"
        return f"Whether `{text}` holds at {where} cannot be told at this number of draws: {reason}"
    counts = [f"holds at {held}" if held else "", f"does not hold at {refused}" if refused else ""]
    known = " and ".join(count for count in counts if count)
    return (
        f"`{text}` {known} of the {points} points; at {unclear} it cannot be told at this number of draws, "
        f"because {reason}"
    )


def _report_tips(
    text: str, tips: Sequence[TippingPoint], study: StudyMeasurements
) -> Iterator[DecisionReason]:
    """Yield where a decision tips, where that is not known, and one sentence for all other hyperparameters.

    What lies along an axis of the plan was asked about; the search along others goes far beyond it.
    """
    varied = {axis.name for axis in study.plan.axes}
    never = []
    for tip in tips:
        is_asked = tip.hyperparameter in varied
        side = tip.nearest_side
        unclear = [each for each in (tip.below, tip.above) if each.is_unclear]
        if side is not None:
            yield DecisionReason(_describe_tip(tip, side), "decision depends" if is_asked else "note")
        if unclear and not tip.is_near_base:
            yield DecisionReason(_describe_unclear_tip(tip, unclear), "cannot tell" if is_asked else "note")
        elif tip.failure and side is None:
            words = f"Whether `{text}` tips as `{tip.hyperparameter}` changes is not known: {tip.failure}"
            yield DecisionReason(words, "not known" if is_asked else "note")
        elif side is None:
            never.append(tip)
    if never:
        yield DecisionReason(
            f"`{text}` does not tip for {_list_ranges(never, has_others=len(tips) > len(never))}."
        )


def describe_untipped(study: StudyMeasurements, text: str) -> str:
    """Return the ranges that were asked about, where a decision tips in none; empty if that is not clear."""
    varied = {axis.name for axis in study.plan.axes}
    tips = [tip for tip in study.tipping if tip.decision == text and tip.hyperparameter in varied]
    is_clear = all(
        tip.nearest_side is None and not tip.failure and not (tip.below.is_unclear or tip.above.is_unclear)
        for tip in tips
    )
    return _list_ranges(tips, has_others=False) if tips and is_clear else ""


def _list_ranges(tips: Sequence[TippingPoint], *, has_others: bool) -> str:
    if len(tips) > _MAX_RANGES:
        other = "other " if has_others else ""
        return f"any of {len(tips)} {other}hyperparameters within the ranges searched"
    ranges = [
        f"any `{tip.hyperparameter}` between {tip.below.searched:.4g} and {tip.above.searched:.4g}"
        for tip in tips
    ]
    return f"{', '.join(ranges[:-1])}, or {ranges[-1]}" if len(ranges) > 1 else ranges[0]


def _describe_tip(tip: TippingPoint, side: TippingSide) -> str:
    interval = ""
    if _is_finite(side.lower) and _is_finite(side.upper):
        interval = f" ({side.lower:.3g} to {side.upper:.3g})"
    where = f"where `{tip.hyperparameter}` is {side.value:.3g}{interval}"
    if tip.is_near_base:
        base = f"within Monte Carlo error of its value in the base fit, {tip.base:.3g}"
        return f"`{tip.decision}` changes {where}, {base}: on which side that lies cannot be told."
    change = "stops holding" if tip.holds else "begins to hold"
    return f"`{tip.decision}` {change} {where}; in the base fit it is {tip.base:.3g}."


def _describe_unclear_tip(tip: TippingPoint, sides: Sequence[TippingSide]) -> str:
    places = dict.fromkeys(_describe_place(tip, side) for side in sides)
    question = f"Whether `{tip.decision}` tips for some `{tip.hyperparameter}` {', or '.join(places)}"
    roots = [side.value for side in sides if side.value is not None]
    root = f" By these draws it would tip at {roots[0]:.3g}, but that may be chance." if roots else ""
    reason = f"its margin there is within {_ERRORS} of zero."
    return f"{question} cannot be told at this number of draws: {reason}{root}"


def _describe_place(tip: TippingPoint, side: TippingSide) -> str:
    """Return over which values a margin is unclear: up to the end of the search where no end is known."""
    lower = tip.below.searched if side.lower is None else side.lower
    upper = tip.above.searched if side.upper is None else side.upper
    return f"between {lower:.3g} and {upper:.3g}"


def advise_draws(study: StudyMeasurements, others: Sequence[int | None] = ()) -> str:
    """Return how many draws would tell what these do not, in a sentence; empty where all is clear.

    Parameters
    ----------
    study
        The study.
    others
        The draws that would tell what is not about decisions; `None` for what too many would have to tell.
    """
    points = list_deciding_points(study)
    margins = [
        point.margins[text] for text in study.plan.decisions for point in points if text in point.margins
    ]
    needed = [*others, *(margin.draws_needed for margin in margins if margin.sign == 0)]
    varied = {axis.name for axis in study.plan.axes}
    needed += [
        side.draws_needed
        for tip in study.tipping
        for side in (tip.below, tip.above)
        if side.is_unclear and not tip.is_near_base and tip.hyperparameter in varied
    ]
    if not needed:
        return ""
    known = [draws for draws in needed if draws is not None]
    if not known:
        return f"Even {MOST_TIMES_MORE_DRAWS:g} times as many draws might not tell: the margin is that small."
    answered, rest = "would tell", ""
    if len(known) < len(needed):
        answered = "would tell some of this"
        rest = f"; for the rest even {MOST_TIMES_MORE_DRAWS:g} times as many might not be enough"
    return f"About {max(known):,} draws in each fit {answered}{_name_option(study, max(known))}{rest}."


def _name_option(study: StudyMeasurements, draws: int) -> str:
    """Return the option that gives so many draws; empty if no sampler is behind the answers."""
    chains = study.plan.sampler.get("chains")
    if study.leading_method != "nuts" or not chains:
        return ""
    return f" (--draws {math.ceil(draws / chains)})"


def _is_finite(value: float | None) -> bool:
    return value is not None and math.isfinite(value)
