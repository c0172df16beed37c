"""The programs under `tests/models`, each read once, and stanc to read others with."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from workbench import toolchain
from workbench.program import Program, Stanc, read_program

MODELS = Path(__file__).parent.parent / "models"
"""The folder of the test programs."""

NAMES = sorted(file.stem for file in MODELS.glob("*.stan") if file.with_suffix(".json").is_file())
"""The names of the test programs that have data."""


class Programs:
    """The test programs by name, each read when it is first needed."""

    def __init__(self, stanc: Stanc) -> None:
        self.stanc = stanc
        self.read: dict[str, Program] = {}

    def __getitem__(self, name: str) -> Program:
        if name not in self.read:
            self.read[name] = read_program(MODELS / f"{name}.stan", self.stanc)
        return self.read[name]


@pytest.fixture(scope="session")
def stanc(tools: toolchain.Toolchain) -> Stanc:
    return tools.stanc


@pytest.fixture(scope="session")
def programs(stanc: Stanc) -> Programs:
    return Programs(stanc)


def read_data(name: str) -> dict[str, Any]:
    """Return the data of a test program."""
    data: dict[str, Any] = json.loads((MODELS / f"{name}.json").read_text())
    return data
