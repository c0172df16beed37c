"""Every outcome is replicated, or the reason why not is given."""

from __future__ import annotations

import pytest

from tests.program.conftest import NAMES, Programs
from workbench.program import Program

WORKBENCH = "drawn by the instrumented program"
AUTHOR = "drawn by the author's program"

OUTCOMES: dict[str, dict[str, str]] = {
    "abundance": {"y": "a sum over cases"},
    "areal": {"y": WORKBENCH},
    "autoregression": {"y": WORKBENCH, "z": WORKBENCH},
    "beta_binomial": {"y": WORKBENCH},
    "capture_recapture": {"y": "depending on `y` itself"},
    "categories": {"y": "several densities", "counts": WORKBENCH},
    "censored": {"y": "`y` does not hold", "limit": "hand-written"},
    "clusters": {},
    "control_flow": {"y": WORKBENCH},
    "correlated_effects": {"y": WORKBENCH},
    "data_dependent_prior": {"y": WORKBENCH},
    "data_in_program": {"y": WORKBENCH, "z": WORKBENCH},
    "differential_equation": {"y": WORKBENCH},
    "functions_adding": {"y": "added inside a function", "z": WORKBENCH},
    "functions_refused": {},
    "gaussian_process": {"y": WORKBENCH},
    "gaussian_process_marginal": {"y": WORKBENCH},
    "hand_written_noncentred": {"y": WORKBENCH},
    "heterogeneity": {"y": "depending on `y` itself"},
    "hidden_markov": {"y": "a sum over cases"},
    "hidden_prior": {"y": "no `both_rng`"},
    "horseshoe": {"y": WORKBENCH},
    "hurdle": {"y": "depending on `y` itself"},
    "included": {"y": WORKBENCH},
    "jacobian": {"y": WORKBENCH},
    "limit_of_detection": {"y": "depending on `y` itself"},
    "literal_vectors": {"y": WORKBENCH},
    "logistic_glm": {"y": WORKBENCH},
    "matrices": {"Y": "several densities", "z": WORKBENCH},
    "measurement_error": {"x_measured": WORKBENCH, "y": WORKBENCH},
    "missing_values": {"y_obs": "a density of `y`, which is not declared as data"},
    "mixture_log_mix": {"y": "a sum over cases"},
    "mixture_log_sum_exp": {"y": "a sum over cases"},
    "moving_average": {"y": "a density of `err`, which is not declared as data"},
    "multivariate": {"y": "several densities"},
    "no_prior": {"y": WORKBENCH},
    "occupancy": {"y": "depending on `y` itself"},
    "ordinal": {"y": "several densities"},
    "own_quantities": {"y": AUTHOR},
    "partial_likelihood": {},
    "penalised_spline": {"y": WORKBENCH},
    "poisson_glm": {"y": "several densities"},
    "priors_in_transformed": {"Y": WORKBENCH},
    "proportional_hazards": {},
    "ragged": {"y": WORKBENCH},
    "reads_target": {},
    "rectangles": {"y": "hand-written", "v": WORKBENCH, "X": "hand-written"},
    "reduce_sum_indices": {"y": "a sum over slices"},
    "regression_glm": {"y": WORKBENCH},
    "regression_hand_written": {},
    "regression_loop": {"y": WORKBENCH},
    "regression_own_density": {"y": "no `line_rng`"},
    "regression_reduce_sum": {"y": "a sum over slices"},
    "regression_residual": {"y": "neither a data variable nor elements of one", "z": "hand-written"},
    "regression_target": {"y": WORKBENCH},
    "regression_vectorised": {"y": WORKBENCH},
    "schools_affine": {"y": WORKBENCH},
    "schools_centred": {"y": WORKBENCH},
    "schools_noncentred": {"y": WORKBENCH},
    "shadowed_names": {"y": AUTHOR},
    "soft_constraint": {"y": WORKBENCH},
    "spatial": {"y": WORKBENCH},
    "spike_and_slab": {"y": WORKBENCH},
    "state_space": {"y": WORKBENCH},
    "survival": {"t_obs": "censored values", "t_cens": "censored values"},
    "topics": {},
    "transformed_prior": {"y": WORKBENCH},
    "truncated_data": {"y": "several densities", "k": "several densities"},
    "truncated_prior": {"y": WORKBENCH},
    "tuples": {"d": "neither a data variable nor elements of one"},
    "unclear_data": {"y": WORKBENCH},
    "unknown_size": {"k": "a sum over cases"},
    "zero_inflated": {"y": "depending on `y` itself"},
}
"""Every outcome of every test program: which program draws it, or words of the reason why neither does."""


