"""Parameters and data sets from the prior of a program, against distributions in closed form."""

import numpy as np
import pytest
from scipy import stats

from workbench.errors import RequestError

LEAST_P = 1e-4
"""A test of a right distribution fails once in 10,000 times; the seeds are the first that were tried."""

COUNTS = """
data { int<lower=0> J; array[J] int<lower=0> n; array[J] int<lower=0> y; }
parameters { real<lower=0, upper=1> theta; }
model { theta ~ beta(2, 3); y ~ binomial(n, theta); }
"""

PRIORS = """
data { int<lower=1> N; vector[N] y; }
parameters {
  vector[2] nested;
  real<lower=0> half_normal;
  real<lower=0> half_cauchy;
  real<lower=0> half_t;
  real<lower=-1, upper=2> flat;
  real<lower=1> cut;
  real<lower=0> by_hand;
  simplex[3] p;
  array[2] simplex[3] q;
  cholesky_factor_corr[3] L;
  corr_matrix[3] R;
  cov_matrix[2] S;
  ordered[3] c;
  positive_ordered[2] d;
  sum_to_zero_vector[4] e;
  real added;
  matrix[2, 3] M;
  vector<offset=1, multiplier=half_normal>[5] walk;
  array[2] vector[2] w;
  real shift;
}
transformed parameters {
  real<lower=0> spread = 2 * half_normal;
}
model {
  nested ~ normal(shift, spread);
  shift ~ normal(10, 0.1);
  half_normal ~ normal(0, 2);
  half_cauchy ~ cauchy(0, 3);
  half_t ~ student_t(4, 0, 1);
  cut ~ gamma(2, 0.5);
  target += normal_lpdf(by_hand | 1, 2) - normal_lccdf(0 | 1, 2);
  p ~ dirichlet([1, 2, 3]');
  L ~ lkj_corr_cholesky(2);
  R ~ lkj_corr(1.5);
  S ~ inv_wishart(6, identity_matrix(2));
  c ~ normal(1, 2);
  d ~ normal(0, 1);
  e ~ normal(0, 3);
  target += logistic_lpdf(added | 1, 2);
  to_vector(M) ~ normal(0, 1.5);
  walk[1] ~ normal(0, 1);
  for (t in 2 : 5) {
    walk[t] ~ normal(walk[t - 1], 1);
  }
  w ~ multi_normal(nested, identity_matrix(2));
  y ~ normal(shift, half_normal);
}
"""


def fits(values, distribution):
    """Return whether numbers agree with a distribution, by the Kolmogorov-Smirnov test."""
    return stats.kstest(values, distribution.cdf).pvalue > LEAST_P


@pytest.fixture(scope="module")
def priors(make_simulator):
    simulator = make_simulator(PRIORS, {"N": 2, "y": [0.0, 0.0]})
    found = simulator.draw(4000, seed=1)
    names, values = found.parameters
    return found, dict(zip(names, values.T, strict=True))


def test_parameters_are_drawn_forward_in_the_order_of_stan(priors):
    found, columns = priors
    assert (found.way, found.notes, found.count) == ("forward", (), 4000)
    assert list(columns)[:4] == ["nested[1]", "nested[2]", "half_normal", "half_cauchy"]
    assert list(columns)[-5:] == ["w[1,1]", "w[2,1]", "w[1,2]", "w[2,2]", "shift"]


@pytest.mark.parametrize(
    ("name", "distribution"),
    [
        ("half_normal", stats.halfnorm(scale=2)),
        ("half_cauchy", stats.halfcauchy(scale=3)),
        ("flat", stats.uniform(-1, 3)),
        ("by_hand", stats.truncnorm(-0.5, np.inf, 1, 2)),
        ("added", stats.logistic(1, 2)),
        ("shift", stats.norm(10, 0.1)),
        ("M[2,3]", stats.norm(0, 1.5)),
        ("walk[5]", stats.norm(0, np.sqrt(5))),
        ("p[1]", stats.beta(1, 5)),
        ("p[3]", stats.beta(3, 3)),
        ("q[2,1]", stats.beta(1, 2)),
        ("e[4]", stats.norm(0, 3 * np.sqrt(3 / 4))),
        ("R[1,3]", stats.beta(2, 2, loc=-1, scale=2)),
        ("S[1,1]", stats.invgamma(2.5, scale=0.5)),
    ],
)
def test_marginal_priors_are_those_that_the_program_states(priors, name, distribution):
    assert fits(priors[1][name], distribution)


