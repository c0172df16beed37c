"""Copy a bundled model, for a user to start from."""

from __future__ import annotations

import shutil
from pathlib import Path

from workbench import files
from workbench.errors import RequestError
from workbench.library.catalogue import BundledModel


def copy_model(model: BundledModel, target: Path, *, with_table: bool = False) -> tuple[Path, ...]:
    """Copy a model's program and card, and its table if requested; return the new files.

    Parameters
    ----------
    model
        The bundled model.
    target
        The path of the new program, with or without `.stan`; its card and table are written beside it.
    with_table
        Whether to copy the table as well, under its own name.

    Raises
    ------
    RequestError
        One of the files exists already, since nothing is overwritten.
    StoreError
        The files cannot be written; then none of them is.
    """
    program = target if target.suffix == ".stan" else target.with_name(f"{target.name}.stan")
    copies = [(model.program, program), (model.program.with_suffix(".toml"), program.with_suffix(".toml"))]
    if with_table:
        copies.append((model.table, program.with_name(model.table.name)))
    for _, copy in copies:
        files.check_file_place(copy)
        if copy.exists():
            raise RequestError(f"`{copy}` exists already.", hint="choose another name")
    with files.replace_files(program.parent) as aside:
        for source, copy in copies:
            shutil.copyfile(source, aside / copy.name)
    return tuple(copy for _, copy in copies)
