"""A machine with g++ alone uses the clang in zig's wheel: where that gains time, and works."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.toolchain.fake_compilers import CLANG, GCC, write_compiler, write_script
from workbench.errors import ToolchainMissing
from workbench.toolchain import ToolchainSettings, bundled_clang, provision
from workbench.toolchain.compilers import Compiler, identify, locate_header

WORKS = 'printf \'#!/bin/sh\\necho works\\n\' > "$out"; /bin/chmod +x "$out"'
"""What a clang does that compiles and links the trial."""

FAILS = "echo 'trial.cpp:1: fatal error: <cmath> not found' >&2; exit 1"
"""What a clang does that does not find the standard library."""


@pytest.fixture
def gcc(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Compiler:
    """The only compiler on the PATH, a g++ that keeps its libraries in a folder of its own."""
    folder = tmp_path / "bin"
    path = write_script(
        folder / "g++",
        'case "$1" in -print-libgcc-file-name) echo /opt/gcc/lib/12/libgcc.a;; '
        f"*) echo '{GCC.format('12.2')}' >&2;; esac",
    )
    (folder / "sh").symlink_to("/bin/sh")
    monkeypatch.setenv("PATH", str(folder))
    monkeypatch.delenv("CMDSTAN", raising=False)
    monkeypatch.setattr(sys.modules[provision.__module__], "provide_stan", lambda *_: tmp_path / "stan")
    return identify(str(path))


@pytest.fixture
def place_zig(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[[str], Path]:
    """Let the package index have a zig whose clang compiles in a given way."""

    def place(compiles: str) -> Path:
        zig = write_script(
            tmp_path / "zig" / "zig",
            'for word; do case "$word" in -v) ' + f"echo '{CLANG.format('22.1')}' >&2; exit;; esac; done",
            'while [ "$1" != -o ]; do shift; done; out="$2"',
            compiles,
        )
        monkeypatch.setattr(bundled_clang, "provide_clang", lambda *_: zig)
        return zig

    return place


def test_clang_takes_the_place_of_gcc(
    gcc: Compiler, place_zig: Callable[[str], Path], tmp_path: Path
) -> None:
    zig = place_zig(WORKS)
    tools = provision(ToolchainSettings(cache=tmp_path / "cache"))

    assert tools.compiler.kind == "clang"
    assert tools.compiler.argv[:2] == (str(zig), "clang")
    assert "--gcc-install-dir=/opt/gcc/lib/12" in tools.compiler.argv
    assert tools.why.endswith("zig's wheel has a clang that compiles faster than this machine's g++")


def test_it_is_not_fetched_once_gcc_has_compiled_the_header(
    gcc: Compiler, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bundled_clang, "provide_clang", lambda *_: pytest.fail("it is fetched"))
    locate_header(tmp_path, gcc, tmp_path / "stan", threads=False).mkdir(parents=True)
    tools = provision(ToolchainSettings(cache=tmp_path))

    assert tools.compiler == gcc
    assert tools.why.endswith("is the first compiler found, and has compiled Stan's headers")


@pytest.mark.parametrize("settings", [{"compiler": "g++"}, {"wheels": (Path("httpstan.whl"),)}])
def test_it_is_not_fetched_where_the_user_says_otherwise(
    settings: dict[str, Any], gcc: Compiler, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bundled_clang, "provide_clang", lambda *_: pytest.fail("it is fetched"))
    monkeypatch.setattr(
        sys.modules[provision.__module__], "check_wheels", lambda files: {file.stem: file for file in files}
    )

    assert provision(ToolchainSettings(cache=tmp_path, **settings)).compiler == gcc


def test_zigs_wheel_on_this_machine_is_used(
    gcc: Compiler, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        bundled_clang, "provide_clang", lambda folder, local, progress: pytest.fail(f"{local}")
    )
    monkeypatch.setattr(
        sys.modules[provision.__module__], "check_wheels", lambda files: {file.stem: file for file in files}
    )
    settings = ToolchainSettings(cache=tmp_path, wheels=(Path("httpstan.whl"), Path("ziglang.whl")))

    with pytest.raises(pytest.fail.Exception, match=r"^ziglang\.whl$"):
        provision(settings)


def test_gcc_stays_where_clang_does_not_work(
    gcc: Compiler, place_zig: Callable[[str], Path], tmp_path: Path
) -> None:
    place_zig(FAILS)
    tools = provision(ToolchainSettings(cache=tmp_path / "cache"))

    assert tools.compiler == gcc
    assert "does not work with this machine's g++: trial.cpp:1: fatal error: <cmath> not found" in tools.why


def test_gcc_stays_where_clang_cannot_be_fetched(gcc: Compiler, tmp_path: Path) -> None:
    tools = provision(ToolchainSettings(cache=tmp_path / "cache"))

    assert tools.compiler == gcc
    assert "a faster one cannot be used: ziglang 0.17.0 cannot be fetched from the package index" in tools.why


def test_a_failure_is_remembered_for_an_hour(
    gcc: Compiler, place_zig: Callable[[str], Path], tmp_path: Path
) -> None:
    place_zig(FAILS)
    why = provision(ToolchainSettings(cache=tmp_path / "cache")).why
    place_zig(WORKS)
    tools = provision(ToolchainSettings(cache=tmp_path / "cache"))
    assert (tools.compiler, tools.why) == (gcc, why)

    (note,) = tmp_path.glob("cache/zig/*.unavailable")
    os.utime(note, (0, 0))
    assert provision(ToolchainSettings(cache=tmp_path / "cache")).compiler.kind == "clang"
    assert not note.exists()


def test_what_has_compiled_the_header_is_not_tried_again(
    gcc: Compiler, place_zig: Callable[[str], Path], tmp_path: Path
) -> None:
    place_zig(WORKS)
    clang = provision(ToolchainSettings(cache=tmp_path)).compiler
    place_zig(FAILS)
    locate_header(tmp_path, clang, tmp_path / "stan", threads=False).mkdir(parents=True)
    assert provision(ToolchainSettings(cache=tmp_path)).compiler == clang


def test_clang_may_be_requested(gcc: Compiler, place_zig: Callable[[str], Path], tmp_path: Path) -> None:
    place_zig(WORKS)
    locate_header(tmp_path, gcc, tmp_path / "stan", threads=False).mkdir(parents=True)
    assert provision(ToolchainSettings(cache=tmp_path, compiler="clang++")).compiler.kind == "clang"

    place_zig(FAILS)
    with pytest.raises(ToolchainMissing, match="does not work with this machine's g"):
        provision(ToolchainSettings(cache=tmp_path, compiler="clang++"))


def test_a_clang_on_the_path_comes_first(gcc: Compiler, tmp_path: Path) -> None:
    write_compiler(tmp_path / "bin" / "clang++", CLANG.format("14.0"))

    assert provision(ToolchainSettings(cache=tmp_path)).compiler.argv == (str(tmp_path / "bin" / "clang++"),)


def test_the_users_own_cmdstan_needs_no_clang(
    gcc: Compiler, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "makefile").write_text("CMDSTAN_VERSION := 2.36.0\n")
    monkeypatch.setenv("CMDSTAN", str(tmp_path))
    monkeypatch.setattr(bundled_clang, "provide_clang", lambda *_: pytest.fail("it is fetched"))

    assert provision(ToolchainSettings(cache=tmp_path / "cache")).compiler == gcc
