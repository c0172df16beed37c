from __future__ import annotations

from pathlib import Path

import pytest

from tests.toolchain.fake_compilers import CLANG, GCC, write_compiler, write_script
from workbench.errors import ToolchainMissing
from workbench.toolchain import compilers
from workbench.toolchain.compilers import (
    Compiler,
    compose_object_command,
    find_compiler,
    identify,
    list_options,
    tune,
)


def no_zig() -> Path:
    raise AssertionError("zig must not be fetched")


@pytest.fixture
def path(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A PATH that holds a shell, and what a test adds."""
    folder = tmp_path / "bin"
    folder.mkdir()
    (folder / "sh").symlink_to("/bin/sh")
    monkeypatch.setenv("PATH", str(folder))
    return folder


def test_clang_is_preferred_to_gcc(path: Path, tmp_path: Path) -> None:
    write_compiler(path / "g++", GCC.format("12.2"))
    write_compiler(path / "clang++", CLANG.format("14.0"))

    compiler, why = find_compiler(None, no_zig, tmp_path)

    assert (compiler.kind, compiler.version) == ("clang", "Debian clang version 14.0 (fake)")
    assert why == f"{path / 'clang++'} is the first compiler found"


def test_the_newest_numbered_clang_is_preferred_to_gcc(path: Path, tmp_path: Path) -> None:
    write_compiler(path / "g++", GCC.format("12.2"))
    for number in (9, 16, 11):
        write_compiler(path / f"clang++-{number}", CLANG.format(f"{number}.0"))

    assert find_compiler(None, no_zig, tmp_path)[0].argv == (str(path / "clang++-16"),)


@pytest.mark.parametrize("folder", ["not there", "n" * 300])  # root may read folders of others
def test_folders_of_the_path_that_cannot_be_read_are_passed_over(
    path: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, folder: str
) -> None:
    write_compiler(path / "clang++-16", CLANG.format("16.0"))
    monkeypatch.setenv("PATH", f"{tmp_path / folder}:{path}")

    assert find_compiler(None, no_zig, tmp_path)[0].argv == (str(path / "clang++-16"),)


def test_gcc_is_used_without_clang(path: Path, tmp_path: Path) -> None:
    write_compiler(path / "g++", GCC.format("12.2"))

    assert find_compiler(None, no_zig, tmp_path)[0].kind == "gcc"


def test_a_compiler_that_does_not_answer(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compilers, "_LONGEST_ANSWER", 0.2)
    write_script(path / "g++", "exec /bin/sleep 60")

    with pytest.raises(ToolchainMissing, match="-v` has not answered within"):
        find_compiler(None, no_zig, path)


def test_zig_is_used_without_another_compiler(path: Path, tmp_path: Path) -> None:
    zig = write_script(tmp_path / "zig", "echo 0.17.0")
    compiler, why = find_compiler(None, lambda: zig, tmp_path / "zig-cache")

    assert (compiler.kind, compiler.version, compiler.argv) == ("zig", "zig 0.17.0", (str(zig), "c++"))
    assert compiler.env["ZIG_GLOBAL_CACHE_DIR"] == str(tmp_path / "zig-cache")
    assert why == "this machine has neither clang++ nor g++"


def test_the_named_compiler_is_used(path: Path, tmp_path: Path) -> None:
    write_compiler(path / "clang++", CLANG.format("14.0"))
    mine = write_compiler(tmp_path / "elsewhere" / "my++", GCC.format("13.1"))

    assert find_compiler(str(mine), no_zig, tmp_path)[0].kind == "gcc"


def test_a_missing_compiler_is_named(path: Path, tmp_path: Path) -> None:
    with pytest.raises(ToolchainMissing, match="`icpc` was requested, but no such program is on the PATH"):
        find_compiler("icpc", no_zig, tmp_path)


def test_a_program_that_is_not_a_compiler_is_refused(path: Path) -> None:
    program = write_compiler(path / "cat++", "meow")
    with pytest.raises(ToolchainMissing, match="names neither"):
        identify(str(program))


def test_the_identity_includes_everything_a_compiler_prints(path: Path) -> None:
    """That includes the standard library: an upgrade of g++ changes what clang includes."""
    clang = write_compiler(path / "clang++", CLANG.format("14.0") + "\nSelected GCC installation: gcc/12")
    before = identify(str(clang))
    write_compiler(clang, CLANG.format("14.0") + "\nSelected GCC installation: gcc/13")

    assert identify(str(clang)).version == before.version
    assert identify(str(clang)).identity != before.identity


@pytest.mark.parametrize(
    ("kind", "option"), [("clang", "-march=native"), ("gcc", "-march=native"), ("zig", "-mcpu=native")]
)
def test_the_processor_is_part_of_a_tuned_compilers_identity(
    kind: str, option: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    compiler = Compiler(kind, ("c++",), "1", "identity")
    here = tune(compiler)
    monkeypatch.setattr(compilers, "_describe_processor", lambda: "another")

    assert here.argv == ("c++", option)
    assert len({compiler.identity, here.identity, tune(compiler).identity}) == 3


@pytest.mark.parametrize("kind", ["clang", "gcc", "zig"])
def test_threads_are_an_option_of_every_compilation(kind: str) -> None:
    compiler = Compiler(kind, ("c++",), "", "")

    assert "-DSTAN_THREADS" in list_options(compiler, Path("home"), threads=True)
    assert "-DSTAN_THREADS" not in list_options(compiler, Path("home"), threads=False)


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("clang", "-include-pch header/model_header.hpp.pch"),
        ("gcc", "-I header -include stan/model/model_header.hpp"),
        ("zig", "-include-pch header/model_header.hpp.pch"),
    ],
)
def test_each_kind_uses_the_header_through_its_own_options(kind: str, expected: str) -> None:
    command = compose_object_command(
        Compiler(kind, ("c++",), "", ""),
        Path("home"),
        Path("header"),
        Path("a.cpp"),
        Path("a.o"),
        threads=False,
    )

    assert expected in str(command)
