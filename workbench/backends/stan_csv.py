"""The CSV files that Stan writes and reads."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from workbench.backends.base import Floats, RawRun
from workbench.errors import DrawsCorrupt
from workbench.late_imports import LateModule

if TYPE_CHECKING:
    import pyarrow as pa
    from pyarrow import csv
else:
    pa = LateModule("pyarrow")
    csv = LateModule("pyarrow.csv")

_SMALL = 20_000
"""Bytes of numbers up to which Python reads them faster than Arrow starts."""


def read_stan_csv(path: Path) -> tuple[tuple[str, ...], Floats, list[bytes]]:
    """Return names, rows `(row, name)` and comment lines of a file.

    Comments may stand between rows. Arrow reads numbers many times faster than NumPy. All cells form one long
    column: as thousands of short columns they would take three times as long.
    """
    comments: list[bytes] = []
    lines: list[bytes] = []
    with path.open("rb") as stream:
        for line in stream:
            (comments if line.startswith(b"#") else lines).append(line)
    names = tuple(lines.pop(0).decode().strip().split(","))
    body = b"".join(lines)
    lines.clear()  # a wide file takes hundreds of megabytes
    if len(body) < _SMALL:
        cells = body.replace(b"\n", b",").split(b",")[:-1]
        return names, np.array([float(cell) for cell in cells]).reshape(-1, len(names)), comments
    table = csv.read_csv(
        pa.BufferReader(body.replace(b",", b"\n") or b"\n"),
        csv.ReadOptions(column_names=["value"], use_threads=False),
        convert_options=csv.ConvertOptions(column_types={"value": pa.float64()}, null_values=[]),
    )
    return names, table["value"].to_numpy().reshape(-1, len(names)), comments


def write_mode(mode: RawRun, path: Path) -> Path:
    """Write a mode under the header of the optimiser's output, which Stan requires; return the path.

    Parameters
    ----------
    mode
        A run of the same program; the comments and column names come from its output file.
    path
        Where to write.
    """
    if mode.output is None:
        raise DrawsCorrupt("the optimiser left no output file.")
    comments, names = [], ""
    with mode.output.open(encoding="utf-8") as lines:
        for line in lines:
            if line.startswith("#"):
                comments.append(line)
            elif line.strip():
                names = line
                break
    own_columns = sum(name.strip().endswith("__") for name in names.split(","))
    cells = ["0"] * own_columns + [f"{value:.17g}" for value in mode.draws[0, 0].tolist()]
    path.write_text("".join([*comments, names, ",".join(cells), "\n"]), encoding="utf-8")
    return path


def write_draws(names: Sequence[str], draws: Floats, path: Path) -> Path:
    """Write draws under their names, in one step; return the path: several threads may need the file.

    Parameters
    ----------
    names
        Stan's column names, with brackets as in `theta[1,2]` or with dots.
    draws
        `(draw, column)`.
    path
        Where to write.
    """
    header = [_format_name(name) for name in names]
    table = pa.table(dict(zip(header, draws.T.copy(), strict=True)))
    with tempfile.TemporaryDirectory(dir=path.parent) as folder:
        written = Path(folder) / path.name
        with written.open("wb") as stream:
            stream.write((",".join(header) + "\n").encode())  # Arrow would put the names in quotes
            csv.write_csv(table, stream, csv.WriteOptions(include_header=False))
        written.replace(path)
    return path


def _format_name(name: str) -> str:
    """Return a name as Stan's files have it: `theta.1.2`, with a colon before a member of a tuple."""
    owner, _, index = name.partition("[")
    return owner.replace(".", ":") + ("." + index[:-1].replace(",", ".") if index else "")
