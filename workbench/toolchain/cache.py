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
that it was made from, so an outdated entry is never used. Who makes an entry holds its lock; who uses one
holds a shared lock on its folder, so that nobody removes it. The system frees both when their owner ends.
"""

from __future__ import annotations

import errno
import fcntl
import json
import os
import secrets
import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

import msgspec
from filelock import FileLock, Timeout

from workbench.errors import ToolchainError
from workbench.progress import SILENT, Progress
from workbench.provenance import hash_file

KINDS = ("stan", "zig", "headers", "drivers", "models", "homes")
"""The folders of the cache that hold entries."""

MANIFEST = "manifest.json"
"""The file in an entry that lists its files."""

_HASHED_UP_TO = 64 << 20
"""The largest file that is hashed at each use [bytes]. Larger ones, precompiled headers, are checked by size
alone, until a compiler fails: hashing them would take more than a second."""

_MOST_HELD = 200
"""How many entries a process holds at a time: each takes one of its open files."""


def locate_entry(cache: Path, kind: str, key: str) -> Path:
    """Return the folder of an entry, whether or not it exists.

    >>> locate_entry(Path("/c"), "models", "0123456789abcdef" * 4).as_posix()
    '/c/models/0123456789abcdef01234567'
    """
    return cache / kind / key[:24]


def is_sound(place: Path, files: Sequence[str] = (), *, is_thorough: bool = False) -> bool:
    """Return whether an entry exists and still holds what was published.

    Parameters
    ----------
    place
        The entry's folder.
    files
        The only files to check; all if there are none.
    is_thorough
        Whether large files are hashed, too.
    """
    try:
        manifest = msgspec.json.decode((place / MANIFEST).read_bytes())
        names = files or tuple(manifest)
        return all(_matches(place / name, manifest[name], is_thorough=is_thorough) for name in names)
    except (
        OSError,
        ValueError,
        KeyError,
        TypeError,
        IndexError,
        AttributeError,
    ):  # or the manifest is damaged
        return False


def acquire(place: Path) -> bool:
    """Return whether an entry can be used; if so, nobody removes it while this process lives."""
    touch(place)
    return is_sound(place)


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
    if acquire(place):
        yield None
        return
    with explain_write_errors(place), _lock(place, progress):
        if acquire(place):
            yield None
            return
        sweep(place.parent.parent)
        with _make_temporary_folder(place) as folder:
            yield folder
            _write_manifest(folder)
            discard(place)
            folder.rename(place)
        touch(place)


@contextmanager
def extend_entry(place: Path, name: str, progress: Progress = SILENT) -> Iterator[Path]:
    """Provide an empty folder, which an entry holds under a name at the end; its manifest stays as it is.

    Raises
    ------
    ToolchainError
        The cache cannot be written.
    """
    with explain_write_errors(place), _lock(place, progress), _make_temporary_folder(place) as folder:
        yield folder
        with suppress(FileNotFoundError):  # the entry was removed
            if not (place / name).exists():  # or somebody else has added it
                folder.rename(place / name)


def touch(place: Path) -> None:
    """Record that an entry is used: it stays while we live; later, the longest unused are removed first."""
    _hold(place)
    with suppress(OSError):  # a read-only cache can be used, too
        os.utime(place)


_held: dict[Path, int] = {}
"""The entries that this process uses, the last used last, each with the descriptor of its folder."""


def _hold(place: Path) -> None:
    """Hold a shared lock on an entry's folder until this process ends, or uses many others."""
    try:
        descriptor = os.open(place, os.O_RDONLY | os.O_DIRECTORY)
    except OSError:  # there is none
        return
    with suppress(OSError):  # somebody removes it now, or the file system has no locks
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    earlier = _held.pop(place, None)
    _held[place] = descriptor
    if earlier is not None:
        os.close(earlier)
    while len(_held) > _MOST_HELD:
        os.close(_held.pop(next(iter(_held))))


