"""Formulas read from programs are the numbers that NumPy computes from the same statement."""

import numpy as np
import pytest
from scipy import special

from workbench.errors import RequestError
from workbench.exporting.columns import BoundColumns, Feature
from workbench.exporting.formula import find_formula
from workbench.exporting.interpreter import Interpreter
from workbench.exporting.values import ByRow, Known, RowCount
from workbench.program.syntax import nodes as n

DRAWS, ROWS, LEVELS = 7, 5, 3

RANDOM = np.random.default_rng(20)

DATA = """
data {
  int N; int K; int J; int D;
  matrix[N, K] X; vector[N] x; vector[N] z; vector<lower=0>[N] exposure;
  array[N] int<lower=1, upper=J> group; array[N] int trials;
  array[N] int<lower=1, upper=D> area;
  vector[N] y; array[N] int count;
  vector[J] u; vector[2] known;
}
transformed data { TRANSFORMED }
parameters {
  real alpha; real b; vector[K] beta; vector[J] level; matrix[J, K] slopes;
  real<lower=0> sigma; real<lower=1> nu;
}
transformed parameters { PARAMETERS }
model { MODEL }
"""

A = {
    "alpha": RANDOM.normal(size=DRAWS), "b": RANDOM.normal(size=DRAWS),
    "beta": RANDOM.normal(size=(DRAWS, 2)), "level": RANDOM.normal(size=(DRAWS, LEVELS)),
    "slopes": RANDOM.normal(size=(DRAWS, LEVELS, 2)),
    "sigma": RANDOM.uniform(0.5, 2, DRAWS), "nu": RANDOM.uniform(2, 9, DRAWS),
}  # fmt: skip
"""Draws of the parameters."""

R = {
    "X": RANDOM.normal(size=(ROWS, 2)), "x": RANDOM.normal(size=ROWS), "z": RANDOM.normal(size=ROWS),
    "exposure": RANDOM.uniform(1, 5, ROWS), "group": np.array([3, 1, 2, 2, 1]),
    "trials": np.arange(2, 7), "area": np.array([1, 2, 2, 1, 1]),
}  # fmt: skip
"""Rows."""

U, KNOWN_DATA = np.array([0.5, -1.0, 2.0]), np.array([10.0, 4.0])

alpha, b, sigma = (A[name][:, None] for name in ("alpha", "b", "sigma"))
XB = A["beta"] @ R["X"].T
BY_GROUP = A["level"][:, R["group"] - 1]
SLOPES = np.einsum("snk,nk->sn", A["slopes"][:, R["group"] - 1], R["X"])

rx, rz, exposed, trials = R["x"], R["z"], R["exposure"], R["trials"]
LINE = alpha + b * rx
CELLS = A["slopes"][:, R["group"] - 1, R["area"] - 1]
FIRST, SECOND = A["beta"][:, :1], A["beta"][:, 1:]

