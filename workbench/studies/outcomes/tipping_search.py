"""The search for a tipping point along one hyperparameter, from margins with their Monte Carlo errors.

A margin is clear where it is more than `MARGIN_STANDARD_ERRORS` of its Monte Carlo standard errors from zero.
A tipping point is found where a clear margin of one sign follows a clear one of the other. Its interval is
where the margin is not clear: it holds the true tipping point as often as the margin there is within its
error of zero. Without such a change there is no tipping point if every margin is clear; otherwise the draws
cannot tell.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import msgspec

from workbench.errors import RunError
from workbench.late_imports import LateModule
from workbench.studies.view import Margin, TippingSide
from workbench.thresholds import MARGIN_STANDARD_ERRORS

if TYPE_CHECKING:
    from scipy import optimize
else:
    optimize = LateModule("scipy.optimize")

STEP_FACTOR = 2.0
"""Factor between the positive constants that the search tries; for others, between their steps. Ours."""

PRECISION = 1e-4
"""Precision of a root: of the logarithm of a positive constant, relative to the bracket for others. Ours: the
Monte Carlo error is far larger."""

END_PRECISION = 0.02
"""Precision of the ends of an interval, relative to the bracket. Ours: they have errors of their own."""

_MOST_SEARCHES = 20
"""Repetitions of a search that itself needs further full fits. Ours: two are usual."""

_MOST_ERRORS = 1e6
"""Standard errors to which a margin without an error is cut: the search for a root needs finite numbers."""

_LOST = "the margin could not be followed to zero."
"""The reason of a search whose root cannot be found."""

Side = Literal["below", "above"]


@dataclass(frozen=True)
class MarginCurve:
    """The margin of one decision along one hyperparameter.

    Attributes
    ----------
    base
        The hyperparameter's value in the base fit.
    limits
        The ends of the search.
    first_step
        A first step for constants that are not positive.
    estimate
        Function that returns the margin at a value, by all full fits made so far; it may have to make one.
    refit
        Function that makes a full fit at a value. Both raise a `RunError` where there is no posterior.
    count_fits
        Function that returns how many full fits there are.
    """

    base: float
    limits: tuple[float, float]
    first_step: float
    estimate: Callable[[float], Margin]
    refit: Callable[[float], None]
    count_fits: Callable[[], int]

    @property
    def is_by_ratio(self) -> bool:
        """Whether the search moves by ratio: for positive constants."""
        return self.base > 0

    def measure_distance(self, value: float) -> float:
        """Return the distance of a value from the base, on the scale of the search."""
        return abs(math.log(value / self.base)) if self.is_by_ratio else abs(value - self.base)


@dataclass(frozen=True)
class _Step:
    """A value of the hyperparameter and the margin there."""

    value: float
    margin: Margin


@dataclass(frozen=True)
class _Walk:
    """The steps from the base to one side, up to a change of sign, to the limit, or to a failure.

    Attributes
    ----------
    steps
        The base comes first.
    reached
        The last value that was tried.
    failure
        Why there is no margin at that value; empty if there is one.
    """

    steps: tuple[_Step, ...]
    reached: float
    failure: str = ""


@dataclass(frozen=True)
class _Region:
    """The values between which a margin is not clear.

    Attributes
    ----------
    is_crossed
        Whether the margin is clear at both ends, with different signs.
    root
        Where the margin is zero; `None` if it does not change its sign.
    lower, upper
        The ends; `None` where the margin is not clear up to the end of the search.
    """

    is_crossed: bool
    root: float | None
    lower: float | None
    upper: float | None


def search_both_sides(curve: MarginCurve) -> dict[Side, TippingSide]:
    """Return the search for a tipping point on each side of the base.

    Where the margin changes its sign, a full fit is made, and the search is repeated with it.
    """
    sides = _search(curve)
    fitted: dict[Side, float] = {}
    failed: dict[Side, TippingSide] = {}
    for name, side in sides.items():
        if side.value is None:
            continue
        value = float(f"{side.value:.6g}")
        try:
            curve.refit(value)
            fitted[name] = value
        except RunError as reason:
            failed[name] = TippingSide(status="failed", reason=reason.message, searched=value)
    if fitted:
        sides = {name: _name_fit(side, fitted.get(name)) for name, side in _search(curve).items()}
    return sides | failed


def _name_fit(side: TippingSide, value: float | None) -> TippingSide:
    """Return a side with the value at which a full fit was made for it."""
    return (
        side
        if side.value is None
        else msgspec.structs.replace(side, is_confirmed=value is not None, first=value)
    )


def _search(curve: MarginCurve) -> dict[Side, TippingSide]:
    """Return what the full fits say; if the search itself needs more of them, with those."""
    lost = TippingSide(status="failed", reason=_LOST, searched=curve.base)
    sides: dict[Side, TippingSide] = {"below": lost, "above": lost}
    for _ in range(_MOST_SEARCHES):
        count = curve.count_fits()
        base = _Step(curve.base, curve.estimate(curve.base))
        below, above = _walk(curve, base, "below"), _walk(curve, base, "above")
        if curve.count_fits() != count:
            continue
        if base.margin.sign == 0:
            sides = _judge_around_base(curve, below, above)
        else:
            sides = {"below": _judge_side(curve, below, "below"), "above": _judge_side(curve, above, "above")}
        if curve.count_fits() == count:
            break
    return sides


def _walk(curve: MarginCurve, base: _Step, side: Side) -> _Walk:
    """Return the steps to one side, until the margin is clear with another sign than in the base."""
    steps = [base]
    for value in _list_steps(curve, side):
        try:
            step = _Step(value, curve.estimate(value))
        except RunError as reason:
            return _Walk(tuple(steps), value, f"at {value:.4g}: {reason.message}")
        steps.append(step)
        if step.margin.sign not in (0, base.margin.sign):
            break
    return _Walk(tuple(steps), steps[-1].value)


def _list_steps(curve: MarginCurve, side: Side) -> list[float]:
    """Return the values that the search tries on one side, from the base to the limit."""
    limit = curve.limits[0] if side == "below" else curve.limits[1]
    if limit == curve.base:
        return []
    sign = -1 if side == "below" else 1
    values: list[float] = []
    number = 1
    while True:
        if curve.is_by_ratio:
            value = curve.base * STEP_FACTOR ** (sign * number)
        else:
            value = curve.base + sign * curve.first_step * STEP_FACTOR ** (number - 1)
        if sign * (value - limit) >= 0:
            return [*values, limit]
        values.append(value)
        number += 1


def _judge_side(curve: MarginCurve, walk: _Walk, side: Side) -> TippingSide:
    """Return what the steps to one side say, if the margin is clear in the base fit."""
    sign = walk.steps[0].margin.sign
    if walk.failure:
        return TippingSide(status="failed", reason=walk.failure, searched=walk.reached)
    if all(step.margin.sign == sign for step in walk.steps):
        return _report_none(walk, side)
    try:
        region = _find_region(curve, walk.steps if side == "above" else walk.steps[::-1])
    except (RunError, ValueError):
        return _report_lost(walk)
    if region.is_crossed and region.root is not None:
        return _report_found(curve, region, region.root, walk)
    ratios = [sign * step.margin.ratio for step in walk.steps]
    decisive = ratios.index(min(ratios))
    return _report_unclear(region, region.root, walk, walk.steps[decisive].margin)


def _judge_around_base(curve: MarginCurve, below: _Walk, above: _Walk) -> dict[Side, TippingSide]:
    """Return what the steps to both sides say, if the margin is not even clear in the base fit."""
    walks: dict[Side, _Walk] = {"below": below, "above": above}
    try:
        region = _find_region(curve, (*below.steps[:0:-1], *above.steps))
    except (RunError, ValueError):
        return {name: _report_lost(walk) for name, walk in walks.items()}
    own: Side | None = None
    if region.root is not None:
        own = "below" if region.root < curve.base else "above"
    sides: dict[Side, TippingSide] = {}
    for name, walk in walks.items():
        root = region.root if name == own else None
        if walk.failure:
            sides[name] = TippingSide(status="failed", reason=walk.failure, searched=walk.reached)
        elif region.is_crossed and root is not None:
            sides[name] = _report_found(curve, region, root, walk)
        else:
            sides[name] = _report_unclear(region, root, walk, walk.steps[0].margin)
    return sides


def _report_found(curve: MarginCurve, region: _Region, root: float, walk: _Walk) -> TippingSide:
    lower, upper = region.lower, region.upper
    se = None
    if lower is not None and upper is not None:
        width = math.log(upper / lower) * root if curve.is_by_ratio else upper - lower
        se = width / (2 * MARGIN_STANDARD_ERRORS)
    return TippingSide(
        status="found", value=root, se=se, lower=lower, upper=upper, searched=walk.reached, is_confirmed=False
    )


def _report_none(walk: _Walk, side: Side) -> TippingSide:
    direction = "down" if side == "below" else "up"
    reason = f"it does not change {direction} to {walk.reached:.4g}."
    return TippingSide(status="none", reason=reason, searched=walk.reached)


def _report_unclear(region: _Region, root: float | None, walk: _Walk, decisive: Margin) -> TippingSide:
    reason = f"its margin is within {MARGIN_STANDARD_ERRORS:g} Monte Carlo standard errors of zero."
    return TippingSide(
        status="unclear",
        reason=reason,
        searched=walk.reached,
        value=root,
        lower=region.lower,
        upper=region.upper,
        draws_needed=decisive.draws_needed,
    )


def _report_lost(walk: _Walk) -> TippingSide:
    return TippingSide(status="failed", reason=_LOST, searched=walk.reached)


def _find_region(curve: MarginCurve, steps: Sequence[_Step]) -> _Region:
    """Return where a margin is not clear, among steps in increasing order of the hyperparameter.

    Raises
    ------
    RunError, ValueError
        A margin in between cannot be computed.
    """
    pairs = list(itertools.pairwise(steps))
    leaving = next((pair for pair in pairs if pair[0].margin.sign != pair[1].margin.sign), None)
    entering = next((pair for pair in reversed(pairs) if pair[0].margin.sign != pair[1].margin.sign), None)
    lower = upper = None
    if leaving is not None and leaving[0].margin.sign != 0:
        lower = _find_edge(curve, *leaving, sign=leaving[0].margin.sign)
    if entering is not None and entering[1].margin.sign != 0:
        upper = _find_edge(curve, *entering, sign=entering[1].margin.sign)
    is_crossed = steps[0].margin.sign * steps[-1].margin.sign < 0
    return _Region(is_crossed, _find_nearest_root(curve, pairs), lower, upper)


def _find_nearest_root(curve: MarginCurve, pairs: Sequence[tuple[_Step, _Step]]) -> float | None:
    """Return where the margin is zero, nearest to the base; `None` if it does not change its sign."""
    changes = [pair for pair in pairs if (pair[0].margin.value > 0) != (pair[1].margin.value > 0)]
    if not changes:
        return None
    first, second = min(changes, key=lambda pair: sum(curve.measure_distance(step.value) for step in pair))
    return _solve(curve, lambda margin: margin.value, first.value, second.value, PRECISION)


def _find_edge(curve: MarginCurve, first: _Step, second: _Step, *, sign: int) -> float:
    """Return where a margin that is clear at one of two steps, with a sign, stops being so."""

    def measure_excess(margin: Margin) -> float:
        ratio = max(-_MOST_ERRORS, min(_MOST_ERRORS, sign * margin.ratio))
        return ratio - MARGIN_STANDARD_ERRORS

    return _solve(curve, measure_excess, first.value, second.value, END_PRECISION)


def _solve(
    curve: MarginCurve, measure: Callable[[Margin], float], first: float, second: float, precision: float
) -> float:
    """Return where a function of the margin is zero, between two values with different signs of it."""
    if not curve.is_by_ratio:
        tolerance = precision * abs(second - first)
        return float(
            optimize.brentq(lambda value: measure(curve.estimate(value)), first, second, xtol=tolerance)
        )
    root = optimize.brentq(
        lambda value: measure(curve.estimate(math.exp(value))),
        math.log(first),
        math.log(second),
        xtol=precision,
    )
    return math.exp(root)
