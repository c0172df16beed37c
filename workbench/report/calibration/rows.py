"""How estimates approach the truth with more rows: tables, pictures, sentences."""

from __future__ import annotations

from collections.abc import Iterator

from workbench.calibration.record import CalibrationRecord, RowsCalibration
from workbench.methods import RESULTS
from workbench.report import figures
from workbench.report.calibration.tables import show_share
from workbench.report.document import (
    Block,
    Cell,
    Column,
    Figure,
    Figures,
    Items,
    Paragraph,
    Section,
    TableBlock,
    Tone,
    VerdictReason,
)
from workbench.report.numbers import MISSING, format_count, format_number, format_with_error

_MOST_DRAWN = 12
"""Quantities that are drawn, those known worst first; the table has all."""

_MOST_SAID = 6
"""Quantities of which sentences say how many rows they take; the record has all."""

_MOST_LISTED = 2000
"""Rows that a table of the report holds, so that it stays small; the record has all."""

_HALF = 0.5
"""Share of the squared error from which one data set alone makes it: there is no more to the average."""

_READING = (
    "Lines: median width of the intervals; dashed: root mean square error of the estimates; dotted: a width "
    "that shrinks as 1 / sqrt(rows). Both scales are logarithmic."
)
"""How to read the pictures."""


def build_rows_sections(record: CalibrationRecord, most: int = _MOST_LISTED) -> Iterator[Section]:
    """Yield the sections about numbers of rows: how much data is needed, pictures, tables."""
    if not record.by_rows:
        return
    blocks: list[Block] = []
    if record.needed:
        blocks.append(Items(tuple(item.sentence for item in record.needed[:_MOST_SAID])))
    pictures = tuple(_list_pictures(record))
    if pictures:
        blocks.append(Figures("rows-needed", pictures, _READING))
    blocks.append(tabulate_rows(record, most))
    yield Section("rows", "How much data is needed", tuple(blocks))
    if record.probabilities:
        text = (
            "Expected calibration error of the probabilities of a yes, against the probabilities that the "
            "outcomes were drawn with, at the rows of each data set; 0 is best. MLE and MAP put their "
            "estimate in (plug-in); the others average over the posterior (posterior predictive)."
        )
        blocks = [Paragraph(text), tabulate_probabilities(record)]
        yield Section("probabilities", "Probabilities of a yes", tuple(blocks))


def tabulate_rows(
    record: CalibrationRecord, most: int = _MOST_LISTED, *, is_explained: bool = True
) -> TableBlock:
    """Return a row for each quantity, method and number of rows, quantities that are known worst first.

    Parameters
    ----------
    record
        The calibration.
    most
        How many rows there may be.
    is_explained
        Whether columns are explained.
    """
    order = {item.quantity: place for place, item in enumerate(record.needed)}
    items = sorted(record.by_rows, key=lambda item: (order.get(item.quantity, len(order)), item.quantity))
    methods = list(dict.fromkeys(item.method for item in record.by_rows))
    others = [name for name in methods if len(methods) > 1]
    helps = {
        "RMSE": "root mean square of estimate minus truth (SE)",
        "bias": "mean of estimate minus truth (SE)",
        "width": f"median width of {record.level:.0%} intervals",
        "holds": f"share of truths in {record.level:.0%} intervals (SE)",
        "contraction": "1 - variance / variance of truths",
    }
    columns = [
        Column("quantity", "name"),
        Column("method", "name"),
        Column("rows", "number"),
        Column("fits", "number", drop_order=2),
        *(
            Column(
                name,
                "number",
                help=text if is_explained else "",
                drop_order=1 if name == "contraction" else 0,
            )
            for name, text in helps.items()
        ),
    ]
    for name in others:
        text = f"mean distance to the estimate of {RESULTS[name].label}, in posterior SDs"
        columns.append(Column(f"to {RESULTS[name].label}", "number", help=text if is_explained else ""))
    left = len(items) - most
    return TableBlock(
        "rows",
        "",
        tuple(columns),
        tuple(_list_cells(item, others) for item in items[:most]),
        note=f"{format_count(left)} more rows are in `calibration.json`." if left > 0 else "",
        is_interactive=True,
    )


