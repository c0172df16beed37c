"""Executables under test: what to build, how to run one, how to read what it wrote."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from workbench import process
from workbench.toolchain import CompiledModel, Toolchain, build

MODELS = Path(__file__).parent.parent / "models"
REFERENCE = Path(__file__).parent / "reference"


def compiled(toolchain: Toolchain, source: Path, *, threads: bool = False) -> CompiledModel:
    return build(source.stem, source.read_text(), toolchain, threads=threads)


def run(model: CompiledModel, arguments: str | Sequence[str], folder: Path) -> process.CompletedProcess:
    tokens = arguments.split() if isinstance(arguments, str) else arguments
    return process.run([model.exe, *tokens], cwd=folder, timeout=120)


@dataclass(frozen=True)
class Draws:
    """A Stan CSV file: comment lines, column names, rows of numbers, and every line that is not a comment."""

    comments: list[str]
    names: list[str]
    rows: list[list[float]]

    def column(self, name: str) -> list[float]:
        where = self.names.index(name)
        return [row[where] for row in self.rows]


def read_draws(path: Path) -> Draws:
    lines = path.read_text().splitlines()
    comments = [line for line in lines if line.startswith("#")]
    table = list(csv.reader(line for line in lines if line and not line.startswith("#")))
    return Draws(comments, table[0], [[float(cell) for cell in row] for row in table[1:]])
