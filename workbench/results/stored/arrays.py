"""What a netCDF file claims to hold, examined before anything is allocated."""

from __future__ import annotations

import math
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np
import psutil

from workbench.errors import RunIncomplete
from workbench.late_imports import LateModule
from workbench.results.stored.heaps import check_heaps

if TYPE_CHECKING:
    import h5py
else:
    h5py = LateModule("h5py")

_DEFLATE, _SHUFFLE = 1, 2
"""The numbers of the only two filters of ours."""

_ONLY_A_DIMENSION = "This is a netCDF dimension but not a netCDF variable"
"""How the name of a scale begins that has no values."""

_RESERVED = {
    "CLASS",
    "NAME",
    "REFERENCE_LIST",
    "DIMENSION_LIST",
    "_Netcdf4Dimid",
    "_Netcdf4Coordinates",
    "_nc3_strict",
    "_NCProperties",
    "_FillValue",
    "dtype",
    "coordinates",
}
"""Attributes that say how an array is stored, not what it is."""

_CONVERTING = {"scale_factor", "add_offset", "units", "calendar", "missing_value", "_Unsigned", "_Encoding"}
"""Attributes that would change values while they are read; ours have none."""

_MOST_RATIO = 200.0
"""The most bytes in memory for a byte in the file, beyond `_FREE_BYTES`: draws reach 20. Ours."""

_FREE_BYTES = 256 * 2**20
"""The bytes in memory up to which their ratio to those in the file does not matter. Ours."""

_MOST_ARRAYS = 200_000
"""The most arrays in a file: a run has a few for each variable. Ours."""

_MOST_RANK = 32
"""The most dimensions of an array, the limit of HDF5 and below that of numpy."""


@dataclass(frozen=True)
class StoredChunk:
    """A piece of an array: where it belongs, its place and size in the file [bytes], and skipped filters."""

    start: tuple[int, ...]
    offset: int
    size: int
    mask: int


@dataclass(frozen=True)
class StoredArray:
    """An array of a netCDF file as the file describes it.

    Attributes
    ----------
    group, name
        Where it is; the group without a slash.
    dims, shape
        Its dimensions and their lengths.
    dtype
        The type of its elements in the file; that of 16-byte descriptors for texts.
    is_text, is_bool
        Whether its elements are texts, and whether its numbers stand for yes and no.
    chunks
        Where its values are in the file; a single piece where it is not compressed.
    chunk_shape
        The shape of each piece; `None` where there is one.
    is_shuffled, is_compressed
        Whether pieces are shuffled, and compressed by zlib.
    coordinates
        The names of further arrays that label it.
    attributes
        What is said about it: texts and numbers.
    """

    group: str
    name: str
    dims: tuple[str, ...]
    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    is_text: bool = False
    is_bool: bool = False
    chunks: tuple[StoredChunk, ...] = ()
    chunk_shape: tuple[int, ...] | None = None
    is_shuffled: bool = False
    is_compressed: bool = False
    coordinates: tuple[str, ...] = ()
    attributes: Mapping[str, str | float] = field(default_factory=dict)

    @property
    def size(self) -> int:
        """The number of its elements."""
        return math.prod(self.shape)

    @property
    def nbytes(self) -> int:
        """The bytes that its elements take in memory."""
        return self.size * self.dtype.itemsize


@dataclass(frozen=True)
class StoredGroup:
    """A group of a netCDF file: its arrays, dimensions without labels aside, and what is said about it.

    The file itself has an empty name.
    """

    name: str
    arrays: tuple[StoredArray, ...]
    attributes: Mapping[str, str | float]


