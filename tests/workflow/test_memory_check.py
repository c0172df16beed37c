"""Fits that do not fit are refused with the numbers; the estimate stays below what Stan really takes."""

from __future__ import annotations

import os

import numpy as np
import pandas as pd
import psutil
import pyarrow as pa
import pyarrow.parquet
import pytest

from workbench import process, toolchain
from workbench.backends.base import Job
from workbench.backends.evaluator import Evaluator, Flag
from workbench.binding import write_stan_data
from workbench.errors import RequestError
from workbench.methods import Laplace, Map, Nuts
from workbench.program.gradient_memory import EDGE, NODE, estimate_gradient_memory
from workbench.tables.python_data import from_frame
from workbench.workflow.memory_check import (
    check_request_memory,
    check_table_memory,
    estimate_table_memory,
    list_phases,
)
from workbench.workflow.options import FitOptions
from workbench.workflow.prepare_request import prepare_request
from workbench.workflow.read_program import read_program

DATA = """
data { int<lower=0> N; int<lower=1> J; array[N] int<lower=1, upper=J> g; vector[N] x; vector[N] y; }
"""

VECTORISED = (
    DATA
    + """
parameters { real a; real b; real<lower=0> s; }
model { s ~ exponential(1); y ~ normal(a + b * x, s); }
"""
)

LOOP = (
    DATA
    + """
parameters { real a; real b; vector[J] u; real<lower=0> s; }
model {
  a ~ normal(0, 1); b ~ normal(0, 1); u ~ normal(0, 1); s ~ exponential(1);
  for (n in 1 : N) {
    real mu = a + b * x[n] + u[g[n]];
    if (mu > 100) {
      y[n] ~ normal(mu, s);
    } else {
      target += student_t_lpdf(y[n] | 4, mu, s);
    }
  }
}
"""
)

LATENT = (
    DATA
    + """
parameters { vector[N] z; real<lower=0> s; }
transformed parameters { vector[N] level = x + s * z; }
model { z ~ std_normal(); s ~ exponential(1); y ~ normal(level, s); }
"""
)

GLM = (
    DATA
    + """
parameters { real a; vector[1] b; real<lower=0> s; }
model { s ~ exponential(1); y ~ normal_id_glm(to_matrix(x), a, b, s); }
"""
)

ROWS = 400_000
"""Rows at which Stan's memory is measured."""


def draw(rows):
    rng = np.random.default_rng(2)
    x = rng.normal(size=rows)
    return {"g": rng.integers(1, 6, rows), "x": x, "y": 1 + 0.5 * x + rng.normal(size=rows)}


@pytest.fixture
def prepare(tmp_path, tools):
    def make(text, rows, *methods, jobs=2):
        (tmp_path / "model.stan").write_text(text)
        program = read_program(tmp_path / "model.stan", {}, tools)
        options = FitOptions(methods=methods or (Nuts(),), jobs=jobs)
        return prepare_request(program, from_frame(pd.DataFrame(draw(rows))), options)

    return make


def test_a_gradient_is_counted_by_statement(prepare):
    request = prepare(VECTORISED, 1000)
    # b * x, a + b * x, and what the density keeps of its mean
    found = estimate_gradient_memory(request.program, request.data.values)
    assert found.largest_bytes == 1000 * (2 * NODE + EDGE) + NODE + EDGE
    assert found.largest == "y ~ normal(a + b * x, s)"
    request = prepare(LOOP, 1000)
    found = estimate_gradient_memory(request.program, request.data.values)
    assert found.largest == "for (n in 1 : N)"
    assert found.largest_bytes == 1000 * (3 * NODE + NODE + 2 * EDGE)
    request = prepare(GLM, 1000)
    assert estimate_gradient_memory(request.program, request.data.values).total < 1000


