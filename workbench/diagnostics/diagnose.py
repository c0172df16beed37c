"""Examine a run: measure what its draws allow, ask every check, and add the findings up to a verdict."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import msgspec

from workbench.diagnostics.catalogue import CATALOGUE
from workbench.diagnostics.measures import Measures, measure
from workbench.results import Fit
from workbench.results.view import CheckResult, DiagnosisResult, NutsResult


@dataclass(frozen=True)
class Examination:
    """What the examination of a run gives.

    Attributes
    ----------
    measures
        What was measured for the checks.
    result
        The verdict, the sentences behind it, and every check.
    """

    measures: Measures
    result: DiagnosisResult

    @property
    def entries(self) -> dict[str, Any]:
        """The entries that it adds to `run.json`."""
        diagnosis = {
            "verdict": self.result.verdict,
            "reasons": list(self.result.reasons),
            "checks": [msgspec.to_builtins(check) for check in self.result.checks],
        }
        return {**self.measures.entries, "diagnosis": diagnosis}


def diagnose(fit: Fit) -> Examination:
    """Measure what the stored draws allow, and ask every check of the catalogue; Stan does not run.

    Parameters
    ----------
    fit
        A finished fit: the content of `run.json` and of `fit.nc`.
    """
    measures = measure(fit)
    measured = replace(fit, record={**fit.record, **measures.entries})
    checks = tuple(check.examine(measured) for check in CATALOGUE)
    return Examination(measures, _reach_verdict(measured.results.nuts, checks))


def _reach_verdict(nuts: NutsResult, checks: tuple[CheckResult, ...]) -> DiagnosisResult:
    """Return the verdict: the worst severity of all checks, and `fail` without a requested posterior."""
    failures = [check.message for check in checks if check.severity == "fail"]
    cautions = [check.message for check in checks if check.severity == "caution"]
    if nuts.status in ("failed", "not available"):
        failures.insert(0, f"There is no posterior: {nuts.reason}")
    reasons = (*failures, *cautions)
    if failures:
        return DiagnosisResult("fail", reasons, checks)
    return DiagnosisResult("caution" if cautions else "ok", reasons, checks)
