"""Records that a check reads, and one check asked about them, as `diagnose` does it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from tests.diagnostics.fits import ABSENT, RECORD, SKIPPED, make_fit
from workbench.diagnostics.catalogue import CATALOGUE
from workbench.results import Fit
from workbench.results.view import CheckResult

CHECKS = {check.code: check for check in CATALOGUE}

FAILED: dict[str, Any] = {**RECORD, "nuts": ABSENT, "gaps": {}}
"""A run whose sampler failed."""

UNREQUESTED: dict[str, Any] = {
    **RECORD,
    **dict.fromkeys(("mle", "map", "map_unconstrained", "laplace", "nuts"), SKIPPED),
    "model": {**RECORD["model"], "proof": {"status": "not available", "reason": "it was not requested."}},
    "gaps": {},
}
"""A run that no method was requested of."""

NO_PARAMETERS: dict[str, Any] = {
    **RECORD,
    "nuts": {"status": "ok", "chains": 4, "draws": 1000, "warmup": 0, "estimates": {}},
    "gaps": {},
}
"""A run of a program without parameters."""

NO_REPLICATES: dict[str, Any] = {
    **RECORD,
    "predictive": {"status": "not available", "reason": "`y` is a mixture.", "outcomes": []},
}
"""A run whose outcome has no replicates."""


def examine(
    code: str, record: Mapping[str, Any] | Fit = RECORD, **groups: Mapping[str, np.ndarray]
) -> CheckResult:
    """Return what one check finds."""
    return CHECKS[code].examine(record if isinstance(record, Fit) else make_fit(record, **groups))


def with_outcome(**changes: Any) -> dict[str, Any]:
    """Return a record with one healthy outcome, changed."""
    outcome = {
        "name": "y",
        "kind": "continuous",
        "observations": 100,
        "statistics": [make_statistic("mean", 0.5), make_statistic("max", 0.3)],
        "pit": {"source": "loo", "uniform_p": 0.4},
        "coverage": [{"level": 0.9, "observed": 0.91, "p_value": 0.8}],
        "scores": {},
        "dispersion": None,
        **changes,
    }
    return {**RECORD, "predictive": {"status": "ok", "outcomes": [outcome]}}


def make_statistic(name: str, p_value: float) -> dict[str, Any]:
    return {"name": name, "observed": 7.0, "p_value": p_value, "lower": 1.0, "upper": 5.0}


def with_loo(**changes: Any) -> dict[str, Any]:
    """Return a record whose leave-one-out is reliable, changed."""
    rows = [{"row": 3, "label": "Ann", "khat": 0.4, "elpd": -2.0}]
    entry = {"status": "ok", "bad": 0, "observations": 8, "khat_max": 0.4, "khat_limit": 0.7, "rows": rows}
    return {**RECORD, "loo": {**entry, **changes}}


def with_sensitivity(**changes: Any) -> dict[str, Any]:
    """Return a record with the power-scaling of `mu`."""
    sensitivity = {"prior": 0.01, "likelihood": 0.1, "diagnosis": "", **changes}
    parameters = {"mu": sensitivity, "y_rep[1]": sensitivity}
    return {**RECORD, "power_scaling": {"status": "ok", "parameters": parameters}}
