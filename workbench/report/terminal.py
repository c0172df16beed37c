"""A document as a page in a terminal or a pipe, without control characters.

A terminal shows the end of its output first, so the verdict stands below the sections. In a terminal,
sentences are wrapped under their own beginning, and tables leave out columns where they would not fit. In a
pipe, each sentence and each row of a table is one line.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from io import StringIO
from typing import Any

from rich.cells import cell_len
from rich.console import Console
from rich.padding import Padding
from rich.table import Table as RichTable
from rich.text import Text

from workbench.errors import neutralise
from workbench.report.document import (
    Block,
    Cell,
    Code,
    Column,
    Disclosure,
    Document,
    Facts,
    Figures,
    Items,
    Notice,
    Paragraph,
    Quote,
    Sliders,
    TableBlock,
    Tone,
    Verdict,
)

_STYLES = {Tone.OK: "bold green", Tone.CAUTION: "bold yellow", Tone.FAIL: "bold red", Tone.NEUTRAL: "bold"}
"""How the word for a tone is printed."""

_GAP = 2
"""Spaces between the columns of a table."""

_LONGEST_NAME = 33
"""Characters of the longest name that a row of numbers in a terminal begins with."""

_SHORTEST_NAME = 16
"""Characters that such a name keeps where the numbers need the rest of the line."""

_INDENT = 2
"""Spaces before what belongs to a heading or a verdict."""

_HANG = 4
"""Further spaces before the second line of an entry, and before what to do about it."""


def print_document(document: Document, console: Console) -> None:
    """Print a document.

    Parameters
    ----------
    document
        What to show.
    console
        Where; in a pipe it should be wide enough for every row of a table.
    """
    subtitle = f" {neutralise(document.subtitle)}" if document.subtitle else ""
    _print_wrapped(console, Text.assemble((neutralise(document.title), "bold"), subtitle))
    for paragraph in document.opening:
        _print_wrapped(console, _make_text(paragraph))
    for number, section in enumerate(document.sections):
        if number or section.title:
            console.print()
        if section.title:
            _print_wrapped(console, Text(neutralise(section.title), "bold"))
        _print_blocks(section.blocks, console, _INDENT if section.title else 0)
    if document.verdict is not None:
        console.print()
        _print_verdict(document.verdict, console)
    if document.byline:
        console.print(_make_text(document.byline), soft_wrap=True)


def to_text(document: Document, width: int = 100) -> str:
    """Return a document as text, for whatever shows text; tables are at most `width` characters wide."""
    stream = StringIO()
    print_document(document, Console(file=stream, width=width, highlight=False, emoji=False))
    return stream.getvalue().rstrip("\n")


def print_message(console: Console, label: str, text: str, style: str = "bold") -> None:
    """Print an error, a hint or a tip; its lines stay as they are."""
    lines = "\n".join(neutralise(line.expandtabs()) for line in text.split("\n"))
    console.print(Text.assemble((label, style), ": ", lines), soft_wrap=True)


def _make_text(text: str) -> Text:
    return Text(neutralise(text))


def _print_wrapped(console: Console, text: Text, indent: int = 0, hang: int = 0) -> None:
    """Print a sentence: one line in a pipe; in a terminal as many as it needs, indented alike."""
    if not console.is_terminal:
        console.print(Text(" " * indent) + text, soft_wrap=True)
        return
    lines = text.wrap(console, max(20, console.width - indent - hang), overflow="fold")
    for number, line in enumerate(lines):
        line.rstrip()
        console.print(Text(" " * (indent + (hang if number else 0))) + line)


def _print_entry(console: Console, head: Text, text: str, further: Iterable[str], indent: int = 0) -> None:
    """Print a head and its sentence, and below it further sentences."""
    sentence = Text.assemble(head, ": " if text else "", neutralise(text))
    _print_wrapped(console, sentence, indent, _HANG)
    for each in further:
        _print_wrapped(console, Text(neutralise(each), "dim"), indent + _HANG, len("-> "))


def _print_verdict(verdict: Verdict, console: Console) -> None:
    if verdict.found:
        _print_wrapped(console, _make_text(verdict.found))
    word = Text.assemble(
        "verdict: ",
        (verdict.tone, _STYLES[verdict.tone]),
        f". {neutralise(' '.join(filter(None, (verdict.sentence, verdict.scope))))}",
    )
    _print_wrapped(console, word)
    for reason in verdict.reasons:
        if not reason.place:
            _print_wrapped(console, Text("- ") + _make_text(reason.text), _INDENT, len("- "))
            continue
        head = Text(neutralise(reason.place), "bold")
        advice = [f"-> {reason.advice}"] if reason.advice else []
        _print_entry(console, head, reason.text, [*advice, *reason.consequences], _INDENT)


def _print_blocks(blocks: Sequence[Block], console: Console, indent: int) -> None:
    for number, block in enumerate(blocks):
        if number and isinstance(block, Paragraph) and isinstance(blocks[number - 1], Paragraph):
            console.print()
        _PRINTERS[block.kind](block, console, indent)


def _print_paragraph(block: Paragraph, console: Console, indent: int) -> None:
    _print_wrapped(console, _make_text(block.text), indent)


def _print_items(block: Items, console: Console, indent: int) -> None:
    for item in block.items:
        _print_wrapped(console, Text("- ") + _make_text(item), indent, len("- "))


def _print_notice(block: Notice, console: Console, indent: int) -> None:
    is_neutral = block.tone is Tone.NEUTRAL
    word = Text() if is_neutral else Text.assemble((block.tone, _STYLES[block.tone]), ": ")
    _print_wrapped(console, word + _make_text(block.text), indent)


def _print_facts(block: Facts, console: Console, indent: int) -> None:
    """Print names and values side by side; a long value hangs under its own beginning."""
    grid = _make_grid(console, [Column("name"), Column("value", "prose")], is_headed=False)
    for name, value in block.facts:
        grid.add_row(Text(neutralise(name), "bold"), _make_text(value))
    _print_grid(grid, console, indent)


def _print_code(block: Code, console: Console, indent: int) -> None:
    for line in block.text.rstrip("\n").splitlines():
        console.print(_make_text(" " * indent + line.expandtabs()), soft_wrap=True)


def _print_quote(block: Quote, console: Console, indent: int) -> None:
    for paragraph in block.text.splitlines():
        _print_wrapped(console, _make_text(paragraph), indent)


def _print_figures(block: Figures, console: Console, indent: int) -> None:
    for figure in block.figures:
        _print_entry(console, Text(neutralise(figure.caption), "bold"), figure.alt, (), indent)


def _print_sliders(block: Sliders, console: Console, indent: int) -> None:
    _print_paragraph(Paragraph(block.otherwise), console, indent)


def _print_disclosure(block: Disclosure, console: Console, indent: int) -> None:
    _print_wrapped(console, Text(neutralise(block.title), "bold"), indent)
    _print_blocks(block.blocks, console, indent + _INDENT)


def _print_table(block: TableBlock, console: Console, indent: int) -> None:
    if block.caption:
        _print_wrapped(console, Text(neutralise(block.caption), "bold"), indent)
    if block.is_prose:
        for row in block.rows:
            _print_prose_row(block.columns, row, console, indent)
        notes = [block.note] if block.note else []
    else:
        width = console.width - indent
        block = _shorten_names(block, width) if console.is_terminal else block
        shown = _choose_columns(block, width)
        grid = _make_grid(console, [block.columns[place] for place in shown], is_headed=True)
        for row in block.rows:
            grid.add_row(*(_style_cell(row[place]) for place in shown))
        _print_grid(grid, console, indent)
        notes = [*_collect_notes(block, shown)]
    if notes:
        _print_wrapped(console, Text(neutralise("; ".join(notes)), "dim"), indent)


def _print_prose_row(columns: Sequence[Column], row: Sequence[Cell], console: Console, indent: int) -> None:
    """Print a row as an entry: its first cell is the head, a cell under a heading a line of its own."""
    head, *cells = row
    known = [(column.title, cell.text) for column, cell in zip(columns[1:], cells, strict=True) if cell.text]
    text = " ".join(text for title, text in known if not title)
    further = [f"{title}: {text}" for title, text in known if title]
    _print_entry(console, _style_cell(head, "bold"), text, further, indent)


def _style_cell(cell: Cell, style: str = "") -> Text:
    return Text(neutralise(cell.text), style if cell.tone is None else _STYLES[cell.tone])


def _measure_columns(table: TableBlock) -> dict[int, int]:
    """Return the width of each column, by its place."""
    return {
        place: max(cell_len(text) for text in (column.title, *(row[place].text for row in table.rows)))
        for place, column in enumerate(table.columns)
    }


def _shorten_names(table: TableBlock, width: int) -> TableBlock:
    """Return a table whose first column leaves room for the numbers beside it."""
    if table.columns[0].form != "name":
        return table
    needed = [
        _measure_columns(table)[place] + _GAP
        for place, column in enumerate(table.columns)
        if place and not column.drop_order and column.form == "number"
    ]
    longest = max(_SHORTEST_NAME, min(_LONGEST_NAME, width - sum(needed)))
    rows = tuple((replace(row[0], text=_shorten(row[0].text, longest)), *row[1:]) for row in table.rows)
    return replace(table, rows=rows)


def _shorten(name: str, longest: int) -> str:
    """Return a name that keeps its beginning and its end.

    >>> _shorten("theta[a very long name of a school]", 20)
    'theta[a ... school]'
    """
    half = (longest - 3) // 2
    return name if cell_len(name) <= longest else f"{name[:half]}...{name[-half:]}"


def _choose_columns(table: TableBlock, width: int) -> list[int]:
    """Return the places of the columns to show: those with content, less the most dispensable."""
    widths = {
        place: width
        for place, width in _measure_columns(table).items()
        if not table.rows or any(row[place].text for row in table.rows)
    }
    dispensable = sorted(
        (place for place in widths if table.columns[place].drop_order),
        key=lambda place: table.columns[place].drop_order,
    )
    while dispensable and sum(widths.values()) + _GAP * (len(widths) - 1) > width:
        del widths[dispensable.pop(0)]
    return list(widths)


def _collect_notes(table: TableBlock, shown: Sequence[int]) -> Iterable[str]:
    """Yield what the headings mean, which columns were left out, and the note of the table itself."""
    for place in shown:
        column = table.columns[place]
        if column.help:
            yield f"{column.title}: {column.help}"
    left_out = [
        column.title for place, column in enumerate(table.columns) if column.drop_order and place not in shown
    ]
    if left_out:
        where = f" (they are in {table.full_table})" if table.full_table else ""
        yield f"too narrow for {', '.join(left_out)}{where}"
    if table.note:
        yield table.note


def _make_grid(console: Console, columns: Sequence[Column], *, is_headed: bool) -> RichTable:
    grid = RichTable(show_header=is_headed, header_style="bold", box=None, pad_edge=False)
    for place, column in enumerate(columns):
        grid.add_column(
            Text(neutralise(column.title)),
            justify="right" if column.form == "number" else "left",
            no_wrap=column.form == "number" or (column.form == "name" and place == 0),
            overflow="fold",
            max_width=console.width // 2 if place == 0 else None,
        )
    return grid


def _print_grid(grid: RichTable, console: Console, indent: int) -> None:
    """Print a table; in a pipe its rows do not end in spaces."""
    padded = Padding(grid, (0, 0, 0, indent), expand=False)
    if console.is_terminal:
        console.print(padded)
        return
    with console.capture() as captured:
        console.print(padded)
    lines = [line.rstrip() for line in captured.get().splitlines()]
    console.print(Text("\n".join(lines)), soft_wrap=True)  # at once: line by line, thousands take seconds


_PRINTERS: Mapping[str, Callable[[Any, Console, int], None]] = {
    Paragraph.kind: _print_paragraph,
    Items.kind: _print_items,
    Notice.kind: _print_notice,
    TableBlock.kind: _print_table,
    Figures.kind: _print_figures,
    Facts.kind: _print_facts,
    Code.kind: _print_code,
    Quote.kind: _print_quote,
    Disclosure.kind: _print_disclosure,
    Sliders.kind: _print_sliders,
}
"""How each kind of block is printed."""
