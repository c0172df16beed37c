"""Where a table comes from: a file, or what a pipe delivers, kept in a file while it is read."""

from __future__ import annotations

import os
import shutil
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from workbench.errors import BindingError


@dataclass(frozen=True)
class TableSource:
    """A table that is about to be read.

    Attributes
    ----------
    path
        The table as the user named it, for messages and for the record.
    file
        The file with its bytes: the same; a copy of what a pipe delivered; or a link with a name that Arrow
        can open.
    unpack_limit
        Bytes that a compressed table may have once it is unpacked; `None` for the limit that follows from its
        size.
    """

    path: Path
    file: Path
    unpack_limit: int | None = None


@contextmanager
def open_source(path: Path, unpack_limit: int | None = None) -> Iterator[TableSource]:
    """Find a table. What a pipe delivers can be read once only, so it is copied first.

    Raises
    ------
    BindingError
        There is nothing at the path, or nothing that can be read.
    """
    mode = _find_mode(path)
    check_source(path)
    if stat.S_ISREG(mode) and _is_text(path):
        yield TableSource(path, path, unpack_limit)
    elif stat.S_ISREG(mode):
        with tempfile.TemporaryDirectory(prefix="workbench-table-") as folder:
            link = Path(folder) / "table"
            link.symlink_to(path.absolute())
            yield TableSource(path, link, unpack_limit)
    else:
        with tempfile.NamedTemporaryFile(prefix="workbench-table-") as copy:
            _copy_pipe(path, copy.name)
            yield TableSource(path, Path(copy.name), unpack_limit)


def check_source(path: Path) -> None:
    """Refuse a path at which there can be no table; nothing is read.

    Raises
    ------
    BindingError
        There is nothing, a folder or a device.
    """
    mode = _find_mode(path)
    if stat.S_ISREG(mode) or stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode):
        return
    kind = "a folder" if stat.S_ISDIR(mode) else "a device"
    hint = "check the path" if stat.S_ISDIR(mode) else "name a file, or pipe the table into /dev/stdin"
    raise BindingError(f"a table was expected at `{path}`, but it is {kind}.", hint=hint)


def _find_mode(path: Path) -> int:
    """Return what a path leads to, as `stat` says it."""
    try:
        return path.stat().st_mode
    except (FileNotFoundError, NotADirectoryError) as reason:
        message = f"a table was expected at `{path}`, but it does not exist."
        raise BindingError(message, hint="check the path") from reason
    except (OSError, ValueError) as reason:
        cause = os.strerror(reason.errno or 0) if isinstance(reason, OSError) else str(reason)
        message = f"a table was expected at `{path}`, but there can be none: {cause}."
        raise BindingError(message, hint="check the path") from reason


def _is_text(path: Path) -> bool:
    """Return whether a path is text, as Arrow needs it; on Linux it may be any bytes."""
    try:
        str(path).encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


def _copy_pipe(path: Path, copy: str) -> None:
    try:
        with path.open("rb") as stream, Path(copy).open("wb") as target:
            shutil.copyfileobj(stream, target)
    except OSError as reason:
        cause = os.strerror(reason.errno or 0)
        raise BindingError(
            f"the table that `{path}` delivers cannot be kept in `{copy}` while it is read: {cause}.",
            hint="set TMPDIR to a folder with more space, or write the table to a file",
        ) from reason
