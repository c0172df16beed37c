"""Maximum likelihood by the bundled regressions, against statsmodels, scikit-learn, SciPy and R.

The programs put predictors in standard deviations; `slope` is not among the estimates of a mode, so each
coefficient is divided by the standard deviation of its predictor before it is compared.
"""

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from scipy import stats
from sklearn.linear_model import Ridge
from statsmodels.miscmodels.ordinal_model import OrderedModel
from statsmodels.othermod.betareg import BetaModel

from tests.truth.agreement import values
from workbench import library
from workbench.methods import Map, Mle
from workbench.workflow import fit as fit_workflow
from workbench.workflow.options import FitOptions

pytestmark = pytest.mark.truth

_PRECISION = 2e-4
"""Of the other software: its optimisers stop earlier than ours."""


@pytest.fixture(scope="module")
def estimate(tools, tmp_path_factory):
    """Estimate a bundled model on its own data by one method; the values, and the table."""

    def run(name, method):
        model = library.find(name)
        folder = tmp_path_factory.mktemp(name) / "run"
        fit = fit_workflow.fit_files(model.program, model.table, FitOptions(methods=(method,), output=folder))
        return fit, pd.read_csv(model.table), model.card

    return run


def design(table, card):
    """Return the predictors as they stand, with a constant."""
    return sm.add_constant(table[list(card.columns["X"])].to_numpy(float))


def slopes(found, table, card):
    """Return coefficients per unit of each predictor, in the table's order."""
    spread = table[list(card.columns["X"])].std().to_numpy()
    return np.array([found[f"beta[{k}]"] for k in range(1, len(spread) + 1)]) / spread


def close(found, expected, rel=_PRECISION):
    np.testing.assert_allclose(found, expected, rtol=rel, atol=rel * float(np.abs(expected).max()))


@pytest.mark.parametrize(
    ("name", "outcome", "model"),
    [
        ("logistic", "low", lambda y, x, table: sm.Logit(y, x)),
        ("probit", "involved", lambda y, x, table: sm.Probit(y, x)),
        (
            "poisson",
            "claims",
            lambda y, x, table: sm.GLM(y, x, sm.families.Poisson(), exposure=table["holders"]),
        ),
    ],
)
def test_generalised_linear_models_are_those_of_statsmodels(estimate, name, outcome, model):
    fit, table, card = estimate(name, Mle())
    result = model(table[outcome].to_numpy(float), design(table, card), table).fit(tol=1e-12)
    close(slopes(values(fit, "mle"), table, card), result.params[1:])
    spread = table[list(card.columns["X"])].std().to_numpy()
    errors = [values(fit, "mle", "se")[f"beta[{k}]"] for k in range(1, len(spread) + 1)]
    close(np.array(errors) / spread, result.bse[1:], rel=1e-3)
    assert fit.record["mle"]["log_lik"] == pytest.approx(result.llf, rel=1e-6)


def test_negative_binomial_is_that_of_statsmodels(estimate):
    fit, table, card = estimate("negative_binomial", Mle())
    model = sm.NegativeBinomial(table["caught"], design(table, card), exposure=table["trap_days"])
    result = model.fit(method="bfgs", maxiter=2000, gtol=1e-8, disp=False)
    found = values(fit, "mle")
    close(slopes(found, table, card), result.params.to_numpy()[1:4], rel=2e-3)
    assert found["kappa"] ** 2 == pytest.approx(result.params.iloc[4], rel=2e-3)
    assert fit.record["mle"]["log_lik"] == pytest.approx(result.llf, abs=1e-3)


def test_zero_inflated_poisson_is_that_of_statsmodels(estimate):
    fit, table, card = estimate("zero_inflated_poisson", Mle())
    model = sm.ZeroInflatedPoisson(table["articles"], design(table, card), np.ones((len(table), 1)))
    result = model.fit(method="bfgs", maxiter=2000, gtol=1e-8, disp=False)
    found = values(fit, "mle")
    close(slopes(found, table, card), result.params.to_numpy()[2:], rel=2e-3)
    assert stats.logistic.ppf(found["theta"]) == pytest.approx(result.params.iloc[0], rel=2e-3)
    assert fit.record["mle"]["log_lik"] == pytest.approx(result.llf, abs=1e-3)


