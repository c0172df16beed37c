"""The integral of the prior within declared constraints, against quadrature."""

import math
from pathlib import Path

import numpy as np
import pytest
from scipy import integrate, special, stats

from tests.estimation.chosen_density import ChosenDensity
from workbench import tables
from workbench.binding import BoundData, BoundVariable
from workbench.estimation.context import FitContext
from workbench.estimation.sampling.prior_mass import compute_prior_mass
from workbench.priors import settle
from workbench.progress import SILENT
from workbench.request import FitRequest

DATA = "data { int N; vector[N] y; vector[2] m; }"
VALUES = {"N": 3, "y": [1.0, 2.0, 3.0], "m": [0.5, -1.0]}


@pytest.fixture
def compute(integrate_prior):
    """Return the log mass of the prior of a program, and the reason where it is not known."""

    def run(*args, **keywords):
        mass = integrate_prior(*args, **keywords)
        return mass.log_mass, mass.reason

    return run


@pytest.fixture
def integrate_prior(program_from, tmp_path):
    """Return the mass of the prior of a program."""

    def run(
        parameters, model, *, likelihood="", functions="", own_data="", blocks="", weights=None, **priors
    ):
        program = program_from(
            f"{functions} {DATA} {own_data} parameters {{ {parameters} }} {blocks} "
            f"model {{ {model} {likelihood} }}"
        )
        variables = [BoundVariable(name, "real", 1, value, "by hand") for name, value in VALUES.items()]
        request = FitRequest(
            program,
            BoundData(tables.no_data(), tuple(variables)),
            settle(program, priors, {}, "card"),
            weights=weights or {},
        )
        return compute_prior_mass(
            FitContext(request, Path("model"), ChosenDensity(), tmp_path / "scratch", SILENT)
        )

    return run


def integrate_over(density, *limits):
    """Return the log of an integral, by adaptive quadrature."""
    value, error = integrate.nquad(density, list(limits), opts={"limit": 200})
    assert error < 1e-7
    return math.log(value)


INF = math.inf


