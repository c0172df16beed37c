"""Repeated sampling: every attempt of `--retry`, what its diagnostics found, and which attempt was kept."""

from __future__ import annotations

from collections.abc import Sequence

from workbench.report.document import Block, Cell, Column, Paragraph, TableBlock, Tone
from workbench.report.numbers import MISSING, format_count, format_number, format_seconds, pluralise
from workbench.results.view import Results, SamplingAttempt

_COLUMNS = (
    Column("Attempt"),
    Column("Settings", help="those that differ between attempts"),
    Column("Divergences", "number"),
    Column("Largest R-hat", "number"),
    Column("Smallest ESS", "number"),
    Column("Time", "number"),
    Column("Finding", "prose"),
)
"""The columns of the table of attempts."""


def build_blocks(results: Results) -> tuple[Block, ...]:
    """Return a sentence about the attempts and a table of them; nothing where there was only one."""
    attempts = results.attempts
    if not attempts:
        return ()
    text = (
        f"NUTS ran {pluralise(len(attempts), 'time')}, each time with the settings that the diagnostics of "
        "the attempt before it suggested. The posterior in this report is from the attempt that was kept."
    )
    names = _find_changed_settings(attempts)
    rows = tuple(_build_row(attempt, names) for attempt in attempts)
    return (Paragraph(text), TableBlock("attempts", "Attempts of the sampler", _COLUMNS, rows, is_prose=True))


def _find_changed_settings(attempts: Sequence[SamplingAttempt]) -> list[str]:
    """Return the names of the settings that differ between attempts."""
    first = attempts[0].settings
    return [name for name in first if any(attempt.settings.get(name) != first[name] for attempt in attempts)]


def _build_row(attempt: SamplingAttempt, names: Sequence[str]) -> tuple[Cell, ...]:
    number = MISSING if attempt.number is None else str(attempt.number)
    settings = ", ".join(f"{name} {attempt.settings[name]}" for name in names if name in attempt.settings)
    return (
        Cell(f"{number} (kept)", Tone.OK) if attempt.kept else Cell(number),
        Cell(settings or MISSING),
        Cell(format_count(attempt.divergences)),
        Cell(format_number(attempt.rhat_max, 3)),
        Cell(format_count(attempt.ess_min)),
        Cell(format_seconds(attempt.seconds)),
        Cell((attempt.words or MISSING).removesuffix(" (kept)")),
    )
