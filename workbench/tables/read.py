"""Read a table from a path, whatever the file is."""

from __future__ import annotations

from pathlib import Path

from workbench.tables.columnar import read_columnar
from workbench.tables.delimited import read_delimited
from workbench.tables.file_format import detect_format
from workbench.tables.stan_json import read_stan_json
from workbench.tables.table import Table


def read(path: Path) -> Table:
    """Read a table: CSV or TSV (compressed too), Parquet, Arrow, Feather, or a Stan data file.

    Raises
    ------
    BindingError
        The file is missing, empty, damaged, of an unknown kind or another encoding, has lines of unequal
        length, or names a column twice.
    """
    match detect_format(path):
        case "text":
            return read_delimited(path)
        case "json":
            return read_stan_json(path)
        case columnar_format:
            return read_columnar(path, columnar_format)
