"""Programs whose likelihood stands there twice."""

import pytest

from workbench.errors import ProgramError
from workbench.program import repeat_likelihood, settle_roles
from workbench.program.syntax.printer import to_text


@pytest.fixture(scope="module")
def repeat(program_from, stanc):
    def write(text, *outcomes):
        program = program_from(text)
        return program, repeat_likelihood(program, outcomes or ("y",), stanc)

    return write


def list_terms(program):
    return [(term.text, term.role) for term in program.terms]


def test_the_likelihood_of_the_replicate_stands_beside_that_of_the_data(repeat):
    author, found = repeat("""
    data { int<lower=0> N; vector<lower=0>[N] x, y; }
    parameters { real b; real<lower=0> s; vector[N] u; }
    model {
      vector[N] mu = b * x + u;
      b ~ normal(0, sd(y));
      u ~ normal(0, s);
      for (n in 1 : N) {
        if (y[n] > 0) target += lognormal_lpdf(y[n] | mu[n], s);
      }
      target += exponential_lpdf(s | 1);
    }
    """)
    assert found.replicates == {"y": "y_replicate"}
    added = ("target += lognormal_lpdf(y_replicate[n] | mu[n], s);", "likelihood")
    assert list_terms(found.program) == [*list_terms(author), added]
    assert [item.name for item in found.program.parameters] == ["b", "s", "u"]
    (declared,) = (item for item in found.program.data if item.name == "y_replicate")
    assert declared.text == "vector<lower=0>[N]"
    assert "if (y_replicate[n] > 0)" in to_text(found.program.tree)


def test_earlier_outcomes_are_those_of_the_replicate(repeat):
    _, found = repeat("""
    data { int<lower=2> N; vector[N] y; }
    parameters { real phi; }
    model { phi ~ normal(0, 1); for (t in 2 : N) y[t] ~ normal(phi * y[t - 1], 1); }
    """)
    assert found.program.terms[-1].text == "y_replicate[t] ~ normal(phi * y_replicate[t - 1], 1);"


def test_names_of_the_program_are_not_taken(repeat):
    _, found = repeat("""
    data { int N; vector[N] y; real y_replicate; }
    parameters { real m; }
    model { m ~ normal(y_replicate, 1); y ~ normal(m, 1); }
    """)
    assert found.replicates == {"y": "y_replicate_2"}


def test_roles_that_the_user_settled_hold(program_from, stanc):
    text = """
    data { int N; vector[N] y; vector[N] z; }
    parameters { real m; }
    model { m ~ normal(0, 1); z ~ normal(m, 2); y ~ normal(m, 1); }
    """
    author = settle_roles(program_from(text), {"z ~": "prior"}, stanc)
    found = repeat_likelihood(author, ("y",), stanc)
    assert [term.role for term in found.program.terms] == ["prior", "prior", "likelihood", "likelihood"]


def test_functions_that_add_to_target_are_called_for_the_replicate(repeat):
    _, found = repeat("""
    functions {
      void add_lp(vector y, real m) { target += normal_lpdf(y | m, 1); }
      void add_prior_lp(real m) { target += normal_lpdf(m | 0, 1); }
    }
    data { int N; vector[N] y; }
    parameters { real m; }
    model { add_prior_lp(m); add_lp(y, m); }
    """)
    assert [term.role for term in found.program.terms] == ["prior", "likelihood", "likelihood"]


def test_statements_of_both_are_refused(repeat):
    with pytest.raises(
        ProgramError, match="statement on line 4 adds to the likelihood and to other densities"
    ):
        repeat("""data { int N; vector[N] y; }
        parameters { real m; }
        model {
          target += normal_lpdf(m | 0, 1) + normal_lpdf(y | m, 1);
        }
        """)


def test_transformed_parameters_that_read_outcomes_are_those_of_the_replicate(repeat):
    _, found = repeat(
        """
        data { int N; vector[N] z, y; }
        parameters { real a, b; }
        transformed parameters { real twice = 2 * b; vector<lower=0>[N] mu = exp(a + twice * z); }
        model { a ~ normal(0, 1); b ~ normal(0, 1); z ~ normal(a, 1); y ~ normal(mu, 1); }
        """,
        "z",
        "y",
    )
    printed = to_text(found.program.tree)
    assert "vector[N] mu_replicate = exp(a + twice_replicate * z_replicate);" in printed
    assert found.program.terms[-1].text == "y_replicate ~ normal(mu_replicate, 1);"


def test_the_bound_of_a_replicate_is_that_of_the_replicate(repeat):
    _, found = repeat(
        """
        data { int N; array[N] int<lower=0> trials; array[N] int<lower=0, upper=trials> y; }
        parameters { real<lower=0> rate; real<lower=0, upper=1> p; }
        model { rate ~ gamma(2, 1); p ~ beta(2, 2); trials ~ poisson(rate); y ~ binomial(trials, p); }
        """,
        "trials",
        "y",
    )
    assert "array[N] int<lower=0, upper=trials_replicate> y_replicate;" in to_text(found.program.tree)
