"""Each statement of the test programs has the role that the comment beside it gives."""

from __future__ import annotations

import re

import pytest

from tests.program.conftest import MODELS, NAMES, Programs

_ROLES = re.compile(r"; // ((?:prior|latent|likelihood|unplaced)(?:, \w+)*)$")
"""The comment beside a statement that gives its roles."""


def read_expected_roles(name: str) -> dict[int, set[str]]:
    """Return the roles in the comments of a test program, by line."""
    lines = (MODELS / f"{name}.stan").read_text().splitlines()
    matches = {number: _ROLES.search(line) for number, line in enumerate(lines, start=1)}
    return {number: set(match[1].split(", ")) for number, match in matches.items() if match}


def test_there_are_enough_programs():
    assert len(NAMES) >= 40


@pytest.mark.parametrize("name", NAMES)
def test_every_statement_has_its_role_on_its_line(name: str, programs: Programs):
    roles: dict[int, set[str]] = {}
    for term in programs[name].terms:
        roles.setdefault(term.line, set()).add(term.role)
    assert roles == read_expected_roles(name)


@pytest.mark.parametrize("part", ["head(b, K)", "tail(b, K)", "segment(b, 2, K)", "b[1:K]"])
def test_data_that_say_which_part_of_a_parameter_are_no_observations(part: str, program_from):
    program = program_from(
        f"data {{ int K; }} parameters {{ vector[5] b; }} model {{ {part} ~ normal(0, 1); }}"
    )
    assert [term.role for term in program.terms] == ["prior"]


def test_probabilities_of_fixed_outcomes_are_named_as_that(program_from):
    program = program_from(
        "parameters { real<lower=0, upper=1> a; real<lower=0, upper=1> b; } "
        "model { target += log_sum_exp(bernoulli_lpmf(0 | a), bernoulli_lpmf(1 | b)); }"
    )
    assert [term.reason for term in program.terms] == ["2 probabilities of fixed outcomes"]