def test_priors_within_bounds_are_cut_there(priors):
    half_t = 2 * np.abs(stats.t(4).cdf(priors[1]["half_t"]) - 0.5)
    assert fits(half_t, stats.uniform())
    gamma = stats.gamma(2, scale=2)
    inside = (gamma.cdf(priors[1]["cut"]) - gamma.cdf(1)) / gamma.sf(1)
    assert fits(inside, stats.uniform())


def test_ordered_vectors_are_order_statistics(priors):
    columns = priors[1]
    normal, half = stats.norm(1, 2), stats.halfnorm()
    assert fits(1 - normal.sf(columns["c[1]"]) ** 3, stats.uniform())
    assert fits(normal.cdf(columns["c[3]"]) ** 3, stats.uniform())
    assert fits(half.cdf(columns["d[2]"]) ** 2, stats.uniform())


def test_correlations_of_a_cholesky_factor_have_the_marginals_of_lkj(priors):
    factors = np.array([[priors[1][f"L[{i},{j}]"] for j in (1, 2, 3)] for i in (1, 2, 3)])
    correlations = np.einsum("ikn,jkn->ijn", factors, factors)
    for i, j in ((1, 0), (2, 0), (2, 1)):
        assert fits(correlations[i, j], stats.beta(2.5, 2.5, loc=-1, scale=2))


def test_children_are_drawn_given_their_parents(priors):
    columns = priors[1]
    for name in ("nested[1]", "nested[2]"):
        z = (columns[name] - columns["shift"]) / (2 * columns["half_normal"])
        assert fits(z, stats.norm())
    assert fits(columns["w[2,1]"] - columns["nested[1]"], stats.norm())
    steps = np.diff([columns[f"walk[{t}]"] for t in range(1, 6)], axis=0)
    assert fits(steps.ravel(), stats.norm())
    names, values = priors[0].derived
    assert names == ("spread",)
    assert np.array_equal(values[:, 0], 2 * columns["half_normal"])


def test_held_parameters_keep_their_value_and_children_follow(make_simulator):
    simulator = make_simulator(PRIORS, {"N": 2, "y": [0.0, 0.0]})
    held = {"half_normal": np.array(0.01), "p": np.array([0.2, 0.3, 0.5]), "M": np.arange(6.0).reshape(2, 3)}
    draws = simulator.draw_parameters(500, 3, held)
    columns = dict(zip(draws.columns, draws.values.T, strict=True))
    assert np.all(columns["half_normal"] == 0.01)
    assert [columns[f"p[{k}]"][0] for k in (1, 2, 3)] == [0.2, 0.3, 0.5]
    assert [columns["M[1,3]"][7], columns["M[2,1]"][7]] == [2.0, 3.0]
    assert fits((columns["nested[1]"] - columns["shift"]) / 0.02, stats.norm())
    assert fits(columns["flat"], stats.uniform(-1, 3))


def test_a_data_set_has_the_shape_of_the_outcome_and_the_prior_predictive_distribution(make_simulator):
    sizes = [5, 10, 20]
    data = {"J": 3, "n": sizes, "y": [0, 0, 0]}
    found = make_simulator(COUNTS, data).draw(2000, seed=1)
    names, values = found.parameters
    assert (names, values.shape, found.count, found.way) == (("theta",), (2000, 1), 2000, "forward")
    assert found.outcomes["y"].shape == (2000, 3)
    assert found.outcomes["y"].dtype == np.int64
    assert found.is_drawn.all()
    assert fits(values[:, 0], stats.beta(2, 3))
    for column, n in enumerate(sizes):
        counts = np.bincount(found.outcomes["y"][:, column], minlength=n + 1)
        expected = 2000 * stats.betabinom(n, 2, 3).pmf(np.arange(n + 1))
        assert stats.chisquare(counts, expected).pvalue > LEAST_P


