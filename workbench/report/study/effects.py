"""Which prior matters: the picture of what it moves, and a table of all that was varied."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from workbench.report import figures
from workbench.report.document import Block, Cell, Column, Figure, Figures, Notice, Section, TableBlock, Tone
from workbench.report.figures import Ridge
from workbench.report.numbers import MISSING, format_number
from workbench.report.study.curves import draw_along, explain_curves
from workbench.report.study.slices import find_slices
from workbench.report.study.slopes import format_rounded
from workbench.studies import Study, StudyResults
from workbench.studies.outcomes.headline import choose_move_decimals
from workbench.studies.outcomes.moves import LEADING_MEANS, identify_part
from workbench.studies.view import PriorEffect

_TITLE = "Which prior matters"
"""The title of the section."""

_MAX_ROWS = 100
"""Rows of the table. Ours: `study.json` has all."""

_MAX_RIDGES = 5
"""Densities above each other in the picture. Ours."""


def build_section(study: Study) -> Section:
    """Return the picture of what the most important prior moves, and how far each part of the prior does."""
    results = study.results
    if not results.conclusion.effects:
        notice = Notice("There are no points of this study that can be compared with the base fit.")
        return Section("effects", _TITLE, (notice,))
    return Section("effects", _TITLE, (*_draw_most_important(study), build_table(results)))


def _draw_most_important(study: Study) -> Iterator[Block]:
    """Yield the curve of what moves along the most important hyperparameter, or densities if it has none."""
    results = study.results
    hyperparameter, names = _choose_curve(results)
    own = next((own for own in find_slices(results) if own.name == hyperparameter), None)
    if own is not None:
        drawn = draw_along(study, own, names)
        if drawn:
            yield Figures("most-important", drawn, explain_curves(study, own, names), "medium")
            return
    effect = results.conclusion.effects[0]
    figure = _draw_densities(results, effect)
    if figure is not None:
        text = (
            "The posterior density under each of these priors, all on one scale; the base fit is the darkest."
        )
        yield Figures("most-important", (figure,), text, "medium")


def _choose_curve(results: StudyResults) -> tuple[str, list[str]]:
    """Return the hyperparameter that matters most, and the quantities to draw along it.

    That is where a decision tips nearest to the base, or else what moves an estimate most.
    """
    varied = {axis.name for axis in results.plan.axes}
    moves = results.conclusion.moves
    tips = [tip for tip in results.tipping if tip.hyperparameter in varied and tip.nearest_side is not None]
    effect = results.conclusion.effects[0]
    if tips:
        tip = min(tips, key=lambda tip: tip.distance)
        return tip.hyperparameter, [name for name in tip.about if name in moves] or [effect.quantity]
    return effect.name, [effect.quantity]


def _draw_densities(results: StudyResults, effect: PriorEffect) -> Figure | None:
    """Return the densities of what moves most in the base fit and at other points of the same kind."""
    densities = results.densities.get(effect.quantity)
    if densities is None:
        return None
    kinds = [each for each in results.conclusion.effects if each.kind == effect.kind]
    numbers = list(dict.fromkeys([0, *(each.largest.point for each in kinds)]))[:_MAX_RIDGES]
    heights = {curve.point: np.array(curve.density, dtype=float) for curve in densities.curves}
    shown = [results.points[number] for number in numbers if number in heights]
    if len(shown) < 2:
        return None
    ridges = [
        Ridge(_shorten(point.name or point.label), heights[point.number], point.number == 0)
        for point in shown
    ]
    label = results.find_label(effect.quantity)
    alt = f"Densities of {label}: {', '.join(point.name or point.label for point in shown)}."
    return Figure(figures.draw_ridges(np.array(densities.x), ridges), alt, f"`{label}`")


def _shorten(label: str) -> str:
    """Return the beginning of a long label."""
    return label if len(label) <= 18 else f"{label[:16]}…"


def build_table(results: StudyResults, most_rows: int = _MAX_ROWS) -> TableBlock:
    """Return how far each part of the prior moves a posterior mean, the one that matters most first."""
    effects = results.conclusion.effects
    shown = effects[:most_rows]
    more = f" {len(effects) - len(shown)} more are in study.json." if len(effects) > len(shown) else ""
    mean = LEADING_MEANS[results.leading_method]
    has_decisions = bool(results.plan.decisions)
    return TableBlock(
        key="effects-table",
        caption=f"How far each part of the prior moves a {mean}",
        columns=(
            Column("What changes", "name"),
            Column("Base", "number"),
            Column("Studied", "text", drop_order=1),
            Column("Moves most", "text"),
            Column("Move [SD]", "number"),
            Column("MCSE", "number", drop_order=2, help="Monte Carlo standard error of the move"),
            Column("At", "text"),
            *(
                (Column("Reverses", "prose", help="Decisions that it reverses, and where"),)
                if has_decisions
                else ()
            ),
        ),
        rows=tuple(_build_row(results, effect, has_decisions=has_decisions) for effect in shown),
        note=f"Each by itself, all else as in the base fit. SDs are those of the base fit's posterior.{more}",
        is_interactive=True,
    )


def _build_row(results: StudyResults, effect: PriorEffect, *, has_decisions: bool) -> tuple[Cell, ...]:
    move = effect.largest
    is_large = move.is_large_among(len(results.conclusion.moves))
    axis = next((axis for axis in results.plan.axes if axis.name == effect.name), None)
    ends = MISSING if axis is None else f"{axis.values[0]:.4g} to {axis.values[-1]:.4g}"
    point = results.points[move.point]
    return (
        Cell(effect.name or "several at once"),
        Cell(MISSING if axis is None else format_number(axis.base)),
        Cell(ends),
        Cell(move.label),
        Cell(format_number(move.in_sd, choose_move_decimals(move)), Tone.CAUTION if is_large else None),
        Cell(format_rounded(None if move.mcse is None else float(f"{move.mcse:.2g}"))),
        Cell(point.label if axis is None else f"{point.find_value(axis):.4g}"),
        *((Cell(_list_reversals(results, effect) or MISSING),) if has_decisions else ()),
    )


def _list_reversals(results: StudyResults, effect: PriorEffect) -> str:
    """Return the decisions that a part of the prior reverses, and where they tip if that is known."""
    base, own = results.points[0], (effect.kind, effect.name)
    points = [point for point in results.points if point.number and identify_part(point) == own]
    tips = {
        tip.decision: f" ({tip.nearest} {side.value:.3g})"
        for tip in results.tipping
        if tip.hyperparameter == effect.name
        and (side := tip.nearest_side) is not None
        and side.value is not None
    }
    reversed_ = [
        text
        for text in results.plan.decisions
        if text in tips
        or any({base.find_answer(text), point.find_answer(text)} == {"yes", "no"} for point in points)
    ]
    return "; ".join(f"`{text}`{tips.get(text, '')}" for text in reversed_)
