"""The data file that Stan reads: JSON in which every number gives back the same double, written in blocks."""

from __future__ import annotations

import io
import json
import os
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import numpy as np

from workbench.late_imports import LateModule
from workbench.tables.arrow_arrays import as_array, as_text

if TYPE_CHECKING:
    import pyarrow as pa
    import pyarrow.compute as pc
else:
    pa = LateModule("pyarrow")
    pc = LateModule("pyarrow.compute")

_END = b"}\n"
"""The end of every file, which `extend_stan_data` writes over."""

_BLOCK = 1 << 18
"""Numbers formatted at a time."""

_SMALL = 1000
"""Elements up to which Python's own formatting is as fast."""


def write_stan_data(path: Path, values: Mapping[str, Any], formatted: bytes = b"") -> None:
    """Write values as Stan's JSON.

    Every double is written with the fewest digits that give back the same double. A matrix is a list of rows.

    Parameters
    ----------
    path
        The file.
    values
        Numbers, arrays or nested lists by name; a tuple is a dict of its members by position.
    formatted
        Further values, as `format_stan_data` returns them.
    """
    with path.open("wb") as stream:
        stream.write(b"{")
        stream.write(formatted)
        stream.write(b"," if formatted and values else b"")
        _write_members(stream, values)
        stream.write(_END)


def format_stan_data(values: Mapping[str, Any]) -> bytes:
    """Return values that are written often, as `write_stan_data` writes them.

    >>> format_stan_data({"N": 2, "x": [0.5, 1.0]})
    b'"N":2,"x":[0.5,1.0]'
    """
    stream = io.BytesIO()
    _write_members(stream, values)
    return stream.getvalue()


def extend_stan_data(path: Path, to: Path, more: Mapping[str, Any]) -> None:
    """Copy a file that `write_stan_data` wrote, and add further values to the copy.

    Parameters
    ----------
    path
        The file.
    to
        The new file.
    more
        Values by name; the names are new to the file.
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
        for piece in _format_value(value):
            stream.write(piece)


def _format_value(value: Any) -> Iterator[bytes | memoryview]:
    """Yield a value as JSON, in pieces."""
    if isinstance(value, Mapping):
        yield b"{"
        for position, (name, member) in enumerate(value.items()):
            yield (b"," if position else b"") + json.dumps(str(name)).encode() + b":"
            yield from _format_value(member)
        yield b"}"
    elif isinstance(value, np.ndarray) and value.size > _SMALL and value.dtype.kind in "iuf":
        yield from _format_array(value)
    else:
        yield json.dumps(value, separators=(",", ":"), default=_to_plain).encode()


def _to_plain(value: Any) -> Any:
    if isinstance(value, (np.ndarray, np.generic)):
        return value.tolist()
    return value


def _format_array(values: np.ndarray) -> Iterator[bytes | memoryview]:
    """Yield an array: vectors in blocks of numbers, matrices in blocks of rows, deeper arrays one by one."""
    yield b"["
    if values.ndim > 2 or (values.ndim == 2 and values.shape[1] > _BLOCK):
        for position, inner in enumerate(values):
            yield b"," if position else b""
            yield from _format_value(inner)
    else:
        width = values.shape[1] if values.ndim == 2 else 1
        step = max(1, _BLOCK // max(1, width))
        for start in range(0, len(values), step):
            yield b"," if start else b""
            yield _format_block(values[start : start + step])
    yield b"]"


def _format_block(values: np.ndarray) -> bytes | memoryview:
    """Return a vector as `1,2,3`, a matrix as `[1,2],[3,4]`."""
    texts = _format_numbers(np.ascontiguousarray(values).reshape(-1))
    if values.ndim == 1:
        return _join(texts, [0, len(texts)], ",")
    width = values.shape[1]
    rows = pc.binary_join(_split_at(texts, np.arange(0, len(texts) + 1, width)), as_text(","))
    return b"[" + bytes(_join(rows, [0, len(rows)], "],[")) + b"]"


def _format_numbers(values: np.ndarray) -> pa.Array:
    texts = pc.cast(as_array(values), pa.string())
    if values.dtype.kind in "iu":
        return texts
    is_negative_zero = (values == 0) & np.signbit(values)
    if is_negative_zero.any():  # a reader of integers would lose the sign of -0
        texts = pc.if_else(as_array(is_negative_zero), as_text("-0.0"), texts)
    if np.isfinite(values).all():
        return texts
    for is_special, word in (
        (np.isnan(values), "NaN"),
        (values == np.inf, "Infinity"),
        (values == -np.inf, "-Infinity"),
    ):
        texts = pc.if_else(as_array(is_special), as_text(word), texts)
    return texts


def _split_at(texts: pa.Array, ends: Any) -> pa.ListArray:
    return pa.ListArray.from_arrays(as_array(np.asarray(ends, dtype=np.int32)), texts)


def _join(texts: pa.Array, ends: list[int], separator: str) -> memoryview:
    return memoryview(pc.binary_join(_split_at(texts, ends), as_text(separator))[0].as_buffer())
