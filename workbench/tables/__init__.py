"""Tables read from files or handed over from Python: columns by name, cells as they are.

::

    read         the path of a table becomes a `Table`, whatever the file is
    source       a file, or a copy of what a pipe delivers
    file_format  what a file is, by its first bytes, and its bytes unpacked, as many as it may have
    dialect      encoding, separator and header of a text    delimited  CSV and TSV
    columnar     Parquet, Arrow, Feather                     stan_json  Stan data files, by json_text
    mapped       large Parquet files, column by column, in files that are mapped into memory
    python_data  a DataFrame or a dict, or no data
    text_columns texts as they are meant: words for missing cells (missing_words), and numbers with separated
                 thousands or a currency (formatted_numbers)
    groups       a table by groups of rows, each a slice of it; a group as a file that is read back as it is
    columns      what a column holds; its numbers, texts and missing cells      dates  dates as numbers
    table        a table: columns in Arrow's memory, so that ten million rows are read once and seldom copied
"""

from workbench.tables.calendar import Calendar, advance, check_next_rows, find_calendar
from workbench.tables.columns import (
    classify_column,
    describe_bad_cells,
    find_missing,
    is_numeric,
    to_numbers,
    to_texts,
)
from workbench.tables.dates import check_date_unit, dates_to_numbers
from workbench.tables.groups import GroupedTable, RowGroup, group_rows, read_settled, write_settled
from workbench.tables.json_text import parse_json
from workbench.tables.mapped import read_mapped
from workbench.tables.missing_words import describe_words
from workbench.tables.python_data import from_frame, from_mapping, from_rows, no_data
from workbench.tables.read import read
from workbench.tables.source import check_source
from workbench.tables.table import Table, drop_rows

__all__ = [
    "Calendar",
    "GroupedTable",
    "RowGroup",
    "Table",
    "advance",
    "check_date_unit",
    "check_next_rows",
    "check_source",
    "classify_column",
    "dates_to_numbers",
    "describe_bad_cells",
    "describe_words",
    "drop_rows",
    "find_calendar",
    "find_missing",
    "from_frame",
    "from_mapping",
    "from_rows",
    "group_rows",
    "is_numeric",
    "no_data",
    "parse_json",
    "read",
    "read_mapped",
    "read_settled",
    "to_numbers",
    "to_texts",
    "write_settled",
]