def test_the_table_has_all_programs():
    assert sorted(OUTCOMES) == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_every_outcome_is_replicated_or_the_reason_is_given(programs: Programs, name: str):
    program = programs[name]
    replicates = {replicate.outcome: replicate for replicate in program.replicates}
    assert replicates.keys() == OUTCOMES[name].keys()
    obstacles = [item.message for item in program.obstacles if item.feature == "predictive"]
    for outcome, expected in OUTCOMES[name].items():
        replicate = replicates[outcome]
        if expected in {WORKBENCH, AUTHOR}:
            assert (replicate.name, replicate.reason) == (f"{outcome}_rep", "")
            assert replicate.is_drawn_by_author == (expected == AUTHOR)
        else:
            assert expected in replicate.reason
            assert replicate.name == ""
            assert any(f"`{outcome}`" in message and replicate.reason in message for message in obstacles)


def read_statement(
    program_from, outcome: str, statement: str, *, more: str = "", functions: str = ""
) -> Program:
    """Return a program with one likelihood statement."""
    program: Program = program_from(
        f"{functions} data {{ int N; int K; {outcome} {more} }} parameters {{ real a; real<lower=0> s; }} "
        f"model {{ a ~ normal(0, 1); s ~ exponential(1); {statement} }}"
    )
    assert program.instrumented is not None
    return program


