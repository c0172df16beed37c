"""The report of fits to each group of a table: what needs a look first, then how estimates vary."""

from __future__ import annotations

from collections import Counter
from pathlib import PurePath

import numpy as np

from workbench.report import figures
from workbench.report.document import (
    Block,
    Code,
    Disclosure,
    Document,
    Facts,
    Figure,
    Figures,
    Items,
    Paragraph,
    Section,
    Tone,
    Verdict,
    VerdictReason,
)
from workbench.report.numbers import MISSING, format_number, format_seconds, pluralise
from workbench.report.segments.tables import (
    list_groups,
    tabulate_checks,
    tabulate_concerns,
    tabulate_reasons,
    tabulate_sharing,
    tabulate_spreads,
)
from workbench.segments import Segments
from workbench.segments.folder import INDEX
from workbench.segments.ranking import KINDS, Concern, Spread, find_outliers, measure_spreads, rank_concerns
from workbench.thresholds import FEWEST_COMPARED_GROUPS

_MOST_CONCERNS = 200
"""Groups that the report names as needing a look, so that it stays readable; the index has all."""

_MOST_SPREADS = 40
"""Quantities in the table of estimates across groups."""

_MOST_FIGURES = 9
"""Quantities that are drawn."""

_MOST_REASONS = 20
"""Reasons for groups without a fit that are listed."""

_PHRASES = {
    "no fit": ("has no fit", "have no fit"),
    "not reliable": ("has a fit that cannot be relied on", "have fits that cannot be relied on"),
    "outlying": ("has outlying estimates", "have outlying estimates"),
    "reservations": ("has reservations of the checks", "have reservations of the checks"),
}
"""What is said of groups of each kind of concern."""


def build_segments_report(segments: Segments) -> Document:
    """Return the report of fits to groups; everything in it comes from the record and the index."""
    record, concerns, spreads = segments.record, rank_concerns(segments), measure_spreads(segments)
    created = record.created.replace("T", " at ").replace("+00:00", " UTC")
    return Document(
        title=record.model,
        subtitle=f"fitted to each of {pluralise(record.groups, 'group')} of {PurePath(record.data).name}, by "
        + " and ".join(record.by),
        byline=f"Written {created} by workbench {record.workbench}",
        verdict=build_verdict(segments, concerns),
        sections=(
            *_list_concerns(concerns),
            *_list_reasons(segments),
            *build_spread_sections(segments, spreads),
            *build_sharing_sections(segments),
            *_list_checks(segments),
            Section(
                "groups", "All groups", (Disclosure("The list of all groups", (list_groups(segments),)),)
            ),
            _build_provenance(segments),
        ),
        kicker="Report of fits to many groups",
    )


def build_verdict(segments: Segments, concerns: list[Concern]) -> Verdict:
    """Return how many groups need a look, and why."""
    counts = Counter(concern.kind for concern in concerns)
    total, found = segments.record.groups, len(concerns)
    urgent = counts["no fit"] + counts["not reliable"]
    tone = Tone.FAIL if 2 * urgent > total else Tone.CAUTION if found else Tone.OK
    if not found:
        sentence = f"The checks found no problem in any of {pluralise(total, 'group')}."
    else:
        sentence = f"{format_number(found, 0)} of {pluralise(total, 'group')} " + (
            "needs a look." if found == 1 else "need a look."
        )
    reasons = [
        VerdictReason(f"{pluralise(counts[kind], 'group')} {_PHRASES[kind][counts[kind] > 1]}.")
        for kind in KINDS
        if counts[kind]
    ]
    hints = [VerdictReason(hint) for hint in segments.record.hints]
    reliable = sum(row.verdict in ("ok", "caution") for row in segments.rows)
    if reliable < FEWEST_COMPARED_GROUPS:
        text = f"Outlying estimates were not searched for: that takes {FEWEST_COMPARED_GROUPS} groups whose "
        hints.append(VerdictReason(f"{text}fits can be relied on, and there are {reliable}."))
    return Verdict(tone, sentence, (*reasons, *hints))


def _list_concerns(concerns: list[Concern]) -> tuple[Section, ...]:
    if not concerns:
        return ()
    text = (
        "Groups without a fit come first, then fits that cannot be relied on, then estimates that lie "
        "farther from those of other groups than chance allows, then reservations of the checks."
    )
    blocks = (Paragraph(text), tabulate_concerns(concerns, _MOST_CONCERNS))
    return (Section("concerns", "What needs a look", blocks),)


