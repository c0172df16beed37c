"""Reading the CSV files that Stan writes."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pyarrow as pa
from pyarrow import csv

from workbench.backends.base import Floats

_BLOCK = 1 << 20
"""Bytes that Arrow reads at a time, at least; a row must fit in."""


def read_output(path: Path) -> tuple[tuple[str, ...], Floats, list[bytes]]:
    """Return names, rows `(row, name)` and comment lines of a file.

    Comments may stand between rows; numbers are read by Arrow, many times faster than by NumPy.
    """
    comments: list[bytes] = []
    lines: list[bytes] = []
    with path.open("rb") as stream:
        for line in stream:
            (comments if line.startswith(b"#") else lines).append(line)
    names = tuple(lines[0].decode().strip().split(","))
    if len(lines) == 1:
        return names, np.empty((0, len(names))), comments
    columns = [str(place) for place in range(len(names))]
    block = max(_BLOCK, 4 * max(len(line) for line in lines))
    table = csv.read_csv(
        io.BytesIO(b"".join(lines[1:])),
        csv.ReadOptions(column_names=columns, use_threads=False, block_size=block),
        convert_options=csv.ConvertOptions(column_types=dict.fromkeys(columns, pa.float64()), null_values=[]),
    )
    return names, np.stack([one.to_numpy() for one in table.columns], axis=1), comments
