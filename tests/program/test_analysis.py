"""Obstacles name what cannot be done with a program, and the line that prevents it."""

from __future__ import annotations

import pytest

from tests.program.conftest import NAMES, Programs


@pytest.mark.parametrize("name", NAMES)
def test_unclear_roles_are_obstacles_with_their_line(name: str, programs: Programs):
    program = programs[name]
    unclear = {term.line for term in program.terms if term.confidence == "ask"}
    assert {item.line for item in program.obstacles if item.feature == "roles"} == unclear


def test_only_two_programs_cannot_be_weighted(programs: Programs):
    assert {name for name in NAMES if programs[name].instrumented is None} == {
        "functions_refused",
        "reads_target",
    }
    assert "`target()`" in programs["reads_target"].obstacles[0].message
    obstacle = programs["functions_refused"].obstacles[0]
    assert (obstacle.feature, obstacle.line) == ("instrumenting", 4)


@pytest.mark.parametrize(
    ("name", "lines"),
    [
        ("poisson_glm", {19}),
        ("matrices", {17}),
        ("zero_inflated", set()),
        ("schools_centred", set()),
        ("ordinal", set()),
    ],
)
def test_second_entries_for_the_same_observations_are_remarked(
    name: str, lines: set[int], programs: Programs
):
    assert {item.line for item in programs[name].obstacles if item.feature == "rows"} == lines


def test_rows_that_parameters_choose_have_no_entries_in_whatever_loop_they_stand(program_from):
    program = program_from(
        "data { int N; vector[N] y; } parameters { real a; } model { "
        "for (n in 1:N) { if (a > 0) y[n] ~ normal(a, 1); y[n] ~ normal(a, 2); } }"
    )
    assert program.instrumented is not None
    assert program.instrumented.outputs.log_lik is None
    assert [item.feature for item in program.obstacles if item.feature != "predictive"] == ["log_lik"]
