"""Priors: which value is used, and what is refused."""

import pytest

from workbench import priors
from workbench.errors import PriorError
from workbench.priors.vectors import check_finite

TEXT = """
data {
  int N;
  vector[N] y;
  real<lower=0> scale;
}
parameters {
  real mu;
  real<lower=0> sigma;
}
model {
  mu ~ normal(0, scale);
  sigma ~ exponential(2);
  y ~ normal(mu, sigma);
}
"""


@pytest.fixture(scope="module")
def program(program_from):
    return program_from(TEXT)


def test_the_command_line_has_priority_over_the_card(program):
    settled = priors.settle(program, {"scale": 3.0}, {"scale": 9.0}, "card")
    assert settled.values["scale"] == 3.0
    assert settled.origins["scale"] == "--prior"
    assert priors.settle(program, {}, {"scale": 9.0}, "card").values["scale"] == 9.0
    assert "scale" not in priors.settle(program, {}, {}, "card").values


def test_literals_of_prior_statements_are_hyperparameters(program):
    settled = priors.settle(program, {"sigma.beta": 5.0}, {}, "card")
    assert settled.lifted == {"mu.mu": 0.0, "sigma.beta": 5.0}
    assert settled.user_data == {}


def test_an_unknown_name_is_refused_with_the_closest_one(program):
    with pytest.raises(PriorError, match=r"`sigma\.bta` is not a hyperparameter") as raised:
        priors.settle(program, {"sigma.bta": 1.0}, {}, "card")
    assert raised.value.hint == "did you mean `sigma.beta`?"


NAMES = """
data {
  int N;
  vector[N] y;
  real<lower=0> beta_prior_sd;
  real<lower=0> s;
  real<lower=0> shared;
  array[2] real<lower=0> scales;
  vector[2] centre;
  vector[2] loop;
}
parameters {
  vector[2] c;
  real beta;
  real alpha;
  real a;
  real b;
  real g;
  vector[2] d;
}
model {
  beta ~ normal(0, beta_prior_sd);
  alpha ~ normal(0, 2 * s);
  a ~ normal(0, shared);
  b ~ normal(0, shared);
  g ~ normal(0, scales[2]);
  d ~ normal(centre, 1);
  for (k in 1 : 2) c ~ normal(loop[k], 1);
  y ~ normal(beta + alpha + a + b + g + sum(d), 1);
}
"""


@pytest.fixture(scope="module")
def named(program_from):
    return program_from(NAMES, "names")


def test_an_argument_is_an_alias_of_the_data_passed_to_it(named):
    settled = priors.settle(named, {"beta.sigma": 0.5}, {"beta_prior_sd": 9.0}, "card")
    assert settled.values["beta_prior_sd"] == 0.5
    assert settled.origins["beta_prior_sd"] == "--prior"
    assert "beta.sigma" not in settled.values
    assert settled.user_data == {"beta_prior_sd": 0.5}
    assert priors.list_aliases(named) == {
        "beta_prior_sd": ["beta.sigma"],
        "scales[2]": ["g.sigma"],
        "centre": ["d.mu"],
    }


@pytest.mark.parametrize(
    ("name", "places", "hint"),
    [
        (
            "alpha.sigma",
            ("`alpha.sigma`", "`2 * s`", "`names.stan`"),
            "`s` and `alpha.sigma[1]` (now 2)",
        ),
        (
            "c.mu",
            ("`c.mu`", "`loop[k]`", "`names.stan`"),
            "`loop[1]`",
        ),
        (
            "a.sigma",
            ("`a.sigma`", "`shared`", "`names.stan`", "`b.sigma`"),
            "`shared`",
        ),
        (
            "g.sigma",
            ("`scales[2]`", "`scales`", "--prior"),
            "--prior scales=VALUE,VALUE",
        ),
    ],
)
def test_an_alias_that_cannot_be_set_is_refused(named, name, places, hint):
    with pytest.raises(PriorError) as refused:
        priors.settle(named, {name: 1.0}, {}, "card")
    assert [place for place in places if place not in refused.value.message] == []
    assert hint in (refused.value.hint or "")


def test_two_names_for_one_value_are_refused(named):
    with pytest.raises(PriorError, match=r"`beta_prior_sd` and `beta\.sigma`"):
        priors.settle(named, {"beta_prior_sd": 1.0, "beta.sigma": 2.0}, {}, "card")


def test_elements_are_read_and_changed_by_their_index():
    values = {"s": 2.0, "m": [[1.0, 2.0], [3.0, 4.0]]}
    assert priors.get_value(values, "m[2,1]") == 3.0
    assert priors.get_value(values, "m[3,1]") is None
    assert priors.get_value(values, "m[1]") is None
    assert priors.get_value(values, "m") is None
    assert priors.get_value(values, "t[1]") is None
    changed = priors.replace_values(values, {"m[2,1]": 9.0, "s": 1.0})
    assert changed == {"s": 1.0, "m": [[1.0, 2.0], [9.0, 4.0]]}
    assert values["m"] == [[1.0, 2.0], [3.0, 4.0]]


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("beta_prior_sd", 0.0, "`beta_prior_sd` must be positive, but 0 was given"),
        ("scales[2]", -1.0, r"`scales\[2\]` must be positive, but -1 was given"),
        ("s", -1.0, "`s` is declared `real<lower=0>` in `names.stan`, but -1 was given"),
    ],
)
def test_values_out_of_range_are_refused(named, name, value, message):
    with pytest.raises(PriorError, match=message):
        priors.check_value(named, name, value)
    priors.check_value(named, name, 1.0)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), [0.5, float("-inf")]])
def test_values_that_are_not_finite_are_refused(value):
    with pytest.raises(PriorError, match=r"`beta\.sigma` was expected to be a finite number, found"):
        check_finite("beta.sigma", value)
