"""Outcomes drawn anew: which, from what, and for each of the others the reason why not."""

from __future__ import annotations

import pytest

from tests.program.conftest import NAMES, Library
from workbench.program import Program

OURS = "drawn by the instrumented program"
OWN = "drawn by the author's"

# Every outcome of every test program: who draws it anew, or the words that say why nobody does.
TABLE: dict[str, dict[str, str]] = {
    "abundance": {"y": "a sum over cases"},
    "areal": {"y": OURS},
    "autoregression": {"y": OURS, "z": OURS},
    "beta_binomial": {"y": OURS},
    "capture_recapture": {"y": "depending on `y` itself"},
    "categories": {"y": "several densities", "counts": OURS},
    "censored": {"y": "tells of values that are not among it", "limit": "written by hand"},
    "clusters": {},
    "control_flow": {"y": OURS},
    "correlated_effects": {"y": OURS},
    "data_dependent_prior": {"y": OURS},
    "data_in_program": {"y": OURS, "z": OURS},
    "differential_equation": {"y": OURS},
    "functions_adding": {"y": "added inside a function", "z": OURS},
    "functions_refused": {},
    "gaussian_process": {"y": OURS},
    "gaussian_process_marginal": {"y": OURS},
    "hand_written_noncentred": {"y": OURS},
    "heterogeneity": {"y": "depending on `y` itself"},
    "hidden_markov": {"y": "a sum over cases"},
    "hidden_prior": {"y": "without a `both_rng`"},
    "horseshoe": {"y": OURS},
    "hurdle": {"y": "depending on `y` itself"},
    "included": {"y": OURS},
    "jacobian": {"y": OURS},
    "limit_of_detection": {"y": "depending on `y` itself"},
    "literal_vectors": {"y": OURS},
    "logistic_glm": {"y": OURS},
    "matrices": {"Y": "several densities", "z": OURS},
    "measurement_error": {"x_measured": OURS, "y": OURS},
    "missing_values": {"y_obs": "a density of `y`, which is not declared as data"},
    "mixture_log_mix": {"y": "a sum over cases"},
    "mixture_log_sum_exp": {"y": "a sum over cases"},
    "moving_average": {"y": "a density of `err`, which is not declared as data"},
    "multivariate": {"y": "several densities"},
    "no_prior": {"y": OURS},
    "occupancy": {"y": "depending on `y` itself"},
    "ordinal": {"y": "several densities"},
    "own_quantities": {"y": OWN},
    "partial_likelihood": {},
    "penalised_spline": {"y": OURS},
    "poisson_glm": {"y": "several densities"},
    "priors_in_transformed": {"Y": OURS},
    "proportional_hazards": {},
    "ragged": {"y": OURS},
    "reads_target": {},
    "rectangles": {"y": "written by hand", "v": OURS, "X": "written by hand"},
    "reduce_sum_indices": {"y": "a sum in slices"},
    "regression_glm": {"y": OURS},
    "regression_hand_written": {},
    "regression_loop": {"y": OURS},
    "regression_own_density": {"y": "without a `line_rng`"},
    "regression_reduce_sum": {"y": "a sum in slices"},
    "regression_residual": {"y": "not data as they are", "z": "written by hand"},
    "regression_target": {"y": OURS},
    "regression_vectorised": {"y": OURS},
    "schools_affine": {"y": OURS},
    "schools_centred": {"y": OURS},
    "schools_noncentred": {"y": OURS},
    "shadowed_names": {"y": OWN},
    "soft_constraint": {"y": OURS},
    "spatial": {"y": OURS},
    "spike_and_slab": {"y": OURS},
    "state_space": {"y": OURS},
    "survival": {"t_obs": "censored values", "t_cens": "censored values"},
    "topics": {},
    "transformed_prior": {"y": OURS},
    "truncated_data": {"y": "several densities", "k": "several densities"},
    "truncated_prior": {"y": OURS},
    "tuples": {"d": "not data as they are"},
    "unclear_data": {"y": OURS},
    "unknown_size": {"k": "a sum over cases"},
    "zero_inflated": {"y": "depending on `y` itself"},
}


def test_the_table_is_of_all_programs():
    assert sorted(TABLE) == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_every_outcome_is_drawn_anew_or_the_reason_is_said(library: Library, name: str):
    program = library[name]
    found = {one.outcome: one for one in program.replicates}
    assert found.keys() == TABLE[name].keys()
    for outcome, expected in TABLE[name].items():
        one = found[outcome]
        if expected in {OURS, OWN}:
            assert (one.name, one.is_own, one.reason) == (f"{outcome}_rep", expected == OWN, "")
        else:
            assert expected in one.reason
            assert one.name == ""
            said = [item.message for item in program.obstacles if item.feature == "predictive"]
            assert f"`{outcome}` cannot be drawn anew: {one.reason}." in said


