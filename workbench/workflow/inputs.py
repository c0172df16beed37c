"""Whether the files of a request are there: asked before the packages are imported that work with them."""

from __future__ import annotations

from pathlib import Path

from workbench import tables
from workbench.errors import ProgramError
from workbench.tables import Table


def check_inputs(model: Path, data: Path | Table) -> None:
    """Refuse a program or a table that does not exist.

    Raises
    ------
    ProgramError, BindingError
        There is no such file.
    """
    check_program_exists(model)
    check_table_exists(data)


def check_table_exists(data: Path | Table) -> None:
    """Refuse the path of a table at which there can be none; a table that is there already is one.

    Raises
    ------
    BindingError
        There is nothing, a folder or a device.
    """
    if isinstance(data, Path):
        tables.check_source(data)


def check_program_exists(model: Path) -> None:
    """Refuse a program that does not exist.

    Raises
    ------
    ProgramError
        There is no such file.
    """
    if not model.is_file():
        message = f"a Stan program was expected at `{model}`, but there is no such file."
        raise ProgramError(message, path=model, hint="check the path")
