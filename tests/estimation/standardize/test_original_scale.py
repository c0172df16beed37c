"""Standardized while fitting, reported on the scale of the data: compared with least squares."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
import pytest
import xarray as xr

import workbench
from tests.conftest import DATA, STAN_MODELS
from tests.estimation.minimal import JOB, NAMES, make_context
from workbench.backends import Start
from workbench.backends.fake import FakeBackend
from workbench.estimation.standardize.original_scale import _OriginalScaleBackend, collect_fitted_values
from workbench.estimation.standardize.rescaling import Rescaling
from workbench.methods import Laplace, Nuts
from workbench.progress import SILENT

LINEAR = STAN_MODELS / "regression" / "linear.stan"
KIDS = DATA / "kidiq.csv"
PREDICTORS = ["mom_hs", "mom_iq", "mom_age"]
FLAT = {"beta_prior_sd": 1e4, "alpha_prior_sd": 1e4, "sigma_prior_sd": 1e4}


@pytest.fixture(scope="module")
def fitted(tools, tmp_path_factory):
    folder = tmp_path_factory.mktemp("run") / "kids"
    return workbench.fit(
        LINEAR, KIDS, standardize=True, prior=FLAT, draws=1000, warmup=500, chains=2, output=folder
    )


@pytest.fixture(scope="module")
def least_squares():
    """Coefficients, standard errors with the maximum-likelihood variance, and the intercept at zero."""
    frame = pd.read_csv(KIDS)
    x = np.column_stack([np.ones(len(frame)), frame[PREDICTORS]])
    y = frame["kid_score"].to_numpy()
    solution = np.linalg.lstsq(x, y)[0]
    variance = ((y - x @ solution) ** 2).mean()
    errors = np.sqrt(np.diag(variance * np.linalg.inv(x.T @ x)))
    return solution, errors


def test_maximum_likelihood_is_least_squares_on_the_original_scale(fitted, least_squares):
    solution, errors = least_squares
    estimates = fitted.record["mle"]["estimates"]
    for k, name in enumerate(["intercept", "beta[1]", "beta[2]", "beta[3]"]):
        assert estimates[name]["value"] == pytest.approx(solution[k], rel=1e-4)
        assert estimates[name]["se"] == pytest.approx(errors[k], rel=1e-4)


def test_the_posterior_and_what_follows_from_it_are_on_the_original_scale(fitted, least_squares):
    solution, errors = least_squares
    posterior = fitted.tree["posterior"]
    for k in range(3):
        mean = float(posterior["beta"][..., k].mean())
        assert abs(mean - solution[k + 1]) < 0.25 * errors[k + 1]
    frame = pd.read_csv(KIDS)
    expected = posterior["alpha"] - (posterior["beta"].to_numpy() @ frame[PREDICTORS].mean().to_numpy())
    np.testing.assert_allclose(posterior["intercept"], expected, rtol=1e-6, atol=1e-6)


def test_the_terms_add_up_to_the_density_of_the_standardized_fit(fitted):
    """The density is that of the standardized data, so the draws are standardized for it."""
    assert fitted.results.nuts.terms_differ < 1e-8


def test_the_data_beside_the_results_are_on_their_scale(fitted):
    stored = fitted.tree["constant_data"]["X"]
    np.testing.assert_allclose(stored, pd.read_csv(KIDS)[PREDICTORS], rtol=1e-12)
    assert stored.coords["K"].values.tolist() == PREDICTORS


def test_the_fitted_values_are_kept_and_the_map_back_is_named(fitted):
    entry = fitted.record["data"]["standardized"]
    assert (entry["status"], entry["coefficients"], entry["intercepts"]) == ("proved", {"beta": "X"}, [])
    frame = pd.read_csv(KIDS)
    sd = frame["mom_iq"].std()
    assert entry["matrices"]["X"]["sd"] == pytest.approx([1, sd, frame["mom_age"].std()])
    own_scale = entry["estimates"]["posterior"]["beta[2]"]
    assert own_scale["mean"] == pytest.approx(fitted.record["nuts"]["estimates"]["beta[2]"]["mean"] * sd)
    assert (
        "priors of its coefficients refer to a difference of one standard deviation"
        in fitted.record["data"]["tips"][0]
    )


LINE = """
data { int<lower=1> N; int<lower=1> K; matrix[N, K] X; vector[N] y; }
parameters { real alpha; vector[K] beta; real<lower=0> sigma; }
model {
  alpha ~ normal(0, 100); beta ~ normal(0, 10); sigma ~ exponential(1);
  y ~ normal(alpha + X * beta, sigma);
}
"""


@pytest.mark.usefixtures("tools")
def test_a_coefficient_can_be_profiled_and_a_rescaled_intercept_says_why_not(tmp_path):
    (tmp_path / "line.stan").write_text(LINE)
    frame = pd.DataFrame({"y": [1.0, 2.5, 2.9, 4.2, 5.3], "x": [1.0, 2.0, 3.0, 4.0, 5.5]})
    options: dict[str, Any] = {"method": "mle", "profile": ("alpha", "beta[1]"), "columns": {"X": "x"}}
    run = workbench.fit(tmp_path / "line.stan", frame, standardize=True, output=tmp_path / "run", **options)
    estimates = run.record["mle"]["estimates"]
    assert "Without --standardize it can be profiled" in estimates["alpha"]["profile_remark"]
    beta = estimates["beta[1]"]
    assert beta["profile_lower"] < beta["value"] < beta["profile_upper"]


BACK = Rescaling({"beta": "X"}, ("alpha",), NAMES, np.array([[1.0, -2.0, 3.0], [0, 0.5, 0], [0, 0, 0.1]]))
"""On the scale of the data, alpha is alpha - 2 beta[1] + 3 beta[2]; coefficients are divided by SDs."""

MEANS = dict(zip(NAMES, (1.0, 0.5, -2.0), strict=True))
SDS = dict(zip(NAMES, (0.1, 0.2, 1.0), strict=True))


@dataclass(frozen=True)
class Noting(FakeBackend):
    """A backend that notes where chains start."""

    starts: list[Start] = field(default_factory=list)

    def sample(self, job, method, *, start=None, jobs=1, threads=1, progress=SILENT):
        self.starts.append(start)
        return super().sample(job, method)


@pytest.fixture
def rescaled(tmp_path):
    """Make a backend whose runs are on the scale of the data, and the one it is made from."""
    backend = Noting(MEANS, SDS)
    context = make_context(backend, tmp_path)
    return _OriginalScaleBackend(context, BACK), backend


def test_draws_are_rescaled(rescaled):
    on_data_scale, backend = rescaled
    settings = Nuts(2, 50, 100)
    draws = on_data_scale.sample(JOB, settings).draws
    np.testing.assert_allclose(draws, backend.sample(JOB, settings).draws @ BACK.matrix.T)


def test_quantities_at_points_of_the_fit_are_rescaled_whichever_are_named(rescaled):
    on_data_scale, _ = rescaled
    points = np.random.default_rng(2).normal(size=(4, 3))
    everything = on_data_scale.compute_quantities(JOB, points)
    np.testing.assert_allclose(everything.draws[0], points @ BACK.matrix.T)
    some = on_data_scale.compute_quantities(JOB, points, ("beta[2]", "alpha"))
    assert some.columns == ("beta[2]", "alpha")
    np.testing.assert_array_equal(some.draws, everything.draws[..., [2, 0]])


def test_initial_values_are_put_on_the_scale_of_the_fit(rescaled):
    """What is started at (alpha, beta) is there again after the map; other parameters stay."""
    on_data_scale, backend = rescaled
    given = {"alpha": 4.0, "beta": [1.5, -0.2], "sigma": 2.0}
    on_data_scale.sample(JOB, Nuts(2, 50, 100), start=Start((given,)))
    (values,) = backend.starts[0].inits
    assert BACK.matrix @ [values["alpha"], *values["beta"]] == pytest.approx([4.0, 1.5, -0.2])
    assert values["sigma"] == 2.0


def test_initial_values_of_only_some_rescaled_parameters_stay(rescaled):
    on_data_scale, backend = rescaled
    on_data_scale.sample(JOB, Nuts(2, 50, 100), start=Start(({"beta": [1.5, -0.2]},)))
    assert backend.starts[0].inits == ({"beta": [1.5, -0.2]},)


def test_the_curvature_around_a_mode_has_values_and_derivatives_on_the_scale_of_the_data(rescaled):
    """The covariance of rescaled parameters is M S M'."""
    on_data_scale, _ = rescaled
    mode = on_data_scale.optimize(JOB, jacobian=False)
    curvature = on_data_scale.laplace(JOB, mode, Laplace(100), jacobian=False).curvature
    np.testing.assert_allclose(curvature.point, list(MEANS.values()))
    np.testing.assert_allclose(curvature.values, BACK.matrix @ list(MEANS.values()))
    np.testing.assert_allclose(curvature.constrain_jacobian, BACK.matrix)


def test_what_is_not_a_run_is_passed_on(rescaled):
    on_data_scale, backend = rescaled
    assert on_data_scale.dimension(JOB) == 3
    assert on_data_scale.means is backend.means


def test_the_fitted_values_are_those_before_the_map():
    draws = np.random.default_rng(1).normal(size=(2, 50, 3))
    moved = draws @ BACK.matrix.T
    groups = {
        "posterior": xr.Dataset(
            {"alpha": (("chain", "draw"), moved[..., 0]), "beta": (("chain", "draw", "K"), moved[..., 1:])}
        ),
        "map": xr.Dataset({"alpha": ((), moved[0, 0, 0]), "beta": (("K",), moved[0, 0, 1:])}),
    }
    tree = xr.DataTree.from_dict({f"/{name}": group for name, group in groups.items()})
    fitted = collect_fitted_values(tree, BACK)
    assert fitted["posterior"]["beta[2]"]["mean"] == pytest.approx(draws[..., 2].mean())
    assert fitted["posterior"]["alpha"]["sd"] == pytest.approx(draws[..., 0].std(ddof=1))
    assert fitted["map"]["alpha"]["value"] == pytest.approx(draws[0, 0, 0])