@pytest.mark.parametrize(
    ("text", "methods", "jobs", "words", "hint"),
    [
        (
            LOOP,
            (Map(),),
            2,
            "for the gradient (most of it for `for (n in 1 : N)`)",
            "write the likelihood as",
        ),
        (
            LATENT,
            (Nuts(),),
            1,
            "for 4,000 draws (most of it for `z`, 2,000 numbers a draw)",
            "--keep and --pointwise-draws store less",
        ),
        (LATENT, (Laplace(),), 1, "for the curvature of 2,001 dimensions", "leave the method laplace out"),
        (
            LATENT,
            (Nuts(metric="dense", draws=10),),
            2,
            "for the dense metric of 2,001 dimensions",
            "leave --metric dense out",
        ),
    ],
)
def test_what_does_not_fit_is_refused_with_the_numbers(
    prepare, monkeypatch, text, methods, jobs, words, hint
):
    request = prepare(text, 2000, *methods, jobs=jobs)
    needed = max(sum(need.size for need in phase) for phase in list_phases(request))
    monkeypatch.setattr(process, "measure_available_memory", lambda: int(needed))
    check_request_memory(request)
    monkeypatch.setattr(process, "measure_available_memory", lambda: int(needed * 0.9))
    with pytest.raises(RequestError) as caught:
        check_request_memory(request)
    assert caught.value.message.startswith("`model.stan` with 2,000 rows needs at least ")
    assert words in caught.value.message
    assert (caught.value.hint or "").startswith(hint)


def test_more_chains_at_a_time_need_more(prepare):
    few, many = (
        max(sum(need.size for need in phase) for phase in list_phases(prepare(LOOP, 5000, jobs=jobs)))
        for jobs in (1, 4)
    )
    assert few < many


def test_a_table_that_does_not_fit_is_refused_before_it_is_read(tmp_path, monkeypatch):
    table = pa.table(
        {"x": np.arange(1000.0), "code": np.arange(1000, dtype=np.int32), "name": ["abc"] * 1000}
    )
    pyarrow.parquet.write_table(table, tmp_path / "rows.parquet")
    assert estimate_table_memory(tmp_path / "rows.parquet") == 12_000
    (tmp_path / "rows.csv").write_text("x,y\n" + "0.5,1.25\n" * 1000)
    assert estimate_table_memory(tmp_path / "rows.csv") == pytest.approx(0.4 * 9004)
    monkeypatch.setattr(process, "measure_available_memory", lambda: 11_000)
    check_table_memory(tmp_path / "rows.csv")
    with pytest.raises(
        RequestError, match=r"need at least 1\.2e-05 GB of memory, and 1\.1e-05 GB are available"
    ):
        check_table_memory(tmp_path / "rows.parquet")
    (tmp_path / "broken.parquet").write_bytes(b"PAR1 and no more")
    for name in ("broken.parquet", "missing.csv", "."):
        assert estimate_table_memory(tmp_path / name) == 0  # reading them says what is wrong


def measure_process(exe, data, folder):
    """Return the memory that a process of Stan takes for gradients [bytes], without that of an empty one."""
    job, evaluator = Job(exe, data, folder, 1), Evaluator(exe, data)
    (pid,) = [child.pid for child in psutil.Process().children() if child.exe() == os.path.realpath(exe)]
    empty = psutil.Process(pid).memory_info().rss
    size = len(evaluator.describe(job).free)
    evaluator.compute_log_density(job, np.full((3, size), 0.1), Flag.GRADIENTS)
    used = psutil.Process(pid).memory_info().rss - empty
    evaluator.close()
    return used


@pytest.mark.stan
@pytest.mark.parametrize("text", [VECTORISED, LOOP, LATENT], ids=["vectorised", "loop", "latent"])
def test_the_estimate_is_below_what_stan_takes_and_not_far(text, prepare, embedded, tmp_path):
    request = prepare(text, ROWS, Map())
    built = toolchain.build("model", request.program.source, embedded)
    data = tmp_path / "data.json"
    write_stan_data(data, {"N": ROWS, "J": 5, **draw(ROWS)})
    used = measure_process(built.exe, data, tmp_path)
    gradient, bound, _ = list_phases(request)[0]
    programs = 1 if request.program.instrumented is None else 2
    estimate = gradient.size + bound.size / programs
    assert 0.35 * used < estimate < used
