"""One check asked about a record, as `diagnose` asks it once everything is measured."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from tests.diagnostics.fits import ABSENT, RECORD, SKIPPED, fit_of
from workbench.diagnostics.catalogue import CATALOGUE
from workbench.diagnostics.check import Finding
from workbench.results import Fit

CHECKS = {check.code: check for check in CATALOGUE}
FAILED: dict[str, Any] = {**RECORD, "nuts": ABSENT, "gaps": {}}
UNASKED: dict[str, Any] = {
    **RECORD,
    **dict.fromkeys(("mle", "map", "map_unconstrained", "laplace", "nuts"), SKIPPED),
    "model": {**RECORD["model"], "proof": {"status": "not available", "reason": "it was not asked for."}},
    "gaps": {},
}


def ask(code: str, record: Mapping[str, Any] | Fit = RECORD, **groups: Mapping[str, np.ndarray]) -> Finding:
    """Return what one check finds."""
    return CHECKS[code].examine(record if isinstance(record, Fit) else fit_of(record, **groups))


def predicted(**changes: Any) -> dict[str, Any]:
    """Return a record with one healthy outcome, changed."""
    outcome = {
        "name": "y",
        "kind": "continuous",
        "observations": 100,
        "statistics": [statistic("mean", 0.5), statistic("max", 0.3)],
        "pit": {"source": "loo", "uniform_p": 0.4},
        "coverage": [{"level": 0.9, "observed": 0.91, "p_value": 0.8}],
        "scores": {},
        "dispersion": None,
        **changes,
    }
    return {**RECORD, "predictive": {"status": "ok", "outcomes": [outcome]}}


UNPREDICTED: dict[str, Any] = {
    **RECORD,
    "predictive": {"status": "not available", "reason": "`y` is a mixture.", "outcomes": []},
}


def statistic(name: str, p_value: float) -> dict[str, Any]:
    return {"name": name, "observed": 7.0, "p_value": p_value, "lower": 1.0, "upper": 5.0}


def left_out(**changes: Any) -> dict[str, Any]:
    """Return a record whose leave-one-out is reliable, changed."""
    rows = [{"row": 3, "label": "Ann", "khat": 0.4, "elpd": -2.0}]
    entry = {"status": "ok", "bad": 0, "observations": 8, "khat_max": 0.4, "khat_limit": 0.7, "rows": rows}
    return {**RECORD, "loo": {**entry, **changes}}


def scaled(**sensitivity: Any) -> dict[str, Any]:
    """Return a record with the power-scaling of `mu`."""
    one = {"prior": 0.01, "likelihood": 0.1, "diagnosis": "", **sensitivity}
    return {**RECORD, "power_scaling": {"status": "ok", "parameters": {"mu": one, "y_rep[1]": one}}}
