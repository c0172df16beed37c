"""Tipping points: the smallest change of a hyperparameter that changes a conclusion."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import optimize

from workbench.studies.fits.context import StudyContext
from workbench.studies.fits.sweep import FullFits, PointPosterior, add_fit, find_or_refit, find_posteriors
from workbench.studies.outcomes.slopes import find_base_value
from workbench.studies.plan.decision import Decision, WeightedSample
from workbench.studies.plan.plan import Axis, Point

FARTHEST = 100.0
"""Largest factor by which a positive constant is changed in search of a tipping point, up or down."""

STRIDE = 2.0
"""Factor (positive constants) or multiple (others) from one step of the search to the next."""

BLOCKS = 20
"""Blocks of draws whose spread gives the Monte Carlo error of a margin; each chain has the same number."""

PRECISION = 1e-4
"""Relative precision of a root; its Monte Carlo error is far larger."""

_SHIFTS = 8  # doublings of the first step for constants of any sign: a factor of 256


@dataclass(frozen=True)
class _Search:
    """One conclusion along one hyperparameter."""

    shop: StudyContext
    fits: FullFits
    decision: Decision
    name: str
    base: float
    is_ratio: bool
    limits: tuple[float, float]

    def view(self, at: float) -> PointPosterior:
        return find_or_refit(self.shop, self.fits, Point({self.name: at}))

    def margin(self, at: float) -> float:
        view = self.view(at)
        return math.nan if view.how == "failed" else self.decision.margin(view.sample)


def find_tipping_point(
    shop: StudyContext, fits: FullFits, decision: Decision, name: str, axis: Axis | None, scale: float
) -> dict[str, Any]:
    """Return where a conclusion changes as a hyperparameter moves away from its value.

    The search steps outwards on both sides, through importance weights and refits as `sweep` does. Where the
    sign of the margin changes it is bracketed, the root found, and a full fit there confirms and refines it.

    Parameters
    ----------
    shop, fits
        Where the study is worked out; the fits so far.
    decision
        The conclusion.
    name
        The hyperparameter, or a power.
    axis
        Its range in the sweep, which limits the search; `None` for a factor of 100.
    scale
        A first step for constants that are not positive.

    Returns
    -------
    `about`, the quantities of the conclusion; `holds` at the base; for `below` and `above` the `status`
    (`found`, `none` or `failed`) with `value`, its Monte Carlo error `se`, `lower` and `upper` (two of them
    to each side) or a `reason`; and which side is `nearest`.
    """
    base = find_base_value(shop, name)
    is_ratio = base > 0
    search = _Search(shop, fits, decision, name, base, is_ratio, _limits(base, axis, scale))
    now = search.margin(base) if name.startswith("power(") else decision.margin(make_base_sample(fits))
    sides = {side: _side(search, now, side, scale) for side in ("below", "above")}
    found = {side: one for side, one in sides.items() if one["status"] == "found"}
    nearest = min(found, key=lambda side: _far(search, found[side]["value"])) if found else None
    head = {"decision": decision.text, "about": list(decision.names), "hyperparameter": name, "base": base}
    return {**head, "holds": bool(now > 0), "margin": now, "nearest": nearest, **sides}


def make_base_sample(fits: FullFits) -> WeightedSample:
    """Return the base fit's draws, equally weighted."""
    base = fits.found[0]
    return WeightedSample(base.flat, np.full(base.size, 1 / base.size))


