"""Every bundled model predicts its own rows and rows it has not seen: against its formula, in NumPy.

Predictors are centred and scaled here by the rows of the fit. Expectations are averages over the same draws,
so that they agree to rounding; those that come from replicates alone agree within Monte Carlo error.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import special, stats

import workbench
from tests.conftest import DATA, STAN_MODELS
from workbench import tables
from workbench.errors import RequestError
from workbench.prediction.growth import NEW, find_growth
from workbench.prediction.levels import bind_new_rows
from workbench.results import Fit, run_directory
from workbench.results.saved_request import restore_request
from workbench.workflow.predict import predict
from workbench.workflow.saved_run import open_run
from workbench.workflow.score import score

pytestmark = [pytest.mark.truth, pytest.mark.usefixtures("tools")]

Values = Mapping[str, Any]
Draws = Mapping[str, Any]
Formula = Callable[[Draws, Values, Values, np.ndarray], np.ndarray]
"""The expectation, `(s, e)`: from draws, the data of the fit, the new rows, and their places in the fit."""


def centre(name: str, old: Values, new: Values, *, scaled: bool) -> np.ndarray:
    fitted, rows = np.asarray(old[name], float), np.asarray(new[name], float)
    centred: np.ndarray = rows - fitted.mean(axis=0)
    scale: np.ndarray = fitted.std(axis=0, ddof=1) if scaled else np.ones(())
    return np.asarray(centred / scale)


def linear(d: Draws, old: Values, new: Values, *, scaled: bool = True) -> np.ndarray:
    return np.asarray(d["alpha"][:, None] + d["beta"] @ centre("X", old, new, scaled=scaled).T)


def grouped(d: Draws, old: Values, new: Values) -> np.ndarray:
    group = np.asarray(new["group"]) - 1
    return np.asarray(d["level"][:, group] + d["beta"] @ centre("X", old, new, scaled=True).T)


def slopes(d: Draws, old: Values, new: Values, _: np.ndarray) -> np.ndarray:
    group = np.asarray(new["group"]) - 1
    x = np.asarray(new["x"]) - np.mean(old["x"])
    return np.asarray(d["intercept"][:, group] + d["slope"][:, group] * x)


def repeated(d: Draws, _: Values, new: Values, __: np.ndarray) -> np.ndarray:
    person, condition = (np.asarray(new[name]) - 1 for name in ("person", "condition"))
    return np.asarray(d["alpha"][:, None] + d["effect"][:, condition] + d["level"][:, person])


def answers(d: Draws, _: Values, new: Values, places: np.ndarray) -> np.ndarray:
    ability = d["ability"][:, places]
    logit = d["discrimination"][:, None] * (ability[:, :, None] - d["difficulty"][:, None])
    return np.asarray(special.expit(logit)).reshape(len(logit), -1)


def categories(d: Draws, old: Values, new: Values, _: np.ndarray) -> np.ndarray:
    z = centre("X", old, new, scaled=True)
    scores = d["alpha"][:, None] + np.einsum("nk,skc->snc", z, d["beta"])
    whole = np.concatenate([np.zeros((*scores.shape[:2], 1)), scores], axis=2)
    return special.softmax(whole, axis=2).reshape(len(whole), -1)


def levels(d: Draws, old: Values, new: Values, _: np.ndarray) -> np.ndarray:
    score = d["beta"] @ centre("X", old, new, scaled=True).T
    below = special.expit(d["cutpoints"][:, None] - score[:, :, None])
    ends = [np.zeros((*score.shape, 1)), below, np.ones((*score.shape, 1))]
    return np.diff(np.concatenate(ends, axis=2), axis=2).reshape(len(score), -1)


def trials(d: Draws, _: Values, new: Values, places: np.ndarray) -> np.ndarray:
    control, effect = d["control"][:, places], d["effect"][:, places]
    return np.concatenate(
        [
            np.asarray(new["n_treated"]) * special.expit(control + effect),
            np.asarray(new["n_control"]) * special.expit(control),
        ],
        axis=1,
    )


def repeat(values: np.ndarray, new: Values, name: str = "y") -> np.ndarray:
    """Return one value of each draw for every row."""
    return np.repeat(values[:, None], len(new[name]), axis=1)


FORMULAS: dict[str, Formula] = {
    "beta_binomial": lambda d, o, n, p: d["theta"][:, None] * np.asarray(n["n"]),
    "beta_negative_binomial": lambda d, o, n, p: repeat(n["r"] * (1 - d["theta"]) / d["theta"], n),
    "conjugate_regression": lambda d, o, n, p: linear(d, o, n, scaled=False),
    "dirichlet_multinomial": lambda d, o, n, p: d["theta"][:, p] * np.sum(o["y"]),
    "gamma_exponential": lambda d, o, n, p: repeat(1 / d["rate"], n, "t"),
    "gamma_poisson": lambda d, o, n, p: d["rate"][:, None] * np.asarray(n["exposure"]),
    "normal_inverse_gamma": lambda d, o, n, p: repeat(d["mu"], n),
    "normal_inverse_wishart": lambda d, o, n, p: np.tile(d["mu"], (1, len(n["y"]))),
    "normal_known_mean": lambda d, o, n, p: np.full((len(d["sigma2"]), len(n["y"])), float(n["mu"])),
    "normal_known_variance": lambda d, o, n, p: repeat(d["mu"], n),
    "eight_schools": lambda d, o, n, p: d["theta"][:, p],
    "eight_schools_centred": lambda d, o, n, p: d["theta"][:, p],
    "hierarchical_binomial": lambda d, o, n, p: d["theta"][:, p] * np.asarray(n["n"]),
    "hierarchical_logistic": lambda d, o, n, p: special.expit(grouped(d, o, n)),
    "hierarchical_negative_binomial": lambda d, o, n, p: np.exp(grouped(d, o, n)),
    "hierarchical_poisson": lambda d, o, n, p: np.exp(d["log_rate"][:, p]) * np.asarray(n["exposure"]),
    "item_response": answers,
    "meta_analysis": trials,
    "repeated_measures": repeated,
    "varying_intercepts": lambda d, o, n, p: grouped(d, o, n),
    "varying_slopes": slopes,
    "beta_regression": lambda d, o, n, p: special.expit(linear(d, o, n)),
    "generalised_pareto": lambda d, o, n, p: repeat(n["threshold"] + d["sigma"] / (1 - d["xi"]), n),
    "horseshoe": lambda d, o, n, p: linear(d, o, n),
    "lasso": lambda d, o, n, p: linear(d, o, n),
    "linear": lambda d, o, n, p: linear(d, o, n, scaled=False),
    "logistic": lambda d, o, n, p: special.expit(linear(d, o, n)),
    "mixture": lambda d, o, n, p: repeat(d["theta"] * d["mu"][:, 0] + (1 - d["theta"]) * d["mu"][:, 1], n),
    "multinomial_logit": categories,
    "negative_binomial": lambda d, o, n, p: np.exp(linear(d, o, n)) * np.asarray(n["exposure"]),
    "ordinal": levels,
    "poisson": lambda d, o, n, p: np.exp(linear(d, o, n)) * np.asarray(n["exposure"]),
    "probit": lambda d, o, n, p: special.ndtr(linear(d, o, n)),
    "quantile": lambda d, o, n, p: (
        linear(d, o, n)
        + d["sigma"][:, None] * (1 - 2 * n["probability"]) / (2 * n["probability"] * (1 - n["probability"]))
    ),
    "ridge": lambda d, o, n, p: linear(d, o, n),
    "robust": lambda d, o, n, p: linear(d, o, n, scaled=False),
    "weibull": lambda d, o, n, p: np.exp(linear(d, o, n)) * special.gamma(1 + 1 / d["shape"][:, None]),
    "zero_inflated_poisson": lambda d, o, n, p: (1 - d["theta"][:, None]) * np.exp(linear(d, o, n)),
}
"""By model; the Gaussian process and the time series have tests of their own in `tests/workflow`."""

ELSEWHERE = {"gaussian_process", "local_level", "autoregression"}
"""Models that have no formula here."""

SIMULATED = {"gamma_exponential", "generalised_pareto", "mixture", "weibull", "zero_inflated_poisson"}
"""Models whose outcome is drawn by the author alone: expectations are averages of replicates."""

HEAVY = {"generalised_pareto"}
"""Of these, the model whose outcome need not have a variance."""

JOINT = {"normal_inverse_wishart", "dirichlet_multinomial", "item_response"}
"""Models whose outcome has one log density for several elements: see `test_multivariate_scores.py`."""

SERIES = {"local_level", "autoregression"}
"""Models whose rows follow each other; their numbers are in `tests/truth/test_series.py`."""

REFUSED = {
    ("dirichlet_multinomial", "held-out rows"): "the rows are the .* categories of one outcome",
    ("autoregression", "score of own rows"): "`y` cannot be predicted row by row",
    ("local_level", "score of own rows"): "`level` goes on from row to row",
}
"""What is refused of which model, and how the sentence begins: everything else is predicted and scored."""

_FEWEST_ROWS = 20
"""Rows from which on a fifth is held out; of fewer, the last two are."""

_HORIZON = 6
"""Rows of a series that are forecast."""


def test_every_bundled_model_has_a_formula():
    assert set(FORMULAS) | ELSEWHERE >= {path.stem for path in STAN_MODELS.glob("*/*.stan")}


def read_draws(fit: Fit) -> dict[str, np.ndarray]:
    posterior = fit.tree["posterior"].to_dataset()
    return {
        str(name): array.to_numpy().reshape(-1, *array.shape[2:])
        for name, array in posterior.data_vars.items()
    }


@pytest.mark.parametrize("name", sorted(FORMULAS))
def test_own_and_held_out_rows_are_predicted_by_the_formula(name, tmp_path):
    (path,) = STAN_MODELS.glob(f"*/{name}.stan")
    frame = pd.read_csv(DATA / f"{tomllib.loads(path.with_suffix('.toml').read_text())['data']}.csv")
    rng = np.random.default_rng(1)
    is_held_out = rng.random(len(frame)) < (0.2 if len(frame) >= _FEWEST_ROWS else 0)
    if not is_held_out.any() and len(frame) > 4:
        is_held_out[-2:] = True
    fit = fit_rows(path, frame[~is_held_out], tmp_path)
    check(fit, name, frame[~is_held_out])
    if (name, "held-out rows") in REFUSED:
        with pytest.raises(RequestError, match=REFUSED[name, "held-out rows"]):
            predict(fit, tables.from_frame(frame[1:]), new_groups="draw")
    elif is_held_out.any():
        check(fit, name, frame[is_held_out])


def fit_rows(path: Path, frame: pd.DataFrame, folder: Path) -> Fit:
    workbench.fit(path, frame, output=folder / "run", method="nuts", draws=250, chains=2, report=False)
    return run_directory.read(folder / "run")


@pytest.mark.parametrize("name", sorted(SERIES))
def test_own_rows_of_a_series_are_predicted_and_those_that_follow_forecast_and_scored(name, tmp_path):
    (path,) = STAN_MODELS.glob(f"*/{name}.stan")
    frame = pd.read_csv(DATA / f"{tomllib.loads(path.with_suffix('.toml').read_text())['data']}.csv")
    old, new = frame[:-_HORIZON], frame[-_HORIZON:].reset_index(drop=True)
    fit = fit_rows(path, old, tmp_path)
    own = predict(fit, tables.from_frame(old))
    assert "fit's own rows" in own.attrs["remark"]
    assert len(own) >= len(old) - 1
    assert np.isfinite(own["mean"]).all()
    ahead = predict(fit, tables.from_frame(new), horizon=_HORIZON)
    assert ahead["label"].str.match(r"\d{4}( Q\d|-\d\d)$").all()
    for one_step in (False, True):
        found = score(fit, tables.from_frame(new), horizon=_HORIZON, one_step=one_step)
        scored = found.rows
        assert scored["step"].tolist() == list(range(1, len(scored) + 1))
        assert len(scored) == _HORIZON or (one_step and "not scored" in repr(found))
        assert np.isfinite(scored["log_density"]).all()
        assert np.isfinite(scored["crps"]).all()
    with pytest.raises(RequestError, match=REFUSED[name, "score of own rows"]):
        score(fit, tables.from_frame(old))


def test_rows_of_a_gaussian_process_are_predicted_and_scored(tmp_path):
    (path,) = STAN_MODELS.glob("*/gaussian_process.stan")
    frame = pd.read_csv(DATA / f"{tomllib.loads(path.with_suffix('.toml').read_text())['data']}.csv")
    is_held_out = np.arange(len(frame)) % 5 == 2
    fit = fit_rows(path, frame[~is_held_out], tmp_path)
    for rows in (frame[~is_held_out], frame[is_held_out]):
        table = tables.from_frame(rows)
        assert np.isfinite(predict(fit, table)["expected"]).all()
        assert np.isfinite(score(fit, table).rows["log_density"]).all()


def simulate_means(draws: Mapping[str, np.ndarray], threshold: float, size: int) -> np.ndarray:
    """Return means of outcomes beyond a threshold, each of some outcomes for every draw, by SciPy.

    Where a tail has no variance, means of simulated outcomes are far from normal.
    """
    rng = np.random.default_rng(1)
    sigma, xi = (np.ravel(draws[name])[:, None] for name in ("sigma", "xi"))
    shape = (sigma.size, size)
    means = [stats.genpareto.rvs(xi, scale=sigma, size=shape, random_state=rng).mean() for _ in range(1000)]
    return threshold + np.array(means)


def check(fit: Fit, name: str, frame: pd.DataFrame) -> None:
    """Compare predictions of some rows with the formula, where the fit knows all their groups."""
    table = tables.from_frame(frame)
    found = predict(fit, table, new_groups="draw")
    scored = score(fit, table, new_groups="draw")
    if name in JOINT:
        assert np.isfinite(scored.table.outcomes[0].leading_measures["joint_log_density"].value)
    else:
        assert np.isfinite(scored.rows["log_density"]).all()
    with open_run(fit, instrumenting=False) as saved:
        request = restore_request(fit, saved.request.program)
        growth = find_growth(request, fit.results.data)
        new = bind_new_rows(fit, request, growth, table, new_groups="draw")
    places = next(iter(new.places[size] for size in sorted(growth.rows)))
    draws = read_draws(fit)
    has_row_parameters = any(
        size.text in growth.rows for item in request.program.parameters for size in item.axes
    )
    if any((where == NEW).any() for size, where in new.places.items() if size in growth.groups):
        return  # groups that the fit has not seen: their expectations are drawn
    if has_row_parameters and (places == NEW).any():
        return
    expected = FORMULAS[name](draws, request.data.values, new.bound.values, places)
    own = found[~found["expected"].isna()]
    values = own["expected"].to_numpy()
    assert values.shape == (expected.shape[1],)
    wanted = expected.mean(axis=0)
    if name in HEAVY:
        again = simulate_means(draws, new.bound.values["threshold"], 20)
        assert stats.ks_2samp(values, again).pvalue > 1e-4
    elif name in SIMULATED:
        errors = own["sd"].to_numpy() / np.sqrt(20 * len(expected))
        assert np.all(np.abs(values - wanted) < 6 * errors + 1e-9)
    else:
        np.testing.assert_allclose(values, wanted, rtol=1e-5, atol=1e-8)
        ends = np.quantile(expected, [0.025, 0.975], axis=0)
        np.testing.assert_allclose(
            own[["expected_lower", "expected_upper"]].to_numpy().T, ends, rtol=1e-4, atol=1e-6
        )
