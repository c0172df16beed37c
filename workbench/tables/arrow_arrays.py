"""NumPy's arrays as Arrow's and back, without pandas.

`pyarrow.array`, `pyarrow.scalar` and `to_numpy` import pandas where it is installed, to recognise its types,
which takes as long as everything else a prediction imports. Arrow's memory is laid out as its specification
says: https://arrow.apache.org/docs/format/Columnar.html.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from workbench.late_imports import LateModule

if TYPE_CHECKING:
    import pyarrow as pa
    import pyarrow.compute as pc
else:
    pa = LateModule("pyarrow")
    pc = LateModule("pyarrow.compute")


def as_texts(texts: Sequence[str]) -> pa.StringArray:
    """Return texts as Arrow has them.

    >>> as_texts(["a", "", "\u00e4b"]).to_pylist()
    ['a', '', '\u00e4b']
    """
    encoded = [text.encode() for text in texts]
    ends = np.cumsum([0, *map(len, encoded)])
    if ends[-1] > np.iinfo(np.int32).max:
        return pa.array(texts, pa.string())
    buffers = [None, pa.py_buffer(ends.astype(np.int32)), pa.py_buffer(b"".join(encoded))]
    return pa.StringArray.from_buffers(len(encoded), buffers[1], buffers[2])


def as_text(text: str | None) -> pa.StringScalar:
    """Return a text as Arrow has one; `None` is missing."""
    return pa.nulls(1, pa.string())[0] if text is None else as_texts([text])[0]


def as_array(values: NDArray[Any]) -> pa.Array:
    """Return numbers, or truths, `(n,)`, as Arrow has them.

    >>> as_array(np.array([True, False, True])).to_pylist(), as_array(np.arange(3)[::-1]).to_pylist()
    ([True, False, True], [2, 1, 0])
    """
    if values.dtype == bool:
        bits = np.packbits(values, bitorder="little")
        return pa.Array.from_buffers(pa.bool_(), len(values), [None, pa.py_buffer(bits)])
    numbers = np.ascontiguousarray(values, dtype=values.dtype.newbyteorder("="))
    arrow_type = pa.from_numpy_dtype(numbers.dtype)
    return pa.Array.from_buffers(arrow_type, len(numbers), [None, pa.py_buffer(numbers)])


def as_numpy(cells: pa.Array | pa.ChunkedArray) -> NDArray[Any]:
    """Return numbers, or truths, without missing cells, `(n,)`; numbers of one piece are not copied.

    >>> as_numpy(pa.chunked_array([[1, 2], [3]])), as_numpy(pa.array([True, False]))
    (array([1, 2, 3]), array([ True, False]))
    """
    pieces = cells.chunks if isinstance(cells, pa.ChunkedArray) else [cells]
    found = [_read_piece(piece) for piece in pieces]
    if len(found) == 1:
        return found[0]
    return np.concatenate(found) if found else np.zeros(0, dtype=cells.type.to_pandas_dtype())


def _read_piece(piece: pa.Array) -> NDArray[Any]:
    if pa.types.is_boolean(piece.type):
        return np.from_dlpack(pc.cast(piece, pa.uint8())).astype(bool)
    return np.from_dlpack(piece)


def find_first(cells: pa.Array | pa.ChunkedArray) -> int:
    """Return the place of the first truth, -1 where there is none."""
    return int(pc.index(cells, pc.is_null(pa.nulls(1))[0]).as_py())
