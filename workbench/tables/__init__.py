"""Tables read from files or handed over from Python: columns by name, cells as they stand.

::

    table      the noun: columns in Arrow's memory, so that ten million rows are read once and seldom copied
    opening    a file by its first bytes: what it is, and how it is compressed
    dialect    a text's encoding, separator and header        delimited  CSV and TSV
    columnar   Parquet, Arrow, Feather                        stan_json  Stan's own data files
    memory     a DataFrame or a dict, or nothing
    columns    what kind of column it is, its numbers and its gaps      dates  dates as numbers
    read       a path becomes a table, whatever the file is
"""

from workbench.tables.columns import Kind, is_numeric, kind, missing_rows, numeric_column, texts
from workbench.tables.dates import DATE_UNITS, date_column
from workbench.tables.python_data import NOTHING, from_frame, from_mapping
from workbench.tables.read import read
from workbench.tables.table import Table, without_rows

__all__ = [
    "DATE_UNITS",
    "NOTHING",
    "Kind",
    "Table",
    "date_column",
    "from_frame",
    "from_mapping",
    "is_numeric",
    "kind",
    "missing_rows",
    "numeric_column",
    "read",
    "texts",
    "without_rows",
]
