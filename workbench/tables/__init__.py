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

from workbench.tables.columns import Kind, classify_column, find_missing, is_numeric, to_numbers, to_texts
from workbench.tables.dates import DATE_UNITS, dates_to_numbers
from workbench.tables.python_data import NO_DATA, from_frame, from_mapping
from workbench.tables.read import read
from workbench.tables.table import Table, drop_rows

__all__ = [
    "DATE_UNITS",
    "NO_DATA",
    "Kind",
    "Table",
    "dates_to_numbers",
    "from_frame",
    "from_mapping",
    "is_numeric",
    "classify_column",
    "find_missing",
    "to_numbers",
    "read",
    "to_texts",
    "drop_rows",
]
