"""Scores as tables: of the whole table by method, of intervals, of categories, and of the strangest rows."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd

from workbench.prediction.scores import ComponentScores, ScoredOutcome
from workbench.prediction.scores.classes import CategoryScores
from workbench.prediction.scores.position import LEVELS
from workbench.report.document import Cell, Column, TableBlock
from workbench.report.numbers import (
    MISSING,
    format_count,
    format_interval,
    format_number,
    format_percentage,
    format_share,
    format_with_error,
)
from workbench.report.score.words import SCORES, format_measure, name_method

_MOST_COMPONENTS = 30
"""Components that a table lists. Ours."""


def make_key(name: str) -> str:
    """Return the name of an outcome as a part of an address.

    >>> make_key("y_new")
    'y-new'
    """
    return "".join(letter if letter.isascii() and letter.isalnum() else "-" for letter in name)


def build_scores(scored: ScoredOutcome) -> TableBlock:
    """Return a row for each score and a column for each method, with what the first gains over the others."""
    columns = [Column("Score", "text"), Column(name_method(scored.leading.method), "number")]
    for method in scored.gains:
        columns.append(Column(name_method(method), "number", drop_order=2))
        columns.append(Column(f"gain over {name_method(method)}", "number"))
    has_own = scored.own is not None
    if has_own:
        columns.append(Column("own rows", "number", drop_order=1))
    names = [name for name in scored.leading_measures if name in SCORES]
    rows = [_build_row(scored, name, has_own=has_own) for name in names]
    return TableBlock(
        key=f"scores-{make_key(scored.leading.name)}",
        caption=f"Scores of `{scored.leading.name}`",
        columns=tuple(columns),
        rows=tuple(row for row in rows if row is not None),
        note=_explain_scores(scored),
    )


def _build_row(scored: ScoredOutcome, name: str, *, has_own: bool) -> tuple[Cell, ...] | None:
    found = [measures.get(name) for measures in scored.measures.values()]
    if not any(measure is not None and measure.count for measure in found):
        return None
    cells = [Cell(SCORES[name][0]), Cell(format_measure(found[0]))]
    for (_, gains), measure in zip(scored.gains.items(), found[1:], strict=True):
        gain = gains.get(name)
        text = MISSING if gain is None else format_with_error(gain.value, gain.se)
        cells += [Cell(format_measure(measure)), Cell(text)]
    if has_own:
        own = scored.own.measures.get(name) if scored.own is not None else None
        cells.append(Cell(format_measure(own)))
    return tuple(cells)


def _explain_scores(scored: ScoredOutcome) -> str:
    """Return what the columns mean."""
    has_errors = any(not math.isnan(measure.se) for measure in scored.leading_measures.values())
    notes = ["In parentheses: standard errors over rows; none where all are alike."] if has_errors else []
    if scored.gains:
        error = "; its error is that of paired rows" if has_errors else ""
        notes.append(f"A gain is positive where the first column is better{error}.")
    if scored.leading.kind == "yes/no":
        notes.append(f"A row is called yes from a probability of {scored.threshold:g} on.")
    if scored.own is not None and scored.own.is_left_out:
        notes.append(
            "Own rows: the log density of each is given all others (leave-one-out); their other scores are "
            "of rows that the fit has seen, and so too good."
        )
    elif scored.own is not None:
        notes.append("Own rows: the fit has seen them, so that their scores are too good.")
    return " ".join(notes)


def build_coverage(scored: ScoredOutcome) -> TableBlock | None:
    """Return how many outcomes lie in their central intervals; `None` for outcomes without intervals."""
    measures = scored.leading_measures
    names = [f"{100 * level:g}" for level in LEVELS]
    if not all(f"coverage_{name}" in measures and measures[f"coverage_{name}"].count for name in names):
        return None
    rows = []
    for name in names:
        coverage, width = measures[f"coverage_{name}"], measures[f"width_{name}"]
        cells = [
            f"{name}%",
            format_percentage(coverage.value, 1),
            MISSING if math.isnan(coverage.se) else format_percentage(coverage.se, 1),
            format_number(width.value),
        ]
        if scored.own is not None:
            own = scored.own.measures.get(f"coverage_{name}")
            cells.append(MISSING if own is None or not own.count else format_percentage(own.value, 1))
        rows.append(tuple(Cell(text) for text in cells))
    columns = [
        Column("Interval", "number"),
        Column("holds", "number"),
        Column("± by chance", "number"),
        Column("mean width", "number"),
    ]
    if scored.own is not None:
        columns.append(Column("own rows", "number", drop_order=1))
    notes = []
    if any(row[2].text != MISSING for row in rows):
        notes.append(
            "± by chance: the standard error of the share in so many rows, if the intervals are right."
        )
    if scored.leading.kind == "count":
        notes.append("Intervals of whole numbers hold at least their probability, often more.")
    return TableBlock(
        key=f"intervals-{make_key(scored.leading.name)}",
        caption=f"Predictive intervals of `{scored.leading.name}`",
        columns=tuple(columns),
        rows=tuple(rows),
        note=" ".join(notes),
    )


def build_categories(scored: ScoredOutcome) -> TableBlock | None:
    """Return each category against all others; `None` for outcomes without categories."""
    if not scored.categories:
        return None
    names = ("brier", "false_positive_rate", "true_positive_rate", "auc")
    return TableBlock(
        key=f"categories-{make_key(scored.leading.name)}",
        caption=f"Each category of `{scored.leading.name}` against all others",
        columns=(
            Column("Category", "number"),
            Column("observed share", "number"),
            Column("mean probability", "number"),
            *(Column(SCORES[name][0], "number", help=SCORES[name][1]) for name in names),
        ),
        rows=tuple(_build_category(category, names) for category in scored.categories),
        note=f"A row is called a category from a probability of {scored.threshold:g} on.",
    )


def _build_category(category: CategoryScores, names: tuple[str, ...]) -> tuple[Cell, ...]:
    measures = {measure.name: measure for measure in category.measures}
    return (
        Cell(str(category.category)),
        Cell(format_percentage(category.observed, 1)),
        Cell(format_percentage(category.predicted, 1)),
        *(Cell(format_measure(measures[name])) for name in names),
    )


def build_components(scored: ScoredOutcome) -> TableBlock | None:
    """Return each component of an outcome that has several in a row; `None` for other outcomes."""
    if not scored.components:
        return None
    shown = scored.components[:_MOST_COMPONENTS]
    listed = ("log_density", "crps", "rmse", "mae", "bias", "brier", "accuracy", "auc")
    names = [name for name in listed if any(_has(one, name) for one in shown)]
    shares = [name for name in ("coverage_50", "coverage_95") if all(_has(one, name) for one in shown)]
    columns = [Column("Component", "name")]
    columns += [Column(SCORES[name][0], "number", help=SCORES[name][1]) for name in names]
    columns += [Column(f"{name.partition('_')[2]}% intervals hold", "number") for name in shares]
    rows = [
        (
            Cell(one.name),
            *(Cell(format_measure(one.measures.get(name))) for name in names),
            *(Cell(format_percentage(one.measures[name].value, 1)) for name in shares),
        )
        for one in shown
    ]
    left_out = len(scored.components) - len(shown)
    return TableBlock(
        key=f"components-{make_key(scored.leading.name)}",
        caption=f"Each component of `{scored.leading.name}`",
        columns=tuple(columns),
        rows=tuple(rows),
        note=f"{format_count(left_out)} more with --json" if left_out else "",
    )


def _has(component: ComponentScores, name: str) -> bool:
    return name in component.measures and bool(component.measures[name].count)


def build_tails(scored: ScoredOutcome) -> TableBlock | None:
    """Return how many rows lie in tails, and how many chance puts there; `None` where that is not known."""
    if not scored.tails:
        return None
    return TableBlock(
        key=f"tails-{make_key(scored.leading.name)}",
        caption=f"Rows of `{scored.leading.name}` in the tails of their predictions",
        columns=(
            Column("Tail area up to", "number"),
            Column("rows", "number"),
            Column("expected by chance", "number", help="if the model is right; of counts, or fewer"),
            Column("p", "number", help="probability of as many or more by chance"),
        ),
        rows=tuple(
            (
                Cell(f"{count.area:g}"),
                Cell(format_count(count.found)),
                Cell(format_number(count.expected, 1)),
                Cell(format_share(count.p_value)),
            )
            for count in scored.tails
        ),
    )


def select_rows(rows: pd.DataFrame, scored: ScoredOutcome) -> pd.DataFrame:
    """Return the scores of the rows of one outcome, whose elements have names such as ``y[3]``."""
    return rows[rows["outcome"].str.partition("[")[0] == scored.leading.name]


def build_steps(scored: ScoredOutcome, rows: pd.DataFrame, most: int) -> TableBlock:
    """Return the rows that follow those of the fit, step by step; parameters as of `build_strangest`."""
    is_number = "mean" in rows.columns and bool(rows["mean"].notna().any())
    columns = [Column("step", "number"), Column("row", "name"), Column("observed", "number")]
    if is_number:
        columns += [Column("mean", "number"), Column("95% interval", "number"), Column("CRPS", "number")]
    else:
        columns += [Column("its probability", "number")]
    columns += [Column("log density", "number")]
    shown = rows.head(most)
    cells = [
        (Cell(str(row["step"])), *_show_row(row, is_number=is_number), *_show_score(row, is_number=is_number))
        for row in shown.to_dict("records")
    ]
    left_out = len(rows) - len(shown)
    return TableBlock(
        key=f"steps-{make_key(scored.leading.name)}",
        caption=f"`{scored.leading.name}` step by step",
        columns=tuple(columns),
        rows=tuple(cells),
        note=f"{format_count(left_out)} more with --output FILE" if left_out else "",
    )


def _show_score(row: dict[object, object], *, is_number: bool) -> tuple[Cell, ...]:
    names = ("crps", "log_density") if is_number else ("log_density",)
    return tuple(Cell(format_number(_to_none(row.get(name)))) for name in names)


def build_strangest(scored: ScoredOutcome, rows: pd.DataFrame, most: int) -> TableBlock:
    """Return the rows farthest out in the tails of their predictions, the farthest first.

    Parameters
    ----------
    scored
        The outcome.
    rows
        The rows of `tabulate_rows` that are of this outcome.
    most
        How many are shown.
    """
    is_number = "mean" in rows.columns and bool(rows["mean"].notna().any())
    columns = [Column("row", "number"), Column("label", "name"), Column("observed", "number")]
    if is_number:
        columns += [Column("mean", "number"), Column("95% interval", "number", drop_order=1)]
    else:
        columns += [Column("its probability", "number")]
    is_joint = "joint_log_density" in rows.columns and scored.density == "joint_log_density"
    density = "log density of its row" if is_joint else "log density"
    columns += [Column("tail area", "number"), Column(density, "number")]
    shown = rows.head(most)
    left_out = len(rows) - len(shown)
    return TableBlock(
        key=f"strangest-{make_key(scored.leading.name)}",
        caption=f"The farthest values of `{scored.leading.name}`",
        columns=tuple(columns),
        rows=tuple(_build_strange(row, is_number=is_number) for row in shown.to_dict("records")),
        note=f"{format_count(left_out)} more with --output FILE" if left_out else "",
    )


def _build_strange(row: dict[object, object], *, is_number: bool) -> tuple[Cell, ...]:
    density = _to_float(row.get("log_density"))
    if math.isnan(density):
        density = _to_float(row.get("joint_log_density"))
    ends = (format_share(_to_none(row["tail_area"])), format_number(_to_none(density)))
    return (Cell(str(row["row"])), *_show_row(row, is_number=is_number), *(Cell(text) for text in ends))


def _show_row(row: dict[object, object], *, is_number: bool) -> tuple[Cell, ...]:
    """Return the label of a row, what was observed, and what was predicted of it."""
    cells = [str(row["label"]), format_number(_to_none(row["observed"]))]
    if is_number:
        lower, upper = _to_float(row.get("lower_95")), _to_float(row.get("upper_95"))
        is_known = not math.isnan(lower)
        cells += [
            format_number(_to_none(row.get("mean"))),
            format_interval(lower, upper) if is_known else MISSING,
        ]
    else:
        density, yes = _to_float(row.get("log_density")), _to_float(row.get("probability"))
        of_observed = yes if row["observed"] == 1 else 1 - yes
        probability = of_observed if math.isnan(density) else math.exp(density)
        cells.append(format_share(_to_none(probability)))
    return tuple(Cell(text) for text in cells)


def _to_float(value: object) -> float:
    return float(value) if isinstance(value, (float, int, np.floating, np.integer)) else math.nan


def _to_none(value: object) -> float | None:
    number = _to_float(value)
    return None if math.isnan(number) else number
