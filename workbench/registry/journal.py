"""The journal of a registry."""

from __future__ import annotations

import os
from pathlib import Path

from workbench.errors import RegistryDamaged, RegistryNotFound, StoreError
from workbench.journal import EVENTS, LOCK, Journal, JournalKind
from workbench.registry.events import Content
from workbench.registry.state import RegistryState, apply_event

JOB = ".job-"
"""What the names of locks and folders of retraining jobs begin with."""

MONITORING = "monitoring"
"""The folder in which states of monitors are by default, one for each name."""

RegistryJournal = Journal[Content, RegistryState]
"""The events of a registry."""


def open_journal(folder: Path, remarks: list[str] | None = None) -> RegistryJournal:
    """Return the journal of a registry, which need not exist."""
    return Journal(_KIND, folder, [] if remarks is None else remarks)


def _describe_missing(folder: Path) -> RegistryNotFound:
    hint = "`workbench registry add NAME RUN` makes one; --registry DIR names another"
    return RegistryNotFound(f"a registry was expected in `{folder}`; there is none.", hint=hint)


def _check_new(folder: Path) -> None:
    """Refuse to begin a registry where there is something else.

    Raises
    ------
    RegistryDamaged, StoreError
        The folder holds runs of a registry without its events, or something that is not ours.
    """
    if not os.path.lexists(folder):
        return
    if not folder.is_dir():
        raise StoreError(f"a registry was expected in `{folder}`, which is not a folder.")
    held = sorted(path.name for path in folder.iterdir() if path.name != LOCK)
    if "runs" in held and (folder / "index.json").exists():
        message = f"`{folder}` holds runs of a registry, but `{EVENTS}` is missing."
        raise RegistryDamaged(message, hint="bring the file back from a copy")
    if held and held != ["runs"]:
        message = f"`{folder}` is no registry: it holds `{held[0]}`, and there is no `{EVENTS}`."
        raise StoreError(message, hint="name a folder that is empty or does not exist with --registry")


_KIND = JournalKind(
    "a registry", Content, RegistryDamaged, _describe_missing, _check_new, RegistryState(), apply_event
)
"""What the journal of a registry is."""
