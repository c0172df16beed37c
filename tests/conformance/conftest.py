"""The suite runs on the embedded Stan, and on a CmdStan too where `CMDSTAN` names one."""

from __future__ import annotations

import os

import pytest

from tests.conformance.executables import MODELS, REFERENCE, compiled
from workbench.toolchain import CompiledModel, Toolchain

SOURCES = ("embedded", "cmdstan") if os.environ.get("CMDSTAN") else ("embedded",)


@pytest.fixture(scope="session", params=SOURCES)
def toolchain(request: pytest.FixtureRequest, tools: Toolchain, embedded: Toolchain) -> Toolchain:
    return embedded if request.param == "embedded" else tools


@pytest.fixture(scope="session")
def bernoulli(toolchain: Toolchain) -> CompiledModel:
    return compiled(toolchain, REFERENCE / "bernoulli.stan")


@pytest.fixture(scope="session")
def eight_schools(toolchain: Toolchain) -> CompiledModel:
    return compiled(toolchain, REFERENCE / "eight_schools.stan")


@pytest.fixture(scope="session")
def throws(toolchain: Toolchain) -> CompiledModel:
    return compiled(toolchain, MODELS / "driver_throws.stan")
