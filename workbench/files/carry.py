"""What is not ours in a folder that is replaced: kept."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from workbench.files.aside import ASIDE


def list_foreign(folder: Path, is_ours: Callable[[str], bool]) -> list[str]:
    """Return the names of what is not ours in a folder, in order."""
    names = sorted(path.name for path in folder.iterdir())
    return [name for name in names if not is_ours(name) and not ASIDE.match(name)]


def link_foreign(source: Path, target: Path, is_ours: Callable[[str], bool]) -> None:
    """Give what is not ours in a folder a second name in another one, without a copy of its content.

    What cannot have a second name (the file system has none, or the file is of somebody else) is left out; it
    is moved later.
    """
    for name in list_foreign(source, is_ours):
        _link(source / name, target / name)


def move_foreign(source: Path, target: Path, is_ours: Callable[[str], bool]) -> bool:
    """Move what is not ours to another folder unless it is there; return whether nothing is left behind."""
    try:
        names = list_foreign(source, is_ours)
    except FileNotFoundError:  # somebody else has moved it all
        return True
    moved = [_move(source / name, target / name) for name in names]
    return all(moved)


def remove_ours(folder: Path, is_ours: Callable[[str], bool]) -> None:
    """Remove a folder with what is ours in it; whatever else it holds stays, and the folder with it."""
    with suppress(OSError):  # somebody else has removed it
        for path in list(folder.iterdir()):
            if is_ours(path.name) or ASIDE.match(path.name):
                remove(path)
        folder.rmdir()


def remove(path: Path) -> None:
    """Remove a file or a folder with all that it holds, as far as possible; links are not followed."""
    with suppress(OSError):
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink()


def _link(source: Path, target: Path) -> None:
    if source.is_dir() and not source.is_symlink():
        with suppress(FileExistsError):
            target.mkdir()
            shutil.copystat(source, target)
        for path in source.iterdir():
            _link(path, target / path.name)
        shutil.copystat(source, target)
        return
    with suppress(OSError):  # moved later
        os.link(source, target, follow_symlinks=False)


def _move(source: Path, target: Path) -> bool:
    """Move a file or a folder unless it is there; return whether nothing is left to move."""
    try:
        if not os.path.lexists(target):
            source.rename(target)
            return True
        if source.is_symlink() or not source.is_dir():
            source.unlink()  # it has a second name there
            return True
        results = [_move(path, target / path.name) for path in list(source.iterdir())]
        moved = all(results)
        if moved:
            source.rmdir()
    except FileNotFoundError:  # somebody else has moved it
        return True
    except OSError:
        return False
    return moved
