"""Densities, modes and generated quantities of a small program: kept loaded, and by its executable each time.

Each round asks both in turn for the same numbers. Reported are medians of wall time and of their ratio. `make
bench` runs this.
"""

from __future__ import annotations

import json
import statistics
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
from rich.console import Console

from workbench.backends import Job
from workbench.backends.cmdstan import CmdStanBackend
from workbench.backends.stan import StanBackend
from workbench.toolchain import build, provision

PROGRAM = Path(__file__).resolve().parents[2] / "stan_models" / "hierarchical" / "eight_schools.stan"

DATA = {
    "J": 8,
    "y": [28, 8, -3, 7, -1, 1, 18, 12],
    "sigma": [15, 10, 16, 11, 9, 11, 10, 18],
    "mu_prior_mean": 0,
    "mu_prior_sd": 5,
    "tau_prior_scale": 5,
}

ROUNDS = 5

POINTS = np.random.default_rng(1).uniform(-1, 1, (10_000, 10))
"""Unconstrained points."""

MODES = 100

SINGLE = 100
"""Densities that are requested one at a time: an algorithm may choose the next point by the last."""


def find_modes(backend: CmdStanBackend, job: Job) -> None:
    for number in range(MODES):
        backend.optimize(replace(job, seed=number), jacobian=True)


def evaluate_one_by_one(backend: CmdStanBackend, job: Job) -> None:
    for point in POINTS[:SINGLE]:
        backend.log_density(job, point[None], jacobian=True)


def generate(backend: CmdStanBackend, job: Job) -> None:
    columns = ("mu", "tau", *(f"theta_raw[{school}]" for school in range(1, 9)))
    backend.generate(job, columns, np.exp(POINTS[:4000]))


WAYS: dict[str, Callable[[CmdStanBackend, Job], object]] = {
    f"{len(POINTS):,} densities in one call": lambda run, job: run.log_density(job, POINTS, jacobian=True),
    f"{SINGLE} densities one by one": evaluate_one_by_one,
    f"{MODES} modes": find_modes,
    "4,000 draws of generated quantities": generate,
}


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "data.json").write_text(json.dumps(DATA))
        exe = build(PROGRAM.stem, PROGRAM.read_text(), provision()).exe
        job = Job(exe, folder / "data.json", folder / "calls", 1)
        Console().print(f"{'eight schools':38} {'loaded':>9} {'executable':>11} {'ratio':>7}")
        for way, work in WAYS.items():
            seconds: dict[type[CmdStanBackend], list[float]] = {StanBackend: [], CmdStanBackend: []}
            for _ in range(ROUNDS):
                for kind, times in seconds.items():
                    backend = kind()
                    backend.dimension(job)
                    started = time.perf_counter()
                    work(backend, job)
                    times.append(time.perf_counter() - started)
            ratios = [slow / fast for fast, slow in zip(*seconds.values(), strict=True)]
            loaded, single = (statistics.median(times) for times in seconds.values())
            Console().print(f"{way:38} {loaded:7.3f} s {single:9.3f} s {statistics.median(ratios):7.0f}")


if __name__ == "__main__":
    main()
