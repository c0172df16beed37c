"""The result as a statistician would want to see it in a terminal."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from workbench.report.fit import selection
from workbench.report.fit import verdict as wording
from workbench.report.numbers import plural

_ROWS = 40
"""Parameters shown; the rest is in summary.csv."""

_LONGEST_LABEL = 33

_ACTING = re.compile("[\x00-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
"""Control characters, and those that reverse the direction of text."""

_NOTHING: Mapping[str, Any] = {"status": "skipped", "estimates": {}}
_COLOURS = {"ok": "green", "caution": "yellow", "fail": "red"}

_NONE = "–"
_MOST_DECIMALS = 8
_DISPENSABLE = ("Pathfinder", "Laplace", "mode°", "SE", "MLE", "ESS")
_UNCONSTRAINED = "mode°: on the unconstrained scale"
_GAP = "gap: from the posterior mean to the mode, in posterior SDs"

_METHODS = {
    "mle": "MLE",
    "map": "MAP",
    "map_unconstrained": "unconstrained mode",
    "laplace": "Laplace approximation",
    "pathfinder": "Pathfinder",
    "nuts": "NUTS",
}


def show(record: Mapping[str, Any], folder: Path, console: Console) -> None:
    """Print the estimates, what is missing and why, the verdict, and where the report lies."""
    console.print(_table(record, console.width))
    _show_missing(record, console)
    _show_remarks(record, console)
    _show_verdict(record, console)
    console.print(f"report: {_plain(str(folder / 'report.html'))}", soft_wrap=True)


def _table(record: Mapping[str, Any], width: int) -> Table:
    table = Table(title=_title(record), title_justify="left", header_style="bold", box=None, pad_edge=False)
    names = _shown_names(record)
    numbers = [_numbers(record, name) for name in names]
    labels = [_shortened(printable(_label(record, name))) for name in names]
    possible = [column for column in _columns(record) if _has_numbers(record, column)]
    columns = _fitting(possible, numbers, width - max(map(len, [*labels, "parameter"])))
    table.add_column("parameter", overflow="fold")
    for column in columns:
        table.add_column(column.title, justify="right", no_wrap=True)
    for label, row in zip(labels, numbers, strict=True):
        table.add_row(escape(label), *(column.cell(row) for column in columns))
    table.caption, table.caption_justify = "; ".join(_notes(record, columns, possible)), "left"
    return table


def _fitting(columns: list[_Column], rows: list[dict[str, Any]], width: int) -> list[_Column]:
    """Leave out columns, the most dispensable first, until the others fit."""
    widths = {one.title: max(len(one.title), *(len(one.cell(row)) for row in rows)) + 2 for one in columns}
    dispensable = [title for title in _DISPENSABLE if title in widths]
    while dispensable and sum(widths.values()) > width:
        del widths[dispensable.pop(0)]
    return [column for column in columns if column.title in widths]


def _notes(record: Mapping[str, Any], columns: list[_Column], possible: list[_Column]) -> Iterator[str]:
    yield from (column.note for column in columns if column.note)
    left_out = [column.title for column in possible if column not in columns]
    if left_out:
        yield f"for want of width without {', '.join(left_out)}: see summary.csv"
    if len(_names(record)) > _ROWS:
        left = len(_names(record)) - _ROWS
        yield f"the worst convergence first; {left:,} more parameters in summary.csv and the report"


@dataclass(frozen=True)
class _Column:
    """A column of the table: its title, the method whose numbers it shows, and how."""

    title: str
    method: str
    cell: Callable[[Mapping[str, Any]], str]
    note: str = ""


def _columns(record: Mapping[str, Any]) -> list[_Column]:
    level = f"{record['interval']['level'] * 100:g}%"
    has_map = bool(record["map"]["estimates"])
    gap = "in_sd" if has_map else "unconstrained_in_sd"
    posterior = _accepted(record)
    note = "" if posterior == "nuts" else f"mean, SD and interval: by {_METHODS[posterior]}, without NUTS"
    return [
        _Column("MLE", "mle", _value("mle", "value")),
        _Column("SE", "mle", _value("mle", "se")),
        _Column("MAP", "map", _value("map", "value")),
        _Column("mode°", "map_unconstrained", _value("map_unconstrained", "value"), _UNCONSTRAINED),
        _Column("Laplace", "laplace", _value("laplace", "mean")),
        _Column("Pathfinder", "pathfinder", _value("pathfinder", "mean")),
        _Column("mean", posterior, _corrected(posterior, "mean"), note),
        _Column("SD", posterior, _corrected(posterior, "sd")),
        _Column(f"{level} interval", posterior, _interval(posterior)),
        _Column("gap/SD", "gaps", _gap(gap), _GAP if has_map else f"{_GAP} (here of mode°)"),
        _Column("R-hat", "nuts", _fixed("rhat", 3)),
        _Column("ESS", "nuts", _fixed("ess_bulk", 0)),
    ]


def _has_numbers(record: Mapping[str, Any], column: _Column) -> bool:
    part = record.get(column.method, _NOTHING)
    return bool(part if column.method == "gaps" else part["estimates"])


def _title(record: Mapping[str, Any]) -> str:
    model, data = record["model"]["name"], Path(record["data"]["path"]).name
    rows = f" ({plural(record['data']['rows'], 'row')})" if record["data"]["rows"] else ""
    return f"{_plain(model)} on {_plain(data)}{rows}"


def _names(record: Mapping[str, Any]) -> list[str]:
    """Return every parameter any method has a number for, in the order of the program."""
    names: dict[str, None] = {}
    for method in ("nuts", "laplace", "pathfinder", "map", "map_unconstrained", "mle"):
        names |= dict.fromkeys(record.get(method, _NOTHING)["estimates"])
    return list(names)


def _shown_names(record: Mapping[str, Any]) -> list[str]:
    """Return the parameters to show: all in the program's order, or the worst first where they are many."""
    names = _names(record)
    return names if len(names) <= _ROWS else selection.worst(record, names)[:_ROWS]


