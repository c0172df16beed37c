"""What is measured once for all checks and for the report: entries of `run.json`."""

from __future__ import annotations

from typing import Any

from workbench.diagnostics import loo
from workbench.estimation import Fit


def measure(fit: Fit) -> dict[str, Any]:
    """Return the entries that follow from a fit's stored draws."""
    return {"loo": loo.measured(fit)}
