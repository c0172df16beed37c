"""A real run, its registry, and a service of it."""

import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

import workbench
from tests.serving.running import serve

MODEL = """
data {
  int<lower=1> N;
  int<lower=1> J;
  array[N] int<lower=1, upper=J> town;
  vector[N] x;
  vector[N] y;
}
parameters {
  real alpha;
  real beta;
  vector[J] effect;
  real<lower=0> tau;
  real<lower=0> sigma;
}
model {
  alpha ~ normal(0, 10);
  beta ~ normal(0, 5);
  tau ~ normal(0, 2);
  sigma ~ normal(0, 5);
  effect ~ normal(0, tau);
  y ~ normal(alpha + beta * x + effect[town], sigma);
}
"""
"""A line with an intercept for each town."""

ROW = {"x": 1.5, "town": "Bath"}
"""A row to predict."""


def make_table(slope, rows=80):
    """Draw a table."""
    rng = np.random.default_rng(5)
    towns = np.array(["Bath", "York", "Hull"])[rng.integers(3, size=rows)]
    x = rng.normal(size=rows)
    return pd.DataFrame({"x": x, "town": towns, "y": 1 + slope * x + rng.normal(size=rows)})


@pytest.fixture(scope="session")
def fits(tools, tmp_path_factory):
    """Two runs of one program, fitted to tables that differ in the slope."""
    folder = tmp_path_factory.mktemp("served")
    program = folder / "towns.stan"
    program.write_text(MODEL, encoding="utf-8")
    runs = []
    for number, slope in enumerate((2.0, 5.0)):
        table = folder / f"rows{number}.csv"
        make_table(slope).to_csv(table, index=False)
        run = folder / f"run{number}"
        workbench.Model(program).fit(table, method="nuts", seed=3, progress=False).save(run)
        runs.append(run)
    return runs


@pytest.fixture(scope="session")
def service(fits):
    """Serve the first run in two processes."""
    with serve(fits[0], "--workers", "2") as running:
        yield running


@pytest.fixture
def workbench_command():
    """Run a command that ends by itself."""

    def run(*arguments):
        command = [sys.executable, "-m", "workbench", *map(str, arguments)]
        return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)

    return run
