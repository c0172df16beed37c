"""Kills at random moments of compiling, sampling and fetching: no program that was started lives on."""

from __future__ import annotations

import os
import random
import time
from pathlib import Path

import psutil
import pytest

from tests.truth import campaign

pytestmark = pytest.mark.truth

KILLS = 20
"""Kills of each kind."""

PROGRAM = "parameters {{ real x{number}; }} model {{ x{number} ~ normal(0, {number} + 1); }}"
"""A program that nobody has compiled."""

WORK = {
    "sampling": ("fit", "beta_binomial", "-o", "run", "--draws", "1000000", "--method", "nuts", "--quiet"),
    "compiling": ("fit", "new.stan", "-o", "run", "--quiet"),
    "fetching": ("toolchain", "install", "--quiet"),
}
"""Commands that start other programs, and how they are called here."""


@pytest.mark.parametrize("kind", WORK)
def test_nothing_outlives_a_killed_command(tools, tmp_path: Path, kind: str):
    moments = random.Random(16)
    met = 0
    for number in range(KILLS):
        folder = tmp_path / str(number)
        folder.mkdir()
        (folder / "new.stan").write_text(PROGRAM.format(number=f"{os.getpid()}{number}"))
        mark = {"WORKBENCH_TEST": f"{os.getpid()}-{kind}-{number}"}
        own_cache = {"WORKBENCH_CACHE": str(folder / "cache")} if kind == "fetching" else {}
        with campaign.start(*WORK[kind], folder=folder, variables=mark | own_cache) as parent:
            started = time.monotonic() + 120
            while not find_marked(mark, but=parent.pid) and time.monotonic() < started:
                time.sleep(0.02)
            time.sleep(moments.uniform(0, 6))
            met += len(find_marked(mark, but=parent.pid)) > 1  # the guard is one of them
            parent.kill()
        deadline = time.monotonic() + 10
        while left := find_marked(mark):
            assert time.monotonic() < deadline, left
            time.sleep(0.05)
    assert met


def find_marked(mark: dict[str, str], but: int = 0) -> list[str]:
    """Return the names of the processes that have a variable in their environment."""
    found = []
    for process in psutil.process_iter():
        try:
            if process.pid != but and mark.items() <= process.environ().items():
                found.append(process.name())
        except psutil.Error:
            continue
    return found
