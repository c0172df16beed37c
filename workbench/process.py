"""Every other program we start is started here: the only importer of `subprocess`.

Children get a process group of their own, so that an interrupt or a time limit ends them with everything
they started, and no thread is needed to run several at once.
"""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO

_POLL_SECONDS = 0.02
_FIRST_POLL_SECONDS = 0.001  # short calls, such as of a log density, are many
_GRACE_SECONDS = 2.0


@dataclass(frozen=True)
class Command:
    """A program to start: its arguments, and where and with what environment.

    Attributes
    ----------
    argv
        Program and arguments; no shell ever sees them.
    cwd
        Working directory; `None` is ours.
    env
        Variables set on top of our own environment.
    """

    argv: tuple[str, ...]
    cwd: Path | None = None
    env: Mapping[str, str] | None = None

    def __str__(self) -> str:
        """Return the command as one would type it."""
        return shlex.join(self.argv)


@dataclass(frozen=True)
class CompletedProcess:
    """What a finished program left: exit code (negative: the signal), text, and wall time [s].

    `timed_out` is true where the time limit ended it.
    """

    command: Command
    returncode: int
    stdout: str
    stderr: str
    seconds: float
    timed_out: bool = False

    @property
    def output(self) -> str:
        """Standard output and standard error, one after the other."""
        return "\n".join(part for part in (self.stdout.rstrip(), self.stderr.rstrip()) if part)


def run(
    argv: Sequence[str | os.PathLike[str]],
    *,
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
    timeout: float | None = None,
) -> CompletedProcess:
    """Run one program to its end.

    Raises
    ------
    FileNotFoundError, PermissionError
        The program itself cannot be started.
    """
    command = Command(tuple(os.fspath(part) for part in argv), cwd, env)
    return run_many([command], timeout=timeout)[0]


def run_many(
    commands: Sequence[Command],
    *,
    jobs: int = 1,
    timeout: float | None = None,
    on_done: Callable[[CompletedProcess], None] | None = None,
) -> list[CompletedProcess]:
    """Run programs, at most `jobs` at a time, and return their results in the order given.

    The whole call stops starting new programs once one has failed; those never started are missing from
    the result only if an earlier one failed. An interrupt ends every running child before it travels on.
    """
    waiting = list(enumerate(commands))[::-1]
    running: dict[int, _Running] = {}
    finished: dict[int, CompletedProcess] = {}
    failed, pause = False, _FIRST_POLL_SECONDS
    try:
        while running or (waiting and not failed):
            while waiting and not failed and len(running) < jobs:
                index, command = waiting.pop()
                running[index] = _Running(command, timeout)
                pause = _FIRST_POLL_SECONDS
            for index in [i for i, child in running.items() if child.is_over()]:
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


class _Running:
    """A child under way, its output going to files so that no pipe can fill up."""

    def __init__(self, command: Command, timeout: float | None) -> None:
        self.command = command
        self.started = time.monotonic()
        self.deadline = None if timeout is None else self.started + timeout
        self.timed_out = False
        self.out: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 - closed by close
        self.err: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 - closed by close
        try:
            self.child = self._start()
        except OSError:
            self.close()
            raise

    def _start(self) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            self.command.argv,
            cwd=self.command.cwd,
            env={**os.environ, **self.command.env} if self.command.env else None,
            stdin=subprocess.DEVNULL,
            stdout=self.out,
            stderr=self.err,
            start_new_session=True,
        )

    def is_over(self) -> bool:
        if self.child.poll() is not None:
            return True
        if self.deadline is not None and time.monotonic() > self.deadline:
            self.timed_out = True
            self.kill()
            return True
        return False

    def kill(self) -> None:
        """End the child and all it started: politely first, then for good."""
        with suppress(ProcessLookupError):
            os.killpg(self.child.pid, signal.SIGTERM)
        try:
            self.child.wait(_GRACE_SECONDS)
        except subprocess.TimeoutExpired:
            with suppress(ProcessLookupError):
                os.killpg(self.child.pid, signal.SIGKILL)
            self.child.wait()

    def collect(self) -> CompletedProcess:
        texts = []
        for stream in (self.out, self.err):
            stream.seek(0)
            texts.append(stream.read().decode("utf-8", "replace"))
        self.close()
        seconds = time.monotonic() - self.started
        return CompletedProcess(
            self.command, self.child.returncode, texts[0], texts[1], seconds, self.timed_out
        )

    def close(self) -> None:
        """Give up the files that hold the output."""
        self.out.close()
        self.err.close()


def count_usable_cores() -> int:
    """Return how many processors this process may use: the default of every `jobs`."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
