"""Forecasts go on from the last row of the fit: checked against the same recursions in NumPy."""

from typing import Any

import numpy as np
import pandas as pd
import pytest

import workbench
from workbench import tables
from workbench.errors import MethodError, RequestError
from workbench.results import run_directory
from workbench.workflow.predict import predict

QUICK: dict[str, Any] = {"draws": 500, "warmup": 500, "chains": 2, "method": "nuts"}

AUTOREGRESSION = """
data { int N; vector[N] y; vector[N] x; }
parameters { real a; real<lower=-1, upper=1> r; real b; real<lower=0> s; }
model {
  a ~ normal(0, 2); b ~ normal(0, 1); s ~ exponential(1);
  y[1] ~ normal(a, 2);
  y[2:N] ~ normal(a + r * y[1:N-1] + b * x[2:N], s);
}
"""

LOCAL_LEVEL = """
data { int N; vector[N] y; array[N] int<lower=1> season; }
parameters { vector[N] level; sum_to_zero_vector[4] effect; real<lower=0> w; real<lower=0> s; }
model {
  level[1] ~ normal(0, 5);
  for (n in 2:N) level[n] ~ normal(level[n-1], w);
  effect ~ normal(0, 1); w ~ normal(0, 0.3); s ~ normal(0, 0.5);
  y ~ normal(level + effect[season], s);
}
"""

PROCESS = """
data { int N; array[N] real x; vector[N] y; }
parameters { real<lower=0> rho; real<lower=0> eta; real<lower=0> sigma; }
model {
  matrix[N, N] K = add_diag(gp_exp_quad_cov(x, eta, rho), square(sigma));
  rho ~ inv_gamma(5, 5); eta ~ normal(0, 1); sigma ~ normal(0, 0.5);
  y ~ multi_normal(zeros_vector(N), K);
}
"""


def fit(folder, program, frame):
    folder.joinpath("model.stan").write_text(program)
    workbench.fit(folder / "model.stan", frame, output=folder / "run", **QUICK)
    return run_directory.read(folder / "run")


def agree(found, draws):
    """Compare a forecast with draws of the same: both have the error of so many draws."""
    error = 5 * np.sqrt(2 / len(draws))
    spread = draws.std(axis=0)
    assert np.all(np.abs(found["mean"].to_numpy() - draws.mean(axis=0)) < error * spread)
    np.testing.assert_allclose(found["sd"], spread, rtol=error)


@pytest.mark.usefixtures("tools")
def test_an_autoregression_goes_on_from_its_last_value(tmp_path):
    rng = np.random.default_rng(1)
    x, y = rng.normal(size=60), np.zeros(60)
    for row in range(1, 60):
        y[row] = 0.5 + 0.7 * y[row - 1] + 0.8 * x[row] + rng.normal(0, 0.4)
    fitted = fit(tmp_path, AUTOREGRESSION, pd.DataFrame({"y": y, "x": x}))
    new = pd.DataFrame({"x": [1.0, 0.0, -1.0]})
    found = predict(fitted, tables.from_frame(new), horizon=3)
    a, r, b, s = (fitted.tree["posterior"][name].to_numpy().ravel() for name in ("a", "r", "b", "s"))
    path, mean = np.full(len(a), y[-1]), np.full(len(a), y[-1])
    steps, means = [], []
    for value in new["x"]:
        path = a + r * path + b * value + s * rng.normal(size=len(a))
        mean = a + r * mean + b * value
        steps.append(path)
        means.append(mean)
    agree(found, np.stack(steps, axis=1))
    spread = np.std(steps, axis=1)
    assert np.all(np.abs(found["expected"].to_numpy() - np.mean(means, axis=1)) < 0.02 * 5 * spread)
    assert np.all(found["sd_parameters"].to_numpy() < 0.5 * spread)
    assert found["prediction"].tolist() == ["y_rep[61]", "y_rep[62]", "y_rep[63]"]
    months = new.set_axis(["May", "June", "July"])
    asked: Any = workbench.predict(fitted, months, horizon=3, quantity="x + y_rep", progress=False)
    np.testing.assert_allclose(asked["estimate"], found["mean"].to_numpy() + new["x"].to_numpy())
    assert asked.index.tolist() == ["May", "June", "July"]
    drawn: Any = workbench.predict(fitted, months, horizon=2, draws=True, progress=False)
    assert drawn["row"].to_numpy().tolist() == ["May", "June"]
    with pytest.raises(MethodError, match="`horizon` was expected"):
        workbench.predict(fitted, horizon=0)
    with pytest.raises(RequestError, match="`y` is drawn given other values of itself") as raised:
        predict(fitted, tables.from_frame(new))
    assert "--horizon" in str(raised.value.hint)
    with pytest.raises(RequestError, match="`x` neither counts up in equal steps nor repeats itself"):
        predict(fitted, None, horizon=3)


