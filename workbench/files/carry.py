"""What is not ours in a folder that is replaced: kept."""

from __future__ import annotations

import os
import shutil
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
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
    if source.is_symlink() or not source.is_dir():
        with suppress(OSError):  # moved later, or somebody has just removed it
            os.link(source, target, follow_symlinks=False)
        return
    try:
        paths = list(source.iterdir())
    except (FileNotFoundError, PermissionError):  # likewise
        return
    target.mkdir(mode=0o700, exist_ok=True)  # nobody looks into it, and it can be filled
    for path in paths:
        _link(path, target / path.name)
    with suppress(FileNotFoundError):
        shutil.copystat(source, target)


def _move(source: Path, target: Path) -> bool:
    """Move a file or a folder unless it is there; return whether nothing is left to move."""
    try:
        if not os.path.lexists(target):
            with _opened(source) as mode:
                source.rename(target)
            if mode is not None:
                target.chmod(mode)
            return True
        if source.is_symlink() or not source.is_dir():
            source.unlink()  # it has a second name there
            return True
        with _opened(source), _opened(target):
            results = [_move(path, target / path.name) for path in list(source.iterdir())]
        moved = all(results)
        if moved:
            source.rmdir()
    except FileNotFoundError:  # somebody else has moved it
        return True
    except OSError:
        return False
    return moved


@contextmanager
def _opened(path: Path) -> Iterator[int | None]:
    """Let us into a folder for a moment if its owner has closed it; give the mode that it had.

    Neither what is in a closed folder can be moved, nor the folder itself. Other files are left as they are.
    """
    if path.is_symlink() or not path.is_dir():
        yield None
        return
    mode = stat.S_IMODE(path.stat().st_mode)
    if mode & stat.S_IRWXU != stat.S_IRWXU:
        with suppress(PermissionError):  # it is somebody else's
            path.chmod(mode | stat.S_IRWXU)
    try:
        yield mode
    finally:
        with suppress(FileNotFoundError, PermissionError):
            path.chmod(mode)
