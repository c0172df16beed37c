"""A wheel is unpacked as Stan's folder: what is needed, where it is needed, with the wheel's times."""

from __future__ import annotations

import errno
import shutil
import zipfile
from pathlib import Path
from types import SimpleNamespace

import pytest

from tests.toolchain.fake_compilers import write_script
from workbench.errors import PinMismatch, ToolchainError, ToolchainMissing
from workbench.progress import SILENT
from workbench.provenance import hash_file
from workbench.toolchain import wheels
from workbench.toolchain.cache import is_sound
from workbench.toolchain.pins import Wheel

MEMBERS = {
    "httpstan/stanc": "#!/bin/sh",
    "httpstan/include/stan/model.hpp": "// Stan",
    "httpstan/include/pybind11/pybind11.h": "// not Stan",
    "httpstan/lib/libtbb.so": "library",
    "httpstan/lib/libtbb.so.2": "library",
    "httpstan/app.py": "# not Stan",
    "httpstan-1.0.dist-info/LICENSE": "ISC",
    "httpstan-1.0.dist-info/METADATA": "not needed",
}
"""The content of a small httpstan wheel."""


@pytest.fixture
def local_wheel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A small wheel that takes the place of the pinned one."""
    path = tmp_path / "httpstan.whl"
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in MEMBERS.items():
            archive.writestr(zipfile.ZipInfo(name, (2024, 1, 2, 3, 4, 6)), content)
    pinned = Wheel("httpstan", "1.0", "linux-x86_64", hash_file(path))
    monkeypatch.setattr(wheels, "find_wheel", lambda name: pinned)
    return path


def test_a_local_wheel_becomes_stans_folder(local_wheel: Path, tmp_path: Path) -> None:
    home = wheels.provide_stan(tmp_path / "cache", local_wheel, SILENT)

    files = {path.relative_to(home).as_posix() for path in home.rglob("*") if not path.is_dir()}
    assert files == {
        "bin/stanc", "include/stan/model.hpp", "lib/libtbb.so", "lib/libtbb.so.2", "manifest.json",
        "licenses/httpstan-1.0.dist-info/LICENSE",
    }  # fmt: skip
    assert (home / "bin" / "stanc").stat().st_mode & 0o111
    assert (home / "lib" / "libtbb.so").readlink() == Path("libtbb.so.2")
    assert (home / "include" / "stan" / "model.hpp").stat().st_mtime == 1704164646
    assert is_sound(home)


def test_it_is_unpacked_once(local_wheel: Path, tmp_path: Path) -> None:
    home = wheels.provide_stan(tmp_path / "cache", local_wheel, SILENT)
    local_wheel.unlink()

    assert wheels.provide_stan(tmp_path / "cache", local_wheel, SILENT) == home


def test_licenses_are_added_to_what_was_unpacked_without_them(local_wheel: Path, tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    home = wheels.provide_stan(cache, local_wheel, SILENT)
    shutil.rmtree(home / "licenses")
    modified = (home / "bin" / "stanc").stat().st_mtime_ns

    for _ in range(2):
        wheels.add_licenses(cache, {"httpstan": local_wheel}, SILENT)
        local_wheel.unlink(missing_ok=True)

    assert (home / "licenses" / "httpstan-1.0.dist-info" / "LICENSE").read_text() == "ISC"
    assert (home / "bin" / "stanc").stat().st_mtime_ns == modified
    assert [path for path in home.parent.iterdir() if path != home] == []


def test_licenses_that_cannot_be_fetched_are_left_out(local_wheel: Path, tmp_path: Path) -> None:
    home = wheels.provide_stan(tmp_path / "cache", local_wheel, SILENT)
    shutil.rmtree(home / "licenses")

    wheels.add_licenses(tmp_path / "cache", {}, SILENT)  # these tests have no package index

    assert not (home / "licenses").exists()
    assert [path for path in home.parent.iterdir() if path != home] == []


def test_pip_that_does_not_end(monkeypatch: pytest.MonkeyPatch, local_wheel: Path, tmp_path: Path) -> None:
    pip = write_script(tmp_path / "python", "exec /bin/sleep 60")
    monkeypatch.setattr(wheels, "sys", SimpleNamespace(executable=str(pip)))
    monkeypatch.setattr(wheels, "_LONGEST_FETCH", 0.2)

    with pytest.raises(ToolchainMissing, match=r"cannot be fetched .* pip has not finished within"):
        wheels.provide_stan(tmp_path / "cache", None, SILENT)


def test_a_full_cache_is_named_and_not_the_temporary_folder(
    local_wheel: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(wheels, "_unpack_member", fail)
    with pytest.raises(ToolchainError, match=r"the cache at .*stan cannot be written: No space") as error:
        wheels.provide_stan(tmp_path / "cache", local_wheel, SILENT)
    assert "WORKBENCH_CACHE" in str(error.value.hint)


def test_wheels_are_told_apart_by_their_content(local_wheel: Path, tmp_path: Path) -> None:
    assert wheels.check_wheels([local_wheel]) == {"httpstan": local_wheel}
    assert wheels.check_wheels([]) == {}
    with pytest.raises(ToolchainMissing, match=r"a wheel was expected at .*none\.whl"):
        wheels.check_wheels([local_wheel, tmp_path / "none.whl"])
    other = tmp_path / "ziglang.whl"
    other.write_text("another")
    with pytest.raises(PinMismatch, match=r"is not the pinned httpstan 1\.0"):
        wheels.check_wheels([other])