def test_data_sets_can_be_drawn_given_parameters(make_simulator):
    simulator = make_simulator(COUNTS, {"J": 1, "n": [30], "y": [0]})
    found = simulator.draw_given(("theta",), np.repeat([[0.2], [0.7]], 500, axis=0), seed=2)
    low, high = found.outcomes["y"][:500, 0], found.outcomes["y"][500:, 0]
    assert abs(low.mean() - 6) < 5 * np.sqrt(30 * 0.16 / 500)
    assert abs(high.mean() - 21) < 5 * np.sqrt(30 * 0.21 / 500)
    assert found.way == "given"


def test_angles_lie_around_their_own_location(make_simulator):
    source = """
    data { int N; vector[N] y; }
    parameters { real<lower=-4, upper=10> a; }
    model { y ~ von_mises(a, 4); }
    """
    simulator = make_simulator(source, {"N": 1, "y": [0.0]})
    for location in (-0.5, 3.0, 7.0):  # Stan's own generator lies a turn away from the first and the last
        found = simulator.draw_given(("a",), np.full((2000, 1), location), seed=3)
        assert fits(found.outcomes["y"][:, 0], stats.vonmises(4, loc=location))


def test_draws_depend_on_the_seed_alone(make_simulator):
    simulator = make_simulator(COUNTS, {"J": 1, "n": [30], "y": [0]})
    first, again, other = (simulator.draw(50, seed) for seed in (5, 5, 6))
    assert np.array_equal(first.parameters[1], again.parameters[1])
    assert np.array_equal(first.outcomes["y"], again.outcomes["y"])
    assert not np.array_equal(first.outcomes["y"], other.outcomes["y"])


WALKS = """
data { int<lower=2> T; int<lower=1> G; matrix[G, T] y; }
parameters {
  real<lower=0> s;
  real<lower=-1, upper=1> phi;
  vector[T] level;
  array[T] real memory;
  vector[T] volatility;
  array[G] vector[T] walk;
  matrix[T, G] row;
  vector[T] lagged;
  vector[T] floored;
}
model {
  s ~ lognormal(0, 0.3);
  phi ~ uniform(-1, 1);
  level[1] ~ normal(3, 2);
  for (t in 2 : T) level[t] ~ normal(level[t - 1], s);
  memory[1 : 2] ~ normal(0, 1);
  for (t in 3 : T) memory[t] ~ normal(0.6 * memory[t - 1] - 0.3 * memory[t - 2], 0.5);
  volatility[1] ~ normal(-1, s / sqrt(1 - square(phi)));
  for (t in 2 : T) volatility[t] ~ normal(-1 + phi * (volatility[t - 1] + 1), s);
  for (g in 1 : G) {
    walk[g, 1] ~ normal(g, 1);
    for (t in 2 : T) walk[g, t] ~ normal(walk[g, t - 1] + level[t], exp(0.1 * volatility[t]));
  }
  row[1] ~ std_normal();
  for (t in 2 : T) row[t] ~ normal(row[t - 1], 0.3);
  lagged[1] ~ normal(0, 1);
  lagged[2 : T] ~ normal(0.9 * lagged[1 : (T - 1)], s);
  floored[1] ~ normal(0, 1);
  for (t in 2 : T) floored[t] ~ normal(fmax(floored[t - 1], 0), 1);
  for (g in 1 : G) {
    y[g, 1] ~ normal(walk[g, 1], 1);
    for (t in 2 : T) y[g, t] ~ normal(phi * y[g, t - 1] + walk[g, t] + row[t, g], exp(volatility[t] / 4));
  }
}
"""


