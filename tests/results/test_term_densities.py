"""The log density of the draws, term by term, from a real run."""

import numpy as np
import pytest
from scipy import stats

from tests.conftest import DATA, STAN_MODELS
from workbench.methods import Nuts
from workbench.workflow import fit
from workbench.workflow.options import FitOptions


@pytest.fixture(scope="module")
def tree(tools, tmp_path_factory):
    options = FitOptions(methods=(Nuts(2, 200, 200),), output=tmp_path_factory.mktemp("run") / "run")
    model, data = STAN_MODELS / "regression" / "linear.stan", DATA / "kidiq.csv"
    return fit.fit_files(model, data, options).tree


def test_each_prior_statement_has_its_log_density(tree):
    lprior = tree["log_prior"]["lprior"]
    assert lprior.dims == ("chain", "draw", "prior_statement")
    assert [text.split(" ~ ")[0] for text in lprior["prior_statement"].values] == ["alpha", "beta", "sigma"]
    scale = float(tree["constant_data"]["beta_prior_sd"])
    exact = stats.norm.logpdf(tree["posterior"]["beta"].values, 0, scale).sum(axis=-1)
    assert np.allclose(lprior.isel(prior_statement=1), exact, rtol=1e-7)


def test_the_likelihood_as_a_whole_is_the_sum_of_its_observations(tree):
    whole = tree["log_density"]["likelihood"]
    rounded = tree["log_likelihood"]["log_lik"]
    assert np.allclose(whole, rounded.sum("N"), atol=1e-4 * rounded.sizes["N"] ** 0.5 * 6)
