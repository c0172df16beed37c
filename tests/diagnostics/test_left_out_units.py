"""What is left out at a time is the row, whatever statements its density is in, or it is said what it is."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import special, stats

from workbench.comparison.predictions import compare
from workbench.diagnostics.common_scale import find_common_scale
from workbench.diagnostics.loo import compute_leave_one_out, label_rows, read_log_likelihood

HURDLE = """data { int N; array[N] int<lower=0> y; }
parameters { real<lower=0, upper=1> theta; real<lower=0> lambda; }
model {
  lambda ~ gamma(2, 0.5);
  for (n in 1:N) {
    if (y[n] == 0) 1 ~ bernoulli(theta);
    else { 0 ~ bernoulli(theta); y[n] ~ poisson(lambda) T[1, ]; }
  }
}
"""

RESIDUAL = """data { int N; vector[N] y; }
parameters { real mu; real<lower=0> sigma; }
model {
  mu ~ normal(0, 10);
  for (n in 1:N) {
    (y[n] - mu) / sigma ~ std_normal();
    target += -log(sigma);
  }
}
"""

BIVARIATE = """data { int N; vector[N] y; vector[N] z; }
parameters { real mu; real<lower=0> sigma; }
model { mu ~ normal(0, 10); sigma ~ exponential(1); y ~ normal(mu, sigma); z ~ normal(mu, 2 * sigma); }
"""

PLAIN = """data { int N; vector[N] y; array[N] int<lower=0, upper=1> late; }
parameters { real mu; real<lower=0> sigma; }
model { mu ~ normal(0, 10); sigma ~ exponential(1); y ~ normal(mu, sigma); }
"""

IN_TWO_LOOPS = """data { int N; vector[N] y; array[N] int<lower=0, upper=1> late; }
parameters { real mu; real<lower=0> sigma; }
model {
  mu ~ normal(0, 10); sigma ~ exponential(1);
  for (n in 1:N) if (late[n] == 1) y[n] ~ normal(mu, 2 * sigma);
  for (n in 1:N) if (late[n] == 0) y[n] ~ normal(mu, sigma);
}
"""


def make_values(rows=40, seed=4):
    rng = np.random.default_rng(seed)
    y = rng.normal(1, 2, rows)
    return pd.DataFrame({"y": y, "z": rng.normal(1, 4, rows), "late": (np.arange(rows) % 3 == 0).astype(int)})


@pytest.fixture(scope="module")
def hurdle(fit_program):
    rng = np.random.default_rng(9)
    y = rng.poisson(2.0, 50) * (rng.random(50) > 0.3)
    return y, fit_program("hurdle", HURDLE, pd.DataFrame({"y": y}), method=["mle", "nuts"])


def test_statements_about_one_row_in_a_loop_are_one_density(hurdle):
    y, fit = hurdle
    draws = fit.tree["posterior"]
    theta, rate = (draws[name].to_numpy().ravel() for name in ("theta", "lambda"))
    truncated = stats.poisson.logpmf(y[:, None], rate) - np.log(-np.expm1(-rate))
    expected = np.where(y[:, None] == 0, np.log(theta), np.log1p(-theta) + truncated)
    np.testing.assert_allclose(np.asarray(read_log_likelihood(fit)), expected, atol=1e-3)
    assert fit.results.loo.observations == fit.results.mle.bic_count == len(y)
    assert fit.results.loo.remark == ""
    assert label_rows(fit) == [str(row) for row in range(1, len(y) + 1)]


def test_leave_one_out_of_such_rows_is_that_of_exact_refits(hurdle):
    """Zeros follow a beta-binomial; the rate is integrated out by quadrature, without each row."""
    y, fit = hurdle
    grid = np.linspace(1e-3, 12, 20_001)
    counts = y[y > 0]
    each = stats.poisson.logpmf(counts[:, None], grid) - np.log(-np.expm1(-grid))
    whole = each.sum(axis=0) + stats.gamma.logpdf(grid, 2, scale=2)
    of_rate = special.logsumexp(whole) - special.logsumexp(whole - each, axis=1)
    zeros = int((y == 0).sum())
    of_zero = np.log(zeros / (len(y) + 1))
    of_count = np.log(len(counts) / (len(y) + 1)) + of_rate
    exact = zeros * of_zero + of_count.sum()
    assert compute_leave_one_out(fit).elpd.sum() == pytest.approx(exact, abs=0.05)


def test_the_jacobian_of_a_residual_in_a_loop_belongs_to_the_row(fit_program):
    table = make_values()
    fit = fit_program("residual", RESIDUAL, table, method=["mle", "nuts"])
    y, found = table["y"].to_numpy(), fit.results.mle.estimates
    assert found["mu"].value == pytest.approx(y.mean(), rel=1e-5)
    assert found["sigma"].value == pytest.approx(y.std(), rel=1e-5)
    assert fit.results.mle.log_lik == pytest.approx(stats.norm.logpdf(y, y.mean(), y.std()).sum(), rel=1e-8)
    draws = fit.tree["posterior"]
    mu, sigma = (draws[name].to_numpy().ravel() for name in ("mu", "sigma"))
    np.testing.assert_allclose(
        np.asarray(read_log_likelihood(fit)), stats.norm.logpdf(y[:, None], mu, sigma), atol=1e-3
    )


def test_values_of_several_outcomes_are_named_and_it_is_said_what_is_left_out(fit_program):
    fit = fit_program("bivariate", BIVARIATE, make_values())
    loo = fit.results.loo
    assert loo.observations == 80
    assert loo.remark.startswith("Left out at a time is one of 80 values of `y`, `z`")
    assert max(row.row for row in loo.rows) <= 40
    assert {row.label for row in loo.rows} <= {f"{name}[{row}]" for name in "yz" for row in range(1, 41)}


def test_rows_in_another_order_are_not_compared_one_by_one(fit_program):
    fits = {
        name: fit_program(name, text, make_values(), columns={"y": "y"})
        for name, text in {"plain": PLAIN, "loops": IN_TWO_LOOPS}.items()
    }
    assert "not known to hold the rows in the same order" in compare(fits).obstacle
    assert label_rows(fits["loops"])[0] == "entry 1"
    assert "is of which row is not known" in fits["loops"].results.loo.remark
    counts = dict.fromkeys(fits, 40)
    assert not find_common_scale(fits, counts).obstacle  # a sum, as in AIC, does not depend on the order


def test_weighted_log_densities_are_not_compared_with_those_of_rows(fit_program):
    before, after = PLAIN.split("y ~ normal(mu, sigma);")
    table = make_values().assign(w=2.0)
    programs = {
        "plain": PLAIN,
        "weights": before.replace("vector[N] y;", "vector[N] y; vector[N] w;")
        + "for (n in 1:N) target += w[n] * normal_lpdf(y[n] | mu, sigma);"
        + after,
        "indicators": before
        + "for (n in 1:N) target += (1 - late[n]) * normal_lpdf(y[n] | mu, sigma);"
        + after,
    }
    fits = {name: fit_program(name, text, table, columns={"y": "y"}) for name, text in programs.items()}
    assert compare({name: fits[name] for name in ("plain", "weights")}).obstacle == (
        "the program of `weights` weights the log densities of rows, and that of `plain` does not."
    )
    assert "not a log predictive density" in fits["weights"].results.loo.remark
    assert not any(limit.feature == "weighted" for limit in fits["indicators"].results.model.limits)
