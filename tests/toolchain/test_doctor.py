from __future__ import annotations

from pathlib import Path

import pytest

from tests.toolchain.fake_compilers import GCC, write_compiler, write_script
from workbench.toolchain import ToolchainCheck, ToolchainSettings, doctor, examine
from workbench.toolchain.wheels import locate_clang, locate_stan


@pytest.fixture
def path(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    folder = tmp_path / "bin"
    folder.mkdir()
    (folder / "sh").symlink_to("/bin/sh")
    monkeypatch.setenv("PATH", str(folder))
    monkeypatch.delenv("CMDSTAN", raising=False)
    monkeypatch.setattr(doctor, "ask_for", lambda wheel: "")
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


def test_another_platform_with_a_cmdstan_is_none(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("platform.machine", lambda: "sparc")
    monkeypatch.setenv("CMDSTAN", str(tmp_path))

    assert {run_check(code, tmp_path).status for code in ("TC101", "TC104")} == {"note"}
    assert run_check("TC107", tmp_path).status == "ok"


def test_a_compiler_without_its_library_is_a_problem(path: Path, tmp_path: Path) -> None:
    write_script(
        path / "g++",
        'case "$*" in',
        "*-fsyntax-only*) echo 'a.cpp:1:10: fatal error: vector: No such file or directory' >&2; exit 1;;",
        f"*) echo '{GCC.format('12.2')}' >&2;;",
        "esac",
    )

    found = run_check("TC105", tmp_path)

    assert found.status == "problem"
    assert "vector: No such file or directory" in found.found
    assert "standard library" in found.cure


@pytest.mark.parametrize(("obstacle", "status"), [("", "ok"), ("Connection refused", "problem")])
def test_an_index_that_cannot_be_reached_is_a_problem(
    obstacle: str, status: str, path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(doctor, "ask_for", lambda wheel: obstacle)
    monkeypatch.setenv("HTTPS_PROXY", "http://me:secret@proxy.example:3128")

    found = run_check("TC107", tmp_path)

    assert found.status == status
    assert obstacle in found.found
    assert "(HTTPS_PROXY is proxy.example:3128)" in found.found
    assert "secret" not in found.found


def test_a_missing_package_is_a_problem(path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert run_check("TC108", tmp_path).status == "ok"
    monkeypatch.setattr(doctor, "list_missing", lambda: ["scipy"])

    assert run_check("TC108", tmp_path).cure == "`pip install scipy`"


def test_extras_are_listed_with_what_they_lack(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(doctor, "list_extras", lambda: {"dask": [], "mlflow": ["mlflow-skinny"]})

    found = run_check("TC109", tmp_path)

    assert found.found == "installed: dask; not installed: mlflow (mlflow-skinny)."
    assert "pip install 'stan-workbench[mlflow]'" in found.cure


@pytest.mark.parametrize("compiler", ["", "g++"])
def test_the_index_is_asked_for_zig_where_there_is_no_compiler(
    compiler: str, path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if compiler:
        write_compiler(path / compiler, GCC.format("12.2"))
    stan = locate_stan(tmp_path / "cache")
    stan.mkdir(parents=True)
    (stan / "manifest.json").write_text("{}")
    monkeypatch.setattr(doctor, "ask_for", lambda wheel: "Connection refused")

    found = run_check("TC107", tmp_path)

    assert found.status == ("ok" if compiler else "problem")
    assert ("zig cannot be fetched: Connection refused" in found.found) == (not compiler)


def test_the_compiler_of_the_next_build_is_named(path: Path, tmp_path: Path) -> None:
    write_compiler(path / "g++", GCC.format("12.2"))
    assert "the first use fetches the clang in zig's wheel" in run_check("TC105", tmp_path).found

    clang = locate_clang(tmp_path / "cache")
    clang.mkdir(parents=True)
    (clang / "manifest.json").write_text("{}")
    assert run_check("TC105", tmp_path).found.startswith("the clang in zig's wheel will be used")
