"""The bundled models of series, against statsmodels: least squares, and the Kalman filter and smoother."""

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from scipy import stats
from statsmodels.tsa.ar_model import AutoReg

from tests.truth.agreement import values
from workbench import library, tables
from workbench.methods import Mle, Nuts
from workbench.workflow import fit as fit_workflow
from workbench.workflow.options import FitOptions
from workbench.workflow.predict import predict
from workbench.workflow.score import score

pytestmark = pytest.mark.truth

_SEASONS = 12


@pytest.fixture(scope="module")
def run(tools, tmp_path_factory):
    """Fit a bundled model to its own data, with hyperparameters by name; the fit, and the table."""

    def fit(name, *methods, **priors):
        model = library.find(name)
        options = FitOptions(
            methods=methods, priors=priors, jobs=2, seed=1, output=tmp_path_factory.mktemp(name) / "run"
        )
        return fit_workflow.fit_files(model.program, model.table, options), pd.read_csv(model.table)

    return fit


@pytest.fixture(scope="module")
def autoregression(run):
    """The autoregression under nearly flat priors."""
    return run(
        "autoregression",
        Mle(),
        Nuts(draws=2000),
        alpha_prior_sd=100,
        rho_prior_sd=100,
        beta_prior_sd=100,
        sigma_prior_sd=100,
    )


@pytest.fixture(scope="module")
def local_level(run):
    """The local level under nearly flat priors of level and seasonal effects."""
    return run("local_level", Nuts(draws=2000), level_prior_sd=100, seasonal_prior_sd=100)


def least_squares(table):
    """Return `const`, `y.L1` and the slopes of statsmodels, by order, with the whole result."""
    result = AutoReg(table["change"], 1, exog=table[["growth", "growth_before"]]).fit()
    return result.params.to_numpy(), result


def test_maximum_likelihood_of_the_autoregression_is_least_squares(autoregression):
    """Given the first observation; its mean is the constant over 1 - rho, at average predictors."""
    fit, table = autoregression
    (constant, rho, *slopes), result = least_squares(table)
    found, spread = values(fit, "mle"), table[["growth", "growth_before"]].std().to_numpy()
    assert found["rho"] == pytest.approx(rho, rel=1e-5)
    np.testing.assert_allclose([found["beta[1]"], found["beta[2]"]], slopes * spread, rtol=1e-5)
    average = constant + table[["growth", "growth_before"]].mean() @ slopes
    assert found["alpha"] == pytest.approx(average / (1 - rho), rel=1e-4)
    assert found["sigma"] ** 2 == pytest.approx(result.sigma2, rel=1e-5)
    assert fit.record["mle"]["log_lik"] == pytest.approx(result.llf, abs=1e-6)


def test_posterior_of_the_autoregression_is_least_squares_under_flat_priors(autoregression):
    """With a flat prior of sigma, the coefficients of least squares are Student t, here by simulation.

    A prior that is flat in alpha is 1 / (1 - rho) in the constant of the regression: the weights.
    """
    fit, table = autoregression
    coefficients, result = least_squares(table)
    n, p = len(table) - 1, len(coefficients)
    degrees = n - p - 1
    scale = result.cov_params().to_numpy() * n / degrees
    exact = stats.multivariate_t(coefficients, scale, degrees).rvs(400_000, random_state=1)
    weights = 1 / np.abs(1 - exact[:, 1])
    numbers = fit.record["nuts"]["estimates"]
    long_run = exact[:, 2:] / (1 - exact[:, [1]])
    expected = dict(zip(("rho", "slope[1]", "slope[2]"), exact[:, 1:].T, strict=True))
    expected |= {"long_run[1]": long_run[:, 0], "long_run[2]": long_run[:, 1]}
    for name, draws in expected.items():
        mean = np.average(draws, weights=weights)
        sd = np.sqrt(np.average((draws - mean) ** 2, weights=weights))
        assert abs(numbers[name]["mean"] - mean) < 4 * numbers[name]["mcse_mean"], name
        assert abs(numbers[name]["sd"] - sd) < 6 * numbers[name]["mcse_sd"], name


def structural(table, **options):
    return sm.tsa.UnobservedComponents(
        table["log_drivers"], "llevel", seasonal=_SEASONS, stochastic_seasonal=False, **options
    )


