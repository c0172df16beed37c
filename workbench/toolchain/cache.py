"""The build cache: an entry is made in a temporary folder, published by a rename, and checked at each use.

::

    <cache>/stan/<version>-<hash>/   Stan's sources, unpacked
    <cache>/headers/<key>/           precompiled headers
    <cache>/drivers/<key>/           the driver's objects
    <cache>/models/<key>/            executables
    <cache>/homes/<key>/             CmdStan homes for other programs
    <cache>/zig/<version>-<hash>/    the zig compiler
    <cache>/logs/                    the messages of compilers that failed
    <cache>/locks/                   a lock for each entry that is being made

An entry is a folder whose manifest lists its files with size and hash. Its name is the hash of everything
that it was made from, so an outdated entry is never used.
"""

from __future__ import annotations

import errno
import json
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from workbench.errors import ToolchainError
from workbench.progress import SILENT, Progress
from workbench.provenance import hash_file

KINDS = ("stan", "zig", "headers", "drivers", "models", "homes")
"""The folders of the cache that hold entries."""

MANIFEST = "manifest.json"
"""The file in an entry that lists its files."""

_HASHED_UP_TO = 64 << 20
"""The largest file that is hashed [bytes]. Larger ones, precompiled headers, are checked by size alone:
hashing them would take more than a second."""


def locate_entry(cache: Path, kind: str, key: str) -> Path:
    """Return the folder of an entry, whether or not it exists.

    >>> locate_entry(Path("/c"), "models", "0123456789abcdef" * 4).as_posix()
    '/c/models/0123456789abcdef01234567'
    """
    return cache / kind / key[:24]


def is_sound(place: Path) -> bool:
    """Return whether an entry exists and still holds what was published."""
    try:
        manifest = json.loads((place / MANIFEST).read_text())
        return all(_matches(place / name, recorded) for name, recorded in manifest.items())
    except (OSError, ValueError):
        return False


def publish(place: Path, make: Callable[[Path], None], progress: Progress = SILENT) -> bool:
    """Make an entry unless it exists and is sound; return whether it was made now.

    Parameters
    ----------
    place
        The entry's folder.
    make
        Fills an empty folder.
    progress
        Shows when this process waits for another one that makes the same entry.

    Raises
    ------
    ToolchainError
        The cache cannot be written.
    """
    with make_entry(place, progress) as folder:
        if folder is not None:
            make(folder)
    return folder is not None


@contextmanager
def make_entry(place: Path, progress: Progress = SILENT) -> Iterator[Path | None]:
    """Provide an empty folder, published as the entry at the end; `None` if the entry exists and is sound.

    Nothing is published if an error occurs. See `publish` for parameters and errors.
    """
    if is_sound(place):
        yield None
        return
    with explain_write_errors(place), _lock(place, progress):
        if is_sound(place):
            yield None
            return
        with _make_temporary_folder(place) as folder:
            yield folder
            _write_manifest(folder)
            discard(place)
            folder.rename(place)
        touch(place)


def touch(place: Path) -> None:
    """Record that an entry was used: pruning removes the longest unused first."""
    try:
        os.utime(place)
    except OSError:
        return  # a read-only cache can be used, too


@contextmanager
def explain_write_errors(place: Path) -> Iterator[None]:
    """Turn errors of the disk into a message and a hint."""
    try:
        yield
    except OSError as reason:
        if reason.errno not in _HINTS:
            raise
        message = f"the cache at {place} cannot be written: {reason.strerror}."
        raise ToolchainError(message, hint=_HINTS[reason.errno]) from reason


FREE_SPACE = "`workbench toolchain prune` frees space; WORKBENCH_CACHE moves the cache to another disk"
"""The hint for a full disk."""

_MOVE_CACHE = "set WORKBENCH_CACHE to a folder you can write to"
"""The hint for a folder that cannot be written."""

_HINTS = {
    errno.ENOSPC: FREE_SPACE,
    errno.EDQUOT: FREE_SPACE,
    errno.EACCES: _MOVE_CACHE,
    errno.EPERM: _MOVE_CACHE,
    errno.EROFS: _MOVE_CACHE,
    errno.ENOTDIR: _MOVE_CACHE,
    errno.EEXIST: _MOVE_CACHE,
}
"""What to do about each error of the disk; other errors are bugs of ours."""


@contextmanager
def _lock(place: Path, progress: Progress) -> Iterator[None]:
    """Hold an entry's lock; the system frees it if its owner dies."""
    path = place.parent.parent / "locks" / f"{place.parent.name}-{place.name}.lock"
    path.parent.mkdir(parents=True, exist_ok=True)
    owner = path.with_suffix(".owner")
    lock = FileLock(path)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        holder = f"process {owner.read_text()}" if owner.exists() else "another process"
        with progress.stage(f"Waiting for {holder}, which builds the same"):
            lock.acquire()
    try:
        owner.write_text(str(os.getpid()))
        yield
    finally:
        owner.unlink(missing_ok=True)
        lock.release()


@contextmanager
def _make_temporary_folder(place: Path) -> Iterator[Path]:
    """Provide a temporary folder beside the entry, removed at the end unless it was renamed."""
    place.parent.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix=f".{place.name}-", dir=place.parent))
    folder.chmod(0o755)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def discard(place: Path) -> None:
    """Remove an entry. It is renamed first, so that nobody sees an entry half removed."""
    if not place.exists():
        return
    with _make_temporary_folder(place) as folder:
        place.rename(folder / place.name)


def _write_manifest(folder: Path) -> None:
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    manifest = {path.relative_to(folder).as_posix(): _describe_file(path) for path in files}
    (folder / MANIFEST).write_text(json.dumps(manifest, indent=1))


def _describe_file(path: Path) -> list[int | str]:
    size = path.stat().st_size
    return [size, hash_file(path) if size <= _HASHED_UP_TO else ""]


def _matches(path: Path, recorded: list[int | str]) -> bool:
    return path.stat().st_size == recorded[0] and recorded == _describe_file(path)
