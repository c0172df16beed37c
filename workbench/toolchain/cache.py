"""The build cache: entries are made aside, published by one rename, and checked whenever they are used.

::

    <cache>/stan/<version>-<hash>/   Stan's sources, unpacked
    <cache>/headers/<key>/           precompiled headers
    <cache>/drivers/<key>/           the driver's objects
    <cache>/models/<key>/            executables
    <cache>/logs/                    what a failed compiler said
    <cache>/locks/                   one lock per entry under construction

An entry is a folder whose manifest lists its files with size and hash. Its name is the hash of everything
that went into it, so a stale entry cannot be asked for.
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

MANIFEST = "manifest.json"
# Larger files (precompiled headers) are checked by size alone: hashing them would cost more than a second.
_HASHED_UP_TO = 64 << 20


def locate_entry(cache: Path, kind: str, key: str) -> Path:
    """Return the folder of an entry, whether or not it is there.

    >>> locate_entry(Path("/c"), "models", "0123456789abcdef" * 4).as_posix()
    '/c/models/0123456789abcdef01234567'
    """
    return cache / kind / key[:24]


def is_sound(place: Path) -> bool:
    """Say whether an entry is there and still holds what was published."""
    try:
        manifest = json.loads((place / MANIFEST).read_text())
        return all(_matches(place / name, fact) for name, fact in manifest.items())
    except (OSError, ValueError):
        return False


def publish(place: Path, make: Callable[[Path], None], progress: Progress = SILENT) -> bool:
    """Make an entry unless it is sound already; say whether it was made now.

    Parameters
    ----------
    place
        Where the entry belongs.
    make
        Fills the empty folder it is given.
    progress
        Told when another process builds the same entry and this one waits.

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
    """Give the empty folder of an entry to fill, published at the end; `None` if it is sound already.

    An error inside publishes nothing. See `publish` for the rest.
    """
    if is_sound(place):
        yield None
        return
    with explain_write_errors(place), _lock(place, progress):
        if is_sound(place):
            yield None
            return
        with _aside(place) as folder:
            yield folder
            _write_manifest(folder)
            discard(place)
            folder.rename(place)
        touch(place)


def touch(place: Path) -> None:
    """Note that an entry was used: pruning begins with those unused for longest."""
    try:
        os.utime(place)
    except OSError:
        return  # a cache that can only be read serves all the same


@contextmanager
def explain_write_errors(place: Path) -> Iterator[None]:
    """Turn the failures of a disk into sentences."""
    try:
        yield
    except OSError as reason:
        if reason.errno not in _CURES:
            raise
        message = f"the cache at {place} cannot be written: {reason.strerror}."
        raise ToolchainError(message, hint=_CURES[reason.errno]) from reason


_ELSEWHERE = "set WORKBENCH_CACHE to a folder you can write to"
_CURES = {
    errno.ENOSPC: "`workbench toolchain prune` frees space; WORKBENCH_CACHE moves the cache to another disk",
    errno.EDQUOT: "`workbench toolchain prune` frees space; WORKBENCH_CACHE moves the cache to another disk",
    errno.EACCES: _ELSEWHERE,
    errno.EPERM: _ELSEWHERE,
    errno.EROFS: _ELSEWHERE,
    errno.ENOTDIR: _ELSEWHERE,
    errno.EEXIST: _ELSEWHERE,
}


@contextmanager
def _lock(place: Path, progress: Progress) -> Iterator[None]:
    """Hold an entry's lock, which the system frees when its owner dies."""
    path = place.parent.parent / "locks" / f"{place.parent.name}-{place.name}.lock"
    path.parent.mkdir(parents=True, exist_ok=True)
    owner = path.with_suffix(".owner")
    lock = FileLock(path)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        named = f"process {owner.read_text()}" if owner.exists() else "another process"
        with progress.stage(f"Waiting for {named}, which builds the same"):
            lock.acquire()
    try:
        owner.write_text(str(os.getpid()))
        yield
    finally:
        owner.unlink(missing_ok=True)
        lock.release()


@contextmanager
def _aside(place: Path) -> Iterator[Path]:
    """Give a folder beside the place, removed unless it was renamed."""
    place.parent.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix=f".{place.name}-", dir=place.parent))
    folder.chmod(0o755)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def discard(place: Path) -> None:
    """Remove an entry in two steps, so that no half of it is ever seen at its place."""
    if not place.exists():
        return
    with _aside(place) as folder:
        place.rename(folder / place.name)


def _write_manifest(folder: Path) -> None:
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    manifest = {path.relative_to(folder).as_posix(): _fact(path) for path in files}
    (folder / MANIFEST).write_text(json.dumps(manifest, indent=1))


def _fact(path: Path) -> list[int | str]:
    size = path.stat().st_size
    return [size, hash_file(path) if size <= _HASHED_UP_TO else ""]


def _matches(path: Path, fact: list[int | str]) -> bool:
    return path.stat().st_size == fact[0] and fact == _fact(path)
