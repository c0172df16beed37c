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