@pytest.mark.usefixtures("tools")
def test_a_level_goes_on_and_seasons_repeat_themselves(tmp_path):
    rng = np.random.default_rng(2)
    season = np.tile([1, 2, 3, 4], 15)
    level = np.cumsum(rng.normal(0, 0.2, 60))
    y = level + np.array([1, -1, 0.5, -0.5])[season - 1] + rng.normal(0, 0.3, 60)
    fitted = fit(tmp_path, LOCAL_LEVEL, pd.DataFrame({"y": y, "season": season}))
    found = predict(fitted, None, horizon=6)
    posterior = fitted.tree["posterior"]
    state = posterior["level"].to_numpy()[..., -1].ravel()
    w, s = (posterior[name].to_numpy().ravel() for name in ("w", "s"))
    effect = posterior["effect"].to_numpy().reshape(-1, 4)
    steps = []
    for step in range(6):
        state = state + w * rng.normal(size=len(w))
        steps.append(state + effect[:, step % 4] + s * rng.normal(size=len(w)))
    agree(found, np.stack(steps, axis=1))
    with pytest.raises(RequestError, match="`level` goes on from row to row"):
        predict(fitted, tables.from_frame(pd.DataFrame({"season": [1]})))


@pytest.mark.usefixtures("tools")
def test_a_gaussian_process_is_predicted_given_its_rows(tmp_path):
    """Against the conditional normal distribution at each posterior draw, solved without factors."""
    rng = np.random.default_rng(3)
    x = np.sort(rng.uniform(0, 6, 25))
    y = np.sin(x) + rng.normal(0, 0.2, 25)
    fitted = fit(tmp_path, PROCESS, pd.DataFrame({"x": x, "y": y}))
    new = pd.DataFrame({"x": [1.5, 3.0, 9.0], "y": [1.0, 0.1, 0.0]})
    found = predict(fitted, tables.from_frame(new))
    rho, eta, sigma = (fitted.tree["posterior"][n].to_numpy().ravel() for n in ("rho", "eta", "sigma"))

    def covariance(one, other, draw):
        return eta[draw] ** 2 * np.exp(-0.5 * ((one[:, None] - other) / rho[draw]) ** 2)

    where = new["x"].to_numpy()
    means, variances = [], []
    for draw in range(len(rho)):
        old = covariance(x, x, draw) + sigma[draw] ** 2 * np.eye(25)
        weights = np.linalg.solve(old, covariance(x, where, draw)).T
        means.append(weights @ y)
        variances.append(
            eta[draw] ** 2 + sigma[draw] ** 2 - np.sum(weights * covariance(where, x, draw), axis=1)
        )
    mean = np.array(means)
    np.testing.assert_allclose(found["expected"], mean.mean(axis=0), atol=1e-6)
    np.testing.assert_allclose(found["sd_parameters"], mean.std(axis=0, ddof=1), atol=1e-6)
    total = mean.var(axis=0) + np.mean(variances, axis=0)
    np.testing.assert_allclose(found["sd"], np.sqrt(total), rtol=5 / np.sqrt(2 * len(rho)))