@pytest.mark.parametrize(
    ("parameters", "model", "density", "limits"),
    [
        ("real<lower=0> s;", "s ~ normal(0, 1);", lambda s: stats.norm.pdf(s), [(0, INF)]),
        ("real<lower=0> s;", "s ~ normal(1, 2);", lambda s: stats.norm.pdf(s, 1, 2), [(0, INF)]),
        ("real<upper=-3> s;", "s ~ normal(1, 2);", lambda s: stats.norm.pdf(s, 1, 2), [(-INF, -3)]),
        ("real<lower=0> s;", "target += normal_lpdf(s | 1, 1);", lambda s: stats.norm.pdf(s, 1), [(0, INF)]),
        ("real<lower=1> s;", "s ~ exponential(0.5);", lambda s: stats.expon.pdf(s, scale=2), [(1, INF)]),
        ("real<lower=0.2, upper=0.5> s;", "s ~ beta(2, 3);", lambda s: stats.beta.pdf(s, 2, 3), [(0.2, 0.5)]),
        ("real<lower=0> s;", "s ~ student_t(4, 1, 2);", lambda s: stats.t.pdf(s, 4, 1, 2), [(0, INF)]),
        ("real<lower=8, upper=9> s;", "s ~ normal(0, 1);", lambda s: stats.norm.pdf(s), [(8, 9)]),
        (
            "real<lower=0> s; real<lower=0> t;", "s ~ normal(0, 1); t ~ cauchy(1, 2);",
            lambda s, t: stats.norm.pdf(s) * stats.cauchy.pdf(t, 1, 2), [(0, INF), (0, INF)],
        ),
        (
            "vector<lower=0>[2] s;", "s ~ normal(m, 2);",
            lambda a, b: stats.norm.pdf(a, 0.5, 2) * stats.norm.pdf(b, -1, 2), [(0, INF), (0, INF)],
        ),
        (
            "vector<lower=0>[2] s;", "s[1] ~ normal(1, 2); s[2] ~ gamma(2, 1);",
            lambda a, b: stats.norm.pdf(a, 1, 2) * stats.gamma.pdf(b, 2), [(0, INF), (0, INF)],
        ),
        (
            "ordered[2] c;", "c ~ normal(0.3, 2);",
            lambda a, b: stats.norm.pdf(a, 0.3, 2) * stats.norm.pdf(b, 0.3, 2),
            [lambda b: (-INF, b), (-INF, INF)],
        ),
        (
            "positive_ordered[2] c;", "c ~ normal(1, 2);",
            lambda a, b: stats.norm.pdf(a, 1, 2) * stats.norm.pdf(b, 1, 2),
            [lambda b: (0, b), (0, INF)],
        ),
        (
            "vector<lower=m>[2] s;", "s ~ normal(m, 2);",
            lambda a, b: stats.norm.pdf(a, 0.5, 2) * stats.norm.pdf(b, -1, 2), [(0.5, INF), (-1, INF)],
        ),
        (
            "vector<lower=m>[2] s;", "s[2] ~ normal(1, 2); s[1] ~ exponential(1);",
            lambda a, b: stats.expon.pdf(a) * stats.norm.pdf(b, 1, 2), [(0.5, INF), (-1, INF)],
        ),
        (
            "real<lower=0> s;", "s ~ exp_mod_normal(0.3, 2, 0.5);",
            lambda s: (0.5 / 2) * np.exp(0.25 * (0.6 + 0.5 * 4 - 2 * s))
            * special.erfc((0.3 + 0.5 * 4 - s) / (np.sqrt(2) * 2)), [(0, INF)],
        ),
        (
            "real<lower=0> s;", "s ~ skew_double_exponential(0.3, 2, 0.7);",
            lambda s: 2 * 0.7 * 0.3 / 2 * np.exp(
                -(2 / 2) * (0.3 * (0.3 - s) if s < 0.3 else 0.7 * (s - 0.3))
            ), [(0, INF)],
        ),
        (
            "real<lower=1> s;", "s ~ scaled_inv_chi_square(3, 1.5);",
            lambda s: 1.5**1.5 / special.gamma(1.5) * 1.5**3 * s**-2.5 * np.exp(-1.5 * 2.25 / s), [(1, INF)],
        ),
        ("real<lower=1> s;", "s ~ inv_chi_square(3);",
            lambda s: 2**-1.5 / special.gamma(1.5) * s**-2.5 * np.exp(-0.5 / s), [(1, INF)]),
        ("real<lower=1> s;", "s ~ loglogistic(2, 3);",
            lambda s: 1.5 * (s / 2) ** 2 / (1 + (s / 2) ** 3) ** 2, [(1, INF)]),
        ("real<upper=0.4> s;", "s ~ beta_proportion(0.3, 5);",
            lambda s: stats.beta.pdf(s, 1.5, 3.5), [(0, 0.4)]),
        ("real<lower=2> s;", "s ~ pareto_type_2(1, 2, 3);",
            lambda s: 1.5 * (1 + (s - 1) / 2) ** -4, [(2, INF)]),
        ("real<lower=2, upper=5> s;", "", lambda s: 1.0, [(2, 5)]),
        ("simplex[3] p;", "", lambda a, b: 1.0, [lambda b: (0, 1 - b), (0, 1)]),
    ],
)  # fmt: skip
def test_the_mass_is_the_integral_of_the_prior_over_the_declared_range(
    compute, parameters, model, density, limits
):
    log_mass, reason = compute(parameters, model)
    assert reason == ""
    assert log_mass == pytest.approx(integrate_over(density, *limits), abs=1e-6)


def test_the_mass_follows_constants_that_the_user_sets(compute):
    program = ("real<lower=0> s;", "s ~ normal(1, 2);")
    log_mass, _ = compute(*program, **{"s.mu": 3.0})
    assert log_mass == pytest.approx(stats.norm.logcdf(3.0 / 2))


@pytest.mark.parametrize(
    ("parameters", "model"),
    [
        ("real s;", "s ~ normal(0, 1);"),
        ("real<lower=0> s;", "s ~ gamma(2, 2);"),
        ("real<lower=0> s;", "s ~ normal(1, 2) T[0, ];"),
        ("real<lower=0> s;", "target += normal_lpdf(s | 1, 2) - normal_lccdf(0 | 1, 2);"),
        ("vector<lower=0>[2] s;", "target += normal_lpdf(s | 1, 2) - 2 * normal_lccdf(0 | 1, 2);"),
        ("real mu; vector[2] t;", "mu ~ normal(0, 1); t ~ normal(mu, 1);"),
        ("real<lower=0> a; vector<lower=0>[2] g;", "a ~ gamma(2, 1); g ~ gamma(a, a);"),
        ("simplex[3] p;", "p ~ dirichlet([1, 2, 3]');"),
        ("corr_matrix[2] O; vector[2] b;", "O ~ lkj_corr(2); b ~ multi_normal(m, O);"),
        ("matrix[2, 2] b;", "to_vector(b) ~ normal(0, 1);"),
    ],
)
def test_priors_that_integrate_to_one_are_left_alone(compute, parameters, model):
    assert compute(parameters, model) == (0.0, "")


