"""Connections: shared out among processes, and closed where they say nothing."""

from __future__ import annotations

import asyncio
import mmap
import socket
import struct
import time
from pathlib import Path
from typing import Any, cast

from uvicorn.protocols.http.h11_impl import H11Protocol

_COUNT = struct.Struct("=I")
"""How a process writes how many connections it has."""

_NONE = 2**32 - 1
"""What stands there for a process that does not accept any."""

_WAIT = 0.0005
_MOST_WAITS = 6
"""How long a process leaves a connection to one that has fewer, in steps [s]. Ours: 3 ms in all."""


class ConnectionCounts:
    """How many connections each process of a service has, in a file that all of them map into memory."""

    def __init__(self, path: Path, processes: int) -> None:
        """Map a file, which is made if there is none."""
        size = _COUNT.size * processes
        with path.open("a+b") as stream:
            if stream.tell() < size:
                stream.truncate(0)
                stream.write(_COUNT.pack(_NONE) * processes)
                stream.flush()
            self._memory = mmap.mmap(stream.fileno(), size)
        self._processes = processes

    def write(self, process: int, count: int | None) -> None:
        """Say how many connections a process has; `None` if it accepts none."""
        _COUNT.pack_into(self._memory, _COUNT.size * process, _NONE if count is None else count)

    def add(self, process: int) -> None:
        """Count one more connection of a process, which accepts several before it opens the first."""
        (count,) = _COUNT.unpack_from(self._memory, _COUNT.size * process)
        if count != _NONE:
            self.write(process, count + 1)

    def is_fewest(self, process: int) -> bool:
        """Return whether no other process has fewer connections."""
        counts = [_COUNT.unpack_from(self._memory, _COUNT.size * one)[0] for one in range(self._processes)]
        return bool(counts[process] <= min(counts))


class SharedSocket(socket.socket):
    """A listening socket of several processes: one with more connections lets the others go first."""

    counts: ConnectionCounts | None = None
    process = 0

    def accept(self) -> tuple[socket.socket, Any]:
        """Accept a connection, unless another process is quicker."""
        for _ in range(_MOST_WAITS):
            if self.counts is None or self.counts.is_fewest(self.process):
                break
            time.sleep(_WAIT)
        accepted = super().accept()
        if self.counts is not None:
            self.counts.add(self.process)
        return accepted


def limit_reading(seconds: float, counts: ConnectionCounts, process: int) -> type[H11Protocol]:
    """Return uvicorn's protocol with a limit to the time in which a first request must begin [s].

    uvicorn itself limits the time between two requests; how long a body may take is up to the routes.

    Parameters
    ----------
    seconds
        The limit.
    counts, process
        Where the connections of this process are counted, and which one it is.
    """

    class PatientProtocol(H11Protocol):
        """Closes a connection whose first request does not come in time."""

        _timer: asyncio.TimerHandle | None = None

        def connection_made(self, transport: asyncio.BaseTransport) -> None:
            super().connection_made(cast("Any", transport))
            counts.write(process, len(self.connections))
            self._timer = self.loop.call_later(seconds, self._close_silent)

        def connection_lost(self, exc: Exception | None) -> None:
            if self._timer is not None:
                self._timer.cancel()
            super().connection_lost(exc)
            counts.write(process, len(self.connections))

        def _close_silent(self) -> None:
            if self.cycle is None and not self.transport.is_closing():
                self.transport.close()

    return PatientProtocol
