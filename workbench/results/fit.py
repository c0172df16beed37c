"""A finished fit: the noun that everything above asks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

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
    """

    record: Mapping[str, Any]
    tree: xr.DataTree
    console: Mapping[str, str] = field(default_factory=dict)

    @property
    def data(self) -> xr.DataTree:
        """Every group of draws, as ArviZ takes it: `arviz_stats.summary(fit.data)`."""
        return self.tree
