"""What the shell completes: models, runs, names and versions in the registry, and words that options take."""

import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
import typer
import typer._completion_shared
from typer.testing import CliRunner

import workbench
from tests.registry.conftest import runs  # noqa: F401 - a fixture
from workbench.cli import completion
from workbench.cli.app import app
from workbench.cli.completion import _RECORDS
from workbench.errors import StoreError
from workbench.results.run_directory import SEGMENTS_RECORD
from workbench.results.store import RECORD, STUDY_RECORD

CHECKOUT = Path(workbench.__file__).parent.parent


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


@pytest.fixture
def bash(tmp_path):
    """Ask bash, by the script that `--show-completion` prints, what completes the last word of a line."""
    command = tmp_path / "bin" / "workbench"
    command.parent.mkdir()
    command.write_text(f"#!{sys.executable}\nfrom workbench.cli import main\n\nmain()\n")
    command.chmod(0o755)
    path = {"PYTHONPATH": str(CHECKOUT), "PATH": f"{command.parent}:{os.environ['PATH']}"}
    environment = {**os.environ, **path, "_TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION": "1"}

    def complete(*words):
        listed = " ".join(shlex.quote(word) for word in ("workbench", *words))
        script = (
            'eval "$(workbench --show-completion bash)"\n'
            f"COMP_WORDS=({listed}); COMP_CWORD={len(words)}\n"
            "_workbench_completion workbench\n"
            """printf '%s\\n' "${COMPREPLY[@]}"\n"""
        )
        argv = ["bash", "-c", script]
        done = subprocess.run(argv, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=60)
        assert done.stderr == ""
        return done.stdout.split("\n")[:-1]

    return complete


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (("fit", "x", "--sampler", ""), ["stan", "nutpie"]),
        (("fit", "x", "--sampler", "=", "nu"), ["nutpie"]),
        (("fit", "x", "--column", "y", "=", "a", "--missing", "r"), ["refuse"]),
        (("fit", "x", "--method", "nuts,la"), ["nuts,laplace"]),
        (("calibrate", "x", "--method", "m"), ["map", "mle"]),
        (("fit", "x", "--init", ""), ["random", "map", "pathfinder"]),
        (("fit", "x", "--compiler", ""), ["clang++", "g++", "zig"]),
        (("sensitivity", "x", "--scheduler", ""), ["local"]),
        (("predict", "x", "--weights", "s"), ["stacking"]),
        (("fit", "x", "--seed", ""), [""]),
        (("fit", "x", "rep"), [""]),  # bash itself completes files
    ],
)
def test_bash_completes_the_words_that_an_option_takes(bash, words, expected):
    assert bash(*words) == expected


def test_a_name_with_spaces_arrives_in_bash_as_one_word(bash, tmp_path):
    make_run(tmp_path / "reports" / "no data $1", 10)
    assert bash("show", "rep") == [r"reports/no\ data\ \$1"]
    assert bash("show", r"reports/no\ da") == [r"reports/no\ data\ \$1"]
    assert bash("show", "'reports/no da") == ["reports/no data $1"]


def test_bash_completes_versions_behind_the_character_at_which_it_divides_words(bash, runs, tmp_path):  # noqa: F811
    arguments = ["registry", "add", "radon", str(runs[0]), "--alias", "champion"]
    assert CliRunner().invoke(app, [*arguments, "--registry", str(tmp_path / "registry")]).exit_code == 0
    assert bash("show", "rad") == ["radon"]
    assert bash("show", "radon", "@") == ["champion", "latest", "1"]
    assert bash("show", "radon", "@", "cha") == ["champion"]


@pytest.mark.parametrize("is_folder", [True, False], ids=["a folder in its place", "another encoding"])
def test_completion_that_cannot_be_installed_is_told_in_a_sentence(tmp_path, monkeypatch, is_folder):
    place = tmp_path / ".bashrc"
    if is_folder:
        place.mkdir()
        expected = f"`{place}` could not be written: it is a folder, not a file."
    else:
        place.write_bytes(b"# caf\xe9\n")
        expected = "the shell's settings in the home folder are not in UTF-8."
    monkeypatch.setattr(typer._completion_shared, "_get_shell_name", lambda: "bash")
    done = CliRunner().invoke(app, ["--install-completion"], env={"HOME": str(tmp_path)})
    assert done.exit_code == StoreError.exit_code
    hint = "hint: `workbench --show-completion` prints what the shell has to read"
    assert done.stderr.replace("\n", " ").strip() == f"error: {expected} {hint}"
