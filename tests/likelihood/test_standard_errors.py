"""Standard errors of whole fits against statsmodels."""

import json

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from scipy import stats

from tests.likelihood.conftest import COLUMNS, LINEAR, LOGIT, OUTCOMES
from workbench.errors import MethodError, RequestError, WorkbenchError
from workbench.likelihood.standard_errors import QuantityErrors, compare_with_bootstrap

MODELS = {"linear": sm.OLS, "logit": sm.Logit, "poisson": sm.Poisson}
COEFFICIENTS = ["alpha", "beta[age]", "beta[dose]"]


def fit_statsmodels(name, table, **options):
    x = sm.add_constant(table[["age", "dose"]])
    keywords = {} if name == "linear" else {"disp": 0, "method": "newton", "tol": 1e-12}
    return MODELS[name](table[OUTCOMES[name]], x).fit(**keywords, **options)


@pytest.mark.parametrize("name", MODELS)
def test_hessian_and_sandwich_are_those_of_statsmodels(fits, table, name):
    found = fits[name].standard_errors(robust=True, progress=False).table.loc[COEFFICIENTS]
    plain, robust = fit_statsmodels(name, table), fit_statsmodels(name, table, cov_type="HC0")
    assert found["estimate"].to_numpy() == pytest.approx(plain.params.to_numpy(), rel=1e-6)
    share = 1 - 3 / len(table) if name == "linear" else 1.0  # OLS divides by N - K
    assert found["se"].to_numpy() == pytest.approx(plain.bse.to_numpy() * np.sqrt(share), rel=1e-6)
    assert found["robust_se"].to_numpy() == pytest.approx(robust.bse.to_numpy(), rel=1e-6)
    width = stats.norm.ppf(0.975) * found["robust_se"]
    assert found["lower"].to_numpy() == pytest.approx((found["estimate"] - width).to_numpy(), rel=1e-9)


@pytest.mark.parametrize("name", MODELS)
def test_clustered_sandwiches_are_those_of_statsmodels(fits, table, name):
    found = fits[name].standard_errors(cluster="site", progress=False)
    options = {"cov_type": "cluster", "cov_kwds": {"groups": table["site"]}}
    known = fit_statsmodels(name, table, **options).bse.to_numpy()
    rows, parameters = len(table), 4 if name == "linear" else 3
    factor = np.sqrt((rows - 3) / (rows - parameters))  # sigma is a parameter here
    frame = found.table.loc[COEFFICIENTS]
    assert frame["cluster_se"].to_numpy() == pytest.approx(known * factor, rel=1e-6)
    assert f"K = {parameters} parameters" in found.ways["cluster_se"]
    width = stats.t.ppf(0.975, 39) * frame["cluster_se"]
    assert frame["upper"].to_numpy() == pytest.approx((frame["estimate"] + width).to_numpy(), rel=1e-9)
    assert not found.warnings
    assert "robust_se" not in found.table
    assert set(found.table["df"]) == {39}


def test_the_delta_method_reaches_scales_and_what_follows_from_them(fits, table):
    found = fits["linear"].standard_errors(robust=True, progress=False)
    frame = found.table
    known = fit_statsmodels("linear", table)
    residual = known.resid.to_numpy()
    rows, sigma = len(table), np.sqrt((residual**2).mean())
    assert frame.loc["sigma", "estimate"] == pytest.approx(sigma, rel=1e-7)
    assert frame.loc["sigma", "se"] == pytest.approx(sigma / np.sqrt(2 * rows), rel=1e-6)
    # The sandwich of sigma = sqrt(mean e^2) is its influence function's: (e^2 - sigma^2) / (2 sigma).
    influence = (residual**2 - sigma**2) / (2 * sigma)
    assert frame.loc["sigma", "robust_se"] == pytest.approx(np.sqrt((influence**2).sum()) / rows, rel=1e-6)
    names = frame.index.tolist()
    at = [names.index("beta[age]"), names.index("sigma"), names.index("ratio")]
    cov = found.covariance
    slope = np.array([1 / sigma, -frame.loc["beta[age]", "estimate"] / sigma**2])
    assert cov[at[2], at[2]] == pytest.approx(slope @ cov[np.ix_(at[:2], at[:2])] @ slope, rel=1e-6)