def test_half_of_a_symmetric_prior_is_known_whatever_its_scale(compute):
    """The horseshoe's half-Cauchy, with a scale that is a parameter: each element has mass 1/2."""
    log_mass, _ = compute(
        "real<lower=0> tau; vector<lower=0>[2] l;", "tau ~ exponential(1); l ~ cauchy(0, tau);"
    )
    assert log_mass == pytest.approx(-2 * math.log(2))


@pytest.mark.parametrize(
    ("parameters", "model", "words"),
    [
        ("vector[2] b;", "b[1] ~ normal(0, 1);", "`b[2]` has no prior"),
        ("real mu; real s;", "", "`mu`, `s` have no prior"),
        ("real mu; real<lower=0> s;", "mu ~ normal(0, 1); s ~ normal(mu, 1);", "depends on `mu`"),
        ("real<lower=0> s;", "s ~ normal(0, 1); s ~ exponential(1);", "more than one statement"),
        ("real<lower=0> s;", "log(s) ~ normal(0, 1);", "not a density of parameters themselves"),
        ("real<lower=0> s;", "target += -2 * s;", "line 1"),
        ("ordered[2] c;", "c ~ normal(m, 1);", "increase"),
        ("real<lower=0> s;", "s ~ von_mises(0, 1);", "no known distribution function"),
        ("vector<lower=m>[2] s;", "s[{2, 1}] ~ normal(m, 1);", "cannot be followed"),
        ("sum_to_zero_vector[3] a;", "a ~ cauchy(0, 1);", "type `sum_to_zero_vector` of `a` is not known"),
        (
            "sum_to_zero_vector[2] a;",
            "a ~ normal(m, 1);",
            "sum to zero, and their priors on line 1 may differ",
        ),
        ("real<lower=0> s;", "s ~ normal(0, 1) T[-1, ];", "limits"),
        ("real<lower=0> s;", "s ~ normal(1, 1); target += -normal_lccdf(0 | 1, 1);", "constant on line 1"),
        ("real a; real b;", "a ~ normal(b, 1); b ~ normal(a, 1);", "depend on each other"),
        ("cholesky_factor_corr[3] L;", "", "no known volume"),
        ("real<lower=0> s; real<lower=-s> b;", "s ~ exponential(1); b ~ normal(0, 1);", "more than data"),
    ],
)
def test_where_the_mass_is_not_known_the_reason_is(compute, parameters, model, words):
    log_mass, reason = compute(parameters, model)
    assert math.isnan(log_mass)
    assert words in reason
    assert reason.endswith("here is no evidence.")


@pytest.mark.parametrize(
    "constant", ["log(2)", "0.693", "-log(0.5)", "-log1m(Phi(0))", "N * log(2)", "normal_lccdf(0 | 1, 1)"]
)
@pytest.mark.parametrize("where", ["target += {};", "target += normal_lpdf(y | 0, s) + {};"])
def test_a_constant_beside_a_prior_that_bounds_cut_may_normalise_it(compute, constant, where):
    """Counted as the missing normaliser and by the mass, the evidence would be twice as large."""
    log_mass, reason = compute("real<lower=0> s;", "s ~ normal(0, 1);", likelihood=where.format(constant))
    assert math.isnan(log_mass)
    assert "the constant on line 1 may normalise it or not" in reason


def test_a_constant_counts_as_it_is_where_no_prior_is_cut(compute):
    assert compute("real s;", "s ~ normal(0, 1); target += log(2);") == (0.0, "")
    assert compute("real<lower=0> s;", "s ~ normal(0, 1); target += 0;") == (pytest.approx(-math.log(2)), "")
    whole = compute("real<lower=0> s;", "s ~ normal(0, 1); y ~ normal(0, 1);")
    assert whole == (pytest.approx(-math.log(2)), "")


