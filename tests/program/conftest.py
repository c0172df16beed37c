"""The programs under `tests/models`, read once, and Stan to build them with."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from workbench import program, toolchain
from workbench.program import Program, Stanc

MODELS = Path(__file__).parent.parent / "models"
NAMES = sorted(file.stem for file in MODELS.glob("*.stan") if file.with_suffix(".json").is_file())


@pytest.fixture(scope="session")
def stanc(tools: toolchain.Toolchain) -> Stanc:
    return tools.stanc


@pytest.fixture(scope="session")
def library(stanc: Stanc) -> Library:
    return Library(stanc)


class Library:
    """The test programs by name, each read when it is first asked for."""

    def __init__(self, stanc: Stanc) -> None:
        self.stanc = stanc
        self.known: dict[str, Program] = {}

    def __getitem__(self, name: str) -> Program:
        if name not in self.known:
            self.known[name] = program.read(MODELS / f"{name}.stan", self.stanc)
        return self.known[name]


def data_of(name: str) -> dict[str, Any]:
    """Return the data beside a test program."""
    found: dict[str, Any] = json.loads((MODELS / f"{name}.json").read_text())
    return found
