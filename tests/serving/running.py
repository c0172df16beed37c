"""A service as a process of its own, and a client."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import signal
import socket
import struct
import subprocess
import sys
import threading
import time
from dataclasses import dataclass, field
from typing import Any


@dataclass
class Answer:
    """A response."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class Running:
    """A service that runs; its log is read as it comes."""

    process: subprocess.Popen[str]
    events: list[dict[str, Any]] = field(default_factory=list)
    said: list[str] = field(default_factory=list)
    port: int = 0

    def read_log(self):
        assert self.process.stderr is not None
        for line in self.process.stderr:
            if line.startswith("{"):
                self.events.append(json.loads(line))
            else:
                self.said.append(line)

    def wait_for(self, event, seconds=120.0, **values):
        """Return the first line of the log about an event."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            found = [line for line in list(self.events) if line["event"] == event]
            found = [line for line in found if values.items() <= line.items()]
            if found:
                return found[0]
            if self.process.poll() is not None:
                time.sleep(0.2)
                if not any(line["event"] == event for line in self.events):
                    raise AssertionError(f"it ended: {self.events[-3:]} {self.said}")
            time.sleep(0.02)
        raise AssertionError(f"no {event} {values} in {self.events[-5:]}")

    def ask(self, method, path, body=None, headers=None, timeout=60.0):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout)
        with contextlib.closing(connection):
            connection.request(method, path, body, headers or {})
            found = connection.getresponse()
            names = {name.lower(): value for name, value in found.getheaders()}
            return Answer(found.status, names, found.read())

    def post(self, path, content, **headers):
        body = content if isinstance(content, bytes) else json.dumps(content).encode()
        names = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.ask("POST", path, body, {"Content-Type": "application/json", **names})

    def ask_and_leave(self, path, content):
        """Send a request, and reset the connection at once."""
        body = json.dumps(content).encode()
        client = socket.create_connection(("127.0.0.1", self.port))
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        head = f"POST {path} HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n"
        client.sendall(f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body)
        client.close()

    def find_metric(self, name, **labels):
        """Return the sum of a metric's values with some labels."""
        total = 0.0
        for line in self.ask("GET", "/metrics").body.decode().splitlines():
            if line.startswith((f"{name}{{", f"{name} ")) and all(
                f'{key}="{value}"' in line for key, value in labels.items()
            ):
                total += float(line.rsplit(" ", 1)[1])
        return total


@contextlib.contextmanager
def serve(*arguments, env=None):
    """Start `workbench serve` on a free port, and end it."""
    command = [sys.executable, "-m", "workbench", "serve", *map(str, arguments), "--port", "0"]
    process = subprocess.Popen(
        command,
        stderr=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        text=True,
        env={**os.environ, **(env or {})},
    )
    running = Running(process)
    reader = threading.Thread(target=running.read_log, daemon=True)
    reader.start()
    try:
        running.port = running.wait_for("ready")["port"]
        yield running
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(60)
        finally:
            process.kill()
            reader.join()
            assert process.stderr is not None
            process.stderr.close()
