"""Whole fits by maximum likelihood, and the tables they are of."""

import numpy as np
import pandas as pd
import pytest

LINEAR = """data { int N; int K; matrix[N, K] X; vector[N] y; }
parameters { real alpha; vector[K] beta; real<lower=0> sigma; }
model { alpha ~ normal(0, 50); beta ~ normal(0, 5); sigma ~ exponential(1); y ~ normal(alpha + X * beta,
sigma); } generated quantities { real ratio = beta[1] / sigma; }
"""

LOGIT = """data { int N; int K; matrix[N, K] X; array[N] int<lower=0, upper=1> y; }
parameters { real alpha; vector[K] beta; }
model { alpha ~ normal(0, 5); beta ~ normal(0, 2); y ~ bernoulli_logit(alpha + X * beta); }
"""

POISSON = """data { int N; int K; matrix[N, K] X; array[N] int<lower=0> y; }
parameters { real alpha; vector[K] beta; }
model { alpha ~ normal(0, 5); beta ~ normal(0, 2); y ~ poisson_log(alpha + X * beta); }
"""

PROGRAMS = {"linear": LINEAR, "logit": LOGIT, "poisson": POISSON}

COLUMNS = {"X": ["age", "dose"]}


def make_table(rows=240, groups=40, seed=11):
    """Return a table whose errors vary with age, and depend on each other within sites."""
    rng = np.random.default_rng(seed)
    table = pd.DataFrame({"age": rng.normal(size=rows), "dose": rng.exponential(size=rows)})
    table["site"] = np.arange(rows) % groups + 100
    shift = 0.6 * rng.normal(size=groups)[np.arange(rows) % groups]
    noise = rng.normal(size=rows) * np.exp(0.5 * table["age"])
    table["score"] = 2 + 0.7 * table["age"] - 0.4 * table["dose"] + shift + noise
    chance = 1 / (1 + np.exp(-(-0.3 + 0.8 * table["age"] + shift)))
    table["ill"] = (rng.random(rows) < chance).astype(int)
    table["visits"] = rng.poisson(np.exp(0.5 + 0.3 * table["age"] + shift))
    return table


OUTCOMES = {"linear": "score", "logit": "ill", "poisson": "visits"}


@pytest.fixture(scope="session")
def table():
    return make_table()


@pytest.fixture(scope="session")
def fit_program(fit_program, tmp_path_factory):
    """Fit a program given as text by maximum likelihood, and return the run as it is read back."""

    def run(name, text, data, **options):
        if isinstance(data, pd.DataFrame):
            path = tmp_path_factory.mktemp("tables") / "table.csv"
            data.to_csv(path, index=False)
            data = path
        return fit_program(name, text, data, **{"method": "mle", **options})

    return run


@pytest.fixture(scope="session")
def squared_data():
    """Normal values whose variance grows with `v`, and such whose variance falls with it."""
    rng = np.random.default_rng(8)
    v = rng.exponential(size=300)
    noise = rng.normal(size=300)
    return {
        "inside": pd.DataFrame({"y": 1 + noise * np.sqrt(1 + 2 * v), "v": v}),
        "at the bound": pd.DataFrame({"y": 1 + noise / np.sqrt(1 + 2 * v), "v": v}),
    }


@pytest.fixture(scope="session")
def fits(fit_program, table):
    """The three regressions."""
    return {
        name: fit_program(name, text, table, columns={**COLUMNS, "y": OUTCOMES[name]}, method=["mle", "map"])
        for name, text in PROGRAMS.items()
    }
