"""A file by its first bytes: what it is, and how it is compressed."""

from __future__ import annotations

import lzma
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, Literal

import pyarrow as pa

from workbench.errors import BindingError

Format = Literal["text", "json", "parquet", "arrow", "stream"]

_COMPRESSED = {b"\x1f\x8b": "gzip", b"BZh": "bz2", b"\xfd7zXZ\x00": "xz", b"\x28\xb5\x2f\xfd": "zstd"}
_FORMATS: dict[bytes, Format] = {
    b"PAR1": "parquet",
    b"ARROW1": "arrow",
    b"\xff\xff\xff\xff": "stream",
}
_REFUSED = {
    b"FEA1": "a Feather file of the old version 1",
    b"PK\x03\x04": "a ZIP archive, as a workbook of a spreadsheet program is",
    b"\xd0\xcf\x11\xe0": "a workbook of an old spreadsheet program",
    b"\x89HDF": "an HDF5 file",
    b"%PDF": "a PDF document",
}
_HEAD = 4096


def detect_format(path: Path) -> Format:
    """Return what a file is, by its first bytes; its name only settles what they leave open.

    Raises
    ------
    BindingError
        There is no such file, it is empty, or it is of a kind that holds no table.
    """
    if not path.is_file():
        what = "is a folder" if path.is_dir() else "does not exist"
        raise BindingError(f"a table was expected at `{path}`, but it {what}.", hint="check the path")
    with open_decompressed(path) as stream:
        head = bytes(stream.read(_HEAD))
    if not head:
        raise BindingError(f"`{path}` is empty; a header line with column names was expected.")
    for magic, words in _REFUSED.items():
        if head.startswith(magic):
            message = f"`{path}` is {words}; a table was expected as CSV, TSV, Parquet, Arrow or Stan's JSON."
            raise BindingError(message, hint="save the table as CSV in UTF-8")
    for magic, found in _FORMATS.items():
        if head.startswith(magic):
            return found
    return "json" if head.removeprefix(b"\xef\xbb\xbf").lstrip()[:1] in (b"{", b"[") else "text"


@contextmanager
def open_decompressed(path: Path) -> Iterator[IO[bytes] | Any]:
    """Give the bytes of a file as a stream, decompressed where it is gzip, bzip2, xz or zstd.

    Raises
    ------
    BindingError
        The file cannot be read, or what is compressed in it is damaged.
    """
    try:
        with path.open("rb") as raw:
            compression = _compression(raw.read(8))
        if compression == "xz":
            with lzma.open(path) as stream:
                yield stream
        else:
            with pa.input_stream(str(path), compression=compression) as stream:
                yield stream
    except pa.ArrowInvalid:
        raise
    except (OSError, EOFError, lzma.LZMAError) as reason:
        raise BindingError(f"`{path}` cannot be read: {reason}.", hint="the file may be cut off") from reason


def _compression(head: bytes) -> str | None:
    return next((name for magic, name in _COMPRESSED.items() if head.startswith(magic)), None)
