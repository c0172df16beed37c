from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from tests.toolchain import fakes
from workbench.errors import BuildFailed
from workbench.progress import SILENT
from workbench.toolchain.build import build_driver, build_header, driver_key, header_key

# A compiler that makes whatever `-o` names.
COMPILES = 'while [ "$1" != -o ]; do shift; done; echo made > "$2"'


def test_keys_hold_what_changes_the_result(tmp_path: Path) -> None:
    toolchain = fakes.toolchain(tmp_path, COMPILES)
    other_compiler = replace(toolchain, compiler=replace(toolchain.compiler, identity="another"))
    other_stan = replace(toolchain, home=tmp_path / "another")

    keys = {
        driver_key(toolchain, False),
        driver_key(toolchain, True),
        driver_key(other_compiler, False),
        driver_key(other_stan, False),
        header_key(toolchain, False),
    }
    assert len(keys) == 5
    assert driver_key(toolchain, False) == driver_key(replace(toolchain, why="otherwise"), False)


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("clang", ["model_header.hpp.pch"]),
        ("gcc", ["stan/model/model_header.hpp", "stan/model/model_header.hpp.gch"]),
    ],
)
def test_header_files(kind: str, expected: list[str], tmp_path: Path) -> None:
    header = build_header(fakes.toolchain(tmp_path, COMPILES, kind=kind), False, SILENT)

    files = sorted(str(path.relative_to(header)) for path in header.rglob("*.*pp*"))
    assert files == expected


def test_driver_is_compiled_once_per_source(tmp_path: Path) -> None:
    toolchain = fakes.toolchain(tmp_path, f"echo run >> {tmp_path}/runs", COMPILES)
    objects = build_driver(toolchain, False, SILENT)
    again = build_driver(toolchain, False, SILENT)

    runs = (tmp_path / "runs").read_text().count("run")
    assert {path.name for path in objects} >= {"optimizers.o", "samplers.o", "settings.o"}
    assert again == objects
    assert runs == len(objects) + 1  # the header is the one more


def test_a_compiler_that_fails_leaves_its_words_in_a_log(tmp_path: Path) -> None:
    toolchain = fakes.toolchain(tmp_path, "echo 'x.hpp:1: error: no such thing' >&2; exit 1")
    with pytest.raises(
        BuildFailed, match=r"fake\+\+ failed to compile Stan's headers: x.hpp:1: error: no such"
    ) as error:
        build_header(toolchain, False, SILENT)

    log = error.value.log
    assert log is not None
    assert log.is_relative_to(tmp_path / "cache")
    assert "no such thing" in log.read_text()
    assert str(log) in error.value.message
    assert error.value.command.startswith(str(tmp_path / "bin" / "fake++"))
    assert not list((tmp_path / "cache" / "headers").iterdir())


def test_a_compiler_that_was_killed(tmp_path: Path) -> None:
    toolchain = fakes.toolchain(tmp_path, "kill -9 $$")
    with pytest.raises(
        BuildFailed, match="was killed while it compiled Stan's headers, most likely for want of memory"
    ):
        build_header(toolchain, False, SILENT)


def test_a_compiler_without_disk(tmp_path: Path) -> None:
    toolchain = fakes.toolchain(tmp_path, "echo 'fatal error: No space left on device'; exit 1")
    with pytest.raises(BuildFailed, match="ran out of disk space") as error:
        build_header(toolchain, False, SILENT)

    assert "prune" in str(error.value.hint)