def read(program_from, outcome: str, statement: str, *, more: str = "", functions: str = "") -> Program:
    """Return a program with one likelihood statement."""
    program: Program = program_from(
        f"{functions} data {{ int N; int K; {outcome} {more} }} parameters {{ real a; real<lower=0> s; }} "
        f"model {{ a ~ normal(0, 1); s ~ exponential(1); {statement} }}"
    )
    assert program.instrumented is not None
    return program


REAL = "vector<lower=0, upper=1>[N] y;"
COUNT = "array[N] int<lower=0> y;"
WHOLE = "array[N] vector[K] y;"
STATEMENTS = [
    (REAL, "y ~ beta(s, s);"),
    (REAL, "y ~ beta_proportion(0.5, s);"),
    (REAL, "y ~ cauchy(a, s);"),
    (REAL, "y ~ chi_square(s);"),
    (REAL, "y ~ double_exponential(a, s);"),
    (REAL, "y ~ exp_mod_normal(a, s, s);"),
    (REAL, "y ~ exponential(s);"),
    (REAL, "y ~ frechet(s, s);"),
    (REAL, "y ~ gamma(s, s);"),
    (REAL, "y ~ gumbel(a, s);"),
    (REAL, "y ~ inv_chi_square(s);"),
    (REAL, "y ~ inv_gamma(s, s);"),
    (REAL, "y ~ logistic(a, s);"),
    (REAL, "y ~ loglogistic(s, s);"),
    (REAL, "y ~ lognormal(a, s);"),
    (REAL, "y ~ pareto(s, s);"),
    (REAL, "y ~ pareto_type_2(a, s, s);"),
    (REAL, "y ~ rayleigh(s);"),
    (REAL, "y ~ scaled_inv_chi_square(s, s);"),
    (REAL, "y ~ skew_double_exponential(a, s, 0.5);"),
    (REAL, "y ~ skew_normal(a, s, a);"),
    (REAL, "y ~ student_t(s, a, s);"),
    (REAL, "y ~ uniform(a, a + s);"),
    (REAL, "y ~ von_mises(a, s);"),
    (REAL, "y ~ weibull(s, s);"),
    (REAL, "log(y) ~ normal(a, s);"),
    (REAL, "logit(y) ~ normal(a, s);"),
    (REAL, "y[1:K] ~ normal(a, s); y[K + 1:] ~ normal(a, 1);"),
    (REAL, "segment(y, 2, K) ~ normal(a, s);"),
    (REAL, "head(y, K) ~ normal(a, s); tail(y, N - K) ~ normal(a, 2);"),
    (REAL, "y ~ multi_normal(rep_vector(a, N), diag_matrix(rep_vector(s, N)));"),
    (REAL, "y ~ multi_normal_prec(rep_vector(a, N), diag_matrix(rep_vector(s, N)));"),
    (REAL, "y ~ normal(a, s) T[0, 1];"),
    (REAL, "for (n in 1:N) target += normal_lpdf(y[n] | a, s);"),
    (REAL, "target += normal_lpdf(y | rep_vector(a, N), s);"),
    (COUNT, "y ~ bernoulli(inv_logit(a));"),
    (COUNT, "y ~ bernoulli_logit(a);"),
    (COUNT, "y ~ beta_binomial(10, s, s);"),
    (COUNT, "y ~ beta_neg_binomial(s, s, s);"),
    (COUNT, "y ~ binomial(10, inv_logit(a));"),
    (COUNT, "y ~ binomial_logit(10, a);"),
    (COUNT, "y ~ categorical(softmax([a, s]'));"),
    (COUNT, "y ~ categorical_logit([a, s]');"),
    (COUNT, "y ~ dirichlet_multinomial(rep_vector(s, N));"),
    (COUNT, "y ~ multinomial(rep_vector(1.0 / N, N) + 0 * a);"),
    (COUNT, "y ~ multinomial_logit(rep_vector(a, N));"),
    (COUNT, "y ~ neg_binomial(s, s);"),
    (COUNT, "y ~ neg_binomial_2(s, s);"),
    (COUNT, "y ~ neg_binomial_2_log(a, s);"),
    (COUNT, "y ~ ordered_logistic(rep_vector(a, N), [0, s]');"),
    (COUNT, "y ~ ordered_probit(rep_vector(a, N), [0, s]');"),
    (COUNT, "y ~ poisson(s);"),
    (COUNT, "y ~ poisson_log(a);"),
    (COUNT, "y ~ yule_simon(s);"),
    (COUNT, "for (n in 1:N) y[n] ~ poisson(s) T[1, ];"),
    (COUNT, "y ~ normal(a, s);"),
    (COUNT, "y ~ bernoulli_logit_glm(X, a, rep_vector(s, K));"),
    (COUNT, "y ~ binomial_logit_glm(10, X, a, rep_vector(s, K));"),
    (COUNT, "y ~ categorical_logit_glm(X, rep_vector(a, 3), rep_matrix(s, K, 3));"),
    (COUNT, "y ~ neg_binomial_2_log_glm(X, a, rep_vector(s, K), s);"),
    (COUNT, "y ~ ordered_logistic_glm(X, rep_vector(s, K), [0, s]');"),
    (COUNT, "y ~ poisson_log_glm(X, rep_vector(a, N), rep_vector(s, K));"),
    (REAL, "y ~ normal_id_glm(X, a, rep_vector(s, K), s);"),
    (WHOLE, "y ~ multi_normal(rep_vector(a, K), diag_matrix(rep_vector(s, K)));"),
    (WHOLE, "y ~ multi_normal_cholesky(rep_vector(a, K), diag_matrix(rep_vector(s, K)));"),
    (WHOLE, "for (n in 1:N) y[n] ~ multi_student_t(4, rep_vector(a, K), diag_matrix(rep_vector(s, K)));"),
    (WHOLE, "for (n in 1:N) y[n] ~ normal(a, s);"),
    ("array[N] simplex[K] y;", "for (n in 1:N) y[n] ~ dirichlet(rep_vector(s, K));"),
    ("array[N, K] int y;", "for (n in 1:N) y[n] ~ poisson(s);"),
    ("array[N, K] int y;", "for (k in 1:K) y[:, k] ~ poisson(s);"),
    ("array[N, K] int y;", "to_array_1d(y) ~ poisson(s);"),
    ("matrix[N, K] y;", "to_vector(y) ~ normal(a, s);"),
    ("matrix[N, K] y;", "for (k in 1:K) col(y, k) ~ normal(a, s);"),
    ("matrix[N, K] y;", "for (n in 1:N) y[n] ~ normal(a, s);"),
    ("array[N] cov_matrix[K] y;", "for (n in 1:N) y[n] ~ wishart(K + s, identity_matrix(K));"),
    ("array[N] corr_matrix[K] y;", "for (n in 1:N) y[n] ~ lkj_corr(s);"),
    ("cholesky_factor_corr[K] y;", "y ~ lkj_corr_cholesky(s);"),
    ("array[K] int i; vector[N] y;", "y[i] ~ normal(a, s);"),
    ("row_vector[N] y;", "y ~ normal(a, s);"),
    ("real y;", "y ~ normal(a, s);"),
    ("int y;", "y ~ poisson(s);"),
]


