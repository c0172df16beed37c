"""Replicates follow the distribution that the density of their outcome gives them, at every draw."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy import special, stats

from tests.program.executable import Array, build
from workbench import toolchain

DRAWS = 3000
"""Draws of the posterior, with a replicate for each."""

SMALLEST_P = 1e-4
"""With a dozen comparisons, one false alarm in a thousand runs; the seed is fixed as well."""

SOURCE = """
data {
  int N;
  matrix[N, 2] X;
  vector[N] y;
  array[N] int k;
  array[N] int b;
  array[N] int o;
  vector<lower=0>[N] u;
  array[N] int c;
  array[N] vector[2] v;
  vector<lower=0>[N] l;
  matrix[N, 2] Z;
  array[N] int p;
  array[N, 3] int w;
}
parameters {
  real a;
  real<lower=0> s;
  vector[2] beta;
}
model {
  a ~ normal(0, 0.5);
  s ~ lognormal(0, 0.3);
  beta ~ normal(0, 0.5);
  y ~ normal_id_glm(X, a, beta, s);
  k ~ neg_binomial_2_log(a + X * beta, s);
  b ~ bernoulli_logit_glm(X, a, beta);
  o ~ ordered_logistic(X * beta, [-1, 1]');
  c ~ beta_neg_binomial(5, s + 3, 2);
  v ~ multi_normal(rep_vector(a, 2), [[1, 0.5], [0.5, 1]]);
  log(l) ~ normal(a, s);
  to_vector(Z) ~ student_t(4, a, s);
  for (n in 1:N) {
    u[n] ~ normal(a, s) T[0, ];
    p[n] ~ poisson(exp(a)) T[1, 20];
    w[n] ~ multinomial(softmax([a, 0, 1]'));
  }
}
generated quantities {
  real n = a;
}
"""
X = np.array([[0.5, -1.0], [1.5, 0.3]])
DATA: dict[str, Any] = {
    "N": 2,
    "X": X.tolist(),
    "y": [0.3, 1.0],
    "k": [1, 3],
    "b": [0, 1],
    "o": [1, 3],
    "u": [0.4, 1.2],
    "c": [2, 0],
    "v": [[0.1, -0.5], [0.4, 1.0]],
    "l": [0.8, 2.0],
    "Z": [[0.1, 0.2], [-0.3, 1.0]],
    "p": [2, 1],
    "w": [[1, 2, 3], [0, 4, 6]],
}


@pytest.fixture(scope="module")
def drawn(program_from, tools: toolchain.Toolchain, tmp_path_factory: pytest.TempPathFactory):
    """Return the draws of everything, by column."""
    program = program_from(SOURCE, "many_outcomes")
    instrumented = program.instrumented
    assert instrumented is not None
    assert all(replicate.is_drawn_by_workbench for replicate in program.replicates)
    executable = build("many_outcomes", instrumented.source, tools, tmp_path_factory.mktemp("many"))
    executable.write_data({**DATA, **instrumented.make_data(replicating=True)})
    return executable.sample(DRAWS)


def compute_predictor(drawn: dict[str, Array], row: int, intercept: bool = True) -> Any:
    slope = X[row, 0] * drawn["beta.1"] + X[row, 1] * drawn["beta.2"]
    return drawn["a"] + slope if intercept else slope


def assert_uniform(values: Array, cdf: Callable[[Array], Array], is_integer: bool = False) -> None:
    """Check that probability integral transforms are uniform; those of integers are randomised."""
    transform = cdf(values)
    if is_integer:
        below = cdf(values - 1)
        transform = below + np.random.default_rng(1).random(len(values)) * (transform - below)
    assert stats.kstest(transform, "uniform").pvalue > SMALLEST_P


def test_replicates_follow_their_densities(drawn):
    a, s = drawn["a"], drawn["s"]
    for n in (1, 2):
        eta = compute_predictor(drawn, n - 1)
        assert_uniform(drawn[f"y_rep.{n}"], stats.norm(eta, s).cdf)
        assert_uniform(drawn[f"k_rep.{n}"], stats.nbinom(s, s / (s + np.exp(eta))).cdf, is_integer=True)
        assert_uniform(drawn[f"b_rep.{n}"], stats.bernoulli(special.expit(eta)).cdf, is_integer=True)
        assert_uniform(drawn[f"c_rep.{n}"], stats.betanbinom(5, s + 3, 2).cdf, is_integer=True)
        assert_uniform(np.log(drawn[f"l_rep.{n}"]), stats.norm(a, s).cdf)
        assert_uniform(drawn[f"Z_rep.{n}.{3 - n}"], stats.t(4, a, s).cdf)


def test_ordered_categories_have_their_probabilities(drawn):
    eta = compute_predictor(drawn, 1, intercept=False)
    below = {0: np.zeros_like(eta), 1: special.expit(-1 - eta), 2: special.expit(1 - eta)}
    below[3] = np.ones_like(eta)

    def cdf(values: Array) -> Array:
        return np.select([values == k for k in range(4)], [below[k] for k in range(4)])

    assert_uniform(drawn["o_rep.2"], cdf, is_integer=True)


def test_truncated_outcomes_stay_within_their_limits(drawn):
    a, s = drawn["a"], drawn["s"]
    outside = stats.norm(a, s).cdf(0)
    assert drawn["u_rep.1"].min() >= 0
    assert_uniform(drawn["u_rep.1"], lambda values: (stats.norm(a, s).cdf(values) - outside) / (1 - outside))
    rate = stats.poisson(np.exp(a))
    none, most = rate.cdf(0), rate.cdf(20)
    assert drawn["p_rep.2"].min() >= 1
    assert_uniform(
        drawn["p_rep.2"], lambda values: (rate.cdf(values) - none) / (most - none), is_integer=True
    )


def test_vectors_are_drawn_jointly(drawn):
    v = np.stack([drawn["v_rep.2.1"], drawn["v_rep.2.2"]], axis=1) - drawn["a"][:, None]
    white = np.linalg.solve(np.linalg.cholesky([[1, 0.5], [0.5, 1]]), v.T)
    for element in white:
        assert stats.kstest(element, "norm").pvalue > SMALLEST_P
    assert abs(np.corrcoef(white)[0, 1]) < 4 / np.sqrt(DRAWS)


def test_totals_of_a_multinomial_are_those_observed(drawn):
    assert np.all(sum(drawn[f"w_rep.1.{k}"] for k in (1, 2, 3)) == 6)
    share = special.softmax(np.stack([drawn["a"], 0 * drawn["a"], 1 + 0 * drawn["a"]]), axis=0)
    assert_uniform(drawn["w_rep.1.3"], stats.binom(6, share[2]).cdf, is_integer=True)


def test_nothing_is_drawn_with_the_switch_off(program_from, tools: toolchain.Toolchain, tmp_path: Path):
    instrumented = program_from(SOURCE, "many_outcomes").instrumented
    assert instrumented is not None
    executable = build("many_outcomes", instrumented.source, tools, tmp_path)
    executable.write_data({**DATA, **instrumented.make_data()})
    assert not any("_rep" in name for name in executable.sample(5))
