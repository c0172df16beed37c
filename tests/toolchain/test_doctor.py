from __future__ import annotations

from pathlib import Path

import pytest

from tests.toolchain.fake_compilers import GCC, write_compiler
from workbench.toolchain import ToolchainCheck, ToolchainSettings, doctor, examine


@pytest.fixture
def path(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    folder = tmp_path / "bin"
    folder.mkdir()
    (folder / "sh").symlink_to("/bin/sh")
    monkeypatch.setenv("PATH", str(folder))
    monkeypatch.delenv("CMDSTAN", raising=False)
    return folder


def run_check(code: str, tmp_path: Path) -> ToolchainCheck:
    return next(check for check in examine(ToolchainSettings(cache=tmp_path / "cache")) if check.code == code)


def test_codes_are_distinct_and_problems_have_cures(path: Path, tmp_path: Path) -> None:
    findings = examine(ToolchainSettings(cache=tmp_path / "cache"))

    assert len({check.code for check in findings}) == len(findings)
    assert all(check.cure for check in findings if check.status == "problem")


def test_no_compiler_is_a_note(path: Path, tmp_path: Path) -> None:
    assert run_check("TC105", tmp_path).status == "note"


@pytest.mark.parametrize(("version", "status"), [("4.8", "problem"), ("12.2", "ok")])
def test_an_old_compiler_is_a_problem(version: str, status: str, path: Path, tmp_path: Path) -> None:
    write_compiler(path / "g++", GCC.format(version))

    assert run_check("TC105", tmp_path).status == status


def test_missing_stan_is_a_note(path: Path, tmp_path: Path) -> None:
    assert run_check("TC104", tmp_path).status == "note"


def test_a_cmdstan_that_does_not_exist_is_a_problem(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CMDSTAN", str(tmp_path / "nowhere"))

    assert run_check("TC106", tmp_path).status == "problem"


def test_a_cache_that_cannot_be_made_is_a_problem(path: Path, tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("a file, not a folder")

    assert run_check("TC102", tmp_path).status == "problem"


def test_little_disk_space_has_a_cure(path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "_SPACE_NEEDED", 1 << 60)

    assert "prune" in run_check("TC103", tmp_path).cure


def test_another_platform_is_a_problem(path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("platform.machine", lambda: "sparc")

    assert run_check("TC101", tmp_path).status == "problem"
