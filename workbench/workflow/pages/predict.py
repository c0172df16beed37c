"""Predictions of new rows."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from workbench.report.document import Cell, Column, Document, Section, TableBlock

if TYPE_CHECKING:
    import pandas as pd

MOST_ROWS = 40
"""Rows that are shown; a file that `--output` names has them all."""

_NAMES = ("label", "prediction")
"""The columns that hold names."""


def build_predictions_page(
    predictions: pd.DataFrame, run: Path, data: Path, most_rows: int = MOST_ROWS
) -> Document:
    """Return the page that `workbench predict` prints."""
    columns = tuple(Column(str(name), "name" if name in _NAMES else "number") for name in predictions.columns)
    rows = tuple(
        tuple(Cell(f"{value:.4g}" if isinstance(value, float) else str(value)) for value in values)
        for values in predictions.head(most_rows).itertuples(index=False)
    )
    remark = str(predictions.attrs.get("remark", ""))
    left_out = len(predictions) - most_rows
    note = f"{left_out:,} more with --output FILE" if left_out > 0 else ""
    return Document(
        title=f"predictions for {data.name}",
        subtitle=f"from {run}",
        opening=(remark[:1].upper() + remark[1:],) if remark else (),
        sections=(Section("predictions", "", (TableBlock("predictions", "", columns, rows, note=note),)),),
    )
