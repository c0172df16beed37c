"""Predictions that would be wrong under a calm verdict are refused in words."""

from typing import Any

import numpy as np
import pandas as pd
import pytest

import workbench
from workbench import tables
from workbench.errors import BindingError, RequestError
from workbench.results import run_directory
from workbench.workflow.predict import predict

QUICK: dict[str, Any] = {"draws": 300, "warmup": 300, "chains": 2, "method": "nuts", "report": False}

MEDIATOR = """
data { int N; vector[N] x; vector[N] m; vector[N] y; }
parameters { real a; real b; real c; }
model { m ~ normal(a * x, 1); y ~ normal(b * m + c * x, 1); }
"""

CENTRED = """
functions { vector score(vector v) { return (v - mean(v)) / sd(v); } }
data { int N; int J; array[N] int<lower=1, upper=J> g; vector[J] u; vector[N] y; }
transformed data { vector[J] s = score(u); }
parameters { real a; real b; vector[J] z; }
model { a ~ normal(0, 10); b ~ normal(0, 5); z ~ normal(0, 1); y ~ normal(a + b * s[g] + z[g], 0.5); }
"""

TOWNS = """
data {
  int N; int K; int J; int P;
  matrix[N, K] X; array[N] int<lower=1, upper=J> g; matrix[J, P] U; vector[N] y;
}
parameters { real a; vector[K] b; vector[P] c; vector[J] z; real<lower=0> s; }
model {
  a ~ normal(0, 20); b ~ normal(0, 5); c ~ normal(0, 5); z ~ normal(0, 1); s ~ exponential(1);
  y ~ normal(a + X * b + U[g] * c + z[g], s);
}
"""


PREPARED_AGAIN = """
functions { vector score(vector v) { return (v - mean(v)) / sd(v); } }
data { int N; vector[N] x; vector[N] y; }
transformed data { vector[N] z = (x - mean(x)) / sd(x); }
parameters { real a; real b; real<lower=0> s; }
model { a ~ normal(0, 10); b ~ normal(0, 10); s ~ exponential(1); y ~ cauchy(a + b * z, s); }
generated quantities { array[N] real y_rep = cauchy_rng(a + b * score(x), s); }
"""


def fit(folder, program, frame, **options):
    folder.joinpath("model.stan").write_text(program)
    workbench.fit(folder / "model.stan", frame, output=folder / "run", **QUICK, **options)
    return run_directory.read(folder / "run")


@pytest.mark.usefixtures("tools")
def test_an_outcome_that_predicts_another_must_be_given(tmp_path):
    rng = np.random.default_rng(1)
    x = rng.normal(size=40)
    m = 2 * x + rng.normal(size=40)
    fitted = fit(tmp_path, MEDIATOR, pd.DataFrame({"x": x, "m": m, "y": 3 * m - x + rng.normal(size=40)}))
    with pytest.raises(
        RequestError, match=r"`y_rep` is computed from `m`, `y`, which the new rows do not have"
    ):
        predict(fitted, tables.from_frame(pd.DataFrame({"x": [0.0, 1.0]})))


@pytest.mark.usefixtures("tools")
def test_a_new_group_must_not_change_the_others(tmp_path):
    rng = np.random.default_rng(2)
    town, size = np.repeat(list("abcd"), 8), np.repeat([1.0, 2.0, 3.0, 6.0], 8)
    frame = pd.DataFrame({"town": town, "size": size, "y": 5 + 2 * size + rng.normal(size=32)})
    fitted = fit(tmp_path, CENTRED, frame, columns={"g": "town", "u": "size", "y": "y"})
    known = predict(fitted, tables.from_frame(pd.DataFrame({"town": ["a", "d"]})))
    assert known["expected"].between(0, 30).all()
    with pytest.raises(RequestError, match="a further group of `J` changes"):
        predict(
            fitted,
            tables.from_frame(pd.DataFrame({"town": ["a", "e"], "size": [1.0, 9.0]})),
            new_groups="draw",
        )
    with pytest.raises(
        BindingError, match=r"`size` of `data` is 5 at row 1, and 1 for that group in the fit"
    ):
        predict(fitted, tables.from_frame(pd.DataFrame({"town": ["a"], "size": [5.0]})))


@pytest.mark.usefixtures("tools")
def test_standardized_predictors_of_groups_are_those_of_the_data(tmp_path):
    rng = np.random.default_rng(3)
    g = np.repeat(np.arange(8), 6)
    pop, area = rng.uniform(100, 900, 8), rng.uniform(5, 40, 8)
    x = rng.normal(50, 10, 48)
    frame = pd.DataFrame({"town": [f"t{k}" for k in g], "age": x, "pop": pop[g], "area": area[g]})
    frame["y"] = 0.1 * x + 0.02 * pop[g] + 0.3 * area[g] + rng.normal(0, 0.5, 48)
    columns = {"X": ["age"], "g": "town", "U": ["pop", "area"], "y": "y"}
    fitted = fit(tmp_path, TOWNS, frame, columns=columns, standardize=True)
    new = pd.DataFrame(
        {"town": ["t1", "t9"], "age": [50.0, 60.0], "pop": [pop[1], 400.0], "area": [area[1], 20.0]}
    )
    found = predict(fitted, tables.from_frame(new), new_groups="draw")
    posterior = fitted.tree["posterior"]
    a, b, c, z = (posterior[name].to_numpy() for name in ("a", "b", "c", "z"))
    known = a + 50 * b[..., 0] + c @ np.array([pop[1], area[1]]) + z[..., 1]
    assert found["expected"][0] == pytest.approx(known.mean(), rel=1e-6)
    other = a + 60 * b[..., 0] + c @ np.array([400.0, 20.0])
    assert abs(found["expected"][1] - other.mean()) < 5 * np.sqrt((other.var() + 1) / other.size)


@pytest.mark.usefixtures("tools")
def test_a_replicate_that_prepares_the_rows_that_are_there_is_refused(tmp_path):
    """A Cauchy distribution has no mean that could tell: of new rows `score` takes their own mean and SD."""
    rng = np.random.default_rng(4)
    x = rng.normal(10, 2, 40)
    fitted = fit(tmp_path, PREPARED_AGAIN, pd.DataFrame({"x": x, "y": 1 + x + 0.1 * rng.standard_cauchy(40)}))
    for new in ([12.0, 14.0, 16.0], [3.0]):
        with pytest.raises(RequestError, match="`y_rep` of a row depends on which other rows there are"):
            predict(fitted, tables.from_frame(pd.DataFrame({"x": new})))