def _list_reasons(segments: Segments) -> tuple[Section, ...]:
    if not segments.record.failed:
        return ()
    table = tabulate_reasons(segments.rows, _MOST_REASONS)
    return (Section("failures", "Why groups have no fit", (table,)),)


def build_spread_sections(segments: Segments, spreads: list[Spread]) -> tuple[Section, ...]:
    """Return the section on how estimates vary between groups; none where there are no two estimates."""
    if not spreads:
        return ()
    outliers = find_outliers(segments)
    drawn = []
    for spread in spreads[:_MOST_FIGURES]:
        known = spread.values[np.isfinite(spread.values)]
        far = [one.value for own in outliers.values() for one in own if one.quantity == spread.quantity]
        shared = next(
            (
                one
                for one in segments.record.shared
                if one.parameter == spread.quantity and one.family == "normal"
            ),
            None,
        )
        normal = None if shared is None else (shared.location, shared.scale)
        drawing = figures.draw_spread(known, np.array(far), normal)
        alt = (
            f"Histogram of the estimates of {spread.quantity} in {len(known)} groups: half are below "
            f"{format_number(spread.median)}, 90% between {format_number(spread.lowest)} and "
            f"{format_number(spread.highest)}; {len(far)} lie far out."
        )
        drawn.append(Figure(drawing, alt, f"`{spread.quantity}`"))
    explanation = (
        "Each histogram shows one estimate for each group whose fit can be relied on; outlying ones are "
        "marked below it. The SD between groups is without what chance adds to estimates (Paule and "
        "Mandel, 1982); where it is small beside the SD within groups, most of what differs here is chance."
    )
    blocks: tuple[Block, ...] = (
        tabulate_spreads(spreads, _MOST_SPREADS),
        Figures("spread-figures", tuple(drawn), explanation),
    )
    return (Section("spreads", "Estimates across groups", blocks),)


def build_sharing_sections(segments: Segments) -> tuple[Section, ...]:
    """Return the section on priors that were estimated from all groups; none where none was."""
    record = segments.record
    if not record.shared and not record.unshared:
        return ()
    text = (
        "Location and scale of these priors were estimated from the estimates of all groups (empirical "
        "Bayes; the SD between groups is that of Paule and Mandel), and each group was fitted again with "
        "them. The intervals take these priors as known: how uncertain they are is not in the intervals, "
        "which a hierarchical model would make wider, above all with few groups."
    )
    blocks: list[Block] = [Paragraph(text)]
    if record.shared:
        blocks.append(tabulate_sharing(segments))
    if record.unshared:
        reasons = (f"`{name}` keeps its prior: {reason}" for name, reason in record.unshared.items())
        blocks.append(Items(tuple(reasons)))
    return (Section("sharing", "The prior that groups share", tuple(blocks)),)


def _list_checks(segments: Segments) -> tuple[Section, ...]:
    if not any(row.failed or row.cautions for row in segments.rows):
        return ()
    from workbench.diagnostics.catalogue import CATALOGUE

    titles = {check.code: check.title for check in CATALOGUE}
    return (Section("checks", "Which checks", (tabulate_checks(segments.rows, titles),)),)


def _build_provenance(segments: Segments) -> Section:
    record = segments.record
    seconds = [row.seconds for row in segments.rows if row.seconds is not None]
    facts = (
        ("Program", f"`{record.model_path}`"),
        ("Data", f"`{record.data}`, {pluralise(record.rows, 'row')}"),
        ("Methods", ", ".join(record.settings.get("methods", ())) or MISSING),
        ("Seed", str(record.settings.get("seed", MISSING))),
        (
            "Stan's time",
            f"{format_seconds(float(np.median(seconds)))} for the median group" if seconds else MISSING,
        ),
        ("Runs", f"`{segments.folder}`; `workbench report RUN` draws the report of one"),
        ("Index", f"`{INDEX}`: a row for each group"),
        ("Stan", str(record.versions.get("stan", MISSING))),
        ("workbench", record.workbench),
        ("Created", record.created),
    )
    blocks: tuple[Block, ...] = (Code("command", record.command, "console"),) if record.command else ()
    return Section("reproduce", "How to reproduce this", (*blocks, Facts(facts)))
