"""Finished files and folders on their way to a machine that shares no folder with the worker."""

from __future__ import annotations

import io
import os
import shutil
import tarfile
from collections.abc import Iterable
from pathlib import Path

from workbench import files
from workbench.errors import ClusterError

_LEVEL = 1
"""How hard bytes are compressed: little, as draws hardly shrink. Ours."""


def pack(folder: Path, names: Iterable[str]) -> bytes:
    """Return files and folders as bytes, and remove them."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz", compresslevel=_LEVEL) as archive:
        for name in names:
            archive.add(folder / name, arcname=name)
    for name in names:
        path = folder / name
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    return buffer.getvalue()


def unpack(content: bytes, folder: Path, names: Iterable[str]) -> None:
    """Put files and folders in place, each whole or not at all.

    Parameters
    ----------
    content
        What `pack` returned.
    folder
        Where they belong.
    names
        The names that are expected; there may be no others.

    Raises
    ------
    ClusterError
        The content is not that of these names.
    StoreError
        They cannot be written.
    """
    expected = set(names)
    with files.explained(folder), files.make_scratch(folder) as scratch:
        try:
            with tarfile.open(fileobj=io.BytesIO(content), mode="r:gz") as archive:
                archive.extractall(scratch, filter="data")
        except tarfile.TarError as reason:
            raise ClusterError(f"a worker returned files that cannot be read: {reason}.") from reason
        if {path.name for path in scratch.iterdir()} != expected:
            found = ", ".join(sorted(path.name for path in scratch.iterdir())) or "nothing"
            raise ClusterError(
                f"a worker was expected to return {', '.join(sorted(expected))}, found {found}."
            )
        for name in expected:
            _sync(scratch / name)
            os.replace(scratch / name, folder / name)  # noqa: PTH105 - one rename, of a folder too


def _sync(path: Path) -> None:
    """Wait until files are on the disk."""
    for file in [path, *path.rglob("*")]:
        if file.is_file():
            descriptor = os.open(file, os.O_RDONLY)
            try:
                os.fsync(descriptor)
            finally:
                os.close(descriptor)
