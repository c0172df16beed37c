"""Run other programs until they end.

Each child has a process group of its own, so that an interrupt or a time limit also ends everything that it
started; if we are killed, the guard ends it (`children.py`). Children are polled, so no threads are needed
to run several at a time.
"""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Protocol, TypeAlias

from workbench.files import refuse_full
from workbench.process.children import mark_environment
from workbench.process.work import Work, find_work, refuse_ended

_POLL_SECONDS = 0.02
"""The longest time between two looks at the children [s]."""

_FIRST_POLL_SECONDS = 0.001
"""The shortest such time [s]: there are many short calls, for example of a log density."""

_GRACE_SECONDS = 2.0
"""How long a child may take to end when it is asked to, before it is killed [s]."""


@dataclass(frozen=True)
class ProcessCommand:
    """A program to start.

    Attributes
    ----------
    argv
        The program and its arguments; no shell interprets them.
    cwd
        The working directory; `None` is ours.
    env
        Environment variables to set besides our own.
    is_merged
        Whether what it prints as an error joins its other output, in the order in which it is printed.
    descriptors
        Open files and sockets that it inherits, under the same numbers.
    """

    argv: tuple[str, ...]
    cwd: Path | None = None
    env: Mapping[str, str] | None = None
    is_merged: bool = False
    descriptors: tuple[int, ...] = ()

    def __str__(self) -> str:
        """Return the command as it would be typed in a shell."""
        return shlex.join(self.argv)


@dataclass(frozen=True)
class CompletedProcess:
    """The result of a program that has ended.

    Attributes
    ----------
    command
        The program and its arguments.
    returncode
        The exit code; if negative, the signal that ended the program.
    stdout, stderr
        What it printed.
    seconds
        Wall time [s].
    timed_out
        Whether the time limit ended it.
    """

    command: ProcessCommand
    returncode: int
    stdout: str
    stderr: str
    seconds: float
    timed_out: bool = False

    @property
    def output(self) -> str:
        """Standard output followed by standard error."""
        return "\n".join(text for text in (self.stdout.rstrip(), self.stderr.rstrip()) if text)


def run(
    argv: Sequence[str | os.PathLike[str]],
    *,
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
    timeout: float | None = None,
    is_merged: bool = False,
    descriptors: tuple[int, ...] = (),
    on_line: Callable[[str], None] | None = None,
) -> CompletedProcess:
    """Run a program until it ends.

    Parameters
    ----------
    argv
        The program and its arguments.
    cwd, env, is_merged, descriptors
        As in `ProcessCommand`.
    timeout
        The longest time that it may run [s].
    on_line
        Receives each line of its standard output while it runs.

    Raises
    ------
    FileNotFoundError, PermissionError
        The program cannot be started.
    """
    names = tuple(os.fspath(argument) for argument in argv)
    command = ProcessCommand(names, cwd, env, is_merged, descriptors)
    return run_many([command], timeout=timeout, on_line=on_line)[0]


def run_many(
    commands: Sequence[ProcessCommand],
    *,
    jobs: int = 1,
    timeout: float | None = None,
    on_done: Callable[[CompletedProcess], None] | None = None,
    on_line: Callable[[str], None] | None = None,
) -> list[CompletedProcess]:
    """Run programs, at most `jobs` at a time; return their results in the order of the commands.

    Once a program has failed, no further ones are started; those are missing from the results. An interrupt
    ends all running children before it is passed on, and so does the end of the work that they belong to.
    """
    waiting = list(enumerate(commands))[::-1]
    running: dict[int, _Child] = {}
    finished: dict[int, CompletedProcess] = {}
    failed, pause = False, _FIRST_POLL_SECONDS
    try:
        while running or (waiting and not failed):
            refuse_ended()
            while waiting and not failed and len(running) < jobs:
                index, command = waiting.pop()
                running[index] = _Child(command, timeout, on_line)
                pause = _FIRST_POLL_SECONDS
            for index in [i for i, child in running.items() if child.is_finished()]:
                finished[index] = running.pop(index).collect()
                failed = failed or finished[index].returncode != 0
                if on_done is not None:
                    on_done(finished[index])
            time.sleep(pause if running else 0)
            pause = min(2 * pause, _POLL_SECONDS)
    finally:
        for child in running.values():
            child.kill()
            child.close()
    return [finished[index] for index in sorted(finished)]


WorkerProcess: TypeAlias = "subprocess.Popen[bytes]"
"""A program that works beside us."""


def start_worker(
    argv: Sequence[str],
    *,
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
    descriptors: tuple[int, ...] = (),
    is_heard: bool = False,
) -> WorkerProcess:
    """Start a program that works on what we write to its standard input, and answers on its standard output.

    No interrupt reaches it; it ends with us at the latest. Whoever starts it ends it.

    Parameters
    ----------
    argv, cwd, env, descriptors
        As in `ProcessCommand`.
    is_heard
        Whether what it prints as an error goes where ours goes; nobody hears it otherwise.

    Raises
    ------
    OSError
        It cannot be started.
    """
    return subprocess.Popen(
        argv,
        cwd=cwd,
        env=mark_environment({**os.environ, **(env or {})}),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=None if is_heard else subprocess.DEVNULL,
        pass_fds=descriptors,
        start_new_session=True,
    )


