"""The result of one method, whichever it is: a status, its facts, its estimates, and what goes to fit.nc."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    import xarray as xr

Status = Literal["ok", "failed", "not available", "skipped"]
Estimates = Mapping[str, Mapping[str, float]]


@dataclass(frozen=True)
class MethodResult:
    """One method's result.

    Attributes
    ----------
    status
        `ok`, `failed` (it was tried), `not available` (it cannot be had for this program) or `skipped`.
    reason
        A sentence, unless the status is `ok`.
    facts
        Numbers about the method as a whole, as they stand in `run.json`.
    estimates
        By Stan name: the numbers of that parameter, as they stand in `run.json`.
    groups
        Groups of `fit.nc`.
    console
        What Stan printed.
    seconds
        Wall time [s].
    """

    status: Status
    reason: str = ""
    facts: Mapping[str, Any] = field(default_factory=dict)
    estimates: Estimates = field(default_factory=dict)
    groups: Mapping[str, xr.Dataset] = field(default_factory=dict)
    console: str = ""
    seconds: float = 0.0

    @property
    def is_ok(self) -> bool:
        """Whether there are estimates to speak of."""
        return self.status == "ok"
