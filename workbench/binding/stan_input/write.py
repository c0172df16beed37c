"""The data file that Stan reads: JSON whose numbers give back the same doubles, written block by block."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import IO, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

_END = b"}\n"

_BLOCK = 1 << 18
"""Numbers formatted at a time."""

_SMALL = 1000
"""Elements up to which Python's own formatting is as fast."""


def write_stan_data(path: Path, values: Mapping[str, Any]) -> None:
    """Write values as Stan's JSON.

    Every double is written with the fewest digits that give back the same double. A matrix is a list of rows.

    Parameters
    ----------
    path
        Where.
    values
        Numbers, arrays or nested lists by name; a tuple's members by position in a dict.
    """
    with path.open("wb") as stream:
        stream.write(b"{")
        _write_members(stream, values)
        stream.write(_END)


def extend_stan_data(path: Path, to: Path, more: Mapping[str, Any]) -> None:
    """Write a file that `write_stan_data` wrote once more, with further values; the old ones are copied.

    Parameters
    ----------
    path
        The file.
    to
        The new file.
    more
        Values by names that the file does not have.
    """
    shutil.copyfile(path, to)
    if not more:
        return
    with to.open("r+b") as stream:
        stream.seek(-len(_END), os.SEEK_END)
        has_values = stream.tell() > 1
        stream.write(b"," if has_values else b"")
        _write_members(stream, more)
        stream.write(_END)


def _write_members(stream: IO[bytes], values: Mapping[str, Any]) -> None:
    for position, (name, value) in enumerate(values.items()):
        stream.write(b"," if position else b"")
        stream.write(json.dumps(name).encode() + b":")
        for piece in _pieces(value):
            stream.write(piece)


def _pieces(value: Any) -> Iterator[bytes | memoryview]:
    """Yield a value as JSON, in pieces."""
    if isinstance(value, Mapping):
        yield b"{"
        for position, (name, one) in enumerate(value.items()):
            yield (b"," if position else b"") + json.dumps(str(name)).encode() + b":"
            yield from _pieces(one)
        yield b"}"
    elif isinstance(value, np.ndarray) and value.size > _SMALL and value.dtype.kind in "iuf":
        yield from _array(value)
    else:
        yield json.dumps(value, separators=(",", ":"), default=_plain).encode()


def _plain(value: Any) -> Any:
    if isinstance(value, (np.ndarray, np.generic)):
        return value.tolist()
    return value


def _array(values: np.ndarray) -> Iterator[bytes | memoryview]:
    """Yield an array: vectors in blocks of numbers, matrices in blocks of rows, deeper arrays one by one."""
    yield b"["
    if values.ndim > 2 or (values.ndim == 2 and values.shape[1] > _BLOCK):
        for position, one in enumerate(values):
            yield b"," if position else b""
            yield from _pieces(one)
    else:
        width = values.shape[1] if values.ndim == 2 else 1
        step = max(1, _BLOCK // max(1, width))
        for start in range(0, len(values), step):
            yield b"," if start else b""
            yield _block(values[start : start + step])
    yield b"]"


def _block(values: np.ndarray) -> bytes | memoryview:
    """Return a vector as `1,2,3`, a matrix as `[1,2],[3,4]`."""
    texts = _texts(np.ascontiguousarray(values).reshape(-1))
    if values.ndim == 1:
        return _joined(texts, [0, len(texts)], ",")
    width = values.shape[1]
    rows = pc.binary_join(_lists(texts, np.arange(0, len(texts) + 1, width)), ",")
    return b"[" + bytes(_joined(rows, [0, len(rows)], "],[")) + b"]"


def _texts(values: np.ndarray) -> pa.Array:
    numbers = pa.array(values)
    texts = pc.cast(numbers, pa.string())
    if values.dtype.kind == "i" or values.dtype.kind == "u":
        return texts
    negative_zero = (values == 0) & np.signbit(values)
    if negative_zero.any():  # a reader of integers would lose the sign of -0
        texts = pc.if_else(pa.array(negative_zero), "-0.0", texts)
    if np.isfinite(values).all():
        return texts
    for found, word in (
        (np.isnan(values), "NaN"),
        (values == np.inf, "Infinity"),
        (values == -np.inf, "-Infinity"),
    ):
        texts = pc.if_else(pa.array(found), word, texts)
    return texts


def _lists(texts: pa.Array, ends: Any) -> pa.ListArray:
    return pa.ListArray.from_arrays(pa.array(ends, pa.int32()), texts)


def _joined(texts: pa.Array, ends: list[int], between: str) -> memoryview:
    return memoryview(pc.binary_join(_lists(texts, ends), between)[0].as_buffer())
