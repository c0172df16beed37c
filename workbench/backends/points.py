"""Points of the declared scale as a file that Stan takes for an output of its own."""

from __future__ import annotations

from pathlib import Path

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
