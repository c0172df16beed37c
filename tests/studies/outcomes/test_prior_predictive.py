"""Predictions of the prior alone: values beside the data, and shares for yes/no outcomes."""

import numpy as np
import pytest
import xarray as xr
from scipy import stats

from workbench.results import Fit
from workbench.studies.outcomes.prior_predictive import summarise_replicates
from workbench.studies.outcomes.table import OutcomeRow

RNG = np.random.default_rng(12)
CHAINS, DRAWS, ROWS = 2, 500, 20


def make_replicates(values):
    names = ("chain", "draw", "row")
    return xr.DataTree.from_dict(
        {"/posterior_predictive": xr.Dataset({"y_rep": (names[: values.ndim], values)})}
    )


def make_base(observed):
    """Return a fit with observed data; `None` for one without."""
    groups = {} if observed is None else {"/observed_data": xr.Dataset({"y": ("row", np.array(observed))})}
    return Fit({}, xr.DataTree.from_dict(groups))


def summarise(values, observed):
    (outcome,) = summarise_replicates(OutcomeRow(point=0), make_replicates(values), make_base(observed))
    return outcome


def test_a_yes_no_outcome_is_a_share_per_data_set():
    """A uniform probability: the number of yes is uniform over 0 to 20."""
    probabilities = RNG.uniform(size=(CHAINS, DRAWS, 1))
    values = (RNG.uniform(size=(CHAINS, DRAWS, ROWS)) < probabilities).astype(float)
    outcome = summarise(values, [1] * 6 + [0] * 14)
    counts = stats.betabinom(ROWS, 1, 1)
    assert outcome.share == pytest.approx(counts.median() / ROWS, abs=0.05)
    assert outcome.share_lower == pytest.approx(counts.ppf(0.025) / ROWS, abs=0.05)
    assert outcome.share_upper == pytest.approx(counts.ppf(0.975) / ROWS, abs=0.05)
    assert outcome.share_observed == pytest.approx(0.3)


def test_predictions_of_yes_alone_are_a_share_if_the_data_are_yes_and_no():
    outcome = summarise(np.ones((CHAINS, DRAWS, ROWS)), [0, 1, 1])
    assert (outcome.share, outcome.share_lower, outcome.share_upper) == (1.0, 1.0, 1.0)
    assert summarise(np.ones((CHAINS, DRAWS, ROWS)), None).share is None


def test_a_single_yes_no_outcome_has_a_share_over_all_draws():
    values = (RNG.uniform(size=(CHAINS, DRAWS)) < 0.25).astype(float)
    outcome = summarise(values, None)
    assert outcome.share == pytest.approx(0.25, abs=0.06)
    assert outcome.share_lower is None


@pytest.mark.parametrize("observed", [[0, 1, 2], None])
def test_counts_and_measurements_have_no_share(observed):
    counts = RNG.poisson(1.0, size=(CHAINS, DRAWS, ROWS)).astype(float)
    outcome = summarise(counts, observed)
    assert outcome.share is None
    assert outcome.median == 1.0


def test_predicted_zeros_and_ones_are_counts_if_larger_ones_were_observed():
    values = (RNG.uniform(size=(CHAINS, DRAWS, ROWS)) < 0.5).astype(float)
    outcome = summarise(values, [0, 1, 2])
    assert outcome.share is None
    assert (outcome.below, outcome.beyond) == (0.0, 0.0)
