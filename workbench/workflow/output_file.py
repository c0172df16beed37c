"""Files that a user names for an output, checked before anything is computed."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from workbench import files
from workbench.errors import StoreError
from workbench.results import store as runs

_HINT = "choose another file with --output"
"""What is advised where a file is refused."""


def check_output_file(path: Path, inputs: Iterable[Path] = ()) -> None:
    """Refuse a file that cannot be written, that belongs to a run, a study or a program, or that is read.

    Parameters
    ----------
    path
        The file that is to be written.
    inputs
        The files that are read for it.

    Raises
    ------
    StoreError
        The message says what the file is.
    """
    files.check_file_place(path)
    if not path.exists():
        return
    from workbench.studies import store as studies  # it imports much, and seldom is there a file

    folder = path.absolute().parent
    for what, store in (("the run", runs), ("the study", studies)):
        if path.name in store.FILES and (folder / store.RECORD).exists():
            raise StoreError(f"`{path}` belongs to {what} in `{folder}`.", hint=_HINT)
    if path.suffix == ".stan":
        raise StoreError(f"`{path}` is a Stan program.", hint=_HINT)
    for other in inputs:
        if other.exists() and path.samefile(other) and path.is_file():
            raise StoreError(f"`{path}` is read: it would be lost.", hint=_HINT)