@pytest.mark.parametrize(("outcome", "statement"), STATEMENTS)
def test_stanc_accepts_what_draws_from_it(program_from, outcome: str, statement: str):
    """Reading asks stanc about the instrumented program; what it refuses would be given as the reason."""
    program = read(program_from, outcome, statement, more="matrix[N, K] X;")
    found = {one.outcome: one for one in program.replicates}
    assert found["y"].reason == ""
    assert found["y"].is_ours
    assert program.instrumented is not None
    assert "y_rep" in program.instrumented.source


REFUSED = [
    ("real y;", "y ~ normal(rep_vector(a, N), s);", "several densities of one value of `y`"),
    ("vector[N] y;", "y ~ normal(rep_vector(a, N), s) T[0, ];", "does not split into observations"),
    ("real y;", "y ~ wiener(s, 0.1, 0.5, a);", "is a `wiener`, for which Stan has no generator"),
    ("vector[N] y;", "target += normal_lpdf(y | a, s) - 1;", "subtracted in part"),
    ("vector[N] y;", "y ~ normal(a, s); y ~ cauchy(a, s);", "it has several densities"),
    ("vector[N] y;", "for (n in 1:N) if (y[n] > 0) y[n] ~ normal(a, s);", "depending on `y` itself"),
    ("vector[N] y;", "sum(y) ~ normal(a, s);", "a density of `sum(y)`, which is not data as they are"),
]


