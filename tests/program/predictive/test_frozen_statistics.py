"""What is computed from all rows is that of the fit; what belongs to a row, and sizes, are of new rows."""

import pytest

from workbench.program.predictive.frozen_statistics import freeze_statistics
from workbench.program.syntax.printer import to_text
from workbench.program.syntax.stanc import dump_tree

DATA = "data { int N; int K; int J; matrix[N, K] X; vector[N] y; array[N] int g; matrix[J, 2] U; } "
REST = "parameters { real a; vector[K] b; } model { y ~ normal(a + Z * b, 1); }"


def freeze(program, tools, tmp_path, sizes=("N", "J")):
    """Return the text of a frozen program, one statement a line, after stanc has accepted it."""
    frozen = freeze_statistics(program.tree, frozenset(sizes))
    text = to_text(frozen.tree)
    path = tmp_path / "frozen.stan"
    path.write_text(text)
    dump_tree(tools.stanc, path)
    return " ".join(text.split()), dict(frozen.copies)


@pytest.mark.parametrize(
    ("made", "expected"),
    [
        (
            "matrix[N, K] Z; for (k in 1:K) Z[, k] = X[, k] - mean(X[, k]);",
            "Z[:, k] = X[:, k] - mean(X_fit[:, k]);",
        ),
        (
            "row_vector[K] m; for (k in 1:K) m[k] = mean(X[, k]); matrix[N, K] Z = X - rep_matrix(m, N);",
            "row_vector[K] m = m_fit;",
        ),
        (
            "matrix[N, K] Z = qr_thin_Q(X) * sqrt(N - 1);",
            "matrix[N, K] Z = ((X) / qr_thin_R(X_fit)) * sqrt(N_fit - 1);",
        ),
        (
            "matrix[N, K] Z; for (n in 1:N) Z[n] = (X[n] - X[1]) / sd(y);",
            "Z[n] = (X[n] - X_fit[1]) / sd(y_fit);",
        ),
        (
            "matrix[N, K] Z; { vector[N] top; for (n in 1:N) top[n] = max(X[n]); "
            "Z = diag_pre_multiply(inv(top), X); }",
            "",
        ),
        ("int M = 2 * N; vector[M] long = rep_vector(mean(y), M); matrix[N, K] Z = X;", "int M = 2 * N;"),
        ("matrix[N, K] Z = X; matrix[J, 2] V = U - mean(U);", "matrix[J, 2] V = U - mean(U_fit);"),
    ],
)
def test_statistics_of_all_rows_are_those_of_the_fit(made, expected, program_from, tools, tmp_path):
    program = program_from(f"{DATA} transformed data {{ {made} }} {REST}")
    text, copies = freeze(program, tools, tmp_path)
    assert expected in text
    assert bool(copies) == bool(expected)


def test_without_statistics_the_program_stays_as_it_is(program_from, tools, tmp_path):
    program = program_from(f"{DATA} transformed data {{ matrix[N, K] Z = log(X); }} {REST}")
    frozen = freeze_statistics(program.tree, frozenset({"N"}))
    assert frozen.tree is program.tree
    assert not frozen.copies


def test_outcomes_and_sizes_stay_those_of_the_new_rows(program_from, tools, tmp_path):
    program = program_from(
        "data { int N; vector[N] y; } "
        "parameters { real<lower=-1 / max(y)> a; } "
        "model { y[1] ~ normal(mean(y), 1); for (n in 2:N) y[n] ~ normal(a * y[n - 1], N); } "
        "generated quantities { vector[N] e = rep_vector(a, N); real total = sum(e); }"
    )
    text, _ = freeze(program, tools, tmp_path)
    assert "real<lower=-1 / max(y_fit)> a;" in text
    assert "y[1] ~ normal(mean(y_fit), 1);" in text
    assert "y[n] ~ normal(a * y[n - 1], N_fit);" in text
    assert "vector[N] e = rep_vector(a, N);" in text
    assert "real total = sum(e);" in text
