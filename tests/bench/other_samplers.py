"""Sample a program with another package, `stanli` or `nutpie`, for `tests.bench.end_to_end`.

    python other_samplers.py PACKAGE PROGRAM.stan DATA.json DRAWS.npz

It writes the draws of each variable, `(element, chain, draw)`, and prints the seconds that sampling took,
without reading or compiling the program. BridgeStan compiles for nutpie; it needs a C++ compiler and its own
sources.
"""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

CHAINS, DRAWS, SEED = 4, 1000, 1


def main(package: str, program: str, data: str, output: str) -> None:
    """Sample, write the draws, and print the seconds."""
    sample = {"stanli": _sample_with_stanli, "nutpie": _sample_with_nutpie}[package]
    draws, seconds = sample(program, json.loads(Path(data).read_text(encoding="utf-8")))
    np.savez(output, **draws)  # type: ignore[arg-type]  # the stub takes names for options
    print(seconds)  # noqa: T201


def _sample_with_stanli(program: str, data: dict[str, Any]) -> tuple[dict[str, np.ndarray], float]:
    import stanli

    model = stanli.Model(stan_file=program, data=data)
    started = time.perf_counter()
    fit = model.sample(
        seed=SEED,
        chains=CHAINS,
        warmup=DRAWS,
        samples=DRAWS,
        parallel_chains=len(os.sched_getaffinity(0)),
        refresh=0,
    )
    seconds = time.perf_counter() - started
    draws: dict[str, list[np.ndarray]] = {}
    for column in fit:
        draws.setdefault(column.split("[")[0], []).append(np.asarray(fit.draws(column)))
    return {name: np.stack(elements) for name, elements in draws.items()}, seconds


def _sample_with_nutpie(program: str, data: dict[str, Any]) -> tuple[dict[str, np.ndarray], float]:
    import nutpie

    compiled = nutpie.compile_stan_model(filename=program).with_data(**data)
    started = time.perf_counter()
    tree = nutpie.sample(
        compiled, draws=DRAWS, tune=DRAWS, chains=CHAINS, seed=SEED, cores=2, progress_bar=False
    )
    seconds = time.perf_counter() - started
    return {
        str(name): np.moveaxis(array.to_numpy().reshape(*array.shape[:2], -1), -1, 0)
        for name, array in tree.posterior.data_vars.items()
    }, seconds


if __name__ == "__main__":
    main(*sys.argv[1:])
