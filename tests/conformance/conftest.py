"""All tests run on the embedded Stan and, if `CMDSTAN` names one, on a CmdStan."""

from __future__ import annotations

import os

import pytest

from tests.conformance.executables import MODELS, REFERENCE, compile_model
from workbench.toolchain import CompiledModel, Toolchain

SOURCES = ("embedded", "cmdstan") if os.environ.get("CMDSTAN") else ("embedded",)
"""Where Stan comes from."""


@pytest.fixture(scope="session", params=SOURCES)
def toolchain(request: pytest.FixtureRequest, tools: Toolchain, embedded: Toolchain) -> Toolchain:
    return embedded if request.param == "embedded" else tools


@pytest.fixture(scope="session")
def bernoulli(toolchain: Toolchain) -> CompiledModel:
    return compile_model(toolchain, REFERENCE / "bernoulli.stan")


@pytest.fixture(scope="session")
def eight_schools(toolchain: Toolchain) -> CompiledModel:
    return compile_model(toolchain, REFERENCE / "eight_schools.stan")


@pytest.fixture(scope="session")
def throws(toolchain: Toolchain) -> CompiledModel:
    return compile_model(toolchain, MODELS / "driver_throws.stan")
