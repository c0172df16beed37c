"""Posteriors side by side, and how far they are apart in posterior standard deviations."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from string import ascii_uppercase

import numpy as np

from workbench.report import figures, reading
from workbench.report.document import Block, Cell, Column, Figure, Figures, Notice, Section, Table, Tone
from workbench.report.numbers import MISSING, decimals_for, format_number, plural
from workbench.report.reading import Record
from workbench.results import Fit
from workbench.thresholds import SHIFT_LIMIT

MAX_ROWS = 300
MAX_PICTURES = 6


def section(fits: Mapping[str, Fit]) -> Section:
    """Return the pictures of the quantities that differ most, and the table of all."""
    records = [fit.record for fit in fits.values()]
    ranked = by_difference(records)
    if not ranked:
        notice = Notice("The runs have no quantity in common whose posterior both know.")
        return Section("estimates", "Estimates", (notice,))
    blocks: tuple[Block, ...] = (*_pictures(fits, ranked), _table(fits, ranked))
    return Section("estimates", "Estimates", blocks)


def sentence(fits: Mapping[str, Fit]) -> str:
    """Return the largest difference in words; empty where the runs have nothing in common."""
    records = [fit.record for fit in fits.values()]
    ranked = by_difference(records)
    if not ranked:
        return ""
    name = ranked[0]
    apart = [difference(records[0], other, name) for other in records[1:]]
    largest = max(abs(one) for one in apart if one is not None)
    label = reading.label(records[0], name)
    if largest < SHIFT_LIMIT:
        return (
            f"The posteriors agree: no quantity moves by more than {format_number(largest, 2)} posterior SDs "
            f"from the first run (`{label}` does)."
        )
    count = sum(_largest(records, one) >= SHIFT_LIMIT for one in ranked)
    return (
        f"{plural(count, 'quantity')} {'moves' if count == 1 else 'move'} by {SHIFT_LIMIT} posterior SDs or "
        f"more from the first run; the most, {format_number(largest, 2)}, is `{label}`."
    )


def difference(first: Record, other: Record, name: str) -> float | None:
    """Return how far a posterior mean lies above that of the first run, in the first's posterior SDs."""
    numbers = [reading.estimates(record, "nuts").get(name) for record in (first, other)]
    means = [reading.number(one, "mean") for one in numbers]
    sd = reading.number(numbers[0], "sd")
    if means[0] is None or means[1] is None or not sd:
        return None
    return (means[1] - means[0]) / sd


def by_difference(records: list[Record]) -> list[str]:
    """Return the quantities that the first run shares with another, the largest difference first."""
    names = reading.estimates(records[0], "nuts")
    shared = [
        name
        for name in names
        if any(difference(records[0], other, name) is not None for other in records[1:])
    ]
    return sorted(shared, key=lambda name: -_largest(records, name))


def _largest(records: list[Record], name: str) -> float:
    found = (difference(records[0], other, name) for other in records[1:])
    return max((abs(one) for one in found if one is not None), default=0.0)


def _pictures(fits: Mapping[str, Fit], ranked: list[str]) -> Iterator[Block]:
    drawn = tuple(one for name in ranked[:MAX_PICTURES] if (one := _picture(fits, name)))
    if drawn:
        letters = ", ".join(
            f"{letter}: `{name}`" for letter, name in zip(ascii_uppercase, fits, strict=False)
        )
        yield Figures("densities", drawn, f"Posterior densities by run. {letters}.")


def _picture(fits: Mapping[str, Fit], name: str) -> Figure | None:
    known = [
        (letter, draws)
        for letter, fit in zip(ascii_uppercase, fits.values(), strict=False)
        if (draws := reading.values(fit.tree, "posterior", name)) is not None and np.ptp(draws) > 0
    ]
    if not known:
        return None
    record = next(iter(fits.values())).record
    means = "; ".join(f"{letter} mean {format_number(float(draws.mean()))}" for letter, draws in known)
    label = reading.label(record, name)
    return Figure(figures.draw_densities(known), f"{label}: {means}.", f"`{label}`")


def _table(fits: Mapping[str, Fit], ranked: list[str]) -> Table:
    records = [fit.record for fit in fits.values()]
    columns = [Column("Quantity", "name")]
    for run in fits:
        columns += [Column("Mean", "number", f"`{run}`"), Column("SD", "number", f"`{run}`")]
    columns += [Column(f"`{run}`", "number", "Difference in SD") for run in list(fits)[1:]]
    left = f" Shown are the first {MAX_ROWS}." if len(ranked) > MAX_ROWS else ""
    return Table(
        key="estimates-table",
        caption=f"Posteriors of {plural(len(ranked), 'quantity')}, the most different first",
        columns=tuple(columns),
        rows=tuple(_row(records, name) for name in ranked[:MAX_ROWS]),
        note=f"Difference in SD: from the mean of the first run, in its posterior standard deviations.{left}",
        is_interactive=True,
    )


def _row(records: list[Record], name: str) -> tuple[Cell, ...]:
    numbers = [reading.estimates(record, "nuts").get(name) for record in records]
    decimals = decimals_for(reading.number(numbers[0], "sd"))
    values = [
        Cell(format_number(reading.number(one, key), decimals)) for one in numbers for key in ("mean", "sd")
    ]
    apart = [_difference(difference(records[0], other, name)) for other in records[1:]]
    return (Cell(reading.label(records[0], name)), *values, *apart)


def _difference(value: float | None) -> Cell:
    if value is None:
        return Cell(MISSING)
    return Cell(format_number(value, 2), Tone.CAUTION if abs(value) >= SHIFT_LIMIT else None)
