"""Likelihood-ratio, score and Wald tests against statsmodels and closed forms."""

import json

import numpy as np
import pytest
import statsmodels.api as sm
from scipy import stats

from tests.likelihood.conftest import COLUMNS, LINEAR, LOGIT
from workbench.errors import MethodError, RequestError
from workbench.likelihood.nested import make_boundary_statistic
from workbench.workflow.likelihood_tests import NamedFit, run_tests

FAMILIES = {"logit": (sm.families.Binomial(), "ill"), "poisson": (sm.families.Poisson(), "visits")}


def ask(*fits, null):
    names = ("small", "large") if len(fits) == 2 else ("run",)
    return run_tests([NamedFit(name, fit) for name, fit in zip(names, fits, strict=True)], null)


@pytest.mark.parametrize("name", FAMILIES)
@pytest.mark.parametrize("null", [["beta[2]=0"], ["beta=0"]])
def test_the_three_tests_are_those_of_statsmodels(fits, table, name, null):
    found = ask(fits[name], null=null)
    family, outcome = FAMILIES[name]
    x = sm.add_constant(table[["age", "dose"]])
    left = ["const"] if null == ["beta=0"] else ["const", "age"]
    full, small = (sm.GLM(table[outcome], part, family=family).fit(tol=1e-13) for part in (x, x[left]))
    degrees = 3 - len(left)
    extra = x.drop(columns=left)
    score, p_score, _ = small.model.score_test(small.params, exog_extra=extra)
    wald = full.wald_test(np.eye(3)[3 - degrees :], scalar=True, use_f=False)
    known = (2 * (full.llf - small.llf), float(np.squeeze(score)), float(wald.statistic))
    assert [item.statistic for item in found.tests] == pytest.approx(known, rel=1e-6)
    p_known = (stats.chi2.sf(known[0], degrees), float(np.squeeze(p_score)), float(wald.pvalue))
    assert [item.p_value for item in found.tests] == pytest.approx(p_known, rel=1e-5)
    assert found.log_lik == pytest.approx(full.llf, rel=1e-9)
    assert found.restricted_log_lik == pytest.approx(small.llf, rel=1e-9)
    assert found.restricted["alpha"] == pytest.approx(small.params["const"], abs=1e-6)


def test_a_constant_other_than_zero_moves_the_others(fits, table):
    found = ask(fits["linear"], null=["beta[age]=1.5"])
    x = sm.add_constant(table[["dose"]])
    small = sm.OLS(table["score"] - 1.5 * table["age"], x).fit()
    full = sm.OLS(table["score"], sm.add_constant(table[["age", "dose"]])).fit()
    ratio, p_value, degrees = 2 * (full.llf - small.llf), 0.0, 1
    assert found.tests[0].statistic == pytest.approx(ratio, rel=1e-7)
    assert found.tests[0].degrees == degrees
    assert found.tests[0].p_value == pytest.approx(stats.chi2.sf(ratio, 1), rel=1e-5)
    assert found.tests[0].p_value > p_value
    wald = ((full.params["age"] - 1.5) / full.bse["age"]) ** 2 / (1 - 3 / len(table))
    assert found.tests[2].statistic == pytest.approx(wald, rel=1e-6)


def test_all_parameters_can_be_set(fits, table):
    found = ask(fits["poisson"], null=["alpha=0.5", "beta=0.1"])
    mean = np.exp(0.5 + 0.1 * (table["age"] + table["dose"]))
    assert found.restricted_log_lik == pytest.approx(
        stats.poisson.logpmf(table["visits"], mean).sum(), rel=1e-9
    )
    assert found.tests[0].degrees == 3


def test_two_runs_are_compared_once_they_are_proved_nested(fit_program, fits, table):
    small = fit_program("linear", LINEAR, table, columns={"X": ["dose"], "y": "score"})
    found = ask(small, fits["linear"], null=["beta[age]=0"])
    x = sm.add_constant(table[["age", "dose"]])
    full, less = (sm.OLS(table["score"], part).fit() for part in (x, x[["const", "dose"]]))
    ratio, p_value, degrees = full.compare_lr_test(less)
    assert found.tests[0].statistic == pytest.approx(ratio, rel=1e-7)
    assert found.tests[0].p_value == pytest.approx(p_value, rel=1e-6)
    assert found.tests[0].degrees == degrees
    alone = ask(fits["linear"], null=["beta[age]=0"])
    assert [item.statistic for item in found.tests] == pytest.approx(
        [item.statistic for item in alone.tests], rel=1e-6
    )


