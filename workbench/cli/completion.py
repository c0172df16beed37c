"""What the shell completes: models, runs, and names and versions in the registry."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

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


def _read_models(context: typer.Context) -> list[RegisteredModel]:
    """Return the models of the registry that a command would use; none where it cannot be read."""
    from workbench.errors import WorkbenchError
    from workbench.registry import ModelRegistry

    folder = context.params.get("folder") or os.environ.get(REGISTRY_VARIABLE) or REGISTRY_FOLDER
    with suppress(WorkbenchError, OSError):
        return sorted(ModelRegistry(Path(folder)).read_state().models.values(), key=lambda one: one.name)
    return []
