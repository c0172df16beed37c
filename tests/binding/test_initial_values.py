"""Initial values of parameters, checked against the declarations."""

import numpy as np
import pytest

from workbench.binding import bind_initial_values
from workbench.errors import BindingError

TEXT = """
data {
  int<lower=1> K;
}
parameters {
  real<lower=0> tau;
  vector[K] beta;
  simplex[K] share;
  tuple(real, vector[K]) pair;
}
transformed parameters {
  real twice = 2 * tau;
}
model {
  beta ~ normal(0, tau);
}
"""


@pytest.fixture
def bind(program_from):
    return lambda values: bind_initial_values(program_from(TEXT), values, {"K": 2}, "`start.json`")


def test_some_values_suffice_and_derived_ones_are_ignored(bind):
    bound = bind({"beta": [1, 2.5], "pair": {"1": 3, "2": [4, 5]}, "twice": 7})
    assert set(bound) == {"beta", "pair"}
    assert bound["beta"].tolist() == [1, 2.5]
    np.testing.assert_array_equal(bound["pair"]["2"], [4, 5])


def test_a_single_number_fills_a_vector(bind):
    assert bind({"beta": 0.3})["beta"].tolist() == [0.3, 0.3]


@pytest.mark.parametrize(
    ("values", "places", "hint"),
    [
        ({"bet": 1}, ("`start.json`", "`bet`", "`model.stan`", "`tau`, `beta`"), "did you mean `beta`?"),
        ({"beta": [1]}, ("`beta`", "`vector[K]`", "line 7", "must be 2", "`start.json`"), ""),
        ({"tau": -1}, ("`tau`", "-1", "`start.json`", "`real<lower=0>`"), "lower bound is 0"),
        ({"share": [0.5, 0.6]}, ("`share`", "`simplex[K]`", "1.1", "`start.json`"), ""),
        ({"tau": "wide"}, ("`tau`", "`wide`"), "NUMBER"),
    ],
)
def test_values_that_do_not_suit_are_refused(bind, values, places, hint):
    with pytest.raises(BindingError) as raised:
        bind(values)
    assert [place for place in places if place not in raised.value.message] == []
    assert hint in (raised.value.hint or "")
