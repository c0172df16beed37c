"""Standardized while fitting, reported on the scale of the data: held against least squares."""

from typing import Any

import numpy as np
import pandas as pd
import pytest

import workbench
from tests.conftest import DATA, STAN_MODELS
from workbench import binding, priors, tables
from workbench.backends.fake import FakeBackend
from workbench.binding import BindingOptions
from workbench.errors import ChainFailed
from workbench.estimation.context import FitContext
from workbench.estimation.standardize.rescaling import find_rescaling
from workbench.progress import SILENT
from workbench.request import FitRequest

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
    for k in (1, 2, 3):
        assert estimates[f"beta[{k}]"]["value"] == pytest.approx(solution[k], rel=1e-4)
        assert estimates[f"beta[{k}]"]["se"] == pytest.approx(errors[k], rel=1e-4)


def test_the_posterior_and_what_follows_from_it_are_on_the_original_scale(fitted, least_squares):
    solution, errors = least_squares
    posterior = fitted.tree["posterior"]
    for k in range(3):
        mean = float(posterior["beta"][..., k].mean())
        assert abs(mean - solution[k + 1]) < 0.25 * errors[k + 1]
    frame = pd.read_csv(KIDS)
    expected = posterior["alpha"] - (posterior["beta"].to_numpy() @ frame[PREDICTORS].mean().to_numpy())
    np.testing.assert_allclose(posterior["intercept"], expected, rtol=1e-6, atol=1e-6)


def test_the_data_beside_the_results_are_on_their_scale(fitted):
    stored = fitted.tree["constant_data"]["X"]
    np.testing.assert_allclose(stored, pd.read_csv(KIDS)[PREDICTORS], rtol=1e-12)
    assert stored.coords["K"].values.tolist() == PREDICTORS


def test_the_fitted_values_are_kept_and_the_way_back_is_named(fitted):
    entry = fitted.record["data"]["standardized"]
    assert (entry["status"], entry["coefficients"], entry["intercepts"]) == ("proved", {"beta": "X"}, [])
    frame = pd.read_csv(KIDS)
    sd = frame["mom_iq"].std()
    assert entry["matrices"]["X"]["sd"] == pytest.approx([1, sd, frame["mom_age"].std()])
    kept, moved = entry["estimates"]["posterior"]["beta[2]"], fitted.record["nuts"]["estimates"]["beta[2]"]
    assert kept["mean"] == pytest.approx(moved["mean"] * sd)
    assert "priors of its coefficients refer to a difference of one standard deviation" in fitted.record["data"]["tips"][0]


INTERCEPT = """
data { int N; int K; int J; matrix[N, K] X; array[N] int<lower=1, upper=J> g; vector[N] y; }
parameters { real a; vector[K] b; vector[J] u; real<lower=0> s; }
model {
  a ~ normal(0, 1); b ~ normal(0, 1); u ~ normal(a, 1); s ~ exponential(1);
  y ~ normal(u[g] + X * b, s);
}
"""


class Regression(FakeBackend):
    """Answers with the density of the program above, worked out here from the data file it is given."""

    def dimension(self, job):
        return 1 + 2 + 2 + 1

    def log_density(self, job, at, *, jacobian):
        import json

        data = json.loads(job.data.read_text())
        a, b, u, s = at[0, 0], at[0, 1:3], at[0, 3:5], np.exp(at[0, 5])
        x, y, g = np.array(data["X"]), np.array(data["y"]), np.array(data["g"]) - 1
        density = (
            -0.5 * (((y - u[g] - x @ b) / s) ** 2).sum() - len(y) * np.log(s) - 0.5 * ((u - a) ** 2).sum()
        )
        return np.array([density]), np.zeros((1, 6))


LINE = """
data { int<lower=1> N; int<lower=1> K; matrix[N, K] X; vector[N] y; }
parameters { real alpha; vector[K] beta; real<lower=0> sigma; }
model {
  alpha ~ normal(0, 100); beta ~ normal(0, 10); sigma ~ exponential(1);
  y ~ normal(alpha + X * beta, sigma);
}
"""


@pytest.mark.usefixtures("tools")
def test_a_coefficient_can_be_profiled_and_a_moved_intercept_says_why_not(tmp_path):
    (tmp_path / "line.stan").write_text(LINE)
    frame = pd.DataFrame({"y": [1.0, 2.5, 2.9, 4.2, 5.3], "x": [1.0, 2.0, 3.0, 4.0, 5.5]})
    asked: dict[str, Any] = {"method": "mle", "profile": ("alpha", "beta[1]"), "columns": {"X": "x"}}
    run = workbench.fit(tmp_path / "line.stan", frame, standardize=True, output=tmp_path / "run", **asked)
    found = run.record["mle"]["estimates"]
    assert "Without --standardize it can be profiled" in found["alpha"]["profile_remark"]
    assert found["beta[1]"]["profile_lower"] < found["beta[1]"]["value"] < found["beta[1]"]["profile_upper"]


@pytest.fixture
def setting(program_from, tmp_path):
    def make(text=INTERCEPT, backend=Regression):
        program = program_from(text)
        rng = np.random.default_rng(5)
        frame = pd.DataFrame({"y": rng.normal(size=12), "g": [1, 2] * 6, "p": rng.normal(50, 9, 12)})
        frame["q"] = rng.normal(-3, 0.1, 12)
        bound = binding.bind(program, tables.from_frame(frame), BindingOptions(standardize=True))
        request = FitRequest(program, bound, priors.settle(program, {}, {}, "card"))
        return FitContext(request, tmp_path / "exe", backend({}, {}), tmp_path / "scratch", SILENT)

    return make


def test_a_mean_and_its_groups_are_moved_together(setting):
    """The groups alone would leave the likelihood the same, but not their spread around the mean."""
    outcome = find_rescaling(setting())
    assert outcome.rescaling is not None
    assert outcome.rescaling.intercepts == ("a", "u")
    scale = setting().request.data.standardized["X"]
    row = outcome.rescaling.matrix[outcome.rescaling.columns.index("u[1]")]
    expected = [-mean / sd for mean, sd in zip(scale.mean, scale.sd, strict=True)]
    np.testing.assert_allclose(row[:2], expected)


def test_without_a_proof_nothing_is_moved(setting):
    class Different(Regression):
        def log_density(self, job, at, *, jacobian):
            density, gradient = super().log_density(job, at, jacobian=jacobian)
            return density + 1e-3 * at[0, 1] ** 2, gradient

    assert "no intercept was found" in find_rescaling(setting(backend=Different)).reason


def test_a_bounded_coefficient_is_not_moved(setting):
    text = INTERCEPT.replace("vector[K] b;", "vector<lower=0>[K] b;")
    assert find_rescaling(setting(text)).reason == "no unbounded parameter is sized by the columns of `X`."


def test_transformed_parameters_that_would_move_keep_all_where_it_is(setting):
    text = INTERCEPT.replace(
        "model {", "transformed parameters { vector[J] w = 2 * u; real q = s + 1; }\nmodel {"
    )
    reason = "`w` among the transformed parameters would have to be moved too."
    assert find_rescaling(setting(text)).record == {"status": "not available", "reason": reason}
    harmless = INTERCEPT.replace("model {", "transformed parameters { real q = s + 1; }\nmodel {")
    assert find_rescaling(setting(harmless)).rescaling is not None


def test_a_backend_that_cannot_say_is_no_proof(setting):
    class Silent(Regression):
        def log_density(self, job, at, *, jacobian):
            raise ChainFailed("no density here.")

    assert find_rescaling(setting(backend=Silent)).record == {
        "status": "not available",
        "reason": "no density here.",
    }
