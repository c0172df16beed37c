"""What a program alone shows before it is compiled: parameters without a prior, and ranges not declared."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from workbench.diagnostics.checks import wb604_flat_priors, wb605_declared_ranges
from workbench.request import FitRequest
from workbench.results import Fit
from workbench.results.record import describe_program

if TYPE_CHECKING:
    import xarray as xr

_CHECKS = (wb604_flat_priors.CHECK, wb605_declared_ranges.CHECK)
"""Checks that look at the program and the sizes of its data alone."""


def list_program_tips(request: FitRequest) -> tuple[str, ...]:
    """Return what these checks will find, each with its remedy."""
    fit = Fit({"model": describe_program(request)}, cast("xr.DataTree", None))
    findings = [check.examine(fit) for check in _CHECKS]
    return tuple(f"{found.message} {found.advice}" for found in findings if found.status == "tip")
