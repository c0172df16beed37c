"""Plain files in a folder that may come from someone else."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from workbench.errors import RunIncomplete

_FLAGS = (
    os.O_RDONLY | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
)
"""A link is not followed, and a pipe without a writer is not waited for."""

_KINDS = {
    stat.S_IFLNK: "a symbolic link",
    stat.S_IFIFO: "a pipe",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
    stat.S_IFDIR: "a folder",
}
"""What may stand where a file is expected."""

_MOST_TEXT = 64 * 2**20
"""The longest text that is read [bytes]; Stan prints far less. Ours."""


@contextmanager
def open_stored(path: Path) -> Iterator[BinaryIO]:
    """Open a file of a run or a study to read it; links, pipes and devices are refused.

    Raises
    ------
    RunIncomplete
        There is no plain file, or it cannot be read.
    """
    _check_kind(path, _read_mode(path))
    try:
        descriptor = os.open(path, _FLAGS)
    except OSError as reason:
        raise RunIncomplete(f"`{path}` cannot be read: {reason.strerror}.") from reason
    with open(descriptor, "rb", buffering=0) as stream:  # noqa: PTH123 - there is no path, but a descriptor
        _check_kind(path, os.fstat(descriptor).st_mode)
        yield stream


def read_bytes(path: Path, most: int) -> bytes:
    """Return the content of a file of a run or a study.

    Raises
    ------
    RunIncomplete
        There is no plain file, it cannot be read, or it has more than `most` bytes.
    """
    with open_stored(path) as stream:
        size = os.fstat(stream.fileno()).st_size
        if size > most:
            message = f"`{path}` has {size:,} bytes, which is more than such a file can need ({most:,})."
            raise RunIncomplete(message)
        try:
            content = b"".join(iter(lambda: stream.read(2**24), b""))
        except OSError as reason:
            raise RunIncomplete(f"`{path}` cannot be read: {reason.strerror}.") from reason
    return content


def read_text(path: Path) -> str:
    """Return the text of a file of a run; bytes that are not UTF-8 are replaced.

    Raises
    ------
    RunIncomplete
        There is no plain file, it cannot be read, or it is too long.
    """
    return read_bytes(path, _MOST_TEXT).decode("utf-8", errors="replace")


def _read_mode(path: Path) -> int:
    try:
        return path.lstat().st_mode
    except (OSError, ValueError) as reason:
        why = "it is missing" if isinstance(reason, FileNotFoundError) else str(reason)
        raise RunIncomplete(f"`{path}` cannot be read: {why}.") from reason


def _check_kind(path: Path, mode: int) -> None:
    """Refuse what is not a plain file.

    Raises
    ------
    RunIncomplete
        The message names what it is.
    """
    if not stat.S_ISREG(mode):
        kind = _KINDS.get(stat.S_IFMT(mode), "no plain file")
        raise RunIncomplete(
            f"`{path}` is {kind}: what a run or a study holds is read from plain files only.",
            hint="copy the file itself into the folder, if you know where it comes from",
        )