def test_elements_that_depend_on_earlier_ones_are_drawn_one_after_the_other(make_simulator):
    """What is left of each element, given those before it, is standard normal."""
    length, groups = 4, 2
    data = {"T": length, "G": groups, "y": np.zeros((groups, length)).tolist()}
    found = make_simulator(WALKS, data).draw(2000, seed=1)
    assert (found.way, found.notes) == ("forward", ())
    names, values = found.parameters
    get = dict(zip(names, values.T, strict=True)).__getitem__

    def series(name, form="{name}[{t}]"):
        return np.stack([get(form.format(name=name, t=t)) for t in range(1, length + 1)], axis=1)

    s, phi = get("s")[:, None], get("phi")[:, None]
    level, memory, volatility = series("level"), series("memory"), series("volatility")
    lagged, floored = series("lagged"), series("floored")
    left = {
        "level": np.hstack([(level[:, :1] - 3) / 2, np.diff(level) / s]),
        "memory": np.hstack(
            [memory[:, :2], (memory[:, 2:] - 0.6 * memory[:, 1:-1] + 0.3 * memory[:, :-2]) / 0.5]
        ),
        "volatility": np.hstack(
            [
                (volatility[:, :1] + 1) * np.sqrt(1 - phi**2),
                volatility[:, 1:] + 1 - phi * (volatility[:, :-1] + 1),
            ]
        )
        / s,
        "lagged": np.hstack([lagged[:, :1], (lagged[:, 1:] - 0.9 * lagged[:, :-1]) / s]),
        "floored": np.hstack([floored[:, :1], floored[:, 1:] - np.maximum(floored[:, :-1], 0)]),
    }
    for group in range(1, groups + 1):
        walk = series("walk", f"{{name}}[{group},{{t}}]")
        row = series("row", f"{{name}}[{{t}},{group}]")
        y = found.outcomes["y"][:, group - 1]
        left[f"walk[{group}]"] = np.hstack(
            [walk[:, :1] - group, (np.diff(walk) - level[:, 1:]) / np.exp(0.1 * volatility[:, 1:])]
        )
        left[f"row[{group}]"] = np.hstack([row[:, :1], np.diff(row) / 0.3])
        left[f"y[{group}]"] = np.hstack(
            [
                y[:, :1] - walk[:, :1],
                (y[:, 1:] - phi * y[:, :-1] - walk[:, 1:] - row[:, 1:]) / np.exp(volatility[:, 1:] / 4),
            ]
        )
    wrong = [name for name, numbers in left.items() if not fits(numbers.ravel(), stats.norm())]
    assert not wrong
    together = np.corrcoef(np.hstack(list(left.values())), rowvar=False)
    np.fill_diagonal(together, 0)
    assert np.abs(together).max() < 5 / np.sqrt(2000)


# --- priors that are not drawn forward ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("parameters", "model", "column", "distribution", "words"),
    [
        (
            "real mu; real<lower=0> s;",
            "mu ~ normal(0, 1); s ~ normal(mu, 1);",
            "s",
            stats.halfnorm(scale=np.sqrt(2)),
            "depends on `mu`",
        ),
        (
            "real<lower=0> mu;",
            "log(mu) ~ normal(0, 1); target += -log(mu);",
            "mu",
            stats.lognorm(1),
            "more than one statement is about the same element of `mu`",
        ),
        (
            "vector[2] x; real mu;",
            "x[2] ~ normal(fmax(x[1], 0), 1); x[1] ~ normal(0, 1); mu ~ normal(0, 1);",
            "x[1]",
            stats.norm(),
            "elements of `x` are drawn before those that they depend on",
        ),
        (
            "real mu;",
            "target += -0.5 * square(mu);",
            "mu",
            stats.norm(),
            "the term on line 4 is not a density of `mu` itself",
        ),
    ],
)
def test_other_priors_are_sampled_by_nuts_and_thinned(
    make_simulator, parameters, model, column, distribution, words
):
    text = f"""
    data {{ int<lower=1> N; vector[N] y; }}
    parameters {{ {parameters} }}
    model {{ {model} y ~ normal(mu, 1); }}
    """
    found = make_simulator(text, {"N": 2, "y": [1.0, 2.0]}).draw(500, seed=4)
    assert found.way == "prior-only sampling"
    (note,) = found.notes
    assert note.startswith("parameters are sampled by NUTS from the prior alone, and thinned: ")
    assert words in note
    names, values = found.parameters
    assert fits(values[:, names.index(column)], distribution)
    residuals = found.outcomes["y"] - values[:, [names.index("mu")]]
    assert fits(residuals.ravel(), stats.norm())


# --- outcomes -----------------------------------------------------------------------------------------------

