"""What is measured once for all checks and for the report: entries of `run.json`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import msgspec

from workbench.diagnostics.loo import compute_leave_one_out, explain_missing_loo, measure_loo
from workbench.diagnostics.power_scaling import measure_power_scaling
from workbench.diagnostics.predictive import measure_predictive
from workbench.diagnostics.sampled_loo import estimate_leave_one_out, measure_sampled_loo
from workbench.results import Fit
from workbench.results.view import LooResult, PowerScalingResult, PredictiveResult


@dataclass(frozen=True)
class Measures:
    """What a fit's draws say about its predictions and its priors."""

    loo: LooResult
    predictive: PredictiveResult
    power_scaling: PowerScalingResult

    @property
    def entries(self) -> dict[str, Any]:
        """The measures as `run.json` holds them."""
        return {
            "loo": to_entry(self.loo),
            "predictive": to_entry(self.predictive),
            "power_scaling": to_entry(self.power_scaling),
        }


def measure(fit: Fit) -> Measures:
    """Return what follows from a fit's stored draws."""
    reason = explain_missing_loo(fit)
    left_out = None if reason else compute_leave_one_out(fit)
    sampled = estimate_leave_one_out(fit)
    loo = measure_loo(fit, left_out, reason) if sampled is None else measure_sampled_loo(fit, sampled)
    return Measures(loo, measure_predictive(fit, left_out), measure_power_scaling(fit))


_OMITTED_WHERE_EMPTY = frozenset(
    {
        "reason", "label", "likelihood", "how", "powers", "prior_weight", "prior_rows",
        "sampled", "sampling_se", "wide",
    }
)  # fmt: skip
"""Keys that an entry has only where there is something to say."""

_WITHOUT_RESULT = ("status", "outcomes", "left_out", "reason")
"""Keys of an entry that has no results."""


def to_entry(result: LooResult | PredictiveResult | PowerScalingResult) -> dict[str, Any]:
    """Return a measure as `run.json` holds it."""
    entry = msgspec.to_builtins(result)
    if not result.is_ok:
        entry = {key: entry[key] for key in _WITHOUT_RESULT if key in entry}
    return {key: _omit_empty(value) for key, value in entry.items() if _is_kept(key, value)}


def _omit_empty(value: Any) -> Any:
    if isinstance(value, list | tuple):
        return [_omit_empty(item) for item in value]
    if not isinstance(value, dict):
        return value
    return {
        key: {} if key == "scores" and item is None else _omit_empty(item)
        for key, item in value.items()
        if _is_kept(key, item)
    }


def _is_kept(key: str, value: Any) -> bool:
    return key not in _OMITTED_WHERE_EMPTY or value not in ("", None, {})
