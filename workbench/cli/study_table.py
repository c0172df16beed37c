"""A study in the terminal: what it comes to, and each varied constant in a few lines."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from workbench.studies import Study, axes_apart, leading_method
from workbench.studies.store import REPORT

_COLOURS = {"ok": "green", "caution": "yellow", "fail": "red"}
_MOST_ROWS = 30
_HOW = {"base": "base fit", "refit": "refit", "weights": "weights", "failed": "failed", "skipped": "mode"}
_TITLES = {"nuts": "posterior mean (SD)", "laplace": "Laplace mean (SD)", "map": "MAP"}


def show(study: Study, console: Console) -> None:
    """Print the conclusion, then the posterior means at each point."""
    record = study.record
    found = record["conclusion"]
    colour = _COLOURS[found["verdict"]]
    console.print(f"[bold {colour}]{found['verdict']}[/]: {escape(found['sentence'])}")
    for reason in found["reasons"]:
        console.print(f"  - {escape(reason.replace('`', ''))}")
    console.print(_points(record, study.frame))
    if len(record["points"]) > _MOST_ROWS:
        console.print(f"... and {len(record['points']) - _MOST_ROWS} more points in study.parquet")
    if study.folder is not None:
        console.print(f"report: {study.folder / REPORT}", soft_wrap=True)


def _points(record: Mapping[str, Any], frame: pd.DataFrame) -> Table:
    method = leading_method(record)
    shown = _most_moved(record)
    table = Table(title=f"{_TITLES[method]} at each point", title_justify="left")
    axes = axes_apart(record)
    for title in [axis["name"] for axis in axes] or ["point"]:
        table.add_column(escape(title), justify="right" if axes else "left", overflow="fold")
    table.add_column("how")
    for title in ("k-hat", *(escape(record_label(record, name)) for name in shown)):
        table.add_column(title, justify="right")
    for text in record["plan"]["decisions"]:
        table.add_column(escape(text), overflow="fold")
    own = frame[(frame["method"] == method) & frame["point"].lt(_MOST_ROWS)]
    for point in record["points"][:_MOST_ROWS]:
        rows = own[own["point"] == point["number"]]
        cells = [_cell(rows, name) for name in shown]
        held = [_yes(point.get("decisions", {}).get(text)) for text in record["plan"]["decisions"]]
        table.add_row(*_where(point, axes), _HOW[point["how"]], _khat(point), *cells, *held)
    return table


def _where(point: Mapping[str, Any], axes: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return a point's place: the value along each axis, or its words."""
    if not axes:
        return [escape(point["label"])]
    return [f"{point['values'].get(axis['name'], axis['base']):.4g}" for axis in axes]


def record_label(record: Mapping[str, Any], name: str) -> str:
    """Return a quantity's name for people."""
    return str(record["conclusion"]["moves"].get(name, {}).get("label", name))


def _most_moved(record: Mapping[str, Any]) -> list[str]:
    moves = record["conclusion"]["moves"]
    return sorted(moves, key=lambda name: -abs(moves[name]["in_sd"]))[:4]


def _cell(rows: pd.DataFrame, name: str) -> str:
    own = rows[rows["parameter"] == name] if "parameter" in rows else rows.iloc[:0]
    if own.empty:
        return "-"
    sd = own["sd"].iloc[0] if "sd" in own else None
    return f"{float(own['mean'].iloc[0]):.3g}" + ("" if sd is None or pd.isna(sd) else f" ({float(sd):.2g})")


def _khat(point: Mapping[str, Any]) -> str:
    khat = point.get("khat") if point["how"] in ("weights", "skipped") else None
    return "-" if khat is None else f"{khat:.2f}"


def _yes(held: bool | None) -> str:
    return "-" if held is None else "yes" if held else "no"
