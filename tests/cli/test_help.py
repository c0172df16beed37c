"""`--help` of every command: short names, true examples, and the same options everywhere."""

import shlex
import subprocess
import sys
from typing import Any

import pytest
from typer.main import get_command

from workbench.cli.app import app
from workbench.cli.help_page import EXAMPLES

GROUP: Any = get_command(app)
"""Every command, as Typer parses it."""

OF_A_FIT_ALONE = {
    "dry_run", "method", "profile", "bic_count", "save_warmup", "figures", "keep", "pointwise_draws",
    "no_report", "priors", "tracking", "experiment", "metrics",
}  # fmt: skip
"""Parameters of `fit` that a study's base fit has no use for."""


OF_ONE_COMMAND = {
    "-o", "--alias", "--by", "--data", "--draws", "--dry-run", "--html", "--keep", "--method",
    "--methods", "--output", "--seed", "--shadow", "--strict", "--threads", "--timeout", "--vary",
    "--weights",
}  # fmt: skip
"""Options whose help says more for one command: a folder or a file, further draws, another seed ..."""


def find_command(words):
    """Return a command by its words, and the words that are left."""
    command: Any = GROUP
    rest = list(words)
    while hasattr(command, "commands") and rest:
        command = command.commands[rest.pop(0)]
    return command, rest


def list_commands():
    for name, command in GROUP.commands.items():
        yield (name,)
        for inner in getattr(command, "commands", ()):
            yield name, inner


def test_every_command_has_examples():
    assert set(EXAMPLES) == {"workbench", *(" ".join(words) for words in list_commands())}


@pytest.mark.parametrize("words", [(), *list_commands()], ids=" ".join)
@pytest.mark.parametrize("flag", ["-h", "--help"])
def test_help_ends_with_examples_and_shows_no_noise(workbench, words, flag):
    done = workbench(*words, flag, env={"COLUMNS": "100"})
    assert done.returncode == 0
    for noise in ("<bool>", "<str>", "list[", "int range", "default: no-", "[["):
        assert noise not in done.stdout
    lines = [line.strip() for line in done.stdout.splitlines() if line.strip()]
    assert lines[-3:] == ["Examples", *EXAMPLES[" ".join(words) or "workbench"]]


@pytest.mark.parametrize("example", sum(EXAMPLES.values(), ()))
def test_examples_are_understood(example):
    for part in example.removeprefix("export CMDSTAN=$(").removesuffix(")").split(" && "):
        words = shlex.split(part)
        assert words.pop(0) == "workbench"
        command, rest = find_command(words)
        command.make_context("workbench", rest)


@pytest.mark.parametrize(
    "example",
    [one for name in ("models", "new", "check") for one in EXAMPLES[name] if "reports/" not in one],
)
def test_examples_that_need_nothing_run(workbench, example):
    assert workbench(*shlex.split(example)[1:]).returncode == 0


def test_an_option_means_the_same_in_every_command():
    known: dict[str, set[str | None]] = {}
    for words in list_commands():
        for parameter in find_command(words)[0].params:
            for option in parameter.opts:
                known.setdefault(option, set()).add(parameter.help)
    different = {name for name, texts in known.items() if name.startswith("-") and len(texts - {None}) > 1}
    assert different <= OF_ONE_COMMAND


def test_a_study_takes_the_options_of_its_base_fit():
    parameters = {name: {one.name for one in GROUP.commands[name].params} for name in ("fit", "sensitivity")}
    assert parameters["fit"] - parameters["sensitivity"] == {"model", *OF_A_FIT_ALONE}


def test_the_package_runs_as_a_module():
    done = subprocess.run(
        [sys.executable, "-P", "-m", "workbench", "--version"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0
    assert done.stdout.startswith("workbench ")
