"""What needs a look, and how estimates vary between groups, as tables."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np

from workbench.report.document import Cell, Column, TableBlock, Tone
from workbench.report.numbers import MISSING, choose_decimals, format_count, format_number
from workbench.segments import SegmentRow, Segments
from workbench.segments.folder import INDEX
from workbench.segments.ranking import Concern, Spread, collect, count_reasons

TONES = {
    "no fit": Tone.FAIL,
    "not reliable": Tone.FAIL,
    "outlying": Tone.CAUTION,
    "reservations": Tone.CAUTION,
}
"""How each kind of concern is shown."""

_VERDICTS = {"ok": Tone.OK, "caution": Tone.CAUTION, "fail": Tone.FAIL}
"""How each verdict is shown."""

_MOST_NAMED = 3
"""Groups, or outlying estimates, that a cell names."""

_LISTED_QUANTITIES = 4
"""Quantities with a column in the list of all groups; the index has all."""

_MOST_LISTED = 5000
"""Groups that the list of a report holds, so that it stays small; the index has all."""


def tabulate_concerns(concerns: Sequence[Concern], most: int, key: str = "concerns") -> TableBlock:
    """Return the groups that need a look, the first of them in the order of the ranking."""
    left = len(concerns) - most
    return TableBlock(
        key,
        "",
        (
            Column("group", "name"),
            Column("rows", "number", drop_order=1),
            Column("concern"),
            Column("why", "prose"),
        ),
        tuple(
            (
                Cell(concern.row.label),
                Cell(format_count(concern.row.rows)),
                Cell(concern.kind, TONES[concern.kind]),
                Cell(describe_concern(concern)),
            )
            for concern in concerns[:most]
        ),
        note=f"{format_count(left)} more: `{INDEX}` has them all." if left > 0 else "",
        is_interactive=True,
        full_table=INDEX,
    )


def describe_concern(concern: Concern) -> str:
    """Return in a few words why a group needs a look."""
    row = concern.row
    if row.failure:
        return row.failure
    parts = []
    if row.failed:
        parts.append(f"failed {' '.join(row.failed)}")
    for one in concern.outliers[:_MOST_NAMED]:
        decimals = choose_decimals(abs(one.value - one.median))
        value, median = format_number(one.value, decimals), format_number(one.median, decimals)
        parts.append(f"`{one.quantity}` is {value}; the median of all groups is {median}")
    if row.cautions and not row.failed:
        parts.append(f"reservations {' '.join(row.cautions)}")
    return "; ".join(parts)


def tabulate_spreads(spreads: Sequence[Spread], most: int) -> TableBlock:
    """Return how quantities vary between groups."""
    rows = []
    for spread in spreads[:most]:
        decimals = choose_decimals(spread.within or (spread.highest - spread.lowest) or None)
        numbers = (spread.median, spread.lowest, spread.highest, spread.between, spread.within)
        known = int(np.isfinite(spread.values).sum())
        cells = (Cell(format_number(number, decimals)) for number in numbers)
        rows.append((Cell(spread.quantity), Cell(format_count(known)), *cells))
    columns = (
        Column("quantity", "name"),
        Column("groups", "number", drop_order=1),
        Column("median", "number", help="the median of the groups' estimates"),
        Column("5%", "number", help="5% of the groups' estimates are below", drop_order=2),
        Column("95%", "number", help="95% of the groups' estimates are below", drop_order=2),
        Column(
            "SD between", "number", help="how much groups differ, without what chance adds (Paule-Mandel)"
        ),
        Column("SD within", "number", help="the typical posterior SD of a group"),
    )
    left = len(spreads) - most
    note = f"{left} more quantities are in `{INDEX}`." if left > 0 else ""
    return TableBlock("spreads", "", columns, tuple(rows), note=note, full_table=INDEX)


def tabulate_reasons(rows: Sequence[SegmentRow], most: int) -> TableBlock:
    """Return why groups have no fit, the most frequent reason first."""
    reasons = count_reasons(rows)
    left = sum(len(groups) for _, groups in reasons[most:])
    return TableBlock(
        "reasons",
        "",
        (Column("groups", "number"), Column("why", "prose"), Column("such as", "name")),
        tuple(
            (Cell(format_count(len(groups))), Cell(reason), Cell(_name_groups(groups)))
            for reason, groups in reasons[:most]
        ),
        note=f"{format_count(left)} more groups fail for other reasons." if left else "",
        is_prose=True,
        full_table=INDEX,
    )


def tabulate_sharing(segments: Segments) -> TableBlock:
    """Return the priors that groups share, and how far they drew estimates together."""
    rows = []
    for one in segments.record.shared:
        decimals = choose_decimals(one.scale)
        location, scale = format_number(one.location, decimals), format_number(one.scale, decimals)
        numbers = (one.between, one.within, *_compare(segments, one.parameter))
        cells = (Cell(format_number(number, decimals)) for number in numbers)
        prior = f"{one.family}({location}, {scale})"
        origin = "taken out" if one.is_prior_removed else "part of it"
        rows.append((Cell(one.parameter), Cell(prior), Cell(format_count(one.groups)), *cells, Cell(origin)))
    log = "of a lognormal prior, on the logarithmic scale"
    columns = (
        Column("parameter", "name"),
        Column("prior", "name"),
        Column("groups", "number", help="groups that it was estimated from", drop_order=2),
        Column("SD between", "number", help=f"the estimated SD between groups; {log}"),
        Column("SD within", "number", help=f"the median standard error of a group; {log}"),
        Column("before", "number", "SD of estimates", "over all groups, before the prior was shared", 1),
        Column("after", "number", "SD of estimates", "over all groups, afterwards", 1),
        Column("before", "number", "posterior SD", "the median of the groups', before", 1),
        Column("after", "number", "posterior SD", "the median of the groups', afterwards", 1),
        Column(
            "first prior", help="whether that of the first fits was taken out of the estimates", drop_order=3
        ),
    )
    return TableBlock("sharing-table", "", columns, tuple(rows))


def _compare(segments: Segments, label: str) -> tuple[float | None, ...]:
    """Return the SD of the groups' estimates and the median posterior SD, before and after sharing."""
    own, own_sds = collect(segments.rows, label, unshared=True)
    after, sds = collect(segments.rows, label)
    is_known = np.isfinite(own) & np.isfinite(after)
    if not is_known.any():
        return (None,) * 4
    spreads = (float(np.std(values[is_known])) for values in (own, after))
    return (*spreads, *(float(np.median(values[is_known])) for values in (own_sds, sds)))


