from __future__ import annotations

from pathlib import Path

import pytest

from tests.toolchain.fake_compilers import GCC, compiler_script
from workbench.toolchain import Finding, Settings, doctor, examine


@pytest.fixture
def path(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    folder = tmp_path / "bin"
    folder.mkdir()
    (folder / "sh").symlink_to("/bin/sh")
    monkeypatch.setenv("PATH", str(folder))
    monkeypatch.delenv("CMDSTAN", raising=False)
    return folder


def finding(code: str, tmp_path: Path) -> Finding:
    return next(each for each in examine(Settings(cache=tmp_path / "cache")) if each.code == code)


def test_every_check_has_its_own_code_and_problems_have_cures(path: Path, tmp_path: Path) -> None:
    findings = examine(Settings(cache=tmp_path / "cache"))

    assert len({each.code for each in findings}) == len(findings)
    assert all(each.cure for each in findings if each.status == "problem")


def test_no_compiler_is_a_note(path: Path, tmp_path: Path) -> None:
    assert finding("TC105", tmp_path).status == "note"


@pytest.mark.parametrize(("version", "status"), [("4.8", "problem"), ("12.2", "ok")])
def test_age_of_the_compiler(version: str, status: str, path: Path, tmp_path: Path) -> None:
    compiler_script(path / "g++", GCC.format(version))

    assert finding("TC105", tmp_path).status == status


def test_stan_not_yet_there_is_a_note(path: Path, tmp_path: Path) -> None:
    assert finding("TC104", tmp_path).status == "note"


def test_cmdstan_pointing_nowhere(path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CMDSTAN", str(tmp_path / "nowhere"))

    assert finding("TC106", tmp_path).status == "problem"


def test_cache_that_cannot_be_made(path: Path, tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("a file, not a folder")

    assert finding("TC102", tmp_path).status == "problem"


def test_little_space(path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "_SPACE_NEEDED", 1 << 60)

    assert "prune" in finding("TC103", tmp_path).cure


def test_wrong_platform(path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("platform.machine", lambda: "sparc")

    assert finding("TC101", tmp_path).status == "problem"
