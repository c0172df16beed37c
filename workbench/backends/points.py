"""Points of the declared scale as a file that Stan takes for an output of its own."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa
from pyarrow import csv

from workbench.backends.base import Floats, RawRun
from workbench.errors import DrawsCorrupt


def write_points(mode: RawRun, rows: Floats, path: Path) -> Path:
    """Write rows under the head of an optimiser's output; return the path.

    Parameters
    ----------
    mode
        A run of the same program, whose output file gives comments and column names.
    rows
        `(P, column)`: values of the mode's columns.
    path
        Where to write.
    """
    if mode.output is None:
        raise DrawsCorrupt("the optimiser left no output file.")
    head, names = [], ""
    with mode.output.open(encoding="utf-8") as lines:
        for line in lines:
            if line.startswith("#"):
                head.append(line)
            elif line.strip():
                names = line
                break
    before = sum(name.strip().endswith("__") for name in names.split(","))
    body = (",".join(["0"] * before + [f"{value:.17g}" for value in row]) + "\n" for row in rows.tolist())
    path.write_text("".join([*head, names, *body]), encoding="utf-8")
    return path


def write_draws(names: Sequence[str], draws: Floats, path: Path) -> Path:
    """Write draws under their names; return the path.

    Parameters
    ----------
    names
        Stan's names of columns, with brackets as in `theta[1,2]` or with dots.
    draws
        `(draw, column)`.
    path
        Where to write.
    """
    header = [_written(name) for name in names]
    table = pa.table(dict(zip(header, draws.T.copy(), strict=True)))
    with path.open("wb") as stream:
        stream.write((",".join(header) + "\n").encode())  # Arrow's own header has quotes
        csv.write_csv(table, stream, csv.WriteOptions(include_header=False))
    return path


def _written(name: str) -> str:
    """Return a name as Stan's own files write it: `theta.1.2`, a tuple's member after a colon."""
    owner, _, index = name.partition("[")
    return owner.replace(".", ":") + ("." + index[:-1].replace(",", ".") if index else "")
