"""Point estimates against NIST's certified values, statsmodels, scikit-learn, SciPy and closed forms."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from scipy import optimize, stats
from sklearn.linear_model import Lasso, Ridge

from tests.truth import nist
from tests.truth.agreement import assert_close, values
from workbench.methods import Laplace, Map, Mle
from workbench.workflow import fit as fit_workflow
from workbench.workflow.options import FitOptions

pytestmark = pytest.mark.truth

PROGRAMS = Path(__file__).parent / "programs"


@pytest.fixture(scope="module")
def fit(tools, tmp_path_factory):
    """Fit a program of `programs/` to columns."""

    def run(name, columns, *methods):
        folder = tmp_path_factory.mktemp("run")
        pd.DataFrame(columns).to_csv(folder / "data.csv", index=False, float_format="%.17g")
        options = FitOptions(methods=methods, seed=2, output=folder / "run")
        return fit_workflow.fit_files(PROGRAMS / f"{name}.stan", folder / "data.csv", options)

    return run


def least_squares(fit, predictors, outcome):
    columns = {f"x{k}": column for k, column in enumerate(predictors.T)}
    return fit("least_squares", {**columns, "y": outcome}, Mle())


def assert_certified(fitted, names, coefficients, errors, rows, digits=8):
    """Standard errors are NIST's with the maximum-likelihood residual scale: n in place of n - k."""
    estimates = fitted.record["mle"]["estimates"]
    shrink = np.sqrt((rows - len(names)) / rows)
    for name, coefficient, error in zip(names, coefficients, errors, strict=True):
        assert estimates[name]["value"] == pytest.approx(coefficient, rel=10**-digits), name
        assert estimates[name]["se"] == pytest.approx(error * shrink, rel=1e-6), name


def test_norris(fit):
    predictors = np.column_stack([np.ones(36), nist.NORRIS_X])
    fitted = least_squares(fit, predictors, nist.NORRIS_Y)
    assert_certified(fitted, ("b[1]", "b[2]"), nist.NORRIS, nist.NORRIS_ERRORS, 36)


def test_longley(fit):
    """Predictors as they are: the scaled condition number is 43,275, and L-BFGS ends far from the maximum."""
    data = sm.datasets.longley.load_pandas()
    predictors = np.column_stack([np.ones(16), data.exog.to_numpy(float)])
    fitted = least_squares(fit, predictors, data.endog.to_numpy(float))
    names = tuple(f"b[{k}]" for k in range(1, 8))
    assert_certified(fitted, names, nist.LONGLEY, nist.LONGLEY_ERRORS, 16)


def test_misra1a(fit):
    """The certified errors are those of the expected information; at so small residuals they are close."""
    fitted = fit("exponential_rise", {"x": nist.MISRA1A_X, "y": nist.MISRA1A_Y}, Mle())
    estimates = fitted.record["mle"]["estimates"]
    for name, coefficient, error in zip(("limit", "rate"), nist.MISRA1A, nist.MISRA1A_ERRORS, strict=True):
        assert estimates[name]["value"] == pytest.approx(coefficient, rel=1e-9), name
        assert estimates[name]["se"] == pytest.approx(error * np.sqrt(12 / 14), rel=2e-2), name
    half = np.log(2) / nist.MISRA1A[1]
    assert estimates["half"]["value"] == pytest.approx(half, rel=1e-9)
    relative = estimates["rate"]["se"] / nist.MISRA1A[1]
    assert estimates["half"]["se"] == pytest.approx(half * relative, rel=1e-6)


def test_thurber(fit):
    """Random starts within a tenth of NIST's first start, which is far from the certified values."""
    fitted = fit("rational", {"x": nist.THURBER_X, "y": nist.THURBER_Y}, Mle())
    part = fitted.record["mle"]
    for name, certified in zip(part["estimates"], nist.THURBER, strict=False):
        assert part["estimates"][name]["value"] == pytest.approx(certified, rel=1e-9), name
    scale = np.sqrt(nist.THURBER_SQUARES / 37)
    assert part["estimates"]["sigma"]["value"] == pytest.approx(scale, rel=1e-9)
    assert part["log_lik"] == pytest.approx(stats.norm.logpdf(1) * 37 - 37 * np.log(scale), rel=1e-9)


