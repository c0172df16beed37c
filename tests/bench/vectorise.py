"""Measure what vectorised loops are worth: programs with scalar loops, as written and as run.

Each round samples the same posterior with the same seed in fresh processes: the author's program, the
instrumented program with the author's loops, and the one with vectorised statements, each without generated
quantities. The table shows medians of the ratios within rounds, to the program with loops: gradients per
second, time of warm-up and draws together, and effective draws (the smallest bulk ESS) per second.

`make bench` runs it.
"""

from __future__ import annotations

import csv
import json
import statistics
import subprocess
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import arviz_stats as az
import numpy as np
from rich.console import Console
from rich.table import Table

from workbench.program import read_program
from workbench.toolchain import Toolchain, build, provision

ROUNDS = 5
"""How often each program is run."""

DRAWS = 1000
"""Warm-up draws of each run, and draws after it."""

ROOT = Path(__file__).parents[2]
"""The checkout."""

RADON = """
data {
  int<lower=0> N; int<lower=1> J;
  array[N] int<lower=1, upper=J> county; vector[N] floor; vector[N] y;
}
parameters { real mu; real<lower=0> tau; vector[J] a; real b; real<lower=0> sigma; }
model {
  mu ~ normal(0, 5); tau ~ normal(0, 1); a ~ normal(mu, tau); b ~ normal(0, 5); sigma ~ normal(0, 1);
  for (n in 1 : N) {
    real m = a[county[n]] + b * floor[n];
    y[n] ~ normal(m, sigma);
  }
}
"""

LOGISTIC = """
data { int<lower=0> N; int<lower=1> K; array[N] vector[K] x; array[N] int<lower=0, upper=1> y; }
parameters { real alpha; vector[K] beta; }
model {
  alpha ~ normal(0, 5); beta ~ normal(0, 2);
  for (n in 1 : N) y[n] ~ bernoulli_logit(alpha + dot_product(x[n], beta));
}
"""

POISSON = """
data {
  int<lower=0> N; int<lower=1> J; int<lower=1> K;
  array[N] int<lower=1, upper=J> site; array[N] int<lower=1, upper=K> year;
  vector[N] x; array[N] int<lower=0> y;
}
parameters {
  real alpha; real beta; real<lower=0> site_sd; real<lower=0> year_sd;
  vector[J] site_raw; vector[K] year_raw;
}
model {
  alpha ~ normal(0, 2); beta ~ normal(0, 1); site_sd ~ normal(0, 1); year_sd ~ normal(0, 1);
  site_raw ~ std_normal(); year_raw ~ std_normal();
  for (n in 1 : N) {
    real eta = alpha + beta * x[n];
    eta += site_sd * site_raw[site[n]] + year_sd * year_raw[year[n]];
    y[n] ~ poisson_log(eta);
  }
}
"""


@dataclass(frozen=True)
class Run:
    """What a run of one chain took and gave."""

    seconds: float
    gradients: int
    effective: float

    @property
    def rates(self) -> tuple[float, float, float]:
        """Gradients per second, seconds, and effective draws per second."""
        return self.gradients / self.seconds, self.seconds, self.effective / self.seconds


def read_radon() -> dict[str, Any]:
    """Return the 919 houses of the bundled table."""
    with (ROOT / "data" / "radon.csv").open() as stream:
        rows = list(csv.DictReader(stream))
    counties = sorted({row["county"] for row in rows})
    return {
        "N": len(rows),
        "J": len(counties),
        "county": [counties.index(row["county"]) + 1 for row in rows],
        "floor": [float(row["floor"]) for row in rows],
        "y": [float(row["log_radon"]) for row in rows],
    }


def draw_logistic(rng: np.random.Generator) -> dict[str, Any]:
    """Return 3,000 rows with four predictors."""
    x = rng.normal(size=(3000, 4))
    y = rng.random(3000) < 1 / (1 + np.exp(-(0.3 + x @ [0.5, -0.8, 0.2, 0.0])))
    return {"N": 3000, "K": 4, "x": x.tolist(), "y": y.astype(int).tolist()}


