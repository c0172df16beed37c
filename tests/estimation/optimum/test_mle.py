"""The maximum-likelihood estimate: the sample size of the BIC, and what has a standard error."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

import workbench
from workbench import tables
from workbench.binding import BoundData, BoundVariable
from workbench.errors import MethodError
from workbench.estimation.optimum.mle import count_trials
from workbench.methods import Mle, Nuts
from workbench.priors import Priors
from workbench.request import FitRequest
from workbench.workflow.method_settings import choose_methods

BINOMIAL = """
data { int N; array[N] int y; array[N] int n; int same; }
parameters { real<lower=0, upper=1> theta; }
model { theta ~ beta(1, 1); LIKELIHOOD }
generated quantities { real unit = square(sqrt(theta)) / theta; real odds = theta / (1 - theta); }
"""

DATA = {"N": 3, "y": [6, 3, 9], "n": [10, 20, 30], "same": 7}


@pytest.mark.parametrize(
    ("likelihood", "trials"),
    [
        ("y ~ binomial(n, theta);", 60),
        ("for (i in 1:N) y[i] ~ binomial(n[i], theta);", 60),
        ("target += binomial_lpmf(y | n, theta);", 60),
        ("y ~ binomial_logit(same, logit(theta));", 21),
        ("y ~ binomial(7, theta);", 21),
        ("y ~ poisson(theta);", None),
        ("y ~ binomial(n, theta); same ~ poisson(theta);", None),
        ("y[1] ~ binomial(n[1], theta); y[2] ~ binomial(n[2], theta);", None),
        ("y[1:2] ~ binomial(n[1:2], theta);", None),
    ],
)
def test_trials_are_counted_where_every_row_is_a_count_of_trials(program_from, likelihood, trials):
    bound = tuple(BoundVariable(name, "int", 1, value, "by hand") for name, value in DATA.items())
    program = program_from(BINOMIAL.replace("LIKELIHOOD", likelihood))
    request = FitRequest(program, BoundData(tables.no_data(), bound), Priors())
    observations = 2 if "y[1:2]" in likelihood else 3
    assert count_trials(request, observations) == trials


@pytest.fixture(scope="module")
def fit_binomial(tools, tmp_path_factory):
    """Fit by maximum likelihood, with a sample size of the BIC."""
    path = tmp_path_factory.mktemp("binomial") / "binomial.stan"
    path.write_text(BINOMIAL.replace("LIKELIHOOD", "y ~ binomial(n, theta);"), encoding="utf-8")
    model = workbench.Model(path)
    return lambda count=None: model.fit(DATA, method="mle", bic_count=count, output=False).results.mle


@pytest.mark.parametrize("count", [None, 60])
def test_the_bic_has_the_sample_size_that_is_said(fit_binomial, count):
    """In closed form: the estimate is 18 / 60."""
    mle = fit_binomial(count)
    log_lik = sum(float(stats.binom.logpmf(y, n, 18 / 60)) for y, n in ((6, 10), (3, 20), (9, 30)))
    assert mle.bic == pytest.approx(np.log(count or 3) - 2 * log_lik, abs=1e-6)
    assert (mle.observations, mle.trials, mle.bic_count) == (3, 60, count or 3)


def test_a_constant_has_no_standard_error(fit_binomial):
    """The odds have one, by the delta method: se(theta) / (1 - theta)^2."""
    estimates = fit_binomial().estimates
    assert estimates["unit"].value == pytest.approx(1)
    assert estimates["unit"].se is None
    assert estimates["unit"].lower is None
    assert estimates["odds"].se == pytest.approx(np.sqrt(0.3 * 0.7 / 60) / 0.7**2, rel=1e-4)


def test_a_sample_size_needs_a_likelihood_and_is_positive():
    with pytest.raises(MethodError, match="bic_count"):
        Mle(bic_count=0)
    with pytest.raises(MethodError, match="bic_count"):
        choose_methods(("nuts",), Nuts(), starts=4, profile=(), bic_count=5)


@pytest.mark.usefixtures("tools")
def test_a_parameter_that_the_data_hardly_limit_is_named(tmp_path):
    """A Poisson rate with a count of y has the information y on the log scale: 0.1 gives an SE of 3.2."""
    (tmp_path / "rate.stan").write_text(
        "data { int N; vector[N] y; }\nparameters { real<lower=0> rate; }\n"
        "model { rate ~ gamma(1, 1); target += y * log(rate) - rate; }\n"
    )
    remarks = {}
    for total in (0.1, 4.0):
        fitted = workbench.fit(
            tmp_path / "rate.stan",
            pd.DataFrame({"y": [total]}),
            output=tmp_path / f"run-{total}",
            method="mle",
            role={"2": "likelihood"},
        )
        remarks[total] = fitted.results.mle.remark
    assert "the data hardly limit `rate`" in remarks[0.1]
    assert "the standard error of `rate` is 3.2." in remarks[0.1]
    assert remarks[4.0] == ""