def test_standard_deviations_of_the_local_level_are_near_those_of_maximum_likelihood(local_level):
    """They are also those of Commandeur and Koopman (2007), section 4.2: variances 0.00351 and 0.000946."""
    fit, table = local_level
    numbers = fit.record["nuts"]["estimates"]
    expected = dict(
        zip(("sigma", "sigma_level"), structural(table).fit(disp=False).params ** 0.5, strict=True)
    )
    np.testing.assert_allclose([v**2 for v in expected.values()], [0.00351, 0.000946], rtol=5e-3)
    for name, value in expected.items():
        assert abs(numbers[name]["mean"] - value) < 0.5 * numbers[name]["sd"], name


def test_level_is_that_of_the_kalman_smoother(local_level):
    """The smoother gives the level for each pair of variances; its posterior is the mixture over their draws.

    With an exact diffuse start: the approximate one loses the digits of the first variances here.
    """
    fit, table = local_level
    posterior = fit.tree["posterior"].dataset
    sigma, step = (posterior[name].to_numpy().ravel() for name in ("sigma", "sigma_level"))
    chosen = np.random.default_rng(1).choice(len(sigma), 400, replace=False)
    model = structural(table, use_exact_diffuse=True)
    first, second = [], []
    for draw in chosen:
        smoothed = model.smooth([sigma[draw] ** 2, step[draw] ** 2])
        first.append(smoothed.level.smoothed)
        second.append(smoothed.smoothed_state_cov[0, 0])
    mean = np.mean(first, axis=0)
    sd = np.sqrt(np.mean(second, axis=0) + np.var(first, axis=0))
    numbers = fit.record["nuts"]["estimates"]
    error = np.std(first, axis=0) / np.sqrt(len(chosen))
    for n in range(len(table)):
        of_level = numbers[f"level[{n + 1}]"]
        assert abs(of_level["mean"] - mean[n]) < 5 * np.hypot(of_level["mcse_mean"], error[n]), n
        assert of_level["sd"] == pytest.approx(sd[n], rel=0.05), n


def agree(found, mean, sd, draws):
    """Mean and standard deviation of a forecast are within the error of so many draws."""
    assert np.all(np.abs(found["mean"] - mean) < 5 * sd / np.sqrt(draws))
    np.testing.assert_allclose(found["sd"], sd, rtol=5 / np.sqrt(2 * draws))


def test_forecasts_from_maximum_likelihood_are_those_of_autoreg(autoregression):
    fit, table = autoregression
    new = pd.DataFrame({"growth": [3.0, -2.0, 0.0, 1.0], "growth_before": [2.7449, 3.0, -2.0, 0.0]})
    found = predict(fit, tables.from_frame(new), method="mle", horizon=4)
    _, result = least_squares(table)
    expected = result.get_prediction(len(table), len(table) + 3, exog_oos=new)
    agree(found, expected.predicted_mean.to_numpy(), expected.se_mean.to_numpy(), 1000)
    change = expected.predicted_mean.to_numpy() + np.array([0.1, -0.2, 0.3, 0.0])
    scored = score(fit, tables.from_frame(new.assign(change=change)), horizon=4).rows
    exact = stats.norm.logpdf(change, expected.predicted_mean, expected.se_mean)
    np.testing.assert_allclose(scored["log_density_mle"], exact, atol=0.05)


def test_forecasts_of_the_local_level_are_those_of_the_state_space(local_level):
    """Averaged over the variances, as a mixture of forecasts by statsmodels: twelve months."""
    fit, table = local_level
    found = predict(fit, None, horizon=12)
    posterior = fit.tree["posterior"].dataset
    sigma, step = (posterior[name].to_numpy().ravel() for name in ("sigma", "sigma_level"))
    model, means, variances = structural(table, use_exact_diffuse=True), [], []
    for draw in np.random.default_rng(2).choice(len(sigma), 400, replace=False):
        ahead = model.smooth([sigma[draw] ** 2, step[draw] ** 2]).get_forecast(12)
        means.append(ahead.predicted_mean.to_numpy())
        variances.append(ahead.var_pred_mean)
    sd = np.sqrt(np.mean(variances, axis=0) + np.var(means, axis=0))
    agree(found, np.mean(means, axis=0), sd, 2000)
    assert np.all(np.diff(found["sd"]) > 0)


@pytest.mark.parametrize("name", ["autoregression", "local_level"])
def test_the_checks_of_a_fit_by_default_settings_find_nothing(run, name):
    record = run(name, Nuts())[0].record
    assert record["diagnosis"]["verdict"] == "ok"
    assert record["nuts"]["divergences"] == 0
    assert record["nuts"]["max_treedepth_hits"] == 0
