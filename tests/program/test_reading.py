"""Programs are read with their places and included files; what is wrong is named with its place."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.program.conftest import MODELS, Library
from workbench.errors import ProgramError, ToolchainMissing
from workbench.program import Stanc, read
from workbench.program.syntax.decode_statements import STATEMENTS
from workbench.program.syntax.sexp import parse_sexp
from workbench.program.syntax.stanc import ask


def test_included_files_are_named_and_hashed(library: Library, stanc: Stanc, tmp_path: Path):
    program = library["included"]
    assert [file.name for file in program.includes] == ["priors.stanfunctions"]
    for name in ("included.stan", "priors.stanfunctions"):
        (tmp_path / name).write_text((MODELS / name).read_text())
    assert read(tmp_path / "included.stan", stanc).sha256 == program.sha256
    (tmp_path / "priors.stanfunctions").write_text(
        (MODELS / "priors.stanfunctions").read_text().replace("0", "1")
    )
    assert read(tmp_path / "included.stan", stanc).sha256 != program.sha256


def test_lines_are_right_after_comments_and_on_shared_lines(stanc: Stanc, tmp_path: Path):
    file = tmp_path / "2 odd-name.stan"
    file.write_text(
        "/* two\nlines */ data { real y; } // comment\nparameters { real a; real<upper=2, lower=0> b; }\n"
        "model { a ~ normal(0, // here\n  1); b ~ normal(a, 1);\n  y ~ normal(b, 1); }\n"
    )
    program = read(file, stanc)
    assert program.name == "m2_odd_name"
    assert [(term.line, term.last_line) for term in program.terms] == [(4, 5), (5, 5), (6, 6)]
    assert [item.line for item in (*program.data, *program.parameters)] == [2, 3, 3]


def test_what_stanc_rejects_is_said_in_its_words(stanc: Stanc, tmp_path: Path):
    file = tmp_path / "wrong.stan"
    file.write_text("parameters { real a; }\nmodel { a ~ normal(0); }\n")
    with pytest.raises(ProgramError, match="Ill-typed arguments") as caught:
        read(file, stanc)
    assert (caught.value.line, caught.value.column) == (2, 9)


def test_a_missing_file_is_named(stanc: Stanc, tmp_path: Path):
    with pytest.raises(ProgramError, match=r"nowhere\.stan` cannot be read"):
        read(tmp_path / "nowhere.stan", stanc)


def test_a_missing_include_is_named_with_its_line(stanc: Stanc, tmp_path: Path):
    file = tmp_path / "a.stan"
    file.write_text("functions {\n#include lost.stan\n}\n")
    with pytest.raises(ProgramError, match=r"line 2, includes `lost\.stan`"):
        read(file, stanc)


def test_a_missing_stanc_is_named(tmp_path: Path):
    file = tmp_path / "a.stan"
    file.write_text("parameters { real a; }")
    with pytest.raises(ToolchainMissing, match="stanc was expected"):
        read(file, Stanc(tmp_path / "stanc", "2.39.0"))


def test_an_unknown_construct_leaves_its_block_out_and_is_named(monkeypatch, stanc: Stanc, tmp_path: Path):
    monkeypatch.delitem(STATEMENTS, "Profile")
    program = read(MODELS / "control_flow.stan", stanc)
    assert program.instrumented is None
    assert program.terms == ()
    assert "`Profile`" in program.obstacles[0].message
    assert [item.name for item in program.data] == ["N", "y", "wide"]


def test_an_empty_program_has_no_terms(stanc: Stanc, tmp_path: Path):
    file = tmp_path / "empty.stan"
    file.write_text("parameters { real a; }\n")
    program = read(file, stanc)
    assert program.terms == ()
    assert program.instrumented is not None
    assert program.untouched_by_likelihood == ("a",)


def test_quoted_words_of_an_s_expression():
    assert parse_sexp(r'(a "b \"c\" \\ \n" ())') == ["a", 'b "c" \\ \n', []]


def test_reading_leaves_nothing_behind(stanc: Stanc, tmp_path: Path):
    file = tmp_path / "model.stan"
    file.write_text((MODELS / "schools_centred.stan").read_text())
    read(file, stanc)
    assert list(tmp_path.iterdir()) == [file]


def test_a_stanc_too_old_for_an_option_is_named(stanc: Stanc, tmp_path: Path):
    file = tmp_path / "model.stan"
    file.write_text("parameters { real a; }")
    with pytest.raises(ToolchainMissing, match="does not know an option"):
        ask(stanc, ["--no-such-option"], file)


def test_data_in_an_unknown_form_are_refused(monkeypatch, stanc: Stanc):
    monkeypatch.delitem(STATEMENTS, "VarDecl")
    with pytest.raises(ProgramError, match="The block `data` is not taken apart"):
        read(MODELS / "schools_centred.stan", stanc)


def test_a_tree_of_another_form_leaves_the_model_alone(monkeypatch, stanc: Stanc):
    def other(reader, rest, number):
        raise KeyError("kind")

    monkeypatch.setitem(STATEMENTS, "Tilde", other)
    program = read(MODELS / "schools_centred.stan", stanc)
    assert program.instrumented is None
    assert "a form that the workbench does not know" in program.obstacles[0].message