def test_the_map_counts_its_priors(fits, table):
    found = fits["logit"].standard_errors(method="map", robust=True, progress=False)
    x = sm.add_constant(table[["age", "dose"]]).to_numpy()
    frame = found.table.loc[COEFFICIENTS]
    beta = frame["estimate"].to_numpy()
    chance = 1 / (1 + np.exp(-x @ beta))
    precision = np.diag([1 / 25, 1 / 4, 1 / 4])
    bread = np.linalg.inv(x.T @ (x * (chance * (1 - chance))[:, None]) + precision)
    assert precision @ beta == pytest.approx(x.T @ (table["ill"] - chance), rel=1e-4, abs=1e-7)
    assert frame["se"].to_numpy() == pytest.approx(np.sqrt(np.diag(bread)), rel=1e-6)
    scores = x * (table["ill"].to_numpy() - chance)[:, None]
    scores = scores - scores.mean(axis=0)
    meat = bread @ scores.T @ scores @ bread
    assert frame["robust_se"].to_numpy() == pytest.approx(np.sqrt(np.diag(meat)), rel=1e-6)
    assert any("posterior mode" in note for note in found.notes)


def test_standardized_predictors_change_no_standard_error(fit_program, fits, table):
    other = fit_program("linear", LINEAR, table, columns={**COLUMNS, "y": "score"}, standardize=True)
    for options in ({"robust": True}, {"cluster": "site"}):
        known = fits["linear"].standard_errors(progress=False, **options).table
        found = other.standard_errors(progress=False, **options).table
        known = known.loc[found.index]
        for column in ("estimate", "se", "cluster_se" if "cluster" in options else "robust_se"):
            assert found[column].to_numpy() == pytest.approx(known[column].to_numpy(), rel=1e-5)


TWO_OUTCOMES = """data { int N; vector[N] a; array[N] int<lower=0> b; }
parameters { real mu; real log_rate; real<lower=0> sigma; }
model { a ~ normal(mu, sigma); b ~ poisson_log(log_rate + 0.5 * mu); }
"""


def test_two_outcomes_of_a_row_are_one_score(fit_program, table):
    fit = fit_program("two", TWO_OUTCOMES, table, columns={"a": "score", "b": "visits"})
    found = fit.standard_errors(robust=True, progress=False)
    assert "240 rows" in found.ways["robust_se"]
    # mu is the mean of `a` and log_rate + mu / 2 the log of that of `b`: estimates of a pair of means.
    a, b = table["score"].to_numpy(), table["visits"].to_numpy()
    influence = (b - b.mean()) / b.mean() - 0.5 * (a - a.mean())
    known = np.sqrt((influence**2).sum()) / len(a)
    assert found.table.loc["log_rate", "robust_se"] == pytest.approx(known, rel=1e-6)


EFFECTS = """data { int N; int J; array[N] int<lower=1, upper=J> site; vector[N] y; }
parameters { real mu; vector[J] a; real<lower=0> sigma; }
model { a ~ normal(mu, 1); y ~ normal(a[site], sigma); }
"""


def test_effects_estimated_jointly_have_no_robust_standard_errors(fit_program, table):
    fit = fit_program("effects", EFFECTS, table, columns={"y": "score"})
    plain = fit.standard_errors(progress=False)
    assert any("no marginal likelihood" in note for note in plain.notes)
    for options in ({"robust": True}, {"bootstrap": 100}):
        with pytest.raises(RequestError, match="no marginal likelihood"):
            fit.standard_errors(progress=False, **options)


def test_an_estimate_that_is_no_mode_has_no_standard_errors(fit_program, table):
    separated = table.assign(ill=(table["age"] > 0.2).astype(int))
    fit = fit_program("logit", LOGIT, separated, columns={**COLUMNS, "y": "ill"}, method=["mle", "map"])
    with pytest.raises(MethodError, match="no maximum"):
        fit.standard_errors(method="mle", progress=False)
    with pytest.raises(MethodError, match="no maximum-likelihood estimate") as refused:
        fit.standard_errors(robust=True, progress=False)
    assert refused.value.hint == '`method="map"` takes the posterior mode, which the run has'
    assert fit.standard_errors(method="map", progress=False).method == "map"


