"""A study in tables: what moves how far, when conclusions tip, each point, and the priors alone."""

from __future__ import annotations

from typing import Any

import pandas as pd

from workbench.report.document import (
    Block,
    Cell,
    Code,
    Column,
    Facts,
    Notice,
    Paragraph,
    Section,
    Table,
    Tone,
)
from workbench.report.numbers import MISSING, decimals_for, format_count, format_number, format_seconds
from workbench.report.reading import Record
from workbench.report.study import slopes
from workbench.report.study.slices import label, means_shown, number, rows_of, value_at
from workbench.studies import Study, axes_apart, leading_method
from workbench.studies.outcomes.conclusion import MEANS
from workbench.thresholds import SHIFT_LIMIT

_HOW = {"base": "base fit", "refit": "refit", "weights": "weights", "failed": "failed", "skipped": "mode"}


def moves(study: Study) -> Section:
    """Return how far each posterior mean moves, and how fast it does at the base."""
    found = study.record["conclusion"]["moves"]
    if not found:
        return Section("moves", "What moves", (Notice("There is no posterior to compare."),))
    rows = rows_of(study, leading_method(study.record))
    ranked = sorted(found, key=lambda name: -abs(found[name]["in_sd"]))
    means = means_shown(study)
    table = Table(
        key="moves-table",
        caption=f"How far each {MEANS[leading_method(study.record)]} moves over all points",
        columns=(
            Column("Quantity", "name"),
            Column("Base", "number", means),
            Column("Lowest", "number", means),
            Column("Highest", "number", means),
            Column("Largest move", "number", means, "In posterior SDs of the base fit"),
            Column("At", "text", means),
        ),
        rows=tuple(_move(study, name, rows.get((0, name))) for name in ranked),
        is_interactive=True,
    )
    return Section("moves", "What moves", (table, *slopes.table(study, ranked)))


def _move(study: Study, name: str, base: Any) -> tuple[Cell, ...]:
    one = study.record["conclusion"]["moves"][name]
    decimals = decimals_for(number(base, "sd"))
    point = study.record["points"][one["point"]]
    return (
        Cell(label(study, name)),
        Cell(format_number(number(base, "mean"), decimals)),
        Cell(format_number(one["lowest"], decimals)),
        Cell(format_number(one["highest"], decimals)),
        Cell(format_number(one["in_sd"], 2), Tone.CAUTION if abs(one["in_sd"]) > SHIFT_LIMIT else None),
        Cell(point["label"]),
    )


def decisions(study: Study) -> Section:
    """Return when each conclusion tips."""
    tips = study.record["tipping"]
    if not tips and study.record["plan"]["decisions"]:
        words = "Where conclusions tip is searched among posteriors, which need nuts among --methods."
        return Section("tipping", "When conclusions tip", (Notice(words),))
    if not tips:
        words = "No conclusion was stated; --decision 'P(beta[1]>0)>0.95' follows one to where it tips."
        return Section("tipping", "When conclusions tip", (Notice(words),))
    table = Table(
        key="tipping-table",
        caption="The smallest change of each hyperparameter that changes a conclusion",
        columns=(
            Column("Conclusion", "prose"),
            Column("Now", "text"),
            Column("Hyperparameter", "name"),
            Column("Base", "number"),
            Column("Tips below", "prose"),
            Column("Tips above", "prose"),
        ),
        rows=tuple(_tip(tip) for tip in tips),
        note="In brackets two Monte Carlo standard errors to each side; a full fit there confirmed each.",
        is_prose=True,
    )
    return Section("tipping", "When conclusions tip", (table,))


def _tip(tip: Record) -> tuple[Cell, ...]:
    return (
        Cell(f"`{tip['decision']}`"),
        Cell("holds" if tip["holds"] else "does not hold"),
        Cell(tip["hyperparameter"]),
        Cell(format_number(tip["base"])),
        *(
            Cell(_side(side, tip[side]), Tone.CAUTION if side == tip["nearest"] else None)
            for side in ("below", "above")
        ),
    )


def _side(side: str, one: Record) -> str:
    if one["status"] == "found":
        ends = " to ".join(format_number(_three(one[key])) for key in ("lower", "upper"))
        return f"{format_number(_three(one['value']))} ({ends})"
    if one["status"] == "none":
        return f"not {'down' if side == 'below' else 'up'} to {format_number(_three(one['searched']))}"
    return f"not known: {one['reason']}"


def _three(value: object) -> object:
    return float(f"{value:.3g}") if isinstance(value, float) else value


def points(study: Study) -> Section:
    """Return every point: how its posterior was had, how reliable that is, what it predicts and decides."""
    texts = study.record["plan"]["decisions"]
    first = {
        point: row for (point, _), row in reversed(list(rows_of(study, leading_method(study.record)).items()))
    }
    table = Table(
        key="points-table",
        caption="Every point of the study",
        columns=(
            *_places(study),
            Column("How", "text", help="A full fit, or importance weights of the nearest one"),
            Column("k-hat", "number", "Reliability"),
            Column("ESS", "number", "Reliability", "Effective draws of the slowest quantity"),
            Column("R-hat", "number", "Reliability", "Of the full fit"),
            Column("Divergences", "number", "Reliability", "Of the full fit"),
            Column("elpd (LOO)", "number", "Prediction", "Expected log predictive density"),
            Column("lpd", "number", "Prediction", "Log predictive density of the data as seen"),
            *(Column(f"`{text}`", "text", "Conclusions") for text in texts),
        ),
        rows=tuple(
            (*_place(study, point), *_point(point, first.get(point["number"]), texts))
            for point in study.record["points"]
        ),
        is_interactive=True,
    )
    return Section("points", "Point by point", (table, *_failed(study)))


