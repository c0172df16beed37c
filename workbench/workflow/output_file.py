"""Files that a user names for an output, checked before anything is computed."""

from __future__ import annotations

import io
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from workbench import files
from workbench.errors import StoreError
from workbench.results import store as runs
from workbench.results.spreadsheet import CsvWriter

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
    folder = path.absolute().parent
    if path.name in runs.FILES and (folder / runs.RECORD).exists():
        raise StoreError(f"`{path}` belongs to the run in `{folder}`.", hint=_HINT)
    if (folder / runs.STUDY_RECORD).exists():
        from workbench.studies import store as studies  # only here: it imports much

        if path.name in studies.FILES:
            raise StoreError(f"`{path}` belongs to the study in `{folder}`.", hint=_HINT)
    if path.suffix == ".stan":
        raise StoreError(f"`{path}` is a Stan program.", hint=_HINT)
    for other in inputs:
        if other.exists() and path.samefile(other) and path.is_file():
            raise StoreError(f"`{path}` is read: it would be lost.", hint=_HINT)


def write_csv(
    path: Path | None,
    columns: Sequence[str],
    chunks: Iterable[Iterable[Mapping[str, Any]]],
    *,
    is_verbatim: bool = False,
) -> int:
    """Write rows as CSV while they come; the file takes its place when it is whole.

    Parameters
    ----------
    path
        The file; without one the rows are only taken.
    columns
        The names of the columns.
    chunks
        Rows, some after others: a value for each column.
    is_verbatim
        Whether texts are written as they are, as for `CsvWriter`.

    Returns
    -------
    How many cells got an apostrophe.

    Raises
    ------
    StoreError
        The file cannot be written; an earlier one is as it was.
    """
    if path is None:
        for _ in chunks:
            pass
        return 0
    with files.open_replacement(path) as stream:
        text = io.TextIOWrapper(stream, encoding="utf-8", newline="")
        writer = CsvWriter(text, columns, is_verbatim=is_verbatim)
        for chunk in chunks:
            for row in chunk:
                writer.write(row[name] for name in columns)
        text.flush()
        text.detach()
    return writer.formulas
