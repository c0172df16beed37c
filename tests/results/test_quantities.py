"""The draws of an element by its name."""

import numpy as np
import pytest
import xarray as xr

from workbench.results.quantities import draws_of, finite_elements, sampler_statistic

TREE = xr.DataTree.from_dict(
    {
        "/posterior": xr.Dataset(
            {
                "tau": (("chain", "draw"), np.arange(6.0).reshape(2, 3)),
                "L": (("chain", "draw", "J", "K"), np.arange(24.0).reshape(2, 3, 2, 2)),
                "bad": (("chain", "draw"), np.array([[1.0, np.nan, 1.0]] * 2)),
            }
        ),
        "/sample_stats": xr.Dataset({"diverging": (("chain", "draw"), np.zeros((2, 3), dtype=bool))}),
    }
)


def test_an_element_is_found_by_stans_index():
    draws = draws_of(TREE, "posterior", "L[2,1]")
    assert draws is not None
    assert draws.tolist() == TREE["posterior"].to_dataset()["L"].to_numpy()[:, :, 1, 0].tolist()


@pytest.mark.parametrize("name", ["L", "L[1]", "L[3,1]", "L[0,1]", "tau[1]", "absent", "bad"])
def test_what_is_not_an_element_or_not_finite_has_no_draws(name):
    assert draws_of(TREE, "posterior", name) is None


def test_a_group_may_be_absent():
    assert draws_of(TREE, "laplace", "tau") is None
    assert sampler_statistic(TREE, "energy") is None
    assert sampler_statistic(TREE, "diverging") is not None


def test_finite_elements_leave_out_what_is_not():
    assert list(finite_elements(TREE["posterior"].to_dataset())) == [
        "tau",
        "L[1,1]",
        "L[1,2]",
        "L[2,1]",
        "L[2,2]",
    ]