def test_beta_regression_is_that_of_statsmodels(estimate):
    fit, table, card = estimate("beta_regression", Mle())
    result = BetaModel(table["yield"], design(table, card)).fit(disp=False)
    found = values(fit, "mle")
    close(slopes(found, table, card), result.params.to_numpy()[1:5], rel=2e-3)
    assert np.log(found["kappa"]) == pytest.approx(result.params.iloc[5], rel=2e-3)
    assert fit.record["mle"]["log_lik"] == pytest.approx(result.llf, abs=1e-3)


def test_ordinal_is_that_of_statsmodels_and_of_r(estimate):
    """R: MASS::polr(factor(satisfaction) ~ ., read.csv("copenhagen_housing.csv")), MASS 7.3-58.2."""
    fit, table, card = estimate("ordinal", Mle())
    predictors = table[list(card.columns["X"])]
    result = OrderedModel(table["satisfaction"], predictors, distr="logit").fit(method="bfgs", disp=False)
    found = slopes(values(fit, "mle"), table, card)
    close(found, result.params.to_numpy()[:6], rel=2e-3)
    polr = [0.56639374, 1.28881906, -0.57235015, -0.36618657, -1.09101491, 0.36028415]
    close(found, np.array(polr), rel=2e-3)
    assert fit.record["mle"]["log_lik"] == pytest.approx(result.llf, abs=1e-3)


def test_multinomial_logit_is_that_of_statsmodels(estimate):
    fit, table, card = estimate("multinomial_logit", Mle())
    result = sm.MNLogit(table["party"], design(table, card)).fit(disp=False, tol=1e-10)
    found, spread = values(fit, "mle"), table[list(card.columns["X"])].std().to_numpy()
    beta = np.array([[found[f"beta[{k},{c}]"] for c in range(1, 7)] for k in range(1, 6)])
    close(beta / spread[:, None], result.params.to_numpy()[1:], rel=1e-3)
    assert fit.record["mle"]["log_lik"] == pytest.approx(result.llf, rel=1e-6)


def test_weibull_is_that_of_the_survival_package(estimate):
    """R: survreg(Surv(t, event) ~ ..., read.csv("lung_cancer.csv"), dist = "weibull"), survival 3.5-3."""
    fit, table, card = estimate("weibull", Mle())
    survreg = [-0.2285226721, 0.0300683031, -0.0004688140, 0.0060991838]
    survreg += [-0.0438976467, -0.8261846147, -1.1327250931, -0.3976807848]
    found = values(fit, "mle")
    close(slopes(found, table, card), np.array(survreg))
    assert 1 / found["shape"] == pytest.approx(0.92811528, rel=_PRECISION)
    assert fit.record["mle"]["log_lik"] == pytest.approx(-715.5513294, abs=1e-3)


def test_generalised_pareto_is_that_of_scipy(estimate):
    fit, table, _ = estimate("generalised_pareto", Mle())
    shape, _, scale = stats.genpareto.fit(table["claim"] - 100, floc=0)
    found = values(fit, "mle")
    assert found["xi"] == pytest.approx(shape, rel=2e-3)
    assert found["sigma"] == pytest.approx(scale, rel=2e-3)


def test_mode_of_ridge_is_the_ridge_estimate(estimate):
    """With predictors in standard deviations, the penalty is `lambda` itself."""
    fit, table, card = estimate("ridge", Map())
    predictors = table[list(card.columns["X"])]
    standard = (predictors - predictors.mean()) / predictors.std()
    penalised = Ridge(alpha=card.hyperparameters["lambda"]).fit(standard, table["employed"])
    found = values(fit, "map")
    close(np.array([found[f"beta[{k}]"] for k in range(1, 7)]), penalised.coef_, rel=1e-4)
