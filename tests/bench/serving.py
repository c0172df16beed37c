"""A service under load: requests of one row, from one process on loopback.

A fit of kidiq is served by as many processes as there are cores. Clients in this process send one request
after the other on a connection each, for so many seconds; reported are the latencies, the requests a second,
errors, the time from the start to the first answer, and the memory of the service before and after.

    python -m tests.bench.serving --seconds 60 --clients 2
    python -m tests.bench.serving --requests 20000
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import psutil

ROOT = Path(__file__).parents[2]

FIT = (
    "fit", "linear", str(ROOT / "data" / "kidiq.csv"), "--column", "y=kid_score", "--columns",
    "X=mom_hs,mom_iq,mom_age", "--seed", "1", "--no-report",
)  # fmt: skip
"""The fit that is served."""


@dataclass
class Load:
    """What came of many requests.

    Attributes
    ----------
    latencies
        Of each that was answered [s].
    statuses
        How often each status came; 0 for a connection that was lost.
    seconds
        How long they took together [s].
    """

    latencies: list[float] = field(default_factory=list)
    statuses: dict[int, int] = field(default_factory=dict)
    seconds: float = 0.0

    @property
    def errors(self) -> int:
        """How many were not answered with 200."""
        return sum(count for status, count in self.statuses.items() if status != 200)

    def find_quantile(self, probability: float) -> float:
        """Return a quantile of the latencies [ms]."""
        return float(1000 * np.quantile(self.latencies, probability))


def main() -> None:
    """Measure, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--seconds", type=float, default=20, help="how long requests are sent (default: 20)")
    parser.add_argument("--requests", type=int, help="send so many instead")
    parser.add_argument("--clients", type=int, default=2, help="requests at a time (default: 2)")
    parser.add_argument("--draws", type=int, default=1000, help="draws to predict from (default: 1000)")
    parser.add_argument("--workers", type=int, help="processes of the service (default: the cores)")
    parser.add_argument("--run", type=Path, help="serve this fit of kidiq instead of a new one")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="workbench-bench-") as name:
        run = arguments.run or Path(name) / "kid"
        if arguments.run is None:
            command = [sys.executable, "-m", "workbench", *FIT, "--output", str(run)]
            subprocess.run(command, check=True, cwd=ROOT, capture_output=True)
        options = ["--draws", str(arguments.draws)]
        options += ["--workers", str(arguments.workers)] if arguments.workers else []
        with start_service([str(run), *options]):  # builds what it needs
            pass
        with start_service([str(run), *options]) as service:
            _print(f"start to ready       {service.seconds:8.2f} s")
            service.send(200, 2)
            before, spent = service.measure_memory(), service.measure_processor_time()
            seconds = arguments.seconds if arguments.requests is None else 1e9
            load = service.send(arguments.requests, arguments.clients, seconds)
            after = service.measure_memory()
            spent = service.measure_processor_time() - spent
    _print(f"requests             {len(load.latencies):8,}")
    _print(f"requests a second    {len(load.latencies) / load.seconds:8.0f}")
    _print(f"errors               {load.errors:8}")
    for probability in (0.5, 0.95, 0.99, 1.0):
        _print(f"latency, {100 * probability:3.0f} %      {load.find_quantile(probability):8.2f} ms")
    _print(f"processor time       {1000 * spent / len(load.latencies):8.2f} ms a request")
    _print(f"memory before, after {before / 2**20:8.0f} {after / 2**20:.0f} MiB")


def _print(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


@dataclass
class RunningService:
    """A service that answers.

    Attributes
    ----------
    process
        Its first process.
    port
        Where it listens.
    seconds
        How long it took to be ready [s].
    """

    process: subprocess.Popen[bytes]
    port: int
    seconds: float

    def send(self, requests: int | None, clients: int, seconds: float = 1e9) -> Load:
        """Send requests of one row, so many or for so long, by several clients at a time."""
        return asyncio.run(send_requests(self.port, requests, clients, seconds))

    def measure_memory(self) -> int:
        """Return the memory of all its processes that they share with no other one [bytes]."""
        parent = psutil.Process(self.process.pid)
        found = 0
        for one in [parent, *parent.children(recursive=True)]:
            found += one.memory_full_info().uss
        return found

    def measure_processor_time(self) -> float:
        """Return the processor time that its processes have taken [s]."""
        parent = psutil.Process(self.process.pid)
        times = [one.cpu_times() for one in [parent, *parent.children(recursive=True)]]
        return sum(time.user + time.system for time in times)


@contextmanager
def start_service(arguments: Sequence[str]) -> Iterator[RunningService]:
    """Start a service on a free port, and end it."""
    command = [sys.executable, "-m", "workbench", "serve", *arguments, "--port", "0"]
    started = time.monotonic()
    process = subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE, env={**os.environ})
    try:
        port = _wait_for_port(process)
        yield RunningService(process, port, time.monotonic() - started)
    finally:
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=60)


def _wait_for_port(process: subprocess.Popen[bytes]) -> int:
    assert process.stderr is not None
    said = []
    for line in process.stderr:
        event = json.loads(line) if line.startswith(b"{") else {"event": line.decode()}
        if event["event"] == "ready":
            return int(event["port"])
        said.append(line.decode())
    raise RuntimeError(f"the service did not become ready: {''.join(said)}")


async def send_requests(port: int, requests: int | None, clients: int, seconds: float) -> Load:
    """Send requests by several clients, each one after the other on a connection of its own."""
    load, left = Load(), [requests or 10**12]
    started = time.monotonic()
    deadline = started + seconds
    await asyncio.gather(*(_send_many(port, load, left, deadline, number) for number in range(clients)))
    load.seconds = time.monotonic() - started
    return load


async def _send_many(port: int, load: Load, left: list[int], deadline: float, number: int) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    random = np.random.default_rng(number)
    while left[0] > 0 and time.monotonic() < deadline:
        left[0] -= 1
        row = {
            "mom_hs": int(random.integers(2)),
            "mom_iq": round(float(random.normal(100, 15)), 2),
            "mom_age": 25,
        }
        body = json.dumps({"rows": [row]}).encode()
        head = (
            "POST /predict HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
            f"Content-Length: {len(body)}\r\n\r\n"
        )
        started = time.perf_counter()
        try:
            writer.write(head.encode() + body)
            answer = await reader.readuntil(b"\r\n\r\n")
            length = int(answer.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
            await reader.readexactly(length)
            status = int(answer.split(b" ")[1])
        except (OSError, asyncio.IncompleteReadError):
            status = 0
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
        load.latencies.append(time.perf_counter() - started)
        load.statuses[status] = load.statuses.get(status, 0) + 1
    writer.close()


if __name__ == "__main__":
    main()
