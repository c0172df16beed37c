"""Forecasts go on from the last row of the fit: checked against the same recursions in NumPy."""

from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import special, stats

import workbench
from workbench import tables
from workbench.errors import BindingError, MethodError, PredictionWarning, RequestError
from workbench.results import run_directory
from workbench.workflow.predict import predict
from workbench.workflow.score import score
from workbench.workflow.update import UpdateOptions, update

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


def average(log_density):
    """Return the log of the mean density over draws."""
    return special.logsumexp(log_density, axis=0) - np.log(len(log_density))


def check_scores_of_the_autoregression(fitted):
    """Several steps ahead each draw has a normal forecast; one step ahead densities make the joint one."""
    new = pd.DataFrame({"x": [1.0, 0.0, -1.0, 0.5], "y": [2.6, 2.0, 0.4, 1.5]})
    a, r, b, s = (fitted.tree["posterior"][name].to_numpy().ravel() for name in ("a", "r", "b", "s"))
    last = fitted.tree["observed_data"]["y"].to_numpy()[-1]
    mean, variance, exact = np.full(len(a), last), np.zeros(len(a)), []
    for x, y in new.to_numpy():
        mean, variance = a + r * mean + b * x, s**2 + r**2 * variance
        exact.append(average(stats.norm.logpdf(y, mean, np.sqrt(variance))))
    ahead = score(fitted, tables.from_frame(new), horizon=4)
    assert ahead.rows["row"].tolist() == [61, 62, 63, 64]
    assert ahead.rows["step"].tolist() == [1, 2, 3, 4]
    np.testing.assert_allclose(ahead.rows["log_density"], exact, atol=0.05)
    assert ahead.rows["log_density"][0] == pytest.approx(exact[0], abs=1e-6)
    assert ahead.summary["se"].isna().all()
    assert "Forecast 1 to 4 steps ahead, without seeing the rows between" in repr(ahead)
    assert "no standard errors" in repr(ahead)
    before = np.concatenate([[last], new["y"][:-1]])
    each = stats.norm.logpdf(
        new["y"].to_numpy(), a[:, None] + r[:, None] * before + b[:, None] * new["x"].to_numpy(), s[:, None]
    )
    joint = [average(each[:, :steps].sum(axis=1)) for steps in range(1, 5)]
    stepwise = score(fitted, tables.from_frame(new), horizon=4, one_step=True)
    np.testing.assert_allclose(stepwise.rows["log_density"].cumsum(), joint, atol=0.05)
    weights = special.softmax(each[:, :-1].sum(axis=1))
    expected = a + r * before[-1] + b * 0.5
    assert stepwise.rows["mean"][3] == pytest.approx(weights @ expected, abs=0.1)
    assert "each given all rows before it" in repr(stepwise)
    check_refused_scores(fitted, new)


def check_refused_scores(fitted, new):
    with pytest.raises(RequestError, match="`y` cannot be predicted row by row") as raised:
        score(fitted, tables.from_frame(new))
    assert "--horizon" in str(raised.value.hint)
    with pytest.raises(RequestError, match="has 4 rows, and --horizon asks for 5"):
        score(fitted, tables.from_frame(new), horizon=5)
    gap = new.assign(y=[2.6, np.nan, 0.4, 1.5])
    with pytest.raises(RequestError, match=r"row 2 of `.*` has no outcome") as raised:
        score(fitted, tables.from_frame(gap), horizon=4)
    assert "--horizon 1 scores the rows before it" in str(raised.value.hint)
    with pytest.raises(RequestError, match="no --horizon says how many"):
        score(fitted, tables.from_frame(new), one_step=True)


