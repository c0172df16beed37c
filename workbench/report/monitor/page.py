"""The page of a monitor: what `workbench monitor --html` writes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

import numpy as np

from workbench.monitoring.account import MonitorAccount
from workbench.monitoring.standing import MonitorStanding
from workbench.monitoring.state import Period
from workbench.monitoring.transforms import Family
from workbench.provenance import read_workbench_version
from workbench.report import figures
from workbench.report.document import (
    Block,
    Document,
    Facts,
    Figure,
    Figures,
    Paragraph,
    Section,
    Tone,
    Verdict,
    VerdictReason,
)
from workbench.report.monitor.sentences import describe_account
from workbench.report.monitor.tables import build_batches, build_earlier, build_rows
from workbench.report.numbers import format_number, pluralise

_MOST_BATCHES = 200
"""Batches that the page lists."""

_MOST_CURVES = 6
"""Statistics that have a picture of their own."""


def build_monitor_report(account: MonitorAccount) -> Document:
    """Return where a monitor stands as a document with pictures."""
    period = account.period
    now = datetime.now(UTC).strftime("%Y-%m-%d at %H:%M:%S UTC")
    first, *others = describe_account(account)
    sections = [
        _build_curve(account),
        *_build_statistics(account),
        *_build_rows(account),
        Section("batches", "Batches", (build_batches(period, _MOST_BATCHES),)),
        *_build_windows(account),
        *_build_earlier(account),
        _explain(account),
    ]
    return Document(
        title=period.reference,
        subtitle=f"{pluralise(len(period.batches), 'batch')} since {period.time[:16].replace('T', ' ')} UTC",
        byline=f"Written {now} by workbench {read_workbench_version()}",
        verdict=Verdict(choose_tone(account), first, tuple(VerdictReason(text) for text in others)),
        sections=tuple(sections),
        kicker="Monitor of a model",
    )


def choose_tone(account: MonitorAccount) -> Tone:
    """Return how bad it is: a change of predictors alone says nothing against the model."""
    if not account.is_alarm or account.finding is None:
        return Tone.OK
    return Tone.CAUTION if account.finding.family == "predictors" else Tone.FAIL


def _build_curve(account: MonitorAccount) -> Section:
    period = account.period
    marks = _make_marks(account)
    curves = [
        figures.DetectorCurve([batch.number for batch in part.batches], part.standing.log_value)
        for part in period.parts
        if part.batches
    ]
    families: dict[str, list[figures.DetectorCurve]] = {}
    for part in period.parts:
        for each in part.standing.families:
            numbers = [part.batches[int(place)].number for place in each.places]
            families.setdefault(each.family, []).append(
                figures.DetectorCurve(numbers, each.detector.log_value)
            )
    standing = period.standing
    if not curves:
        return Section("detector", "The detector", (Paragraph("No batch has counted yet."),))
    no_families: dict[str, list[figures.DetectorCurve]] = {}
    shown = families if len(families) > 1 else no_families
    drawing = figures.draw_detector(curves, shown, period.begun.arl, marks)
    alt = (
        f"The detector after each of {len(period.batches)} batches: {format_number(standing.value)} after "
        "the "
        f"last, threshold {format_number(period.begun.arl)}."
    )
    explanation = (
        "The detector adds up evidence that something has moved since some batch, up or down, in any of the "
        "statistics. At the threshold there is an alarm. Lines of families are their own detectors; the "
        "alarm is "
        "raised by their average."
    )
    shaded = [
        "Shaded batches are suppressed." if marks.suppressed else "",
        "A dashed vertical line is an alarm that was acknowledged." if marks.acknowledged else "",
        "The dotted vertical line is where it moved." if marks.onset is not None else "",
    ]
    explanation = " ".join([explanation, *(text for text in shaded if text)])
    block = Figures(
        "detector-curve", (Figure(drawing, alt, "Detector by batch, on a log scale"),), explanation, "medium"
    )
    return Section("detector", "The detector", (block,))


def _make_marks(account: MonitorAccount) -> figures.DetectorMarks:
    period = account.period
    onset = account.onset if account.is_alarm else None
    return figures.DetectorMarks(
        (1, max(1, len(period.batches))),
        [batch.number for batch in period.batches if not batch.is_counted],
        [each.after for each in period.acknowledgements],
        None if onset is None else onset.number,
    )


def _build_statistics(account: MonitorAccount) -> Iterator[Section]:
    """Yield the statistics that lead, each with its transforms."""
    period, standing = account.period, account.period.standing
    chosen = rank_statistics(standing)[:_MOST_CURVES]
    if not chosen:
        return
    marks = _make_marks(account)
    pictures = []
    for family, name in chosen:
        numbers, values = collect_transforms(period, family, name)
        last = [value for value in values if not np.isnan(value)][-1:]
        said = f"{format_number(last[0], 3)} in the last" if last else "none"
        pictures.append(
            Figure(
                figures.draw_transforms(numbers, np.array(values), marks),
                f"{name}: transforms of {len(numbers)} batches, {said}.",
                f"`{name}`" if family == "outcomes" else f"predictors: `{name}`",
            )
        )
    explanation = (
        "Each dot is a batch: where the statistic lies among those of batches as the model expects them, as "
        "a "
        "normal score. While nothing changes the dots scatter around 0, and 2 in 100 lie outside the band. "
        "The "
        "statistics with most evidence come first."
    )
    yield Section(
        "statistics", "Which statistics?", (Figures("statistics-curves", tuple(pictures), explanation),)
    )


def rank_statistics(standing: MonitorStanding) -> list[tuple[Family, str]]:
    """Return all statistics, those with most evidence after the last batch first."""
    found: list[tuple[float, Family, str]] = []
    for each in standing.families:
        with np.errstate(divide="ignore"):
            weighted = each.detector.log_statistics[-1] + np.log(each.detector.weights)
        found += [(float(value), each.family, name) for name, value in zip(each.names, weighted, strict=True)]
    return [(family, name) for _, family, name in sorted(found, key=lambda item: -item[0])]


def collect_transforms(period: Period, family: Family, name: str) -> tuple[list[int], list[float]]:
    """Return the transforms of a statistic in all batches that have it, with their numbers."""
    numbers, values = [], []
    for batch in period.batches:
        for each in batch.event.transforms:
            if each.family == family and name in each.names:
                numbers.append(batch.number)
                values.append(each.read_values()[name])
    return numbers, values


def _build_rows(account: MonitorAccount) -> Iterator[Section]:
    table = build_rows(account, len(account.rows))
    if table is not None:
        note = (
            "A row's contribution is how far it moves the statistic, in the standard deviations that the "
            "statistic has by chance."
        )
        yield Section("rows", "Which rows?", (table, Paragraph(note)))


def _build_windows(account: MonitorAccount) -> Iterator[Section]:
    windows = account.state.windows
    if windows:
        facts = tuple(
            (f"{each.start[:16].replace('T', ' ')} to {each.end[:16].replace('T', ' ')} UTC", each.reason)
            for each in windows
        )
        yield Section("windows", "Suppressed times", (Facts(facts),))


def _build_earlier(account: MonitorAccount) -> Iterator[Section]:
    table = build_earlier(account.state)
    if table is not None:
        yield Section("earlier", "Versions that were monitored before", (table,))


def _explain(account: MonitorAccount) -> Section:
    begun = account.period.begun
    how = (
        "Outcomes are compared with what the model predicts given its own rows and all batches before: its "
        "draws "
        "are reweighted by these, and where the weights will not do, its program is fitted to all rows."
        if begun.mode == "model"
        else f"Batches are compared with the rows of `{begun.reference_name}` and of all batches before: "
        "what the "
        "model got wrong there counts for nothing."
    )
    texts: Sequence[str] = (
        how,
        "Predictors are compared with the model's own table and all batches before.",
        f"While nothing changes, the first alarm comes after {format_number(begun.arl)} batches or more in "
        "expectation, however the statistics depend on each other (e-detectors: Shin, Ramdas and Rinaldo, "
        "2024).",
    )
    blocks: tuple[Block, ...] = (
        *(Paragraph(text) for text in texts if "predictors" in begun.families or "Predictors" not in text),
        Facts(
            (
                ("state", str(account.place)),
                ("average run length", f"{begun.arl:g} batches"),
                ("watched", " and ".join(begun.families)),
                ("seed", str(begun.seed)),
                ("last event", account.state.head),
            )
        ),
    )
    return Section("method", "How batches are judged", blocks)