IDENTITY = {
    "y ~ normal(alpha + b * x, sigma);": LINE,
    "for (n in 1:N) y[n] ~ normal(alpha + b * x[n] + X[n] * beta, sigma);": LINE + XB,
    "y ~ normal(X * beta + alpha - z, exp(x));": XB + alpha - rz,
    "y ~ normal_id_glm(X, alpha + x, beta, sigma);": XB + alpha + rx,
    "target += normal_lpdf(y | alpha - b * x ./ 2, sigma);": alpha - b * rx / 2,
    "target += normal_lupdf(y | -(alpha - x * b), sigma);": b * rx - alpha,
    "vector[N] mu = alpha + x * b; mu += z; y ~ normal(mu, sigma);": LINE + rz,
    "for (n in 1:N) { real m = alpha; m += b * x[n]; y[n] ~ student_t(nu, m, sigma); }": LINE,
    "vector[N] mu; for (n in 1:N) { mu[n] = alpha * x[n] + level[group[n]]; } "
    "y ~ double_exponential(mu, sigma);": alpha * rx + BY_GROUP,
    "y ~ normal(alpha + b * square(x) + beta[1] * x .* z + beta[2] * x^3, sigma);": alpha
    + b * rx**2 + FIRST * rx * rz + SECOND * rx**3,
    "y ~ normal(level[group] + X * beta, sigma);": BY_GROUP + XB,
    "for (n in 1:N) y[n] ~ normal(level[group[n]] + X[n] * slopes[group[n]]', sigma);": BY_GROUP + SLOPES,
    "y ~ normal(rows_dot_product(X, slopes[group]), sigma);": SLOPES,
    "y ~ normal(slopes[group, 2] .* x, sigma);": A["slopes"][:, R["group"] - 1, 1] * rx,
    "y ~ normal(level[group] .* slopes[group, 1], 1);": BY_GROUP * A["slopes"][:, R["group"] - 1, 0],
    "y ~ normal(level[group] .* beta[area] + x, 1);": BY_GROUP * A["beta"][:, R["area"] - 1] + rx,
    "y ~ normal(beta[area] .* level[group] .* x, 1);": BY_GROUP * A["beta"][:, R["area"] - 1] * rx,
    "for (n in 1:N) y[n] ~ normal(slopes[group[n], area[n]] * x[n], 1);": CELLS * rx,
    "for (n in 1:N) y[n] ~ normal((slopes')[area[n], group[n]] - beta[area[n]], 1);": CELLS
    - A["beta"][:, R["area"] - 1],
    "y ~ normal(alpha + b * u[group], sigma);": alpha + b * U[R["group"] - 1],
    "y ~ normal(append_col(x, z) * beta + dot_product(known, beta), sigma);": FIRST * rx
    + SECOND * rz + (A["beta"] @ KNOWN_DATA)[:, None],
    "y ~ normal(X[, 2] * b + col(X, 1) / sigma, 1);": R["X"][:, 1] * b + R["X"][:, 0] / sigma,
    "for (n in 1:N) y[n] ~ normal(dot_product(X[n], beta) + sum(X[n]), 1);": XB + R["X"].sum(axis=1),
    "y ~ normal(rep_vector(alpha, N) + fma(b, x, z), sigma);": LINE + rz,
    "if (D > 1) y ~ normal(alpha, 1); else y ~ normal(x, 1);": alpha + 0 * rx,
    "y ~ normal(alpha + b * to_vector(trials), 1);": alpha + b * trials,
    "y ~ normal(alpha, sigma);": alpha + 0 * rx,
    "y ~ skew_double_exponential(alpha + b * x, sigma, 0.2);": LINE + sigma * 0.6 / 0.32,
    "beta ~ multi_normal(known, identity_matrix(2)); y ~ normal(alpha + x, 1);": alpha + rx,
}  # fmt: skip
LOGIT = {
    "count ~ bernoulli_logit(alpha + X * beta);": special.expit(alpha + XB),
    "count ~ bernoulli_logit_glm(X, level[group], beta);": special.expit(BY_GROUP + XB),
    "count ~ bernoulli(inv_logit(alpha + x * b));": special.expit(LINE),
    "count ~ binomial_logit(trials, alpha + x * b);": trials * special.expit(LINE),
    "count ~ binomial_logit_glm(trials, X, alpha, beta);": trials * special.expit(alpha + XB),
    "y ~ beta_proportion(inv_logit(x * b), nu);": special.expit(b * rx),
}
LOG = {
    "count ~ poisson_log(alpha + log(exposure) + x * b);": exposed * np.exp(LINE),
    "count ~ poisson_log_glm(X, log(exposure) + alpha, beta);": exposed * np.exp(alpha + XB),
    "count ~ poisson(exposure .* exp(alpha + x * b));": exposed * np.exp(LINE),
    "for (n in 1:N) { real r = exp(alpha) * exp(b * x[n]); count[n] ~ neg_binomial_2(exposure[n] * r, 1); }":
    exposed * np.exp(LINE),
    "count ~ neg_binomial_2_log_glm(X, alpha, beta, sigma);": np.exp(alpha + XB),
    "vector[N] r; for (n in 1:N) r[n] = exp(b * x[n]); count ~ poisson(r);": np.exp(b * rx),
    "y ~ gamma(nu, nu ./ exp(alpha + x * b));": np.exp(LINE),
    "y ~ exponential(exp(-(alpha + x * b)));": np.exp(LINE),
    "y ~ lognormal(alpha + x * b, sigma);": np.exp(LINE + sigma**2 / 2),
}  # fmt: skip
"""By the link: model blocks, and the expectation by draw and row."""