def test_runs_that_are_not_nested_are_refused_with_the_reason(fit_program, fits, table):
    small = fit_program("linear", LINEAR, table, columns={"X": ["dose"], "y": "score"})
    large = fits["linear"]
    with pytest.raises(RequestError, match=r"is not `large` with beta\[age\] = 0.5"):
        ask(small, large, null=["beta[age]=0.5"])
    with pytest.raises(RequestError, match=r"`beta\[age\]` of `large` is neither"):
        ask(small, large, null=["beta[dose]=0"])
    with pytest.raises(RequestError, match="`large` lacks `sigma`, which `small` estimates"):
        ask(small, large, null=["beta[age]=0", "sigma=1"])
    fewer = fit_program("linear", LINEAR, table.head(200), columns={"X": ["dose"], "y": "score"})
    with pytest.raises(
        RequestError, match=r"not fitted to the same outcome: `small` has 200 rows and `large` has 240"
    ):
        ask(fewer, large, null=["beta[age]=0"])
    shuffled = table.assign(dose=table["dose"].to_numpy()[::-1])
    other = fit_program("linear", LINEAR, shuffled, columns={"X": ["dose"], "y": "score"})
    with pytest.raises(RequestError, match="the same log likelihood"):
        ask(other, large, null=["beta[age]=0"])
    with pytest.raises(RequestError, match="not fitted to the same outcome"):
        ask(fits["poisson"], fits["logit"], null=["beta[age]=0"])


STUDENT = """data { int N; vector[N] y; }
parameters { real mu; real<lower=0> sigma; real<lower=1> nu; }
model { y ~ student_t(nu, mu, sigma); }
"""

STUDENT_4 = """data { int N; vector[N] y; real<lower=1> nu; }
parameters { real mu; real<lower=0> sigma; }
model { target += student_t_lupdf(y | nu, mu, sigma); }
"""


def test_a_parameter_of_one_run_may_be_data_of_the_other(fit_program, table):
    """One program drops constants that the other keeps: log likelihoods count them in both."""
    large = fit_program("student", STUDENT, table, columns={"y": "score"})
    small = fit_program("student_4", STUDENT_4, table, columns={"y": "score"}, set_={"nu": 4})
    found = ask(small, large, null=["nu=4"])
    shape, mu, sigma = stats.t.fit(table["score"])
    _, mu_4, sigma_4 = stats.t.fit(table["score"], f0=4)
    ratio = 2 * (
        stats.t.logpdf(table["score"], shape, mu, sigma).sum()
        - stats.t.logpdf(table["score"], 4, mu_4, sigma_4).sum()
    )
    assert found.tests[0].statistic == pytest.approx(ratio, abs=1e-5)
    assert found.tests[0].statistic == pytest.approx(ask(large, null=["nu=4"]).tests[0].statistic, rel=1e-6)
    with pytest.raises(RequestError, match="is not `large`"):
        ask(small, large, null=["nu=5"])


SQUARED = """data { int N; vector[N] y; vector[N] v; }
parameters { real mu; real<lower=0> sigma; real s; }
model { y ~ normal(mu, sqrt(square(sigma) + square(s) * v)); }
"""

WITHOUT = """data { int N; vector[N] y; vector[N] v; }
parameters { real mu; real<lower=0> sigma; }
model { y ~ normal(mu, sigma); }
"""


@pytest.mark.parametrize("null", ["s=0", "s=0 and mu"])
def test_a_bound_in_disguise_is_refused(fit_program, squared_data, null):
    large = fit_program("squared", SQUARED, squared_data["inside"])
    small = fit_program("without", WITHOUT, squared_data["inside"])
    nulls = ["s=0", "mu=1"] if "and" in null else ["s=0"]
    with pytest.raises(MethodError, match=r"stationary in `s`.*a bound in disguise") as refused:
        ask(large, null=nulls)
    assert "test that run against one without it" in (refused.value.hint or "")
    if len(nulls) == 1:
        with pytest.raises(MethodError, match="a bound in disguise"):
            ask(small, large, null=nulls)
    assert ask(large, null=["mu=1"]).tests[0].statistic < 10
    near = ask(large, null=[f"s={0.9 * large.results.mle.estimates['s'].value}"])
    assert near.tests[1].statistic == pytest.approx(near.tests[0].statistic, rel=0.2)