SERIES = """
data { int<lower=2> N; vector[N] y; int<lower=1> K; array[K] int<lower=1, upper=N> seen;
       array[K] int<lower=0> counts; array[2, 3] int<lower=0> cells; vector[3] z; }
parameters { real a; }
model {
  a ~ normal(0, 0.1);
  y[2 : N] ~ normal(a + 0.5 * y[1 : (N - 1)], 1);
  z[seen] ~ normal(sum(y) + a, 0.1);
  counts ~ poisson_log(a);
  for (i in 1 : 2) {
    cells[i] ~ multinomial(softmax([a, 0, 1]'));
  }
}
"""


def test_outcomes_are_put_back_where_the_data_have_them(make_simulator):
    data = {
        "N": 4, "y": [7.0, 0.0, 0.0, 0.0], "K": 2, "seen": [1, 3], "counts": [0, 0],
        "cells": [[3, 4, 5], [0, 0, 1]], "z": [1.0, 2.0, 3.0],
    }  # fmt: skip
    found = make_simulator(SERIES, data).draw(1000, seed=1)
    shapes = {name: values.shape[1:] for name, values in found.outcomes.items()}
    assert shapes == {"y": (4,), "counts": (2,), "cells": (2, 3), "z": (3,)}
    y, z, cells = (found.outcomes[name] for name in ("y", "z", "cells"))
    a = found.parameters[1][:, 0]
    assert np.all(y[:, 0] == 7)
    assert np.all(z[:, 1] == 2)
    assert fits((y[:, 1:] - a[:, None] - 0.5 * y[:, :-1]).ravel(), stats.norm())
    assert fits((z[:, [0, 2]] - y.sum(axis=1, keepdims=True) - a[:, None]).ravel(), stats.norm(0, 0.1))
    assert np.array_equal(np.unique(cells.sum(axis=2), axis=0), [[12, 1]])
    assert found.notes == (
        "`y[1]` keeps the value of the data: no statement is a density of it.",
        "`z[2]` keeps the value of the data: no statement is a density of it.",
    )


def test_a_mixture_is_drawn_as_the_author_draws_it(make_simulator):
    text = """
    data { int<lower=1> N; vector[N] y; }
    parameters { real<lower=0, upper=1> p; real mu; }
    model {
      p ~ beta(2, 2);
      mu ~ normal(0, 1);
      for (n in 1 : N) {
        target += log_mix(p, normal_lpdf(y[n] | mu - 9, 1), normal_lpdf(y[n] | mu + 9, 1));
      }
    }
    generated quantities {
      vector[N] first;
      array[N] real y_rep;
      for (n in 1 : N) {
        first[n] = y[n];
        y_rep[n] = normal_rng(mu + (bernoulli_rng(p) ? -9 : 9), 1);
      }
    }
    """
    found = make_simulator(text, {"N": 50, "y": [0.0] * 50}).draw(400, seed=1)
    share = (found.outcomes["y"] < 0).mean(axis=1)
    assert np.corrcoef(share, found.parameters[1][:, 0])[0, 1] > 0.9
    assert found.notes == (
        "`y` is drawn as the program draws `y_rep`, whose distribution is taken on trust.",
    )


def test_outcomes_that_the_author_draws_together_keep_their_dependence(make_simulator):
    text = """
    data { int<lower=1> N; vector[N] y; array[N] int<lower=0> k; }
    parameters { real mu; }
    model {
      mu ~ normal(0, 1);
      for (n in 1 : N) {
        target += log_mix(0.5, normal_lpdf(y[n] | mu, 1), normal_lpdf(y[n] | mu, 2));
        target += log_mix(0.5, poisson_lpmf(k[n] | exp(mu)), poisson_lpmf(k[n] | 9));
      }
    }
    generated quantities {
      vector[N] y_rep;
      array[N] int k_rep;
      for (n in 1 : N) {
        int is_wide = bernoulli_rng(0.5);
        y_rep[n] = normal_rng(mu, is_wide ? 2 : 1);
        k_rep[n] = is_wide;
      }
    }
    """
    found = make_simulator(text, {"N": 200, "y": [0.0] * 200, "k": [0] * 200}).draw(50, seed=1)
    distances = found.outcomes["y"] - found.parameters[1][:, :1]
    is_wide = found.outcomes["k"] == 1
    assert fits(distances[is_wide], stats.norm(0, 2))
    assert fits(distances[~is_wide], stats.norm(0, 1))


