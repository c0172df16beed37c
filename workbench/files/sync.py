"""What has been written, made to survive a power cut."""

from __future__ import annotations

import errno
import os
from contextlib import suppress
from pathlib import Path

_NO_SYNC = (errno.EINVAL, errno.ENOTSUP, errno.EBADF, errno.EACCES)
"""What a file system says that cannot sync a folder."""


def sync_tree(folder: Path) -> None:
    """Sync every file and folder within a folder, and the folder itself; links are not followed.

    What the user put there may be unreadable, or be removed meanwhile: it is left as it is.
    """
    with os.scandir(folder) as entries:
        for entry in entries:
            with suppress(PermissionError, FileNotFoundError):
                if entry.is_dir(follow_symlinks=False):
                    sync_tree(Path(entry.path))
                elif entry.is_file(follow_symlinks=False):
                    _sync(Path(entry.path), os.O_RDONLY | os.O_NOFOLLOW)
    sync_folder(folder)


def sync_folder(folder: Path) -> None:
    """Sync the names that a folder holds, where the file system can."""
    try:
        _sync(folder, os.O_RDONLY | os.O_DIRECTORY)
    except OSError as reason:
        if reason.errno not in _NO_SYNC:
            raise


def make_folders(folder: Path) -> list[Path]:
    """Make a folder and those above it, and return what was made, the deepest first."""
    missing = [above for above in (folder, *folder.parents) if not above.exists()]
    folder.mkdir(parents=True, exist_ok=True)
    for made in missing:
        sync_folder(made.parent)
    return missing


def _sync(path: Path, flags: int) -> None:
    descriptor = os.open(path, flags | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