_REAL_OUTCOME = "vector<lower=0, upper=1>[N] y;"
_COUNT_OUTCOME = "array[N] int<lower=0> y;"
_VECTOR_OUTCOME = "array[N] vector[K] y;"
STATEMENTS = [
    (_REAL_OUTCOME, "y ~ beta(s, s);"),
    (_REAL_OUTCOME, "y ~ beta_proportion(0.5, s);"),
    (_REAL_OUTCOME, "y ~ cauchy(a, s);"),
    (_REAL_OUTCOME, "y ~ chi_square(s);"),
    (_REAL_OUTCOME, "y ~ double_exponential(a, s);"),
    (_REAL_OUTCOME, "y ~ exp_mod_normal(a, s, s);"),
    (_REAL_OUTCOME, "y ~ exponential(s);"),
    (_REAL_OUTCOME, "y ~ frechet(s, s);"),
    (_REAL_OUTCOME, "y ~ gamma(s, s);"),
    (_REAL_OUTCOME, "y ~ gumbel(a, s);"),
    (_REAL_OUTCOME, "y ~ inv_chi_square(s);"),
    (_REAL_OUTCOME, "y ~ inv_gamma(s, s);"),
    (_REAL_OUTCOME, "y ~ logistic(a, s);"),
    (_REAL_OUTCOME, "y ~ loglogistic(s, s);"),
    (_REAL_OUTCOME, "y ~ lognormal(a, s);"),
    (_REAL_OUTCOME, "y ~ pareto(s, s);"),
    (_REAL_OUTCOME, "y ~ pareto_type_2(a, s, s);"),
    (_REAL_OUTCOME, "y ~ rayleigh(s);"),
    (_REAL_OUTCOME, "y ~ scaled_inv_chi_square(s, s);"),
    (_REAL_OUTCOME, "y ~ skew_double_exponential(a, s, 0.5);"),
    (_REAL_OUTCOME, "y ~ skew_normal(a, s, a);"),
    (_REAL_OUTCOME, "y ~ student_t(s, a, s);"),
    (_REAL_OUTCOME, "y ~ uniform(a, a + s);"),
    (_REAL_OUTCOME, "y ~ von_mises(a, s);"),
    (_REAL_OUTCOME, "y ~ weibull(s, s);"),
    (_REAL_OUTCOME, "log(y) ~ normal(a, s);"),
    (_REAL_OUTCOME, "logit(y) ~ normal(a, s);"),
    (_REAL_OUTCOME, "y[1:K] ~ normal(a, s); y[K + 1:] ~ normal(a, 1);"),
    (_REAL_OUTCOME, "segment(y, 2, K) ~ normal(a, s);"),
    (_REAL_OUTCOME, "head(y, K) ~ normal(a, s); tail(y, N - K) ~ normal(a, 2);"),
    (_REAL_OUTCOME, "y ~ multi_normal(rep_vector(a, N), diag_matrix(rep_vector(s, N)));"),
    (_REAL_OUTCOME, "y ~ multi_normal_prec(rep_vector(a, N), diag_matrix(rep_vector(s, N)));"),
    (_REAL_OUTCOME, "y ~ normal(a, s) T[0, 1];"),
    (_REAL_OUTCOME, "for (n in 1:N) target += normal_lpdf(y[n] | a, s);"),
    (_REAL_OUTCOME, "target += normal_lpdf(y | rep_vector(a, N), s);"),
    (_COUNT_OUTCOME, "y ~ bernoulli(inv_logit(a));"),
    (_COUNT_OUTCOME, "y ~ bernoulli_logit(a);"),
    (_COUNT_OUTCOME, "y ~ beta_binomial(10, s, s);"),
    (_COUNT_OUTCOME, "y ~ beta_neg_binomial(s, s, s);"),
    (_COUNT_OUTCOME, "y ~ binomial(10, inv_logit(a));"),
    (_COUNT_OUTCOME, "y ~ binomial_logit(10, a);"),
    (_COUNT_OUTCOME, "y ~ categorical(softmax([a, s]'));"),
    (_COUNT_OUTCOME, "y ~ categorical_logit([a, s]');"),
    (_COUNT_OUTCOME, "y ~ dirichlet_multinomial(rep_vector(s, N));"),
    (_COUNT_OUTCOME, "y ~ multinomial(rep_vector(1.0 / N, N) + 0 * a);"),
    (_COUNT_OUTCOME, "y ~ multinomial_logit(rep_vector(a, N));"),
    (_COUNT_OUTCOME, "y ~ neg_binomial(s, s);"),
    (_COUNT_OUTCOME, "y ~ neg_binomial_2(s, s);"),
    (_COUNT_OUTCOME, "y ~ neg_binomial_2_log(a, s);"),
    (_COUNT_OUTCOME, "y ~ ordered_logistic(rep_vector(a, N), [0, s]');"),
    (_COUNT_OUTCOME, "y ~ ordered_probit(rep_vector(a, N), [0, s]');"),
    (_COUNT_OUTCOME, "y ~ poisson(s);"),
    (_COUNT_OUTCOME, "y ~ poisson_log(a);"),
    (_COUNT_OUTCOME, "y ~ yule_simon(s);"),
    (_COUNT_OUTCOME, "for (n in 1:N) y[n] ~ poisson(s) T[1, ];"),
    (_COUNT_OUTCOME, "y ~ normal(a, s);"),
    (_COUNT_OUTCOME, "y ~ bernoulli_logit_glm(X, a, rep_vector(s, K));"),
    (_COUNT_OUTCOME, "y ~ binomial_logit_glm(10, X, a, rep_vector(s, K));"),
    (_COUNT_OUTCOME, "y ~ categorical_logit_glm(X, rep_vector(a, 3), rep_matrix(s, K, 3));"),
    (_COUNT_OUTCOME, "y ~ neg_binomial_2_log_glm(X, a, rep_vector(s, K), s);"),
    (_COUNT_OUTCOME, "y ~ ordered_logistic_glm(X, rep_vector(s, K), [0, s]');"),
    (_COUNT_OUTCOME, "y ~ poisson_log_glm(X, rep_vector(a, N), rep_vector(s, K));"),
    (_REAL_OUTCOME, "y ~ normal_id_glm(X, a, rep_vector(s, K), s);"),
    (_VECTOR_OUTCOME, "y ~ multi_normal(rep_vector(a, K), diag_matrix(rep_vector(s, K)));"),
    (_VECTOR_OUTCOME, "y ~ multi_normal_cholesky(rep_vector(a, K), diag_matrix(rep_vector(s, K)));"),
    (
        _VECTOR_OUTCOME,
        "for (n in 1:N) y[n] ~ multi_student_t(4, rep_vector(a, K), diag_matrix(rep_vector(s, K)));",
    ),
    (_VECTOR_OUTCOME, "for (n in 1:N) y[n] ~ normal(a, s);"),
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
def test_stanc_accepts_the_statements_that_draw(program_from, outcome: str, statement: str):
    """stanc checks the instrumented program; what it does not accept is the reason."""
    program = read_statement(program_from, outcome, statement, more="matrix[N, K] X;")
    (replicate,) = [replicate for replicate in program.replicates if replicate.outcome == "y"]
    assert replicate.reason == ""
    assert replicate.is_drawn_by_workbench
    assert program.instrumented is not None
    assert "y_rep" in program.instrumented.source


NOT_REPLICATED = [
    ("real y;", "y ~ normal(rep_vector(a, N), s);", "several densities of one value of `y`"),
    ("vector[N] y;", "y ~ normal(rep_vector(a, N), s) T[0, ];", "does not split into observations"),
    ("real y;", "y ~ wiener(s, 0.1, 0.5, a);", "is a `wiener` density, for which Stan has no generator"),
    ("real y;", "y ~ von_mises(a, s) T[0, 3];", "a draw may be whole turns away"),
    ("vector[N] y;", "target += normal_lpdf(y | a, s) - 1;", "partly subtracted"),
    ("vector[N] y;", "y ~ normal(a, s); y ~ cauchy(a, s);", "it has several densities"),
    ("vector[N] y;", "for (n in 1:N) if (y[n] > 0) y[n] ~ normal(a, s);", "depending on `y` itself"),
    (
        "vector[N] y;",
        "sum(y) ~ normal(a, s);",
        "a density of `sum(y)`, which is neither a data variable nor elements of one",
    ),
]


@pytest.mark.parametrize(("outcome", "statement", "reason"), NOT_REPLICATED)
def test_an_outcome_that_is_not_replicated_has_a_reason(
    program_from, outcome: str, statement: str, reason: str
):
    program = read_statement(program_from, outcome, statement)
    assert [replicate.name for replicate in program.replicates] == [""]
    assert reason in program.replicates[0].reason


def test_the_programs_own_generator_is_called(program_from):
    functions = (
        "functions { real shifted_lpdf(real y, real a, real s) { return normal_lpdf(y | a, s); } "
        "real shifted_rng(real a, real s) { return normal_rng(a, s); } }"
    )
    program = read_statement(
        program_from, "vector[N] y;", "for (n in 1:N) y[n] ~ shifted(a, s);", functions=functions
    )
    assert program.instrumented is not None
    assert "shifted_rng(a, s)" in program.instrumented.source.partition("y_rep")[2]


def test_reasons_use_the_names_that_the_author_wrote(program_from):
    """The residual is renamed where it is drawn, because the generated quantities declare one as well."""
    program = program_from(
        "data { int N; vector[N] y; } parameters { real a; } "
        "model { vector[N] r = y - a; r ~ normal(0, 1); } generated quantities { real r = a; }"
    )
    assert "is a density of `r`, which is not declared as data" in program.replicates[0].reason


def test_an_outcome_computed_in_transformed_data_is_repeated_beside_its_replicate(program_from):
    program = program_from(
        "data { int N; vector[N] y; } transformed data { vector[N] log_y = log(y); } "
        "parameters { real a; } model { log_y ~ normal(a, 1); }"
    )
    assert program.instrumented is not None
    outputs = program.instrumented.outputs
    assert dict(outputs.replicates) == {"log_y": "log_y_rep"}
    assert dict(outputs.observed) == {"log_y": "log_y_observed"}
    assert outputs.log_lik_order == (("log_y",),)
    assert program.replicates[0].distributions == ("normal",)


def test_an_outcome_that_stanc_does_not_accept_costs_no_other(program_from):
    """The author's generator takes an integer and would get a real: only its outcome is lost."""
    functions = (
        "functions { real odd_lpdf(real y, real a) { return normal_lpdf(y | a, 1); } "
        "real odd_rng(int a) { return normal_rng(a, 1); } }"
    )
    program = program_from(
        f"{functions} data {{ int N; vector[N] y; vector[N] z; }} parameters {{ real a; }} "
        "model { for (n in 1:N) y[n] ~ odd(a); z ~ normal(a, 1); }"
    )
    replicates = {replicate.outcome: replicate for replicate in program.replicates}
    assert "stanc" in replicates["y"].reason
    assert replicates["z"].is_drawn_by_workbench
    assert program.instrumented is not None


def test_branches_that_exclude_each_other_draw_one_outcome(program_from):
    statement = "for (n in 1:N) { if (K > 1) y[n] ~ normal(a, s); else y[n] ~ cauchy(a, s); }"
    program = read_statement(program_from, "vector[N] y;", statement)
    assert program.replicates[0].distributions == ("normal", "cauchy")
    assert program.replicates[0].is_drawn_by_workbench


def test_names_in_use_are_not_taken(program_from):
    """The author has a `y_rep` of another size, and declares `eta` in the model block and after it."""
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
    assert program.replicates[0].is_drawn_by_workbench
    assert program.instrumented.switch == "replicating_2"
