"""What many tests share: Stan as provided, programs read, executables built once in the user's cache."""

from pathlib import Path

import pytest

from workbench import program, toolchain

ROOT = Path(__file__).parents[1]
STAN_MODELS = ROOT / "stan_models"
DATA = ROOT / "data"


@pytest.fixture(scope="session")
def tools():
    """Stan and a compiler; fetched on a machine's first run."""
    return toolchain.provision()


@pytest.fixture(scope="session")
def read_program(tools):
    """Read a program by its path."""
    return lambda path: program.read(path, tools.stanc)


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
