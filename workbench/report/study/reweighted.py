"""Another prior, tried in the page: weights of the base fit's draws at a chosen point, with their k-hat."""

from __future__ import annotations

import math
from typing import Any

import msgspec

from workbench.report.document import Block, Section, Sliders
from workbench.report.numbers import choose_decimals, format_count, format_percentage
from workbench.report.study.slices import Slice, find_slices
from workbench.studies import Study
from workbench.studies.outcomes.table import OutcomeRow, select_outcomes
from workbench.studies.view import PointRatios, PointResult, Reweighting
from workbench.thresholds import khat_limit

_TITLE = "Try another prior"
"""The title of the section."""

_EXPLANATION = (
    "Move the slider: the draws of the base fit are weighted for that setting of the prior, in this page. "
    "k-hat says whether such weights can be relied on. The last column is what the study found there, by a "
    "fit of its own where weights were not enough."
)
"""How to use the section."""

_THINNED = "Of {of} draws, {draws} are in the page, so that k-hat differs a little from that of the study."
"""What is said where draws were left out."""

_WITHOUT_SCRIPTS = "Weights are computed by JavaScript, which is off here; the curves show the same points."
"""What is said where scripts are switched off."""


def build_sections(study: Study) -> tuple[Section, ...]:
    """Return the section; none where the study keeps no draws, or has no points along a hyperparameter."""
    results = study.results
    data = results.reweighting
    if data is None or not data.quantities:
        return ()
    ratios = {each.point: each for each in data.ratios}
    axes = [axis for own in find_slices(results) if len((axis := _list_stops(own, ratios))["stops"]) > 1]
    if not axes:
        return ()
    thinned = _THINNED.format(of=format_count(data.of), draws=format_count(data.draws))
    explanation = _EXPLANATION if data.of == data.draws else f"{_EXPLANATION} {thinned}"
    numbers = {**_describe(study, data), "axes": axes, "points": _list_points(study, axes, ratios)}
    block: Block = Sliders("reweighted-sliders", explanation, _WITHOUT_SCRIPTS, numbers)
    return (Section("reweighted", _TITLE, (block,)),)


def _describe(study: Study, data: Reweighting) -> dict[str, Any]:
    results, outcomes = study.results, select_outcomes(study.outcomes, "nuts")
    return {
        "draws": data.draws,
        "tail": data.tail,
        "efficiency": data.efficiency,
        "leastEss": data.least_ess,
        "limit": khat_limit(data.draws),
        "level": results.interval.level,
        "levelText": format_percentage(results.interval.level),
        "quantities": [
            {
                "label": results.find_label(name),
                "draws": msgspec.to_builtins(column),
                "decimals": _find_mean(outcomes.get((0, name)))["decimals"],
            }
            for name, column in data.quantities.items()
        ],
    }


def _list_stops(own: Slice, ratios: dict[int, PointRatios]) -> dict[str, Any]:
    """Return a hyperparameter with the points of its slider, the base among them."""
    points = [point for point in own.points if point.how == "base" or point.number in ratios]
    return {
        "name": own.name,
        "held": own.held.replace("`", ""),
        "stops": [{"point": point.number, "value": own.find_value(point)} for point in points],
    }


def _list_points(
    study: Study, axes: list[dict[str, Any]], ratios: dict[int, PointRatios]
) -> dict[str, dict[str, Any]]:
    """Return each point of a slider by its number: its log ratios, and what the study found there."""
    results = study.results
    assert results.reweighting is not None  # noqa: S101 - the caller has looked
    outcomes = select_outcomes(study.outcomes, "nuts")
    numbers = {stop["point"] for axis in axes for stop in axis["stops"]}
    return {
        str(number): {
            "logs": msgspec.to_builtins(ratios[number].logs) if number in ratios else None,
            "how": _describe_origin(results.points[number]),
            "means": [_find_mean(outcomes.get((number, name))) for name in results.reweighting.quantities],
        }
        for number in sorted(numbers)
    }


def _describe_origin(point: PointResult) -> str:
    names = {"base": "the base fit", "refit": "a fit of its own", "weights": "weights"}
    return names.get(point.how, "nothing")


def _find_mean(outcome: OutcomeRow | None) -> dict[str, Any]:
    if outcome is None or not outcome.is_ok or outcome.mean is None or not math.isfinite(outcome.mean):
        return {"mean": None, "decimals": None}
    return {"mean": outcome.mean, "decimals": choose_decimals(outcome.sd)}