def draw_poisson(rng: np.random.Generator) -> dict[str, Any]:
    """Return 2,000 counts at 60 sites in 15 years."""
    site, year, x = rng.integers(60, size=2000), rng.integers(15, size=2000), rng.normal(size=2000)
    eta = 0.5 + 0.3 * x + 0.5 * rng.normal(size=60)[site] + 0.3 * rng.normal(size=15)[year]
    y = rng.poisson(np.exp(eta))
    return {
        "N": 2000, "J": 60, "K": 15, "site": (site + 1).tolist(), "year": (year + 1).tolist(),
        "x": x.tolist(), "y": y.tolist(),
    }  # fmt: skip


def main() -> None:
    """Measure, and print a table."""
    tools, rng = provision(), np.random.default_rng(1)
    programs = {
        "radon, 919 rows": (RADON, read_radon()),
        "logistic, 3,000 rows": (LOGISTIC, draw_logistic(rng)),
        "Poisson, 2,000 rows, two groups": (POISSON, draw_poisson(rng)),
    }
    table = Table("program", "run as", "gradients/s", "seconds", "effective draws/s", "seconds, itself")
    for name, (text, data) in programs.items():
        with tempfile.TemporaryDirectory(prefix="workbench-bench-") as folder:
            for variant, runs, base in _measure(text, data, tools, Path(folder)):
                pairs = list(zip(runs, base, strict=True))
                ratios = [
                    statistics.median(own.rates[position] / other.rates[position] for own, other in pairs)
                    for position in range(3)
                ]
                seconds = statistics.median(run.seconds for run in runs)
                table.add_row(name, variant, *(f"{ratio:.2f}" for ratio in ratios), f"{seconds:.2f}")
    Console().print(table)


def _measure(
    text: str, data: dict[str, Any], tools: Toolchain, folder: Path
) -> list[tuple[str, list[Run], list[Run]]]:
    """Return the runs of each form of a program, each with those of the program with loops."""
    file = folder / "model.stan"
    file.write_text(text)
    with_loops = read_program(file, tools.stanc).instrumented
    vectorised = read_program(file, tools.stanc, is_optimised=True).instrumented
    assert with_loops is not None
    assert vectorised is not None
    assert vectorised.is_vectorised
    (folder / "data.json").write_text(json.dumps({**data, **vectorised.make_data()}))
    sources = {"as written": text, "with its loops": with_loops.source, "vectorised": vectorised.source}
    executables = {
        name: build("model", source.partition("generated quantities")[0], tools, optimized=source != text).exe
        for name, source in sources.items()
    }
    runs: dict[str, list[Run]] = {name: [] for name in executables}
    for seed in range(1, ROUNDS + 1):
        for name, exe in executables.items():
            runs[name].append(_sample(exe, seed, folder))
    return [(name, own, runs["with its loops"]) for name, own in runs.items()]


def _sample(exe: Path, seed: int, folder: Path) -> Run:
    """Run one chain in a fresh process."""
    started = time.perf_counter()
    subprocess.run(
        [
            exe, "random", f"seed={seed}", "method=sample", f"num_warmup={DRAWS}", f"num_samples={DRAWS}",
            "save_warmup=1", "data", "file=data.json", "output", "file=out.csv",
        ],
        cwd=folder, check=True, capture_output=True,
    )  # fmt: skip
    seconds = time.perf_counter() - started
    lines = (folder / "out.csv").read_text().splitlines()
    names, *rows = csv.reader(line for line in lines if line and not line.startswith("#"))
    draws = np.array(rows, dtype=float)
    first = next(i for i, name in enumerate(names) if not name.endswith("__"))
    kept = draws[DRAWS:, first:]
    effective = min(float(az.ess(column[None, :], method="bulk")) for column in kept.T)
    return Run(seconds, int(draws[:, names.index("n_leapfrog__")].sum()), effective)


if __name__ == "__main__":
    main()
