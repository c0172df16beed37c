"""The arrays of a netCDF file, read from the places that its description names."""

from __future__ import annotations

import math
import os
import zlib
from collections.abc import Callable, Collection, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from workbench.errors import RunIncomplete
from workbench.late_imports import LateModule
from workbench.results.stored.arrays import StoredArray, StoredChunk, StoredGroup, examine_arrays
from workbench.results.stored.groups import PlainArray, PlainGroup, build_tree
from workbench.results.stored.plain_file import open_stored

if TYPE_CHECKING:
    import h5py
    import xarray as xr
else:
    h5py = LateModule("h5py")

_MOST_TEXT = 64 * 2**20
"""The most text in one array, which may name one text many times [bytes]. Ours."""

_DESCRIPTOR = np.dtype([("length", "<u4"), ("address", "<u8"), ("index", "<u4")])
"""How HDF5 stores each text of an array: its length, and where it is."""


def read_tree(path: Path) -> xr.DataTree:
    """Return the groups of a netCDF file of ours as a tree.

    Raises
    ------
    RunIncomplete
        As `read_groups`.
    """
    return build_tree(read_groups(path))


def read_groups(
    path: Path,
    check: Callable[[Sequence[StoredGroup]], None] | None = None,
    kept: Collection[str] | None = None,
) -> dict[str, PlainGroup]:
    """Return the groups of a netCDF file of ours by name.

    Parameters
    ----------
    path
        The file.
    check
        Refuses what does not suit the rest of the run, before anything is allocated.
    kept
        The groups that are wanted; by default all of them.

    Raises
    ------
    RunIncomplete
        There is no such file, it is damaged, refers to other files, or is refused by `check`.
    """
    with open_stored(path) as stream:
        groups = examine_arrays(stream, path)
        if check is not None:
            check(groups)
        if kept is not None:
            groups = tuple(group for group in groups if group.name in kept)
        for group in groups:
            _check_sizes(group, path)
        try:
            texts = _read_all_texts(groups, stream, path)
            return {group.name: _read_group(group, stream, texts, path) for group in groups}
        except (OSError, ValueError, zlib.error) as reason:
            raise RunIncomplete(f"`{path}` is damaged: {reason}.") from reason


def read_array(
    path: Path, group: str, name: str, check: Callable[[Sequence[StoredGroup]], None]
) -> tuple[tuple[str, ...], NDArray[Any]] | None:
    """Return the dimensions and the numbers of one array of a netCDF file of ours; `None` if it is not there.

    Parameters
    ----------
    path
        The file.
    group, name
        The array.
    check
        As in `read_groups`.

    Raises
    ------
    RunIncomplete
        As in `read_groups`.
    """
    with open_stored(path) as stream:
        groups = examine_arrays(stream, path)
        check(groups)
        arrays = [array for each in groups if each.name == group for array in each.arrays]
        array = next((array for array in arrays if array.name == name and not array.is_text), None)
        if array is None:
            return None
        try:
            return array.dims, _read_numbers(array, stream, path)
        except (OSError, ValueError, zlib.error) as reason:
            raise RunIncomplete(f"`{path}` is damaged: {reason}.") from reason


def _check_sizes(group: StoredGroup, path: Path) -> None:
    """Refuse arrays of one group that give a dimension two sizes.

    Raises
    ------
    RunIncomplete
        The message names the dimension.
    """
    sizes: dict[str, int] = {}
    for array in group.arrays:
        for name, size in zip(array.dims, array.shape, strict=True):
            if sizes.setdefault(name, size) != size:
                message = (
                    f"`{path}` is damaged: `{name}` in `{group.name}` has {sizes[name]} and {size} elements."
                )
                raise RunIncomplete(message)


def _read_group(
    group: StoredGroup, stream: BinaryIO, texts: dict[tuple[str, str], NDArray[Any]], path: Path
) -> PlainGroup:
    variables = {
        array.name: PlainArray(
            array.dims,
            texts[group.name, array.name] if array.is_text else _read_numbers(array, stream, path),
            dict(array.attributes),
        )
        for array in group.arrays
    }
    labels = {name for array in group.arrays for name in (*array.dims, *array.coordinates)}
    return PlainGroup(variables, frozenset(labels & variables.keys()), dict(group.attributes))


