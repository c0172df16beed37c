"""Tipping points: the smallest change of a hyperparameter that changes a decision."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy import optimize

from workbench.studies.fits.context import StudyContext
from workbench.studies.fits.sweep import FullFits, PointPosterior, add_fit, find_or_refit, find_posteriors
from workbench.studies.outcomes.slopes import find_base_value
from workbench.studies.plan.decision import Decision, WeightedSample
from workbench.studies.plan.plan import Axis, Point, is_power
from workbench.studies.view import TippingPoint, TippingSide

MAX_FACTOR = 100.0
"""Largest factor by which a positive constant is changed in search of a tipping point, up or down. Ours."""

STEP_FACTOR = 2.0
"""Factor between the positive constants that the search tries; for others, between their steps. Ours."""

BLOCKS = 20
"""Blocks of draws, over all chains, whose spread gives the Monte Carlo error of a margin. Ours, within the
usual 20 to 30 of batch means."""

PRECISION = 1e-4
"""Relative precision of a root. Ours: its Monte Carlo error is far larger."""

_MAX_DOUBLINGS = 8
"""Doublings of the first step for constants that are not positive: a factor of 256. Ours."""

_SLOPE_STEP = 0.02
"""Step, relative to the constant or to its distance from the base, that gives the slope of a margin. Ours."""

_MAX_LOG_WIDTH = 50.0
"""Largest half width of an interval on the log scale: its ends stay finite numbers."""

Side = Literal["below", "above"]


@dataclass(frozen=True)
class _Search:
    """The search for the tipping point of one decision along one hyperparameter.

    Attributes
    ----------
    context, fits
        The study and its full fits; refits are added.
    decision, name
        The decision and the hyperparameter.
    base
        The hyperparameter's value in the base fit.
    first_step
        A first step for constants that are not positive.
    limits
        The ends of the search.
    """

    context: StudyContext
    fits: FullFits
    decision: Decision
    name: str
    base: float
    first_step: float
    limits: tuple[float, float]

    @property
    def is_by_ratio(self) -> bool:
        """Whether the search moves by ratio: for positive constants."""
        return self.base > 0

    def compute_margin(self, value: float) -> float:
        """Return the margin where the hyperparameter has a value; NaN if no posterior can be had there."""
        posterior = find_or_refit(self.context, self.fits, Point({self.name: value}))
        return math.nan if posterior.is_failed else self.decision.margin(posterior.sample)


def find_tipping_point(
    context: StudyContext,
    fits: FullFits,
    decision: Decision,
    name: str,
    axis: Axis | None,
    first_step: float,
) -> TippingPoint:
    """Return where a decision changes as a hyperparameter moves away from its value in the base fit.

    The search steps outwards on both sides, through importance weights and refits as a sweep does. Where the
    margin changes its sign, the root is found, and a full fit there confirms and refines it.

    Parameters
    ----------
    context, fits
        The study and its full fits; refits are added.
    decision
        The decision.
    name
        The hyperparameter, or a power.
    axis
        Its range in the sweep, which limits the search; `None` for a factor of 100.
    first_step
        A first step for constants that are not positive.
    """
    base = find_base_value(context, name)
    search = _Search(context, fits, decision, name, base, first_step, _choose_limits(base, axis, first_step))
    margin = search.compute_margin(base) if is_power(name) else decision.margin(fits.base.sample)
    below, above = _search_side(search, margin, "below"), _search_side(search, margin, "above")
    return TippingPoint(
        decision=decision.text,
        about=decision.names,
        hyperparameter=name,
        base=base,
        holds=bool(margin > 0),
        margin=margin,
        nearest=_find_nearest(search, below, above),
        below=below,
        above=above,
    )


def estimate_margin_error(decision: Decision, posterior: PointPosterior) -> float:
    """Return the Monte Carlo standard error of a margin, from blocks of draws.

    References
    ----------
    Flegal, Haran and Jones (2008), Markov chain Monte Carlo: can we trust the third significant figure?,
    Statistical Science 23(2), doi:10.1214/08-STS257: batch means.
    """
    source, point_weights = posterior.source_and_weights
    blocks_per_chain = max(1, BLOCKS // source.chains)
    weights = point_weights.values.reshape(source.chains, -1)
    margins = []
    for chain in range(source.chains):
        for block in np.array_split(np.arange(weights.shape[1]), blocks_per_chain):
            own = weights[chain, block]
            if own.sum() <= 0:
                continue
            draws = {name: source.draws[name][chain, block] for name in decision.names}
            margins.append(decision.margin(WeightedSample(draws, own / own.sum())))
    return float(np.std(margins, ddof=1) / math.sqrt(len(margins)))


def _choose_limits(base: float, axis: Axis | None, first_step: float) -> tuple[float, float]:
    if axis is not None:
        return min(base, axis.values[0]), max(base, axis.values[-1])
    if base > 0:
        return base / MAX_FACTOR, base * MAX_FACTOR
    width = first_step * STEP_FACTOR**_MAX_DOUBLINGS
    return base - width, base + width


def _find_nearest(search: _Search, below: TippingSide, above: TippingSide) -> Side | None:
    """Return the side of the tipping point that is nearest to the base."""
    if below.value is None or above.value is None:
        return "below" if below.is_found else "above" if above.is_found else None
    is_below = _measure_distance(search, below.value) <= _measure_distance(search, above.value)
    return "below" if is_below else "above"


def _search_side(search: _Search, base_margin: float, side: Side) -> TippingSide:
    inner = search.base
    for value in _list_steps(search, side):
        margin = search.compute_margin(value)
        if math.isnan(margin):
            reason = search.fits.failures.get(Point({search.name: value}).key, "")
            return TippingSide(status="failed", reason=f"at {value:.4g}: {reason}", searched=value)
        if (margin > 0) != (base_margin > 0):
            return _refine(search, inner, value)
        inner = value
    return TippingSide(status="none", reason=f"it does not change up to {inner:.4g}.", searched=inner)


def _list_steps(search: _Search, side: Side) -> list[float]:
    """Return the values that the search tries on one side, from the base to the limit."""
    limit = search.limits[0] if side == "below" else search.limits[1]
    if limit == search.base:
        return []
    sign = -1 if side == "below" else 1
    values: list[float] = []
    number = 1
    while True:
        if search.is_by_ratio:
            value = search.base * STEP_FACTOR ** (sign * number)
        else:
            value = search.base + sign * search.first_step * STEP_FACTOR ** (number - 1)
        if sign * (value - limit) >= 0:
            return [*values, limit]
        values.append(value)
        number += 1


def _refine(search: _Search, inner: float, outer: float) -> TippingSide:
    """Return the root between two values, confirmed by a full fit at it."""
    try:
        first = _find_root(search, inner, outer)
        point = Point({search.name: float(f"{first:.6g}")})
        add_fit(search.context, search.fits, point)
        posterior = find_posteriors(search.context, search.fits, [point])[0]
        if posterior.is_failed:
            return TippingSide(status="failed", reason=posterior.reason, searched=first)
        value, is_confirmed = _confirm(search, inner, outer, first)
        slope = _measure_slope(search, value)
    except ValueError:
        reason = "the margin could not be followed to zero."
        return TippingSide(status="failed", reason=reason, searched=outer)
    se = estimate_margin_error(search.decision, posterior) / abs(slope) if slope else math.inf
    lower, upper = _make_interval(search, value, se)
    return TippingSide(
        status="found",
        value=value,
        se=se * value if search.is_by_ratio else se,
        lower=lower,
        upper=upper,
        is_confirmed=is_confirmed,
        first=first,
    )


def _confirm(search: _Search, inner: float, outer: float, first: float) -> tuple[float, bool]:
    """Return the root by a full fit at the first one, and whether there still is one between the values."""
    low, high = search.compute_margin(inner), search.compute_margin(outer)
    if (low > 0) == (high > 0):
        return first, False
    return _find_root(search, inner, outer), True


def _find_root(search: _Search, inner: float, outer: float) -> float:
    if not search.is_by_ratio:
        precision = PRECISION * abs(outer - inner)
        return float(optimize.brentq(search.compute_margin, inner, outer, xtol=precision))

    def compute_margin(log_value: float) -> float:
        return search.compute_margin(math.exp(log_value))

    return math.exp(optimize.brentq(compute_margin, math.log(inner), math.log(outer), xtol=PRECISION))


def _measure_slope(search: _Search, value: float) -> float:
    """Return the slope of the margin; for a positive constant, in its logarithm."""
    margin: Callable[[float], float] = search.compute_margin
    if search.is_by_ratio:
        above, below = value * math.exp(_SLOPE_STEP), value * math.exp(-_SLOPE_STEP)
        return (margin(above) - margin(below)) / (2 * _SLOPE_STEP)
    step = _SLOPE_STEP * (abs(value - search.base) or 1.0)
    return (margin(value + step) - margin(value - step)) / (2 * step)


def _make_interval(search: _Search, value: float, se: float) -> tuple[float, float]:
    """Return two standard errors to each side of a tipping point."""
    if search.is_by_ratio:
        width = min(2 * se, _MAX_LOG_WIDTH)
        return value * math.exp(-width), value * math.exp(width)
    return value - 2 * se, value + 2 * se


def _measure_distance(search: _Search, value: float) -> float:
    return abs(math.log(value / search.base)) if search.is_by_ratio else abs(value - search.base)
