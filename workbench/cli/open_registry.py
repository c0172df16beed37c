"""The registry that a command uses, and runs that are named by their version: `NAME@champion`."""

from __future__ import annotations

import getpass
import os
import socket
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from workbench.cli import console
from workbench.cli.completion import REGISTRY_FOLDER, REGISTRY_VARIABLE

if TYPE_CHECKING:
    from workbench.registry import ModelRegistry

FOLDER = REGISTRY_FOLDER
"""Where a registry is by default."""

Folder = Annotated[
    Path,
    typer.Option("--registry", help="The folder of the registry.", envvar=REGISTRY_VARIABLE, metavar="DIR"),
]
Author = Annotated[
    str | None,
    typer.Option(
        help="Who does this; by default the user and the machine.", envvar="WORKBENCH_AUTHOR", metavar="NAME"
    ),
]
Key = Annotated[
    Path | None,
    typer.Option(
        help="Sign with this private key (Ed25519, as ssh-keygen writes it).",
        envvar="WORKBENCH_KEY",
        metavar="FILE",
    ),
]

State = Annotated[
    Path | None,
    typer.Option(
        "--state", help="Folder of the monitor; by default monitoring/NAME in the registry.", metavar="DIR"
    ),
]


def open_registry(folder: Path, author: str | None = None, key: Path | None = None) -> ModelRegistry:
    """Return the registry in a folder; the environment names the keys with which it must be signed."""
    from workbench.registry import ModelRegistry, Signer

    required = os.environ.get("WORKBENCH_REGISTRY_KEYS")
    return ModelRegistry(
        folder,
        author or f"{getpass.getuser()}@{socket.gethostname()}",
        None if key is None else Signer(key, os.environ.get("WORKBENCH_KEY_PASSWORD")),
        Path(required) if required else None,
    )


def find_run(run: Path, folder: Path | None = None) -> Path:
    """Return a run directory, also from a version such as `NAME@champion`, whose files are then checked.

    Only for commands that write nothing into it.

    Parameters
    ----------
    run
        The path or the version.
    folder
        The registry; by default that of the environment.

    Raises
    ------
    WorkbenchError
        It looks like a version, and there is no such version or no registry.
    """
    return find_version(run, folder)[0]


def find_version(run: Path, folder: Path | None = None) -> tuple[Path, str]:
    """Return a run directory as `find_run` does, and the number of its version; empty where it has none."""
    if not is_version(run):
        return run, ""
    registry = open_registry(folder or Path(os.environ.get(REGISTRY_VARIABLE) or FOLDER))
    version, folder = registry.open_run(str(run))
    console.show_note("version", f"{version.reference}, added {version.time} by {version.author}")
    show_remarks(registry)
    return folder, str(version.number)


def is_version(run: Path) -> bool:
    """Return whether a run is named by its version in a registry."""
    return "@" in run.name and run.parent == Path() and not run.exists()


def name_model(run: Path) -> str:
    """Return what metrics call a run: by its name in the registry, or as its folder is called."""
    return run.name.partition("@")[0] if is_version(run) else run.resolve().name


def show_remarks(registry: ModelRegistry) -> None:
    """Show what was mended on the way."""
    for remark in registry.remarks:
        console.show_note("note", remark)