def tabulate_checks(rows: Sequence[SegmentRow], titles: dict[str, str]) -> TableBlock:
    """Return how often each check failed or had a reservation."""
    failed = Counter(code for row in rows for code in row.failed)
    cautions = Counter(code for row in rows for code in row.cautions)
    codes = sorted({*failed, *cautions}, key=lambda code: (-failed[code], -cautions[code], code))
    columns = (
        Column("check", "name"),
        Column("", "prose"),
        Column("failed", "number"),
        Column("reservations", "number"),
    )
    cells = (
        (Cell(code), Cell(titles.get(code, "")), Cell(str(failed[code])), Cell(str(cautions[code])))
        for code in codes
    )
    return TableBlock("checks", "", columns, tuple(cells))


def list_groups(segments: Segments) -> TableBlock:
    """Return all groups with their verdict and the first estimates."""
    labels = segments.record.quantities[:_LISTED_QUANTITIES]
    columns = (
        Column("group", "name"),
        Column("rows", "number"),
        Column("verdict"),
        *(Column(label, "number") for label in labels),
        Column("run", "name"),
    )
    rows = segments.rows[:_MOST_LISTED]
    left = len(segments.rows) - len(rows)
    return TableBlock(
        "groups",
        "",
        columns,
        tuple((Cell(row.label), *_list_cells(row, labels), Cell(row.run or MISSING)) for row in rows),
        note=f"{format_count(left)} more are in `{INDEX}`." if left else "",
        is_interactive=True,
        is_listing=True,
    )


def _list_cells(row: SegmentRow, labels: Sequence[str]) -> tuple[Cell, ...]:
    verdict = "no fit" if row.failure else row.verdict or "not checked"
    tone = Tone.FAIL if row.failure else _VERDICTS.get(row.verdict)
    estimates = []
    for label in labels:
        one = row.estimates.get(label)
        if one is None or one.mean is None:
            estimates.append(Cell(MISSING))
            continue
        decimals = choose_decimals(one.sd)
        sd = "" if one.sd is None else f" ± {format_number(one.sd, decimals)}"
        estimates.append(Cell(f"{format_number(one.mean, decimals)}{sd}"))
    return (Cell(format_count(row.rows)), Cell(verdict, tone), *estimates)


def _name_groups(groups: Sequence[SegmentRow]) -> str:
    named = ", ".join(row.label for row in groups[:_MOST_NAMED])
    return f"{named}, ..." if len(groups) > _MOST_NAMED else named
