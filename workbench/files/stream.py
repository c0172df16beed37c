"""A file for a library that does not survive a failing write."""

from __future__ import annotations

import io
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, BinaryIO

if TYPE_CHECKING:
    from typing_extensions import Buffer


class RoomMissing(OSError):
    """A file could not be written, and how large it would have become [bytes] is known."""

    needed: int = 0


@contextmanager
def keep_steady(stream: BinaryIO) -> Iterator[SteadyFile]:
    """Give an open file to write to, whose first error is raised at the end.

    Raises
    ------
    OSError
        The file could not be written.
    """
    file = SteadyFile(stream.fileno())
    yield file
    file.raise_failure()


class SteadyFile(io.RawIOBase):
    """A file whose writes never fail: after the first failure, what is written stays in memory.

    HDF5 keeps what it could not write, tries again when Python ends, and ends it with a segmentation fault.
    So it never hears of a full disk: it finishes, and `raise_failure` says so afterwards. A write that
    succeeds takes no memory.

    Parameters
    ----------
    descriptor
        The open file; whoever opened it closes it.
    """

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._position = 0
        self._size = os.fstat(descriptor).st_size
        self._failure: OSError | None = None
        self._kept: list[tuple[int, bytes]] = []  # what came after a failure, and where it belongs

    def raise_failure(self) -> None:
        """Raise the first error, if there was one."""
        if self._failure is not None:
            failure = RoomMissing(self._failure.errno, self._failure.strerror)
            failure.needed = self._size
            raise failure

    def readable(self) -> bool:
        """Return that it can be read."""
        return True

    def writable(self) -> bool:
        """Return that it can be written."""
        return True

    def seekable(self) -> bool:
        """Return that it has positions."""
        return True

    def tell(self) -> int:
        """Return the position."""
        return self._position

    def seek(self, offset: int, whence: int = os.SEEK_SET, /) -> int:
        """Set the position, and return it."""
        start = {os.SEEK_SET: 0, os.SEEK_CUR: self._position, os.SEEK_END: self._size}[whence]
        self._position = start + offset
        return self._position

    def write(self, data: Buffer, /) -> int:
        """Write at the position, in memory once the file has failed."""
        view = memoryview(data).cast("B")
        done = 0
        try:
            while done < len(view) and self._failure is None:
                done += os.pwrite(self._descriptor, view[done:], self._position + done)
        except OSError as reason:
            self._failure = reason
        if done < len(view):
            self._kept.append((self._position + done, bytes(view[done:])))
        self._position += len(view)
        self._size = max(self._size, self._position)
        return len(view)

    def readinto(self, buffer: Buffer, /) -> int:
        """Read at the position."""
        view = memoryview(buffer).cast("B")
        length = max(0, min(len(view), self._size - self._position))
        stored = os.pread(self._descriptor, length, self._position)
        content = bytearray(stored.ljust(length, b"\0"))
        for start, kept in self._kept:
            first, last = max(start, self._position), min(start + len(kept), self._position + length)
            if first < last:
                content[first - self._position : last - self._position] = kept[first - start : last - start]
        view[:length] = content
        self._position += length
        return length

    def truncate(self, size: int | None = None, /) -> int:
        """Set the size, and return it."""
        self._size = self._position if size is None else size
        try:
            if self._failure is None:
                os.ftruncate(self._descriptor, self._size)
        except OSError as reason:
            self._failure = reason
        return self._size