@pytest.mark.parametrize(
    ("declared", "limit"), [("lower=0.5", "lccdf(1"), ("lower=0", "lccdf(-1"), ("upper=0.5", "lcdf(1")]
)
def test_a_truncation_by_hand_elsewhere_than_at_the_bound_is_refused(compute, declared, limit):
    """`- normal_lccdf(1 | 0, 1)` normalises the density above 1, and the bound is at 0.5."""
    log_mass, reason = compute(
        f"real<{declared}> s;", f"target += normal_lpdf(s | 0, 1) - normal_{limit} | 0, 1);"
    )
    assert math.isnan(log_mass)
    assert "the limit on line 1 is not the declared bound of `s`" in reason


@pytest.mark.parametrize(
    ("blocks", "model", "words"),
    [
        ("transformed parameters { real<lower=0> d = 2 * a; }", "", "transformed parameter `d`"),
        ("transformed parameters { real<upper=0.9> d = inv_logit(a); }", "", "`d` on line 1"),
        ("transformed parameters { vector<lower=0>[2] d; d[1] = exp(a); d[2] = a; }", "", "`d` on line 1"),
        ("transformed parameters { ordered[2] d = [a, 1]'; }", "", "`d` on line 1"),
        ("transformed parameters { real d = 2 * a; if (d < 0) reject(1); }", "", "`if` on line 1"),
        ("", "if (a < 0) reject(a);", "`if` on line 1 depends on parameters"),
        ("", "if (a < 0) fatal_error(a);", "`if` on line 1 depends on parameters"),
        ("", "if (a < 0.8) target += negative_infinity();", "`if` on line 1 depends on parameters"),
        ("", "{ real b = 2 * a; for (i in 1:2) if (b < i) reject(a); }", "`if` on line 1"),
        ("", "target += a < 0 ? negative_infinity() : 0;", "makes the density zero"),
        ("", "target += positive(a);", "line 1 of the function `positive` may make the density zero"),
        ("", "y ~ normal(0, a);", "outside of <lower=0>"),
        ("", "y ~ normal(0, a < 0 ? not_a_number() : 1);", "`a < 0 ?` makes the density zero"),
    ],
)  # fmt: skip
def test_a_support_that_is_cut_elsewhere_than_by_declarations_is_refused(compute, blocks, model, words):
    own = "functions { real positive(real x) { if (x < 0) reject(x); return 0; } }"
    log_mass, reason = compute("real a;", f"a ~ normal(0, 1); {model}", blocks=blocks, functions=own)
    assert math.isnan(log_mass)
    assert words in reason


@pytest.mark.parametrize(
    "declared",
    [
        "real<lower=0> d = exp(a);", "real<lower=0> d = square(a);", "real<lower=0> d = 2 * sqrt(s);",
        "real<lower=0, upper=1> d = inv_logit(a);", "simplex[2] d = softmax([a, 0]');",
        "vector<lower=0>[2] d; for (i in 1:2) d[i] = s * exp(a) / 2;", "real<lower=1> d = 1 + s;",
        "ordered[2] d = logit(cumulative_sum(p)[1:2]);", "positive_ordered[3] d = cumulative_sum(p);",
        "real<lower=0> d = square(a); real<lower=0> e = inv(d);", "real d = a; if (N < 2) reject(N);",
    ],
)  # fmt: skip
def test_constraints_that_always_hold_cut_nothing(compute, declared):
    found = compute(
        "real a; real<lower=0> s; simplex[3] p;",
        "a ~ normal(0, 1); s ~ exponential(1); p ~ dirichlet([1, 1, 1]');",
        blocks=f"transformed parameters {{ {declared} }}",
    )
    assert found == (0.0, "")


