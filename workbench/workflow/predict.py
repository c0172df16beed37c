"""Predict new rows from a run, as a table: mean, interval and expectation of each outcome."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from workbench import tables
from workbench.late_imports import LateModule
from workbench.prediction.draw_files import write_passing
from workbench.prediction.levels import NewGroups
from workbench.prediction.outcome_summaries import COLUMNS, find_missing_share, summarise_outcomes
from workbench.progress import SILENT, Progress
from workbench.results import Fit
from workbench.tables import Table
from workbench.toolchain import ToolchainSettings
from workbench.workflow.predict_rows import iterate_predictions, list_remarks, open_predictor

if TYPE_CHECKING:
    import pandas as pd
else:
    pd = LateModule("pandas")


def predict(
    fit: Fit,
    data: Path | Table | None,
    settings: ToolchainSettings | None = None,
    progress: Progress = SILENT,
    *,
    method: str = "",
    new_groups: NewGroups = "refuse",
    draws_file: Path | None = None,
    horizon: int | None = None,
) -> pd.DataFrame:
    """Return predictions of the outcomes in new rows, a row for each, with the columns of `COLUMNS`.

    An outcome that transformed data make from a column, such as its logarithm, is predicted on its own scale
    and, where the map can be undone, on that of the column.

    Where the run has no draws by NUTS they are made from those of its approximation; `attrs["remark"]` of the
    result then says which, and how good it is.

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
    method
        What is predicted from: ``nuts``, ``laplace``, ``pathfinder``, ``map`` or ``mle``; by default the best
        that the run has.
    new_groups
        Whether groups that the fit has not seen are refused, drawn from the distribution of groups
        (``draw``), or taken from the fit's groups at random (``average``).
    draws_file
        Where the draws are written besides, as ``.parquet`` or ``.nc``.
    horizon
        How many rows follow those of the fit in time, which are forecast step by step.

    Raises
    ------
    WorkbenchError
        Any of the tree in `workbench.errors`: an unseen level, a missing column, a program that does not
        treat rows one by one.
    """
    table = tables.read(data) if isinstance(data, Path) else data
    rows: list[dict[str, object]] = []
    missing, simulated = 0.0, set[str]()
    with open_predictor(
        fit, method, settings, progress, in_order=horizon is not None, scoring=False
    ) as opened:
        chunks = iterate_predictions(opened, table, horizon=horizon, new_groups=new_groups, progress=progress)
        if draws_file is not None:
            chunks = write_passing(chunks, draws_file, opened.chains)
        for chunk in chunks:
            rows += summarise_outcomes(chunk)
            missing = max(missing, find_missing_share(chunk))
            simulated |= {outcome.quantity for outcome in chunk.outcomes if outcome.is_simulated}
        remarks = [*list_remarks(opened, table), *_describe_missing(missing), *_describe_simulated(simulated)]
    predictions = pd.DataFrame(rows, columns=list(COLUMNS))
    predictions.attrs["level"] = fit.results.interval.level
    predictions.attrs["remark"] = " ".join(remarks)
    return predictions


def _describe_missing(share: float) -> Iterator[str]:
    """Yield a remark where some draws of an outcome could not be drawn."""
    if share:
        yield (
            f"in some rows up to {100 * share:.2g}% of the draws could not be drawn, such as counts too "
            "large for an integer; the summaries leave these out."
        )


def _describe_simulated(quantities: set[str]) -> Iterator[str]:
    """Yield a remark where an expectation has no formula."""
    if quantities:
        names = ", ".join(f"`{name}`" for name in sorted(quantities))
        yield f"the expectation of {names} is an average of replicates, and its interval is approximate."
