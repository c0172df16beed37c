"""Executables asked for densities, gradients and generated quantities: what instrumenting must not change."""

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
class Oracle:
    """A compiled program and its data in a folder."""

    exe: Path
    folder: Path

    def feed(self, data: Mapping[str, Any]) -> None:
        (self.folder / "data.json").write_text(json.dumps(data))

    def ask(self, *arguments: str) -> process.CompletedProcess:
        return process.run(
            [self.exe, *arguments, "data", "file=data.json", "output", "file=out.csv", "sig_figs=17"],
            cwd=self.folder,
        )

    def dimension(self) -> int:
        """Return the number of unconstrained parameters, which the executable names when given none."""
        self._write_points(np.zeros((1, 0)))
        said = self.ask("method=log_prob", "unconstrained_params=points.json").output
        match = re.search(r"with (\d+) unconstrained", said)
        if match is None:
            raise AssertionError(said)
        return int(match[1])

    def log_density(self, points: Array, *, jacobian: bool = True) -> tuple[Array, Array]:
        """Return log densities `(point,)` and gradients `(point, parameter)`."""
        self._write_points(points)
        done = self.ask("method=log_prob", "unconstrained_params=points.json", f"jacobian={int(jacobian)}")
        assert done.returncode == 0, done.output
        _, rows = self._table()
        return rows[:, 0], rows[:, 1:]

    def draws(self, count: int = 8) -> dict[str, Array]:
        """Return a few draws of everything the program writes, by column."""
        done = self.ask(
            "random", "seed=7", "method=sample", f"num_samples={count}", "num_warmup=60",
        )  # fmt: skip
        assert done.returncode == 0, done.output
        names, rows = self._table()
        return dict(zip(names, rows.T, strict=True))

    def density_of_draws(self) -> Array:
        """Return the log density, Jacobian apart, of the draws made last."""
        (self.folder / "out.csv").rename(self.folder / "draws.csv")
        done = self.ask("method=log_prob", "constrained_params=draws.csv", "jacobian=0")
        assert done.returncode == 0, done.output
        return self._table()[1][:, 0]

    def _write_points(self, points: Array) -> None:
        (self.folder / "points.json").write_text(json.dumps({"params_r": points.tolist()}))

    def _table(self) -> tuple[list[str], Array]:
        lines = (self.folder / "out.csv").read_text().splitlines()
        names, *rows = csv.reader(line for line in lines if line and not line.startswith("#"))
        return names, np.array(rows, dtype=float).reshape(len(rows), len(names))


def build(
    name: str, source: str, tools: toolchain.Toolchain, folder: Path, *, optimized: bool = False
) -> Oracle:
    """Compile a program; its answers are written to `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    return Oracle(toolchain.build(name, source, tools, optimized=optimized).exe, folder)
