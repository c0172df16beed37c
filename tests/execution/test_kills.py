"""Thirty kills of workers, nannies, schedulers and clients, at random, lose nothing that was finished."""

import os
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from tests.execution import work
from tests.execution.clusters import ROOT, DaskProcesses, needs_dask

pytestmark = [needs_dask, pytest.mark.truth]

KILLS = 30
"""How often something is killed."""

WORKERS = ("first", "second")
"""The workers."""

COUNT = 600
"""Tasks, each of a fifth of a second."""


def start_client(cluster: DaskProcesses, folder: Path) -> subprocess.Popen[bytes]:
    """Start the process that wants the tasks."""
    with (cluster.folder / "client.log").open("ab") as log:
        return subprocess.Popen(
            [sys.executable, "-m", "tests.execution.client", cluster.address, str(folder), str(COUNT)],
            cwd=cluster.folder, env={**os.environ, "PYTHONPATH": str(ROOT)}, stdout=log, stderr=log,
        )  # fmt: skip


def mend(cluster: DaskProcesses) -> None:
    """Start again what has ended."""
    for name, child in list(cluster.children.items()):
        if child.poll() is not None:
            del cluster.children[name]
    if "scheduler" not in cluster.children:
        cluster.start_scheduler()
    for name in WORKERS:
        if name not in cluster.children:
            cluster.start_worker(name)


def test_no_kill_loses_a_finished_piece_or_changes_a_number(tmp_path):
    folder = tmp_path / "pieces"
    folder.mkdir()
    cluster = DaskProcesses(tmp_path)
    rng = np.random.default_rng(20)
    seen: dict[Path, int] = {}
    killed: list[str] = []
    try:
        mend(cluster)
        client = start_client(cluster, folder)
        deadline = time.monotonic() + 900
        while client.poll() != 0:
            assert time.monotonic() < deadline, f"{len(seen)} of {COUNT} pieces after {killed}"
            time.sleep(rng.uniform(0.3, 2.0))
            if len(killed) < KILLS:
                kind = str(rng.choice(["worker", "worker", "nanny", "scheduler", "client"]))
                name = str(rng.choice(WORKERS))
                if kind == "worker":
                    cluster.kill_worker(name)
                elif kind == "client":
                    client.kill()
                    client.wait()
                else:
                    cluster.kill("scheduler" if kind == "scheduler" else name)
                killed.append(kind)
            mend(cluster)
            if client.poll() not in (None, 0):
                printed = (tmp_path / "client.log").read_text()[-3000:]
                is_refused = "no scheduler of Dask answers" in printed  # as it had just been killed
                assert client.poll() == -9 or is_refused, printed
                client = start_client(cluster, folder)
            for path in folder.glob("*.npy"):
                assert seen.setdefault(path, path.stat().st_mtime_ns) == path.stat().st_mtime_ns, path
    finally:
        cluster.close()
    assert len(killed) == KILLS
    work.read_all(folder, COUNT)
