"""Transformed parameters that depend on given variables, through assignments, loops and branches."""

import pytest

from workbench.estimation.standardize.dependents import find_dependents

TEXT = """
data {
  int N;
  vector[N] x;
}
transformed data {
  vector[N] doubled = 2 * x;
  real constant = 3;
}
parameters {
  real a;
  real b;
  real<lower=0> s;
}
transformed parameters {
  vector[N] mu = a + b * doubled;
  vector[N] eta;
  real later = 0;
  real branch = 0;
  real free = s + constant;
  for (n in 1 : N) {
    eta[n] = mu[n] / s;
  }
  if (s > 1) {
    branch = 1;
  }
  later = sum(eta);
}
model {
  x ~ normal(mu, s);
}
"""


@pytest.fixture(scope="module")
def program(program_from):
    return program_from(TEXT)


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        ({"a"}, ("mu", "eta", "later")),
        ({"b"}, ("mu", "eta", "later")),
        ({"s"}, ("eta", "later", "branch", "free")),
        ({"x"}, ("mu", "eta", "later")),
        ({"mu"}, ("mu", "eta", "later")),
        ({"constant"}, ("free",)),
        ({"elsewhere"}, ()),
        (set(), ()),
    ],
)
def test_dependents_are_followed_through_every_statement(program, names, expected):
    """By hand: mu reads a, b and x (through doubled); eta reads mu and s; later reads eta."""
    assert find_dependents(program, names) == expected


def test_a_whole_loop_depends_on_what_any_of_its_statements_reads(program_from):
    """Rather too many than too few: `second` only shares the loop with `first`."""
    text = """
      parameters { real a; }
      transformed parameters {
        array[2] real first;
        array[2] real second;
        for (n in 1 : 2) { first[n] = a; second[n] = n; }
      }
      model { a ~ normal(0, 1); }
    """
    assert find_dependents(program_from(text), {"a"}) == ("first", "second")