def examine_arrays(stream: BinaryIO, path: Path) -> tuple[StoredGroup, ...]:
    """Return what a netCDF file of ours holds, from its description alone.

    Parameters
    ----------
    stream
        The file, open.
    path
        Its name in messages.

    Raises
    ------
    RunIncomplete
        It is damaged, refers to other files, or claims more than it can hold.
    """
    check_heaps(stream, path)
    try:
        with h5py.File(stream, "r") as file:
            return _examine_file(file, os.fstat(stream.fileno()).st_size, path)
    except RunIncomplete:
        raise
    except Exception as reason:  # h5py passes on whatever the library says about damaged files
        raise RunIncomplete(f"`{path}` is damaged: {_shorten(reason)}.") from reason


def _shorten(reason: Exception) -> str:
    lines = str(reason).strip().splitlines()
    text = lines[0].rstrip(".")[:200] if lines else type(reason).__name__
    return text[:1].lower() + text[1:]


def _examine_file(file: h5py.File, file_size: int, path: Path) -> tuple[StoredGroup, ...]:
    if file.userblock_size:
        raise RunIncomplete(f"`{path}` begins with {file.userblock_size} bytes of something else.")
    groups = [StoredGroup("", (), _read_attributes(file, path, "the file"))]
    limits = _Limits(file_size, psutil.virtual_memory().total)
    memory = stored = count = 0
    for name, group in _iterate_members(file, path, ""):
        if not isinstance(group, h5py.Group):
            raise RunIncomplete(f"`{path}` has `{name}` outside of a group.")
        arrays = []
        for array in _examine_group(group, name, path):
            arrays.append(array)
            count += 1
            memory += array.nbytes
            stored += sum(chunk.size for chunk in array.chunks)
            _check_size(path, memory, stored, count, limits)
        groups.append(StoredGroup(name, tuple(arrays), _read_attributes(group, path, name)))
    return tuple(groups)


@dataclass(frozen=True)
class _Limits:
    """The size of the file, and the memory of the machine [bytes]."""

    file: int
    machine: int


def _check_size(path: Path, memory: int, stored: int, count: int, limits: _Limits) -> None:
    """Refuse arrays that would take more memory than their file can account for.

    Raises
    ------
    RunIncomplete
        The message names both sizes.
    """
    if count > _MOST_ARRAYS:
        raise RunIncomplete(f"`{path}` has more than {_MOST_ARRAYS:,} arrays, more than a run can have.")
    if stored > limits.file:
        raise RunIncomplete(f"`{path}` has arrays that share their values, or lie outside of it.")
    if memory > _FREE_BYTES and memory > _MOST_RATIO * limits.file:
        raise RunIncomplete(
            f"`{path}` claims arrays of {memory:,} bytes in a file of {limits.file:,}, more than "
            "draws can be compressed."
        )
    if memory > limits.machine:
        raise RunIncomplete(f"`{path}` holds arrays of {memory:,} bytes, more than this machine has memory.")


def _iterate_members(
    group: h5py.Group, path: Path, where: str
) -> Iterator[tuple[str, h5py.Group | h5py.Dataset]]:
    """Yield what is in a group by name; links to somewhere else are refused before they are followed."""
    for position, name in enumerate(group):
        if position > _MOST_ARRAYS:
            raise RunIncomplete(f"`{path}` has more than {_MOST_ARRAYS:,} arrays, more than a run can have.")
        place = f"{where}/{name}" if where else name
        link = group.get(name, getlink=True)
        if isinstance(link, h5py.ExternalLink):
            raise RunIncomplete(
                f"`{path}` has `{place}` in another file, `{link.filename}`, which is not read."
            )
        if not isinstance(link, h5py.HardLink):
            raise RunIncomplete(f"`{path}` has a link, `{place}`, where values were expected.")
        yield name, group[name]


