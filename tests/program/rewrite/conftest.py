"""The author's program and the instrumented one, compiled, with random points in common.

stanc optimises the instrumented program and not the original.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.program.conftest import NAMES, Programs, read_data
from tests.program.executable import Array, Executable, build
from workbench import toolchain
from workbench.program import InstrumentedProgram, Program
from workbench.program.syntax.printer import to_text

POINTS = 10
"""How many random points the densities are compared at."""

_QUICK = ("regression_target", "schools_noncentred", "truncated_data", "zero_inflated", "own_quantities")
"""Programs that the default tests compile; `make truth` compiles all."""

PROGRAMS = [
    pytest.param(name, marks=() if name in _QUICK else pytest.mark.truth)
    for name in NAMES
    if name not in {"functions_refused", "reads_target"}
]
"""The test programs that have an instrumented one."""


@dataclass(frozen=True)
class Pair:
    """The author's program and the instrumented one."""

    program: Program
    instrumented: InstrumentedProgram
    original_exe: Executable
    instrumented_exe: Executable
    data: dict[str, Any]
    points: Array

    def log_density(self, weights: dict[str | int, float], **options: bool) -> Array:
        """Return the log density of the instrumented program at the points, given weights."""
        self.instrumented_exe.write_data({**self.data, **self.instrumented.make_data(weights)})
        return self.instrumented_exe.log_density(self.points, **options)[0]


@pytest.fixture
def pair(request, programs: Programs, tools: toolchain.Toolchain, tmp_path: Path) -> Pair:
    name = request.param
    program, data = programs[name], read_data(name)
    instrumented = program.instrumented
    assert instrumented is not None
    original_exe = build(name, to_text(program.tree), tools, tmp_path / "original")
    instrumented_exe = build(name, instrumented.source, tools, tmp_path / "instrumented", optimized=True)
    original_exe.write_data(data)
    instrumented_exe.write_data({**data, **instrumented.make_data()})
    points = np.random.default_rng(3).uniform(-1, 1, (POINTS, original_exe.count_parameters()))
    return Pair(program, instrumented, original_exe, instrumented_exe, data, points)
