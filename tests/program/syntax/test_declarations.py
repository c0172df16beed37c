"""Declarations have the type, the bounds and the line that the author wrote."""

from __future__ import annotations

from tests.program.conftest import Programs


def test_types_read_as_written(programs: Programs):
    texts = {item.name: item.text for item in programs["correlated_effects"].parameters}
    assert texts["L"] == "cholesky_factor_corr[2]"
    assert texts["tau"] == "vector<lower=0>[2]"


def test_members_of_tuples_are_numbered(programs: Programs):
    declaration = programs["tuples"].parameters[0]
    assert declaration.text == "tuple(real, array[2] real<lower=0>)"
    assert [member.name for member in declaration.members] == ["p.1", "p.2"]


def test_an_affine_transform_and_its_line(programs: Programs):
    declaration = programs["schools_affine"].parameters[-1]
    assert declaration.text == "vector<offset=mu, multiplier=tau>[J]"
    assert declaration.multiplier is not None
    assert declaration.multiplier.text == "tau"
    assert declaration.line == 10
