"""Build executables, run them, and read their output."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from workbench import process
from workbench.toolchain import CompiledModel, Toolchain, build

MODELS = Path(__file__).parent.parent / "models"
"""The test programs."""

REFERENCE = Path(__file__).parent / "reference"
"""Output of CmdStan itself, with the programs and data that it comes from."""


def compile_model(toolchain: Toolchain, source: Path, *, threads: bool = False) -> CompiledModel:
    return build(source.stem, source.read_text(), toolchain, threads=threads)


def run(model: CompiledModel, arguments: str | Sequence[str], folder: Path) -> process.CompletedProcess:
    tokens = arguments.split() if isinstance(arguments, str) else arguments
    return process.run([model.exe, *tokens], cwd=folder, timeout=120)


@dataclass(frozen=True)
class StanCsv:
    """The content of a Stan CSV file: comment lines, column names, and rows of numbers."""

    comments: list[str]
    names: list[str]
    rows: list[list[float]]

    def column(self, name: str) -> list[float]:
        position = self.names.index(name)
        return [row[position] for row in self.rows]


def read_draws(path: Path) -> StanCsv:
    lines = path.read_text().splitlines()
    comments = [line for line in lines if line.startswith("#")]
    table = list(csv.reader(line for line in lines if line and not line.startswith("#")))
    return StanCsv(comments, table[0], [[float(cell) for cell in row] for row in table[1:]])
