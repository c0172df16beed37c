"""Whether the files of a request are there: asked before the packages are imported that work with them."""

from __future__ import annotations

from pathlib import Path

from workbench import library, tables
from workbench.errors import BindingError, ProgramError
from workbench.tables import Table

_TABLES = frozenset({".csv", ".tsv", ".parquet", ".arrow", ".feather", ".json", ".gz", ".xlsx"})
"""The endings of files that are no Stan programs."""


def check_inputs(model: Path, data: Path | Table) -> None:
    """Refuse a program or a table that does not exist, and each in the place of the other.

    Raises
    ------
    ProgramError, BindingError
        There is no such file.
    """
    check_program_exists(model)
    if isinstance(data, Path):
        _refuse_program(data)
        _refuse_bundled_elsewhere(data)
    check_table_exists(data)


def _refuse_program(data: Path) -> None:
    """Refuse a program, or the name of a bundled model, in the place of a table."""
    is_program = data.suffix == ".stan"
    if is_program or (str(data) in library.list_names() and not data.exists()):
        what = "a Stan program" if is_program else "the name of a bundled model"
        raise BindingError(f"a table was expected, found `{data}`, {what}.", hint=_order())


def _refuse_bundled_elsewhere(data: Path) -> None:
    """Refuse the place of a bundled table in a checkout where there is no checkout, and say where it is."""
    bundled = library.find_home() / "data" / data.name
    if data.parent.name == "data" and bundled.is_file() and not data.exists():
        message = f"a table was expected at `{data}`, but it does not exist."
        raise BindingError(message, hint=f"the bundled table of that name is `{bundled}`")


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
        There is no such file, or it is a table.
    """
    if model.suffix.lower() in _TABLES:
        raise ProgramError(
            f"a Stan program was expected, found `{model}`, a table.", path=model, hint=_order()
        )
    if not model.is_file():
        message = f"a Stan program was expected at `{model}`, but there is no such file."
        raise ProgramError(message, path=model, hint="check the path")


def _order() -> str:
    from workbench.program.syntax.stanc import ORDER  # only here: what is there already does without it

    return ORDER
