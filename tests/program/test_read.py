"""Programs are read with their places and included files; roles are the user's to settle."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.program.conftest import MODELS, Programs
from workbench.errors import ProgramError
from workbench.program import Stanc, read_program, settle_roles


def test_included_files_are_named_and_hashed(programs: Programs, stanc: Stanc, tmp_path: Path):
    program = programs["included"]
    assert [file.name for file in program.includes] == ["priors.stanfunctions"]
    for name in ("included.stan", "priors.stanfunctions"):
        (tmp_path / name).write_text((MODELS / name).read_text())
    assert read_program(tmp_path / "included.stan", stanc).sha256 == program.sha256
    (tmp_path / "priors.stanfunctions").write_text(
        (MODELS / "priors.stanfunctions").read_text().replace("0", "1")
    )
    assert read_program(tmp_path / "included.stan", stanc).sha256 != program.sha256


def test_lines_are_right_after_comments_and_on_shared_lines(stanc: Stanc, tmp_path: Path):
    file = tmp_path / "2 odd-name.stan"
    file.write_text(
        "/* two\nlines */ data { real y; } // comment\nparameters { real a; real<upper=2, lower=0> b; }\n"
        "model { a ~ normal(0, // here\n  1); b ~ normal(a, 1);\n  y ~ normal(b, 1); }\n"
    )
    program = read_program(file, stanc)
    assert program.name == "m2_odd_name"
    assert [(term.line, term.last_line) for term in program.terms] == [(4, 5), (5, 5), (6, 6)]
    assert [item.line for item in (*program.data, *program.parameters)] == [2, 3, 3]


def test_an_empty_program_has_no_terms(stanc: Stanc, tmp_path: Path):
    file = tmp_path / "empty.stan"
    file.write_text("parameters { real a; }\n")
    program = read_program(file, stanc)
    assert program.terms == ()
    assert program.instrumented is not None
    assert program.untouched_by_likelihood == ("a",)


def test_a_line_is_settled(programs: Programs, stanc: Stanc):
    program = settle_roles(programs["soft_constraint"], {"line 11": "latent"}, stanc)
    (term,) = [term for term in program.terms if term.line == 11]
    assert (term.role, term.confidence, term.reason) == ("latent", "certain", "settled by the user")
    assert not [item for item in program.obstacles if item.feature == "roles"]


def test_the_beginning_of_a_statement_names_it_wherever_it_stands(programs: Programs, stanc: Stanc):
    """A line number means another statement as soon as a line is added above."""
    program = settle_roles(programs["schools_centred"], {"theta~": "prior"}, stanc)
    assert [term.role for term in program.terms] == ["prior", "prior", "prior", "likelihood"]
    assert program.terms[2].text.startswith("theta ~")


def test_an_unplaced_term_becomes_likelihood_without_another_program(programs: Programs, stanc: Stanc):
    before = programs["soft_constraint"]
    after = settle_roles(before, {2: "likelihood"}, stanc)
    assert before.instrumented is not None
    assert after.instrumented is not None
    assert after.instrumented.source == before.instrumented.source
    assert after.instrumented.make_data({"likelihood": 0})["weights"] == [1.0, 0, 0]
    assert before.instrumented.make_data({"likelihood": 0})["weights"] == [1.0, 1.0, 0]


def test_a_prior_called_latent_keeps_the_program(programs: Programs, stanc: Stanc):
    before = programs["schools_centred"]
    after = settle_roles(before, {"line 14": "latent"}, stanc)
    assert before.instrumented is not None
    assert after.instrumented is not None
    assert after.instrumented.source == before.instrumented.source
    assert after.instrumented.make_data({"prior": 0})["weights"] == [0, 1.0, 1.0, 1.0]


def test_settled_roles_accumulate(programs: Programs, stanc: Stanc):
    once = settle_roles(programs["schools_centred"], {1: "latent"}, stanc)
    twice = settle_roles(once, {2: "unplaced"}, stanc)
    assert [term.role for term in twice.terms] == ["latent", "unplaced", "latent", "likelihood"]


@pytest.mark.parametrize("key", ["line 1", 99, "mu", "nu ~"])
def test_a_place_without_a_term_is_named(key: str | int, programs: Programs, stanc: Stanc):
    with pytest.raises(ProgramError, match=f"`{key}`") as caught:
        settle_roles(programs["schools_centred"], {key: "prior"}, stanc)
    assert "`13`" in str(caught.value.hint)


def test_a_word_that_is_not_a_role_is_named(programs: Programs, stanc: Stanc):
    with pytest.raises(ProgramError, match="`priors` is not a role"):
        settle_roles(programs["schools_centred"], {1: "priors"}, stanc)  # type: ignore[dict-item]
