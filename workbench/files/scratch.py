"""Temporary folders: removed at the end, or by the next command; where they are full, a sentence says so."""

from __future__ import annotations

import errno
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

from workbench.errors import StoreError, WorkbenchError
from workbench.files.aside import SCRATCH, make_folder_aside
from workbench.files.carry import remove
from workbench.files.explain import format_bytes
from workbench.files.mend import sweep_files

_LEAST_ROOM = 16 << 10
"""A disk with less room is full: neither another file nor the end of one fits [bytes]."""

_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EROFS)
"""The errors of a disk that takes no more."""

_HINT = "free space there, or set TMPDIR to a folder on another disk"
"""What to do about a temporary folder that takes no more."""


@contextmanager
def make_scratch(within: Path | None = None) -> Iterator[Path]:
    """Give an empty folder that is removed at the end.

    Parameters
    ----------
    within
        Where it is made; `None` for the system's temporary folder.

    Raises
    ------
    StoreError
        There is no temporary folder, it cannot be written, or something failed because it is full.
    """
    place = find_temporary_folder() if within is None else within
    with _explained(place):
        _sweep_once(place)
        folder, descriptor = make_folder_aside(place / SCRATCH, mode=0o700)
        try:
            yield folder
        except WorkbenchError as reason:
            refuse_full(place, reason)
            raise
        finally:
            remove(folder)
            os.close(descriptor)


def refuse_full(folder: Path | None = None, reason: BaseException | None = None) -> None:
    """Say that the disk of a temporary folder is full, if it is.

    Parameters
    ----------
    folder
        A folder on the disk; `None` for the system's temporary folder.
    reason
        What failed there.

    Raises
    ------
    StoreError
        It is full.
    """
    place = folder or find_temporary_folder()
    try:
        usage = os.statvfs(place)
    except OSError:
        return  # nobody can tell
    free = usage.f_bavail * usage.f_frsize
    if free < _LEAST_ROOM or (usage.f_files and not usage.f_favail):
        raise StoreError(_describe_full(place, free), hint=_HINT) from reason


def find_temporary_folder() -> Path:
    """Return the system's temporary folder.

    Raises
    ------
    StoreError
        There is none that can be written.
    """
    try:
        return Path(tempfile.gettempdir())
    except OSError as reason:
        tried = os.environ.get("TMPDIR", "/tmp")  # noqa: S108 - only said, never used
        message = f"no temporary folder can be written: neither `{tried}` nor those of the system."
        raise StoreError(message, hint=_HINT) from reason


@contextmanager
def _explained(place: Path) -> Iterator[None]:
    try:
        yield
    except OSError as reason:
        if reason.errno not in _FULL:
            raise
        usage = os.statvfs(place)
        message = _describe_full(place, usage.f_bavail * usage.f_frsize)
        if reason.errno == errno.EROFS:
            message = f"the temporary folder `{place}` is read-only."
        raise StoreError(message, hint=_HINT) from reason


def _describe_full(folder: Path, free: int) -> str:
    return f"the disk of the temporary folder `{folder}` is full: {format_bytes(free)} are free."


@cache
def _sweep_once(folder: Path) -> None:
    """Remove what killed commands left in a temporary folder."""
    sweep_files(folder)
