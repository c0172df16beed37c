"""What a file is, by its first bytes, and how it is compressed."""

from __future__ import annotations

import lzma
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, Literal

import pyarrow as pa

from workbench.errors import BindingError

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


def detect_format(path: Path) -> FileFormat:
    """Return what a file is, by its first bytes.

    Raises
    ------
    BindingError
        There is no such file, it is empty, or it is of a kind that is not read.
    """
    if not path.is_file():
        obstacle = "it is a folder" if path.is_dir() else "it does not exist"
        raise BindingError(f"a table was expected at `{path}`, but {obstacle}.", hint="check the path")
    with open_decompressed(path) as stream:
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
def open_decompressed(path: Path) -> Iterator[IO[bytes] | Any]:
    """Open a file as a stream of bytes, decompressed if it is gzip, bzip2, xz or zstd.

    Raises
    ------
    BindingError
        The file cannot be read, or its compressed content is damaged.
    """
    try:
        with path.open("rb") as raw:
            compression = _detect_compression(raw.read(_MOST_MAGIC))
        if compression == "xz":
            with lzma.open(path) as stream:
                yield stream
        else:
            with pa.input_stream(str(path), compression=compression) as stream:
                yield stream
    except pa.ArrowInvalid:
        raise
    except (OSError, EOFError, lzma.LZMAError) as reason:
        raise BindingError(
            f"`{path}` cannot be read: {reason}.", hint="the file may be truncated"
        ) from reason


def _detect_compression(head: bytes) -> str | None:
    return next((name for magic, name in _COMPRESSIONS.items() if head.startswith(magic)), None)
