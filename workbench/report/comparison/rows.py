"""Row by row: who is predicted better by which run, and what the runs predict."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from workbench.comparison.predictions import PredictionComparison
from workbench.comparison.row_differences import (
    PredictedMeans,
    RowDifference,
    RowPrediction,
    list_predicted_means,
    list_row_differences,
)
from workbench.report import figures
from workbench.report.document import Block, Cell, Column, Figure, Figures, Paragraph, Section, TableBlock
from workbench.report.numbers import MISSING, format_number
from workbench.results import Fit


def build_section(fits: Mapping[str, Fit], comparison: PredictionComparison) -> Section | None:
    """Return which rows the best two runs predict differently; `None` where that is not known."""
    names = tuple(comparison.standings or {})[:2]
    differences = list_row_differences(fits, comparison)
    means = list_predicted_means(fits, comparison)
    blocks: list[Block] = [
        *(Paragraph(describe_means(names, each)) for each in means),
        *_draw(comparison, names, means),
        *_build_table(comparison, names, differences),
    ]
    title = f"{comparison.unit.capitalize()} by {comparison.unit}"
    return Section("rows", title, tuple(blocks)) if blocks else None


def describe_means(names: tuple[str, ...], means: PredictedMeans) -> str:
    """Return how far the predictions of two runs are apart, beside how uncertain each is."""
    what = "probabilities" if means.is_probability else "means"
    difference = format_number(means.typical_difference)
    share = means.typical_difference / means.spread if means.spread > 0 else 0.0
    compared = "" if means.is_probability else f", {format_number(share, 2)} of the predictive SD of a row"
    return (
        f"The predicted {what} of `{means.outcome}` by `{names[0]}` and `{names[1]}` typically differ by "
        f"{difference} (root mean square){compared}."
    )


def _draw(
    comparison: PredictionComparison, names: tuple[str, ...], means: tuple[PredictedMeans, ...]
) -> Iterator[Figures]:
    letters = comparison.letters
    if not means or not all(name in letters for name in names):
        return
    first, second = letters[names[0]], letters[names[1]]
    drawn = []
    for each in means:
        unit = "probability" if each.is_probability else f"mean of {each.outcome}"
        alt = (
            f"What {first} and {second} predict of each row of {each.outcome}: {describe_means(names, each)}"
        )
        picture = figures.draw_side_by_side(each.first, each.second, (first, second), unit)
        drawn.append(Figure(picture, alt.replace("`", ""), each.outcome))
    text = (
        f"What {first} (`{names[0]}`) and {second} (`{names[1]}`), fitted to all rows, predict of each. "
        "On the line they agree."
    )
    yield Figures("side-by-side", tuple(drawn), text, "medium")


def _build_table(
    comparison: PredictionComparison, names: tuple[str, ...], differences: tuple[RowDifference, ...]
) -> Iterator[TableBlock]:
    if not differences:
        return
    has_predictions = any(each.predictions for each in differences)
    unit = comparison.unit
    columns = [
        Column(unit.capitalize(), "name"),
        *((Column("Observed", "number"),) if has_predictions else ()),
        *(Column(name, "text", "Predicted, with 90 % interval") for name in names if has_predictions),
        *(Column(name, "number", "elpd [nats]") for name in names),
        Column("Difference", "number", "elpd [nats]", help="above 0 where the first predicts it better"),
    ]
    seen = (
        " Predicted: mean and interval of the predictive distribution of the fit, which has seen the row."
        if has_predictions
        else ""
    )
    yield TableBlock(
        key="row-differences",
        caption=f"The {unit}s that `{names[0]}` and `{names[1]}` predict most differently",
        columns=tuple(columns),
        rows=tuple(_build_row(each, has_predictions=has_predictions) for each in differences),
        note=f"elpd: log predictive density of the {unit} when it is left out.{seen}",
    )


def _build_row(each: RowDifference, *, has_predictions: bool) -> tuple[Cell, ...]:
    shown = [Cell(_describe(one)) for one in each.predictions] or [Cell(MISSING), Cell(MISSING)]
    observed = Cell(MISSING if each.observed is None else format_number(each.observed))
    return (
        Cell(each.label),
        *((observed, *shown) if has_predictions else ()),
        Cell(format_number(each.elpd[0], 2)),
        Cell(format_number(each.elpd[1], 2)),
        Cell(format_number(each.difference, 2)),
    )


def _describe(prediction: RowPrediction) -> str:
    mean, lower, upper = (
        format_number(number) for number in (prediction.mean, prediction.lower, prediction.upper)
    )
    return f"{mean} ({lower} to {upper})"