@pytest.mark.parametrize(
    "model",
    [
        "for (i in 1:3) b[1] ~ normal(0, 3); b[2:3] ~ normal(0, 1);", "b[{1, 1, 2, 3}] ~ normal(0, 3);",
        "for (n in 1:N) b[g[n]] ~ normal(0, 3); b[3] ~ normal(0, 1);",
        "b[g] ~ normal(0, 3); b[3] ~ normal(0, 1);",
        "for (n in 1:2) b ~ normal(n, 3);", "for (i in 1:3) for (j in 1:2) b[i] ~ normal(j, 1);",
        "for (i in 1:2) for (j in 1:2) b[i + j - 1] ~ normal(0, 1);",
        "for (n in 1:N) b[min(n, 3)] ~ normal(0, 1);",
        "for (i in 1:3) { if (i < 3) b[1] ~ normal(0, 1); else b[2:3] ~ normal(0, 1); }",
    ],
)  # fmt: skip
def test_a_statement_executed_twice_for_one_element_is_not_one_prior(compute, model):
    """`for (i in 1:3) mu ~ normal(0, 3)` is the density to the power of three, and integrates to less."""
    four = "transformed data { array[4] int g = {1, 1, 2, 2}; }"
    log_mass, reason = compute("vector[3] b;", model.replace("1:N", "1:4"), own_data=four)
    assert math.isnan(log_mass)
    assert "line 1 is executed several times for the same element of `b`" in reason


@pytest.mark.parametrize(
    "model",
    [
        "b[1] ~ normal(b[2], 1); b[2:3] ~ normal(b[1], 1);", "b ~ normal(b, 1);",
        "b ~ normal(reverse(b), 1);",
        "b ~ normal(0, 1 + square(b));", "b ~ normal(mean(b), 1);",
        "b[1:2] ~ normal(b[2:3], 1); b[3] ~ normal(b[1], 1);",
        "for (i in 1:3) b[i] ~ normal(b[4 - i], 1);", "for (i in 1:3) b[i] ~ normal(sum(b) - b[i], 1);",
        "b ~ normal(0, s);", "b ~ multi_normal(append_row(0, b[1:2]), diag_matrix(rep_vector(1, 3)));",
    ],
)  # fmt: skip
def test_a_prior_that_depends_on_its_own_outcome_is_refused(compute, model):
    own = "transformed parameters { real s = 1 + square(b[1]); }"
    log_mass, reason = compute("vector[3] b;", model, blocks=own)
    assert math.isnan(log_mass)
    assert "depend on themselves" in reason or "depends on `b` itself" in reason


@pytest.mark.parametrize(
    "model",
    [
        "b[1] ~ normal(0, 3); for (k in 2:3) b[k] ~ normal(b[k - 1], 1);",
        "b[1] ~ normal(0, 3); b[2:3] ~ normal(0.5 * b[1:2], 1);",
        "b[1:2] ~ normal(0, 3); for (k in 3:3) b[k] ~ normal(2 * b[k - 1] - b[k - 2], exp(b[1]));",
        "b[3] ~ normal(0, 3); b[1:2] ~ normal(b[2:3], 1);",
        "for (k in 1:3) b[k] ~ normal(sum(b[1:(k - 1)]), 1);",
        "for (k in 1:2) b[k] ~ normal(b[3], 1); b[3] ~ normal(0, 1);",
    ],
)  # fmt: skip
def test_random_walks_and_chains_of_elements_integrate_to_one(compute, model):
    assert compute("vector[3] b;", model) == (0.0, "")


def test_a_random_walk_of_vectors_integrates_to_one(compute):
    model = "x[1] ~ normal(0, 1); for (k in 2:3) x[k] ~ multi_normal(x[k - 1], diag_matrix([1, 2]'));"
    assert compute("array[3] vector[2] x;", model) == (0.0, "")
    model = "for (i in 1:2) x[1, i] ~ normal(0, 1); "
    model += "for (t in 2:3) for (i in 1:2) x[t, i] ~ normal(x[t - 1, i], 1);"
    assert compute("array[3] vector[2] x;", model) == (0.0, "")


def test_statements_of_a_condition_that_does_not_hold_do_not_count(compute):
    log_mass, reason = compute("real<lower=0> s;", "if (N > 5) s ~ normal(1, 1); else s ~ normal(0, 1);")
    assert (log_mass, reason) == (pytest.approx(-math.log(2)), "")


def test_many_elements_take_no_time(compute):
    log_mass, _ = compute("vector<lower=0>[20000] s;", "s ~ normal(1, 2);")
    assert log_mass == pytest.approx(20_000 * stats.norm.logcdf(0.5))
    assert np.isfinite(log_mass)


def test_a_density_that_the_program_defines_is_not_taken_for_that_of_stan(integrate_prior):
    own = "functions { real normal_lpdf(real x, real mu) { return -square(x - mu); } }"
    mass = integrate_prior("real s;", "s ~ normal(0.0);", functions=own)
    assert "not a density of parameters themselves" in mass.reason