def printable(text: str) -> str:
    r"""Return text with characters that act on a terminal, or turn its direction, replaced by their names.

    >>> printable("a\x1b[31mb\u202ec")
    'a<U+001B>[31mb<U+202E>c'
    """
    return _ACTING.sub(lambda found: f"<U+{ord(found[0]):04X}>", text)


def _plain(text: str) -> str:
    return escape(printable(text))


def _shortened(label: str) -> str:
    """Return a label that leaves room for numbers: a long one keeps its beginning and its end."""
    half = (_LONGEST_LABEL - 3) // 2
    return label if len(label) <= _LONGEST_LABEL else f"{label[:half]}...{label[-half:]}"


def _numbers(record: Mapping[str, Any], name: str) -> dict[str, Any]:
    """Return a parameter's numbers by method, its gaps, and the scale that decides its decimals."""
    numbers = {method: record.get(method, _NOTHING)["estimates"].get(name, {}) for method in _METHODS}
    sds = (numbers[method].get("sd") for method in ("nuts", "laplace", "pathfinder"))
    scale = next((sd for sd in sds if sd), None) or numbers["mle"].get("se")
    return {**numbers, "gaps": record["gaps"].get(name, {}), "scale": scale}


def _label(record: Mapping[str, Any], name: str) -> str:
    estimates = (record.get(method, _NOTHING)["estimates"].get(name, {}) for method in _METHODS)
    return next((numbers["label"] for numbers in estimates if "label" in numbers), name)


def _value(method: str, key: str) -> Callable[[Mapping[str, Any]], str]:
    return lambda numbers: _rounded(numbers[method].get(key), numbers["scale"])


def _accepted(record: Mapping[str, Any]) -> str:
    """Return the method that stands for the posterior: NUTS, unless a ladder stopped below it."""
    rungs = [rung["method"] for rung in record.get("ladder", ()) if rung["accepted"]]
    return str(rungs[-1]) if rungs else "nuts"