@pytest.fixture(scope="module")
def predictors():
    return np.random.default_rng(5).normal(size=(80, 3))


@pytest.fixture(scope="module")
def chances(predictors):
    rng = np.random.default_rng(6)
    return rng.binomial(1, 1 / (1 + np.exp(-(0.3 + predictors @ [1.0, -0.5, 0.0]))))


def as_columns(predictors, y):
    return {**{f"x{k}": column for k, column in enumerate(predictors.T)}, "y": y}


def glm_of(fitted, result, names):
    part = fitted.record["mle"]
    assert_close(values(fitted, "mle"), dict(zip(names, result.params, strict=True)), rel=1e-8)
    assert_close(values(fitted, "mle", "se"), dict(zip(names, result.bse, strict=True)), rel=1e-6)
    assert part["log_lik"] == pytest.approx(result.llf, rel=1e-9)
    assert part["aic"] == pytest.approx(result.aic, rel=1e-9)
    assert part["bic"] == pytest.approx(len(names) * np.log(part["observations"]) - 2 * result.llf, rel=1e-9)


NAMES = ("alpha", "beta[1]", "beta[2]", "beta[3]")


def test_logistic_regression_and_its_profile_intervals(fit, predictors, chances):
    fitted = fit("logistic", as_columns(predictors, chances), Mle(profile=("alpha", "beta[2]")))
    design = sm.add_constant(predictors)
    glm_of(fitted, sm.GLM(chances, design, family=sm.families.Binomial()).fit(tol=1e-13), NAMES)

    def log_lik(b: Any) -> float:
        eta = design @ b
        return float(chances @ eta - np.logaddexp(0, eta).sum())

    def loss_of_all(b: Any) -> float:
        return -log_lik(b)

    top = optimize.minimize(loss_of_all, np.zeros(4), method="BFGS", options={"gtol": 1e-9}).x

    def excess(value, k):
        rest = [i for i in range(4) if i != k]

        def loss(free):
            return -log_lik(np.insert(free, k, value))

        held = optimize.minimize(loss, top[rest], method="BFGS", options={"gtol": 1e-9})
        return 2 * (log_lik(top) + held.fun) - stats.chi2.ppf(0.95, 1)

    for name, k in (("alpha", 0), ("beta[2]", 2)):
        one = fitted.record["mle"]["estimates"][name]
        lower = optimize.brentq(excess, top[k] - 5 * one["se"], top[k], args=(k,), xtol=1e-9)
        upper = optimize.brentq(excess, top[k], top[k] + 5 * one["se"], args=(k,), xtol=1e-9)
        assert one["profile_lower"] == pytest.approx(lower, abs=1e-6)
        assert one["profile_upper"] == pytest.approx(upper, abs=1e-6)


def test_separation_is_explained(fit):
    x = np.array([-2.0, -1.0, 1.0, 2.0])
    fitted = fit("logistic", {"x": x, "y": [0, 0, 1, 1]}, Mle())
    part = fitted.record["mle"]
    assert part["status"] == "failed"
    assert "it keeps rising along `beta[1]`" in part["reason"]
    assert "`y` is separated" in part["reason"]


def test_poisson_regression(fit, predictors):
    y = np.random.default_rng(7).poisson(np.exp(0.5 + predictors @ [0.4, -0.3, 0.1]))
    fitted = fit("counts", as_columns(predictors, y), Mle())
    result = sm.GLM(y, sm.add_constant(predictors), family=sm.families.Poisson()).fit(tol=1e-13)
    glm_of(fitted, result, NAMES)


@pytest.fixture(scope="module")
def outcome(predictors):
    return 1.0 + predictors @ [0.8, 0.1, 0.0] + np.random.default_rng(8).normal(0, 1.5, 80)


