"""Predictions of new rows equal the same sums done here; rows that depend on each other are refused."""

from typing import Any

import numpy as np
import pandas as pd
import pytest

import workbench
from tests.conftest import DATA, STAN_MODELS
from workbench import tables
from workbench.errors import BindingError, RequestError
from workbench.results import store
from workbench.workflow.predict import predict

PROGRAM = """
data {
  int N; int K; int J;
  matrix[N, K] X;
  array[N] int<lower=1, upper=J> g;
  vector[J] u;
  vector[N] y;
}
parameters { real a; vector[K] b; vector[J] z; real<lower=0> s; }
model {
  a ~ normal(0, 10); b ~ normal(0, 10); z ~ normal(0, 1); s ~ exponential(1);
  y ~ normal(a + 0.5 * u[g] + z[g] + X * b, s);
}
"""

QUICK: dict[str, Any] = {"draws": 500, "warmup": 500, "chains": 2}


@pytest.fixture(scope="module")
def run(tools, tmp_path_factory):
    folder = tmp_path_factory.mktemp("predicting")
    (folder / "groups.stan").write_text(PROGRAM)
    rng = np.random.default_rng(3)
    frame = pd.DataFrame({"town": rng.choice(["a", "b", "c"], 60), "age": rng.normal(40, 9, 60)})
    frame["size"] = frame["town"].map({"a": 1.0, "b": 2.0, "c": 4.0})
    frame["who"] = [f"someone {number}" for number in range(60)]
    frame["out"] = 3 + 0.1 * frame["age"] + 0.5 * frame["size"] + rng.normal(0, 0.3, 60)
    fitted = workbench.fit(
        folder / "groups.stan",
        frame,
        columns={"X": ["age"], "g": "town", "u": "size", "y": "out"},
        standardize=True,
        output=folder / "run",
        **QUICK,
    )
    return folder / "run", fitted


NEW = pd.DataFrame({"who": ["Ann", "Bob"], "town": ["c", "a"], "age": [30.0, 80.0]})


def test_predictions_are_those_of_the_draws(run):
    folder, fitted = run
    found = predict(store.read(folder), tables.from_frame(NEW))
    posterior = fitted.tree["posterior"]
    town = (
        posterior["a"].to_numpy()[..., None]
        + 0.5 * np.array([4.0, 1.0])
        + posterior["z"].to_numpy()[..., [2, 0]]
    )
    expected = town + posterior["b"].to_numpy() * np.array([30.0, 80.0])
    noise = float(np.sqrt((posterior["s"].to_numpy() ** 2).mean()))
    error = noise / np.sqrt(expected[..., 0].size)
    assert np.all(np.abs(found["mean"].to_numpy() - expected.mean(axis=(0, 1))) < 4 * error)
    spread = np.sqrt(expected.var(axis=(0, 1)) + noise**2)
    np.testing.assert_allclose(found["sd"], spread, rtol=0.1)
    assert found["label"].tolist() == ["Ann", "Bob"]
    assert ((found["lower"] < found["median"]) & (found["median"] < found["upper"])).all()


def test_what_the_run_has_not_seen_is_named(run):
    with pytest.raises(BindingError, match=r"`town` of `data`.*`d`.*row 2"):
        predict(store.read(run[0]), tables.from_frame(NEW.assign(town=["a", "d"])))
    with pytest.raises(BindingError, match="`age`"):
        predict(store.read(run[0]), tables.from_frame(NEW.drop(columns="age")))


@pytest.mark.usefixtures("tools")
def test_a_program_whose_rows_depend_on_each_other_predicts_nothing(tmp_path):
    """The linear model centres its predictors at the mean of the rows it is given."""
    model = STAN_MODELS / "regression" / "linear.stan"
    workbench.fit(model, DATA / "kidiq.csv", output=tmp_path / "run", **QUICK)
    with pytest.raises(RequestError, match=r"`linear\.stan`") as raised:
        predict(store.read(tmp_path / "run"), DATA / "kidiq.csv")
    assert "transformed data" in str(raised.value.hint)


@pytest.mark.usefixtures("tools")
def test_parameters_for_each_row_and_stan_data(tmp_path):
    model = STAN_MODELS / "hierarchical" / "eight_schools.stan"
    workbench.fit(model, DATA / "eight_schools.csv", output=tmp_path / "run", **QUICK)
    new = pd.DataFrame({"school": ["I"], "sigma": [9.0]})
    with pytest.raises(RequestError, match=r"`theta_raw`.*`vector\[J\]`"):
        predict(store.read(tmp_path / "run"), tables.from_frame(new))
    values = {"J": 2, "y": [1.0, 2.0], "sigma": [1.0, 1.0]}
    workbench.fit(model, values, output=tmp_path / "stan", **QUICK)
    with pytest.raises(RequestError, match="Stan's own data"):
        predict(store.read(tmp_path / "stan"), tables.from_frame(new))


@pytest.mark.usefixtures("tools")
def test_the_mean_of_a_yes_or_no_is_its_probability(tmp_path):
    """Exact: (2 + 21) / (4 + 60). The mean of 1000 drawn zeros and ones would be off by up to 0.03."""
    (tmp_path / "coin.stan").write_text(
        "data { int N; array[N] int<lower=0, upper=1> y; } parameters { real<lower=0, upper=1> p; } "
        "model { p ~ beta(2, 2); y ~ bernoulli(p); }"
    )
    frame = pd.DataFrame({"y": [1] * 21 + [0] * 39})
    workbench.fit(tmp_path / "coin.stan", frame, output=tmp_path / "run", method="nuts", **QUICK)
    fitted = store.read(tmp_path / "run")
    found = predict(fitted, tables.from_frame(pd.DataFrame({"y": [0, 1, 1]})))
    mean, error = float(fitted.tree["posterior"]["p"].mean()), fitted.results.posterior("p").mcse_mean
    assert error is not None
    np.testing.assert_allclose(found["mean"], mean, rtol=1e-6)
    assert abs(mean - 23 / 64) < 4 * error
    np.testing.assert_allclose(found["sd"], np.sqrt(mean * (1 - mean)), rtol=1e-6)
    assert set(found["median"]) == {0.0}
