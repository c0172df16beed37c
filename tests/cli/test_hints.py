"""What predict, score, update, continue and sensitivity advise: no option of another command by itself."""

import ast
import re
from pathlib import Path

import pytest

import workbench as package
from tests.cli.test_help import GROUP

ROOT = Path(package.__file__).parent
"""The package's folder."""

SPEAKERS = {
    "prediction/[!dfh]*.py": ("predict", "score"),
    "prediction/[dh]*.py": ("predict",),
    "prediction/forecast.py": ("score",),
    "prediction/scores/*.py": ("score",),
    "workflow/predict_rows.py": ("predict", "score"),
    "workflow/predict.py": ("predict",),
    "workflow/predict_quantities.py": ("predict",),
    "workflow/score.py": ("score",),
    "workflow/update*.py": ("update",),
    "workflow/resume.py": ("continue",),
    "workflow/study_*.py": ("sensitivity",),
    "workflow/sensitivity.py": ("sensitivity",),
    "estimation/sampling/stored_draws.py": ("predict", "score"),
    "cli/predict.py": ("predict",),
    "cli/score.py": ("score",),
    "cli/update.py": ("update",),
    "cli/continue_.py": ("continue",),
}
"""Modules, and the commands that print what these say; `score` alone takes rows one step ahead."""

ELSEWHERE = re.compile(r"`workbench \w+[^`]*`( with(out)? `?--[a-z-]+)?|`\w+` with(out)? `?--[a-z-]+")
"""An option that stands with the command that takes it."""


def read_sentences(path):
    """Yield each text of a module but for docstrings; what an f-string fills in is left out."""
    tree = ast.parse(path.read_text())
    inner = {id(part) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for part in node.values}
    documented = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            yield "".join(str(part.value) if isinstance(part, ast.Constant) else "X" for part in node.values)
        elif isinstance(node, ast.Constant) and id(node) not in inner | documented:
            yield str(node.value)


def list_options(command):
    return {option for parameter in GROUP.commands[command].params for option in parameter.opts}


@pytest.mark.parametrize(("pattern", "commands"), SPEAKERS.items())
def test_an_option_is_one_of_the_command_or_stands_with_its_own(pattern, commands):
    paths = list(ROOT.glob(pattern))
    assert paths
    taken = set.intersection(*(list_options(command) for command in commands))
    wrong = [
        f"{path.name}: {sentence}"
        for path in paths
        for sentence in read_sentences(path)
        if not set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", ELSEWHERE.sub("", sentence))) <= taken
    ]
    assert not wrong