def test_an_estimate_without_scores_is_not_tested(fit_program, squared_data):
    large = fit_program("squared", SQUARED, squared_data["at the bound"])
    for null in ("s=0", "mu=1"):
        with pytest.raises(MethodError, match="stationary in `s` at the estimate"):
            ask(large, null=[null])


DISPERSED = """data { int N; array[N] int<lower=0> y; }
parameters { real eta; real<lower=0> dispersion; }
model { y ~ neg_binomial_2_log(eta, inv(dispersion)); }
"""

COUNTS = """data { int N; array[N] int<lower=0> y; }
parameters { real eta; }
model { y ~ poisson_log(eta); }
"""


def test_a_variance_of_zero_has_the_mixture(fit_program, table):
    rng = np.random.default_rng(31)
    counts = table.assign(visits=rng.negative_binomial(12, 12 / 15, size=len(table)))
    large = fit_program("dispersed", DISPERSED, counts, columns={"y": "visits"})
    small = fit_program("counts", COUNTS, counts, columns={"y": "visits"})
    found = ask(small, large, null=["dispersion=0"])
    nb = sm.NegativeBinomial(counts["visits"], np.ones(len(counts))).fit(disp=0, method="newton", tol=1e-12)
    poisson = stats.poisson.logpmf(counts["visits"], counts["visits"].mean()).sum()
    ratio = 2 * (nb.llf - poisson)
    assert found.tests[0].statistic == pytest.approx(ratio, rel=1e-6)
    assert found.tests[0].p_value == pytest.approx(0.5 * stats.chi2.sf(ratio, 1), rel=1e-5)
    with pytest.raises(RequestError, match="its lower bound is 0"):
        ask(small, large, null=["dispersion=-1"])
    assert "mixture" in found.tests[0].distribution
    assert [item.p_value for item in found.tests[1:]] == [None, None]
    with pytest.raises(RequestError, match="on the lower bound"):
        ask(large, null=["dispersion=0"])
    with pytest.raises(RequestError, match=r"outside .* its lower bound is 0"):
        ask(large, null=["dispersion=-1"])


BOUNDED = SQUARED.replace("real s;", "real<lower=0> s;").replace("square(s) *", "s *")


def test_an_estimate_on_its_bound_has_a_statistic_of_zero(fit_program, squared_data):
    data = squared_data["at the bound"]
    large = fit_program("bounded", BOUNDED, data)
    small = fit_program("without", WITHOUT, data)
    assert not large.results.mle.is_ok
    found = ask(small, large, null=["s=0"])
    assert (found.tests[0].statistic, found.tests[0].p_value) == (0.0, 1.0)
    assert "mixture" in found.tests[0].distribution
    known = stats.norm.logpdf(data["y"], data["y"].mean(), data["y"].std(ddof=0)).sum()
    assert found.log_lik == pytest.approx(known, rel=1e-9)
    with pytest.raises(RequestError, match="approaches its lower bound"):
        ask(small, large, null=["s=1"])
    with pytest.raises(RequestError, match="approaches its lower bound"):
        ask(large, null=["s=0"])


def test_standardized_runs_are_tested(fit_program, fits, table):
    large = fit_program("linear", LINEAR, table, columns={**COLUMNS, "y": "score"}, standardize=True)
    found, known = (ask(fit, null=["beta[age]=0.5"]) for fit in (large, fits["linear"]))
    assert [item.statistic for item in found.tests] == pytest.approx(
        [item.statistic for item in known.tests], rel=1e-5
    )
    assert found.log_lik == pytest.approx(known.log_lik, rel=1e-9)


def test_the_mixture_is_that_of_self_and_liang():
    assert make_boundary_statistic(0.0, 1).p_value == 1.0
    assert make_boundary_statistic(2.7055, 1).p_value == pytest.approx(0.05, abs=1e-5)
    # Stram and Lee (1994): the 5% point of the equal mixture with 1 and 2 degrees of freedom is 5.14.
    assert make_boundary_statistic(5.14, 2).p_value == pytest.approx(0.05, abs=2e-4)


