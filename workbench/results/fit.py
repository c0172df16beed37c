"""A finished fit: the noun that everything above asks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workbench.results.stored import PlainGroup, build_tree, take_group
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
    stored
        The content of `fit.nc`, as plain arrays by group or as a tree.
    console
        Everything Stan printed, by method.
    folder
        The run directory; `None` where none was written.
    """

    record: Mapping[str, Any] = field(repr=False)
    stored: xr.DataTree | dict[str, PlainGroup] = field(repr=False)
    console: Mapping[str, str] = field(default_factory=dict, repr=False)
    folder: Path | None = None

    @cached_property
    def tree(self) -> xr.DataTree:
        """The content of `fit.nc` as a tree."""
        return build_tree(self.stored) if isinstance(self.stored, dict) else self.stored

    def find_group(self, name: str) -> PlainGroup | None:
        """Return a group of `fit.nc` as plain arrays; `None` where there is none."""
        if isinstance(self.stored, dict):
            return self.stored.get(name)
        return take_group(self.stored, name)

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
