"""A program that stays beside us and answers requests on a socket, until we close it or end."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import IO

from workbench.process.children import mark_environment
from workbench.process.start import make_output_file, register, unregister
from workbench.process.work import Work, find_work

_BUFFER = 1 << 20
"""Bytes that the kernel may hold on their way to or from a companion: fewer changes between processes."""


class Companion:
    """A child with a socket as its standard input and output; what it prints as an error goes to a file.

    It ends at the end of its input, so with us at the latest; one that does not read is killed by the guard.
    All calls raise `TimeoutError` once the time limit is over, and `EOFError` if the child has ended.
    """

    def __init__(self, argv: tuple[str, ...], environment: Mapping[str, str] | None = None) -> None:
        """Start a program, with further variables in its environment.

        Raises
        ------
        OSError
            It cannot be started.
        """
        self.work: Work | None = None
        self._errors: IO[bytes] = make_output_file()
        self._socket, theirs = socket.socketpair()
        try:
            for end in (self._socket, theirs):
                end.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _BUFFER)
            self._child: subprocess.Popen[bytes] = subprocess.Popen(
                argv,
                env=mark_environment({**os.environ, **(environment or {})}),
                stdin=theirs.fileno(),
                stdout=theirs.fileno(),
                stderr=self._errors,
                start_new_session=True,
            )
        except OSError:
            self._socket.close()
            self._errors.close()
            raise
        finally:
            theirs.close()
        register(self)

    @property
    def descriptor(self) -> int:
        """The descriptor of our end of its socket."""
        return self._socket.fileno()

    @property
    def pid(self) -> int:
        """The number of its process."""
        return self._child.pid

    def is_alive(self) -> bool:
        """Return whether it still runs."""
        return self._child.poll() is None

    @contextmanager
    def ask(self) -> Iterator[None]:
        """Do what follows, a request and its answer, as a part of this thread's work."""
        work = find_work()
        if work is None:
            yield
            return
        self.work = work
        try:
            with work.ask(self):
                yield
        finally:
            self.work = None

    def kill_at_once(self) -> None:
        """Kill it while another thread waits for its answer; that thread finds the end of its output."""
        self.signal_group(signal.SIGKILL)

    def send(self, *parts: bytes | memoryview, deadline: float | None = None) -> None:
        """Send bytes; `deadline` is a time of `time.monotonic` [s]."""
        for part in filter(len, parts):
            self._wait_until(deadline)
            try:
                self._socket.sendall(part, getattr(socket, "MSG_NOSIGNAL", 0))
            except (BrokenPipeError, ConnectionResetError) as reason:
                raise EOFError from reason

    def receive_into(self, view: memoryview, deadline: float | None = None) -> None:
        """Fill a view of bytes."""
        received = 0
        while received < len(view):
            self._wait_until(deadline)
            try:
                count = self._socket.recv_into(view[received:])
            except ConnectionResetError as reason:
                raise EOFError from reason
            if count == 0:
                raise EOFError
            received += count

    def receive(self, size: int, deadline: float | None = None) -> bytes:
        """Return the next bytes."""
        received = bytearray(size)
        self.receive_into(memoryview(received), deadline)
        return bytes(received)

    def _wait_until(self, deadline: float | None) -> None:
        """Bound the next call of the socket."""
        if deadline is None:
            self._socket.settimeout(None)
            return
        left = deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError
        self._socket.settimeout(left)

    def read_errors(self) -> str:
        """Return what it printed as an error."""
        self._errors.seek(0)
        return self._errors.read().decode("utf-8", "replace")

    def kill(self) -> int:
        """End it at once; return its exit code: if negative, the signal that ended it, ours or another."""
        self._socket.close()
        ended = self._child.poll()
        self.signal_group(signal.SIGKILL)
        self._child.wait()
        unregister(self)
        return self._child.returncode if ended is None else ended

    def close(self) -> None:
        """End it and close its files; it may be closed already."""
        self.kill()
        self._errors.close()

    def signal_group(self, number: signal.Signals) -> None:
        """Send a signal to the child and to everything that it started."""
        if self._child.returncode is None:
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(self._child.pid, number)
