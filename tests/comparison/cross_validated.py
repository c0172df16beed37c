"""Programs whose predictive densities are known in closed form or by quadrature, and these densities."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from scipy import stats
from scipy.special import logsumexp

from workbench.comparison.cross_validation import CrossValidation

LINE = """
data {
  int<lower=1> N;
  vector[N] x;
  vector[N] y;
}
parameters {
  real a;
  real b;
  real<lower=0> s2;
}
model {
  s2 ~ inv_gamma(2, 2);
  a ~ normal(0, 3 * sqrt(s2));
  b ~ normal(0, 3 * sqrt(s2));
  y ~ normal(a + b * x, sqrt(s2));
}
"""
"""A regression with a normal-inverse-gamma prior."""

CENTRED = LINE.replace(
    "parameters {", "transformed data {\n  vector[N] z = x - mean(x);\n}\nparameters {", 1
).replace("b * x", "b * z")
"""The same on a predictor less its mean: the prior of `a` is that of an average row."""

SERIES = """
data {
  int<lower=2> N;
  vector[N] y;
}
parameters {
  real a;
  real b;
  real<lower=0> s2;
}
model {
  s2 ~ inv_gamma(2, 2);
  a ~ normal(0, 3 * sqrt(s2));
  b ~ normal(0, 3 * sqrt(s2));
  for (n in 2 : N) {
    y[n] ~ normal(a + b * y[n - 1], sqrt(s2));
  }
}
"""
"""An autoregression, given its first value: a regression on the value before."""

LEVELS = """
data {
  int<lower=1> N;
  int<lower=1> J;
  array[N] int<lower=1, upper=J> g;
  vector[N] y;
}
parameters {
  real mu;
  real<lower=0> tau;
  real<lower=0> sigma;
  vector[J] z;
}
transformed parameters {
  vector[J] level = mu + tau * z;
}
model {
  mu ~ normal(0, 2);
  tau ~ normal(0, 1);
  sigma ~ normal(0, 1);
  z ~ std_normal();
  y ~ normal(level[g], sigma);
}
"""
"""A level for each group."""

WALK = """
data {
  int<lower=1> N;
  vector[N] y;
}
parameters {
  vector[N] x;
}
model {
  x[1] ~ normal(0, 5);
  for (n in 2 : N) {
    x[n] ~ normal(x[n - 1], 0.5);
  }
  y ~ normal(x, 1);
}
"""
"""A random walk seen with noise, both of known variance."""


def make_line(rows: int, seed: int = 1) -> pd.DataFrame:
    """Return rows of `LINE`, with two columns of groups that it does not use."""
    random = np.random.default_rng(seed)
    x = random.normal(size=rows)
    group = np.array(["north", "east", "south", "west", "middle"])[random.integers(5, size=rows)]
    return pd.DataFrame({"x": x, "y": 1 + 0.5 * x + random.normal(size=rows), "region": group})


def make_series(rows: int, seed: int = 2) -> pd.DataFrame:
    """Return rows of `SERIES`."""
    random = np.random.default_rng(seed)
    y = [0.5]
    for _ in range(rows - 1):
        y.append(0.4 + 0.6 * y[-1] + random.normal())
    return pd.DataFrame({"y": y})


def make_levels(seed: int = 3) -> pd.DataFrame:
    """Return rows of `LEVELS`, in eight groups of unequal size, in no order."""
    random = np.random.default_rng(seed)
    sizes = [12, 3, 7, 5, 20, 4, 9, 6]
    g = random.permutation(np.repeat(np.arange(8), sizes))
    level = 1 + 0.8 * random.normal(size=8)
    return pd.DataFrame(
        {"g": np.array(list("abcdefgh"))[g], "y": level[g] + 0.7 * random.normal(size=len(g))}
    )


def make_walk(rows: int, seed: int = 4) -> pd.DataFrame:
    """Return rows of `WALK`."""
    random = np.random.default_rng(seed)
    return pd.DataFrame({"y": np.cumsum(0.5 * random.normal(size=rows)) + random.normal(size=rows)})


def predict_line(x: np.ndarray, y: np.ndarray, x_new: np.ndarray, y_new: np.ndarray) -> float:
    """Return the joint log density of new values of `LINE` given others: a multivariate t."""
    design, new = (np.column_stack([np.ones(len(values)), values]) for values in (x, x_new))
    precision = np.eye(2) / 9 + design.T @ design
    mean = np.linalg.solve(precision, design.T @ y)
    shape = 2 + len(y) / 2
    scale = 2 + (y @ y - mean @ precision @ mean) / 2
    spread = np.eye(len(new)) + new @ np.linalg.solve(precision, new.T)
    predicted = stats.multivariate_t(new @ mean, scale / shape * spread, len(y) + 4)
    return float(predicted.logpdf(y_new))


def density_of_levels(codes: np.ndarray, y: np.ndarray, tau: np.ndarray, sigma: np.ndarray) -> np.ndarray:
    """Return the log density of all values of `LEVELS` given tau and sigma, which broadcast.

    That of a normal with covariance 4 + tau^2 within groups + sigma^2 on the diagonal, whose inverse and
    determinant follow from sums over groups.
    """
    values = [y[codes == code] for code in np.unique(codes)]
    within, between = sigma**2, tau**2
    quadratic, log_det, weight, weighted = (np.zeros(np.broadcast(tau, sigma).shape) for _ in range(4))
    for group in values:
        count, mean = len(group), group.mean()
        level = within + count * between
        quadratic += ((group - mean) ** 2).sum() / within + count * mean**2 / level
        log_det += (count - 1) * np.log(within) + np.log(level)
        weight += count / level
        weighted += count * mean / level
    shared = 1 + 4 * weight  # mu has the variance 4
    quadratic -= 4 * weighted**2 / shared
    found: np.ndarray = -0.5 * (len(y) * np.log(2 * np.pi) + log_det + np.log(shared) + quadratic)
    return found


def evidence_of_levels(codes: np.ndarray, y: np.ndarray) -> float:
    """Return the log density of all values of `LEVELS`, by quadrature over tau and sigma."""
    tau, sigma = np.linspace(1e-4, 6, 800), np.linspace(0.2, 2.5, 400)
    grid = density_of_levels(codes, y, tau[:, None], sigma[None, :])
    grid += stats.halfnorm.logpdf(tau)[:, None] + stats.halfnorm.logpdf(sigma)[None, :]
    return float(logsumexp(grid) + np.log(tau[1] - tau[0]) + np.log(sigma[1] - sigma[0]))


def filter_walk(y: np.ndarray) -> np.ndarray:
    """Return the log density of each value of `WALK` given those before it, by the Kalman filter."""
    mean, variance, found = 0.0, 25.0, []
    for value in y:
        found.append(stats.norm(mean, np.sqrt(variance + 1)).logpdf(value))
        gain = variance / (variance + 1)
        mean, variance = mean + gain * (value - mean), variance * (1 - gain) + 0.25
    return np.array(found)


def assert_close(found: CrossValidation, expected: Sequence[float] | np.ndarray) -> None:
    """Assert that each unit and the sum are within a few Monte Carlo standard errors.

    Errors of weighted averages are estimates themselves: of units the limit is that of hundreds of them.
    """
    assert found.mcse is not None
    difference = found.elpd - np.asarray(expected)
    assert np.isfinite(difference).all()
    assert (np.abs(difference) < 5 * found.mcse + 1e-3).all()
    assert np.sqrt(np.mean((difference / found.mcse) ** 2)) < 2
