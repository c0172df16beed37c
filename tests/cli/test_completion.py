"""What the shell completes: models, runs, and names and versions in the registry."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from tests.registry.conftest import runs  # noqa: F401 - a fixture
from workbench.cli import completion
from workbench.cli.app import app
from workbench.cli.completion import _RECORDS
from workbench.results.run_directory import SEGMENTS_RECORD
from workbench.results.store import RECORD, STUDY_RECORD


def make_run(path: Path, age: int, record: str = RECORD) -> None:
    path.mkdir(parents=True)
    (path / record).write_text("{}")
    os.utime(path / record, (1_000_000 - age, 1_000_000 - age))


def test_the_files_by_which_runs_are_known_are_those_that_are_written():
    assert _RECORDS == (RECORD, STUDY_RECORD, SEGMENTS_RECORD)


def test_runs_complete_the_newest_first(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    make_run(Path("reports/old"), 50)
    make_run(Path("reports/new"), 10, STUDY_RECORD)
    make_run(Path("june"), 30, SEGMENTS_RECORD)
    Path("reports/notes").mkdir()
    assert completion.complete_runs("") == ["reports/new", "june", "reports/old"]
    assert completion.complete_runs("reports/o") == ["reports/old"]
    assert completion.complete_runs("nowhere/x") == []


@pytest.mark.parametrize("where", ["here", "variable", "option"])
def test_names_and_versions_complete(runs, tmp_path, monkeypatch, where):  # noqa: F811
    monkeypatch.chdir(tmp_path)
    folder = {"here": "registry", "variable": "elsewhere", "option": "elsewhere"}[where]
    if where == "variable":
        monkeypatch.setenv("WORKBENCH_REGISTRY", folder)
    for run, name, alias in ((0, "radon", "champion"), (2, "radon", "challenger"), (0, "rats", "champion")):
        arguments = ["registry", "add", name, str(runs[run]), "--alias", alias, "--registry", folder]
        assert CliRunner().invoke(app, arguments).exit_code == 0
    context = typer.Context(typer.main.get_command(app))
    context.params = {"folder": Path(folder)} if where == "option" else {}
    assert completion.complete_names(context, "ra") == ["radon", "rats"]
    assert completion.complete_versions(context, "rado") == ["radon"]
    assert completion.complete_versions(context, "radon") == [
        "radon@challenger", "radon@champion", "radon@latest", "radon@2", "radon@1",
    ]  # fmt: skip
    assert completion.complete_versions(context, "radon@cha") == ["radon@challenger", "radon@champion"]
    assert completion.complete_versions(context, "nothing@") == []


def test_without_a_registry_or_with_a_damaged_one_nothing_completes(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    context = typer.Context(typer.main.get_command(app))
    assert completion.complete_versions(context, "") == []
    Path("registry").mkdir()
    Path("registry/events.jsonl").write_text("{")
    assert completion.complete_versions(context, "") == []


def test_a_shell_is_answered(tmp_path):
    make_run(tmp_path / "reports" / "first", 10)
    for words, expected in (("show ", "reports/first"), ("fit eight_schools_c", "eight_schools_centred")):
        environment = {
            **os.environ,
            "_WORKBENCH_COMPLETE": "complete_zsh",
            "_TYPER_COMPLETE_ARGS": f"workbench {words}",
        }
        code = "from workbench.cli.app import app; app([], prog_name='workbench')"
        argv = [sys.executable, "-c", code]
        done = subprocess.run(argv, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=60)
        assert expected in done.stdout, done.stderr
