"""All versions: verdicts, approvals, when they were in use; scores and data."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence

from workbench.registry.history import ModelHistory, Tenure
from workbench.registry.state import Version
from workbench.report.audit.opening import describe_gates
from workbench.report.audit.words import TONES, describe_time, join_ranges, name_versions, shorten
from workbench.report.document import Block, Cell, Column, Notice, Paragraph, Section, TableBlock, Tone
from workbench.report.numbers import MISSING, format_number, format_seconds, pluralise

_MOST_NAMED = 20
"""The most versions that are named where the data changed; the table has all. Ours."""

_LOO_CHECK = "WB503"
"""The check that finds leave-one-out unreliable."""


def build_scores_section(history: ModelHistory) -> Section:
    """Return scores, rows, data and durations of each version, and which scores can be compared."""
    versions = history.model.versions
    data = number_data(versions)
    blocks: tuple[Block, ...] = (*_say_comparable(versions), _tabulate_scores(versions, data))
    return Section("scores", "Scores and data", (*blocks, _tabulate_data(versions, data)))


def number_data(versions: Sequence[Version]) -> dict[tuple[str, int | None], int]:
    """Return a number for each table: its hash and how many of its rows were used, in order of appearance."""
    keys = dict.fromkeys(_identify(version) for version in versions)
    return {key: number for number, key in enumerate(keys, start=1)}


def _identify(version: Version) -> tuple[str, int | None]:
    return version.added.summary.data, version.added.summary.rows


def _say_comparable(versions: Sequence[Version]) -> list[Block]:
    """Return whether elpd can be compared, and at which versions the data changed."""
    scored = [version for version in versions if version.added.summary.elpd is not None]
    if not scored:
        return [Paragraph("No version has a leave-one-out score.")]
    blocks: list[Block] = []
    changed = [
        after.number
        for before, after in itertools.pairwise(versions)
        if _identify(before) != _identify(after)
    ]
    if len(versions) == 1:
        text = (
            "The elpd of one version alone says little: it is compared with that of other fits of its data."
        )
        blocks.append(Paragraph(text))
    elif changed:
        blocks.append(
            Notice(
                "The elpd of different data cannot be compared: only versions with the same number in the "
                f"column “Data” can. {_say_when_changed(changed)}",
                Tone.CAUTION,
            )
        )
    else:
        blocks.append(Paragraph("All versions have the same data, by its hash and its number of rows."))
    columns = _list_other_columns(versions)
    if columns:
        blocks.append(
            Notice(
                f"Other columns of the same table than in a version before: {name_versions(columns)}. Their "
                "elpd can be compared only if the outcome is the same.",
                Tone.CAUTION,
            )
        )
    return blocks


def _say_when_changed(changed: Sequence[int]) -> str:
    if len(changed) > _MOST_NAMED:
        return f"The data changed {len(changed)} times."
    return f"The data changed with {name_versions(changed)}."


def _list_other_columns(versions: Sequence[Version]) -> list[int]:
    """Return the versions that bind other columns than the first version of the same data."""
    first: dict[tuple[str, int | None], dict[str, str]] = {}
    found = []
    for version in versions:
        summary = version.added.summary
        columns = {name: text for name, text in summary.columns.items() if name not in summary.priors}
        if first.setdefault(_identify(version), columns) != columns:
            found.append(version.number)
    return found


def _tabulate_scores(versions: Sequence[Version], data: Mapping[tuple[str, int | None], int]) -> TableBlock:
    columns = (
        Column("Version", "number"),
        Column("Data", "number", help="numbered in the table below"),
        Column("Rows", "number"),
        Column("elpd", "number", help="expected log predictive density of left-out rows [nats]"),
        Column("SE", "number", help="standard error of the elpd [nats]"),
        Column("Leave-one-out"),
        Column("Verdict"),
        Column("Took", "number", help="all methods added up"),
        Column("Size", "number", help="of the run directory"),
        Column("Run"),
    )
    rows = tuple(_build_score_row(version, data) for version in reversed(versions))
    return TableBlock(
        "scores-table",
        "Leave-one-out scores, the newest version first",
        columns,
        rows,
        note="The error is that of one score. A difference between two scores of the same data has another, "
        "mostly a smaller one: `workbench report` with two runs gives both.",
        is_interactive=True,
    )


def _build_score_row(version: Version, data: Mapping[tuple[str, int | None], int]) -> tuple[Cell, ...]:
    summary = version.added.summary
    return (
        Cell(str(version.number)),
        Cell(str(data[_identify(version)])),
        Cell(MISSING if summary.rows is None else f"{summary.rows:,}"),
        Cell(format_number(summary.elpd, 1)),
        Cell(format_number(summary.elpd_se, 1)),
        _judge_score(version),
        Cell(summary.verdict or "not checked", TONES.get(summary.verdict)),
        Cell(format_seconds(summary.seconds)),
        Cell(format_size(version.added.size)),
        Cell("pruned" if version.is_pruned else "kept"),
    )


def _judge_score(version: Version) -> Cell:
    """Return whether a leave-one-out score can be relied on."""
    summary = version.added.summary
    if summary.elpd is None:
        return Cell("not available")
    if summary.verdict == "fail":
        return Cell("not reliable (failed fit)", Tone.FAIL)
    if _LOO_CHECK in summary.findings:
        return Cell(f"not reliable ({_LOO_CHECK})", Tone.CAUTION)
    return Cell("no issue" if summary.verdict else "not checked")


def format_size(size: int) -> str:
    """Return a size in units of 1,000 bytes and more.

    >>> format_size(950), format_size(1_234_567)
    ('950 B', '1.2 MB')
    """
    for unit, factor in (("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if size >= factor:
            return f"{size / factor:.1f} {unit}"
    return f"{size} B"


def _tabulate_data(versions: Sequence[Version], data: Mapping[tuple[str, int | None], int]) -> TableBlock:
    columns = (
        Column("Data", "number"),
        Column("Table", "name"),
        Column("Rows", "number"),
        Column("Hash", "name", help="sha256 of the table, its beginning"),
        Column("Versions", "prose"),
    )
    by_key: dict[tuple[str, int | None], list[Version]] = {key: [] for key in data}
    for version in versions:
        by_key[_identify(version)].append(version)
    rows = tuple(
        (
            Cell(str(data[key])),
            Cell(owners[0].added.summary.table or MISSING),
            Cell(MISSING if key[1] is None else f"{key[1]:,}"),
            Cell(key[0][:12] or MISSING),
            Cell(join_ranges([version.number for version in owners])),
        )
        for key, owners in reversed(by_key.items())
    )
    caption = f"{pluralise(len(data), 'table')} of data, the newest first"
    note = "The name is that of the file for the first version that has it."
    return TableBlock("data-table", caption, columns, rows, note=note, is_interactive=True)


def build_versions_section(history: ModelHistory) -> Section:
    """Return who added and approved each version and why, its verdict, and when it was in use."""
    columns = (
        Column("Version"),
        Column("Aliases"),
        Column("In use", "prose"),
        Column("Added", "prose"),
        Column("Verdict"),
        Column("Not passed"),
        Column("Approved by", "prose"),
        Column("Gate", "prose"),
        Column("Note", "prose"),
    )
    rows = tuple(_build_row(version, history) for version in reversed(history.model.versions))
    caption = f"{pluralise(len(rows), 'version')}, the newest first"
    table = TableBlock("versions-table", caption, columns, rows, is_prose=True, is_interactive=True)
    return Section("versions", "Versions", (table,))


def _build_row(version: Version, history: ModelHistory) -> tuple[Cell, ...]:
    summary = version.added.summary
    aliases = [alias for alias, number in history.model.aliases.items() if number == version.number]
    approvals = [f"{author}{f': {shorten(note)}' if note else ''}" for author, note in version.approvals]
    tenures = [_describe_tenure(each) for each in history.tenures if each.number == version.number]
    return (
        Cell(f"version\N{NO-BREAK SPACE}{version.number}"),
        Cell(", ".join(sorted(aliases)) or MISSING),
        Cell("; ".join(tenures) or "never"),
        Cell(f"{describe_time(version.time)} by {version.author or 'somebody unnamed'}"),
        Cell(summary.verdict or "not checked", TONES.get(summary.verdict)),
        Cell(", ".join(summary.findings) or MISSING),
        Cell("; ".join(approvals) or "nobody"),
        Cell(describe_gates(version)),
        Cell(shorten(version.added.note) or MISSING),
    )


def _describe_tenure(tenure: Tenure) -> str:
    began = describe_time(tenure.began.time)
    return f"since {began}" if tenure.ended is None else f"{began} to {describe_time(tenure.ended.time)}"