CENSORED = """
data { int<lower=1> N; vector<lower=0>[N] t; array[N] int<lower=0, upper=1> event; real<lower=0> end; }
parameters { real<lower=0> rate; }
model {
  rate ~ gamma(4, 4);
  for (n in 1 : N) {
    if (event[n] == 1) {
      t[n] ~ exponential(rate);
    } else {
      target += exponential_lccdf(t[n] | rate);
    }
  }
}
generated quantities {
  vector[N] t_rep;
  array[N] int<lower=0, upper=1> event_rep;
  for (n in 1 : N) {
    real time = exponential_rng(rate);
    event_rep[n] = time <= end;
    t_rep[n] = fmin(time, end);
  }
}
"""


def test_censored_values_are_drawn_as_the_author_draws_them_with_their_censoring(make_simulator):
    data = {"N": 30, "t": [1.0] * 30, "event": [1] * 30, "end": 1.5}
    found = make_simulator(CENSORED, data).draw(2000, seed=1)
    times, is_event = found.outcomes["t"], found.outcomes["event"] == 1
    rate = found.parameters[1][:, 0]
    assert np.array_equal(is_event, times < 1.5)
    assert fits(rate, stats.gamma(4, scale=1 / 4))
    # Given the rate, the probability of censoring is exp(-rate end).
    share = is_event.mean(axis=1) - (1 - np.exp(-1.5 * rate))
    spread = np.sqrt(np.mean(np.exp(-1.5 * rate) * (1 - np.exp(-1.5 * rate))) / 30 / len(rate))
    assert abs(share.mean()) < 4 * spread
    seen = np.exp(-rate[:, None] * times)  # of the events, uniform between that at the end, and 1
    least = np.exp(-1.5 * rate)[:, None]
    assert fits(((seen - least) / (1 - least))[is_event], stats.uniform())
    assert [note.partition(",")[0] for note in found.notes] == [
        "`t` is drawn as the program draws `t_rep`",
        "`event` is drawn as the program draws `event_rep`",
    ]


def test_censored_values_whose_censoring_nobody_draws_are_refused(make_simulator):
    text = CENSORED.replace("event_rep", "censored")
    with pytest.raises(RequestError, match="is about censored values") as caught:
        make_simulator(text, {"N": 2, "t": [1.0, 2.0], "event": [1, 0], "end": 1.5})
    assert "`t_rep` and `event_rep`" in (caught.value.hint or "")


def test_numbers_too_large_for_an_integer_mark_their_data_set(make_simulator):
    text = """
    data { int<lower=1> N; array[N] int<lower=0> y; }
    parameters { real a; }
    model { a ~ normal(0, 20); y ~ poisson_log(a); }
    """
    found = make_simulator(text, {"N": 2, "y": [0, 1]}).draw(1000, seed=1)
    a = found.parameters[1][:, 0]
    assert np.array_equal(found.is_drawn, a < 20.7)


def test_limits_that_hold_next_to_nothing_are_drawn_within_all_the_same(make_simulator):
    """Against SciPy's truncated normal, and the exact probabilities of a Poisson above 1."""
    text = """
    data { int<lower=1> N; vector<lower=2>[N] y; array[N] int<lower=2> k; vector[N] z; }
    parameters { real<lower=-9, upper=-5> mu; real<lower=0, upper=0.001> rate; }
    model {
      for (n in 1 : N) y[n] ~ normal(mu, 1.5) T[2, ];
      for (n in 1 : N) k[n] ~ poisson(rate) T[2, ];
      for (n in 1 : N) z[n] ~ normal(rate, 1) T[9, 9.5];
    }
    """
    data = {"N": 20, "y": [3.0] * 20, "k": [2] * 20, "z": [9.1] * 20}
    found = make_simulator(text.replace("T[9, 9.5]", ""), data).draw(300, seed=1)
    assert found.is_drawn.all()
    mu, rate = found.parameters[1].T
    tail = stats.norm.sf(found.outcomes["y"], mu[:, None], 1.5) / stats.norm.sf(2, mu, 1.5)[:, None]
    assert stats.kstest(tail.ravel(), "uniform").pvalue > 0.001
    above = 1 - stats.poisson.pmf(2, rate) / stats.poisson.sf(1, rate)  # about rate / 3
    count = (found.outcomes["k"] > 2).sum()
    assert count == pytest.approx(20 * above.sum(), abs=4 * np.sqrt(20 * above.sum()) + 1)
    none = make_simulator(text, data).draw(20, seed=1)
    assert none.is_out_of_limits.all()
    assert not none.is_drawn.any()