@pytest.mark.parametrize("options", [{"robust": True}, {"cluster": "site"}, {"bootstrap": 50}])
def test_rows_say_little_of_a_mode_that_the_prior_holds(fit_program, table, options):
    strong = LOGIT.replace("normal(0, 2)", "normal(0, 0.05)")
    fit = fit_program("logit", strong, table, columns={**COLUMNS, "y": "ill"}, method="map")
    with pytest.raises(RequestError, match=r"the priors are \d+% of the curvature"):
        fit.standard_errors(method="map", progress=False, **options)
    assert fit.standard_errors(method="map", progress=False).table["se"].notna().all()


def fit_mean(fit_program, table, prior_variance):
    """Fit a mean of observations with variance 1; the prior's precision is the inverse of its variance."""
    text = f"""data {{ int N; vector[N] y; }} parameters {{ real mu; }}
    model {{ mu ~ normal(0, {np.sqrt(prior_variance):.17g}); y ~ normal(mu, 1); }}"""
    return fit_program("mean", text, table, columns={"y": "score"}, method="map")


@pytest.mark.parametrize("share", [0.05, 0.3, 0.7])
def test_the_share_of_a_normal_prior_is_that_of_precisions(fit_program, table, share):
    fit = fit_mean(fit_program, table, (1 - share) / share / len(table))
    if share > 0.4:
        with pytest.raises(RequestError, match="along `mu` the priors are 70% of the curvature"):
            fit.standard_errors(method="map", robust=True, progress=False)
        return
    warnings = fit.standard_errors(method="map", robust=True, progress=False).warnings
    assert [text.partition(":")[0] for text in warnings] == (
        ["along `mu` the priors are 30% of the curvature of the posterior"] if share > 0.1 else []
    )
    assert not fit.standard_errors(method="map", progress=False).warnings


HIDDEN_PRIOR = """data { int N; vector[N] y; }
parameters { real mu; }
model { mu ~ normal(0, 1); target += normal_lpdf(y | mu, 1) - 10 * square(mu); }
"""


def test_rows_must_make_up_the_likelihood_of_a_mode(fit_program, table):
    fit = fit_program("hidden", HIDDEN_PRIOR, table, columns={"y": "score"}, method="map")
    with pytest.raises(MethodError):
        fit.standard_errors(method="map", robust=True, progress=False)


SQUARED = """data { int N; vector[N] y; vector[N] v; }
parameters { real mu; real<lower=0> sigma; real s; }
model { y ~ normal(mu, sqrt(square(sigma) + square(s) * v)); }
"""


def test_a_parameter_without_scores_has_no_standard_errors(fit_program, squared_data):
    fit = fit_program("squared", SQUARED, squared_data["at the bound"])
    assert abs(fit.results.mle.estimates["s"].value) < 1e-3
    for options in ({}, {"robust": True}):
        with pytest.raises(MethodError, match=r"stationary in `s` at the estimate.*Its information is 0"):
            fit.standard_errors(progress=False, **options)
    inside = fit_program("squared", SQUARED, squared_data["inside"])
    warnings = inside.standard_errors(robust=True, progress=False).warnings
    assert all("equally high" in text for text in warnings)  # s and -s


def test_a_row_that_is_fitted_exactly_is_cautioned_of(fit_program, table):
    single = table.assign(only=(table.index == 7).astype(float))
    fit = fit_program("linear", LINEAR, single, columns={"X": ["age", "only"], "y": "score"})
    assert any(
        "no observation has a score along" in text and "fits its only row" in text
        for text in fit.standard_errors(robust=True, progress=False).warnings
    )
    assert not fit.standard_errors(progress=False).warnings
    assert fit.test_null("beta[only]=0", progress=False).tests[0].p_value > 0


ALTERED = """data { int N; int K; matrix[N, K] X; vector[N] y; }
parameters { real alpha; vector[K] beta; real<lower=0> sigma; }
model { target += multi_normal_lpdf(y | alpha + X * beta, diag_matrix(rep_vector(sigma^2, N))); }
"""


def test_one_density_of_all_rows_has_no_scores(fit_program, table):
    fit = fit_program("joint", ALTERED, table.head(30), columns={**COLUMNS, "y": "score"})
    with pytest.raises(MethodError, match="too few"):
        fit.standard_errors(robust=True, progress=False)
    with pytest.raises(MethodError, match="not a sum over rows"):
        fit.standard_errors(cluster="site", progress=False)