def test_weighted_terms_have_no_evidence(integrate_prior):
    mass = integrate_prior(
        "real s;", "s ~ normal(0, 1);", likelihood="y ~ normal(s, 1);", weights={"prior": 0.5}
    )
    assert math.isnan(mass.log_mass)
    assert "the prior is weighted" in mass.reason


def test_what_was_integrated_is_said(integrate_prior):
    mass = integrate_prior(
        "real<lower=0> s; real<lower=0, upper=4> u;",
        "s ~ normal(0, 1);",
        likelihood="target += -0.5 * dot_self(y - u);",
    )
    assert mass.log_mass == pytest.approx(math.log(0.5) + math.log(4))
    uniform, half, by_hand = mass.notes
    assert uniform == "`u` has no prior statement, and counts as uniform within its bounds."
    assert half == (
        "the prior on line 1 has the probability 0.5 within the constraints of `s`, and is divided by it."
    )
    assert "line 1 is written by hand" in by_hand


def test_a_jacobian_of_the_program_itself_changes_the_integral(integrate_prior):
    """`log_s ~ normal` with `jacobian += log_s` integrates to exp(1/2), and no term says so."""
    mass = integrate_prior(
        "real log_s;", "log_s ~ normal(0, 1);", blocks="transformed parameters { jacobian += log_s; }"
    )
    assert math.isnan(mass.log_mass)
    assert "adds a Jacobian of its own" in mass.reason


def test_a_constant_of_transformed_data_that_is_not_followed_is_named_as_such(compute):
    """It is no parameter, and is not said to be one."""
    own = "transformed data { real c = 1; if (N > 1) c = 2; }"
    log_mass, reason = compute("real<lower=1> s;", "s ~ normal(0, c);", own_data=own)
    assert math.isnan(log_mass)
    assert "the value of `c`" in reason
    assert "in a way that the workbench does not follow" in reason


@pytest.mark.parametrize("model", ["a ~ normal(m, 1);", "target += normal_lpdf(a | 0, [1, 2]');"])
def test_a_number_with_vectors_as_arguments_has_several_densities(compute, model):
    """`a ~ normal(m, 1)` with two means is the product of two densities, which does not integrate to one."""
    log_mass, reason = compute("real a;", model)
    assert math.isnan(log_mass)
    assert "is several densities of `a`" in reason


def test_normals_that_sum_to_zero_are_integrated_over_the_plane(compute):
    """Stan's coordinates are orthonormal: `x = (u, -u) / sqrt(2)` for two elements."""
    log_mass, _ = compute("sum_to_zero_vector[2] a;", "a ~ normal(0.3, 1.5);")
    normal = stats.norm(0.3, 1.5)
    expected = integrate_over(
        lambda u: normal.pdf(u / math.sqrt(2)) * normal.pdf(-u / math.sqrt(2)), (-np.inf, np.inf)
    )
    assert log_mass == pytest.approx(expected)
    twice, _ = compute("array[2] sum_to_zero_vector[2] a;", "for (i in 1 : 2) a[i] ~ normal(0.3, 1.5);")
    assert twice == pytest.approx(2 * expected)


@pytest.mark.parametrize(
    ("likelihood", "doubt"),
    [
        ("for (i in 1:N) target += 2 * normal_lpdf(y[i] | u, 1);", "multiplies log densities"),
        ("y - u ~ normal(0, 1);", "adds its Jacobian"),
        ("y ~ normal(u, 1);", ""),
        ("for (i in 1:N) target += log_mix(0.3, normal_lpdf(y[i] | u, 1), normal_lpdf(y[i] | 0, 1));", ""),
    ],
)
def test_a_likelihood_that_may_be_no_density_of_the_data_is_named(integrate_prior, likelihood, doubt):
    mass = integrate_prior("real u;", "u ~ normal(0, 1);", likelihood=likelihood)
    assert mass.log_mass == 0
    assert bool(mass.notes) == bool(doubt)
    assert doubt in "".join(mass.notes)


def test_a_posterior_written_as_a_density_has_no_evidence(integrate_prior):
    """It integrates to 1 over its parameter, and would seem to be the evidence of the data."""
    mass = integrate_prior("real u;", "u ~ normal(mean(y), 1);", likelihood="")
    assert math.isnan(mass.log_mass)
    assert "may be a prior or part of the likelihood" in mass.reason
