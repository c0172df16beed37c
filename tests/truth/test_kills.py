"""Kills of the commands that write, at random moments: what was there is there, whole, or the new one is."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import pytest

from tests.truth.campaign import (
    REPORT_LAST,
    check_place,
    kill_after,
    list_hidden,
    make_place,
    name_command,
    run,
)

pytestmark = pytest.mark.truth

SEED = 16
"""The seed of the moments."""

KILLS = {"fit": 50, "continue": 40, "sensitivity": 40, "report": 40, "predict": 30}
"""Kills of each command."""

LATE = 0.75
"""The share of kills in the last half of a command, in which it writes."""


@pytest.fixture(scope="module")
def place(tools, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with a run, its predictions and its study."""
    folder = tmp_path_factory.mktemp("kills")
    make_place(folder)
    return folder


@pytest.mark.parametrize("verb", KILLS)
def test_kills_lose_nothing(place, verb):
    """At the end, the same command mends what the kills left."""
    began = time.monotonic()
    assert run(*name_command(verb, 0), folder=place).returncode == 0
    duration = time.monotonic() - began
    rng = np.random.default_rng([SEED, list(KILLS).index(verb)])
    killed = 0
    for number in range(KILLS[verb]):
        share = rng.uniform(0.5, 1.02) if rng.uniform() < LATE else rng.uniform(0, 0.5)
        is_killed = kill_after(share * duration, *name_command(verb, number), folder=place) < 0
        killed += is_killed
        check_place(place, has_report=not (is_killed and verb in REPORT_LAST))
    assert killed >= KILLS[verb] / 2
    done = run(*name_command(verb, KILLS[verb]), folder=place)
    assert done.returncode == 0, done.stderr
    check_place(place)
    assert list_hidden(place) == []
