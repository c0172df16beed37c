"""What the audit page opens with: which version is in use, since when, by whom, and what it changed."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from workbench.diagnostics.catalogue import CATALOGUE
from workbench.registry.events import Content
from workbench.registry.history import ModelHistory, VersionChange
from workbench.registry.state import Version
from workbench.report.audit.failures import describe_failures
from workbench.report.audit.words import (
    TONES,
    describe_time,
    is_prior_alone,
    list_failed,
    list_other_changes,
    shorten,
    show_prior_change,
    summarise_moves,
)
from workbench.report.document import Verdict, VerdictReason
from workbench.report.numbers import join_with_and, pluralise

_MOST_PRIORS = 4
"""The most changes of priors that the first screen names. Ours."""

_MOST_MOVES = 3
"""The most estimates that the first screen names. Ours."""

SCOPE = "The verdict is that of the fit's own checks, as it was when the version was added."
"""Whose verdict it is."""

_TITLES = {check.code: check.title for check in CATALOGUE}
"""What each check is called."""


def build_opening(
    history: ModelHistory, describe: Callable[[Content], str]
) -> tuple[Verdict | None, tuple[str, ...]]:
    """Return the verdict of the version in use, or an opening in words where there is none.

    Parameters
    ----------
    history
        The history of the model.
    describe
        What says an event in a sentence.
    """
    tenure = history.in_use
    version = history.model.versions[-1] if tenure is None else history.find_version(tenure.number)
    change = history.compare_current()
    if tenure is None:
        answer = _say_none(history)
        how = f"The newest is version {version.number}. {_say_who_added(version)}"
    else:
        event = tenure.began
        answer = f"Version {version.number} has been in use since {describe_time(event.time)}."
        how = f"Put in use by {event.author or 'somebody unnamed'}: {shorten(describe(event.content))}."
        if event.content is not version.added:
            how += f" {_say_who_added(version)}"
    reasons: tuple[VerdictReason, ...] = (
        _describe_checks(version),
        _describe_approvals(version),
        VerdictReason(f"Gate: {describe_gates(version)}."),
        _describe_change(version, change, history),
    )
    failures = describe_failures(history)
    if failures:
        reasons = (*reasons, VerdictReason(failures, place="failed jobs", anchor="failures"))
    tone = None if tenure is None else TONES.get(version.added.summary.verdict)
    if tone is None:
        return None, (f"{answer} {how}", *(reason.text for reason in reasons))
    return Verdict(tone, answer, reasons, how, SCOPE), ()


def _say_who_added(version: Version) -> str:
    note = f": {shorten(version.added.note)}" if version.added.note else ""
    return f"It was added {describe_time(version.time)} by {version.author or 'somebody unnamed'}{note}."


def _say_none(history: ModelHistory) -> str:
    last = history.tenures[-1] if history.tenures else None
    if last is None or last.ended is None:
        return "No version is in use: `champion` never pointed to one."
    ended = describe_time(last.ended.time)
    return f"No version has been in use since {ended}; until then it was version {last.number}."


def _describe_checks(version: Version) -> VerdictReason:
    summary = version.added.summary
    if not summary.verdict:
        text = f"Version {version.number} was not checked."
    elif summary.findings:
        found = join_with_and([describe_finding(code) for code in summary.findings])
        text = f"Verdict {summary.verdict}. Not passed: {found}."
    elif summary.verdict == "ok":
        text = "Verdict ok: every check that was made passed, tips aside."
    else:
        text = f"Verdict {summary.verdict}; which check led to it is not remembered."
    return VerdictReason(text, place="all versions", anchor="versions")


def describe_finding(code: str) -> str:
    """Return the code of a check with what it demands, if we know it."""
    title = _TITLES.get(code)
    return f"{code} (“{title}”)" if title else code


def _describe_approvals(version: Version) -> VerdictReason:
    if not version.approvals:
        return VerdictReason("Nobody is recorded as having approved of it.")
    said = [f"{author}{f' (“{shorten(note)}”)' if note else ''}" for author, note in version.approvals]
    return VerdictReason(f"Approved of by {join_with_and(said)}.")


def describe_gates(version: Version) -> str:
    """Return how a version last fared at a gate, in a few words."""
    if not version.gates:
        return "not put to one"
    last = version.gates[-1]
    against = "" if last.champion is None else f" against version {last.champion}"
    shadow = ", in the shadow" if last.is_shadow else ""
    failed = [each.name for each in last.criteria if each.status == "failed"]
    came = "passed" if last.is_passed else f"failed ({join_with_and(failed) or 'no criterion named'})"
    times = f", the last of {len(version.gates)}" if len(version.gates) > 1 else ""
    return f"{came}{against}{shadow}{times}"


def _describe_change(version: Version, change: VersionChange | None, history: ModelHistory) -> VerdictReason:
    """Return what a version changed against the one before it."""
    if change is None:
        return VerdictReason(f"Version {version.number} is the first one: there is none to compare it with.")
    was_used = history.in_use is not None and change.before.number == history.used_before
    role = "in use before it" if was_used else name_role(change)
    return VerdictReason(" ".join(_say_changes(change, role)), place="all changes", anchor="changes")


def _say_changes(change: VersionChange, role: str) -> Iterator[str]:
    differences = change.differences
    yield f"Against version {change.before.number}, {role}:"
    priors = []
    for each in differences.priors[:_MOST_PRIORS]:
        before, after = show_prior_change(each)
        priors.append(f"`{each.name}` from {before} to {after}")
    more = len(differences.priors) - len(priors)
    if more > 0:
        priors.append(f"{more} more")
    others = list_other_changes(differences)
    if priors:
        yield f"{pluralise(len(differences.priors), 'prior')} changed ({join_with_and(priors)});"
        yield f"also different: {join_with_and(others)}." if others else "nothing else that is remembered."
    else:
        what = join_with_and(others) or "nothing that is remembered"
        yield f"no prior set from outside the program changed; different: {what}."
    moves = summarise_moves(change, _MOST_MOVES)
    yield f"{moves[0].upper()}{moves[1:]}."
    if priors and not is_prior_alone(differences):
        yield "What else changed may have moved them too."
    if "program" in others:
        yield "Priors that the program itself states may have changed too, and names may mean something else."
    failed = list_failed(change)
    if failed:
        listed = join_with_and([f"version {number}" for number in failed])
        yield f"Do not rely on these moves: {listed} failed the checks."


def name_role(change: VersionChange) -> str:
    """Return what the other version was: in use before, in use then, or the one before."""
    if change.replaces:
        return "in use before it"
    return "in use when it was added" if change.was_in_use else "the newest when it was added"