def test_ridge(fit, predictors, outcome):
    fitted = fit("ridge", as_columns(predictors, outcome), Map())
    penalty = fitted.record["map"]["regularisation"][0]
    assert penalty["kind"] == "ridge"
    assert penalty["lambda"] == pytest.approx(1.5**2 / 0.1**2)
    model = Ridge(alpha=penalty["lambda"], tol=1e-14, solver="cholesky").fit(predictors, outcome)
    exact = dict(zip(NAMES, [model.intercept_, *model.coef_], strict=True))
    assert_close(values(fitted, "map"), exact, rel=1e-9)


def test_lasso(fit, predictors, outcome):
    """scikit-learn halves the residual sum of squares and divides it by the number of rows."""
    fitted = fit("lasso", as_columns(predictors, outcome), Map(), Map(jacobian=True), Laplace())
    part = fitted.record["map"]
    penalty = part["regularisation"][0]
    assert penalty["kind"] == "lasso"
    assert penalty["lambda"] == pytest.approx(2 * 1.5**2 / 0.1)
    model = Lasso(alpha=penalty["lambda"] / (2 * 80), tol=1e-14, max_iter=100_000).fit(predictors, outcome)
    assert_close(
        values(fitted, "map"), dict(zip(NAMES, [model.intercept_, *model.coef_], strict=True)), rel=1e-9
    )
    zeros = [name for name, one in zip(NAMES[1:], model.coef_, strict=True) if one == 0]
    assert zeros
    assert part["held"] == zeros
    assert all(part["estimates"][name]["value"] == 0 for name in zeros)
    assert "the density is not smooth at the mode" in fitted.record["laplace"]["reason"]


@pytest.fixture(scope="module")
def few():
    return np.array([0.3, 1.9, 1.1])


def test_closed_forms_on_both_scales(fit, few):
    """Each Jacobian adds one to an exponent: beta's mode moves to its mean, gamma's to a/b, and so on."""
    fitted = fit("closed_forms", {"y": few}, Map(), Map(jacobian=True))
    centre = few.sum() / (len(few) + 1 / 4)
    exact = {"p": 2 / 10, "g": 2 / 2, "h": 6 / 5, "z": centre}
    assert_close(values(fitted, "map"), exact, rel=1e-10)
    moved = {"p": 3 / 12, "g": 3 / 2, "h": 6 / 4, "z": centre}
    assert_close(values(fitted, "map_unconstrained"), moved, rel=1e-10)
    part = fitted.record["map"]
    assert part["log_lik"] == pytest.approx(stats.norm.logpdf(few, centre).sum(), rel=1e-9)
    prior = (
        stats.beta.logpdf(0.2, 3, 9) + stats.gamma.logpdf(1.0, 3, scale=1 / 2)
        + stats.invgamma.logpdf(1.2, 4, scale=6) + stats.norm.logpdf(centre, 0, 2)
    )  # fmt: skip
    assert part["log_prior"] == pytest.approx(prior, rel=1e-9)


def test_laplace_is_exact_where_the_posterior_is_normal(fit, few):
    fitted = fit("known_normal", {"y": few}, Map(jacobian=True), Laplace(4000))
    part = fitted.record["laplace"]
    precision = len(few) + 1 / 4
    one = part["estimates"]["z"]
    assert part["khat"] == 0
    assert abs(one["mean"] - few.sum() / precision) < 4 * one["mcse_mean"]
    assert abs(one["sd"] - precision**-0.5) < 4 * one["mcse_sd"]
    covariance = np.eye(len(few)) + 4
    exact = stats.multivariate_normal.logpdf(few, np.zeros(len(few)), covariance)
    assert part["log_evidence"] == pytest.approx(exact, abs=1e-8)
    assert part["log_evidence_corrected"] == pytest.approx(exact, abs=1e-6)


