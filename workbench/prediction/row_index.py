"""The index of a caller's table as the index of what is predicted for its rows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from workbench.late_imports import LateModule

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr
else:
    pd = LateModule("pandas")
    xr = LateModule("xarray")

_NONE = -1
"""The place of what belongs to no row."""


def find_index(new: object) -> pd.Index[Any] | None:
    """Return the index of a table as the caller gave it: `None` where that is no DataFrame."""
    return new.index if isinstance(new, pd.DataFrame) else None


def index_rows(frame: pd.DataFrame, index: pd.Index[Any] | None, first: int = 1) -> pd.DataFrame:
    """Return a frame with the index of the table that its rows are of.

    Parameters
    ----------
    frame
        Predictions or scores, whose column `row` counts the rows of the table.
    index
        The index of the table, whose entries may repeat or have several levels. What belongs to no row has a
        missing entry. Without an index, or a single row of the table, the frame stays as it is.
    first
        The number of the first row of the table: of a forecast, it follows the rows of the fit.
    """
    has_row = frame["row"].notna().to_numpy(dtype=bool)
    if index is None or not has_row.any():
        return frame
    places = np.full(len(frame), _NONE)
    places[has_row] = frame["row"][has_row].to_numpy(dtype=np.int64) - first
    indexed = frame.set_axis(_take(index, places), axis=0)
    if _has_names(index) and _is_numbered(frame[has_row]):
        names = _name_rows(index)
        indexed["label"] = [names[place] if place != _NONE else "" for place in places.tolist()]
    return indexed


def index_draws(draws: xr.Dataset, index: pd.Index[Any] | None) -> xr.Dataset:
    """Return draws whose coordinate `row` is the index of the table.

    Parameters
    ----------
    draws
        Predictions draw by draw, `(chain, draw, row)`, with a coordinate `label`.
    index
        The index of the table: its name becomes the long name of the coordinate. One with several levels
        becomes coordinates of these levels.
    """
    if index is None or not _has_names(index):
        return draws
    index = index[: draws.sizes["row"]]
    labels = draws["label"].to_numpy()
    if all(label == str(row) for label, row in zip(labels, draws["row"].to_numpy(), strict=True)):
        draws = draws.assign_coords(label=("row", np.asarray(_name_rows(index), dtype=object)))
    if isinstance(index, pd.MultiIndex):
        index = index.set_names(_name_levels(index, {str(name) for name in (*draws.variables, *draws.dims)}))
        return draws.drop_vars("row").assign_coords(xr.Coordinates.from_pandas_multiindex(index, "row"))
    attributes = {} if index.name is None else {"long_name": str(index.name)}
    return draws.assign_coords(row=("row", index, attributes))


def _take(index: pd.Index[Any], places: NDArray[np.int64]) -> pd.Index[Any]:
    """Return the entries at some places, missing ones where there is none."""
    if (places != _NONE).all():
        return index.take(places)
    if isinstance(index, pd.MultiIndex):
        return index.take(places, fill_value=np.nan)
    entries = pd.Series(index)
    if isinstance(entries.dtype, np.dtype) and entries.dtype.kind in "iub":
        entries = pd.Series(pd.array(entries.to_numpy()))  # of integers that may be missing
    taken: pd.Index[Any] = pd.Index(entries.reindex(places), name=index.name)
    return taken


def _has_names(index: pd.Index[Any]) -> bool:
    """Return whether an index says more than the places of rows."""
    return not (isinstance(index, pd.RangeIndex) and index.start == 0 and index.step == 1)


def _is_numbered(frame: pd.DataFrame) -> bool:
    """Return whether rows are labelled by their numbers alone."""
    numbers = frame["row"].astype(str)
    return bool(((frame["label"] == numbers) | (frame["label"] == "row " + numbers)).all())


def _name_rows(index: pd.Index[Any]) -> list[str]:
    """Return the entries as texts: dates without a time of day where none has one."""
    if not isinstance(index, pd.MultiIndex):
        return [str(entry) for entry in index.astype(str)]
    unnamed = index.set_names([None] * index.nlevels)
    levels = [_name_rows(unnamed.get_level_values(place)) for place in range(index.nlevels)]
    return [", ".join(entries) for entries in zip(*levels, strict=True)]


def _name_levels(index: pd.MultiIndex, taken: set[str]) -> list[str]:
    """Return a name for each level that no other coordinate or array has."""
    names: list[str] = []
    for place, name in enumerate(index.names):
        own = f"level_{place}" if name is None else str(name)
        while own in taken or own in names:
            own = f"{own}_"
        names.append(own)
    return names
