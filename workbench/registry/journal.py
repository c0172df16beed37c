"""`events.jsonl`: events are added at its end and never changed; what a kill left there is mended."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from filelock import FileLock, Timeout

from workbench import files
from workbench.errors import RegistryDamaged, RegistryNotFound, RunIncomplete, StoreError
from workbench.files.sync import sync_folder
from workbench.registry.events import (
    Content,
    Event,
    check_chain,
    format_event,
    parse_line,
    seal,
)
from workbench.registry.state import RegistryState, apply_event, replay_events
from workbench.results.stored import read_bytes

EVENTS = "events.jsonl"
TORN = "events.torn"
LOCK = ".lock"
JOB = ".job-"
"""The files of a registry: its events, the beginnings of events that were never finished, its lock, and what
the names of locks and folders of retraining jobs begin with."""

LONGEST_LINE = 8 * 2**20
_MOST_BYTES = 2**30
"""The longest event, and all events together [bytes]. Ours: an event has at most some 100 kB."""

_LONGEST_TURN = 300.0
"""How long we wait for another writer [s]. Ours: it may be copying a run of gigabytes."""

Sign = Callable[[Event], Event]
"""Returns an event with a signature."""


@dataclass
class Journal:
    """The events of a registry.

    Attributes
    ----------
    folder
        The registry.
    remarks
        What was mended on the way, in words.
    """

    folder: Path
    remarks: list[str] = field(default_factory=list)

    @property
    def path(self) -> Path:
        """The file of events."""
        return self.folder / EVENTS

    def read(self) -> tuple[Event, ...]:
        """Return all events, checked: each as it was written, and the chain unbroken.

        Raises
        ------
        RegistryNotFound, RegistryDamaged
            There is no registry, or its events are not as they were written.
        """
        if not os.path.lexists(self.path):
            hint = "`workbench registry add NAME RUN` makes one; --registry DIR names another"
            raise RegistryNotFound(f"a registry was expected in `{self.folder}`; there is none.", hint=hint)
        whole, torn = self._read_whole_lines()
        if torn:
            self._remark(torn)
        lines = whole.decode("utf-8", errors="replace").split("\n")[:-1]
        events = tuple(parse_line(line, number) for number, line in enumerate(lines, start=1))
        check_chain(events)
        return events

    def read_state(self) -> RegistryState:
        """Return what the events add up to.

        Raises
        ------
        RegistryNotFound, RegistryDamaged
            As `read`.
        """
        return replay_events(self.read())

    @contextmanager
    def open(self) -> Iterator[Writer]:
        """Give a writer; nobody else writes meanwhile. The folder is made where it is missing.

        Raises
        ------
        RegistryDamaged, StoreError
            The events are not as they were written, another writer does not end, or the folder holds
            something else, or cannot be written.
        """
        is_new = not os.path.lexists(self.path)
        if is_new:
            _check_new(self.folder)
        with files.explained(self.folder):
            self.folder.mkdir(parents=True, exist_ok=True)
            lock = FileLock(self.folder / LOCK)
            try:
                lock.acquire(timeout=_LONGEST_TURN)
            except Timeout as reason:
                message = f"another command has been writing to `{self.folder}` for {_LONGEST_TURN:.0f} s."
                raise StoreError(message, hint="wait for it, or end it") from reason
            try:
                self._mend()
                state = self.read_state() if os.path.lexists(self.path) else RegistryState()
                yield Writer(self, state)
            finally:
                lock.release()

    def _read_whole_lines(self) -> tuple[bytes, bytes]:
        """Return the events that were finished, and the beginning of one that was not."""
        try:
            content = read_bytes(self.path, _MOST_BYTES)
        except RunIncomplete as reason:
            raise RegistryDamaged(reason.message, hint=reason.hint) from reason
        end = content.rfind(b"\n") + 1
        return content[:end], content[end:]

    def _mend(self) -> None:
        """Put the beginning of an event that was never finished aside."""
        if not os.path.lexists(self.path):
            return
        whole, torn = self._read_whole_lines()
        if not torn:
            return
        with (self.folder / TORN).open("ab") as stream:
            stream.write(torn + b"\n")
            stream.flush()
            os.fsync(stream.fileno())
        descriptor = os.open(self.path, os.O_WRONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
        try:
            os.ftruncate(descriptor, len(whole))
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        self._remark(torn)

    def _remark(self, torn: bytes) -> None:
        remark = (
            f"the last line of `{self.path}` was never finished ({len(torn):,} bytes): its command was ended "
            "before the event counted. It is left out."
        )
        if remark not in self.remarks:
            self.remarks.append(remark)


@dataclass
class Writer:
    """Adds events while nobody else does.

    Attributes
    ----------
    journal
        Where they go.
    state
        What all events up to now add up to.
    """

    journal: Journal
    state: RegistryState

    def append(self, content: Content, author: str, sign: Sign | None = None) -> Event:
        """Add an event; it is on the disk when this returns, or there is none.

        Raises
        ------
        StoreError
            It cannot be written.
        """
        event = seal(
            Event(
                number=self.state.count + 1,
                time=datetime.now(UTC).isoformat(timespec="seconds"),
                author=author,
                content=content,
                previous=self.state.head,
            )
        )
        if sign is not None:
            event = sign(event)
        after = apply_event(self.state, event)  # refuses what could not be read again
        _append_line(self.journal.path, format_event(event).encode("utf-8", errors="backslashreplace"))
        self.state = after
        return event


def _append_line(path: Path, line: bytes) -> None:
    """Write a line at the end of a file and sync it; on failure the file is as it was."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC | os.O_NOFOLLOW
    with files.explained(path, len(line)):
        is_new = not os.path.lexists(path)
        descriptor = os.open(path, flags, 0o644)
        try:
            size = os.fstat(descriptor).st_size
            try:
                written = 0
                while written < len(line):
                    written += os.write(descriptor, line[written:])
                os.fsync(descriptor)
            except OSError:
                os.ftruncate(descriptor, size)
                raise
        finally:
            os.close(descriptor)
        if is_new:
            sync_folder(path.parent)


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
