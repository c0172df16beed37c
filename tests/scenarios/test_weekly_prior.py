"""A nightly job with the weekly fit as its prior: gate, canary, promotion, while customers ask."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tests.scenarios.desk import LONGEST, Customers, Desk

pytestmark = [pytest.mark.stan, pytest.mark.usefixtures("tools")]

PROGRAM = """
data {
  int<lower=1> N;
  vector[N] x; // price (euro)
  vector[N] y; // units sold
}
parameters {
  real alpha;
  real beta;
  real<lower=0> sigma;
}
model {
  alpha ~ normal(0, 20);
  beta ~ normal(0, 10);
  sigma ~ normal(0, 10);
  y ~ normal(alpha + beta * x, sigma);
}
"""


def draw_sales(rng: np.random.Generator, rows: int, level: float = 20.0) -> pd.DataFrame:
    price = rng.uniform(1, 5, rows)
    return pd.DataFrame({"x": price.round(2), "y": (level - 2 * price + rng.normal(0, 2, rows)).round(3)})


def test_a_nightly_fit_goes_through_gate_and_canary_and_takes_over(tmp_path: Path) -> None:
    rng = np.random.default_rng(22)
    desk = Desk(tmp_path)
    (tmp_path / "sales.stan").write_text(PROGRAM)
    for name, count in {"week": 400, "night": 120, "held_out": 200}.items():
        draw_sales(rng, count).to_csv(tmp_path / f"{name}.csv", index=False)
    desk.run("fit", "sales.stan", "week.csv", "--output", "week", "--no-report")
    desk.run("registry", "add", "sales", "week", "--alias", "champion")
    rows = [{"x": 2.0}, {"x": 4.5}]
    arguments = ("sales@champion", "--canary", "challenger=0.3", "--workers", 2)
    with desk.serve(*arguments) as service, Customers(service, rows).asking() as customers:
        night = desk.run("refit", "sales", "night.csv", "--prior-from", "champion")
        assert [line["event"] for line in night.log][-1] == "done"
        service.wait_for("canary", 2)
        while_canary = len(customers.answers)
        # Enough for each of 40 keys to come more than once.
        while len(customers.answers) < while_canary + 200:
            assert not customers.failures
        served = customers.list_versions(while_canary + 20)
        assert all(len(versions) == 1 for versions in served.values())
        share = np.mean([versions == {2} for versions in served.values()])
        assert 0.05 < share < 0.6
        desk.run("promote", "sales@challenger", "--data", "held_out.csv", "--accept-prior", "carried")
        # Each process looks for itself, every second.
        until = time.monotonic() + LONGEST
        while time.monotonic() < until:
            done = len(customers.answers)
            time.sleep(2)
            if customers.list_versions(done).values() and all(
                versions == {2} for versions in customers.list_versions(done).values()
            ):
                break
    assert not customers.failures
    assert {answer.status for _, answer in customers.answers} == {200}
    assert {version for each in customers.list_versions(done).values() for version in each} == {2}
    # The service says what `predict` says, within the Monte Carlo error of its draws.
    told = desk.predict("sales@champion", rows)
    for _, answer in customers.answers[done:][:3]:
        for own, wanted in zip(answer.values["predictions"], told, strict=True):
            assert abs(own["expected"] - wanted["expected"]) < 6 * own["expected_mcse"]
