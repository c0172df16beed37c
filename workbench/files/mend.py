"""What a killed process left beside a place: removed, or put back."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil

from workbench.files.aside import ASIDE, EARLIER, SCRATCH, SEVERAL, hold_abandoned
from workbench.files.carry import list_foreign, move_foreign, remove, remove_ours

_NUMBERED = re.compile(r"^\.(?P<place>.+)\.(?:partial|old)-(?P<owner>\d+)$", re.DOTALL)
"""Names that earlier versions gave: with the number of the process, and without a lock."""

_MOVED = re.compile(r"\.(?:old-\d+|earlier-[0-9a-f]{8})$")
"""How names end of a folder that was renamed to make room for a new one."""


def sweep_files(folder: Path) -> None:
    """Remove the files, and the folders for files, that dead owners left in a folder."""
    for name in _list(folder):
        path, named = folder / name, ASIDE.match(name)
        if named and (named["place"] in (SCRATCH, SEVERAL) or not path.is_dir()):
            with hold_abandoned(path) as is_abandoned:
                if is_abandoned:
                    remove(path)


def restore(place: Path) -> None:
    """Put back a folder that was renamed, and whose writer was killed before the new one took its place."""
    if os.path.lexists(place):
        return
    left = [
        place.with_name(name)
        for name in _list(place.parent)
        if _MOVED.search(name) and _find_place(place.with_name(name)) == place
    ]
    left = [path for path in left if path.is_dir() and _is_without_owner(path)]
    if left:
        with suppress(OSError):  # somebody else mends it, or the place is read-only
            max(left, key=lambda path: path.stat().st_mtime).rename(place)


def mend_folders(parent: Path, is_ours: Callable[[str], bool]) -> None:
    """Bring the folders in a folder into the state in which no writer was killed.

    Parameters
    ----------
    parent
        A folder that holds folders which were published whole.
    is_ours
        Whether an entry of one of these, by name, was written by us. Others are kept.
    """
    left = [parent / name for name in _list(parent) if _find_place(parent / name) is not None]
    for path in left:
        if path.is_symlink() or not path.is_dir():
            continue
        place = _find_place(path)
        if place is not None and _MOVED.search(path.name):
            restore(place)
        with _hold_without_owner(path) as has_no_owner, suppress(OSError):  # somebody else may mend it
            if not has_no_owner:  # or it is the one that was put back
                continue
            if place is not None and place.is_dir():
                move_foreign(path, place, is_ours)
            if not list_foreign(path, is_ours):
                remove_ours(path, is_ours)


def _find_place(path: Path) -> Path | None:
    """Return the place that a hidden name belongs to; `None` if it is no hidden name of ours."""
    named = _NUMBERED.match(path.name) or ASIDE.match(path.name) or EARLIER.match(path.name)
    return path.with_name(named["place"]) if named else None


def _is_without_owner(path: Path) -> bool:
    with _hold_without_owner(path) as has_no_owner:
        return has_no_owner


@contextmanager
def _hold_without_owner(path: Path) -> Iterator[bool]:
    """Give whether the process that made a hidden name is dead; `False` where nobody can tell."""
    named = _NUMBERED.match(path.name)
    if named is not None:
        yield _is_number_free(path, named["owner"])
        return
    with hold_abandoned(path) as is_abandoned:
        yield is_abandoned


def _is_number_free(path: Path, number: str) -> bool:
    """Return whether the process with a number, which made a hidden name, is dead."""
    try:
        began = psutil.Process(int(number)).create_time()
        return began > path.stat().st_ctime + 1  # another process has its number now
    except (psutil.NoSuchProcess, OverflowError):
        return True
    except (psutil.Error, OSError):
        return False


def _list(folder: Path) -> list[str]:
    """Return the names in a folder; none if it cannot be read."""
    try:
        return [path.name for path in folder.iterdir()]
    except OSError:
        return []
