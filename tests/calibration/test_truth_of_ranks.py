"""Known answers: exact posteriors have uniform ranks, wrong ones do not, and Laplace fails on a funnel."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from scipy import stats as scipy_stats

import workbench
from tests.conftest import STAN_MODELS
from workbench.calibration.ranks import rank_truths
from workbench.calibration.uniformity import compute_p_value
from workbench.errors import RequestError
from workbench.library.conjugate import FAMILIES
from workbench.thresholds import RANKED_DRAWS

stats: Any = scipy_stats  # its type stubs confuse scalars and arrays

SIMULATIONS = 500
"""Data sets of each model."""

FALSE_ALARM = 1e-3
"""The most probable that exact posteriors fail anywhere in this file, by Bonferroni."""

Values = Mapping[str, Any]
Draws = dict[str, np.ndarray]
Rng = np.random.Generator


@dataclass(frozen=True)
class Conjugate:
    """A bundled model with its closed form, from the textbooks and by NumPy and SciPy alone.

    Attributes
    ----------
    data
        Every variable of the data block; the prior is worth more than the few rows, so that it matters.
    wide
        Hyperparameters of priors that are twice as wide.
    posterior
        Returns draws of every parameter, `(size, *shape)`, in the order of the program.
    log_likelihood
        Returns the joint log likelihood of each draw, `(size,)`.
    """

    data: Values
    wide: Values
    posterior: Callable[[Values, Rng, int], Draws]
    log_likelihood: Callable[[Values, Draws], np.ndarray]


def _draw_inverse_gamma(a: float, b: float, rng: Rng, size: int) -> np.ndarray:
    return b / rng.gamma(a, size=size)


def _normal(y, mean, variance) -> np.ndarray:
    return np.asarray(stats.norm.logpdf(y, mean, np.sqrt(variance)).sum(axis=-1))


def _draw_known_variance(v, rng, size):
    precision = v["mu_prior_sd"] ** -2 + len(v["y"]) * v["sigma"] ** -2
    mean = (v["mu_prior_mean"] * v["mu_prior_sd"] ** -2 + np.sum(v["y"]) * v["sigma"] ** -2) / precision
    return {"mu": rng.normal(mean, precision**-0.5, size)}


def _draw_known_mean(v, rng, size):
    a = v["sigma2_prior_a"] + len(v["y"]) / 2
    b = v["sigma2_prior_b"] + np.sum((v["y"] - v["mu"]) ** 2) / 2
    return {"sigma2": _draw_inverse_gamma(a, b, rng, size)}


def _draw_inverse_gamma_normal(v, rng, size):
    n, n0, mean0, mean = len(v["y"]), v["mu_prior_n"], v["mu_prior_mean"], np.mean(v["y"])
    squares = np.sum((v["y"] - mean) ** 2) + n0 * n / (n0 + n) * (mean - mean0) ** 2
    sigma2 = _draw_inverse_gamma(v["sigma2_prior_a"] + n / 2, v["sigma2_prior_b"] + squares / 2, rng, size)
    return {
        "mu": rng.normal((n0 * mean0 + n * mean) / (n0 + n), np.sqrt(sigma2 / (n0 + n))),
        "sigma2": sigma2,
    }


def _draw_inverse_wishart(v, rng, size):
    n, n0, mean = len(v["y"]), v["mu_prior_n"], np.mean(v["y"], axis=0)
    apart, off = v["y"] - mean, mean - v["mu_prior_mean"]
    scale = v["Sigma_prior_scale"] * np.eye(v["K"]) + apart.T @ apart + n0 * n / (n0 + n) * np.outer(off, off)
    sigma = stats.invwishart.rvs(v["Sigma_prior_df"] + n, scale, size=size, random_state=rng)
    sigma = sigma.reshape(size, v["K"], v["K"])
    noise = np.linalg.cholesky(sigma / (n0 + n)) @ rng.standard_normal((size, v["K"], 1))
    return {"mu": (n0 * v["mu_prior_mean"] + n * mean) / (n0 + n) + noise[..., 0], "Sigma": sigma}


def _compute_multivariate(v, at):
    apart = (v["y"] - at["mu"][:, None]).transpose(0, 2, 1)
    distances = (apart * np.linalg.solve(at["Sigma"], apart)).sum(axis=(1, 2))
    return -0.5 * (len(v["y"]) * np.linalg.slogdet(2 * np.pi * at["Sigma"])[1] + distances)


def _centre(v) -> np.ndarray:
    return np.asarray(np.asarray(v["X"]) - np.mean(v["X"], axis=0))


def _draw_regression(v, rng, size):
    """Bayesian linear regression with a g-prior, the intercept among the coefficients."""
    y, centred = v["y"], np.column_stack([np.ones(v["N"]), _centre(v)])
    prior = np.zeros((v["K"] + 1, v["K"] + 1))
    prior[0, 0] = v["alpha_prior_n"]
    prior[1:, 1:] = centred[:, 1:].T @ centred[:, 1:] / v["beta_prior_g"]
    mean0 = np.append(v["alpha_prior_mean"], np.zeros(v["K"]))
    precision = prior + centred.T @ centred
    mean = np.linalg.solve(precision, prior @ mean0 + centred.T @ y)
    squares = y @ y + mean0 @ prior @ mean0 - mean @ precision @ mean
    a, b = v["sigma2_prior_a"] + v["N"] / 2, v["sigma2_prior_b"] + squares / 2
    sigma2 = _draw_inverse_gamma(a, b, rng, size)
    noise = rng.multivariate_normal(np.zeros(len(mean)), np.linalg.inv(precision), size)
    coefficients = mean + np.sqrt(sigma2)[:, None] * noise
    return {"alpha": coefficients[:, 0], "beta": coefficients[:, 1:], "sigma2": sigma2}


MODELS = {
    "beta_binomial": Conjugate(
        {"J": 2, "n": [1, 3], "y": [1, 2], "theta_prior_a": 12.0, "theta_prior_b": 12.0},
        {"theta_prior_a": 2.625, "theta_prior_b": 2.625},  # the variance is 1 / (4 (a + b + 1))
        lambda v, rng, size: {
            "theta": rng.beta(
                v["theta_prior_a"] + np.sum(v["y"]), v["theta_prior_b"] + np.sum(v["n"]) - np.sum(v["y"]),
                size,
            )
        },
        lambda v, at: stats.binom.logpmf(v["y"], v["n"], at["theta"][:, None]).sum(axis=1),
    ),
    "beta_negative_binomial": Conjugate(
        {"N": 2, "y": [1, 2], "r": 1.25, "theta_prior_a": 12.0, "theta_prior_b": 12.0},
        {"theta_prior_a": 2.625, "theta_prior_b": 2.625},
        lambda v, rng, size: {
            "theta": rng.beta(v["theta_prior_a"] + v["N"] * v["r"], v["theta_prior_b"] + np.sum(v["y"]), size)
        },
        lambda v, at: stats.nbinom.logpmf(v["y"], v["r"], at["theta"][:, None]).sum(axis=1),
    ),
    "conjugate_regression": Conjugate(
        {
            "N": 5, "K": 2, "X": [[1.0, 3.0], [2.0, 1.0], [3.0, 5.0], [4.0, 2.0], [5.0, 6.0]],
            "y": [1.0, 2.0, 3.0, 2.0, 1.0], "alpha_prior_mean": 3.0, "alpha_prior_n": 20.0,
            "beta_prior_g": 0.25, "sigma2_prior_a": 8.0, "sigma2_prior_b": 14.0,
        },
        {"alpha_prior_n": 5.0, "beta_prior_g": 1.0},
        _draw_regression,
        lambda v, at: _normal(
            v["y"], at["alpha"][:, None] + at["beta"] @ _centre(v).T, at["sigma2"][:, None]
        ),
    ),
    "dirichlet_multinomial": Conjugate(
        {"K": 3, "y": [1, 2, 2], "theta_prior_concentration": 6.0},
        {"theta_prior_concentration": 1.25},  # the variance is inverse to 3 c + 1
        lambda v, rng, size: {"theta": rng.dirichlet(v["theta_prior_concentration"] + v["y"], size)},
        lambda v, at: stats.multinomial.logpmf(v["y"], np.sum(v["y"]), at["theta"]),
    ),
    "gamma_poisson": Conjugate(
        {"N": 2, "y": [1, 2], "exposure": [0.3, 0.4], "rate_prior_a": 16.0, "rate_prior_b": 4.0},
        {"rate_prior_a": 4.0, "rate_prior_b": 1.0},
        lambda v, rng, size: {
            "rate": rng.gamma(v["rate_prior_a"] + np.sum(v["y"]), size=size)
            / (v["rate_prior_b"] + np.sum(v["exposure"]))
        },
        lambda v, at: stats.poisson.logpmf(v["y"], at["rate"][:, None] * v["exposure"]).sum(axis=1),
    ),
    "normal_inverse_gamma": Conjugate(
        {
            "N": 2, "y": [1.0, 2.0], "mu_prior_mean": 4.0, "mu_prior_n": 20.0,
            "sigma2_prior_a": 8.0, "sigma2_prior_b": 14.0,
        },
        {"mu_prior_n": 5.0},
        _draw_inverse_gamma_normal,
        lambda v, at: _normal(v["y"], at["mu"][:, None], at["sigma2"][:, None]),
    ),
    "normal_inverse_wishart": Conjugate(
        {
            "N": 2, "K": 2, "y": [[1.0, 2.0], [3.0, 1.0]], "mu_prior_mean": 4.0,
            "mu_prior_n": 20.0, "Sigma_prior_df": 9.0, "Sigma_prior_scale": 12.0,
        },
        {"mu_prior_n": 5.0},
        _draw_inverse_wishart,
        _compute_multivariate,
    ),
    "normal_known_mean": Conjugate(
        {"N": 3, "y": [1.0, 2.0, 3.0], "mu": 2.0, "sigma2_prior_a": 8.0, "sigma2_prior_b": 14.0},
        {"sigma2_prior_a": 3.5, "sigma2_prior_b": 5.0},  # the same mean b / (a - 1)
        _draw_known_mean,
        lambda v, at: _normal(v["y"], v["mu"], at["sigma2"][:, None]),
    ),
    "normal_known_variance": Conjugate(
        {"N": 1, "y": [1.0], "sigma": 3.0, "mu_prior_mean": 4.0, "mu_prior_sd": 1.0},
        {"mu_prior_sd": 2.0},
        _draw_known_variance,
        lambda v, at: _normal(v["y"], at["mu"][:, None], v["sigma"] ** 2),
    ),
}  # fmt: skip
"""The conjugate models that can be simulated: all but the one with censored values."""

_IN_EVERY_RUN = ("beta_binomial", "normal_inverse_gamma")
_NAMES = [pytest.param(name, marks=() if name in _IN_EVERY_RUN else pytest.mark.truth) for name in MODELS]


@dataclass(frozen=True)
class Simulated:
    """Truths and data sets of a model, by our simulator."""

    name: str
    truths: list[Draws]
    data: list[dict[str, Any]]

    def rank(self, change: Callable[[Values], Values] = dict, stretch: float = 1, *, prior=False) -> float:
        """Return the smallest p-value of all quantities, adjusted for the number of them by Bonferroni.

        Parameters
        ----------
        change
            What makes the fitted program's data of the simulated ones.
        stretch
            By how much draws are farther from their mean than those of the posterior.
        prior
            Whether draws are those of the prior: of the posterior without data.
        """
        model, rng = MODELS[self.name], np.random.default_rng(zlib.crc32(self.name.encode()))
        places = []
        for number, (truth, values) in enumerate(zip(self.truths, self.data, strict=True)):
            if prior:  # truths of other simulations are draws of the prior
                others = (number + 1 + np.arange(RANKED_DRAWS)) % len(self.truths)
                draws = {name: np.concatenate([self.truths[k][name] for k in others]) for name in truth}
            else:
                draws = model.posterior(change(values), rng, RANKED_DRAWS)
            columns = _flatten({**draws, "log likelihood": model.log_likelihood(values, draws)})
            known = _flatten({**truth, "log likelihood": model.log_likelihood(values, truth)})[0]
            centre = columns.mean(axis=0)
            places.append(rank_truths(centre + stretch * (columns - centre), known, rng)[1])
        p_values = [compute_p_value(column) for column in np.transpose(places)]
        return min(p_values) * len(p_values)


def _flatten(draws: Draws) -> np.ndarray:
    """Return a column for each element, `(size, column)`."""
    return np.column_stack([values.reshape(len(values), -1) for values in draws.values()])


@pytest.fixture(scope="module", params=_NAMES)
def simulated(request, make_simulator):
    model = MODELS[request.param]
    text = (STAN_MODELS / "conjugate" / f"{request.param}.stan").read_text(encoding="utf-8")
    found = make_simulator(text, dict(model.data)).draw(SIMULATIONS, seed=1)
    assert (found.way, found.is_drawn.all()) == ("forward", True)
    shapes = model.posterior({**model.data, "y": np.asarray(model.data["y"])}, np.random.default_rng(1), 1)
    truths, start = [], 0
    columns: Draws = {}
    for name, values in shapes.items():
        shape, width = values.shape[1:], values[0].size
        flat = found.parameters[1][:, start : start + width]
        columns[name] = np.array([row.reshape(shape, order="F") for row in flat])
        start += width
    assert start == len(found.parameters[0])
    truths = [{name: values[[k]] for name, values in columns.items()} for k in range(SIMULATIONS)]
    data = [{**model.data, "y": y} for y in found.outcomes["y"]]
    return Simulated(request.param, truths, data)


LEAST = FALSE_ALARM / len(MODELS)
"""A smaller p-value of a model says that it is wrong."""


def test_every_conjugate_model_is_here_or_refused(make_simulator):
    assert set(FAMILIES) - set(MODELS) == {"gamma_exponential"}
    text = (STAN_MODELS / "conjugate/gamma_exponential.stan").read_text(encoding="utf-8")
    data = {"N": 2, "t": [1.0, 2.0], "event": [1, 0], "rate_prior_a": 1.0, "rate_prior_b": 1.0}
    with pytest.raises(RequestError, match="censored"):
        make_simulator(text, data)


def test_ranks_among_draws_of_the_exact_posterior_are_uniform(simulated):
    assert simulated.rank() > LEAST


def test_a_prior_twice_as_wide_is_found(simulated):
    assert simulated.rank(lambda values: {**values, **MODELS[simulated.name].wide}) < LEAST


def test_draws_half_as_far_again_from_their_mean_are_found(simulated):
    assert simulated.rank(stretch=1.5) < LEAST


def test_draws_that_ignore_the_data_are_found(simulated):
    assert simulated.rank(prior=True) < LEAST


# --- Neal's funnel ------------------------------------------------------------------------------------------

FUNNEL = """
data { int<lower=1> J; vector[J] y; }
parameters { real log_tau; vector[J] z; }
transformed parameters { vector[J] theta = exp(log_tau) * z; }
model {
  log_tau ~ normal(0, 1.5);
  z ~ std_normal();
  y ~ normal(theta, 1);
}
"""
"""Neal (2003), Slice sampling, section 8, with data, non-centred: NUTS samples it well."""

CENTRED = """
data { int<lower=1> J; vector[J] y; }
parameters { real log_tau; vector[J] theta; }
model {
  log_tau ~ normal(0, 1.5);
  theta ~ normal(0, exp(log_tau));
  y ~ normal(theta, 1);
}
"""
"""The same posterior, with the mode in the neck of the funnel."""

SHAPE = {"J": 5, "y": [0.0] * 5}
"""Five outcomes, in whose place the simulated ones come."""


@pytest.fixture
def write(tools, tmp_path):
    def write_program(name, text):
        path = tmp_path / f"{name}.stan"
        path.write_text(text, encoding="utf-8")
        return path

    return write_program


@pytest.fixture
def calibrate(write, tmp_path):
    def run(text, **options):
        settings: Values = {"simulations": 200, "seed": 1, "jobs": 2, "progress": False, "rank": ["theta"]}
        return workbench.Model(write("model", text)).calibrate(
            SHAPE, output=tmp_path / "out", **settings, **options
        )

    return run


def find_wrong(found, method):
    return {item.quantity for item in found.methods[method].quantities if item.is_off}


@pytest.mark.truth
def test_laplace_is_blamed_on_a_funnel_and_nuts_is_not(calibrate):
    found = calibrate(FUNNEL, method=["nuts", "laplace"], adapt_delta=0.99)
    assert find_wrong(found, "nuts") == set()
    assert found.methods["nuts"].judgement == "calibrated"
    assert found.methods["laplace"].judgement == "not calibrated"
    assert "log_tau" in find_wrong(found, "laplace")
    assert "`log_tau`" in found.methods["laplace"].sentence


@pytest.mark.truth
def test_laplace_of_the_centred_funnel_knows_the_neck_alone(calibrate, write):
    found = calibrate(CENTRED, method="laplace", simulate_with=write("simulator", FUNNEL))
    assert found.methods["laplace"].judgement == "not calibrated"
    assert "log_tau" in find_wrong(found, "laplace")
    assert "`log_tau`" in found.methods["laplace"].sentence
    log_tau = found.methods["laplace"].quantities[0]
    assert log_tau.quantity == "log_tau"
    assert log_tau.spread > 2
    assert log_tau.bias > 1  # the mode is far below the mass, in the neck
