"""Read a table from a path, whatever the file is."""

from __future__ import annotations

from pathlib import Path

from workbench.tables.columnar import read_columnar
from workbench.tables.delimited import read_delimited
from workbench.tables.file_format import check_compressed, detect_format
from workbench.tables.source import open_source
from workbench.tables.stan_json import read_stan_json
from workbench.tables.table import Table


def read(path: Path, unpack_limit: int | None = None) -> Table:
    """Read a table: CSV or TSV (compressed too), Parquet, Arrow, Feather, or a Stan data file.

    Parameters
    ----------
    path
        A file, or a pipe such as `/dev/stdin`.
    unpack_limit
        Bytes that a compressed table may unpack to; by default 256 MiB, or a hundred times the file if
        that is more.

    Raises
    ------
    BindingError
        The file is missing, empty, damaged, of an unknown kind or another encoding, has lines of unequal
        length, names a column twice, or unpacks to more than it may.
    """
    with open_source(path, unpack_limit) as source:
        check_compressed(source)
        match detect_format(source):
            case "text":
                return read_delimited(source)
            case "json":
                return read_stan_json(source)
            case columnar_format:
                return read_columnar(source, columnar_format)
