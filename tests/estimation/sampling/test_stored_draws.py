"""Draws that stand for a posterior: corrected by importance weights where k-hat allows, and said so."""

import numpy as np
import pytest
import xarray as xr
from scipy import stats

from workbench.errors import RunIncomplete
from workbench.estimation.sampling.stored_draws import select_draws
from workbench.results import Fit

COUNT = 4000
COMMAND = "workbench fit a.stan a.csv --method map -o run"


def make_fit(*, corrected, khat):
    """Return a fit with a wide, shifted approximation, normal(0, 1), of the posterior normal(0.3, 0.8)."""
    draws = np.random.default_rng(5).normal(size=COUNT)
    group = xr.Dataset(
        {
            "mu": ("draw", draws),
            "log_p": ("draw", stats.norm(0.3, 0.8).logpdf(draws)),
            "log_q": ("draw", stats.norm(0, 1).logpdf(draws)),
        },
        coords={"draw": np.arange(COUNT)},
    )
    laplace = {"status": "ok", "khat": khat, "khat_threshold": 0.7, "corrected": corrected}
    return Fit({"command": COMMAND, "laplace": laplace}, xr.DataTree.from_dict({"/laplace": group}))


def test_reliable_weights_turn_the_approximation_into_the_posterior():
    stored = select_draws(make_fit(corrected=True, khat=0.2))
    values = stored.draws["mu"].values
    assert values.shape == (1, COUNT)
    assert abs(values.mean() - 0.3) < 4 * 0.8 * np.sqrt(2 / COUNT)
    assert abs(values.std() - 0.8) < 4 * 0.8 * np.sqrt(1 / COUNT)
    assert "corrected by importance weights (k-hat is 0.20, at most 0.70)" in stored.remark


def test_unreliable_weights_leave_the_draws_and_name_the_command():
    fit = make_fit(corrected=False, khat=None)
    stored = select_draws(fit)
    np.testing.assert_array_equal(stored.draws["mu"].values[0], fit.tree["laplace"]["mu"])
    assert "cannot correct" in stored.remark
    assert "`workbench fit a.stan a.csv --method nuts`" in stored.remark


def test_draws_of_nuts_come_first():
    group = xr.Dataset({"mu": (("chain", "draw"), np.zeros((2, 5)))})
    stored = select_draws(Fit({"nuts": {"status": "ok"}}, xr.DataTree.from_dict({"/posterior": group})))
    assert stored.draws["mu"].values.shape == (2, 5)
    assert stored.remark == ""


def test_point_estimates_alone_name_the_command():
    with pytest.raises(RunIncomplete, match="point estimates have no spread") as raised:
        select_draws(Fit({"command": COMMAND, "map": {"status": "ok"}}, xr.DataTree()))
    assert "`workbench fit a.stan a.csv --method nuts`" in str(raised.value.hint)
