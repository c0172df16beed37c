"""The data of the instrumented program: weights, roles and constants; and the names that it adds."""

from __future__ import annotations

import re

import pytest

from tests.program.conftest import NAMES, Programs
from workbench.errors import PriorError
from workbench.program import (
    InstrumentedProgram,
    copy_transformed_parameters,
    describe_lines,
    read_program,
)


@pytest.fixture
def schools(programs: Programs) -> InstrumentedProgram:
    instrumented = programs["schools_centred"].instrumented
    assert instrumented is not None
    return instrumented


def test_data_are_those_of_the_original_density_by_default(schools: InstrumentedProgram):
    assert schools.make_data() == {
        "weights": [1.0, 1.0, 1.0, 1.0],
        "roles": [1, 1, 2, 3],
        "replicating": 0,
        "pointwise": 1,
        "prior_mu_mu": 0.0,
        "prior_mu_sigma": 5.0,
        "prior_tau_mu": 0.0,
        "prior_tau_sigma": 5.0,
    }


def test_weights_and_constants_can_be_set(schools: InstrumentedProgram):
    data = schools.make_data({"prior": 0.5, 1: 2.0}, {"tau.sigma": 1.0})
    assert data["weights"] == [2.0, 0.5, 1.0, 1.0]
    assert data["prior_tau_sigma"] == 1.0
    assert schools.data_names == data.keys()


def test_replicates_are_off_unless_requested(schools: InstrumentedProgram):
    assert schools.make_data()["replicating"] == 0
    assert schools.make_data(replicating=True)["replicating"] == 1
    assert dict(schools.outputs.replicates) == {"y": "y_rep"}


def test_unknown_weights_and_constants_are_named(schools: InstrumentedProgram):
    with pytest.raises(PriorError, match=r"`sigma\.mu`") as caught:
        schools.make_data(hyperparameters={"sigma.mu": 1.0})
    assert "`tau.sigma`" in str(caught.value.hint)
    with pytest.raises(PriorError, match=r"`tau\.sigma`.* positive.* -1 "):
        schools.make_data(hyperparameters={"tau.sigma": -1.0})
    with pytest.raises(PriorError, match="`9`"):
        schools.make_data({9: 1.0})


def test_added_names_are_not_in_use(programs: Programs):
    instrumented = programs["own_quantities"].instrumented
    assert instrumented is not None
    assert instrumented.outputs.log_lik == "log_lik_2"
    assert instrumented.weights == "weights_2"
    assert instrumented.outputs.names == {"term_lpdf", "lprior_2", "log_lik_2"}


def test_transformed_parameters_can_be_copied_into_generated_quantities(program_from, tools, tmp_path):
    program = program_from(
        "data { int J; int copying; }\nparameters { real m; vector[J] z; }\n"
        "transformed parameters { vector[J] a = m + z; array[J] real<lower=0> b = exp(to_array_1d(z)); }\n"
        "model { m ~ normal(0, 1); z ~ normal(0, 1); }\n"
    )
    assert program.instrumented is not None
    copied = copy_transformed_parameters(program.instrumented, program.transformed_parameters)
    assert copied.outputs.copies == {"a": "a_copy", "b": "b_copy"}
    assert copied.copying == "copying_"  # another name than that of the author's data
    assert {"a_copy", "b_copy"} <= copied.outputs.names
    assert "copying_" in copied.data_names
    assert copied.make_data()["copying_"] == 0
    assert copied.make_data(copying=True)["copying_"] == 1
    path = tmp_path / "copied.stan"
    path.write_text(copied.source)
    again = read_program(path, tools.stanc)
    declared = {item.name: item.text for item in again.generated_quantities}
    assert declared["a_copy"] == "array[copying_] vector[J]"
    assert declared["b_copy"] == "array[copying_, J] real<lower=0>"
    assert copy_transformed_parameters(program.instrumented, ()) is program.instrumented


@pytest.mark.parametrize("name", NAMES)
def test_each_weighted_line_is_traced_to_the_authors_line(name: str, programs: Programs):
    program = programs[name]
    if program.instrumented is None:
        return
    weights = program.instrumented.weights
    by_index = {term.index: term for term in program.terms}
    traced = 0
    for number, text in enumerate(program.instrumented.source.splitlines(), start=1):
        weighted = re.match(rf"\s*target \+= -?{weights}\[(\d+)\]", text)
        if weighted:
            term, place = by_index[int(weighted[1])], program.instrumented.lines[number]
            line = term.called_from[0] if term.called_from else term.line
            assert line in {place.first, term.line} or place.first == term.line
            traced += 1
    assert traced


def test_copies_of_transformed_parameters_move_the_lines(programs: Programs):
    program = programs["schools_noncentred"]
    before = program.instrumented
    assert before is not None
    after = copy_transformed_parameters(before, program.transformed_parameters)
    old, new = before.source.splitlines(), after.source.splitlines()
    head = old.index("data {") + 1
    for line, place in before.lines.items():
        moved = line + (line > head)
        assert new[moved - 1] == old[line - 1]
        assert after.lines[moved] == place


def test_lines_are_described_with_the_authors_text(programs: Programs):
    program = programs["schools_centred"]
    described = set(describe_lines(program).values())
    term = next(term for term in program.terms if term.role == "likelihood")
    assert f"line {term.line}: `{term.text}`" in described