def _corrected(method: str, key: str) -> Callable[[Mapping[str, Any]], str]:
    """Return a number of a method, corrected by importance weights where it is."""
    return lambda numbers: _rounded(
        numbers[method].get(f"corrected_{key}", numbers[method].get(key)), numbers["scale"]
    )


def _interval(method: str) -> Callable[[Mapping[str, Any]], str]:
    def cell(numbers: Mapping[str, Any]) -> str:
        found, scale = numbers[method], numbers["scale"]
        if not math.isfinite(found.get("lower", math.nan)):
            return _NONE
        return f"{_rounded(found['lower'], scale)} to {_rounded(found['upper'], scale)}"

    return cell


def _gap(key: str) -> Callable[[Mapping[str, Any]], str]:
    return lambda numbers: _NONE if numbers["gaps"].get(key) is None else f"{numbers['gaps'][key]:+.2f}"


def _fixed(key: str, decimals: int) -> Callable[[Mapping[str, Any]], str]:
    def fixed(numbers: Mapping[str, Any]) -> str:
        value = numbers["nuts"].get(key)
        return _NONE if value is None or not math.isfinite(value) else f"{value:.{decimals}f}"

    return fixed


def _rounded(value: float | None, scale: float | None) -> str:
    """Return a value with as many decimals as show two digits of its posterior standard deviation.

    >>> _rounded(3.14159, 0.27), _rounded(1234.5, 120.0), _rounded(None, 1.0)
    ('3.14', '1234', '–')
    """
    if value is None or not math.isfinite(value):
        return _NONE
    if not scale or not math.isfinite(scale):
        return f"{value:.4g}"
    decimals = max(0, 1 - math.floor(math.log10(scale)))
    return f"{value:.{decimals}f}" if decimals < _MOST_DECIMALS else f"{value:.3g}"


def _show_missing(record: Mapping[str, Any], console: Console) -> None:
    for method, words in _METHODS.items():
        part = record.get(method, _NOTHING)
        if part["status"] not in ("ok", "skipped"):
            _print(console, f"[bold]{words}[/] {part['status']}: {_plain(part['reason'])}")


def _show_remarks(record: Mapping[str, Any], console: Console) -> None:
    """Print what else was found on the way: other modes, chains started elsewhere, the ladder, attempts."""
    for method, words in _METHODS.items():
        part = record.get(method, _NOTHING)
        for key in ("remark", "init_remark"):
            if part.get(key):
                _print(console, f"[bold]{words}[/]: {_plain(part[key])}")
    for rung in record.get("ladder", ()):
        state = "accepted" if rung["accepted"] else "not accepted"
        head = f"[bold]{_METHODS[rung['method']]}[/] {state} ({rung['seconds']:.1f} s)"
        _print(console, f"{head}: {_plain(rung['why'])}")
    if record.get("ladder_words"):
        _print(console, _plain(record["ladder_words"]))
    for attempt in record.get("attempts", ()):
        _print(console, f"attempt {attempt['number']}: {_plain(attempt['words'])}")


def _show_verdict(record: Mapping[str, Any], console: Console) -> None:
    """Print the verdict in the words of the report, then each finding with what to do."""
    diagnosis = record["diagnosis"]
    verdict, found = diagnosis["verdict"], wording.read(record)
    counted = plural(sum(check["status"] == "passed" for check in diagnosis["checks"]), "check")
    console.print()
    _print(console, f"verdict: [bold {_COLOURS[verdict]}]{verdict}[/] ({counted} passed). {found.sentence}")
    for check in diagnosis["checks"]:
        if check["status"] in ("issue", "tip"):
            _print(console, f"{check['status']} {check['code']}: {_plain(check['message'])}", indent=2)
            _print(console, f"[dim]{_plain(check['advice'])}[/]", indent=6)


def _print(console: Console, markup: str, indent: int = 0) -> None:
    """Print a sentence: wrapped under its own beginning in a terminal, on one line in a pipe."""
    if not console.is_terminal:
        console.print(f"{' ' * indent}{markup}", soft_wrap=True)
        return
    console.print(Padding(Text.from_markup(markup, overflow="fold"), (0, 0, 0, indent)))
