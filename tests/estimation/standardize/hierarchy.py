"""A hierarchy with standardized predictors whose posterior is normal, in closed form."""

import numpy as np
import pandas as pd

PROGRAM = """
data {
  int<lower=1> N;
  int<lower=1> K;
  int<lower=1> J;
  array[N] int<lower=1, upper=J> g;
  matrix[N, K] X;
  vector[N] y;
}
parameters {
  real alpha;
  vector[K] beta;
  vector[J] z;
}
transformed parameters {
  vector[J] a = alpha + 0.7 * z;
  array[2] vector[K] lines = {alpha + beta, 2 * beta};
  real growth = exp(alpha / 10);
  vector[N] mu = a[g] + X * beta;
}
model {
  alpha ~ normal(0, 5);
  beta ~ normal(0, 1);
  z ~ normal(0, 1);
  y ~ normal(mu, 0.5);
}
generated quantities {
  real first = a[1];
}
"""
Z_LINE = 1 + PROGRAM[: PROGRAM.index("z ~")].count("\n")


def simulate():
    """Return the table."""
    rng = np.random.default_rng(8)
    frame = pd.DataFrame(
        {"age": rng.normal(40, 10, 60), "income": rng.normal(3000, 500, 60), "g": rng.integers(1, 4, 60)}
    )
    effect = np.array([1.0, -0.5, 0.3])[frame["g"] - 1]
    frame["y"] = effect + 0.05 * frame["age"] + 0.001 * frame["income"] + rng.normal(0, 0.5, 60)
    return frame


def solve(frame, prior):
    """Return mean and covariance of (alpha, beta, z) on the scale of the data, for prior precisions.

    The priors are those of the standardized predictors: the posterior is normal there, and mapped back.
    """
    x = frame[["age", "income"]].to_numpy()
    mean, sd = x.mean(axis=0), x.std(axis=0, ddof=1)
    groups = 0.7 * np.eye(3)[frame["g"] - 1]
    design = np.column_stack([np.ones(len(x)), (x - mean) / sd, groups])
    covariance = np.linalg.inv(design.T @ design / 0.25 + np.diag(prior))
    centre = covariance @ design.T @ frame["y"].to_numpy() / 0.25
    back = np.eye(6)
    back[0, 1:3] = -mean / sd
    back[1, 1], back[2, 2] = 1 / sd
    return back @ centre, back @ covariance @ back.T


A = np.column_stack([np.ones(3), np.zeros((3, 2)), 0.7 * np.eye(3)])
"""The map from (alpha, beta, z) to the effects `a` of the groups."""
