"""A scheduler and workers of Dask, each a process of its own on the loopback interface."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path

import psutil
import pytest

ROOT = Path(__file__).parents[2]
"""The checkout: workers import the tests from there."""

needs_dask = pytest.mark.skipif(
    find_spec("distributed") is None,
    reason="the package distributed is not installed: pip install 'stan-workbench[dask]'",
)
"""Skips what needs a scheduler."""


class DaskProcesses:
    """A scheduler and its workers."""

    def __init__(self, folder: Path, protocol: str = "tcp", **environment: str) -> None:
        self.folder = folder
        self.protocol = protocol
        self.environment = environment
        self.children: dict[str, subprocess.Popen[bytes]] = {}
        self.port = "0"
        self.start_scheduler()

    def start_scheduler(self) -> None:
        """Start the scheduler, at the address that it had if it was killed."""
        file = self.folder / "scheduler.json"
        file.unlink(missing_ok=True)
        self._start(
            "scheduler", "scheduler", "--protocol", self.protocol, "--host", "127.0.0.1",
            "--port", self.port, "--no-dashboard",
            "--scheduler-file", str(file),
        )  # fmt: skip
        deadline = time.monotonic() + 60
        while not (file.exists() and file.read_text().endswith("}")):
            assert self.children["scheduler"].poll() is None, "the scheduler did not start"
            assert time.monotonic() < deadline
            time.sleep(0.05)
        self.address = str(json.loads(file.read_text())["address"])
        self.port = self.address.rpartition(":")[2]

    def start_worker(self, name: str, *options: str, slots: int = 1, **environment: str) -> None:
        """Start a worker with a nanny, which starts it again if it is killed."""
        self._start(
            name, "worker", self.address, "--host", "127.0.0.1", "--name", name, "--nthreads", str(slots),
            "--resources", f"chains={slots}", "--no-dashboard", "--local-directory", str(self.folder / name),
            *options, **environment,
        )  # fmt: skip

    def _start(self, name: str, *command: str, **environment: str) -> None:
        settings = {"PYTHONPATH": str(ROOT), "DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES": "2"}
        env = {**os.environ, **settings, **self.environment, **environment}
        log = (self.folder / f"{name}.log").open("ab")
        self.children[name] = subprocess.Popen(
            [sys.executable, "-m", "dask", *command],
            cwd=self.folder, env=env, stdout=log, stderr=log, start_new_session=True,
        )  # fmt: skip
        log.close()

    def find_worker_processes(self, name: str) -> list[psutil.Process]:
        """Return the worker's own process below its nanny."""
        try:
            children = psutil.Process(self.children[name].pid).children()
            return [child for child in children if "resource_tracker" not in " ".join(child.cmdline())]
        except psutil.Error:
            return []

    def kill_worker(self, name: str) -> None:
        """Kill the worker's process; its nanny starts another."""
        for child in self.find_worker_processes(name):
            child.kill()

    def kill_everything(self) -> None:
        """Kill the scheduler and all nannies, with what they started."""
        self.close()
        self.children.clear()

    def kill(self, name: str) -> None:
        """Kill the scheduler, or a nanny."""
        self.children[name].kill()
        self.children.pop(name).wait()

    def close(self) -> None:
        """End everything."""
        for child in self.children.values():
            with suppress(ProcessLookupError):
                os.killpg(child.pid, signal.SIGKILL)
            child.wait()
