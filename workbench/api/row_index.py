"""The index of a caller's table as the index of what is predicted for it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from workbench.late_imports import LateModule

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr
else:
    pd = LateModule("pandas")
    xr = LateModule("xarray")


def index_rows(frame: pd.DataFrame, new: object, first: int = 1) -> pd.DataFrame:
    """Return a frame with the index of the table that its rows are of.

    Parameters
    ----------
    frame
        Predictions, whose column `row` counts the rows of the table.
    new
        The table as the caller gave it. A DataFrame has an index, whose entries may repeat or have several
        levels; anything else leaves the frame as it is, and so does a frame in which some rows belong to no
        row of the table.
    first
        The number of the first row of the table: of a forecast, it follows the rows of the fit.
    """
    if not isinstance(new, pd.DataFrame) or not len(frame) or frame["row"].isna().any():
        return frame
    rows = frame["row"].to_numpy(dtype=np.int64) - first
    indexed = frame.set_axis(new.index.take(rows), axis=0)
    if not isinstance(new.index, pd.RangeIndex) and _is_numbered(frame):
        indexed["label"] = [_name(entry) for entry in indexed.index]
    return indexed


def index_draws(draws: xr.Dataset, new: object) -> xr.Dataset:
    """Return draws whose coordinate `row` is the index of the table.

    Parameters
    ----------
    draws
        Predictions draw by draw, `(chain, draw, row)`.
    new
        The table as the caller gave it. An index with several levels becomes coordinates of these levels.
    """
    if not isinstance(new, pd.DataFrame) or isinstance(new.index, pd.RangeIndex):
        return draws
    if isinstance(new.index, pd.MultiIndex):
        index = new.index[: draws.sizes["row"]].set_names(
            [name or f"level_{place}" for place, name in enumerate(new.index.names)]
        )
        return draws.drop_vars("row").assign_coords(xr.Coordinates.from_pandas_multiindex(index, "row"))
    return draws.assign_coords(row=("row", new.index.to_numpy()[: draws.sizes["row"]]))


def _is_numbered(frame: pd.DataFrame) -> bool:
    """Return whether rows are labelled by their numbers alone."""
    return bool((frame["label"] == frame["row"].astype(str)).all())


def _name(entry: Any) -> str:
    return ", ".join(map(str, entry)) if isinstance(entry, tuple) else str(entry)
