"""stanc's messages keep their places; a stanc that cannot be used is named."""

from __future__ import annotations

from pathlib import Path

import pytest

from workbench.errors import ProgramError, ToolchainMissing
from workbench.program import Stanc
from workbench.program.syntax.stanc import dump_tree, run_stanc


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "model.stan"
    path.write_text("parameters { real a; }\nmodel { a ~ normal(0, 1); }\n")
    return path


def test_a_rejection_has_stancs_message_and_place(stanc: Stanc, file: Path):
    file.write_text("parameters { real a; }\nmodel { a ~ normal(0); }\n")
    with pytest.raises(ProgramError, match="Ill-typed arguments") as caught:
        run_stanc(stanc, [], file)
    assert (caught.value.line, caught.value.column) == (2, 9)


def test_a_missing_stanc_is_named(file: Path, tmp_path: Path):
    with pytest.raises(ToolchainMissing, match="stanc was expected") as caught:
        run_stanc(Stanc(tmp_path / "stanc", "2.39.0"), [], file)
    assert "workbench toolchain install" in str(caught.value.hint)


def test_a_stanc_too_old_for_an_option_is_named(stanc: Stanc, file: Path):
    with pytest.raises(ToolchainMissing, match="does not know an option"):
        run_stanc(stanc, ["--no-such-option"], file)


def test_dumping_the_tree_leaves_nothing_behind(stanc: Stanc, file: Path):
    dump_tree(stanc, file)
    assert list(file.parent.iterdir()) == [file]


def test_lines_of_an_included_file_that_is_not_stan_are_not_quoted(stanc: Stanc, file: Path):
    (file.parent / "passwords.txt").write_text("root:x:0:0:root\n")
    file.write_text("#include passwords.txt\nmodel {}\n")
    with pytest.raises(ProgramError, match=r"passwords\.txt`, which `.*` includes, is not Stan") as caught:
        run_stanc(stanc, [], file)
    assert "root" not in caught.value.message.replace(str(file.parent), "")