def _read_numbers(array: StoredArray, stream: BinaryIO, path: Path) -> NDArray[Any]:
    values = np.empty(array.shape, dtype=array.dtype)
    if array.chunk_shape is None:
        for chunk in array.chunks:
            values = np.frombuffer(_read_at(stream, chunk, path), dtype=array.dtype).reshape(array.shape)
    else:
        for chunk in array.chunks:
            piece = _unpack(array, chunk, stream, path)
            ends = (
                min(at + n, end) for at, n, end in zip(chunk.start, piece.shape, array.shape, strict=True)
            )
            place = tuple(slice(at, end) for at, end in zip(chunk.start, ends, strict=True))
            values[place] = piece[tuple(slice(0, part.stop - part.start) for part in place)]
    if array.is_bool:
        return values.astype(bool)
    if array.dtype.kind == "f":  # what is stored in single precision is computed with in double precision
        return values.astype(np.float64, copy=not values.flags.writeable)
    return values.astype(array.dtype.newbyteorder("="), copy=not values.flags.writeable)


def _unpack(array: StoredArray, chunk: StoredChunk, stream: BinaryIO, path: Path) -> NDArray[Any]:
    """Return the values of one piece; no more memory is used than its shape accounts for."""
    assert array.chunk_shape is not None  # noqa: S101 - the caller has pieces
    size = math.prod(array.chunk_shape) * array.dtype.itemsize
    content: bytes | memoryview = _read_at(stream, chunk, path)
    used = [is_used and not chunk.mask >> position & 1 for position, is_used in enumerate(_filters(array))]
    is_shuffled, is_compressed = used[0] and array.is_shuffled, used[-1] and array.is_compressed
    if is_compressed:
        unpacker = zlib.decompressobj()
        content = unpacker.decompress(content, size)
        rest = unpacker.decompress(unpacker.unconsumed_tail, 1) if not unpacker.eof else b""
        if rest or not unpacker.eof:
            raise RunIncomplete(f"`{path}` is damaged: `{array.group}/{array.name}` unpacks to too much.")
    if len(content) != size:
        raise RunIncomplete(f"`{path}` is damaged: `{array.group}/{array.name}` unpacks to too little.")
    if is_shuffled and array.dtype.itemsize > 1:
        planes = np.frombuffer(content, dtype=np.uint8).reshape(array.dtype.itemsize, -1)
        content = np.ascontiguousarray(planes.T).data
    return np.frombuffer(content, dtype=array.dtype).reshape(array.chunk_shape)


def _filters(array: StoredArray) -> list[bool]:
    """Return the filters of an array in their order; the bits of a mask count them."""
    return [True] * max(1, array.is_shuffled + array.is_compressed)


def _read_at(stream: BinaryIO, chunk: StoredChunk, path: Path) -> bytes:
    parts = []
    at, left = chunk.offset, chunk.size
    while left:
        part = os.pread(stream.fileno(), left, at)
        if not part:
            raise RunIncomplete(f"`{path}` ends before its last value: it was cut short.")
        parts.append(part)
        at, left = at + len(part), left - len(part)
    return parts[0] if len(parts) == 1 else b"".join(parts)


def _read_all_texts(
    groups: Sequence[StoredGroup], stream: BinaryIO, path: Path
) -> dict[tuple[str, str], NDArray[Any]]:
    """Return arrays of texts by group and name, their lengths counted before they are read."""
    arrays = [array for group in groups for array in group.arrays if array.is_text]
    for array in arrays:
        lengths = [
            np.frombuffer(_read_at(stream, chunk, path), dtype=_DESCRIPTOR)["length"].max()
            for chunk in array.chunks
        ]
        if (
            max(map(int, lengths), default=0) * array.size > _MOST_TEXT
        ):  # numpy makes all as long as the longest
            place = f"{array.group}/{array.name}"
            raise RunIncomplete(f"`{path}` has more than {_MOST_TEXT:,} bytes of text in `{place}`.")
    try:
        with h5py.File(stream, "r") as file:
            return {
                (array.group, array.name): _decode(file[array.group][array.name][...], array)
                for array in arrays
            }
    except Exception as reason:  # h5py passes on whatever the library says about damaged files
        raise RunIncomplete(f"`{path}` has texts that cannot be read.") from reason


def _decode(values: Any, array: StoredArray) -> NDArray[Any]:
    texts = [
        text.decode("utf-8") if isinstance(text, bytes) else str(text) for text in np.ravel(values).tolist()
    ]
    return np.array(texts, dtype=str).reshape(array.shape)
