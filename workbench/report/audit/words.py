"""Times, versions, priors and differences in words."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from workbench.methods import RESULTS
from workbench.registry.differences import FitDifferences, PriorChange
from workbench.registry.history import VersionChange
from workbench.report.document import Tone
from workbench.report.numbers import MISSING, format_number, join_with_and, pluralise

TONES = {"ok": Tone.OK, "caution": Tone.CAUTION, "fail": Tone.FAIL}
"""How each verdict is shown."""

_MOST_ELEMENTS = 5
"""The most elements of a hyperparameter with several values that are shown. Ours."""

_LONGEST_NOTE = 300
"""The most characters of a note outside the history, which has it whole. Ours."""

_CHANCE = ("seed",)
"""What differs between fits of the same posterior."""


def describe_time(text: str, *, has_seconds: bool = False) -> str:
    """Return a time as the registry has it in UTC, to the minute; what is no time stays as it is.

    >>> describe_time("2026-11-29T20:15:09+02:00")
    '2026-11-29 18:15 UTC'
    """
    try:
        time = datetime.fromisoformat(text).astimezone(UTC)
    except (ValueError, OverflowError):
        return text
    return time.strftime("%Y-%m-%d %H:%M:%S UTC" if has_seconds else "%Y-%m-%d %H:%M UTC")


def shorten(text: str) -> str:
    """Return a note, or its beginning if it is long.

    >>> shorten("a wider prior")
    'a wider prior'
    """
    return text if len(text) <= _LONGEST_NOTE else f"{text[:_LONGEST_NOTE]} … (whole in the history)"


def show_prior_change(change: PriorChange) -> tuple[str, str]:
    """Return a prior before and after; of several values, the first that differ.

    >>> show_prior_change(PriorChange("mu.sigma", 5.0, 10.0))
    ('5', '10')
    """
    before, after = change.before, change.after
    if change.is_whole:
        one, other = ("the program's own" if text is None else str(text) for text in (before, after))
        return one, other
    if isinstance(before, list | tuple) and isinstance(after, list | tuple) and len(before) == len(after):
        return _show_elements(before, after)
    return _show_pair(before, after)


def _show_elements(before: Sequence[object], after: Sequence[object]) -> tuple[str, str]:
    """Return the first elements that differ, each with its place; the last may be a hash of all."""
    differing = [place for place in range(len(before)) if before[place] != after[place]]
    shown = differing[:_MOST_ELEMENTS]
    pairs = [_show_pair(before[place], after[place]) for place in shown]
    heads = ["" if isinstance(before[place], str) else f"[{place + 1}] " for place in shown]
    more = f" and {len(differing) - len(shown)} more" if len(differing) > len(shown) else ""
    one, other = (
        ", ".join(f"{head}{pair[side]}" for head, pair in zip(heads, pairs, strict=True)) + more
        for side in (0, 1)
    )
    return one, other


def _show_pair(before: object, after: object) -> tuple[str, str]:
    """Return two values, with all their digits where fewer would look the same."""
    one, other = show_value(before), show_value(after)
    return (repr(before), repr(after)) if one == other else (one, other)


def show_value(value: object) -> str:
    """Return the value of a hyperparameter; of many, the first.

    >>> show_value([1.0, 2.5]), show_value(None)
    ('1, 2.5', '–')
    """
    if value is None:
        return MISSING
    if isinstance(value, list | tuple):
        shown = ", ".join(show_value(each) for each in value[:_MOST_ELEMENTS])
        return shown if len(value) <= _MOST_ELEMENTS else f"{shown} … ({len(value)} values)"
    return format_number(value) if isinstance(value, int | float) else str(value)


def list_other_changes(differences: FitDifferences) -> list[str]:
    """Return what else differs than priors, by name; columns of several variables together."""
    names = [name for name, _, _ in differences.facts]
    columns = [name for name in names if name.startswith("columns of ")]
    return [name for name in names if name not in columns] + (["columns"] if columns else [])


def attribute_moves(differences: FitDifferences) -> str:
    """Return what else could have moved the estimates where priors changed."""
    others = list_other_changes(differences)
    named = [name for name in others if name not in _CHANCE]
    if not named:
        return "nothing that is remembered" if not others else "only the seed"
    return join_with_and(others)


def is_prior_alone(differences: FitDifferences) -> bool:
    """Return whether nothing else that is remembered could have moved the estimates, but for chance."""
    return all(name in _CHANCE for name in list_other_changes(differences))


def summarise_moves(change: VersionChange, most: int = 1) -> str:
    """Return how far the estimates moved in a sentence without its end, or why that is not known."""
    differences = change.differences
    one, other = (each.added.summary for each in (change.before, change.after))
    if not differences.method:
        if not one.method or not other.method:
            which = change.before if not one.method else change.after
            return f"no estimates of version {which.number} are remembered"
        names = [RESULTS[method].label for method in (one.method, other.method)]
        return f"estimates by {names[0]} and by {names[1]} are not compared"
    known = [move for move in differences.moves if move.in_sd is not None]
    distance = differences.distance
    if distance is None:
        return "no estimate that both have has an SD"
    largest = ", ".join(f"`{move.name}` by {format_move(move.in_sd)}" for move in known[:most])
    return (
        f"{pluralise(len(known), 'estimate')} moved by {distance:.2f} combined SDs (root mean square), "
        f"most of all {largest}"
    )


def format_move(in_sd: float | None) -> str:
    """Return a move in combined SDs, with its sign.

    >>> format_move(-0.123), format_move(0.001), format_move(None)
    ('−0.12', '0.00', '–')
    """
    if in_sd is None:
        return MISSING
    text = f"{in_sd:+.2f}"
    return text[1:] if float(text) == 0 else text.replace("-", "−")


def list_failed(change: VersionChange) -> list[int]:
    """Return which of both versions failed their checks, so that their estimates cannot be relied on."""
    return [each.number for each in (change.before, change.after) if each.added.summary.verdict == "fail"]


def name_versions(numbers: Sequence[int]) -> str:
    """Return versions by their numbers.

    >>> name_versions([3]), name_versions([3, 4, 5, 8])
    ('version 3', 'versions 3–5, 8')
    """
    return f"{'version' if len(numbers) == 1 else 'versions'} {join_ranges(numbers)}"


def join_ranges(numbers: Sequence[int]) -> str:
    """Return numbers in their order, with those that follow each other as ranges.

    >>> join_ranges([1, 2, 3, 5, 7, 8])
    '1–3, 5, 7, 8'
    """
    runs: list[list[int]] = []
    for number in numbers:
        if runs and number == runs[-1][-1] + 1:
            runs[-1].append(number)
        else:
            runs.append([number])
    return ", ".join(f"{run[0]}–{run[-1]}" if len(run) > 2 else ", ".join(map(str, run)) for run in runs)