def _point(point: Record, row: Any, texts: list[str]) -> tuple[Cell, ...]:
    held = point.get("decisions", {})
    khat = format_number(point.get("khat"), 2) if point["how"] in ("weights", "skipped") else MISSING
    return (
        Cell(_HOW[point["how"]], Tone.FAIL if point["how"] == "failed" else None),
        Cell(khat),
        Cell(format_count(point.get("ess"))),
        Cell(format_number(point.get("rhat"), 3)),
        Cell(format_count(point.get("divergences")), Tone.CAUTION if point.get("divergences") else None),
        Cell(format_number(number(row, "elpd_loo"), 1)),
        Cell(format_number(number(row, "lpd"), 1)),
        *(Cell({True: "yes", False: "no", None: MISSING}[held.get(text)]) for text in texts),
    )


def _places(study: Study) -> tuple[Column, ...]:
    """Return the columns that say where a point is."""
    axes = axes_apart(study.record)
    return tuple(Column(f"`{axis['name']}`", "number") for axis in axes) or (Column("Point", "text"),)


def _place(study: Study, point: Record) -> tuple[Cell, ...]:
    """Return where a point is, a cell for each of those columns."""
    axes = axes_apart(study.record)
    return tuple(Cell(f"{value_at(point, axis):.4g}") for axis in axes) or (Cell(point["label"]),)


def _failed(study: Study) -> tuple[Block, ...]:
    failed = [point for point in study.record["points"] if point["how"] == "failed"]
    return tuple(Notice(f"{point['label']}: {point['reason']}", Tone.FAIL) for point in failed)


def prior_alone(study: Study) -> Section:
    """Return what each setting of the priors says about data before any are seen."""
    title = "Before seeing any data"
    part = study.record["prior_alone"]
    if part["status"] != "ok":
        words = f"The priors alone were not drawn from: {part['reason']}"
        return Section("prior-alone", title, (Notice(words),))
    frame = study.frame
    own = frame[(frame["method"] == "prior") & (frame["status"] == "ok")]
    predicted = own[~own["parameter"].isin(study.record["quantities"])]
    shown, what = (own, "each quantity") if predicted.empty else (predicted, "the data")
    rows = shown.to_dict("records")
    table = Table(
        key="prior-alone-table",
        caption=f"What the priors alone say about {what}",
        columns=(
            *_places(study),
            Column("Quantity", "name"),
            Column("Median", "number"),
            Column("Lower", "number", "Interval"),
            Column("Upper", "number", "Interval"),
            Column(
                "Below", "number", "Outside the data", "Share of predictions below the smallest observation"
            ),
            Column(
                "Above", "number", "Outside the data", "Share of predictions above the largest observation"
            ),
        ),
        rows=tuple(_prior(study, row) for row in rows),
        is_interactive=True,
    )
    return Section("prior-alone", title, (Paragraph(_PRIOR_WORDS), table, *_no_prior(study)))


def _no_prior(study: Study) -> tuple[Block, ...]:
    """Return the points whose prior alone could not be drawn from, and why."""
    frame = study.frame
    bad = frame[(frame["method"] == "prior") & (frame["status"] != "ok")]
    return tuple(
        Notice(f"{study.record['points'][int(row['point'])]['label']}: {row['reason']}", Tone.CAUTION)
        for row in bad.to_dict("records")
    )


_PRIOR_WORDS = (
    "The program was sampled with its likelihood switched off. A prior whose predictions mostly lie outside "
    "anything that could be observed says more than its author meant."
)


def _prior(study: Study, row: Any) -> tuple[Cell, ...]:
    decimals = decimals_for(number(row, "sd"))
    return (
        *_place(study, study.record["points"][int(row["point"])]),
        Cell(str(row["label"])),
        *(Cell(format_number(number(row, key), decimals)) for key in ("median", "lower", "upper")),
        *(Cell(_share(row.get(key))) for key in ("below", "beyond")),
    )


def _share(value: Any) -> str:
    return MISSING if value is None or pd.isna(value) else f"{100 * float(value):.0f}%"


def provenance(study: Study) -> Section:
    """Return where the numbers come from."""
    record = study.record
    command = record.get("command")
    facts = (
        ("Program", f"`{record['model']['path']}`"),
        ("Data", f"`{record['data']['path']}`"),
        ("Seed", str(record["seed"])),
        ("Time taken", format_seconds(record["timings"]["study"])),
        ("Stan", str(record.get("toolchain", {}).get("stan", MISSING))),
        ("workbench", str(record["workbench"])),
        ("Made", str(record["created"])),
    )
    blocks: tuple[Block, ...] = (Code("command", str(command), "console"),) if command else ()
    return Section("reproduce", "How to reproduce this", (*blocks, Facts(facts)))
