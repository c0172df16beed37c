"""What a file is, by its first bytes, and its bytes without compression."""

from __future__ import annotations

import lzma
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import IO, TYPE_CHECKING, Any, Literal, TypeVar

from workbench.errors import BindingError
from workbench.late_imports import LateModule
from workbench.tables.source import TableSource

if TYPE_CHECKING:
    import pyarrow as pa
else:
    pa = LateModule("pyarrow")

FileFormat = Literal["text", "json", "parquet", "arrow", "stream"]

_COMPRESSIONS = {b"\x1f\x8b": "gzip", b"BZh": "bz2", b"\xfd7zXZ\x00": "xz", b"\x28\xb5\x2f\xfd": "zstd"}
"""Compressions by the first bytes of a file."""

_FORMATS: dict[bytes, FileFormat] = {
    b"PAR1": "parquet",
    b"ARROW1": "arrow",
    b"\xff\xff\xff\xff": "stream",
}
"""Formats of columns by the first bytes of a file."""

_REFUSED = {
    b"FEA1": "a Feather file of version 1",
    b"PK\x03\x04": "a ZIP archive (an Excel workbook is one)",
    b"\xd0\xcf\x11\xe0": "an old Excel workbook",
    b"\x89HDF": "an HDF5 file",
    b"%PDF": "a PDF document",
}
"""Formats that are not read, by the first bytes of a file."""

_HEAD = 4096
"""Bytes that are examined."""

_MOST_MAGIC = 8
"""Bytes among which the sign of a compression is."""

_UNPACK_RATIO = 100
"""How many times its size a compressed table may have once it is unpacked; CSV reaches 5 to 20."""

_UNPACK_SIZE = 1 << 28
"""Bytes that any compressed table may have once it is unpacked; as numbers they can take eight times that."""

_CHUNK = 1 << 20
"""Bytes that are unpacked at a time to count them."""

_COUNT_SECONDS = 3.0
"""How long what exceeds the limit is counted, to say how much it is [s]."""

_SUGGESTED_SIZE = 20 * 10**9
"""The limit that is suggested where that has not sufficed [bytes]."""

Piece = TypeVar("Piece")
"""What is unpacked at a time."""


def detect_format(source: TableSource) -> FileFormat:
    """Return what a file is, by its first bytes.

    Raises
    ------
    BindingError
        It is empty, or it is of a kind that is not read.
    """
    path = source.path
    with open_decompressed(source) as stream:
        head = bytes(stream.read(_HEAD))
    if not head:
        raise BindingError(f"`{path}` is empty; a header line with column names was expected.")
    for magic, description in _REFUSED.items():
        if head.startswith(magic):
            message = (
                f"`{path}` is {description}; a table was expected as CSV, TSV, Parquet, Arrow or Stan's JSON."
            )
            raise BindingError(message, hint="save the table as CSV in UTF-8")
    for magic, file_format in _FORMATS.items():
        if head.startswith(magic):
            return file_format
    return "json" if head.removeprefix(b"\xef\xbb\xbf").lstrip()[:1] in (b"{", b"[") else "text"


@contextmanager
def open_decompressed(source: TableSource) -> Iterator[IO[bytes] | Any]:
    """Open a file as a stream of bytes, decompressed if it is gzip, bzip2, xz or zstd.

    Raises
    ------
    BindingError
        The file cannot be read, or its compressed content is damaged.
    """
    try:
        compression = _detect_compression(source)
        if compression == "xz":
            with lzma.open(source.file) as stream:
                yield stream
        else:
            with pa.input_stream(str(source.file), compression=compression) as stream:
                yield stream
    except pa.ArrowException:
        raise
    except (OSError, EOFError, lzma.LZMAError) as reason:
        raise BindingError(
            f"`{source.path}` cannot be read: {(str(reason) or 'it is damaged').splitlines()[0]}.",
            hint="the file may be truncated",
        ) from reason


def check_compressed(source: TableSource) -> None:
    """Unpack a compressed file once, keeping nothing, to see that it is sound and not too large.

    Raises
    ------
    BindingError
        It is damaged, or it unpacks to more than it may.
    """
    if _detect_compression(source) is None:
        return
    with open_decompressed(source) as stream:
        for _ in watch_unpacked_size(source, iter(lambda: stream.read(_CHUNK), b""), len):
            pass


def watch_unpacked_size(
    source: TableSource, pieces: Iterable[Piece], measure: Callable[[Piece], int]
) -> Iterator[Piece]:
    """Yield the pieces of a compressed file as they are unpacked, unless it holds far more than tables do.

    A few kilobytes can unpack to more than a computer's memory holds.

    Parameters
    ----------
    source
        The file.
    pieces
        What is unpacked.
    measure
        Returns the size of a piece [bytes].

    Raises
    ------
    BindingError
        They have more bytes than the user allows; or, by default, more than 256 MiB and a hundred times the
        file. How many is counted as long as that takes a moment only.
    """
    packed, size = source.file.stat().st_size, 0
    limit = max(_UNPACK_SIZE, _UNPACK_RATIO * packed) if source.unpack_limit is None else source.unpack_limit
    pieces = iter(pieces)
    for piece in pieces:
        size += measure(piece)
        if size > limit:
            rest, is_whole = _count_rest(pieces, measure)
            raise _refuse_size(source, packed, size + rest, is_whole)
        yield piece


def _count_rest(pieces: Iterator[Piece], measure: Callable[[Piece], int]) -> tuple[int, bool]:
    """Return how many bytes are still unpacked within a moment, and whether that is all of them."""
    end = time.monotonic() + _COUNT_SECONDS
    size = 0
    for piece in pieces:
        size += measure(piece)
        if time.monotonic() > end:
            return size, False
    return size, True


def _refuse_size(source: TableSource, packed: int, size: int, is_whole: bool) -> BindingError:
    """Return the error for a file that unpacks to too much; its hint names a limit that is enough."""
    ratio = f", {size / packed:.0f} times its size" if packed and size > packed else ""
    more = "" if is_whole else "more than "
    if is_whole:
        hint = f"if you trust the file, allow it: --unpack-limit {_format_limit(size)}"
    else:
        limit = _format_limit(max(2 * size, _SUGGESTED_SIZE))
        hint = f"if you trust the file, allow as much as memory holds, for example --unpack-limit {limit}"
    return BindingError(
        f"`{source.path}` has {_format_size(packed)}, but unpacks to {more}{_format_size(size)}{ratio}.",
        hint=f"{hint}; or hand over a DataFrame from Python",
    )


def _format_limit(size: int) -> str:
    """Return a limit for the option that a size does not exceed, in few digits.

    >>> _format_limit(9_610_000_000), _format_limit(400_002), _format_limit(512)
    ('9.7GB', '401kB', '512B')
    """
    for name, unit in (("GB", 10**9), ("MB", 10**6), ("kB", 10**3)):
        if size >= 10 * unit:
            return f"{-(-size // unit)}{name}"
        if size >= unit:
            return f"{-(-size * 10 // unit) / 10:g}{name}"
    return f"{size}B"


def _format_size(count: int) -> str:
    """Return a number of bytes for a message.

    >>> _format_size(1_900_000), _format_size(512)
    ('1.9 MB', '512 bytes')
    """
    for unit, size in (("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if count >= size:
            return f"{count / size:.1f} {unit}"
    return f"{count} bytes"


def _detect_compression(source: TableSource) -> str | None:
    with source.file.open("rb") as stream:
        head = stream.read(_MOST_MAGIC)
    return next((name for magic, name in _COMPRESSIONS.items() if head.startswith(magic)), None)
