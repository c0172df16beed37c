"""Errors of the file system in one sentence: what was to be written, what prevents it, and what to do."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from workbench.errors import StoreError
from workbench.files.stream import RoomMissing

FREE_SPACE = "free space there, or choose a place on another disk"
OTHER_PLACE = "choose another place, one that you can write to"
"""The hints for a full disk, and for a place that cannot be written."""

NAME_MAX = 255
"""The longest name of a file on the file systems of Linux and macOS [bytes]."""

PATH_MAX = 4096
"""The longest path that Linux takes [bytes]."""

_REASONS = {
    errno.EDQUOT: ("your quota there is used up", FREE_SPACE),
    errno.EROFS: ("the file system is read-only", OTHER_PLACE),
    errno.EACCES: ("you may not write there", OTHER_PLACE),
    errno.EPERM: ("you may not write there", OTHER_PLACE),
    errno.EISDIR: ("it is a folder, not a file", OTHER_PLACE),
    errno.EBUSY: ("it is in use, or the place where a disk is mounted", OTHER_PLACE),
    errno.EFBIG: ("it would be larger than a file may be here", OTHER_PLACE),
    errno.EIO: ("the disk reported an error", "check the disk, or choose a place on another one"),
    errno.ELOOP: ("it is a link", "name what the link leads to"),
    errno.ENOENT: ("a folder on the way there is missing", None),
}
"""What an error means, and what to do about it."""


@contextmanager
def explained(place: Path, needed: int | None = None) -> Iterator[None]:
    """Turn errors of the file system into a sentence about a place.

    Parameters
    ----------
    place
        What is written.
    needed
        Its size, if it is known [bytes].

    Raises
    ------
    StoreError
        It could not be written.
    """
    try:
        yield
    except OSError as reason:
        message, hint = describe_failure(reason, place, needed)
        raise StoreError(message, hint=hint) from reason


def describe_failure(reason: OSError, place: Path, needed: int | None = None) -> tuple[str, str | None]:
    """Return why a place could not be written as one sentence, and what to do.

    >>> describe_failure(OSError(errno.EROFS, ""), Path("run"))[0]
    '`run` could not be written: the file system is read-only.'
    """
    why, hint = _find_reason(reason, place, needed)
    return f"`{place}` could not be written: {why}.", hint


def _find_reason(reason: OSError, place: Path, needed: int | None) -> tuple[str, str | None]:
    if reason.errno == errno.ENOSPC:
        wanted = reason.needed if isinstance(reason, RoomMissing) else needed
        return _describe_full_disk(place, wanted), FREE_SPACE
    if reason.errno == errno.ENAMETOOLONG:
        return describe_long_name(place), "choose a shorter one"
    if reason.errno in (errno.ENOTDIR, errno.EEXIST):
        file = find_file_on_the_way(place)
        return ("it exists already" if file is None else f"`{file}` is a file, not a folder"), OTHER_PLACE
    if reason.errno in _REASONS:
        return _REASONS[reason.errno]
    return (reason.strerror or str(reason) or type(reason).__name__).rstrip("."), None


def _describe_full_disk(place: Path, needed: int | None) -> str:
    """Return how much is free, and how much was needed where that is known."""
    try:
        usage = os.statvfs(find_existing(place))
    except OSError:
        return "the disk is full"
    if usage.f_files and not usage.f_favail:
        return "the disk has no room for another file (no inodes are left)"
    wanted = "" if needed is None else f"{format_bytes(needed)} were needed, and "
    return f"the disk is full: {wanted}{format_bytes(usage.f_bavail * usage.f_frsize)} are free"


def describe_long_name(place: Path) -> str:
    """Return which name of a path is too long, and how long it may be."""
    longest = max(place.parts, key=lambda name: len(os.fsencode(name)), default="")
    if len(os.fsencode(longest)) > NAME_MAX:
        length = len(os.fsencode(longest))
        return f"the name `{longest[:20]}…` has {length} bytes, and at most {NAME_MAX} are allowed"
    return f"the path has {len(os.fsencode(place))} bytes, which is longer than the system allows"


def find_existing(place: Path) -> Path:
    """Return a place, or the nearest folder above it that exists."""
    for candidate in (place, *place.absolute().parents):
        if os.path.lexists(candidate):
            return candidate
    return Path("/")


def find_file_on_the_way(place: Path) -> Path | None:
    """Return the file that takes the place of a folder on the way to a place, if there is one."""
    return next((above for above in place.parents if above.exists() and not above.is_dir()), None)


def format_bytes(size: float) -> str:
    """Return a size in units that people read.

    >>> format_bytes(512), format_bytes(40_000), format_bytes(3_250_000_000)
    ('512 bytes', '40 kB', '3.25 GB')
    """
    if size < 1000:
        return f"{size:.0f} bytes"
    for unit in ("kB", "MB", "GB"):
        size /= 1000
        if size < 1000 or unit == "GB":
            break
    return f"{size:.3g} {unit}" if size < 1000 else f"{size:,.0f} {unit}"
