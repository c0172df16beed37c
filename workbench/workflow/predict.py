"""Predict new rows from a run, as a table: mean, interval and expectation of each outcome."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Unpack

import numpy as np

from workbench import tables
from workbench.late_imports import LateModule
from workbench.prediction import Predictions
from workbench.prediction.outcome_summaries import COLUMNS, find_missing_share, summarise_outcomes
from workbench.progress import SILENT, Progress
from workbench.results import Fit
from workbench.tables import Table
from workbench.toolchain import ToolchainSettings
from workbench.workflow.predict_rows import PredictOptions, iterate_predictions, list_remarks, open_table

if TYPE_CHECKING:
    import pandas as pd
else:
    pd = LateModule("pandas")


@dataclass
class PredictedRows:
    """Predictions as they come: any number of rows fits into memory.

    Attributes
    ----------
    level
        The probability of intervals.
    chunks
        The predictions of some rows after those of others, with the columns of `COLUMNS`.
    remarks
        What must be known about them, complete after the last chunk.
    """

    level: float
    chunks: Iterator[list[dict[str, object]]]
    remarks: list[str] = field(default_factory=list)

    @property
    def remark(self) -> str:
        """The remarks in one text."""
        return " ".join(self.remarks)


@contextmanager
def open_predictions(
    fit: Fit,
    data: Path | Table | None,
    settings: ToolchainSettings | None = None,
    progress: Progress = SILENT,
    **options: Unpack[PredictOptions],
) -> Iterator[PredictedRows]:
    """Give predictions of the outcomes in new rows, each chunk predicted when it is asked for.

    An outcome that transformed data make from a column, such as its logarithm, is predicted on its own scale
    and, where the map can be undone, on that of the column.

    Where the run has no draws by NUTS they are made from those of its approximation; a remark then says
    which, and how good it is.

    Parameters
    ----------
    fit
        A fit, as a run directory holds it.
    data
        New rows, with the columns that the fit used; those of outcomes may be missing. With a horizon, the
        rows that follow; `None` where every predictor goes on by itself.
    settings
        Which Stan and compiler to use.
    progress
        Where to report.
    options
        As in `PredictOptions`.

    Raises
    ------
    WorkbenchError
        Any of the tree in `workbench.errors`: an unseen level, a missing column, a program that does not
        treat rows one by one.
    """
    table = tables.read(data) if isinstance(data, Path) else data
    with open_table(fit, table, settings, progress, options) as opened:
        chunks = iterate_predictions(opened, table, progress, options)
        own_rows = table.rows if opened.is_own and table is not None else 0
        yield summarise_rows(chunks, fit.results.interval.level, list_remarks(opened, table), own_rows)


def summarise_rows(
    chunks: Iterator[Predictions], level: float, remarks: list[str], own_rows: int = 0
) -> PredictedRows:
    """Return predictions as they come, summarised.

    Parameters
    ----------
    chunks
        The predictions.
    level
        The probability of intervals.
    remarks
        What must be known about them.
    own_rows
        How many rows they have, where these are the fit's own.
    """
    predicted = PredictedRows(level, iter(()))
    predicted.chunks = _summarise(chunks, predicted, remarks, own_rows)
    return predicted


def _summarise(
    chunks: Iterator[Predictions], predicted: PredictedRows, remarks: list[str], own_rows: int
) -> Iterator[list[dict[str, object]]]:
    """Yield the summaries of chunks; after the last, the remarks are complete."""
    missing, simulated = 0.0, set[str]()
    for chunk in chunks:
        yield list(summarise_outcomes(chunk))
        if own_rows:
            own_rows -= len(np.unique(np.concatenate([outcome.rows for outcome in chunk.outcomes])))
        missing = max(missing, find_missing_share(chunk))
        simulated |= {outcome.quantity for outcome in chunk.outcomes if outcome.is_simulated}
    predicted.remarks += [*remarks, *describe_missing(missing), *describe_simulated(simulated)]
    predicted.remarks += _describe_given(own_rows)


def predict(
    fit: Fit,
    data: Path | Table | None,
    settings: ToolchainSettings | None = None,
    progress: Progress = SILENT,
    **options: Unpack[PredictOptions],
) -> pd.DataFrame:
    """Return predictions of the outcomes in new rows, a row for each, with the columns of `COLUMNS`.

    The parameters are those of `open_predictions`; `attrs` of the result has the `level` of intervals and
    the `remark`.

    Raises
    ------
    WorkbenchError
        As `open_predictions`.
    """
    with open_predictions(fit, data, settings, progress, **options) as predicted:
        return tabulate_rows(predicted)


def tabulate_rows(predicted: PredictedRows) -> pd.DataFrame:
    """Return all predictions as a frame, with their level and remark in `attrs`."""
    rows = [row for chunk in predicted.chunks for row in chunk]
    predictions = pd.DataFrame(rows, columns=list(COLUMNS))
    predictions.attrs["level"] = predicted.level
    predictions.attrs["remark"] = predicted.remark
    return predictions


def _describe_given(rows: int) -> Iterator[str]:
    """Yield a remark where the program takes rows of the fit as given."""
    if rows:
        verb, those = ("row has", "it") if rows == 1 else ("rows have", "them")
        yield f"{rows} {verb} no prediction, as the program takes {those} as given."


def describe_missing(share: float) -> Iterator[str]:
    """Yield a remark where some draws of an outcome could not be drawn."""
    if share:
        yield (
            f"in some rows up to {100 * share:.3g}% of the draws could not be drawn, such as counts too "
            "large for an integer; the summaries leave these out."
        )


def describe_simulated(quantities: set[str]) -> Iterator[str]:
    """Yield a remark where an expectation has no formula."""
    if quantities:
        names = ", ".join(f"`{name}`" for name in sorted(quantities))
        yield f"the expectation of {names} is an average of replicates, and its interval is approximate."
