"""The integral of a prior within declared constraints, against quadrature of Stan's own density."""

import numpy as np
import pytest

from workbench import tables
from workbench.backends.stan import StanBackend
from workbench.binding import BoundData, BoundVariable
from workbench.estimation.context import FitContext
from workbench.estimation.sampling.prior_mass import compute_prior_mass
from workbench.priors import settle
from workbench.progress import SILENT
from workbench.request import FitRequest
from workbench.workflow.builds import Builds

PRIORS = {
    "real<lower=0> {}": [
        "normal(0, 1)", "normal(1, 2)", "cauchy(0, 5)", "student_t(3, 0, 2.5)", "student_t(4, 1, 2)",
        "double_exponential(0.5, 2)", "logistic(1, 2)", "gumbel(1, 2)", "skew_normal(1, 2, -3)",
        "exp_mod_normal(0.3, 2, 0.5)", "skew_double_exponential(0.3, 2, 0.7)", "normal(1, 2) T[0, ]",
        "exponential(0.5)", "std_normal()",
    ],
    "real<lower=1> {}": [
        "exponential(0.5)", "lognormal(0.5, 1)", "gamma(2, 1.5)", "inv_gamma(2, 1.5)", "chi_square(3)",
        "inv_chi_square(3)", "scaled_inv_chi_square(3, 1.5)", "weibull(1.5, 2)", "frechet(2.5, 2)",
        "rayleigh(2)", "loglogistic(2, 3)", "pareto(0.7, 2.5)", "pareto_type_2(0.3, 2, 3)",
    ],
    "real<upper=0.5> {}": ["normal(1, 2)", "cauchy(0.5, 3)"],
    "real<lower=0.1, upper=0.4> {}": [
        "beta(2, 3)", "beta_proportion(0.3, 5)", "uniform(0, 2)", "normal(0, 1)",
    ],
    "real<offset=3, multiplier=2> {}": ["normal(0, 1)"],
    "real<lower=-1, upper=3> {}": [""],
}  # fmt: skip
"""Declarations and priors, each of a parameter of its own."""

STEP, REACH = 0.02, 70.0
"""Of the trapezoidal rule on the unconstrained scale, where these integrands fall off exponentially."""


def describe_parameters():
    number = 0
    for declaration, priors in PRIORS.items():
        for prior in priors:
            number += 1
            yield declaration.format(f"p{number}") + ";", f"p{number} ~ {prior};" if prior else ""


@pytest.fixture
def open_context(program_from, tools, tmp_path):
    """Build a program, and return the context in which Stan evaluates it."""

    def run(text, **values):
        program = program_from(text)
        variables = [BoundVariable(name, "real", 1, value, "by hand") for name, value in values.items()]
        request = FitRequest(
            program, BoundData(tables.no_data(), tuple(variables)), settle(program, {}, {}, "card")
        )
        exe = Builds(request, tools, SILENT).build_instrumented().exe
        return FitContext(request, exe, StanBackend(), tmp_path / "scratch", SILENT)

    return run


def integrate_dimension(context, job, place, size):
    """Return the log of the integral over one dimension, the others at zero, and the log density at zero."""
    grid = np.arange(-REACH, REACH, STEP)
    points = np.zeros((len(grid), size))
    points[:, place] = grid
    values = context.backend.compute_normalised(job, points)
    origin = context.backend.compute_normalised(job, np.zeros((1, size)))[0]
    return np.log(np.nansum(np.exp(values - origin)) * STEP), origin


def test_the_priors_of_many_families_have_the_integral_of_their_density_in_stan(open_context):
    """The density is a product over parameters: each factor is integrated with the others held at zero."""
    declarations, statements = zip(*describe_parameters(), strict=True)
    context = open_context(f"parameters {{ {' '.join(declarations)} }} model {{ {' '.join(statements)} }}")
    job = context.make_job("nuts")
    size = context.backend.dimension(job)
    factors = [integrate_dimension(context, job, place, size) for place in range(size)]
    mass = compute_prior_mass(context)
    assert mass.reason == ""
    total = factors[0][1] + sum(factor for factor, _ in factors)
    assert mass.log_mass == pytest.approx(total, abs=1e-4)  # one density has a kink
    assert abs(mass.log_mass) > 10  # most of these priors are cut off


def test_priors_of_vectors_ordered_vectors_and_simplexes(open_context):
    """On a grid over the two dimensions of each parameter."""
    context = open_context(
        """
        data { vector[2] m; }
        parameters {
          vector<lower=0>[2] v;
          ordered[2] c;
          positive_ordered[2] q;
          simplex[3] p;
          simplex[3] flat;
          vector<lower=m>[2] w;
          array[2] real<lower=0> a;
        }
        model {
          v ~ normal(m, 2);
          c ~ normal(0.3, 2);
          q ~ student_t(5, 1, 2);
          p ~ dirichlet([2, 3, 4]');
          w ~ normal(m, 2);
          for (k in 1:2) a[k] ~ cauchy(0, 2);
        }
        """,
        m=[0.5, -1.0],
    )
    job = context.make_job("nuts")
    size = context.backend.dimension(job)
    assert size == 14
    origin = context.backend.compute_normalised(job, np.zeros((1, size)))[0]
    step = 0.2
    grid = np.arange(-40, 40, step)
    total = origin
    for first in range(0, size, 2):
        points = np.zeros((len(grid) ** 2, size))
        points[:, first], points[:, first + 1] = (axis.ravel() for axis in np.meshgrid(grid, grid))
        total += np.log(np.nansum(np.exp(context.backend.compute_normalised(job, points) - origin)) * step**2)
    mass = compute_prior_mass(context)
    assert mass.reason == ""
    assert mass.log_mass == pytest.approx(total, abs=1e-6)
    assert len(mass.notes) == 6