CASES = [
    (link, *case)
    for link, cases in (("identity", IDENTITY), ("logit", LOGIT), ("log", LOG))
    for case in cases.items()
]

REFUSED = {
    "y ~ normal(square(alpha + b * x), sigma) T[0, ];": "is truncated",
    "y ~ normal(exp(b * x) + alpha, sigma);": "the inverse of the link log",
    "y ~ normal(Phi(alpha + x), sigma);": "calls `Phi` of what varies between rows",
    "y ~ normal(inv_logit(x * b) .* exp(z * b), sigma);": "multiplies inverses of links",
    "y ~ normal(x ./ z, sigma);": "divides by what varies between rows",
    "y ~ normal(alpha * x[1], sigma);": "picks some of the rows",
    "y ~ normal(b * y, sigma);": "needs the outcome in column `y`",
    "for (n in 2:N) y[n] ~ normal(b * y[n - 1], sigma);": "leaves out rows",
    "for (n in 1:N) y[n] ~ normal(b * n, sigma);": "uses the number of a row",
    "for (n in 1:N) { if (x[n] > 0) y[n] ~ normal(alpha, 1); else y[n] ~ normal(b, 1); }": "takes `>` of",
    "y ~ normal(alpha, sigma); y ~ normal(b * x, sigma);": "2 statements are densities of it",
    "target += normal_lpdf(y | alpha, sigma) + normal_lpdf(x | b, 1);": "is more than a density of `y`",
    "count ~ categorical_logit(beta);": "has the distribution `categorical_logit`",
    "y ~ multi_normal(rep_vector(alpha, N), identity_matrix(N));": "has the distribution `multi_normal`",
    "exp(y) ~ normal(alpha + x, sigma);": "is a density of a function of its outcome",
    "y ~ cauchy(alpha, sigma);": "has the distribution `cauchy`",
    "y ~ student_t(1, alpha, sigma);": "has no mean where there is one degree of freedom",
    "y ~ normal(level[trials], sigma);": "takes elements by what is no column of groups",
    "y ~ normal(alpha + mean(x), sigma);": "calls `mean` of what varies between rows",
    "if (b > 0) y ~ normal(alpha, sigma); else y ~ normal(x, 1);": "decides draw by draw",
    "while (N > 100) { } y ~ normal(unknown, sigma);": "calls `erf`",
}
"""Model blocks that are refused, and a part of the words."""


@pytest.fixture(scope="module")
def derive(program_from):
    """Return the formula of a model block, with its program run."""

    def run(model, *, transformed="vector[N] unknown = erf(x);", parameters=""):
        text = (
            DATA.replace("TRANSFORMED", transformed).replace("PARAMETERS", parameters).replace("MODEL", model)
        )
        tree = program_from(text).tree
        columns = make_columns()
        known = {name: Known(n.Type(*TYPES[name]), values, is_data=False) for name, values in A.items()}
        interpreter = Interpreter(
            {**columns.values, **known}, {}, frozenset({"y", "count"}), {"group": LEVELS, "area": 2}
        )
        for block in ("transformed data", "transformed parameters", "model"):
            interpreter.run(tree.get_block(block))
        outcome = "count" if "count" in model else "y"
        return find_formula(interpreter, columns, outcome), interpreter

    return run


TYPES = {
    "alpha": ("real",), "b": ("real",), "beta": ("vector",), "level": ("vector",), "slopes": ("matrix",),
    "sigma": ("real",), "nu": ("real",),
}  # fmt: skip


