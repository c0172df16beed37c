"""One process that starts those which answer, on one socket, and starts them again when they crash."""

from __future__ import annotations

import os
import select
import signal
import socket
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import IO, Any

import msgspec

from workbench import process
from workbench.errors import RequestError, RunError, ToolchainMissing, WorkbenchError
from workbench.files import make_scratch
from workbench.progress import write_log_line
from workbench.provenance import format_install
from workbench.serving.options import BACKLOG, FOLDER, READY, Failure, ServingOptions, name_model

_PACKAGES = ("fastapi", "uvicorn", "prometheus_client")
"""The packages of the extra `serve`."""

_LOOK = 0.1
"""How often the processes are looked after [s]."""

_GRACE = 10.0
"""How much longer than a request a process may take to end when it is asked to [s]. Ours."""

_SHORTEST_LIFE = 5.0
_LONGEST_PAUSE = 30.0
"""A process that lives for less time is started again after a pause, which doubles each time, up to this [s].
Ours."""


@dataclass
class _Worker:
    """A process that answers."""

    child: process.WorkerProcess
    started: float = field(default_factory=time.monotonic)
    is_ready: bool = False
    said: str = ""

    def hear(self) -> None:
        """Read what it has said."""
        stream: IO[bytes] | None = self.child.stdout
        if stream is None or stream.closed:
            return
        while select.select([stream], [], [], 0)[0]:
            part = os.read(stream.fileno(), 65536)
            if not part:
                stream.close()
                return
            self.said += part.decode("utf-8", "replace")
        self.is_ready = self.is_ready or READY in self.said.splitlines()


def require_packages() -> None:
    """Refuse to serve without the packages that answer HTTP; none of them is imported.

    Raises
    ------
    ToolchainMissing
        The message names the first that is missing.
    """
    missing = next((name for name in _PACKAGES if find_spec(name) is None), None)
    if missing is not None:
        message = f"a service needs the package `{missing}`, which is not installed."
        raise ToolchainMissing(message, hint=format_install("serve"))


@contextmanager
def listen(host: str, port: int) -> Iterator[socket.socket]:
    """Open the socket that all processes accept connections from.

    Raises
    ------
    RequestError
        The address cannot be used.
    """
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        listening = socket.socket(family, kind, protocol)
    except (OSError, UnicodeError, OverflowError) as reason:
        cause = reason.strerror if isinstance(reason, OSError) else "this is no name of a host"
        raise RequestError(f"the address `{host}` cannot be used: {cause}.") from reason
    with listening:
        try:
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listening.bind(address)
            listening.listen(BACKLOG)
        except (OSError, OverflowError) as reason:
            cause = os.strerror(reason.errno) if isinstance(reason, OSError) and reason.errno else str(reason)
            message = f"nothing can listen on port {port} of `{host}`: {cause}."
            raise RequestError(message, hint="choose another with --port") from reason
        yield listening


class Supervisor:
    """Starts processes, looks after them, and ends them."""

    def __init__(self, options: ServingOptions, listening: socket.socket, workers: int, counts: Path) -> None:
        """Prepare; `counts` is a folder in which the processes count."""
        self.options = options
        self._listening = listening
        self._counts = counts
        self._workers: list[_Worker] = []
        for place in range(workers):
            self._workers.append(self._start(place, workers))
        self._ends = False
        self._pause = 0.0

    def _start(self, place: int, workers: int) -> _Worker:
        descriptor = self._listening.fileno()
        child = process.start_worker(
            [sys.executable, "-P", "-m", "workbench.serving.worker", *map(str, (descriptor, place, workers))],
            env={FOLDER: str(self._counts)},
            descriptors=(descriptor,),
            is_heard=True,
        )
        assert child.stdin is not None  # noqa: S101 - it is a pipe
        with suppress(BrokenPipeError):  # it has ended, which is seen later
            child.stdin.write(msgspec.json.encode(self.options))
            child.stdin.close()
        return _Worker(child)

    def wait_until_ready(self) -> None:
        """Wait until each process answers.

        Raises
        ------
        WorkbenchError
            One of them cannot: what it said.
        """
        while not self._ends and not all(worker.is_ready for worker in self._workers):
            for worker in self._workers:
                worker.hear()
                if worker.child.poll() is not None and not worker.is_ready:
                    worker.hear()
                    raise _explain(worker)
            time.sleep(0.01)

    def watch(self) -> None:
        """Start processes again that end by themselves, until `end` is called."""
        while not self._ends:
            for place, worker in enumerate(self._workers):
                worker.hear()
                if worker.child.poll() is not None:
                    self._workers[place] = self._restart(place, worker)
            time.sleep(_LOOK)

    def _restart(self, place: int, worker: _Worker) -> _Worker:
        from workbench.serving.metrics import count_restart, forget_process

        code = worker.child.returncode
        write_log_line("crash", "error", process="worker", pid=worker.child.pid, code=code)
        count_restart(name_model(self.options))
        forget_process(worker.child.pid)
        is_short = time.monotonic() - worker.started < _SHORTEST_LIFE
        self._pause = min(max(2 * self._pause, 0.5), _LONGEST_PAUSE) if is_short else 0.0
        until = time.monotonic() + self._pause
        while time.monotonic() < until and not self._ends:
            time.sleep(_LOOK)
        return self._start(place, len(self._workers))

    def end(self, *_signal: Any) -> None:
        """End everything once what is being answered is answered."""
        self._ends = True

    def close(self) -> None:
        """Accept no further connections, ask the processes to end, and end those that do not."""
        self._listening.close()
        for worker in self._workers:
            worker.child.send_signal(signal.SIGTERM)
        deadline = time.monotonic() + self.options.limits.seconds + _GRACE
        for worker in self._workers:
            while worker.child.poll() is None and time.monotonic() < deadline:
                time.sleep(0.01)
            worker.child.kill()
            worker.child.wait()
            if worker.child.stdout is not None:
                worker.child.stdout.close()


def serve(options: ServingOptions, host: str, port: int, workers: int) -> None:
    """Serve until a signal ends it.

    Parameters
    ----------
    options
        What to serve.
    host, port
        Where to listen; port 0 is any free one.
    workers
        How many processes answer.

    Raises
    ------
    WorkbenchError
        The address cannot be used, or the version cannot be served.
    """
    require_packages()
    with make_scratch() as counts, listen(host, port) as listening:
        os.environ[FOLDER] = str(counts)
        supervisor = Supervisor(options, listening, workers, counts)
        with _on_signals(supervisor):
            try:
                supervisor.wait_until_ready()
                address = listening.getsockname()
                write_log_line(
                    "ready", host=address[0], port=address[1], workers=workers, source=options.source
                )
                supervisor.watch()
                write_log_line("ending")
            finally:
                supervisor.close()
    write_log_line("ended")


@contextmanager
def _on_signals(supervisor: Supervisor) -> Iterator[None]:
    """Let SIGTERM and SIGINT end the service in order."""
    before = {number: signal.signal(number, supervisor.end) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _explain(worker: _Worker) -> WorkbenchError:
    """Return why a process cannot serve: what it said, as an error with its exit code."""
    for line in worker.said.splitlines():
        try:
            failure = msgspec.json.decode(line, type=Failure)
        except msgspec.DecodeError:
            continue
        error = WorkbenchError(failure.message, hint=failure.hint)
        error.exit_code = failure.exit_code
        return error
    code = worker.child.returncode
    return RunError(f"a process of the service ended with code {code} before it was ready.")
