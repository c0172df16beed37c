"""Posteriors by nutpie against exact ones, and against Stan's own sampler."""

from __future__ import annotations

from importlib.util import find_spec

import numpy as np
import pytest

from tests.truth import oracles, tables
from tests.truth.agreement import assert_posterior
from tests.truth.test_eight_schools import PRIOR
from workbench import library
from workbench.methods import Nuts
from workbench.results import Fit
from workbench.workflow import fit as fit_workflow
from workbench.workflow.options import FitOptions

pytestmark = [
    pytest.mark.truth,
    pytest.mark.skipif(find_spec("nutpie") is None, reason="nutpie is not installed"),
]

METRICS = ("diag", "low_rank")
"""The metrics of nutpie."""


@pytest.fixture(scope="module")
def sample(tools, tmp_path_factory):
    """Sample a bundled model on its own data."""

    def run(model: str, sampler: str = "nutpie", metric: str = "diag") -> Fit:
        nuts = Nuts(draws=2000, adapt_delta=0.95, metric=metric, sampler=sampler)
        folder = tmp_path_factory.mktemp("run") / "run"
        options = FitOptions(methods=(nuts,), level=0.9, seed=3, jobs=2, output=folder, has_report=False)
        program, data = library.resolve_data(model, None)
        return fit_workflow.fit_files(program, data, options)

    return run


@pytest.mark.parametrize("metric", METRICS)
def test_eight_schools_are_the_exact_mixture(sample, metric):
    fit = sample("eight_schools", metric=metric)
    assert_posterior(fit, oracles.eight_schools_posterior(*tables.eight_schools(), PRIOR), "tau")


@pytest.mark.parametrize("model", ["linear", "logistic", "eight_schools_centred", "varying_slopes"])
def test_means_and_standard_deviations_are_those_of_stans_sampler(sample, model):
    """A correlated regression, a logistic one, a funnel, and a hierarchy with a correlation matrix.

    The last two have heavy tails, where errors of standard deviations are underestimated.
    """
    stan = sample(model, "stan").record["nuts"]["estimates"]
    for metric in METRICS:
        nutpie = sample(model, metric=metric).record["nuts"]["estimates"]
        for name, numbers in stan.items():
            if "mcse_mean" not in numbers:  # a constant
                continue
            for moment, most in (("mean", 5), ("sd", 6)):
                error = np.hypot(numbers[f"mcse_{moment}"], nutpie[name][f"mcse_{moment}"])
                assert abs(numbers[moment] - nutpie[name][moment]) < most * error, (metric, name, moment)
