"""`--threads`: which requests share out rows, why others do not, and that threads change no number."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import arviz as az
import numpy as np
import pandas as pd
import pytest

import workbench
from workbench.estimation.equivalence import Equivalence, use_one_sum
from workbench.tables.python_data import from_frame
from workbench.thresholds import FEWEST_SHARED_ROWS
from workbench.workflow.options import FitOptions
from workbench.workflow.prepare_request import prepare_request
from workbench.workflow.read_program import read_program
from workbench.workflow.shared_rows import keep_request_rows, list_thread_tips, share_request_rows

LINE = """
data { int<lower=0> N; vector[N] x; vector[N] y; }
parameters { real a; real b; real<lower=0> s; }
model {
  a ~ normal(0, 5); b ~ normal(0, 5); s ~ normal(0, 5);
  for (n in 1 : N) y[n] ~ normal(a + b * x[n], s);
}
"""

LATENT = """
data { int<lower=0> N; vector[N] x; vector[N] y; }
parameters { vector[N] level; real<lower=0> s; }
model { level ~ normal(x, 1); s ~ normal(0, 5); y ~ normal(level, s); }
"""


def draw_line(rows):
    rng = np.random.default_rng(2)
    x = rng.normal(size=rows)
    return pd.DataFrame({"x": x, "y": 1 + 0.5 * x + rng.normal(size=rows)})


@pytest.fixture
def prepare(tmp_path, tools):
    """Return a request for a program and so many rows, as `--threads 2` makes it."""

    def make(text, rows, threads=2):
        path = tmp_path / "model.stan"
        path.write_text(text)
        program = read_program(path, {}, tools)
        request = prepare_request(program, from_frame(draw_line(rows)), FitOptions(threads=threads))
        return share_request_rows(request, tools)

    return make


def test_many_rows_are_shared_out(prepare, tools):
    request = prepare(LINE, FEWEST_SHARED_ROWS)
    assert request.program.is_shared
    assert list_thread_tips(request) == ()
    assert share_request_rows(request, tools) is request
    alone = prepare(LINE, FEWEST_SHARED_ROWS, threads=1)
    assert not alone.program.is_shared
    assert request.key != alone.key  # the last digits differ
    assert request.key == replace(request, threads=4).key


@pytest.mark.parametrize(
    ("text", "rows", "reason"),
    [
        (LINE, FEWEST_SHARED_ROWS - 1, "that helps from 10,000 rows, and there are 9,999."),
        (
            LATENT,
            FEWEST_SHARED_ROWS,
            "`level` has a value for each row that depends on parameters, in `y ~ normal(level, s);`.",
        ),
    ],
)
def test_what_is_not_shared_out_is_a_tip(prepare, text, rows, reason):
    request = prepare(text, rows)
    assert not request.program.is_shared
    start = "`--threads 2` changes nothing: rows are not shared out among threads:"
    assert list_thread_tips(request) == (f"{start} {reason}",)


def test_a_program_that_is_not_proven_has_its_rows_in_one_sum(prepare, tools):
    request = prepare(LINE, FEWEST_SHARED_ROWS)
    plain = keep_request_rows(request, tools, "a reason.")
    assert plain.program.obstacles[-1].message == "rows are not shared out among threads: a reason."
    assert plain.program.instrumented is not None
    assert "reduce_sum" not in plain.program.instrumented.source
    differing = Equivalence("different", "its log density differs.")
    used = use_one_sum(request.program, differing, plain.program.instrumented)
    assert (used.is_shared, used.instrumented) == (False, plain.program.instrumented)
    assert used.obstacles[-1].message.endswith("its log density differs.")


@pytest.mark.stan
def test_the_number_of_threads_changes_no_number(tmp_path):
    (tmp_path / "line.stan").write_text(LINE)
    settings: dict[str, Any] = {"method": ["map", "nuts"], "chains": 2, "draws": 300, "warmup": 300}

    def run(name, threads):
        return workbench.fit(
            tmp_path / "line.stan", draw_line(12_000), output=tmp_path / name, threads=threads, **settings
        )

    for number, threads in enumerate((1, 2, 2, 3)):
        run(f"run-{number}", threads)
    draws = [az.from_netcdf(tmp_path / f"run-{i}" / "fit.nc")["posterior"] for i in range(4)]
    for name in ("a", "b", "s"):
        values = [item[name].values for item in draws]
        assert values[1].tobytes() == values[2].tobytes() == values[3].tobytes()
        error = np.std(values[0]) * np.sqrt(2 / 200)
        assert abs(values[0].mean() - values[1].mean()) < 5 * error
    records = [json.loads((tmp_path / f"run-{i}" / "run.json").read_text()) for i in range(4)]
    modes = [record["map"]["estimates"]["b"] for record in records]
    assert modes[1] == modes[2] == modes[3]
    assert records[1]["request"]["threads"] == 2
    assert records[1]["model"]["proof"]["status"] == "equal"
    assert not [item for item in records[1]["model"]["limits"] if item["feature"] == "threads"]
