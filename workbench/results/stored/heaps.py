"""The heaps of texts in an HDF5 file, checked because its library reads damaged ones without end.

References
----------
The HDF Group, HDF5 File Format Specification Version 3.0, section III.E, Global Heap.
"""

from __future__ import annotations

import mmap
import os
import struct
from pathlib import Path
from typing import BinaryIO

from workbench.errors import RunIncomplete

_SIGNATURE = b"GCOL\x01\x00\x00\x00"
"""How a heap begins: its name, its version and three empty bytes."""

_HEAD = 16
"""The bytes before the first object of a heap, and before the content of each object."""


def check_heaps(stream: BinaryIO, path: Path) -> None:
    """Refuse a file with a heap whose objects do not lead to its end.

    Raises
    ------
    RunIncomplete
        The file is empty, or damaged.
    """
    if not os.fstat(stream.fileno()).st_size:
        raise RunIncomplete(f"`{path}` is damaged: it is empty.")
    with mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as content:
        start = content.find(_SIGNATURE)
        while start >= 0:
            if not _leads_to_its_end(content, start):
                raise RunIncomplete(f"`{path}` is damaged: its texts cannot be read.")
            start = content.find(_SIGNATURE, start + len(_SIGNATURE))


def _leads_to_its_end(content: mmap.mmap, start: int) -> bool:
    """Return whether each object of a heap is followed by the next, up to the end of the heap."""
    if start + _HEAD > len(content):
        return False
    end: int = start + struct.unpack_from("<Q", content, start + 8)[0]
    if not start + _HEAD < end <= len(content):
        return False
    place = start + _HEAD
    while place + _HEAD <= end:
        index, size = struct.unpack_from("<H6xQ", content, place)
        if index == 0:  # what is left is free; its size includes its own head
            return bool(size == end - place)
        place += _HEAD + -(-size // 8) * 8
    return place <= end
