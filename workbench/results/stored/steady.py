"""Several files of one folder, read while another command may put a new folder in its place."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from workbench.errors import StoreError

_ATTEMPTS = 5
"""How often a folder is read that is replaced each time. Ours."""

T = TypeVar("T")


def read_steadily(folder: Path, read: Callable[[], T]) -> T:
    """Return what is read from a folder, all of it from the same one.

    A command that writes a run exchanges the whole folder. Whoever reads one file before that and one after
    it would get the numbers of one fit with the draws of another.

    Parameters
    ----------
    folder
        The folder.
    read
        Reads its files.

    Raises
    ------
    StoreError
        What `read` raises; or the folder was replaced again and again.
    """
    for _ in range(_ATTEMPTS):
        before = _identify(folder)
        try:
            content = read()
        except StoreError:
            if _identify(folder) == before:
                raise
            continue
        if _identify(folder) == before:
            return content
    raise StoreError(f"`{folder}` was replaced again and again while it was read.", hint="try again later")


def _identify(folder: Path) -> tuple[int, int] | None:
    """Return what distinguishes a folder from another one at its place; `None` if there is none."""
    try:
        status = folder.stat()
    except (OSError, ValueError):
        return None
    return status.st_dev, status.st_ino