def estimate_margin_error(decision: Decision, view: PointPosterior) -> float:
    """Return the Monte Carlo standard error of a margin, from blocks of draws.

    References
    ----------
    Flegal, Haran and Jones (2008), Markov chain Monte Carlo: can we trust the third significant figure?,
    Statistical Science 23(2), doi:10.1214/08-STS257: batch means.
    """
    source, weights_of = view.seen
    each = max(1, BLOCKS // source.chains)
    weights = weights_of.values.reshape(source.chains, -1)
    margins = []
    for chain in range(source.chains):
        for block in np.array_split(np.arange(weights.shape[1]), each):
            own = weights[chain, block]
            if own.sum() <= 0:
                continue
            draws = {name: source.draws[name][chain, block] for name in decision.names}
            margins.append(decision.margin(WeightedSample(draws, own / own.sum())))
    return float(np.std(margins, ddof=1) / math.sqrt(len(margins)))


def _limits(base: float, axis: Axis | None, scale: float) -> tuple[float, float]:
    if axis is not None:
        return min(base, axis.values[0]), max(base, axis.values[-1])
    if base > 0:
        return base / FARTHEST, base * FARTHEST
    return base - scale * STRIDE**_SHIFTS, base + scale * STRIDE**_SHIFTS


def _side(search: _Search, now: float, side: str, scale: float) -> dict[str, Any]:
    before = search.base
    for at in _outwards(search, side, scale):
        margin = search.margin(at)
        if math.isnan(margin):
            reason = search.fits.failures.get(Point({search.name: at}).key, "")
            return {"status": "failed", "reason": f"at {at:.4g}: {reason}", "searched": at}
        if (margin > 0) != (now > 0):
            return _refined(search, before, at)
        before = at
    return {"status": "none", "searched": before, "reason": f"it does not change up to {before:.4g}."}


def _outwards(search: _Search, side: str, scale: float) -> list[float]:
    """Return the places to look at, from the base to the limit of one side."""
    limit = search.limits[0] if side == "below" else search.limits[1]
    if limit == search.base:
        return []
    sign = -1 if side == "below" else 1
    places: list[float] = []
    number = 1
    while True:
        moved = scale * STRIDE ** (number - 1)
        at = search.base * STRIDE ** (sign * number) if search.is_ratio else search.base + sign * moved
        if sign * (at - limit) >= 0:
            return [*places, limit]
        places.append(at)
        number += 1


def _refined(search: _Search, inner: float, outer: float) -> dict[str, Any]:
    """Return the root between two places, confirmed by a full fit at it."""
    try:
        rough = _root(search, search.margin, inner, outer)
        point = Point({search.name: float(f"{rough:.6g}")})
        add_fit(search.shop, search.fits, point)
        view = find_posteriors(search.shop, search.fits, [point])[0]
        if view.how == "failed":
            return {"status": "failed", "reason": view.reason, "searched": rough}
        value, is_confirmed = _confirmed(search, inner, outer, rough)
        slope = _slope(search, value)
    except ValueError:
        return {"status": "failed", "reason": "the margin could not be followed to zero.", "searched": outer}
    se = estimate_margin_error(search.decision, view) / abs(slope) if slope else math.inf
    lower, upper = _band(search, value, se)
    return {
        "status": "found",
        "value": value,
        "se": se * value if search.is_ratio else se,
        "lower": lower,
        "upper": upper,
        "is_confirmed": is_confirmed,
        "first": rough,
    }


def _confirmed(search: _Search, inner: float, outer: float, rough: float) -> tuple[float, bool]:
    """Return the root as seen from a full fit at the first one; whether the bracket still holds a root."""
    low, high = search.margin(inner), search.margin(outer)
    if (low > 0) == (high > 0):
        return rough, False
    return _root(search, search.margin, inner, outer), True


def _root(search: _Search, margin: Callable[[float], float], inner: float, outer: float) -> float:
    if not search.is_ratio:
        return float(optimize.brentq(margin, inner, outer, xtol=PRECISION * abs(outer - inner)))
    low, high = math.log(inner), math.log(outer)
    return math.exp(optimize.brentq(lambda at: margin(math.exp(at)), low, high, xtol=PRECISION))


def _slope(search: _Search, at: float) -> float:
    """Return the slope of the margin, in the logarithm of a positive constant."""
    if search.is_ratio:
        step = 0.02
        return (search.margin(at * math.exp(step)) - search.margin(at * math.exp(-step))) / (2 * step)
    step = 0.02 * (abs(at - search.base) or 1.0)
    return (search.margin(at + step) - search.margin(at - step)) / (2 * step)


def _band(search: _Search, value: float, se: float) -> tuple[float, float]:
    if search.is_ratio:
        width = min(2 * se, 50.0)
        return value * math.exp(-width), value * math.exp(width)
    return value - 2 * se, value + 2 * se


def _far(search: _Search, value: float) -> float:
    return abs(math.log(value / search.base)) if search.is_ratio else abs(value - search.base)
