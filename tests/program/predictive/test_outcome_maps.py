"""What a density is of: chains of monotone steps from a column are found, others are not."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from scipy import stats

from workbench.program import Program
from workbench.program.predictive.outcome_maps import OutcomeMap
from workbench.program.predictive.outcome_scales import ScaledOutcome, return_to_column, scale_outcome

Read = Callable[[str], Program]

Y = np.array([0.2, 0.5, 0.7, 0.31, 0.85])
DATA: dict[str, Any] = {
    "N": 5,
    "y": Y,
    "e": np.array([1.0, 2.0, 4.0, 3.0, 2.0]),
    "idx": [2, 1, 3, 4, 5],
    "c": 3.0,
}


def write_program(transformed: str, model: str) -> str:
    return f"""
data {{ int N; vector<lower=0>[N] y; vector[N] e; array[N] int idx; real c; }}
transformed data {{ {transformed} }}
parameters {{ real mu; real<lower=0> s; }}
model {{ {model} }}
"""


def find_map(program: Program) -> OutcomeMap:
    (outcome_map,) = program.outcome_maps
    return outcome_map


@pytest.mark.parametrize(
    ("transformed", "model", "forward", "slope"),
    [
        ("vector[N] z = log(y);", "z ~ normal(mu, s);", np.log(Y), 1 / Y),
        ("vector[N] z; for (n in 1:N) z[n] = log(y[n]);", "z ~ normal(mu, s);", np.log(Y), 1 / Y),
        ("vector[N] z; z = sqrt(y) * 2;", "for (n in 1:N) z[n] ~ normal(mu, s);", 2 * np.sqrt(Y), Y**-0.5),
        (
            "vector[N] z = (y - mean(y)) / sd(y);", "z ~ normal(mu, s);",
            (Y - Y.mean()) / Y.std(ddof=1), np.full(5, 1 / Y.std(ddof=1)),
        ),
        (
            "real m = mean(log(y)); vector[N] l = log(y); vector[N] z = (l - m) / 0.5;", "z ~ normal(mu, s);",
            (np.log(Y) - np.log(Y).mean()) / 0.5, 2 / Y,
        ),
        ("vector[N] z = logit(y);", "z ~ normal(mu, s);", np.log(Y / (1 - Y)), 1 / (Y * (1 - Y))),
        ("vector[N] z = (y .^ 0.3 - 1) / 0.3;", "z ~ normal(mu, s);", (Y**0.3 - 1) / 0.3, Y**-0.7),
        ("", "log(y) ~ normal(mu, s);", np.log(Y), 1 / Y),
        ("", "for (n in 1:N) c - y[n] / 4 ~ normal(mu, s);", 3 - Y / 4, np.full(5, 0.25)),
        ("", "vector[N] z = inv(y); z ~ normal(mu, s);", 1 / Y, 1 / Y**2),
        ("", "target += normal_lpdf(log10(y) | mu, s);", np.log10(Y), 1 / (Y * np.log(10))),
    ],
)  # fmt: skip
def test_a_map_and_its_slope_are_found(
    transformed: str, model: str, forward: np.ndarray, slope: np.ndarray, program_from: Read
):
    program = program_from(write_program(transformed, model))
    outcome_map = find_map(program)
    (column_map,) = outcome_map.maps
    assert column_map.column == "y"
    observed = forward if transformed else Y
    scaled = scale_outcome(program.tree, DATA, column_map, observed, outcome_map.added)
    assert scaled is not None
    np.testing.assert_allclose(scaled.values, Y)
    np.testing.assert_allclose(scaled.log_jacobian, np.log(slope))
    assert outcome_map.is_plain is bool(transformed)
    returned = return_to_column(program.tree, DATA, column_map, observed[None])
    assert returned is not None
    np.testing.assert_allclose(returned[0], Y)


def test_on_the_columns_scale_a_normal_density_of_a_logarithm_is_lognormal(program_from: Read):
    program = program_from(write_program("vector[N] z = log(y);", "z ~ normal(mu, s);"))
    (column_map,) = find_map(program).maps
    scaled = scale_outcome(program.tree, DATA, column_map, np.log(Y))
    assert scaled is not None
    on_column = stats.norm.logpdf(np.log(Y), 0.3, 0.8) + scaled.log_jacobian
    np.testing.assert_allclose(on_column, stats.lognorm.logpdf(Y, 0.8, scale=np.exp(0.3)))


def scale_first(program: Program, observed: np.ndarray) -> ScaledOutcome | None:
    outcome_map = find_map(program)
    return scale_outcome(program.tree, DATA, outcome_map.maps[0], observed, outcome_map.added)


def test_either_of_two_columns_can_be_the_outcome(program_from: Read):
    program = program_from(write_program("vector[N] z = log(y ./ e);", "z ~ normal(mu, s);"))
    by_column = {item.column: item for item in find_map(program).maps}
    assert by_column.keys() == {"y", "e"}
    z = np.log(Y / DATA["e"])
    for name, column_map in by_column.items():
        scaled = scale_outcome(program.tree, DATA, column_map, z)
        assert scaled is not None
        np.testing.assert_allclose(scaled.values, DATA[name])
        np.testing.assert_allclose(scaled.log_jacobian, -np.log(DATA[name]))


def test_selected_elements_are_undone_by_their_own_values(program_from: Read):
    program = program_from(write_program("vector[N] z = log(y[idx]);", "z ~ normal(mu, s);"))
    scaled = scale_first(program, np.log(Y[[1, 0, 2, 3, 4]]))
    assert scaled is not None
    np.testing.assert_allclose(scaled.values, Y[[1, 0, 2, 3, 4]])


def test_a_jacobian_that_the_statement_adds_is_not_added_again(program_from: Read):
    program = program_from(
        write_program("vector[N] z = log(y);", "for (n in 1:N) target += normal_lpdf(z[n] | mu, s) - z[n];")
    )
    assert not find_map(program).is_plain
    scaled = scale_first(program, np.log(Y))
    assert scaled is not None
    np.testing.assert_allclose(scaled.log_jacobian, 0, atol=1e-12)


@pytest.mark.parametrize(
    ("transformed", "model"),
    [
        ("vector[N] z; z[1] = 0; z[2:N] = y[2:N] - y[1:(N - 1)];", "z ~ normal(mu, s);"),
        (
            "vector[N] z; for (n in 1:N) if (y[n] > 1) z[n] = log(y[n]); else z[n] = y[n];",
            "z ~ normal(mu, s);",
        ),
        ("", "for (n in 2:N) y[n] - y[n - 1] ~ normal(mu, s);"),
        ("", "abs(y) ~ normal(mu, s);"),
        ("", "log(y[1:2]) ~ normal(mu, s); y[3:N] ~ normal(mu, s);"),
    ],
)
def test_other_maps_cannot_be_undone(transformed: str, model: str, program_from: Read):
    assert find_map(program_from(write_program(transformed, model))).maps == ()


def test_a_map_that_does_not_give_the_outcome_is_not_used(program_from: Read):
    program = program_from(write_program("vector[N] z = log(y);", "z ~ normal(mu, s);"))
    assert scale_first(program, np.log(Y) + 1) is None


def test_counts_made_from_a_column_stay_what_they_are(program_from: Read):
    program = program_from(
        write_program("array[N] int b; for (n in 1:N) b[n] = y[n] > 0.5;", "b ~ bernoulli_logit(mu);")
    )
    outcome_map = find_map(program)
    assert (outcome_map.outcome, outcome_map.is_plain, outcome_map.maps) == ("b", True, ())


def test_mixtures_are_densities_of_their_parts(program_from: Read):
    program = program_from(
        write_program(
            "vector[N] z = log(y);",
            "for (n in 1:N) target += log_mix(0.3, normal_lpdf(z[n] | mu, s), normal_lpdf(z[n] | 0, s));",
        )
    )
    assert [item.column for item in find_map(program).maps] == ["y"]
