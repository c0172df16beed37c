"""A file written whole or not at all."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from workbench.files.aside import SEVERAL, make_file_aside, make_folder_aside
from workbench.files.carry import remove
from workbench.files.explain import explained
from workbench.files.mend import sweep_files
from workbench.files.sync import make_folders, sync_folder, sync_tree

_DEVICES = (Path("/dev"), Path("/dev/fd"), Path("/proc/self/fd"))
"""Folders whose files are never replaced."""


def replace_file(path: Path, content: str | bytes) -> None:
    """Write a file whole or not at all, in one rename; its folder is made where it is missing.

    Raises
    ------
    StoreError
        The file cannot be written; an earlier one is as it was.
    """
    data = content.encode("utf-8", "backslashreplace") if isinstance(content, str) else content
    with open_replacement(path, len(data)) as stream:
        stream.write(data)


@contextmanager
def open_replacement(path: Path, size: int | None = None) -> Iterator[BinaryIO]:
    """Give a stream to write to, which takes the place of a file only if all goes well.

    A link is replaced, never followed. A pipe, a terminal or another device is written to as it is.

    Parameters
    ----------
    path
        The file; its folder is made where it is missing.
    size
        How much will be written, where it is known [bytes].

    Raises
    ------
    StoreError
        The file cannot be written; an earlier one is as it was.
    """
    with explained(path, size):
        if is_stream(path):
            with path.open("wb") as stream:
                yield stream
            return
        with made_folders(path.parent), _write_aside(path) as stream:
            yield stream


@contextmanager
def replace_files(folder: Path) -> Iterator[Path]:
    """Give an empty folder to fill with files, which take their places in another one only if all goes well.

    Parameters
    ----------
    folder
        Where the files go; it is made where it is missing, and its other files stay.

    Raises
    ------
    StoreError
        A file cannot be written; earlier ones are as they were.
    """
    with explained(folder), made_folders(folder):
        sweep_files(folder)
        aside, descriptor = make_folder_aside(folder / SEVERAL)
        try:
            yield aside
            sync_tree(aside)
            for path in sorted(aside.iterdir()):
                path.replace(folder / path.name)
            sync_folder(folder)
        finally:
            remove(aside)
            os.close(descriptor)


@contextmanager
def made_folders(folder: Path) -> Iterator[None]:
    """Make a folder and those above it; remove those that were made if nothing comes of it."""
    made = make_folders(folder)
    try:
        yield
    except BaseException:
        for empty in made:
            with suppress(OSError):
                empty.rmdir()
        raise


@contextmanager
def _write_aside(path: Path) -> Iterator[BinaryIO]:
    """Give a stream to a file aside, which takes the place of `path` at the end."""
    sweep_files(path.parent)
    aside, descriptor = make_file_aside(path)
    try:
        with open(descriptor, "w+b") as stream:  # noqa: PTH123 - of a descriptor
            _copy_mode(path, descriptor)
            yield stream
            stream.flush()
            os.fsync(descriptor)
            aside.replace(path)
        sync_folder(path.parent)
    finally:
        with suppress(OSError):  # it has taken its place
            aside.unlink()


def _copy_mode(path: Path, descriptor: int) -> None:
    """Give a new file the mode of the one it replaces."""
    with suppress(OSError):  # there is none yet, or the file system has no modes
        mode = path.lstat().st_mode
        if stat.S_ISREG(mode):
            os.fchmod(descriptor, stat.S_IMODE(mode))


def is_stream(path: Path) -> bool:
    """Return whether a path is a pipe, a terminal, another device, or an open file such as `/dev/stdout`."""
    if path.absolute().parent in _DEVICES:
        return path.exists()
    try:
        mode = path.stat().st_mode
    except OSError:
        return False
    return not (stat.S_ISREG(mode) or stat.S_ISDIR(mode))
