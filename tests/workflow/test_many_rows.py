"""Of many rows, nothing is computed row by row that could not be stored: the fit is the same without."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from scipy import stats

import workbench
from workbench.methods import Map
from workbench.results import outcomes
from workbench.results.outcomes import has_pointwise
from workbench.tables.python_data import from_frame
from workbench.thresholds import FEWEST_LOO_DRAWS, MOST_POINTWISE
from workbench.workflow.options import FitOptions
from workbench.workflow.prepare_request import list_storage_tips, prepare_request
from workbench.workflow.read_program import read_program

LINE = """
data { int<lower=0> N; vector[N] x; vector[N] y; }
parameters { real a; real b; real<lower=0> s; }
model {
  a ~ normal(0, 5); b ~ normal(0, 5); s ~ normal(0, 5);
  y ~ normal(a + b * x, s);
}
"""

MOST_ROWS = MOST_POINTWISE // FEWEST_LOO_DRAWS // 2
"""Rows of which a log density and a replicate are stored."""


def draw_line(rows):
    rng = np.random.default_rng(2)
    x = rng.normal(size=rows)
    return pd.DataFrame({"x": x, "y": 1 + 0.5 * x + rng.normal(size=rows)})


@pytest.fixture
def program(tmp_path, tools):
    (tmp_path / "line.stan").write_text(LINE)
    return read_program(tmp_path / "line.stan", {}, tools)


def test_values_of_single_rows_are_stored_as_long_as_there_is_room(program):
    table = from_frame(draw_line(MOST_ROWS + 1))
    many = prepare_request(program, table, FitOptions())
    assert many.storage.pointwise_draws == 0
    assert not has_pointwise(many)
    (tip,) = list_storage_tips(many, FitOptions())
    assert tip.startswith(
        "log densities and replicates of single rows are not computed: of 800,001 rows, fewer "
    )
    chosen = FitOptions(pointwise_draws=2)
    wanted = prepare_request(program, table, chosen)
    assert wanted.storage.pointwise_draws == 2
    assert has_pointwise(wanted)
    assert list_storage_tips(wanted, chosen) == ()
    assert list_storage_tips(replace(many, methods=(Map(),)), FitOptions()) == ()  # there is nothing to store
    few = prepare_request(program, from_frame(draw_line(1000)), FitOptions(pointwise_draws=0))
    assert has_pointwise(few)  # maximum likelihood counts observations by them


@pytest.mark.stan
def test_a_fit_without_them_is_the_same(tmp_path, monkeypatch):
    (tmp_path / "line.stan").write_text(LINE)
    data, settings = draw_line(500), {"chains": 2, "draws": 300, "warmup": 300, "method": ["mle", "nuts"]}
    typed: dict[str, Any] = settings

    def run(name):
        workbench.fit(tmp_path / "line.stan", data, output=tmp_path / name, **typed)
        tree = xr.open_datatree(tmp_path / name / "fit.nc", engine="h5netcdf")
        return tree, json.loads((tmp_path / name / "run.json").read_text())

    tree, record = run("whole")
    monkeypatch.setattr(outcomes, "MOST_POINTWISE", 1000)
    light, without = run("light")
    assert "log_likelihood" in tree.children
    assert "log_likelihood" not in light.children
    assert "posterior_predictive" not in light.children
    for name in ("a", "b", "s"):
        assert tree["posterior"][name].values.tobytes() == light["posterior"][name].values.tobytes()
    assert without["nuts"]["terms_differ"] < 1e-9
    estimates = {name: item["value"] for name, item in without["mle"]["estimates"].items()}
    mean = estimates["a"] + estimates["b"] * data["x"]
    log_lik = stats.norm(mean, estimates["s"]).logpdf(data["y"]).sum()
    assert without["mle"]["log_lik"] == pytest.approx(log_lik, rel=1e-9)
    assert without["mle"]["observations"] == record["mle"]["observations"] == 500
    assert without["mle"]["bic"] == pytest.approx(record["mle"]["bic"], rel=1e-9)
