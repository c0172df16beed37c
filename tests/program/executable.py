"""Compiled programs that return log densities, gradients and generated quantities."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from workbench import process, toolchain

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Executable:
    """A compiled program, and a folder with its data and its output."""

    path: Path
    folder: Path

    def write_data(self, data: Mapping[str, Any]) -> None:
        """Write the data for the next runs."""
        (self.folder / "data.json").write_text(json.dumps(data))

    def run(self, *arguments: str) -> process.CompletedProcess:
        """Run the program with arguments."""
        return process.run(
            [self.path, *arguments, "data", "file=data.json", "output", "file=out.csv", "sig_figs=17"],
            cwd=self.folder,
        )

    def count_parameters(self) -> int:
        """Return the number of unconstrained parameters, which the program reports when it is given none."""
        self._write_points(np.zeros((1, 0)))
        output = self.run("method=log_prob", "unconstrained_params=points.json").output
        match = re.search(r"with (\d+) unconstrained", output)
        if match is None:
            raise AssertionError(output)
        return int(match[1])

    def log_density(self, points: Array, *, jacobian: bool = True) -> tuple[Array, Array]:
        """Return log densities `(point,)` and gradients `(point, parameter)`."""
        self._write_points(points)
        done = self.run("method=log_prob", "unconstrained_params=points.json", f"jacobian={int(jacobian)}")
        assert done.returncode == 0, done.output
        _, rows = self._read_table()
        return rows[:, 0], rows[:, 1:]

    def sample(self, count: int = 8) -> dict[str, Array]:
        """Return a few draws of everything that the program writes, by column."""
        done = self.run(
            "random", "seed=7", "method=sample", f"num_samples={count}", "num_warmup=60",
        )  # fmt: skip
        assert done.returncode == 0, done.output
        names, rows = self._read_table()
        return dict(zip(names, rows.T, strict=True))

    def log_density_of_draws(self) -> Array:
        """Return the log density of the last draws, without the Jacobian."""
        (self.folder / "out.csv").rename(self.folder / "draws.csv")
        done = self.run("method=log_prob", "constrained_params=draws.csv", "jacobian=0")
        assert done.returncode == 0, done.output
        return self._read_table()[1][:, 0]

    def _write_points(self, points: Array) -> None:
        (self.folder / "points.json").write_text(json.dumps({"params_r": points.tolist()}))

    def _read_table(self) -> tuple[list[str], Array]:
        lines = (self.folder / "out.csv").read_text().splitlines()
        names, *rows = csv.reader(line for line in lines if line and not line.startswith("#"))
        return names, np.array(rows, dtype=float).reshape(len(rows), len(names))


def build(
    name: str, source: str, tools: toolchain.Toolchain, folder: Path, *, optimized: bool = False
) -> Executable:
    """Compile a program that writes its output to `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    return Executable(toolchain.build(name, source, tools, optimized=optimized).exe, folder)
