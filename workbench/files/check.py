"""Places checked before anything is computed: whether what will be written can be written there."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from workbench.errors import StoreError
from workbench.files.carry import list_foreign
from workbench.files.explain import (
    FREE_SPACE,
    NAME_MAX,
    OTHER_PLACE,
    PATH_MAX,
    describe_long_name,
    find_existing,
    find_file_on_the_way,
    format_bytes,
)
from workbench.files.write import is_stream

_LISTED = 3
"""The most names in a message."""


def check_folder_place(
    place: Path, is_replaceable: Callable[[Path], bool], what: str, needed: int = 0
) -> None:
    """Refuse a place where a folder cannot be published.

    Parameters
    ----------
    place
        Where it will be.
    is_replaceable
        Whether a folder that is not empty may be replaced.
    what
        What it will be, with its article: `a run`.
    needed
        The least space that it takes [bytes].

    Raises
    ------
    StoreError
        Nothing can be written there, or it would replace something else.
    """
    _check_path(place)
    hint = "choose another folder with --output"
    if place.is_symlink():
        leads = f"name the folder that it leads to: `{place.readlink()}`"
        raise StoreError(f"`{place}` is a link, where {what} was to be written.", hint=leads)
    if place.exists():
        if not place.is_dir():
            raise StoreError(f"`{place}` is a file, where {what} was to be written.", hint=hint)
        _check_not_in_use(place, what)
        held = list_foreign(place, lambda _: False)
        if held and not is_replaceable(place):
            message = f"`{place}` holds {_list_names(held)}, and is not {what}: nothing was written."
            raise StoreError(message, hint=hint)
        _check_writable(place)
    _check_writable(find_existing(place.parent))
    _check_room(place, needed)


def check_open_folder(folder: Path, needed: int = 0) -> None:
    """Refuse a folder in which no files can be written; other files in it do not matter.

    Parameters
    ----------
    folder
        The folder; it may be missing.
    needed
        The least space that the files take [bytes].

    Raises
    ------
    StoreError
        Nothing can be written there.
    """
    _check_path(folder / "name")
    if folder.is_symlink() and not folder.exists():
        message = f"`{folder}` is a link to `{folder.readlink()}`, which does not exist."
        raise StoreError(message, hint=OTHER_PLACE)
    _check_writable(find_existing(folder))
    _check_room(folder, needed)


def check_file_place(place: Path, needed: int = 0, allows_streams: bool = True) -> None:
    """Refuse a place where a file cannot be written.

    Parameters
    ----------
    place
        Where it will be.
    needed
        The least space that it takes [bytes].
    allows_streams
        Whether a pipe or a device may be written to: not one that somebody put into a run.

    Raises
    ------
    StoreError
        Nothing can be written there, or it would replace something other than a file.
    """
    _check_path(place)
    if is_stream(place):
        if not allows_streams and not place.is_symlink():
            message = f"`{place}` is a pipe or a device, where a file was to be written."
            raise StoreError(message, hint="remove it")
        if allows_streams:
            return
    if place.is_symlink():
        leads = f"remove the link; it leads to `{place.readlink()}`"
        raise StoreError(f"`{place}` is a link, where a file was to be written.", hint=leads)
    if place.is_dir():
        raise StoreError(f"`{place}` is a folder, where a file was to be written.", hint="name a file in it")
    if place.exists() and not os.access(place, os.W_OK):
        raise StoreError(f"`{place}` could not be written: it is read-only.", hint=OTHER_PLACE)
    _check_writable(find_existing(place.parent))
    _check_room(place, needed)


def _check_path(place: Path) -> None:
    """Refuse names that are too long, and files where folders should be."""
    names = [os.fsencode(name) for name in place.parts]
    if max(map(len, names), default=0) > NAME_MAX or len(os.fsencode(place.absolute())) > PATH_MAX - NAME_MAX:
        message = f"`{str(place)[:40]}…` cannot be written: {describe_long_name(place)}."
        raise StoreError(message, hint="choose a shorter one")
    file = find_file_on_the_way(place)
    if file is not None:
        message = f"`{place}` could not be written: `{file}` is a file, not a folder."
        raise StoreError(message, hint=OTHER_PLACE)


def _check_not_in_use(place: Path, what: str) -> None:
    """Refuse a folder that cannot be replaced: the one that the user is in, or where a disk is mounted."""
    resolved, here = place.resolve(), Path.cwd()
    hint = f"name a folder in it, such as `{place / 'run'}`"
    if here.is_relative_to(resolved):
        relation = "the folder you are in" if here == resolved else "above the folder you are in"
        raise StoreError(f"`{place}` is {relation}, so it cannot become {what}.", hint=hint)
    if place.is_mount():
        raise StoreError(f"`{place}` is where a disk is mounted, which cannot become {what}.", hint=hint)


def _check_writable(folder: Path) -> None:
    if not os.access(folder, os.W_OK | os.X_OK):
        message = f"nothing can be written in `{folder}`: it is read-only, or belongs to somebody else."
        raise StoreError(message, hint=OTHER_PLACE)


def _check_room(place: Path, needed: int) -> None:
    try:
        usage = os.statvfs(find_existing(place))
    except OSError:
        return  # nobody can tell
    free = usage.f_bavail * usage.f_frsize
    if free < needed:
        message = f"`{place}` cannot be written: at least {format_bytes(needed)} are needed there, "
        raise StoreError(f"{message}and {format_bytes(free)} are free.", hint=FREE_SPACE)
    if usage.f_files and not usage.f_favail:
        message = f"`{place}` cannot be written: the disk has no room for another file (no inodes are left)."
        raise StoreError(message, hint=FREE_SPACE)


def _list_names(names: list[str]) -> str:
    """Return the first names of a folder, and how many there are besides.

    >>> _list_names(["a", "b"]), _list_names(["a", "b", "c", "d", "e"])
    ('`a` and `b`', '`a`, `b`, `c` and 2 other files')
    """
    shown = [f"`{name}`" for name in names[:_LISTED]]
    others = len(names) - len(shown)
    if others:
        shown.append("one other file" if others == 1 else f"{others} other files")
    return shown[0] if len(shown) == 1 else f"{', '.join(shown[:-1])} and {shown[-1]}"
