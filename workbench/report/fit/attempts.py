"""Sampling tried again on its own advice: every try, what it found, and which one was kept."""

from __future__ import annotations

from workbench.report import reading
from workbench.report.document import Block, Cell, Column, Paragraph, Table, Tone
from workbench.report.numbers import MISSING, format_count, format_number, format_seconds, plural
from workbench.report.reading import Record

_COLUMNS = (
    Column("Try"),
    Column("Settings", help="those that were changed between tries"),
    Column("Divergences", "number"),
    Column("Largest R-hat", "number"),
    Column("Smallest ESS", "number"),
    Column("Time", "number"),
    Column("Finding", "prose"),
)


def blocks(record: Record) -> tuple[Block, ...]:
    """Return a sentence and a table of the tries; nothing where there was only one."""
    tries = reading.entries(record, "attempts")
    if not tries:
        return ()
    words = (
        f"Sampling was tried {plural(len(tries), 'time')}, each as the diagnostics of the last advised; the "
        "posterior of this report is that of the try that was kept."
    )
    rows = tuple(_row(one, _changed(tries)) for one in tries)
    table = Table("attempts", "Every try of the sampler", _COLUMNS, rows, is_prose=True)
    return (Paragraph(words), table)


def _changed(tries: list[Record]) -> list[str]:
    """Return the settings that differ between tries."""
    settings = [one.get("settings") or {} for one in tries]
    return [name for name in settings[0] if any(one.get(name) != settings[0][name] for one in settings)]


def _row(one: Record, changed: list[str]) -> tuple[Cell, ...]:
    settings, is_kept = one.get("settings") or {}, bool(one.get("kept"))
    chosen = ", ".join(f"{name} {settings[name]}" for name in changed if name in settings)
    return (
        Cell(f"{one.get('number', MISSING)}{' (kept)' if is_kept else ''}", Tone.OK if is_kept else None),
        Cell(chosen or MISSING),
        Cell(format_count(one.get("divergences"))),
        Cell(format_number(one.get("rhat_max"), 3)),
        Cell(format_count(one.get("ess_min"))),
        Cell(format_seconds(one.get("seconds"))),
        Cell(str(one.get("words") or MISSING).removesuffix(" (kept)")),
    )