def _list_cells(item: RowsCalibration, others: list[str]) -> tuple[Cell, ...]:
    distances = {one.method: one for one in item.distances}
    cells = [
        Cell(item.label),
        Cell(RESULTS[item.method].label),
        Cell(format_count(item.rows)),
        Cell(format_count(item.fits)),
        Cell(_show(item.rmse, item.rmse_se)),
        Cell(_show(item.bias, item.bias_se)),
        Cell(MISSING if item.width is None else format_number(float(f"{item.width:.3g}"))),
        Cell(show_share(item.coverage), Tone.CAUTION if item.is_off else None),
        Cell(MISSING if item.contraction is None else format_number(item.contraction, 2)),
    ]
    cells += [
        Cell(format_number(distances[name].distance, 2) if name in distances else MISSING) for name in others
    ]
    return tuple(cells)


def _show(value: float | None, error: float | None) -> str:
    return MISSING if value is None or error is None else format_with_error(value, error)


def tabulate_probabilities(record: CalibrationRecord) -> TableBlock:
    """Return the errors of probabilities of a yes by method and number of rows."""
    return TableBlock(
        "probabilities",
        "",
        (
            Column("method", "name"),
            Column("rows", "number"),
            Column("fits", "number"),
            Column("ECE", "number"),
            Column("SE", "number"),
        ),
        tuple(
            (
                Cell(RESULTS[item.method].label),
                Cell(format_count(item.rows)),
                Cell(format_count(item.fits)),
                Cell(f"{item.error:.4f}"),
                Cell(f"{item.error_se:.4f}"),
            )
            for item in record.probabilities
        ),
    )


def list_rows(record: CalibrationRecord) -> list[int]:
    """Return the numbers of rows that were asked for, in order, those without any fit too."""
    asked = record.settings.get("rows")
    known = [item for item in asked if isinstance(item, int)] if isinstance(asked, list) else []
    return sorted({*known, *(item.rows for item in record.by_rows)})


def list_rows_reasons(record: CalibrationRecord) -> Iterator[VerdictReason]:
    """Yield what must be known of numbers of rows, besides the first sentence."""
    for need in record.needed[1:_MOST_SAID]:
        yield VerdictReason(need.sentence, anchor="rows")
    off = [item for item in record.by_rows if item.is_off and item.coverage is not None]
    for item in off[:_MOST_SAID]:
        share = 0.0 if item.coverage is None else item.coverage.share
        yield VerdictReason(
            f"With {item.rows:,} rows the {record.level:.0%} intervals of `{item.label}` by "
            f"{RESULTS[item.method].label} hold the truth in {share:.1%} of {item.fits:,} data sets.",
            anchor="rows",
        )
    if len(off) > _MOST_SAID:
        yield VerdictReason(f"{len(off) - _MOST_SAID} more such shares are in the table.", anchor="rows")
    ruled = [item for item in record.by_rows if (item.largest_share or 0.0) > _HALF and item.fits > 2]
    if ruled:
        first = ruled[0]
        more = f", and {len(ruled) - 1} more" if len(ruled) > 1 else ""
        yield VerdictReason(
            f"One data set alone makes more than half of the squared error of `{first.label}` by "
            f"{RESULTS[first.method].label} with {first.rows:,} rows{more}: such an average says little.",
            anchor="rows",
        )


def _list_pictures(record: CalibrationRecord) -> Iterator[Figure]:
    for need in record.needed[:_MOST_DRAWN]:
        own: dict[str, list[RowsCalibration]] = {}
        for item in record.by_rows:
            if item.quantity == need.quantity and item.width and item.rmse:
                own.setdefault(item.method, []).append(item)
        curves = [
            figures.RowsCurve(
                method,
                RESULTS[method].label,
                [item.rows for item in items],
                [item.width or 0.0 for item in items],
                [item.rmse or 0.0 for item in items],
            )
            for method, items in own.items()
        ]
        if curves:
            drawing = figures.draw_rows_needed(curves)
            alt = f"Width of intervals and error of {need.label} by number of rows. {need.sentence}"
            yield Figure(drawing, alt, f"`{need.label}`")
