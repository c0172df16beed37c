"""What a file is, by its first bytes, and its bytes without compression."""

from __future__ import annotations

import lzma
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, Any, Literal

import pyarrow as pa

from workbench.errors import BindingError
from workbench.tables.source import TableSource

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
    size = 0
    with open_decompressed(source) as stream:
        while content := stream.read(_CHUNK):
            size += len(content)
            check_unpacked_size(source, size)


def check_unpacked_size(source: TableSource, size: int) -> None:
    """Refuse a compressed file that unpacks to far more than tables do.

    A few kilobytes can unpack to more than a computer's memory holds.

    Parameters
    ----------
    source
        The file.
    size
        Bytes that have been unpacked so far.

    Raises
    ------
    BindingError
        They are more than the user allows; or, by default, more than 256 MiB and a hundred times the file.
    """
    packed = source.file.stat().st_size
    limit = source.unpack_limit
    if size <= (max(_UNPACK_SIZE, _UNPACK_RATIO * packed) if limit is None else limit):
        return
    ratio = f", {size / packed:.0f} times its size" if packed and size > packed else ""
    raise BindingError(
        f"`{source.path}` has {_format_size(packed)}, but unpacks to more than {_format_size(size)}{ratio}.",
        hint="if you trust the file, allow more: --unpack-limit 20GB, or hand over a DataFrame from Python",
    )


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