EFFECTS = """data { int N; int J; array[N] int<lower=1, upper=J> site; vector[N] y; }
parameters { real mu; vector[J] a; real<lower=0> sigma; }
model { a ~ normal(mu, 1); y ~ normal(a[site], sigma); }
"""

MIXTURE = """data { int N; vector[N] y; }
parameters { real mu; real shift; real<lower=0, upper=1> share; real<lower=0> sigma; }
model {
  for (n in 1:N)
    target += log_mix(share, normal_lpdf(y[n] | mu + shift, sigma), normal_lpdf(y[n] | mu, sigma));
}
"""


def test_a_null_that_leaves_others_unidentified_is_refused(fit_program):
    import pandas as pd

    rng = np.random.default_rng(3)
    data = pd.DataFrame({"y": np.concatenate([rng.normal(size=150), rng.normal(4, 1, size=100)])})
    fit = fit_program("mixture", MIXTURE, data, starts=8)
    with pytest.raises(MethodError, match="under the null the likelihood has no regular maximum"):
        ask(fit, null=["shift=0"])


def test_runs_without_a_maximised_likelihood_are_refused(fit_program, fits, table):
    effects = fit_program("effects", EFFECTS, table, columns={"y": "score"})
    with pytest.raises(RequestError, match="no marginal likelihood"):
        ask(effects, null=["mu=0"])
    no_mle = fit_program("linear", LINEAR, table, columns={**COLUMNS, "y": "score"}, method="map")
    with pytest.raises(RequestError, match="no maximum-likelihood estimate"):
        ask(no_mle, null=["beta=0"])


def test_few_rows_and_tests_that_disagree_are_warned_of(fit_program, table):
    fit = fit_program("logit", LOGIT, table.head(24), columns={**COLUMNS, "y": "ill"})
    assert any("24 observations for 3" in text for text in ask(fit, null=["beta[1]=0"]).warnings)


@pytest.mark.parametrize(
    ("null", "words"),
    [
        (["beta[9]=0"], "no parameter"),
        (["beta[1]>0"], "PARAMETER=NUMBER"),
        (["beta[1]=zero"], "PARAMETER=NUMBER"),
        (["beta[1]=0", "beta=0"], "set twice"),
        (["y=0"], "no parameter"),
    ],
)
def test_a_null_that_states_nothing_is_refused(fits, null, words):
    with pytest.raises(RequestError, match=words):
        ask(fits["poisson"], null=null)


def test_a_function_of_parameters_is_no_null(fits):
    for null in ("exp(beta[1])=1", "ratio=0"):
        with pytest.raises(RequestError, match="no parameter") as refused:
            ask(fits["linear"], null=[null])
        assert "declared parameters alone" in (refused.value.hint or "")


def test_a_fit_tests_its_parameters(fit_program, fits, table):
    small = fit_program("linear", LINEAR, table, columns={"X": ["dose"], "y": "score"})
    large = fits["linear"]
    one = large.test_null("beta[age]=0", progress=False)
    two = large.test_null("beta[age]=0", small=small, progress=False)
    assert two.tests[0].p_value == pytest.approx(one.tests[0].p_value, rel=1e-6)
    assert "`small` is `large` with beta[age] = 0" in two.words[0]
    with pytest.raises(RequestError, match="null hypothesis"):
        large.test_null(progress=False)


def test_the_command_prints_a_page_json_and_tables(fits, run_workbench):
    folder = fits["logit"].folder
    page = run_workbench("test", folder, "--null", "beta[age]=0")
    assert page.exit_code == 0
    assert "likelihood ratio" in page.stdout
    assert "Wald" in page.stdout
    values = json.loads(run_workbench("test", folder, "--null", "beta[2]=0", "--json").stdout)
    assert values["null"] == {"beta[2]": 0.0}
    assert [one["test"] for one in values["tests"]] == [
        "likelihood ratio",
        "score (observed information)",
        "Wald",
    ]
    rows = run_workbench("test", folder, "--null", "beta=0", "--format", "csv").stdout.splitlines()
    assert len(rows) == 4
    done = run_workbench("test", folder, folder, folder, "--null", "beta=0")
    assert done.exit_code == 2
