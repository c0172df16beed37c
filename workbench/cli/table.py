"""The result as a statistician would want to see it in a terminal."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

_ROWS = 40
"""Parameters shown; the rest is in summary.csv."""

_COLOURS = {"ok": "green", "caution": "yellow", "fail": "red"}

_METHODS = {
    "mle": "MLE",
    "map": "MAP",
    "map_unconstrained": "unconstrained mode",
    "laplace": "Laplace approximation",
    "nuts": "NUTS",
}


def show(record: Mapping[str, Any], folder: Path, console: Console) -> None:
    """Print the estimates, what is missing and why, the verdict, and where the report lies."""
    console.print(_table(record))
    _show_missing(record, console)
    _show_verdict(record["diagnosis"], console)
    console.print(f"report: {escape(str(folder / 'report.html'))}", soft_wrap=True)


def _table(record: Mapping[str, Any]) -> Table:
    level = f"{record['interval']['level'] * 100:g}%"
    table = Table(title=_title(record), title_justify="left", header_style="bold", box=None, pad_edge=False)
    table.add_column("parameter", overflow="fold")
    for name in ("MLE", "SE", "MAP", "Laplace", "mean", "SD", f"{level} interval", "gap/SD", "R-hat", "ESS"):
        table.add_column(name, justify="right", no_wrap=True)
    names = _names(record)
    for name in names[:_ROWS]:
        table.add_row(*_row(record, name))
    if len(names) > _ROWS:
        table.caption = f"{len(names) - _ROWS} more parameters in summary.csv and the report"
    return table


def _title(record: Mapping[str, Any]) -> str:
    model, data = record["model"]["name"], Path(record["data"]["path"]).name
    return f"{escape(model)} on {escape(data)} ({record['data']['rows']} rows)"


def _names(record: Mapping[str, Any]) -> list[str]:
    """Return every parameter any method has a number for, in the order of the program."""
    names: dict[str, None] = {}
    for method in ("nuts", "laplace", "map", "mle"):
        names |= dict.fromkeys(record[method]["estimates"])
    return list(names)


def _row(record: Mapping[str, Any], name: str) -> list[str]:
    part = {method: record[method]["estimates"].get(name, {}) for method in _METHODS}
    nuts = part["nuts"]
    scale = nuts.get("sd") or part["laplace"].get("sd") or part["mle"].get("se")
    label = next((numbers["label"] for numbers in part.values() if "label" in numbers), name)
    interval = (
        f"{_number(nuts['lower'], scale)} to {_number(nuts['upper'], scale)}" if "lower" in nuts else "–"
    )
    gap = record["gaps"].get(name, {}).get("in_sd")
    return [
        escape(label),
        _number(part["mle"].get("value"), scale),
        _number(part["mle"].get("se"), scale),
        _number(part["map"].get("value"), scale),
        _number(part["laplace"].get("mean"), scale),
        _number(nuts.get("mean"), scale),
        _number(nuts.get("sd"), scale),
        interval,
        "–" if gap is None else f"{gap:+.2f}",
        _fixed(nuts.get("rhat"), 3),
        _fixed(nuts.get("ess_bulk"), 0),
    ]


def _number(value: float | None, scale: float | None) -> str:
    """Return a value with as many decimals as show two digits of its posterior standard deviation.

    >>> _number(3.14159, 0.27), _number(1234.5, 120.0), _number(None, 1.0)
    ('3.14', '1234', '–')
    """
    if value is None or not math.isfinite(value):
        return "–"
    if not scale or not math.isfinite(scale):
        return f"{value:.4g}"
    decimals = max(0, 1 - math.floor(math.log10(scale)))
    return f"{value:.{decimals}f}" if decimals < 8 else f"{value:.3g}"


def _fixed(value: float | None, decimals: int) -> str:
    return "–" if value is None else f"{value:.{decimals}f}"


def _show_missing(record: Mapping[str, Any], console: Console) -> None:
    for method, words in _METHODS.items():
        part = record[method]
        if part["status"] not in ("ok", "skipped"):
            console.print(f"[bold]{words}[/] {part['status']}: {escape(part['reason'])}", soft_wrap=True)


def _show_verdict(diagnosis: Mapping[str, Any], console: Console) -> None:
    verdict = diagnosis["verdict"]
    counted = f"{sum(check['status'] == 'passed' for check in diagnosis['checks'])} checks passed"
    console.print(f"\nverdict: [bold {_COLOURS[verdict]}]{verdict}[/] ({counted})")
    for check in diagnosis["checks"]:
        if check["status"] in ("issue", "tip"):
            console.print(f"  {check['status']} {check['code']}: {escape(check['message'])}", soft_wrap=True)
            console.print(f"      {escape(check['advice'])}", soft_wrap=True, style="dim")
