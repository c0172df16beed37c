"""The page of scores: what `workbench score --html` writes."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import numpy as np
import pandas as pd

from workbench.prediction.scores import ScoredOutcome, ScoredSteps, ScoredTable
from workbench.prediction.scores.position import LEVELS
from workbench.provenance import read_workbench_version
from workbench.report import figures
from workbench.report.document import Block, Document, Figure, Figures, Items, Notice, Paragraph, Section
from workbench.report.numbers import format_number
from workbench.report.score.sentences import describe_table
from workbench.report.score.tables import (
    build_categories,
    build_components,
    build_coverage,
    build_scores,
    build_steps,
    build_strangest,
    build_tails,
    make_key,
    select_rows,
)
from workbench.report.score.words import SCORES

MOST_STEPS = 200
"""Steps of a forecast that the page lists. Ours."""

MOST_STRANGE = 50
"""Rows that the page lists; a file that `--output` names has them all."""


def build_score_report(table: ScoredTable, rows: pd.DataFrame, title: str, subtitle: str) -> Document:
    """Return the scores of new rows as a document with pictures.

    Parameters
    ----------
    table
        The scores.
    rows
        The scores of each row, as `tabulate_rows` makes them.
    title, subtitle
        The model, and what was scored.
    """
    now = datetime.now(UTC).strftime("%Y-%m-%d at %H:%M:%S UTC")
    sections = [
        section
        for scored in table.outcomes
        for section in _build_sections(scored, select_rows(rows, scored), table.steps)
    ]
    return Document(
        title=title,
        subtitle=subtitle,
        byline=f"Written {now} by workbench {read_workbench_version()}",
        opening=describe_table(table),
        sections=(*sections, _explain_scores(table)),
        kicker="Scores of new rows",
    )


def _build_sections(
    scored: ScoredOutcome, rows: pd.DataFrame, steps: ScoredSteps | None
) -> Iterator[Section]:
    name, key = scored.leading.name, make_key(scored.leading.name)
    blocks: list[Block] = [build_scores(scored)]
    if scored.own_reason:
        blocks.append(Notice(f"The fit's own rows are not beside them: {scored.own_reason}"))
    optional = (
        build_components(scored),
        build_categories(scored),
        # Rows that err together leave the bands of independent ones.
        *(() if steps is not None and steps.is_path else _draw(scored)),
        build_coverage(scored),
    )
    blocks += [block for block in optional if block is not None]
    yield Section(f"outcome-{key}", f"How well is {name} predicted?", tuple(blocks))
    if steps is not None:
        listed = build_steps(scored, rows, MOST_STEPS)
        yield Section(f"steps-{key}", f"How far ahead is {name} predicted?", (listed,))
    tails = build_tails(scored)
    if tails is not None:
        explanation = Paragraph(
            "A tail area is the predictive probability of values as far out as the observed one, on both "
            "sides; of categories, of those that are no more probable. Of many rows some lie far out by "
            "chance: compare how many with how many chance puts there before looking for a reason in one."
        )
        strangest = build_strangest(scored, rows, MOST_STRANGE)
        yield Section(f"rows-{key}", f"Which values of {name} are strange?", (explanation, tails, strangest))


def _draw(scored: ScoredOutcome) -> Iterator[Figures]:
    """Yield the pictures of an outcome: reliability of a yes/no, otherwise transforms and coverage."""
    leading = scored.leading
    elements = leading.elements
    name, key = leading.name, make_key(leading.name)
    if leading.kind == "yes/no":
        predicted, observed = float(leading.probability.mean()), float(elements.observed.mean())
        drawing = Figure(
            figures.draw_reliability(elements.observed, leading.probability),
            f"{name}: mean predicted probability {format_number(predicted)}, observed share "
            f"{format_number(observed)}.",
            f"`{name}`: observed frequency by predicted probability",
        )
        explanation = (
            "The line is the frequency at each predicted probability, by isotonic regression; on the "
            "diagonal the probabilities are right. The band holds 95% of such lines if they are."
        )
        yield Figures(f"pictures-{key}", (drawing,), explanation, "medium")
        return
    transforms = elements.transform[~np.isnan(elements.transform)]
    if len(transforms) < 2:
        return
    pictures = [
        Figure(
            figures.draw_pit(transforms),
            f"PIT of {name}: the ECDF {_say_whether_within(transforms)} its 95% band.",
            f"`{name}`: probability integral transforms",
        )
    ]
    explanation = (
        "Transforms: the ECDF of the predictive probability below each observed value, less that of uniform "
        "values; it lies within the band with 95% probability if the model is right."
    )
    measures = scored.leading_measures
    coverages = [measures[f"coverage_{100 * level:g}"] for level in LEVELS] if not leading.categories else []
    if coverages and all(coverage.count for coverage in coverages):
        shares = [coverage.value for coverage in coverages]
        listed = ", ".join(
            f"{100 * level:g}% intervals hold {100 * share:.1f}%"
            for level, share in zip(LEVELS, shares, strict=True)
        )
        intervals = figures.draw_coverage(LEVELS, shares, [coverage.se for coverage in coverages])
        pictures.append(Figure(intervals, f"{name}: {listed}.", f"`{name}`: share within central intervals"))
        explanation += (
            " Intervals: the share of values within each should be on the line; bars are two binomial "
            "standard errors."
        )
    yield Figures(f"pictures-{key}", tuple(pictures), explanation, "medium")


def _say_whether_within(transforms: np.ndarray) -> str:
    return "stays within" if figures.is_within_band(transforms) else "leaves"


def _explain_scores(table: ScoredTable) -> Section:
    """Return what the scores mean that are in the tables."""
    used = {
        name
        for scored in table.outcomes
        for measures in scored.measures.values()
        for name, measure in measures.items()
        if measure.count
    }
    items = tuple(f"{title}: {meaning}." for name, (title, meaning) in SCORES.items() if name in used)
    return Section("meaning", "What the scores mean", (Items(items),))
