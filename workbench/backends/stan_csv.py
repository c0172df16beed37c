"""Reading the CSV files that Stan writes."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
from pyarrow import csv

from workbench.backends.base import Floats


def read_stan_csv(path: Path) -> tuple[tuple[str, ...], Floats, list[bytes]]:
    """Return names, rows `(row, name)` and comment lines of a file.

    Comments may stand between rows. Numbers are read by Arrow, many times faster than by NumPy, as one long
    column: thousands of short columns take it three times as long.
    """
    comments: list[bytes] = []
    lines: list[bytes] = []
    with path.open("rb") as stream:
        for line in stream:
            (comments if line.startswith(b"#") else lines).append(line)
    names = tuple(lines.pop(0).decode().strip().split(","))
    body = b"".join(lines)
    lines.clear()  # a wide file is hundreds of megabytes
    table = csv.read_csv(
        pa.BufferReader(body.replace(b",", b"\n") or b"\n"),
        csv.ReadOptions(column_names=["value"], use_threads=False),
        convert_options=csv.ConvertOptions(column_types={"value": pa.float64()}, null_values=[]),
    )
    return names, table["value"].to_numpy().reshape(-1, len(names)), comments
