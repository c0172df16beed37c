"""What an operator has: the command line, a running service, and clients that ask it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

LONGEST = 300.0
"""How long anything may take [s]."""


@dataclass(frozen=True)
class Done:
    """A command that has ended: its exit code, results and messages."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """Its results, printed with --json."""
        return json.loads(self.out)

    @property
    def log(self) -> list[dict[str, Any]]:
        """The lines of its log, of a command that logs JSON."""
        return [json.loads(line) for line in self.err.splitlines() if line.startswith("{")]


@dataclass(frozen=True)
class Desk:
    """A folder in which an operator works."""

    folder: Path

    def run(self, *arguments: object, code: int | None = 0) -> Done:
        """Run a command of workbench that must end with an exit code; `None` where any will do."""
        found = subprocess.run(
            [sys.executable, "-m", "workbench", *map(str, arguments)],
            cwd=self.folder,
            capture_output=True,
            text=True,
            timeout=LONGEST,
            check=False,
            env=os.environ | {"COLUMNS": "200", "NO_COLOR": "1"},
        )
        assert "Traceback" not in found.stderr, found.stderr
        assert code is None or found.returncode == code, (
            arguments,
            found.stdout[-2000:],
            found.stderr[-4000:],
        )
        return Done(found.returncode, found.stdout, found.stderr)

    def kill(self, *arguments: object, after: float) -> None:
        """Start a command, and kill it after some seconds."""
        child = subprocess.Popen(
            [sys.executable, "-m", "workbench", *map(str, arguments)],
            cwd=self.folder,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        time.sleep(after)
        child.kill()
        child.wait()

    def predict(self, run: str, rows: Sequence[Mapping[str, Any]], *options: str) -> list[dict[str, Any]]:
        """Return what `workbench predict` says of rows."""
        pd.DataFrame(list(rows)).to_csv(self.folder / "asked.csv", index=False)
        self.run("predict", run, "asked.csv", *options, "--output", "told.csv")
        told = pd.read_csv(self.folder / "told.csv").to_dict("records")
        return [{str(key): value for key, value in row.items()} for row in told]

    @contextmanager
    def serve(self, *arguments: object) -> Iterator[Service]:
        """Run a service until the block ends."""
        errors = self.folder / "serve.log"
        with errors.open("w") as log:
            child = subprocess.Popen(
                [sys.executable, "-m", "workbench", "serve", *map(str, arguments), "--port", "0"],
                cwd=self.folder,
                stdout=subprocess.DEVNULL,
                stderr=log,
                text=True,
            )
        try:
            service = Service(_wait_for_port(child, errors), errors)
            yield service
            child.send_signal(signal.SIGTERM)
            assert child.wait(LONGEST) == 0, errors.read_text()
            assert "Traceback" not in errors.read_text()
        finally:
            child.kill()
            child.wait()


def _wait_for_port(child: subprocess.Popen[str], errors: Path) -> int:
    until = time.monotonic() + LONGEST
    while time.monotonic() < until:
        for line in errors.read_text().splitlines():
            if line.startswith("{") and json.loads(line).get("event") == "ready":
                return int(json.loads(line)["port"])
        assert child.poll() is None, errors.read_text()
        time.sleep(0.1)
    raise AssertionError(errors.read_text())


@dataclass(frozen=True)
class Answer:
    """What a service answered."""

    status: int
    values: Any


@dataclass(frozen=True)
class Service:
    """A running service."""

    port: int
    log: Path

    def ask(self, route: str, body: Any = None, headers: Mapping[str, str] | None = None) -> Answer:
        """Send a request and return the answer, whatever its status."""
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.port}{route}",
            data,
            {"content-type": "application/json", **(headers or {})},
        )
        try:
            with urllib.request.urlopen(request, timeout=LONGEST) as found:  # noqa: S310
                text = found.read().decode()
                status = found.status
        except urllib.error.HTTPError as reason:
            text, status = reason.read().decode(), reason.code
        is_json = text.startswith(("{", "["))
        return Answer(status, json.loads(text) if is_json else text)

    def predict(self, rows: Sequence[Mapping[str, Any]], key: str = "") -> Answer:
        """Ask for predictions of rows."""
        return self.ask("/predict", {"rows": list(rows)}, {"X-Workbench-Key": key} if key else {})

    def wait_for(self, what: str, version: int) -> None:
        """Wait until a version answers as the main one, the `canary` or the `shadow`."""
        until = time.monotonic() + LONGEST
        while time.monotonic() < until:
            found = self.ask("/version").values
            if (found.get(what) or {} if what else found).get("version") == version:
                return
            time.sleep(0.2)
        raise AssertionError(f"version {version} never answered: {self.log.read_text()}")


@dataclass
class Customers:
    """Clients that ask all the time, each with a key of its own, and remember what they were told."""

    service: Service
    rows: Sequence[Mapping[str, Any]]
    keys: int = 40
    answers: list[tuple[str, Answer]] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)

    @contextmanager
    def asking(self) -> Iterator[Customers]:
        """Ask until the block ends."""
        ends = threading.Event()

        def ask() -> None:
            number = 0
            while not ends.is_set():
                key = f"customer-{number % self.keys}"
                try:
                    self.answers.append((key, self.service.predict(self.rows, key)))
                except OSError as reason:
                    self.failures.append(repr(reason))
                number += 1
                time.sleep(0.01)

        thread = threading.Thread(target=ask)
        thread.start()
        try:
            yield self
        finally:
            ends.set()
            thread.join()

    def list_versions(self, since: int = 0) -> dict[str, set[int]]:
        """Return the versions that each key was answered by, from one answer on."""
        found: dict[str, set[int]] = {}
        for key, answer in self.answers[since:]:
            found.setdefault(key, set()).add(answer.values["version"])
        return found