def remove_unused(place: Path) -> bool:
    """Remove an entry, unless somebody makes or uses it; return whether it was removed."""
    with _try_lock(place) as is_ours:
        if not is_ours:
            return False
        try:
            descriptor = os.open(place, os.O_RDONLY | os.O_DIRECTORY)
        except FileNotFoundError:  # somebody else has just removed it
            return True
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            aside = place.with_name(f".{place.name}-{secrets.token_hex(4)}")
            place.rename(aside)  # nobody sees an entry half removed
        except BlockingIOError:
            return False
        except FileNotFoundError:  # somebody has discarded it, because it is damaged
            return True
        finally:
            os.close(descriptor)
        shutil.rmtree(aside)
    return True


def sweep(cache: Path) -> int:
    """Remove what builds that were killed left behind; return how much that was [bytes].

    A hidden folder is made by whoever holds the lock of its entry: if that is free, its owner is dead.
    """
    freed = 0
    for remains in (path for kind in KINDS for path in (cache / kind).glob(".*-*")):
        with _try_lock(remains.with_name(remains.name[1:].rpartition("-")[0])) as is_ours:
            if is_ours:
                freed += measure(remains)
                shutil.rmtree(remains, ignore_errors=True)
    return freed


def measure(folder: Path) -> int:
    """Return the size of all files in a folder [bytes]; what vanishes meanwhile counts nothing."""
    size = 0
    for place, _, names in os.walk(folder):
        for name in names:
            with suppress(OSError):
                size += Path(place, name).lstat().st_size
    return size


def require_space(folder: Path, needed: int, what: str) -> None:
    """Refuse to begin what takes minutes and then finds no room on the disk.

    Parameters
    ----------
    folder
        A folder that exists, on the disk of the cache.
    needed
        What is written at least [bytes].
    what
        What is made, in words.

    Raises
    ------
    ToolchainError
        The message has both numbers.
    """
    free = shutil.disk_usage(folder).free
    if free < needed:
        message = (
            f"{what} takes {needed / 1e6:.0f} MB or more, and the disk of the cache at "
            f"{folder.parent.parent} has {free / 1e6:.0f} MB left."
        )
        raise ToolchainError(message, hint=FREE_SPACE)


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


def _locate_lock(place: Path) -> Path:
    return place.parent.parent / "locks" / f"{place.parent.name}-{place.name}.lock"


@contextmanager
def _try_lock(place: Path) -> Iterator[bool]:
    """Hold an entry's lock if it is free; give whether it was."""
    lock = FileLock(_locate_lock(place))
    try:
        _locate_lock(place).parent.mkdir(parents=True, exist_ok=True)
        lock.acquire(timeout=0)
    except Timeout:
        yield False
        return
    except OSError as reason:  # on a full disk there is no room for a lock, but a need to free some
        yield reason.errno in (errno.ENOSPC, errno.EDQUOT)
        return
    try:
        yield True
    finally:
        lock.release()


@contextmanager
def _lock(place: Path, progress: Progress) -> Iterator[None]:
    """Hold an entry's lock; the system frees it if its owner dies."""
    path = _locate_lock(place)
    path.parent.mkdir(parents=True, exist_ok=True)
    owner = path.with_suffix(".owner")
    lock = FileLock(path)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        with progress.stage(f"Waiting for {_name_owner(owner)}, which builds the same"):
            lock.acquire()
    try:
        owner.write_text(str(os.getpid()))
        yield
    finally:
        owner.unlink(missing_ok=True)
        lock.release()


def _name_owner(file: Path) -> str:
    try:
        return f"process {file.read_text()}"
    except OSError:  # it has just ended
        return "another process"


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
    with _make_temporary_folder(place) as folder, suppress(FileNotFoundError):  # somebody else removes it
        place.rename(folder / place.name)


def _write_manifest(folder: Path) -> None:
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    manifest = {path.relative_to(folder).as_posix(): _describe_file(path) for path in files}
    (folder / MANIFEST).write_text(json.dumps(manifest, indent=1))


def _describe_file(path: Path) -> list[int | str]:
    return [path.stat().st_size, hash_file(path)]


def _matches(path: Path, recorded: list[int | str], *, is_thorough: bool) -> bool:
    size, sha256 = recorded
    if path.stat().st_size != size:
        return False
    # Earlier versions have not recorded the hash of a large file.
    is_hashed = bool(sha256) and (is_thorough or int(size) <= _HASHED_UP_TO)
    return not is_hashed or hash_file(path) == sha256