def _examine_group(group: h5py.Group, name: str, path: Path) -> Iterator[StoredArray]:
    members: dict[str, h5py.Dataset] = {}
    for own, member in _iterate_members(group, path, name):
        place = f"{name}/{own}"
        if not isinstance(member, h5py.Dataset):
            raise RunIncomplete(f"`{path}` has `{place}` where an array was expected.")
        if len(member.shape or ()) > _MOST_RANK or member.shape is None:
            raise RunIncomplete(f"`{path}` has `{place}` without a shape.")
        _check_storage(member, place, path)
        members[own] = member
    scales = {
        number: own
        for own, item in members.items()
        if "CLASS" in item.attrs
        for number in _read_numbers(item, "_Netcdf4Dimid")
    }
    for own, member in members.items():
        if not _read_attribute(member, "NAME", path, f"{name}/{own}").startswith(_ONLY_A_DIMENSION):
            yield _examine_array(member, name, own, scales, path)


def _check_storage(dataset: h5py.Dataset, place: str, path: Path) -> None:
    """Refuse values that are not in the file itself.

    Raises
    ------
    RunIncomplete
        The message names the array and where its values are.
    """
    plist = dataset.id.get_create_plist()
    if plist.get_external_count():
        name = os.fsdecode(plist.get_external(0)[0])
        raise RunIncomplete(
            f"`{path}` has the values of `{place}` in another file, `{name}`, which is not read."
        )
    if plist.get_layout() == h5py.h5d.VIRTUAL:
        raise RunIncomplete(f"`{path}` has `{place}` put together from other arrays, which is not read.")


def _examine_array(
    dataset: h5py.Dataset, group: str, name: str, scales: Mapping[int, str], path: Path
) -> StoredArray:
    place = f"{group}/{name}"
    shape = tuple(int(length) for length in dataset.shape)
    is_text = _is_text(dataset, place, path)
    dtype = np.dtype("V16") if is_text else np.dtype(dataset.dtype)
    filters = _list_filters(dataset, place, path)
    chunk_shape = dataset.chunks
    chunks = _locate_chunks(dataset, shape, dtype, place, path)
    for attribute in dataset.attrs:
        if attribute in _CONVERTING:
            raise RunIncomplete(f"`{path}` has `{place}` with `{attribute}`, which would change its values.")
    kind = _read_attribute(dataset, "dtype", path, place)
    if kind not in ("", "bool"):
        raise RunIncomplete(f"`{path}` has `{place}` of type `{kind[:80]}`, which is not one of a run.")
    return StoredArray(
        group,
        name,
        _read_dims(dataset, group, name, scales, path),
        shape,
        dtype,
        is_text,
        kind == "bool",
        chunks,
        None if chunk_shape is None else tuple(int(length) for length in chunk_shape),
        _SHUFFLE in filters,
        _DEFLATE in filters,
        tuple(_read_attribute(dataset, "coordinates", path, place).split()),
        _read_attributes(dataset, path, place),
    )


def _is_text(dataset: h5py.Dataset, place: str, path: Path) -> bool:
    """Return whether elements are texts; they are numbers otherwise.

    Raises
    ------
    RunIncomplete
        They are something else.
    """
    text = h5py.check_string_dtype(dataset.dtype)
    if text is not None and text.length is None and dataset.chunks is None:
        return True
    if dataset.dtype.kind in "fiu" and dataset.dtype.itemsize in (1, 2, 4, 8):
        return False
    raise RunIncomplete(
        f"`{path}` has `{place}` of type `{str(dataset.dtype)[:80]}`, which is not one of a run."
    )


def _list_filters(dataset: h5py.Dataset, place: str, path: Path) -> list[int]:
    plist = dataset.id.get_create_plist()
    filters = [plist.get_filter(number)[0] for number in range(plist.get_nfilters())]
    if filters not in ([], [_DEFLATE], [_SHUFFLE], [_SHUFFLE, _DEFLATE]):
        raise RunIncomplete(f"`{path}` has `{place}` packed in a way that a run is not: filters {filters}.")
    return filters


