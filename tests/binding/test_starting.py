"""Values of parameters to start chains at, held against the declarations."""

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
def taken(program_from):
    return lambda values: bind_initial_values(program_from(TEXT), values, {"K": 2}, "`start.json`")


def test_some_values_are_enough_and_derived_ones_are_passed_over(taken):
    found = taken({"beta": [1, 2.5], "pair": {"1": 3, "2": [4, 5]}, "twice": 7})
    assert set(found) == {"beta", "pair"}
    assert found["beta"].tolist() == [1, 2.5]
    np.testing.assert_array_equal(found["pair"]["2"], [4, 5])


@pytest.mark.parametrize(
    ("values", "words", "hint"),
    [
        ({"bet": 1}, "`start.json` has `bet`, which is no parameter of `model.stan`", "did you mean `beta`?"),
        ({"beta": [1]}, "`beta` is declared `vector[K]` in `model.stan`, line 7, of size 2, but", ""),
        ({"tau": -1}, "`start.json` has -1, but `tau` is declared `real<lower=0>`", "the lower bound"),
        ({"share": [0.5, 0.6]}, "`share` is declared `simplex[K]` in `model.stan`", ""),
        ({"tau": "wide"}, "the value given is `wide`", ""),
    ],
)
def test_what_does_not_suit_is_said(taken, values, words, hint):
    with pytest.raises(BindingError) as raised:
        taken(values)
    assert words in raised.value.message
    assert hint in (raised.value.hint or "")
