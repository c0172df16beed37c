"""Tables as Markdown, LaTeX, CSV or JSON, for documents and for programs.

Markdown and LaTeX hold the numbers as people read them; CSV and JSON hold all their digits.
"""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Literal, get_args

from rich.box import MARKDOWN
from rich.console import Console
from rich.table import Table
from rich.text import Text

from workbench.errors import neutralise
from workbench.report.document import Column, Document, TableBlock
from workbench.report.numbers import MISSING
from workbench.results.json_values import to_json_values
from workbench.results.spreadsheet import CsvWriter

TableFormat = Literal["md", "latex", "csv", "json"]
"""How a table is written to standard output."""

FORMATS: tuple[TableFormat, ...] = get_args(TableFormat)
"""All of them."""

_ACTIVE = "\\`*_[]<>|#~&"
"""Characters that mean something in Markdown."""

_TEX = {"<": r"\textless{}", ">": r"\textgreater{}", "|": r"\textbar{}", "−": "$-$", "–": "--", "\u2011": "-"}
"""Characters that TeX's default fonts lack or show as others, and what stands for them."""

_WIDEST = 1_000_000
"""The width of a page on which no row is broken [characters]."""


def format_document(document: Document, form: TableFormat) -> str:
    """Return the tables of a document, a blank line between them, as Markdown or LaTeX.

    Parameters
    ----------
    document
        The document; its tables are those that stand in its sections themselves.
    form
        `md` or `latex`.
    """
    tables = [block for section in document.sections for block in section.blocks]
    return "\n".join(_FORMATTERS[form](table) for table in tables if isinstance(table, TableBlock))


def format_rows(rows: Iterable[Mapping[str, Any]], form: TableFormat) -> str:
    """Return rows as CSV or JSON; numbers that are not finite are empty in CSV, `null` in JSON.

    Parameters
    ----------
    rows
        A value for each column.
    form
        `csv` or `json`.

    >>> print(format_rows([{"name": "a", "mean": 0.1}, {"name": "b", "mean": float("inf")}], "csv"))
    name,mean
    a,0.1
    b,
    <BLANKLINE>
    """
    values = [to_json_values(row) for row in rows]
    if form == "json":
        return json.dumps(values, indent=1, ensure_ascii=False, allow_nan=False) + "\n"
    keys = list(dict.fromkeys(key for row in values for key in row))
    stream = io.StringIO(newline="")
    writer = CsvWriter(stream, keys)
    for row in values:
        writer.write(row.get(key) for key in keys)
    return stream.getvalue()


def format_markdown(table: TableBlock) -> str:
    """Return a table in GitHub's Markdown: names as code, everything else escaped.

    References
    ----------
    GitHub Flavored Markdown, section 4.10: https://github.github.com/gfm/#tables-extension-
    """
    grid = Table(box=MARKDOWN)
    for column in table.columns:
        grid.add_column(
            Text(escape_markdown(column.title)), justify="right" if column.form == "number" else "left"
        )
    for row in table.rows:
        cells = zip(row, table.columns, strict=True)
        grid.add_row(*(Text(_write_markdown(cell.text, column)) for cell, column in cells))
    output = io.StringIO()
    Console(file=output, width=_WIDEST, color_system=None).print(grid)
    lines = [line.rstrip() for line in output.getvalue().splitlines() if line.strip()]
    return "\n".join(_align(lines, table.columns)) + "\n"


def _align(lines: list[str], columns: Iterable[Column]) -> list[str]:
    """Return the lines of a table with its numbers marked as aligned to the right."""
    rules = zip(lines[1].strip("|").split("|"), columns, strict=True)
    marked = (f"{rule[:-1]}:" if column.form == "number" else rule for rule, column in rules)
    return [lines[0], f"|{'|'.join(marked)}|", *lines[2:]]


def _write_markdown(text: str, column: Column) -> str:
    text = neutralise(text)
    is_code = (
        column.form == "name" and text.strip() == text not in ("", MISSING) and not set(text) & {"`", "|"}
    )
    return f"`{text}`" if is_code else escape_markdown(text)


def escape_markdown(text: str) -> str:
    r"""Return a text whose characters mean nothing else in Markdown.

    >>> escape_markdown("beta_x[1]|*")
    'beta\\_x\\[1\\]\\|\\*'
    """
    return "".join(f"\\{letter}" if letter in _ACTIVE else letter for letter in neutralise(text))


def format_latex(table: TableBlock) -> str:
    r"""Return a table for the LaTeX package booktabs, every cell escaped.

    A row that began with a bracket would be read as an argument of the `\\` before it.
    """
    import pandas as pd  # only here: it takes half a second

    cells = [[neutralise(cell.text) for cell in row] for row in table.rows]
    frame = pd.DataFrame(cells, columns=range(len(table.columns)), dtype=object)
    frame.columns = pd.Index([neutralise(column.title) for column in table.columns])
    shape = "".join("r" if column.form == "number" else "l" for column in table.columns)
    styled = frame.reset_index(drop=True).style.hide(axis="index").format(escape="latex")
    text = styled.format_index(escape="latex", axis=1).to_latex(hrules=True, column_format=shape)
    for character, replacement in _TEX.items():
        text = text.replace(character, replacement)
    lines = (f"{{[}}{line[1:]}" if line.startswith("[") else line for line in text.splitlines())
    return "\n".join(lines) + "\n"


_FORMATTERS: Mapping[TableFormat, Callable[[TableBlock], str]] = {
    "md": format_markdown,
    "latex": format_latex,
}
"""What writes a table in each form for documents."""