def check_scores_of_the_level(fitted):
    """Given a draw, the next outcomes are normal, with the steps of the level in common."""
    season = np.array([1, 2, 3, 4, 1])
    posterior = fitted.tree["posterior"]
    state = posterior["level"].to_numpy()[..., -1].ravel()
    w, s = (posterior[name].to_numpy().ravel() for name in ("w", "s"))
    effect = posterior["effect"].to_numpy().reshape(-1, 4)
    y = state.mean() + effect.mean(axis=0)[season - 1] + np.array([0.2, -0.3, 0.1, 0.4, 0.0])
    table = tables.from_frame(pd.DataFrame({"y": y, "season": season}))
    mean = state[:, None] + effect[:, season - 1]
    steps = np.arange(1, 6)
    exact = average(stats.norm.logpdf(y, mean, np.sqrt(w[:, None] ** 2 * steps + s[:, None] ** 2)))
    ahead = score(fitted, table, horizon=5).rows
    np.testing.assert_allclose(ahead["log_density"], exact, atol=0.1)
    joint = []
    for h in (1, 2, 3, 4):
        common = np.minimum.outer(steps[:h], steps[:h])
        densities = [
            stats.multivariate_normal(mean[n, :h], w[n] ** 2 * common + s[n] ** 2 * np.eye(h)).logpdf(y[:h])
            for n in range(len(w))
        ]
        joint.append(average(np.array(densities)))
    stepwise = score(fitted, table, horizon=4, one_step=True).rows
    np.testing.assert_allclose(stepwise["log_density"].cumsum(), joint, atol=0.2)


@pytest.mark.usefixtures("tools")
def test_an_autoregression_goes_on_from_its_last_value(tmp_path):
    rng = np.random.default_rng(1)
    x, y = rng.normal(size=60), np.zeros(60)
    for row in range(1, 60):
        y[row] = 0.5 + 0.7 * y[row - 1] + 0.8 * x[row] + rng.normal(0, 0.4)
    when = pd.period_range("2001Q1", periods=60, freq="Q")
    dates = {"year": when.year, "quarter": when.quarter}
    fitted = fit(tmp_path, AUTOREGRESSION, pd.DataFrame({"y": y, "x": x, **dates}))
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
    assert found["label"].tolist() == ["2016 Q1", "2016 Q2", "2016 Q3"]
    late = new.assign(year=2016, quarter=[1, 3, 4])
    with pytest.raises(BindingError, match="after 2016 Q1, the row before, 2016 Q2 was expected"):
        predict(fitted, tables.from_frame(late), horizon=3)
    again = pd.DataFrame({"y": y, "x": x, **dates})[-2:]
    with pytest.raises(BindingError, match="begins at 2015 Q3, and the fit ends at 2015 Q4"):
        update(fitted, tables.from_frame(again), UpdateOptions(is_kept=False))
    months = new.set_axis(["May", "June", "July"])
    asked: Any = workbench.predict(fitted, months, horizon=3, quantity="x + y_rep", progress=False)
    np.testing.assert_allclose(asked["estimate"], found["mean"].to_numpy() + new["x"].to_numpy())
    assert asked.index.tolist() == ["May", "June", "July"]
    drawn: Any = workbench.predict(fitted, months, horizon=2, draws=True, progress=False)
    assert drawn["row"].to_numpy().tolist() == ["May", "June"]
    check_scores_of_the_autoregression(fitted)
    rows = pd.DataFrame({"y": y, "x": x, **dates})
    own = predict(fitted, tables.from_frame(rows))
    given = a + r * y[:-1, None] + b * x[1:, None]
    np.testing.assert_allclose(own["expected"][1:], given.mean(axis=1), atol=1e-6)
    assert "these are the fit's own rows" in own.attrs["remark"]
    with pytest.warns(PredictionWarning, match="the fit's own rows"):
        average: Any = workbench.predict(fitted, rows, quantity="mean(y_rep)", progress=False)
    np.testing.assert_allclose(average["estimate"], own["mean"].mean(), rtol=1e-6)
    with pytest.warns(PredictionWarning, match="the fit's own rows"):
        of_own: Any = workbench.predict(fitted, rows, draws=True, progress=False)
    assert of_own.sizes["row"] == len(own)
    with pytest.raises(MethodError, match="`horizon` was expected"):
        workbench.predict(fitted, horizon=0)
    with pytest.raises(RequestError, match="`y` cannot be predicted row by row") as raised:
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
    check_scores_of_the_level(fitted)
    own = predict(fitted, tables.from_frame(pd.DataFrame({"y": y, "season": season})))
    smooth = posterior["level"].to_numpy().reshape(-1, 60) + effect[:, season - 1]
    np.testing.assert_allclose(own["expected"], smooth.mean(axis=0), atol=1e-6)
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
    with pytest.raises(RequestError, match="has one density for all rows"):
        score(fitted, tables.from_frame(new), horizon=3, one_step=True)
    total = mean.var(axis=0) + np.mean(variances, axis=0)
    np.testing.assert_allclose(found["sd"], np.sqrt(total), rtol=5 / np.sqrt(2 * len(rho)))
