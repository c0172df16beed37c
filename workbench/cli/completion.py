"""What the shell completes: models, runs, names and versions in the registry, and words that options take."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import typer

if TYPE_CHECKING:
    from workbench.registry import RegisteredModel

REGISTRY_VARIABLE = "WORKBENCH_REGISTRY"
"""The variable of the environment that names the registry."""

REGISTRY_FOLDER = Path("registry")
"""Where a registry is by default."""

_RUNS_FOLDER = Path("reports")
"""Where `workbench fit` writes by default."""

_RECORDS = ("run.json", "study.json", "fits.json")
"""The files that make a folder a run, a study, or a folder of `fit-each`."""

_ASKED = "_WORKBENCH_COMPLETE"
_BEFORE = "_WORKBENCH_BEFORE"
"""The variables by which a shell asks what completes a word, and what bash keeps of the word as it is."""

_BREAKS = frozenset("@=:")
"""Characters at which bash divides what it completes, with the default `COMP_WORDBREAKS`."""

_WORD = re.compile(r"[a-z][a-z_+-]*")
"""A value that the help of an option offers as it is, as in `stan|nutpie`; others stand for values."""


def complete_models(incomplete: str) -> list[str]:
    """Return the bundled models and the Stan programs whose names begin with a text."""
    folder = Path(incomplete).parent if "/" in incomplete else Path()
    programs = [str(path) for path in folder.glob("*.stan")] if folder.is_dir() else []
    names = (*complete_bundled(incomplete), *sorted(programs))
    return [name for name in names if name.startswith(incomplete)]


def complete_bundled(incomplete: str) -> list[str]:
    """Return the bundled models whose names begin with a text."""
    from workbench import library

    return [name for name in library.list_names() if name.startswith(incomplete)]


def complete_runs(incomplete: str) -> list[str]:
    """Return the runs and studies whose paths begin with a text, the newest first.

    They are looked for in the folder that the text names, or else here and in `reports`.
    """
    folders = [Path(incomplete).parent] if "/" in incomplete else [Path(), _RUNS_FOLDER]
    found: list[tuple[float, str]] = []
    for folder in folders:
        with suppress(OSError):
            found += [
                ((path / record).stat().st_mtime, str(path))
                for path in folder.iterdir()
                for record in _RECORDS
                if (path / record).is_file()
            ]
    return [name for _, name in sorted(found, reverse=True) if name.startswith(incomplete)]


def complete_models_and_runs(incomplete: str) -> list[str]:
    """Return models, and runs."""
    return [*complete_models(incomplete), *complete_runs(incomplete)]


def complete_names(context: typer.Context, incomplete: str) -> list[str]:
    """Return the names of models in the registry that begin with a text."""
    return [model.name for model in _read_models(context) if model.name.startswith(incomplete)]


def complete_versions(context: typer.Context, incomplete: str) -> list[str]:
    """Return names, and once a name is there its aliases and its versions, the newest first."""
    name, at, _ = incomplete.partition("@")
    models = _read_models(context)
    known = [model for model in models if model.name == name]
    if not known:
        return [] if at else [model.name for model in models if model.name.startswith(incomplete)]
    (model,) = known
    ends = [*sorted(model.aliases), "latest", *(str(one.number) for one in reversed(model.versions))]
    return [found for end in ends if (found := f"{name}@{end}").startswith(incomplete)]


def complete_runs_and_versions(context: typer.Context, incomplete: str) -> list[str]:
    """Return runs, and versions in the registry."""
    return [*complete_runs(incomplete), *complete_versions(context, incomplete)]


def complete_listed(*words: str) -> Callable[[str], list[str]]:
    """Return what completes the last of several words with commas between them.

    >>> complete_listed("mle", "map", "nuts")("nuts,m")
    ['nuts,mle', 'nuts,map']
    """

    def complete(incomplete: str) -> list[str]:
        before, comma, last = incomplete.rpartition(",")
        return [f"{before}{comma}{word}" for word in words if word.startswith(last)]

    return complete


def complete_parameter(parameter: Any, context: typer.Context, incomplete: str) -> list[Any]:
    """Return the items that complete an argument or the value of an option, as the asking shell takes them.

    Parameters
    ----------
    parameter, context
        Of Typer.
    incomplete
        What there is of the value.
    """
    found: list[Any] = type(parameter).shell_complete(parameter, context, incomplete)
    if not found and parameter.metavar:
        words = [word for word in parameter.metavar.split("|") if _WORD.fullmatch(word)]
        found = [SimpleNamespace(value=word, help=None) for word in words if word.startswith(incomplete)]
    if os.environ.get(_ASKED) == "complete_bash":
        for item in found:
            item.value = _escape_for_bash(item.value)
    return found


def join_words_of_bash() -> None:
    """Join what bash has divided within words, such as `radon@champion`: Typer would take them as several.

    Bash asks with `COMP_WORDS`, a line for each word, and the number of the one to be completed. What it puts
    into the command goes behind the last character that divides: all before that stays.
    """
    if os.environ.get(_ASKED) != "complete_bash":
        return
    words, place = os.environ.get("COMP_WORDS", "").split("\n"), int(os.environ.get("COMP_CWORD", "0"))
    joined: list[str] = []
    is_open, asked, before = False, place, ""
    for number, word in enumerate(words):
        is_break = bool(word) and set(word) <= _BREAKS
        if joined and (is_open or is_break):
            start = joined[-1] if not is_break else joined[-1] + word
            joined[-1] += word
        else:
            start = ""
            joined.append(word)
        is_open = is_break
        if number == place:
            asked, before = len(joined) - 1, start
    os.environ.update({"COMP_WORDS": "\n".join(joined), "COMP_CWORD": str(asked), _BEFORE: before})


def _escape_for_bash(text: str) -> str:
    """Return a word as it is typed in bash, without what stands there already."""
    words = os.environ.get("COMP_WORDS", "").split("\n")
    asked = int(os.environ.get("COMP_CWORD", "0"))
    is_quoted = asked < len(words) and words[asked][:1] in ("'", '"')
    escaped = text if is_quoted else re.sub(r"[^\w@%+=:,./~-]", r"\\\g<0>", text)
    return escaped.removeprefix(os.environ.get(_BEFORE, ""))


def _read_models(context: typer.Context) -> list[RegisteredModel]:
    """Return the models of the registry that a command would use; none where it cannot be read."""
    from workbench.errors import WorkbenchError
    from workbench.registry import ModelRegistry

    folder = context.params.get("folder") or os.environ.get(REGISTRY_VARIABLE) or REGISTRY_FOLDER
    with suppress(WorkbenchError, OSError):
        return sorted(ModelRegistry(Path(folder)).read_state().models.values(), key=lambda one: one.name)
    return []
