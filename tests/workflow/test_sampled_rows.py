"""Runs of many rows: leave-one-out from a sample of them agrees with that of all, wherever it is told."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import workbench
from workbench.comparison import standings as comparison
from workbench.diagnostics import loo, sampled_loo
from workbench.results import run_directory
from workbench.workflow.resume import continue_run

pytestmark = pytest.mark.usefixtures("tools")

ROWS = 600

PROGRAM = """
data {
  int<lower=0> N;
  vector[N] x;
  vector[N] y;
}
parameters {
  real a;
  real b;
  real<lower=0> sigma;
}
model {
  a ~ normal(0, 5);
  b ~ normal(0, 5);
  sigma ~ exponential(1);
  y ~ normal(a + b * x, sigma);
}
"""

FLAT = PROGRAM.replace("  real b;\n", "").replace("  b ~ normal(0, 5);\n", "").replace(" + b * x", "")


def make_table():
    rng = np.random.default_rng(8)
    x = rng.normal(size=ROWS)
    return pd.DataFrame({"x": x, "y": 1 + 0.3 * x + rng.normal(size=ROWS)})


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("many")


@pytest.fixture(scope="module")
def runs(tools, folder):
    """The same fit with all log likelihoods and with a sample of rows, and one of a worse model."""
    fits = {}
    with pytest.MonkeyPatch.context() as patch:
        for name, program in {"whole": PROGRAM, "sampled": PROGRAM, "flat": FLAT}.items():
            if name != "whole":
                patch.setattr("workbench.backends.draw_table.MANY_LOO_ROWS", 100)
                patch.setattr("workbench.backends.row_sample.LOO_SAMPLE_ROWS", 60)
            (folder / f"{name}.stan").write_text(program)
            fits[name] = workbench.Model(folder / f"{name}.stan").fit(
                make_table(), method="nuts", draws=500, seed=3, progress=False, output=folder / name,
                pointwise_draws=None if name == "whole" else 20,
            )  # fmt: skip
    return fits


def test_the_sums_are_those_of_all_rows(runs):
    whole, sampled = (runs[name].results.loo for name in ("whole", "sampled"))
    assert (sampled.sampled, sampled.observations, sampled.wide) == (60, ROWS, 0)
    assert sampled.sampling_se < 0.1
    # the stored log likelihoods of the whole run are rounded
    assert sampled.elpd == pytest.approx(whole.elpd, abs=4 * sampled.sampling_se + 0.01)
    assert sampled.se == pytest.approx(whole.se, rel=1e-3)
    assert sampled.p_loo == pytest.approx(whole.p_loo, abs=0.3)
    exact = loo.compute_leave_one_out(runs["whole"])
    rows = runs["sampled"].tree["log_likelihood_rows"]["observation"].to_numpy()
    found = sampled_loo.estimate_leave_one_out(runs["sampled"])
    assert found is not None
    np.testing.assert_allclose(found.elpd, exact.elpd[rows], atol=1e-3)
    np.testing.assert_allclose(found.khat, exact.khat[rows], atol=0.02)
    np.testing.assert_allclose(found.approximation, exact.elpd, atol=5e-3)


def test_the_report_the_terminal_and_the_checks_say_so(runs, folder):
    text = (folder / "sampled" / "report.html").read_text()
    assert "It is estimated from 60 rows of 600, chosen at random" in text
    assert "Standard error by choosing rows" in text
    assert "from a random sample of 60 of 600 rows by the difference estimator (Magnusson et al. 2020" in text
    assert "magnusson2020loo" in text
    checks = {check.code: check.message for check in runs["sampled"].results.diagnosis.checks}
    assert "the largest k-hat (of 60 examined) is" in checks["WB503"]
    assert "No row among 60 examined moves the posterior strongly" in checks["WB703"]
    assert "chosen at random" not in (folder / "whole" / "report.html").read_text()


def test_runs_are_compared_on_the_same_rows(runs):
    exact = comparison.compare_predictions({"whole": runs["whole"], "flat": runs["flat"]})["flat"]
    found = comparison.compare_predictions({"sampled": runs["sampled"], "flat": runs["flat"]})["flat"]
    whole = runs["whole"].results.loo.elpd - runs["flat"].results.loo.elpd
    assert found.sampled == exact.sampled == 60
    for one in (found, exact):
        assert one.difference == pytest.approx(whole, abs=4 * one.difference_sampling_se + 0.02)
        assert comparison.find_doubts(one, ROWS) == ()


def test_further_draws_join_the_sample(runs, folder, monkeypatch):
    monkeypatch.setattr("workbench.backends.draw_table.MANY_LOO_ROWS", 100)
    monkeypatch.setattr("workbench.backends.row_sample.LOO_SAMPLE_ROWS", 60)
    continue_run(folder / "sampled", 500, output=folder / "longer", jobs=2)
    fit = run_directory.read(folder / "longer")
    rows = fit.tree["log_likelihood_rows"]
    assert rows.sizes["draw"] == 1000
    assert fit.results.loo.sampled == 60
    assert fit.results.loo.elpd == pytest.approx(runs["whole"].results.loo.elpd, abs=0.3)
    log_lik = rows["log_lik"].to_numpy().astype(float).reshape(4000, -1)
    observed = rows["observation"].to_numpy()
    summaries = fit.tree["log_likelihood_summaries"].to_dataset()
    np.testing.assert_allclose(summaries["mean"][observed], log_lik.mean(axis=0), rtol=1e-5)
    np.testing.assert_allclose(summaries["variance"][observed], log_lik.var(axis=0, ddof=1), rtol=1e-3)
    elpd = np.log(4000) - np.logaddexp.reduce(-log_lik, axis=0)
    np.testing.assert_allclose(summaries["elpd"][observed], elpd, rtol=1e-5)
