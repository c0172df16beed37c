"""Files are read with everything that they include; what cannot be read is named with its place."""

from __future__ import annotations

from pathlib import Path

import pytest

from workbench.errors import ProgramError
from workbench.program.syntax.source import read_source


def test_a_missing_file_is_named(tmp_path: Path):
    with pytest.raises(ProgramError, match=r"nowhere\.stan` cannot be read"):
        read_source(tmp_path / "nowhere.stan")


def test_a_file_that_is_not_text_is_named(tmp_path: Path):
    (tmp_path / "a.stan").write_bytes(b"\xff\xfe")
    with pytest.raises(ProgramError, match=r"a\.stan` cannot be read: it is not UTF-8"):
        read_source(tmp_path / "a.stan")


def test_a_missing_include_is_named_with_its_line(tmp_path: Path):
    (tmp_path / "a.stan").write_text("functions {\n#include lost.stan\n}\n")
    with pytest.raises(ProgramError, match=r"`lost\.stan`") as caught:
        read_source(tmp_path / "a.stan")
    assert caught.value.line == 2


def test_a_missing_include_is_named_as_it_is_written(tmp_path: Path):
    (tmp_path / "a.stan").write_text("#include </etc/passwd>\n")
    with pytest.raises(ProgramError, match="line 1, includes `/etc/passwd`, which is in none of the include"):
        read_source(tmp_path / "a.stan")


def test_a_file_that_includes_itself_is_refused(tmp_path: Path):
    (tmp_path / "a.stan").write_text("#include b.stan\n")
    (tmp_path / "b.stan").write_text("\n#include <a.stan>\n")
    with pytest.raises(ProgramError, match="includes itself") as caught:
        read_source(tmp_path / "a.stan")
    assert (caught.value.path, caught.value.line) == (tmp_path / "b.stan", 2)


def test_tokens_of_included_files_keep_their_lines(tmp_path: Path):
    (tmp_path / "a.stan").write_text("// c\ndata {\n#include b.stan\n}\n")
    (tmp_path / "b.stan").write_text("/* two\nlines */ int N;\n")
    source = read_source(tmp_path / "a.stan")
    assert source.tokens == ("data", "{", "int", "N", ";", "}")
    lines = [line for _, line in source.positions]
    assert lines == [2, 2, 2, 2, 2, 4]
    assert [path.name for path in source.texts] == ["a.stan", "b.stan"]


def test_files_included_twice_at_each_level_are_read_once(tmp_path: Path):
    for level in range(6):
        (tmp_path / f"{level}.stan").write_text(f"#include {level + 1}.stan\n#include {level + 1}.stan\n")
    (tmp_path / "6.stan").write_text("a;\n")
    source = read_source(tmp_path / "0.stan")
    assert len(source.texts) == 7
    assert source.tokens == ("a", ";") * 2**6


def test_files_included_too_often_are_refused(tmp_path: Path):
    for level in range(40):
        (tmp_path / f"{level}.stan").write_text(f"#include {level + 1}.stan\n#include {level + 1}.stan\n")
    (tmp_path / "40.stan").write_text("int a;\n")
    with pytest.raises(ProgramError, match=r"includes files 2,199,023,255,550 times"):
        read_source(tmp_path / "0.stan")