# --- refusals -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("data", "parameters", "model", "words"),
    [
        ("vector[2] y;", "real mu; real<lower=0> s;", "s ~ normal(0, 1); y ~ normal(mu, s);",
         "`mu` has no prior: the prior is improper"),
        ("vector[2] y;", "real mu;", "mu ~ normal(mean(y), 1); y ~ normal(mu, 1);",
         "the prior `mu ~ normal(mean(y), 1);` on line 4 depends on the outcome `y`"),
        ("vector[2] y;", "real missing; } transformed parameters { vector[3] all = append_row(y, missing);",
         "all ~ normal(0, 1);",
         "on line 4 is a density of `all`, in which the parameter `missing` stands together with data"),
        ("vector[2] y;", "real<lower=max(y)> mu;", "mu ~ exponential(1); y ~ normal(mu, 1);",
         "the declaration of the parameter `mu` depends on the outcome `y`"),
        ("vector[2] y;", "real mu;", "mu ~ normal(0, 1); target += -0.5 * dot_self(y - mu);",
         "is hand-written, not a single density function"),
        ("vector[2] y;", "real mu;",
         "mu ~ normal(0, 1); y[1] ~ normal(mu, 1); target += normal_lccdf(y[2] | mu, 1);",
         "is about censored values"),
        ("vector[2] y;", "real mu;", "mu ~ normal(0, 1);", "no statement of the program is a likelihood"),
        ("vector[2] y; } transformed data { real m = mean(y);", "real mu;",
         "mu ~ normal(0, 1); y ~ normal(mu * m, 1);", "`m` is computed from the outcome `y`"),
        ("vector[2] y; } transformed data { vector[2] c = y - mean(y);", "real mu;",
         "mu ~ normal(0, 1); c ~ normal(mu, 1);", "on line 4 is a density of what is computed from it"),
    ],
)  # fmt: skip
def test_what_cannot_be_simulated_is_refused_in_a_sentence(make_simulator, data, parameters, model, words):
    text = f"\ndata {{ {data} }}\nparameters {{ {parameters} }}\nmodel {{ {model} }}\n"
    with pytest.raises(RequestError) as caught:
        make_simulator(text, {"y": [1.0, 2.0]})
    assert words in caught.value.message
    assert caught.value.message.endswith(".")
    assert caught.value.hint


def test_an_outcome_read_before_it_is_drawn_is_refused(make_simulator):
    text = """
    data { int<lower=2> N; vector[N] y; }
    parameters { real a; }
    model {
      vector[N - 1] mu = a + 0.5 * y[1 : (N - 1)];
      a ~ normal(0, 1);
      y[2 : N] ~ normal(mu, 1);
    }
    """
    with pytest.raises(RequestError, match="depends on the values that the data have in its place"):
        make_simulator(text, {"N": 3, "y": [1.0, 2.0, 3.0]})


@pytest.mark.parametrize("read", ["fmax(y[t - 1], 0)", "(y[t - 1] > 0 ? 1 : -1)", "0.5 * y[t - 1]"])
def test_an_outcome_stated_after_those_that_depend_on_it_is_refused(make_simulator, read):
    text = f"""
    data {{ int<lower=2> N; vector[N] y; }}
    parameters {{ real a; }}
    model {{
      a ~ normal(0, 1);
      for (t in 2 : N) y[t] ~ normal(a + {read}, 1);
      y[1] ~ normal(a, 1);
    }}
    """
    with pytest.raises(RequestError, match="depends on the values that the data have in its place"):
        make_simulator(text, {"N": 3, "y": [-1.0, -2.0, -3.0]})