@pytest.mark.parametrize(("outcome", "statement", "words"), REFUSED)
def test_what_is_not_drawn_has_its_reason(program_from, outcome: str, statement: str, words: str):
    program = read(program_from, outcome, statement)
    assert [one.name for one in program.replicates] == [""]
    assert words in program.replicates[0].reason


def test_the_programs_own_generator_is_called(program_from):
    functions = (
        "functions { real shifted_lpdf(real y, real a, real s) { return normal_lpdf(y | a, s); } "
        "real shifted_rng(real a, real s) { return normal_rng(a, s); } }"
    )
    program = read(program_from, "vector[N] y;", "for (n in 1:N) y[n] ~ shifted(a, s);", functions=functions)
    assert program.instrumented is not None
    assert "shifted_rng(a, s)" in program.instrumented.source.partition("y_rep")[2]


def test_the_author_reads_the_names_he_wrote(program_from):
    """The residual is renamed where it is drawn from, because the generated quantities have one too."""
    program = program_from(
        "data { int N; vector[N] y; } parameters { real a; } "
        "model { vector[N] r = y - a; r ~ normal(0, 1); } generated quantities { real r = a; }"
    )
    assert "is a density of `r`, which is not declared as data" in program.replicates[0].reason


def test_an_outcome_that_transformed_data_make_is_repeated_beside_its_replicate(program_from):
    program = program_from(
        "data { int N; vector[N] y; } transformed data { vector[N] log_y = log(y); } "
        "parameters { real a; } model { log_y ~ normal(a, 1); }"
    )
    ours = program.instrumented
    assert ours is not None
    assert dict(ours.outputs.replicates) == {"log_y": "log_y_rep"}
    assert dict(ours.outputs.observed) == {"log_y": "log_y_observed"}
    assert ours.outputs.entries == (("log_y",),)
    assert program.replicates[0].distributions == ("normal",)


def test_what_stanc_refuses_costs_no_other_outcome(program_from):
    """A generator of the author's that wants an integer cannot be given a real: only its outcome is lost."""
    functions = (
        "functions { real odd_lpdf(real y, real a) { return normal_lpdf(y | a, 1); } "
        "real odd_rng(int a) { return normal_rng(a, 1); } }"
    )
    program = program_from(
        f"{functions} data {{ int N; vector[N] y; vector[N] z; }} parameters {{ real a; }} "
        "model { for (n in 1:N) y[n] ~ odd(a); z ~ normal(a, 1); }"
    )
    found = {one.outcome: one for one in program.replicates}
    assert "stanc does not accept" in found["y"].reason
    assert found["z"].is_ours
    assert program.instrumented is not None


def test_branches_that_exclude_each_other_draw_one_outcome(program_from):
    statement = "for (n in 1:N) { if (K > 1) y[n] ~ normal(a, s); else y[n] ~ cauchy(a, s); }"
    program = read(program_from, "vector[N] y;", statement)
    assert program.replicates[0].distributions == ("normal", "cauchy")
    assert program.replicates[0].is_ours


def test_names_of_the_author_are_not_taken(program_from):
    """The author has a `y_rep` of another size, and declares `eta` both in the model and after it."""
    program = program_from(
        "data { int N; vector[N] y; } parameters { real a; } "
        "model { vector[N] eta = rep_vector(a, N); for (n in 1:N) { y[n] ~ normal(eta[n], 1); } } "
        "generated quantities { real eta = a; real y_rep = a; int n = 3; }"
    )
    assert program.instrumented is not None
    assert program.replicates[0].name == "y_rep_2"
    program = program_from(
        "data { int N; vector[N] y; } parameters { real a; } "
        "model { vector[N] eta = rep_vector(a, N); for (n in 1:N) { y[n] ~ normal(eta[n], 1); } } "
        "generated quantities { real eta = a; int n = 3; int replicating = 1; int drawn = 2; }"
    )
    assert program.instrumented is not None
    assert program.replicates[0].is_ours
    assert program.instrumented.switch == "replicating_2"


def test_the_switch_is_off_unless_replicates_are_wanted(library: Library):
    ours = library["schools_centred"].instrumented
    assert ours is not None
    assert ours.data()["replicating"] == 0
    assert ours.data(replicating=True)["replicating"] == 1
    assert "replicating" in ours.data_names
    assert dict(ours.outputs.replicates) == {"y": "y_rep"}
