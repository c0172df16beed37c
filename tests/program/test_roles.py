"""Each test program says beside each statement what it is: prior, latent, likelihood or unplaced."""

from __future__ import annotations

import re

import pytest

from tests.program.conftest import MODELS, NAMES, Library

_EXPECTED = re.compile(r"; // ((?:prior|latent|likelihood|unplaced)(?:, \w+)*)$")


def expected_roles(name: str) -> dict[int, set[str]]:
    lines = (MODELS / f"{name}.stan").read_text().splitlines()
    found = {number: _EXPECTED.search(line) for number, line in enumerate(lines, start=1)}
    return {number: set(match[1].split(", ")) for number, match in found.items() if match}


def test_there_are_enough_programs():
    assert len(NAMES) >= 40


@pytest.mark.parametrize("name", NAMES)
def test_every_statement_has_its_role_on_its_line(name: str, library: Library):
    found: dict[int, set[str]] = {}
    for term in library[name].terms:
        found.setdefault(term.line, set()).add(term.role)
    assert found == expected_roles(name)


@pytest.mark.parametrize("name", NAMES)
def test_what_is_asked_is_named_with_its_line(name: str, library: Library):
    program = library[name]
    asked = {term.line for term in program.terms if term.confidence == "ask"}
    assert {item.line for item in program.obstacles if item.feature == "roles"} == asked


@pytest.mark.parametrize("name", [name for name in NAMES if name.startswith("regression")])
def test_every_way_to_write_one_likelihood_touches_the_same(name: str, library: Library):
    likelihood = [term for term in library[name].terms if term.role == "likelihood"]
    assert {"alpha", "sigma"} <= set().union(*(term.parameters for term in likelihood))
    assert all("y" in term.data or "z" in term.data for term in likelihood)
    assert library[name].untouched_by_likelihood == ()


def test_terms_keep_what_makes_a_prior_special(library: Library):
    by_line = {term.line: term for term in library["transformed_prior"].terms}
    assert by_line[11].is_transformed
    assert by_line[11].outcome == "log(tau)"
    shifted = library["data_dependent_prior"].terms[0]
    assert shifted.depends_on_data == ("y",)
    assert shifted.confidence == "inferred"


def test_only_what_cannot_be_weighted_is_left_alone(library: Library):
    left = {name for name in NAMES if library[name].instrumented is None}
    assert left == {"functions_refused", "reads_target"}
    assert "target()" in library["reads_target"].obstacles[0].message
    refusal = library["functions_refused"].obstacles[0]
    assert "another such function calls" in refusal.message
    assert refusal.line == 4


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
def test_observations_with_two_entries_are_named(name: str, lines: set[int], library: Library):
    assert {item.line for item in library[name].obstacles if item.feature == "rows"} == lines
