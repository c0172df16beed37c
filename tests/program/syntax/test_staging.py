"""stanc reads copies under plain names; what it says comes with the author's names."""

from __future__ import annotations

from pathlib import Path

import pytest

from workbench.errors import ProgramError
from workbench.program import Stanc, read_program
from workbench.program.syntax.staging import make_plain, stage_program
from workbench.program.syntax.stanc import run_stanc

NAMES = ("a; touch X;$(touch Y)", 'quo"te', "com,ma", "new\nline", "-h", "sp ace", "@a", "b\udcff", ".hidden")
"""Names of folders that mean something else to somebody."""


@pytest.mark.parametrize("name", NAMES)
def test_a_program_is_read_wherever_it_lies_with_what_it_includes(stanc: Stanc, tmp_path: Path, name: str):
    folder = tmp_path / name
    folder.mkdir()
    (folder / "prior.stanfunctions").write_text("a ~ normal(0, 1);\n")
    path = folder / f"{name}.stan"
    path.write_text("parameters { real a; }\nmodel {\n#include prior.stanfunctions\n}\n")
    program = read_program(path, stanc)
    assert program.terms[0].text == "a ~ normal(0, 1);"
    assert program.instrumented is not None
    assert program.includes == (folder / "prior.stanfunctions",)
    assert [file for file in tmp_path.rglob("*") if file.name in ("X", "Y")] == []


def test_an_error_in_an_included_file_has_the_authors_names(stanc: Stanc, tmp_path: Path):
    (tmp_path / "in, here").mkdir()
    path, included = tmp_path / "a.stan", tmp_path / "in, here" / 'a".stan'
    path.write_text('parameters { real a; }\nmodel {\n#include in, here/a".stan\n}\n'.replace('a".', "b."))
    included = included.with_name("b.stan")
    included.write_text("\na ~ normal(0);\n")
    with pytest.raises(ProgramError, match="Ill-typed") as caught:
        run_stanc(stanc, [], path)
    assert (caught.value.path, caught.value.line) == (included, 2)
    assert str(included) in caught.value.message


def test_copies_have_different_names_and_name_each_other(tmp_path: Path):
    for folder in ("x", "y"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "P.stan").write_text(f"// {folder}")
    path = tmp_path / "p.stan"
    path.write_text("#include x/P.stan\n  #include y/P.stan // the other\n// end\n")
    with stage_program(path) as staged:
        copies = {file.name: file.read_text() for file in staged.folder.iterdir()}
    assert copies == {
        "p.stan": "#include 2_P.stan\n  #include 3_P.stan\n// end\n",
        "2_P.stan": "// x",
        "3_P.stan": "// y",
    }
    assert staged.originals["3_P.stan"] == tmp_path / "y" / "P.stan"
    assert not staged.folder.exists()


def test_plain_names_are_short_and_keep_their_ending():
    assert len(make_plain("x" * 400 + ".stan")) == 60
    assert make_plain("x" * 400 + ".stan").endswith("x.stan")
    assert make_plain("---") == "program"
