"""Quantities through the versions: a picture of each, and the numbers."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from workbench.methods import RESULTS
from workbench.registry.history import ModelHistory, VersionChange
from workbench.registry.names import CHAMPION
from workbench.registry.state import Version
from workbench.registry.summary import RememberedEstimate
from workbench.report import figures
from workbench.report.audit.changes import build_changes_table
from workbench.report.audit.words import name_versions
from workbench.report.document import (
    Block,
    Cell,
    Column,
    Disclosure,
    Figure,
    Figures,
    Notice,
    Paragraph,
    Section,
    TableBlock,
)
from workbench.report.numbers import (
    MISSING,
    choose_decimals,
    format_interval,
    format_number,
    format_percentage,
    join_with_and,
    pluralise,
)

MOST_QUANTITIES = 12
"""The most quantities that are drawn. Ours: a screen of small pictures."""

MOST_VERSIONS = 400
"""The most versions in a picture, the newest. Ours: more dots than its width has points."""

_PIECES = re.compile(r"(\D*)(\d{0,9})")
"""The texts of a name with the numbers that follow them."""

_MOST_LISTED = 8
"""The most versions whose estimates the description of a picture lists. Ours."""


def build_section(history: ModelHistory) -> Section:
    """Return pictures of the quantities that moved most, their numbers, and what moved between versions."""
    names, count = choose_quantities(history)
    blocks: list[Block] = []
    if names:
        blocks += _draw_all(history, names, count)
    else:
        blocks.append(Paragraph("No estimates are remembered of any version."))
    if history.changes:
        blocks.append(build_changes_table(history))
    return Section("estimates", "Estimates through the versions", tuple(blocks))


def choose_method(history: ModelHistory) -> str:
    """Return the method whose estimates are drawn: that of the version in use, or of the newest."""
    versions = list(reversed(history.model.versions))
    if history.in_use is not None:
        versions.insert(0, history.find_version(history.in_use.number))
    return next((each.added.summary.method for each in versions if each.added.summary.estimates), "")


def choose_quantities(history: ModelHistory) -> tuple[list[str], int]:
    """Return the quantities that are drawn, and of how many.

    If there are few, all of them by name. Otherwise those that moved most between a
    version and the one it is compared with; those of the version in use come before those that it lacks.
    """
    shown = (
        history.model.versions[-1] if history.in_use is None else history.find_version(history.in_use.number)
    )
    method = choose_method(history)
    own = dict.fromkeys(shown.added.summary.estimates)
    names = list(own)
    for version in reversed(_list_versions(history, method)):
        names += [name for name in version.added.summary.estimates if name not in own]
        own |= dict.fromkeys(version.added.summary.estimates)
    drawn = sorted((name for name in own if _has_estimate(history, method, name)), key=_split_numbers)
    if len(drawn) <= MOST_QUANTITIES:
        return drawn, len(drawn)
    moved: dict[str, float] = {}
    for change in history.changes:
        for move in change.differences.moves:
            moved[move.name] = max(moved.get(move.name, 0.0), abs(move.in_sd or 0.0))
    current = shown.added.summary.estimates
    ranked = sorted(drawn, key=lambda name: (name not in current, -moved.get(name, 0.0)))
    return ranked[:MOST_QUANTITIES], len(drawn)


def _split_numbers(name: str) -> list[tuple[int, str]]:
    """Return what sorts `beta[2]` before `beta[10]`: events do not keep the order of the program."""
    return [(int(digits or 0), text) for text, digits in _PIECES.findall(name)]


def _list_versions(history: ModelHistory, method: str) -> list[Version]:
    return [version for version in history.model.versions if version.added.summary.method == method]


def _has_estimate(history: ModelHistory, method: str, name: str) -> bool:
    return any(_find(version, name) is not None for version in _list_versions(history, method))


def _find(version: Version, name: str) -> RememberedEstimate | None:
    found = version.added.summary.estimates.get(name)
    return found if found is not None and found.estimate is not None else None


def _draw_all(history: ModelHistory, names: Sequence[str], count: int) -> list[Block]:
    method = choose_method(history)
    versions = _list_versions(history, method)[-MOST_VERSIONS:]
    numbers = [version.number for version in versions]
    ends = (numbers[0], numbers[-1])
    named = _list_aliases(history, ends)
    marked = sorted({each.after.number for each in history.changes if _changed_priors(each)} & set(numbers))
    drawn = tuple(
        figure for name in names if (figure := _draw(name, versions, ends, named, marked)) is not None
    )
    has_moves = any(change.differences.moves for change in history.changes)
    explanation = " ".join(_explain(versions, count, len(drawn), named, marked, has_moves=has_moves))
    blocks: list[Block] = [Figures("quantities", drawn, explanation)]
    blocks += _list_remarks(history, method, versions)
    blocks.append(
        Disclosure("The numbers of these pictures", (_tabulate(names, versions),), key="quantities-numbers")
    )
    return blocks


def _changed_priors(change: VersionChange) -> bool:
    """Return whether a version was added with other priors than the one it began with."""
    return bool(change.differences.priors) and not change.replaces


def _list_aliases(history: ModelHistory, ends: tuple[int, int]) -> dict[str, int]:
    """Return the aliases of versions that are drawn, those of one version together, the one in use first."""
    aliases = sorted(history.model.aliases.items(), key=lambda item: (item[0] != CHAMPION, item))
    shared: dict[int, list[str]] = {}
    for alias, number in aliases:
        shared.setdefault(number, []).append(alias)
    return {", ".join(names): number for number, names in shared.items() if ends[0] <= number <= ends[1]}


def _draw(
    name: str,
    versions: Sequence[Version],
    ends: tuple[int, int],
    named: Mapping[str, int],
    marked: Sequence[int],
) -> Figure | None:
    found = [(version, each) for version in versions if (each := _find(version, name)) is not None]
    if not found:
        return None
    points = [
        figures.VersionPoint(
            version.number,
            float(each.estimate or 0.0),
            each.lower,
            each.upper,
            is_reliable=version.added.summary.verdict != "fail",
        )
        for version, each in found
    ]
    drawing = figures.draw_versions(points, ends, named, marked)
    return Figure(drawing, f"{name}: {_describe(points)}.", f"`{name}`")


def _describe(points: Sequence[figures.VersionPoint]) -> str:
    """Return the estimates in words; of many, the ends and the extremes."""
    if len(points) <= _MOST_LISTED:
        return ", ".join(f"version {point.number} {format_number(point.estimate)}" for point in points)
    low, high = (choose(points, key=lambda point: point.estimate) for choose in (min, max))
    stated = (
        ("from version {0.number}, {1},", points[0]),
        ("to version {0.number}, {1};", points[-1]),
        ("the smallest is {1} in version {0.number},", low),
        ("the largest {1} in version {0.number}", high),
    )
    return " ".join(text.format(point, format_number(point.estimate)) for text, point in stated)


def _explain(
    versions: Sequence[Version],
    count: int,
    drawn: int,
    named: Mapping[str, int],
    marked: Sequence[int],
    *,
    has_moves: bool,
) -> list[str]:
    summary = versions[-1].added.summary
    what = RESULTS[summary.method].label
    texts = [f"Estimates by {what}, with {format_percentage(summary.level)} intervals."]
    if drawn < count:
        which = "those that moved most, by combined SDs" if has_moves else "the first by their names"
        texts.append(f"{drawn} of {pluralise(count, 'quantity')} are drawn: {which}.")
    if len(named) > figures.MOST_NAMED:
        rest = list(named.items())[figures.MOST_NAMED :]
        listed = join_with_and([f"`{alias}` is version {number}" for alias, number in rest])
        texts.append(f"Names stand above the versions that have them; not drawn: {listed}.")
    elif named:
        texts.append("Names stand above the versions that have them.")
    if marked:
        texts.append("Triangles: versions with other priors than the one in use when they were added.")
    if any(version.added.summary.verdict == "fail" for version in versions):
        texts.append("Hollow: the fit failed its checks.")
    return texts


def _list_remarks(history: ModelHistory, method: str, versions: Sequence[Version]) -> list[Notice]:
    """Return what the pictures do not show, or show in another way."""
    remarks = []
    everyone = _list_versions(history, method)
    if len(everyone) > len(versions):
        remarks.append(f"The newest {len(versions)} of {len(everyone)} versions are drawn.")
    others = [each for each in history.model.versions if each.added.summary.method != method]
    if others:
        numbers = name_versions([version.number for version in others])
        remarks.append(f"Not drawn: {numbers}, whose estimates are by another method, or missing.")
    level = versions[-1].added.summary.level
    different = [each.number for each in versions if each.added.summary.level != level]
    if different:
        remarks.append(f"Intervals have another probability in {name_versions(different)}.")
    cut = [each.number for each in versions if each.added.summary.left_out]
    if cut:
        remarks.append(
            f"Of {name_versions(cut)} only the first quantities of the program are remembered; what moved "
            "among the others is not on this page."
        )
    programs = {each.added.summary.program for each in versions}
    if len(programs) > 1:
        remarks.append(
            f"These versions have {len(programs)} programs: quantities of one name need not mean the same."
        )
    return [Notice(text) for text in remarks]


def _tabulate(names: Sequence[str], versions: Sequence[Version]) -> TableBlock:
    columns = (Column("Version", "number"), *(Column(f"`{name}`", "number") for name in names))
    rows = tuple(
        (Cell(str(version.number)), *(Cell(_show(_find(version, name))) for name in names))
        for version in reversed(versions)
    )
    return TableBlock(
        "quantities-table", "Estimates with their intervals, the newest version first", columns, rows
    )


def _show(found: RememberedEstimate | None) -> str:
    if found is None:
        return MISSING
    decimals = choose_decimals(found.sd)
    interval = format_interval(found.lower, found.upper, decimals)
    spread = f" ({interval})" if interval != MISSING else ""
    return f"{format_number(found.estimate, decimals)}{spread}"
