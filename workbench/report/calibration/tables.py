"""Methods, quantities, checks and failures of a calibration as tables."""

from __future__ import annotations

from dataclasses import replace

from workbench.calibration.folder import FITS, TABLE
from workbench.calibration.record import (
    CalibrationRecord,
    IntervalShare,
    MethodCalibration,
    QuantityCalibration,
)
from workbench.report.document import Cell, Column, TableBlock, Tone
from workbench.report.numbers import MISSING, format_count, format_number, format_seconds, format_with_error

_TONES = {
    "calibrated": Tone.OK,
    "not calibrated": Tone.FAIL,
    "undecided": Tone.CAUTION,
    "no result": Tone.CAUTION,
}
"""How each judgement is shown."""

_MOST_LISTED = 2000
"""Quantities that a table of the report holds, so that it stays small; the file has all."""

_MOST_FAILURES = 20
"""Reasons for failures that are listed."""


def tabulate_methods(record: CalibrationRecord) -> TableBlock:
    """Return a row for each method."""
    return TableBlock(
        "methods",
        "",
        (
            Column("method", "name"),
            Column("judgement"),
            Column("quantities off", "number"),
            Column("fits", "number"),
            Column("failed", "number"),
            Column("median time", "number", drop_order=1),
        ),
        tuple(
            (
                Cell(item.label),
                Cell(item.judgement, _TONES[item.judgement]),
                Cell(f"{sum(one.is_off for one in item.quantities)} of {len(item.quantities)}"),
                Cell(format_count(item.fits)),
                Cell(format_count(item.failed)),
                Cell(MISSING if item.seconds is None else format_seconds(item.seconds)),
            )
            for item in record.methods
        ),
    )


def tabulate_quantities(
    item: MethodCalibration, level: float, most: int = _MOST_LISTED, *, is_explained: bool = True
) -> TableBlock:
    """Return a row for each quantity of a method, those farthest from right first.

    Parameters
    ----------
    item
        The method.
    level
        The probability of the intervals.
    most
        How many rows there may be.
    is_explained
        Whether its columns are explained.
    """
    ordered = sorted(
        item.quantities, key=lambda one: (not one.is_off, 1.0 if one.p_value is None else one.p_value)
    )
    left = len(ordered) - most
    columns: tuple[Column, ...] = (
        Column("quantity", "name"),
        Column("p, adjusted", "number", help="the probability that a right method departs as far"),
        Column(f"{level:.0%} holds", "number", help=f"share of truths in {level:.0%} intervals (SE)"),
        Column("50% holds", "number", help="share of truths in 50% intervals (SE)", drop_order=3),
        Column(
            "too narrow by",
            "number",
            help="factor by which intervals are too narrow; below 1 too wide (SE)",
        ),
        Column("shift", "number", help="how far truths lie above the fits, in their SDs (SE)"),
        Column(
            "contraction",
            "number",
            help="1 - posterior variance / variance of truths; – where the truths have none",
            drop_order=2,
        ),
        Column("error", "number", help="mean of estimate minus truth (SE)", drop_order=1),
    )
    if not is_explained:
        columns = tuple(replace(column, help="") for column in columns)
    return TableBlock(
        f"quantities-{item.method}",
        "",
        columns,
        tuple(_list_cells(one, level) for one in ordered[:most]),
        note=f"{format_count(left)} more quantities are in `{TABLE}`." if left > 0 else "",
        is_interactive=True,
        full_table=TABLE,
    )


def _list_cells(one: QuantityCalibration, level: float) -> tuple[Cell, ...]:
    shares = {share.level: share for share in one.coverage}
    p_value = MISSING if one.adjusted is None else "<0.0001" if one.adjusted < 1e-4 else f"{one.adjusted:.2g}"
    return (
        Cell(one.label, Tone.FAIL if one.is_off else None),
        Cell(p_value),
        Cell(show_share(shares.get(level))),
        Cell(show_share(shares.get(0.5))),
        Cell(
            _show_with_error(
                one.spread, None if one.spread_se is None else (one.spread or 0) * one.spread_se, 2
            )
        ),
        Cell(_show_with_error(one.bias, one.bias_se, 2)),
        Cell(MISSING if one.contraction is None else format_number(one.contraction, 2)),
        Cell(MISSING if one.error is None else format_with_error(one.error, one.error_se or 0.0)),
    )


def show_share(share: IntervalShare | None) -> str:
    """Return a share with its standard error, in percent."""
    return MISSING if share is None else f"{share.share:.1%} ({100 * share.se:.1f})"


def _show_with_error(value: float | None, error: float | None, decimals: int) -> str:
    if value is None:
        return MISSING
    shown = format_number(value, decimals)
    return shown if error is None else f"{shown} ({error:.{decimals}f})"


def tabulate_checks(record: CalibrationRecord) -> TableBlock:
    """Return how often checks of the workbench fired."""
    rows = [
        (
            Cell(item.label),
            Cell(rate.code),
            Cell(rate.title),
            Cell(f"{format_count(rate.fired)} of {format_count(rate.fits)}"),
            Cell(f"{rate.fired / rate.fits:.1%}" if rate.fits else MISSING),
        )
        for item in record.methods
        for rate in item.checks
    ]
    columns: tuple[Column, ...] = (
        Column("method", "name"),
        Column("check", "name"),
        Column("what it asks"),
        Column("fired", "number"),
        Column("share", "number"),
    )
    return TableBlock("checks", "", columns, tuple(rows))


def tabulate_failures(record: CalibrationRecord) -> TableBlock:
    """Return why fits failed, the most frequent reason first."""
    found = sorted(
        ((item, failure) for item in record.methods for failure in item.failures),
        key=lambda pair: -pair[1].fits,
    )
    left = sum(failure.fits for _, failure in found[_MOST_FAILURES:])
    return TableBlock(
        "failures",
        "",
        (
            Column("method", "name"),
            Column("fits", "number"),
            Column("why", "prose"),
            Column("such as simulation", "number"),
        ),
        tuple(
            (
                Cell(item.label),
                Cell(format_count(failure.fits)),
                Cell(failure.words),
                Cell(str(failure.simulation)),
            )
            for item, failure in found[:_MOST_FAILURES]
        ),
        note=f"{format_count(left)} more failures have other reasons." if left else "",
        is_prose=True,
        full_table=FITS,
    )
