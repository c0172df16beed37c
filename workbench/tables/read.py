"""A path becomes a table, whatever the file is."""

from __future__ import annotations

from pathlib import Path

from workbench.tables.columnar import read_columnar
from workbench.tables.delimited import read_delimited
from workbench.tables.file_format import detect_format
from workbench.tables.stan_json import read_stan_json
from workbench.tables.table import Table


def read(path: Path) -> Table:
    """Read a table: CSV or TSV (compressed too), Parquet, Arrow, Feather, or Stan's JSON.

    Raises
    ------
    BindingError
        The file is missing, empty, damaged, of another encoding or kind, has lines of unequal length, or
        names a column twice.
    """
    match detect_format(path):
        case "text":
            return read_delimited(path)
        case "json":
            return read_stan_json(path)
        case written:
            return read_columnar(path, written)
