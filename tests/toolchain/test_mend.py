"""What is damaged in the cache is found when it matters, and made again."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.toolchain import fake_compilers
from tests.toolchain.test_wheels import local_wheel  # noqa: F401 - a fixture
from workbench.errors import BuildFailed
from workbench.progress import SILENT
from workbench.toolchain import build, cache, wheels
from workbench.toolchain.header_and_driver import build_header

COMPILES = 'while [ "$1" != -o ]; do shift; done; echo made > "$2"'
"""A compiler that writes whatever `-o` names."""

STANC = 'for option; do case $option in --o=*) out=${option#--o=};; esac; done; echo "// C++" > "$out"'
"""A stanc that always writes the same."""


def damage(path: Path) -> None:
    """Change a file, but not its size."""
    content = path.read_bytes()
    path.chmod(0o644)
    path.write_bytes(bytes([content[0] ^ 1]) + content[1:])


def test_a_damaged_stanc_is_fetched_again(local_wheel: Path, tmp_path: Path) -> None:  # noqa: F811
    home = wheels.provide_stan(tmp_path / "cache", local_wheel, SILENT)
    for path in (home / "bin" / "stanc", home / "lib" / "libtbb.so.2"):
        damage(path)
        assert wheels.provide_stan(tmp_path / "cache", local_wheel, SILENT) == home
        assert cache.is_sound(home)
    (home / "bin" / "stanc").chmod(0o644)
    wheels.provide_stan(tmp_path / "cache", local_wheel, SILENT)
    assert (home / "bin" / "stanc").stat().st_mode & 0o111


def test_the_license_is_kept_beside_what_is_unpacked(local_wheel: Path, tmp_path: Path) -> None:  # noqa: F811
    home = wheels.provide_stan(tmp_path / "cache", local_wheel, SILENT)
    assert (home / "licenses" / "httpstan-1.0.dist-info" / "LICENSE").read_text() == "ISC"


def test_a_damaged_header_is_made_again_when_a_compiler_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("workbench.toolchain.cache._HASHED_UP_TO", 0)  # all files count as large
    needs = f'grep -q made $(cat {tmp_path}/header) || {{ echo "error: bad"; exit 1; }}'
    reads = f'case "$*" in */one.o*) {needs};; esac'
    toolchain = fake_compilers.make_toolchain(tmp_path, reads, COMPILES)
    fake_compilers.write_script(toolchain.stanc.path, STANC)
    header = build_header(toolchain, False, SILENT) / "model_header.hpp.pch"
    (tmp_path / "header").write_text(str(header))
    damage(header)
    assert cache.is_sound(header.parent)

    assert build("one", "// one", toolchain).exe.exists()
    assert header.read_text() == "made\n"


def test_a_damaged_header_is_made_again_although_the_compiler_accepts_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """g++ ignores a precompiled header of zeros, and clang overlooks a changed byte."""
    monkeypatch.setattr("workbench.toolchain.cache._HASHED_UP_TO", 0)  # all files count as large
    runs = f'case "$*" in */one.o*) cat $(cat {tmp_path}/header) >> {tmp_path}/runs;; esac'
    toolchain = fake_compilers.make_toolchain(tmp_path, runs, COMPILES)
    fake_compilers.write_script(toolchain.stanc.path, STANC)
    header = build_header(toolchain, False, SILENT) / "model_header.hpp.pch"
    (tmp_path / "header").write_text(str(header))
    damage(header)

    assert build("one", "// one", toolchain).exe.exists()
    assert (tmp_path / "runs").read_text().splitlines()[-1] == "made"
    assert cache.is_sound(header.parent, is_thorough=True)


def test_a_failure_with_a_sound_cache_is_passed_on_at_once(tmp_path: Path) -> None:
    runs = f'case "$*" in */one.o*) echo run >> {tmp_path}/runs; echo "error: bad"; exit 1;; esac'
    toolchain = fake_compilers.make_toolchain(tmp_path, runs, COMPILES)
    fake_compilers.write_script(toolchain.stanc.path, STANC)
    with pytest.raises(BuildFailed, match="error: bad"):
        build("one", "// one", toolchain)
    assert (tmp_path / "runs").read_text().count("run") == 1
