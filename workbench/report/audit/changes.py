"""Who changed which prior, what else changed, and how far the estimates moved."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from workbench.registry.differences import FitDifferences
from workbench.registry.history import ModelHistory, VersionChange
from workbench.report.audit.opening import name_role
from workbench.report.audit.words import (
    attribute_moves,
    describe_time,
    format_move,
    list_failed,
    list_other_changes,
    name_versions,
    show_prior_change,
    summarise_moves,
)
from workbench.report.document import Block, Cell, Column, Notice, Paragraph, Section, TableBlock, Tone
from workbench.report.numbers import MISSING, join_with_and, pluralise

_MOST_MOVES = 5
"""The most estimates that are named beside a change of priors, those that moved most. Ours."""

_NO_CHANGE = "No prior that is set from outside the program changed from any version to the next."
"""What is said where there is no change of priors."""


def build_priors_section(history: ModelHistory) -> Section:
    """Return each change of priors: when, by whom, what else changed, and how the estimates moved."""
    changed = [change for change in history.changes if change.differences.priors]
    blocks: list[Block] = []
    if changed:
        blocks.append(
            Paragraph(
                "Each version is beside the one that was in use when it was added, or the newest then; one "
                "that was put in use is also beside the one that it replaced. Where something else changed "
                "too, it may have moved the estimates as well. Who added a version need not be who chose its "
                "priors."
            )
        )
        blocks.append(_tabulate_priors(changed))
    elif history.changes:
        blocks.append(Paragraph(_NO_CHANGE))
    else:
        blocks.append(Paragraph("There is one version, and none to compare it with."))
    programs = [change for change in history.changes if _has_other_program(change)]
    if programs:
        numbers = name_versions(sorted({change.after.number for change in programs}))
        blocks.append(
            Notice(
                f"The program changed in {numbers}: priors that it states itself may have changed with it. "
                f"`workbench registry diff {history.model.name}@1 {history.model.name}@2` shows the lines "
                "that differ between two versions whose runs are kept.",
                Tone.CAUTION,
            )
        )
    return Section("priors", "Changes of priors", tuple(blocks))


def _has_other_program(change: VersionChange) -> bool:
    return "program" in list_other_changes(change.differences)


def _tabulate_priors(changed: Sequence[VersionChange]) -> TableBlock:
    columns = (
        Column("Version"),
        Column("Against"),
        Column("When and by whom", "prose"),
        Column("Priors", "prose"),
        Column("What else changed", "prose"),
        Column("Estimates", "prose"),
    )
    rows = tuple(
        (
            Cell(f"version\N{NO-BREAK SPACE}{change.after.number}"),
            Cell(f"{change.before.number}, {name_role(change)}"),
            Cell(_say_when(change)),
            Cell("; ".join(_list_priors(change))),
            Cell(attribute_moves(change.differences)),
            Cell(_describe_moves(change)),
        )
        for change in reversed(changed)
    )
    return TableBlock(
        "priors-table",
        f"{pluralise(len(changed), 'change')} of priors, the newest first",
        columns,
        rows,
        note=_explain_moves(),
        is_prose=True,
        is_interactive=True,
    )


def _say_when(change: VersionChange) -> str:
    verb = "put in use" if change.replaces else "added"
    return f"{describe_time(change.event.time)}, {verb} by {change.event.author or 'somebody unnamed'}"


def _list_priors(change: VersionChange) -> Iterator[str]:
    for each in change.differences.priors:
        before, after = show_prior_change(each)
        origins = [origin or MISSING for origin in (each.set_before, each.set_after)]
        if each.is_whole:
            origins = ["--prior-form"] * 2
        setters = origins[0] if origins[0] == origins[1] else f"{origins[1]}; before, {origins[0]}"
        yield f"`{each.name}` from {before} to {after} (set by {setters})"


def _describe_moves(change: VersionChange) -> str:
    text = summarise_moves(change, _MOST_MOVES)
    failed = list_failed(change)
    if failed:
        listed = join_with_and([f"version {number}" for number in failed])
        text += f"; not to be relied on: {listed} failed the checks"
    return text


def _explain_moves() -> str:
    return (
        "Combined SDs: the difference of two estimates over the root of the sum of their variances. With "
        "1,000 effective draws each, chance alone moves a mean by about 0.03 of them. They do not say "
        "whether a move matters."
    )


def build_changes_table(history: ModelHistory) -> TableBlock:
    """Return what each version changed against the one it is compared with, and how far estimates moved."""
    columns = (
        Column("Version"),
        Column("Against", "number"),
        Column("Priors", "number", help="how many changed"),
        Column("All moved", "number", help="root mean square of all estimates, in combined SDs"),
        Column("Largest move", "number", help="in combined SDs"),
        Column("Which moved most", "name"),
        Column("What else changed", "prose"),
    )
    rows = tuple(_build_row(change) for change in reversed(history.changes))
    return TableBlock(
        "changes",
        "Each version beside the one in use when it was added, or that it replaced; the newest first",
        columns,
        rows,
        note=f"{_explain_moves()} A dash: estimates that cannot be compared, as by different methods.",
        is_interactive=True,
        is_prose=True,
    )


def _count_others(differences: FitDifferences) -> Iterator[str]:
    """Yield how many quantities only one of both has."""
    for names, what in ((differences.gone, "gone"), (differences.new, "new")):
        if names:
            yield f"{pluralise(len(names), 'quantity')} {what}"


def _build_row(change: VersionChange) -> tuple[Cell, ...]:
    differences = change.differences
    distance = differences.distance
    largest = differences.moves[0] if distance is not None else None
    others = join_with_and(list_other_changes(differences)) or "nothing that is remembered"
    failed = list_failed(change)
    listed = join_with_and([f"version {number}" for number in failed])
    doubts = [f"{listed} failed the checks"] if failed else []
    tone = Tone.FAIL if failed and distance is not None else None
    return (
        Cell(f"version\N{NO-BREAK SPACE}{change.after.number}"),
        Cell(str(change.before.number)),
        Cell(str(len(differences.priors))),
        Cell(MISSING if distance is None else f"{distance:.2f}", tone),
        Cell(MISSING if largest is None else format_move(largest.in_sd), tone),
        Cell(MISSING if largest is None else largest.name),
        Cell("; ".join([others, *_count_others(differences), *doubts])),
    )
