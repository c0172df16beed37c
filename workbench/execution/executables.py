"""Stan's executables on other machines: sent, tried, and built there where they do not run."""

from __future__ import annotations

import errno
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from workbench import files, toolchain
from workbench.errors import ClusterError, WorkbenchError
from workbench.provenance import hash_bytes
from workbench.toolchain import CompiledModel, ToolchainSettings

_BUSY_TRIES = 10
"""How often an executable is tried that somebody still holds open, every tenth of a second."""

_lock = threading.Lock()
"""Held while an executable is provided: it is built once."""

_built: dict[Path, Path] = {}
"""By the place of an executable that was sent, the one that was built instead."""


@dataclass(frozen=True)
class SentExecutable:
    """An executable and what it was made from.

    Attributes
    ----------
    name
        The program's name.
    content
        The file.
    source
        The Stan program that was compiled, without ``#include``.
    threads, optimized
        As in `CompiledModel`.
    """

    name: str
    content: bytes = field(repr=False)
    source: str = field(repr=False)
    threads: bool = False
    optimized: bool = False


def pack_executable(model: CompiledModel, source: str) -> SentExecutable:
    """Return what is sent of an executable."""
    return SentExecutable(model.name, model.exe.read_bytes(), source, model.threads, model.optimized)


def provide_executable(sent: SentExecutable, folder: Path, is_right: Callable[[Path], bool]) -> Path:
    """Return an executable that runs on this machine: the one that was sent, or one that is built here.

    It is built where the one that was sent does not start, for another processor or C library, or where it
    does not give the known density.

    Parameters
    ----------
    sent
        What was sent.
    folder
        Where it is put.
    is_right
        Whether an executable gives the known density.

    Raises
    ------
    ClusterError
        Neither of them gives the known density.
    ToolchainError
        It cannot be built on this machine.
    """
    with _lock:
        path = folder / "executables" / hash_bytes(sent.content)[:24] / sent.name
        if not path.exists():
            files.replace_file(path, sent.content)
            path.chmod(0o755)
        if path not in _built and _try(path, is_right):
            return path
        _built[path] = _built.get(path) or _build(sent)
        if _try(_built[path], is_right):
            return _built[path]
        message = (
            f"`{sent.name}`, built on this worker, does not give the log density of the machine that asks."
        )
        raise ClusterError(message, hint="compare `workbench doctor` on both machines")


def _build(sent: SentExecutable) -> Path:
    tools = toolchain.provision(ToolchainSettings(source="embedded"))
    model = toolchain.build(sent.name, sent.source, tools, threads=sent.threads, optimized=sent.optimized)
    return model.exe


def _try(path: Path, is_right: Callable[[Path], bool]) -> bool:
    """Return whether an executable starts and is right.

    It cannot start while a process that another thread is just starting holds the file open.
    """
    for _ in range(_BUSY_TRIES):
        try:
            return is_right(path)
        except (WorkbenchError, OSError) as reason:
            if getattr(reason, "errno", None) != errno.ETXTBSY:
                return False
            time.sleep(0.1)
    return False
