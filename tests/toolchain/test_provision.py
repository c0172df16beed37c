from __future__ import annotations

from pathlib import Path

import pytest

from tests.toolchain.fake_compilers import CLANG, write_compiler
from workbench.errors import PinMismatch, RequestError, ToolchainError, ToolchainMissing
from workbench.toolchain import ToolchainSettings, find_cache_folder, provision


def test_the_user_chooses_the_cache(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("WORKBENCH_CACHE", str(tmp_path / "variable"))

    assert find_cache_folder(ToolchainSettings(cache=tmp_path / "named")) == tmp_path / "named"
    assert find_cache_folder() == tmp_path / "variable"


def test_another_wheel_than_the_pinned_one_is_refused(tmp_path: Path) -> None:
    wheel = tmp_path / "httpstan.whl"
    wheel.write_text("not a wheel")

    with pytest.raises(PinMismatch, match=r"is not the pinned httpstan 4\.17\.0 or ziglang .* its sha256 is"):
        provision(ToolchainSettings(source="embedded", cache=tmp_path / "cache", wheels=(wheel,)))

    assert not (tmp_path / "cache" / "stan").exists()


def test_a_missing_wheel_is_named(tmp_path: Path) -> None:
    with pytest.raises(ToolchainMissing, match=r"a wheel was expected at .*none\.whl"):
        provision(ToolchainSettings(source="embedded", cache=tmp_path, wheels=(tmp_path / "none.whl",)))


def test_without_a_package_index_the_hint_names_a_wheel(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    with pytest.raises(
        ToolchainMissing, match=r"httpstan 4.17.0 cannot be fetched from the package index: "
    ) as error:
        provision(ToolchainSettings(source="embedded", cache=tmp_path))

    assert "workbench toolchain install --wheel FILE" in str(error.value.hint)


def test_another_wheel_from_the_index_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """pip refuses it by its hash."""
    wheel = tmp_path / "index" / "httpstan-4.17.0-py3-none-any.whl"
    wheel.parent.mkdir()
    wheel.write_text("not the wheel")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(wheel.parent))
    with pytest.raises(
        PinMismatch, match=r"the httpstan 4\.17\.0 of the package index is not the pinned one"
    ):
        provision(ToolchainSettings(source="embedded", cache=tmp_path / "cache"))


def test_an_unknown_toolchain_is_refused(tmp_path: Path) -> None:
    with pytest.raises(
        RequestError, match="`rstan` was requested, but there are only auto, embedded, cmdstan"
    ):
        provision(ToolchainSettings(source="rstan", cache=tmp_path))


def test_a_cmdstan_without_a_makefile_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("CMDSTAN", str(tmp_path))
    with pytest.raises(ToolchainMissing, match="is not a CmdStan folder: it has no makefile"):
        provision(ToolchainSettings(cache=tmp_path))


def test_cmdstan_must_be_set(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("CMDSTAN", raising=False)
    with pytest.raises(ToolchainMissing, match="the variable CMDSTAN is not set"):
        provision(ToolchainSettings(source="cmdstan", cache=tmp_path))


def test_the_users_own_cmdstan_is_used(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "makefile").write_text("# CmdStan\nCMDSTAN_VERSION := 2.36.0\n")
    compiler = write_compiler(tmp_path / "clang++", CLANG.format("14.0"))
    monkeypatch.setenv("CMDSTAN", str(tmp_path))

    tools = provision(ToolchainSettings(compiler=str(compiler), cache=tmp_path / "cache"))

    assert (tools.source, tools.stan_version, tools.home) == ("cmdstan", "2.36.0", tmp_path)
    assert tools.why.startswith("CMDSTAN is set; ")


@pytest.mark.parametrize("name", ['a"b', "a\\b", "a\nb"])
def test_a_cache_that_compilers_cannot_work_in_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(ToolchainError, match="compilers cannot work in the cache") as error:
        provision(ToolchainSettings(cache=tmp_path / name))
    assert "WORKBENCH_CACHE" in str(error.value.hint)
    assert not (tmp_path / name).exists()
