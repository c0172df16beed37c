"""What is measured once for all checks and for the report: entries of `run.json`."""

from __future__ import annotations

from typing import Any

from workbench.diagnostics import loo, power_scaling, predictive
from workbench.results import Fit


def measure(fit: Fit) -> dict[str, Any]:
    """Return the entries that follow from a fit's stored draws."""
    reason = loo.unavailable(fit)
    left = None if reason else loo.leave_one_out(fit)
    return {
        "loo": loo.measured(fit, left, reason),
        "predictive": predictive.measured(fit, left),
        "power_scaling": power_scaling.power_scaling(fit),
    }
