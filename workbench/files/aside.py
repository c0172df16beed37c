"""Hidden names beside a place: made exclusively, and locked while their owner lives.

A lock (`flock`) on the file or folder itself belongs to the process, and the system frees it when that ends,
however it ends. Unlike the number of a process, it cannot pass to somebody else. Where a file system has no
locks, nobody removes what a killed process left there.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ASIDE = re.compile(r"^\.(?P<place>.+)\.aside-[0-9a-f]{8}$", re.DOTALL)
"""Names of ours for what is being written, or has just been replaced."""

EARLIER = re.compile(r"^\.(?P<place>.+)\.earlier-[0-9a-f]{8}$", re.DOTALL)
"""Names of ours for a folder that has just been moved to make room for a new one."""

SEVERAL = "several"
"""The name under which several files that belong together are written aside."""

SCRATCH = "workbench"
"""The name under which temporary folders are made."""

_LONGEST_STEM = 120
"""The most bytes of a place's own name within a hidden one."""

_ATTEMPTS = 100
"""Attempts to find a name that nobody has."""


def make_file_aside(place: Path, mode: int = 0o666) -> tuple[Path, int]:
    """Make an empty file beside a place, and return its path and its descriptor, which holds the lock."""
    flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    for _ in range(_ATTEMPTS):
        aside = name_aside(place)
        try:
            descriptor = os.open(aside, flags, mode)
        except FileExistsError:
            continue
        if _keep(aside, descriptor):
            return aside, descriptor
    raise FileExistsError(f"no free name beside {place}")


def make_folder_aside(place: Path, mode: int = 0o777) -> tuple[Path, int]:
    """Make an empty folder beside a place, and return its path and its descriptor, which holds the lock."""
    for _ in range(_ATTEMPTS):
        aside = name_aside(place)
        try:
            aside.mkdir(mode)
            descriptor = os.open(aside, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
        except (FileExistsError, FileNotFoundError):  # it is gone: somebody mended before it was locked
            continue
        if _keep(aside, descriptor):
            return aside, descriptor
    raise FileExistsError(f"no free name beside {place}")


def name_aside(place: Path) -> Path:
    """Return a hidden name beside a place, of the pattern `ASIDE`."""
    return place.with_name(f".{_shorten(place.name)}.aside-{secrets.token_hex(4)}")


def name_earlier(place: Path) -> Path:
    """Return a hidden name beside a place, of the pattern `EARLIER`."""
    return place.with_name(f".{_shorten(place.name)}.earlier-{secrets.token_hex(4)}")


@contextmanager
def hold_abandoned(aside: Path) -> Iterator[bool]:
    """Give whether the owner of a hidden name is dead; `False` where nobody can tell.

    Meanwhile it is locked: whoever has just made it, and has not locked it yet, sees that it is lost.
    """
    try:
        descriptor = os.open(aside, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        yield False
        return
    try:
        is_free = True
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:  # it is locked, or there are no locks
            is_free = False
        yield is_free
    finally:
        os.close(descriptor)


def _keep(aside: Path, descriptor: int) -> bool:
    """Lock what was just made; return whether it is still there."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:  # somebody looks whether it is abandoned, and removes it
        os.close(descriptor)
        return False
    except OSError:  # no locks here
        return True
    if aside.exists():
        return True
    os.close(descriptor)
    return False


def _shorten(name: str) -> str:
    """Return a name that leaves room for what makes it hidden."""
    if len(os.fsencode(name)) <= _LONGEST_STEM:
        return name
    digest = hashlib.sha256(os.fsencode(name)).hexdigest()[:16]
    return f"{name[: _LONGEST_STEM // 8]}-{digest}"
