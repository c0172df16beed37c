"""Tipping points: the smallest change of a hyperparameter that changes a decision."""

from __future__ import annotations

from collections.abc import Mapping

from workbench.errors import RunError
from workbench.studies.fits.context import StudyContext
from workbench.studies.fits.sweep import FullFits, add_fit, find_or_refit, find_reliable_posteriors
from workbench.studies.outcomes.margins import estimate_margin, make_chain_sample
from workbench.studies.outcomes.slopes import find_base_value
from workbench.studies.outcomes.tipping_search import STEP_FACTOR, MarginCurve, Side, search_both_sides
from workbench.studies.plan.decision import Decision
from workbench.studies.plan.plan import BASE, Axis, Point
from workbench.studies.view import Margin, TippingPoint, TippingSide

MAX_FACTOR = 100.0
"""Largest factor by which a positive constant is changed in search of a tipping point, up or down. Ours."""

_MAX_DOUBLINGS = 8
"""Doublings of the first step for constants that are not positive: a factor of 256. Ours."""


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
    margin changes its sign, a full fit is made and counts with the others.

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

    known: dict[tuple[float, int], Margin] = {}

    def count_fits() -> int:
        return len(fits.posteriors)

    def estimate(value: float) -> Margin:
        if (value, count_fits()) not in known:
            posteriors = find_reliable_posteriors(context, fits, Point({name: value}))
            samples = [make_chain_sample(posterior) for posterior in posteriors]
            known[value, count_fits()] = estimate_margin(decision, samples)
        return known[value, count_fits()]

    def refit(value: float) -> None:
        point = Point({name: value})
        add_fit(context, fits, point)
        if point.key in fits.failures:
            raise RunError(fits.failures[point.key])

    limits = _choose_limits(base, axis, first_step)
    curve = MarginCurve(base, limits, first_step, estimate, refit, count_fits)
    sides = search_both_sides(curve)
    # The base fit alone, as in the table of points.
    margin = estimate_margin(decision, [make_chain_sample(find_or_refit(context, fits, BASE))])
    return TippingPoint(
        decision=decision.text,
        about=decision.names,
        hyperparameter=name,
        base=base,
        holds=margin.value > 0,
        margin=margin.value,
        mcse=margin.mcse,
        draws_needed=margin.draws_needed,
        nearest=_find_nearest(curve, sides),
        below=sides["below"],
        above=sides["above"],
    )


def _choose_limits(base: float, axis: Axis | None, first_step: float) -> tuple[float, float]:
    if axis is not None:
        return min(base, axis.values[0]), max(base, axis.values[-1])
    if base > 0:
        return base / MAX_FACTOR, base * MAX_FACTOR
    width = first_step * STEP_FACTOR**_MAX_DOUBLINGS
    return base - width, base + width


def _find_nearest(curve: MarginCurve, sides: Mapping[Side, TippingSide]) -> Side | None:
    """Return the side of the tipping point that is nearest to the base."""
    distances = {
        name: curve.measure_distance(side.value)
        for name, side in sides.items()
        if side.is_found and side.value is not None
    }
    return min(distances, key=lambda name: distances[name], default=None)