def make_columns():
    columns = BoundColumns()
    columns.values |= {"N": RowCount()}
    for name, value in (("K", 2.0), ("J", 3.0), ("D", 2.0)):
        columns.values[name] = Known(n.INT, np.array([value]))
    columns.values["u"] = Known(n.Type("vector"), U[None])
    columns.values["known"] = Known(n.Type("vector"), KNOWN_DATA[None])
    for name in ("x", "z", "exposure", "y"):
        columns.values[name] = _bind(columns, name, n.Type("vector"))
    for name in ("group", "area", "trials", "count"):
        columns.values[name] = _bind(columns, name, n.Type("int", 1))
    elements = np.empty(2, dtype=object)
    elements[:] = [columns.add(Feature(f"X{k}"), f"X{k}") for k in range(2)]
    columns.values["X"] = ByRow(n.Type("matrix"), elements, has_axis=True)
    columns.outcomes |= {"y", "count"}
    return columns


def _bind(columns, name, kind):
    elements = np.empty((), dtype=object)
    elements[()] = columns.add(Feature(name), name)
    return ByRow(kind, elements, has_axis=True)


def compute(linear, interpreter):
    """Return a sum of products at each draw and row, `(s, n)`."""
    values = {**R, "X0": R["X"][:, 0], "X1": R["X"][:, 1]}
    for name, (function, of) in interpreter.derived.items():
        values[name] = getattr(np, function)(_add_up(of, values))[0]
    return _add_up(linear, values)


def _add_up(linear, values):
    total = np.zeros((1, ROWS))
    for (features, groups), coefficients in linear.terms.items():
        chosen = coefficients[(slice(None), *(values[group] - 1 for group in groups))]
        term = chosen if groups else chosen[:, None]
        for feature in features:
            term = term * values[feature]
        total = total + term
    return total


@pytest.mark.parametrize(("link", "model", "expected"), CASES, ids=[case[1] for case in CASES])
def test_a_formula_is_what_numpy_computes(derive, link, model, expected):
    formula, interpreter = derive(model)
    predictor = compute(formula.predictor, interpreter)
    undone = {"identity": predictor, "logit": special.expit(predictor), "log": np.exp(predictor)}[link]
    found = compute(formula.multiplier, interpreter) * undone
    np.testing.assert_allclose(np.broadcast_to(found, (DRAWS, ROWS)), expected, rtol=1e-12, atol=1e-12)
    assert formula.link == link


@pytest.mark.parametrize("model", REFUSED)
def test_other_expectations_are_refused_with_their_reason(derive, model):
    with pytest.raises(RequestError) as caught:
        derive(model)
    assert caught.value.message.startswith("the expectation of `")
    assert REFUSED[model] in caught.value.message
    assert "identity, logit and log" in str(caught.value.hint)


def test_transformed_data_and_parameters_are_read(derive):
    """Scales, rotations and offsets that are made before the model block."""
    formula, interpreter = derive(
        "y ~ normal(mu + moved, sigma);",
        transformed="vector[N] moved; for (n in 1:N) { moved[n] = (x[n] - known[1]) / known[2]; } "
        "matrix[2, 2] R = diag_matrix(known); matrix[N, K] Q; for (k in 1:K) Q[, k] = X[, k] - known[k]; "
        "matrix[N, K] Z = Q / R;",
        parameters="vector[N] mu; { vector[J] raised = level + b * u; mu = raised[group] + Z * beta; }",
    )
    rotated = (R["X"] - KNOWN_DATA) / KNOWN_DATA
    raised = A["level"] + A["b"][:, None] * U
    expected = raised[:, R["group"] - 1] + A["beta"] @ rotated.T + (R["x"] - 10) / 4
    np.testing.assert_allclose(compute(formula.predictor, interpreter), expected, rtol=1e-12)


def test_what_cannot_be_read_does_no_harm_where_nothing_needs_it(derive):
    formula, interpreter = derive(
        "y ~ normal(alpha + x, sigma);", parameters="real lost = gamma_p(2, sigma);"
    )
    np.testing.assert_allclose(compute(formula.predictor, interpreter), alpha + R["x"], rtol=1e-12)
    with pytest.raises(RequestError, match="calls `gamma_p`"):
        derive("y ~ normal(lost + x, sigma);", parameters="real lost = gamma_p(2, sigma);")
