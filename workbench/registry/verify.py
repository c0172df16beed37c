"""A whole registry checked: each event, the chain, signatures, each file of each run, and its numbers."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from workbench.errors import StoreError
from workbench.files import ASIDE
from workbench.journal import EVENTS, LOCK, TORN
from workbench.registry.events import Event
from workbench.registry.journal import JOB, MONITORING
from workbench.registry.recompute import find_wrong_numbers
from workbench.registry.registry import INDEX, RUN_NAME, ModelRegistry
from workbench.registry.runs import RUNS, list_damages
from workbench.registry.state import Version, replay_events
from workbench.registry.summary import summarise_results
from workbench.results import run_directory

_OWN = frozenset({EVENTS, TORN, LOCK, INDEX, MONITORING, RUNS})
"""What lies in a registry."""

_MOST_SHOWN = 5
"""The most wrong numbers of one run that are shown. Ours."""


@dataclass
class Verification:
    """What was found in a registry.

    Attributes
    ----------
    events, versions, runs, files, numbers
        How much was checked.
    is_signed
        Whether each event had to be signed.
    head
        The hash of the last event.
    problems
        What is not as it was written, in words.
    notes
        What is worth knowing, and no problem.
    """

    events: int = 0
    versions: int = 0
    runs: int = 0
    files: int = 0
    numbers: int = 0
    is_signed: bool = False
    head: str = ""
    problems: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    @property
    def is_clean(self) -> bool:
        """Whether everything is as it was written."""
        return not self.problems


def verify(
    registry: ModelRegistry,
    head: str = "",
    on_step: Callable[[int, int, str], None] | None = None,
) -> Verification:
    """Check a registry: events, signatures, files, and the numbers of each run.

    Parameters
    ----------
    registry
        The registry.
    head
        The hash of an event that was the last one at some time, as `verify` prints it, or its beginning:
        whoever changed the events before it, and every hash after them, is found by it.
    on_step
        Is told how many runs of how many are checked, and which comes next.

    Raises
    ------
    RegistryNotFound
        There is no registry.
    """
    found = Verification()
    events = _read_events(registry, found)
    if events is None:
        return found
    found.notes += registry.remarks
    state = replay_events(events)
    found.events, found.head, found.is_signed = state.count, state.head, bool(state.keys)
    problem = registry.find_index_problem(events)
    if problem:
        found.problems.append(f"{problem}.")
    if head and not any(event.hash.startswith(head) for event in events):
        found.problems.append(f"no event has the hash `{head}`: the events that led to it were changed.")
    versions = [version for model in state.models.values() for version in model.versions]
    found.versions = len(versions)
    kept: dict[str, list[Version]] = {}
    for version in versions:
        if not version.is_pruned:
            kept.setdefault(version.added.run, []).append(version)
    found.runs = len(kept)
    for place, sharing in enumerate(kept.values()):
        names = ", ".join(version.reference for version in sharing)
        if on_step is not None:
            on_step(place, len(kept), names)
        _check_run(registry, sharing, names, found)
    found.notes += _list_notes(registry)
    return found


def _read_events(registry: ModelRegistry, found: Verification) -> tuple[Event, ...] | None:
    try:
        return registry.read_events()
    except StoreError as reason:
        if not (registry.folder / EVENTS).exists():
            raise
        found.problems += [reason.message, "What else the registry holds was not checked."]
        return None


def _check_run(registry: ModelRegistry, versions: Sequence[Version], names: str, found: Verification) -> None:
    """Check the files of the run that some versions share, and its numbers."""
    version = versions[0]
    try:
        folder = registry.find_folder(version)
    except StoreError as reason:
        found.problems.append(f"{names}: {reason.message}")
        return
    damages = list_damages(folder, version.added.files)
    found.files += len(version.added.files)
    found.problems += [f"{names}: {damage}." for damage in damages]
    if damages:
        return
    try:
        fit = run_directory.read(folder)
        count, wrong, left_out = find_wrong_numbers(fit)
        summary = summarise_results(fit.results)
        if any(each.added.summary != summary for each in versions):
            wrong.append("what its event says of it is not what its run holds")
    except StoreError as reason:
        found.problems.append(f"{names}: {reason.message}")
        return
    found.numbers += count
    found.problems += [f"{names}: {text}." for text in wrong[:_MOST_SHOWN]]
    if len(wrong) > _MOST_SHOWN:
        found.problems.append(f"{names}: {len(wrong) - _MOST_SHOWN} more numbers differ.")
    if left_out:
        found.notes.append(f"{names}: {left_out}, and were not computed again.")


def _list_notes(registry: ModelRegistry) -> Iterator[str]:
    unneeded = registry.list_unneeded()
    if unneeded:
        runs = "1 run is" if len(unneeded) == 1 else f"{len(unneeded)} runs are"
        yield f"{runs} of no version, left by a command that was ended; `registry prune` removes them."
    if not registry.is_index_fresh():
        yield f"`{INDEX}` is not that of the last event; the next change writes it again."
    others = [*_iterate_others(registry.folder), *_iterate_foreign_runs(registry.folder / RUNS)]
    if others:
        yield f"`{others[0]}` is no part of the registry."


def _iterate_others(folder: Path) -> Iterator[Path]:
    for path in sorted(folder.iterdir()):
        if path.name not in _OWN and not ASIDE.match(path.name) and not path.name.startswith((".git", JOB)):
            yield path


def _iterate_foreign_runs(folder: Path) -> Iterator[Path]:
    for path in sorted(folder.iterdir()) if folder.is_dir() else ():
        if not RUN_NAME.fullmatch(path.name) and not ASIDE.match(path.name):
            yield path