def test_a_mixture_has_one_mode_and_a_local_maximum_of_its_unbounded_likelihood(tools, tmp_path):
    """The likelihood is unbounded where a component settles on one value; inside, SciPy finds the maximum."""
    root = Path(__file__).parents[2]
    waiting = pd.read_csv(root / "data" / "old_faithful.csv")["waiting"].to_numpy(float)

    def negative_log_likelihood(point):
        share = 1 / (1 + np.exp(-point[4]))
        densities = [stats.norm.pdf(waiting, point[k], np.exp(point[k + 2])) for k in range(2)]
        return -np.sum(np.log(share * densities[0] + (1 - share) * densities[1]))

    inside = optimize.minimize(negative_log_likelihood, [55, 80, np.log(6), np.log(6), -0.5], tol=1e-10)
    options = FitOptions(methods=(Mle(), Map(), Map(jacobian=True)), seed=1, output=tmp_path / "run")
    program = root / "stan_models" / "regression" / "mixture.stan"
    fitted = fit_workflow.fit_files(program, root / "data" / "old_faithful.csv", options)
    mle = fitted.record["mle"]
    assert mle["status"] == "failed"
    runaway = min(("sigma[1]", "sigma[2]"), key=lambda name: mle["stopped_at"][name])
    assert mle["stopped_at"][runaway] < 1e-3
    assert f"as `{runaway}`" in mle["reason"]
    local = mle["local_maximum"]["estimates"]
    assert mle["local_maximum"]["log_density"] == pytest.approx(-inside.fun, abs=1e-6)
    assert [local["mu[1]"], local["mu[2]"]] == pytest.approx(inside.x[:2], rel=1e-5)
    assert [local["sigma[1]"], local["sigma[2]"]] == pytest.approx(np.exp(inside.x[2:4]), rel=1e-4)
    assert len(fitted.record["map"]["modes"]) == 1
    assert len(fitted.record["map_unconstrained"]["modes"]) == 1


def profile_joint_density(tau, table):
    """Return the highest joint log density of `varying_intercepts` at a tau, and the sigma there."""
    outcome = table["log_radon"].to_numpy(float)
    predictors = table[["floor", "log_uranium"]].to_numpy(float)
    groups = pd.get_dummies(table["county"]).to_numpy(float)
    scaled = (predictors - predictors.mean(axis=0)) / predictors.std(axis=0, ddof=1)
    design = np.column_stack([np.ones(len(outcome)), scaled, tau * groups])
    centre = np.zeros(design.shape[1])
    centre[0] = 1.3

    def negative(sigma):
        precision = design.T @ design / sigma**2 + np.eye(len(centre))
        effects = np.linalg.solve(precision, design.T @ outcome / sigma**2 + centre)
        squares = np.sum((outcome - design @ effects) ** 2) / sigma**2 + np.sum((effects - centre) ** 2)
        return len(outcome) * np.log(sigma) + 0.5 * (squares + sigma**2 + tau**2)

    best = optimize.minimize_scalar(negative, bounds=(0.5, 1), method="bounded", options={"xatol": 1e-10})
    return -best.fun, best.x


def test_a_joint_mode_far_above_the_edge_where_every_start_ends_is_found(tools, tmp_path):
    """At tau = 0 the joint density is 59 nats below its mode; without priors it rises with tau."""
    root = Path(__file__).parents[2]
    table = pd.read_csv(root / "data" / "radon.csv")
    best = optimize.minimize_scalar(
        lambda tau: -profile_joint_density(tau, table)[0], bounds=(0.5, 4), method="bounded"
    )
    options = FitOptions(methods=(Mle(), Map(), Map(jacobian=True)), seed=1, output=tmp_path / "run")
    program = root / "stan_models" / "hierarchical" / "varying_intercepts.stan"
    record = fit_workflow.fit_files(program, root / "data" / "radon.csv", options).record
    estimates = record["map"]["estimates"]
    assert -best.fun > profile_joint_density(1e-8, table)[0] + 50
    assert record["map"]["log_density"] == pytest.approx(-best.fun, abs=1e-6)
    assert estimates["tau"]["value"] == pytest.approx(best.x, rel=1e-4)
    assert estimates["sigma"]["value"] == pytest.approx(profile_joint_density(best.x, table)[1], rel=1e-4)
    assert record["mle"]["status"] == "failed"
    assert "bound" not in record["mle"]["reason"]
