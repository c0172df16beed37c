from __future__ import annotations

from pathlib import Path

import pytest

from tests.toolchain.fake_compilers import CLANG, compiler_script
from workbench.errors import PinMismatch, ToolchainMissing
from workbench.toolchain import Settings, find_cache_folder, provision


def test_the_cache_is_where_one_says(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("WORKBENCH_CACHE", str(tmp_path / "variable"))

    assert find_cache_folder(Settings(cache=tmp_path / "named")) == tmp_path / "named"
    assert find_cache_folder() == tmp_path / "variable"


def test_a_wheel_that_is_not_the_pinned_one(tmp_path: Path) -> None:
    wheel = tmp_path / "httpstan.whl"
    wheel.write_text("not a wheel")

    with pytest.raises(PinMismatch, match=r"is not the pinned httpstan 4\.17\.0: its sha256 is"):
        provision(Settings(source="embedded", cache=tmp_path / "cache", wheel=wheel))

    assert not list((tmp_path / "cache" / "stan").iterdir())


def test_a_wheel_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(ToolchainMissing, match=r"a wheel was expected at .*none\.whl"):
        provision(Settings(source="embedded", cache=tmp_path, wheel=tmp_path / "none.whl"))


def test_no_package_index(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    with pytest.raises(
        ToolchainMissing, match=r"httpstan 4.17.0 cannot be fetched from the package index: "
    ) as error:
        provision(Settings(source="embedded", cache=tmp_path))

    assert "workbench toolchain install --wheel FILE" in str(error.value.hint)


def test_an_index_with_another_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """pip refuses it by its hash before we ever see it."""
    wheel = tmp_path / "index" / "httpstan-4.17.0-py3-none-any.whl"
    wheel.parent.mkdir()
    wheel.write_text("not the wheel")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(wheel.parent))
    with pytest.raises(PinMismatch, match=r"offers a httpstan 4\.17\.0 other than the pinned one"):
        provision(Settings(source="embedded", cache=tmp_path / "cache"))


def test_a_toolchain_nobody_knows(tmp_path: Path) -> None:
    with pytest.raises(
        ToolchainMissing, match="`rstan` was asked for, but there are only auto, embedded, cmdstan"
    ):
        provision(Settings(source="rstan", cache=tmp_path))


def test_cmdstan_pointing_nowhere(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("CMDSTAN", str(tmp_path))
    with pytest.raises(ToolchainMissing, match="no CmdStan is there: it has no makefile"):
        provision(Settings(cache=tmp_path))


def test_cmdstan_not_set(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("CMDSTAN", raising=False)
    with pytest.raises(ToolchainMissing, match="the variable CMDSTAN is not set"):
        provision(Settings(source="cmdstan", cache=tmp_path))


def test_the_users_own_cmdstan(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "makefile").write_text("# CmdStan\nCMDSTAN_VERSION := 2.36.0\n")
    compiler = compiler_script(tmp_path / "clang++", CLANG.format("14.0"))
    monkeypatch.setenv("CMDSTAN", str(tmp_path))

    found = provision(Settings(compiler=str(compiler), cache=tmp_path / "cache"))

    assert (found.source, found.stan_version, found.home) == ("cmdstan", "2.36.0", tmp_path)
    assert found.why.startswith("CMDSTAN is set; ")
