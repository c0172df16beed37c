"""A finished fit: the noun that everything above asks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workbench.results.view import Results, view

if TYPE_CHECKING:
    import xarray as xr


@dataclass(frozen=True)
class Fit:
    """A finished fit: what `run.json` and `fit.nc` hold.

    Attributes
    ----------
    record
        The content of `run.json`.
    tree
        The content of `fit.nc`.
    console
        Everything Stan printed, by method.
    folder
        The run directory; `None` where none was written.
    """

    record: Mapping[str, Any] = field(repr=False)
    tree: xr.DataTree = field(repr=False)
    console: Mapping[str, str] = field(default_factory=dict, repr=False)
    folder: Path | None = None

    @property
    def data(self) -> xr.DataTree:
        """Every group of draws, as ArviZ takes it: `arviz_stats.summary(fit.data)`."""
        return self.tree

    @cached_property
    def results(self) -> Results:
        """The record, typed: `fit.results.nuts.divergences`.

        Raises
        ------
        RunIncomplete
            A value of the record is not of the documented type.
        """
        return view(self.record)
