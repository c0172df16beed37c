"""One process of a service: told what to do on standard input, it says on standard output that it is ready.

python -P -m workbench.serving.worker DESCRIPTOR PROCESS PROCESSES < options.json
"""

from __future__ import annotations

import asyncio
import logging
import os
import socket
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from workbench.errors import WorkbenchError
from workbench.progress import write_log_line
from workbench.serving.options import BACKLOG, CONNECTIONS, FOLDER, READY, Failure, ServingOptions, name_model

_TURN = 0.0005
"""After which time a thread lets another one run [s]. Ours: an answer takes as long as the default, 5 ms."""


@dataclass(frozen=True)
class WorkerPlace:
    """The place of a process in a service.

    Attributes
    ----------
    descriptor
        The socket that all processes accept connections from.
    process, processes
        Which one it is, from 0, and how many there are.
    """

    descriptor: int
    process: int
    processes: int


def main(place: WorkerPlace) -> int:
    """Serve until a signal ends it; return the exit code."""
    options = msgspec.json.decode(sys.stdin.buffer.read(), type=ServingOptions)
    sys.setswitchinterval(_TURN)
    log = _make_log()
    try:
        _serve(options, place, log)
    except WorkbenchError as reason:
        failure = Failure(reason.message, reason.hint, reason.exit_code)
        _say(msgspec.json.encode(failure).decode())
        return reason.exit_code
    return 0


def _serve(options: ServingOptions, place: WorkerPlace, log: Callable[..., None]) -> None:
    import uvicorn

    from workbench.serving.app import create_app
    from workbench.serving.connections import ConnectionCounts, SharedSocket, limit_reading
    from workbench.serving.service import Service

    os.set_inheritable(place.descriptor, False)  # what we start would keep it open
    listening = SharedSocket(fileno=place.descriptor)
    counts = ConnectionCounts(Path(os.environ[FOLDER]) / CONNECTIONS, place.processes)
    listening.counts, listening.process = counts, place.process
    service = Service(options, name_model(options), log)
    service.open()
    limits = options.limits
    config = uvicorn.Config(
        create_app(service),
        http=limit_reading(limits.reading, counts, place.process),
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        limit_concurrency=limits.connections,
        timeout_graceful_shutdown=int(limits.seconds) + 5,
        backlog=1,  # asyncio accepts so many at a time, and leaves the others to the other processes
    )
    server = uvicorn.Server(config)
    try:
        asyncio.run(_run(server, listening, lambda: counts.write(place.process, 0)))
    finally:
        service.close()


async def _run(server: Any, listening: socket.socket, on_ready: Callable[[], None]) -> None:
    """Serve, and say so once connections are accepted."""
    serving = asyncio.ensure_future(server.serve(sockets=[listening]))
    while not server.started and not serving.done():
        await asyncio.sleep(0.01)
    if server.started:
        listening.listen(BACKLOG)
        on_ready()
        _say(READY)
    await serving


def _make_log() -> Callable[..., None]:
    """Return what writes lines of JSON; warnings of the packages become such lines too."""

    def write(event: str, level: str = "info", **values: Any) -> None:
        write_log_line(event, level, pid=os.getpid(), **values)

    class Handler(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            write("package", record.levelname.lower(), package=record.name, message=record.getMessage())

    logging.getLogger().addHandler(Handler(logging.WARNING))
    logging.captureWarnings(True)
    return write


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main(WorkerPlace(*(int(argument) for argument in sys.argv[1:]))))