def test_clusters_are_found_in_columns_of_text_and_of_the_program(fit_program, table):
    named = table.assign(town=[f"town {code}" for code in table["site"]])
    fit = fit_program("linear", LINEAR, named, columns={**COLUMNS, "y": "score"})
    by_text = fit.standard_errors(cluster="town", progress=False).table["cluster_se"]
    by_code = fit.standard_errors(cluster="site", progress=False).table["cluster_se"]
    assert by_text.to_numpy() == pytest.approx(by_code.to_numpy(), rel=1e-12)
    singles = fit.standard_errors(cluster="age", progress=False)  # each row is a cluster: read from the table
    assert "240 clusters" in singles.ways["cluster_se"]


def test_what_is_not_there_is_said(fits, fit_program, table):
    with pytest.raises(RequestError, match="no column `town`"):
        fits["linear"].standard_errors(cluster="town", progress=False)
    gaps = table.assign(site=table["site"].where(table.index != 4))
    fit = fit_program("linear", LINEAR, gaps, columns={**COLUMNS, "y": "score"})
    with pytest.raises(RequestError, match="no cell in 1 rows"):
        fit.standard_errors(cluster="site", progress=False)
    with pytest.raises(RequestError, match="between 0 and 1"):
        fits["linear"].standard_errors(level=95, progress=False)
    no_mle = fit_program("linear", LINEAR, table, columns={**COLUMNS, "y": "score"}, method="map")
    with pytest.raises(MethodError, match="no maximum-likelihood estimate"):
        no_mle.standard_errors(method="mle", progress=False)
    with pytest.raises(MethodError, match="no maximum-likelihood estimate: it was not requested"):
        no_mle.standard_errors(progress=False)


@pytest.mark.parametrize(("ratio", "is_far"), [(1.4, False), (1.6, True), (0.6, True), (0.75, False)])
def test_a_bootstrap_far_from_the_sandwich_is_cautioned_of(ratio, is_far):
    item = QuantityErrors("mu", "mu", 1.0, 0.1, 0.2, 0.2 * ratio, 0.6, 1.4)
    found = list(compare_with_bootstrap([item, QuantityErrors("nu", "nu", 1.0, 0.1, 0.0, 0.1, 1.0, 1.0)]))
    assert len(found) == is_far
    assert all(f"`mu` ({ratio:.2g} times)" in text for text in found)
    assert not list(compare_with_bootstrap([QuantityErrors("mu", "mu", 1.0, 0.1, None, 0.4, 0.8, 1.2)]))


def test_few_clusters_are_warned_of(fit_program, table):
    few = table.assign(site=table["site"] % 6)
    fit = fit_program("linear", LINEAR, few, columns={**COLUMNS, "y": "score"})
    assert any(
        "6 clusters are few" in text for text in fit.standard_errors(cluster="site", progress=False).warnings
    )


def test_the_command_prints_a_page_json_and_tables(fits, run_workbench):
    folder = fits["logit"].folder
    page = run_workbench("standard-errors", folder, "--robust")
    assert page.exit_code == 0
    assert "beta[age]" in page.stdout
    assert "HC0" in page.stdout
    values = json.loads(run_workbench("standard-errors", folder, "--cluster", "site", "--json").stdout)
    assert values["quantities"][0]["parameter"] == "alpha"
    assert values["ways"]["cluster_se"].startswith("sandwich")
    rows = run_workbench("standard-errors", folder, "--robust", "--format", "csv").stdout.splitlines()
    assert rows[0].startswith("label,parameter,estimate,se,robust_se")
    for wrong, words in {
        ("--parametric",): "without --bootstrap",
        ("--robust", "--cluster", "site"): "two standard errors",
        ("--bootstrap", "10"): "50 at least",
        ("--method", "nuts"): "mle or map",
        ("--json", "--format", "csv"): "--json",
        ("--bootstrap", "100", "--parametric", "--cluster", "site"): "no clusters",
    }.items():
        done = run_workbench("standard-errors", folder, *wrong)
        assert done.exit_code == 2
        assert words in " ".join(done.stderr.split())


def test_standard_errors_of_a_frame_need_no_folder(tools, table):
    import workbench

    fit = workbench.fit("linear", method="mle", progress=False)
    assert isinstance(fit.standard_errors(robust=True, progress=False).table, pd.DataFrame)
    with pytest.raises(WorkbenchError):
        fit.standard_errors(cluster="nowhere", progress=False)