def _locate_chunks(
    dataset: h5py.Dataset, shape: tuple[int, ...], dtype: np.dtype[Any], place: str, path: Path
) -> tuple[StoredChunk, ...]:
    """Return where the values of an array are in the file.

    Raises
    ------
    RunIncomplete
        There are fewer or more of them than its shape says.
    """
    size = math.prod(shape) * dtype.itemsize
    if not size:
        return ()
    incomplete = RunIncomplete(f"`{path}` does not hold every value of `{place}`, of shape {shape}.")
    if dataset.chunks is None:
        offset = dataset.id.get_offset()
        if offset is None or dataset.id.get_storage_size() != size:
            raise incomplete
        return (StoredChunk((0,) * len(shape), offset, size, 0),)
    pieces = [range(0, length, step) for length, step in zip(shape, dataset.chunks, strict=True)]
    expected = math.prod(map(len, pieces))
    if dataset.id.get_num_chunks() != expected or expected > size:
        raise incomplete
    chunks: list[StoredChunk] = []

    def keep(info: Any) -> None:
        start = tuple(int(number) for number in info.chunk_offset)
        chunks.append(StoredChunk(start, int(info.byte_offset), int(info.size), int(info.filter_mask)))

    dataset.id.chunk_iter(keep)
    starts = {chunk.start for chunk in chunks}
    is_each_in_place = all(
        number in piece for start in starts for number, piece in zip(start, pieces, strict=True)
    )
    most = 2 * math.prod(dataset.chunks) * dtype.itemsize + 4096  # zlib makes nothing twice as long
    if len(starts) != expected or not is_each_in_place or any(chunk.size > most for chunk in chunks):
        raise incomplete
    return tuple(chunks)


def _read_dims(
    dataset: h5py.Dataset, group: str, name: str, scales: Mapping[int, str], path: Path
) -> tuple[str, ...]:
    """Return the dimensions of an array, each of which is described in its own group.

    Raises
    ------
    RunIncomplete
        One is not there, or somewhere else.
    """
    rank = len(dataset.shape)
    if not rank or "CLASS" in dataset.attrs:
        dims: list[str | None] = [name] if rank else []
    else:
        dims = [scales.get(number) for number in _read_numbers(dataset, "_Netcdf4Coordinates")]
    if len(dims) != rank or len(set(dims)) != rank or None in dims:
        raise RunIncomplete(f"`{path}` does not say what the dimensions of `{group}/{name}` are.")
    return tuple(dim for dim in dims if dim is not None)


def _read_numbers(dataset: h5py.Dataset, name: str) -> list[int]:
    """Return the whole numbers of an attribute; none where it is something else."""
    if name not in dataset.attrs:
        return []
    attribute = dataset.attrs.get_id(name)
    if (
        attribute.dtype.kind not in "iu"
        or len(attribute.shape) > 1
        or math.prod(attribute.shape) > _MOST_RANK
    ):
        return []
    return [int(number) for number in np.ravel(dataset.attrs[name])]


def _read_attributes(item: h5py.Group | h5py.Dataset, path: Path, place: str) -> dict[str, str | float]:
    """Return what is said about a group or an array; whatever is neither a text nor a number is not ours."""
    attributes: dict[str, str | float] = {}
    for name in item.attrs:
        if name in _RESERVED:
            continue
        attribute = item.attrs.get_id(name)
        if attribute.shape in ((), (1,)) and attribute.dtype.kind in "fiu":
            attributes[name] = np.ravel(item.attrs[name])[0].item()
        elif text := _read_attribute(item, name, path, place):
            attributes[name] = text
    return attributes


def _read_attribute(item: h5py.Group | h5py.Dataset, name: str, path: Path, place: str) -> str:
    """Return an attribute that is a text, else nothing.

    Raises
    ------
    RunIncomplete
        The text is not UTF-8.
    """
    if name not in item.attrs:
        return ""
    attribute = item.attrs.get_id(name)
    if attribute.shape != () or h5py.check_string_dtype(attribute.dtype) is None:
        return ""
    value = item.attrs[name]
    try:
        return value if isinstance(value, str) else bytes(value).decode("utf-8")
    except UnicodeDecodeError as reason:
        raise RunIncomplete(f"`{path}` has a text at `{place}` that is not UTF-8.") from reason
