"""A folder published whole: it takes the place of an earlier one in one step."""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from workbench.errors import StoreError
from workbench.files.aside import make_folder_aside, name_earlier
from workbench.files.carry import link_foreign, move_foreign, remove, remove_ours
from workbench.files.exchange import exchange
from workbench.files.explain import explained
from workbench.files.mend import mend_folders
from workbench.files.sync import sync_folder, sync_tree
from workbench.files.write import made_folders

_LONGEST_TURN = 30.0
_PAUSE = 0.02
"""How long we wait for another process that puts something in place, and between two attempts [s]."""


@contextmanager
def publish_folder(place: Path, is_ours: Callable[[str], bool], size: int | None = None) -> Iterator[Path]:
    """Give an empty folder to fill, which takes the place of another one only if all goes well.

    At each moment, whatever happens, there is either the earlier folder or the new one, and both hold what is
    not ours.

    Parameters
    ----------
    place
        The folder; the one above it is made where it is missing.
    is_ours
        Whether an entry of an earlier folder, by name, was written by us and may go. Others are kept.
    size
        How much will be written, where it is known [bytes].

    Raises
    ------
    StoreError
        The folder cannot be written; an earlier one is as it was.
    """
    with explained(place, size), made_folders(place.parent):
        with _turn(place.parent):
            mend_folders(place.parent, is_ours)
        aside, descriptor = make_folder_aside(place)
        try:
            yield aside
            sync_tree(aside)
            with _turn(place.parent):
                _put_in_place(aside, place, is_ours)
        finally:
            is_clean = _remove(aside, place, is_ours)
            os.close(descriptor)
        if not is_clean:
            message = f"`{place}` was written, but not all that you had put there could be moved to it."
            raise StoreError(message, hint=f"the rest is in `{aside}`")


def _put_in_place(aside: Path, place: Path, is_ours: Callable[[str], bool]) -> None:
    """Let a folder take the place of another one; afterwards, what it replaced is aside."""
    if not place.is_dir():
        aside.rename(place)
        sync_folder(place.parent)
        return
    with _locked(place):
        aside.chmod(place.stat().st_mode & 0o7777)
        link_foreign(place, aside, is_ours)
        sync_tree(aside)
        if not exchange(aside, place):
            _replace_in_two_steps(aside, place)
        sync_folder(place.parent)
        move_foreign(aside, place, is_ours)


def _remove(aside: Path, place: Path, is_ours: Callable[[str], bool]) -> bool:
    """Remove what is aside; return `False` if something in it is not ours and could not be moved."""
    if not aside.is_dir():
        return True
    if not place.is_dir():
        remove(aside)
    elif not move_foreign(aside, place, is_ours):
        return False
    remove_ours(aside, is_ours)
    return True


def _replace_in_two_steps(aside: Path, place: Path) -> None:
    """Do what `exchange` does where that is missing: a kill between the steps is mended by `restore`."""
    earlier = name_earlier(place)
    place.rename(earlier)
    try:
        aside.rename(place)
    except OSError:
        earlier.rename(place)
        raise
    earlier.rename(aside)


@contextmanager
def _turn(folder: Path) -> Iterator[None]:
    """Wait until nobody else puts something in place in a folder; not for ever, as they may be stopped."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    deadline = time.monotonic() + _LONGEST_TURN
    try:
        while time.monotonic() < deadline:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                time.sleep(_PAUSE)
            except OSError:  # there are no locks here
                break
            else:
                break
        yield
    finally:
        os.close(descriptor)


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Hold the lock of a folder, so that nobody takes it for abandoned when it is aside."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        with suppress(OSError):  # somebody else replaces it now, or there are no locks
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    finally:
        os.close(descriptor)
