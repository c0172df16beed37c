"""`events.jsonl`: events are added at its end and never changed; what a kill left there is mended."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Generic, Protocol, TypeVar

from filelock import FileLock, Timeout

from workbench import files
from workbench.errors import JobRunning, RunIncomplete, StoreError
from workbench.files.sync import sync_folder
from workbench.journal.chain import Event, check_chain, format_event, parse_line, seal
from workbench.results.stored import read_bytes

EVENTS = "events.jsonl"
TORN = "events.torn"
LOCK = ".lock"
"""The files of a journal: its events, the beginnings of events that were never finished, and its lock."""

_MOST_BYTES = 2**30
"""All events together [bytes]. Ours: one has at most some 100 kB."""

_LONGEST_TURN = 300.0
"""How long we wait for another writer [s]. Ours: it may be copying a run of gigabytes."""


class Tally(Protocol):
    """What events add up to: how many there are, and the hash of the last one, at least."""

    @property
    def count(self) -> int:
        """How many events there are."""

    @property
    def head(self) -> str:
        """The hash of the last one."""


C = TypeVar("C")
S = TypeVar("S", bound=Tally)
"""What an event says, and what events add up to."""

Sign = Callable[[Event[C]], Event[C]]
"""Returns an event with a signature."""


@dataclass(frozen=True)
class JournalKind(Generic[C, S]):
    """What a journal is of.

    Attributes
    ----------
    noun
        What keeps it, such as `a registry`.
    content
        What its events may say: a union of structs with tags.
    damaged
        The error of one that is not as it was written.
    describe_missing
        Returns the error of a folder without one.
    check_new
        Refuses a folder in which one cannot begin.
    begin, apply
        What no events add up to, and what one more makes of it; that refuses what contradicts the others.
    """

    noun: str
    content: Any
    damaged: type[StoreError]
    describe_missing: Callable[[Path], StoreError]
    check_new: Callable[[Path], None]
    begin: S
    apply: Callable[[S, Event[C]], S]

    def replay(self, events: tuple[Event[C], ...]) -> S:
        """Return what events add up to.

        Raises
        ------
        StoreError
            An event contradicts those before it.
        """
        state = self.begin
        for event in events:
            state = self.apply(state, event)
        return state


@dataclass
class Journal(Generic[C, S]):
    """The events of a folder.

    Attributes
    ----------
    kind
        What they are of.
    folder
        The folder.
    remarks
        What was mended on the way, in words.
    """

    kind: JournalKind[C, S]
    folder: Path
    remarks: list[str] = field(default_factory=list)

    @property
    def path(self) -> Path:
        """The file of events."""
        return self.folder / EVENTS

    def read(self) -> tuple[Event[C], ...]:
        """Return all events, checked: each as it was written, and the chain unbroken.

        Raises
        ------
        StoreError
            There is none, or its events are not as they were written.
        """
        if not os.path.lexists(self.path):
            raise self.kind.describe_missing(self.folder)
        whole, torn = self._read_whole_lines()
        if torn:
            self._remark(torn)
        lines = whole.decode("utf-8", errors="replace").split("\n")[:-1]
        content, damaged = self.kind.content, self.kind.damaged
        events: tuple[Event[C], ...] = tuple(
            parse_line(line, number, content, damaged) for number, line in enumerate(lines, start=1)
        )
        check_chain(events, damaged)
        return events

    def read_state(self) -> S:
        """Return what the events add up to.

        Raises
        ------
        StoreError
            As `read`.
        """
        return self.kind.replay(self.read())

    @contextmanager
    def open(self) -> Iterator[Writer[C, S]]:
        """Give a writer; nobody else writes meanwhile. The folder is made where it is missing.

        Raises
        ------
        StoreError
            The events are not as they were written, another writer does not end, or the folder holds
            something else, or cannot be written.
        """
        is_new = not os.path.lexists(self.path)
        if is_new:
            self.kind.check_new(self.folder)
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
                state = self.read_state() if os.path.lexists(self.path) else self.kind.begin
                yield Writer(self, state)
            finally:
                lock.release()

    def _read_whole_lines(self) -> tuple[bytes, bytes]:
        """Return the events that were finished, and the beginning of one that was not."""
        try:
            content = read_bytes(self.path, _MOST_BYTES)
        except RunIncomplete as reason:
            raise self.kind.damaged(reason.message, hint=reason.hint) from reason
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
class Writer(Generic[C, S]):
    """Adds events while nobody else does.

    Attributes
    ----------
    journal
        Where they go.
    state
        What all events up to now add up to.
    """

    journal: Journal[C, S]
    state: S

    def append(self, content: C, author: str, sign: Sign[C] | None = None) -> Event[C]:
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
        after = self.journal.kind.apply(self.state, event)  # refuses what could not be read again
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


@contextmanager
def hold_job(place: Path, what: str) -> Iterator[None]:
    """Hold the lock of a job that may take long.

    Parameters
    ----------
    place
        The file of the lock, in a folder that exists.
    what
        The job in words, such as ``job for `radon```.

    Raises
    ------
    JobRunning
        Somebody else holds it.
    """
    with files.explained(place):
        lock = FileLock(place)
        try:
            lock.acquire(timeout=0)
        except Timeout as reason:
            message = f"another {what} is running."
            raise JobRunning(message, hint="wait for it; the lock is free once its process ends") from reason
    try:
        yield
    finally:
        lock.release()