class _Child:
    """A running child. Its output goes to files, because a pipe could fill up and block it."""

    def __init__(
        self, command: ProcessCommand, timeout: float | None, on_line: Callable[[str], None] | None
    ) -> None:
        self.command = command
        self.on_line = on_line
        self.work = find_work()
        self.bytes_shown = 0
        self.started = time.monotonic()
        self.deadline = None if timeout is None else self.started + timeout
        self.timed_out = False
        self.out = make_output_file()
        self.err = make_output_file()
        try:
            self.child = self._start()
        except OSError:
            self.close()
            raise
        register(self)

    def _start(self) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            self.command.argv,
            cwd=self.command.cwd,
            env=mark_environment({**os.environ, **(self.command.env or {})}),
            stdin=subprocess.DEVNULL,
            stdout=self.out,
            stderr=subprocess.STDOUT if self.command.is_merged else self.err,
            pass_fds=self.command.descriptors,
            start_new_session=True,  # a group of its own, which no interrupt reaches before we pass it on
        )

    @property
    def pid(self) -> int:
        return self.child.pid

    def is_finished(self) -> bool:
        has_ended = self.child.poll() is not None
        self._show_new_lines()
        if has_ended:
            return True
        if self.deadline is not None and time.monotonic() > self.deadline:
            self.timed_out = True
            self.kill()
            return True
        return False

    def _show_new_lines(self) -> None:
        """Pass on the complete lines that were printed since the last look."""
        if self.on_line is None:
            return
        size = os.fstat(self.out.fileno()).st_size
        added = os.pread(self.out.fileno(), size - self.bytes_shown, self.bytes_shown)
        complete = added.rpartition(b"\n")[0]
        self.bytes_shown += len(complete) + 1 if complete else 0
        for line in complete.decode("utf-8", "replace").splitlines():
            self.on_line(line)

    def kill(self) -> None:
        """End the child and everything it started; kill what does not end when asked to."""
        self.signal_group(signal.SIGTERM)
        deadline = time.monotonic() + _GRACE_SECONDS
        while not self._has_ended() and time.monotonic() < deadline:
            time.sleep(_FIRST_POLL_SECONDS)
        # What the child started may live on. Until we wait for the child, its group's number is its own.
        self.signal_group(signal.SIGKILL)
        self.child.wait()

    def _has_ended(self) -> bool:
        """Return whether the child has ended, without waiting for it."""
        if self.child.returncode is not None:
            return True
        return os.waitid(os.P_PID, self.child.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None

    def signal_group(self, number: signal.Signals) -> None:
        if self.child.returncode is None:
            with suppress(ProcessLookupError, PermissionError):  # everything in the group has ended
                os.killpg(self.child.pid, number)

    def collect(self) -> CompletedProcess:
        """Return what the child did.

        Raises
        ------
        StoreError
            The disk of the temporary folder is full, so that its output is not all there.
        """
        texts = []
        try:
            for stream in (self.out, self.err):
                stream.seek(0)
                texts.append(stream.read().decode("utf-8", "replace"))
            refuse_full()
        finally:
            self.close()
        seconds = time.monotonic() - self.started
        return CompletedProcess(
            self.command, self.child.returncode, texts[0], texts[1], seconds, self.timed_out
        )

    def close(self) -> None:
        """Close the files of the output, which removes them."""
        unregister(self)
        self.out.close()
        self.err.close()


def make_output_file() -> IO[bytes]:
    """Return a file for what a child prints, in memory if possible: a full disk then loses no message."""
    if hasattr(os, "memfd_create"):
        return os.fdopen(os.memfd_create("workbench"), "w+b")
    return tempfile.TemporaryFile()


class Running(Protocol):
    """A child that runs, with the work that waits for it."""

    work: Work | None

    @property
    def pid(self) -> int:
        """The number of its process, and of the group of processes that it leads."""

    def signal_group(self, number: signal.Signals) -> None:
        """Send a signal to the child and to everything that it started."""


_running: set[Running] = set()
"""The children that run now, whichever thread waits for them."""

_running_lock = threading.Lock()
"""Held while that set is changed or copied."""


def register(child: Running) -> None:
    """Count a child among those that `kill_running` ends."""
    with _running_lock:
        _running.add(child)


def unregister(child: Running) -> None:
    """Count a child as ended; it may have been before."""
    with _running_lock:
        _running.discard(child)


def find_owner(pid: int) -> Work | None:
    """Return the work that waits for a process, a child or what a child started; `None` if nobody does."""
    try:
        group = os.getpgid(pid)
    except ProcessLookupError:  # it has just ended
        return None
    with _running_lock:
        return next((child.work for child in _running if child.pid == group), None)


def kill_running() -> None:
    """Kill all running children and what they started; whoever waits for them sees that they were killed."""
    with _running_lock:
        children = tuple(_running)
    for child in children:
        child.signal_group(signal.SIGKILL)


def count_usable_cores() -> int:
    """Return how many processors this process may use: the default of every `jobs`."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
