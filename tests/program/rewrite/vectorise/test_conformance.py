"""Every program with vectorised statements has the log density and the gradient that its author wrote."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.program.conftest import MODELS, NAMES, read_data
from tests.program.executable import build
from workbench.program import Program, read_program
from workbench.program.syntax.printer import to_text

_QUICK = ("regression_loop",)
"""Programs that the default tests compile; `make truth` compiles all."""

_TOLERANCE = 1e-10
"""Largest relative difference of log densities and gradients."""

_POINTS = 8
"""How many random points they are compared at."""

PROGRAMS = [
    pytest.param(name, marks=() if name in _QUICK else pytest.mark.truth)
    for name in NAMES
    if name not in {"functions_refused", "reads_target"}
]
"""The test programs that have an instrumented one."""


@pytest.mark.parametrize("name", PROGRAMS)
def test_the_vectorised_program_has_the_same_density_and_gradient(name, tools, tmp_path):
    program = read_program(MODELS / f"{name}.stan", tools.stanc, is_optimised=True)
    assert program.instrumented is not None
    assert all(bool(item.vectorised) != bool(item.reason) for item in program.instrumented.vectorisations)
    if program.instrumented.is_vectorised:
        compare(program, read_data(name), tools, tmp_path)


def compare(program: Program, data, tools, folder: Path, scale: float = 1.0) -> None:
    """Compare the vectorised program with the author's at random points."""
    assert program.instrumented is not None
    original = build(program.name, to_text(program.tree), tools, folder / "original")
    vectorised = build(
        program.name, program.instrumented.source, tools, folder / "vectorised", optimized=True
    )
    original.write_data(data)
    vectorised.write_data({**data, **program.instrumented.make_data()})
    points = np.random.default_rng(5).uniform(-scale, scale, (_POINTS, original.count_parameters()))
    expected, expected_gradients = original.log_density(points)
    density, gradients = vectorised.log_density(points)
    assert np.isfinite(expected).all()
    constant = np.median(density - expected)
    size = max(1.0, np.abs(expected).max())
    assert np.abs(density - expected - constant).max() < _TOLERANCE * size
    assert np.abs(gradients - expected_gradients).max() < _TOLERANCE * max(
        1.0, np.abs(expected_gradients).max()
    )
