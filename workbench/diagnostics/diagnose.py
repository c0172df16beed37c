"""Examine a run: measure what its draws allow, ask every check, and add the findings up to a verdict."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import msgspec

from workbench.diagnostics.catalogue import CATALOGUE
from workbench.diagnostics.causes import attribute
from workbench.diagnostics.measures import Measures, measure
from workbench.diagnostics.scope import is_about_results, list_unchecked
from workbench.methods import RESULTS
from workbench.results import Fit
from workbench.results.view import CheckResult, DiagnosisResult, Results


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
            "not_checked": list(self.result.not_checked),
            "checks": [msgspec.to_builtins(check) for check in self.result.checks],
        }
        return {**self.measures.entries, "diagnosis": diagnosis}


def diagnose(fit: Fit, on_step: Callable[[str], None] | None = None) -> Examination:
    """Measure what the stored draws allow, and ask every check of the catalogue; Stan does not run.

    Parameters
    ----------
    fit
        A finished fit: the content of `run.json` and of `fit.nc`.
    on_step
        Is told what comes next.
    """
    tell = on_step or _tell_nobody
    tell("predictions and prior sensitivity")
    measures = measure(fit)
    measured = replace(fit, record={**fit.record, **measures.entries})
    results = []
    for number, check in enumerate(CATALOGUE, start=1):
        tell(f"check {number} of {len(CATALOGUE)}")
        results.append(check.examine(measured))
    checks = attribute(results, measured.results)
    return Examination(measures, _reach_verdict(measured.results, checks))


def _tell_nobody(step: str) -> None:
    del step


def _reach_verdict(results: Results, checks: tuple[CheckResult, ...]) -> DiagnosisResult:
    """Return the verdict: the worst severity of all checks.

    It is `fail` without a requested posterior or without any result, and never `ok` if nothing was checked.
    """
    failures = [check.message for check in checks if check.severity == "fail"]
    cautions = [check.message for check in checks if check.severity == "caution"]
    if results.nuts.status in ("failed", "not available"):
        failures.insert(0, f"There is no posterior: {results.nuts.reason}")
    elif without_result := _list_without_result(results):
        message = f"None of the requested results exists: no {', no '.join(without_result)}."
        failures.insert(0, f"{message} The posterior can exist all the same: sample it (--method nuts).")
    if not any(is_about_results(check) for check in checks):
        cautions.append("No check could be made of these results.")
    return DiagnosisResult(
        "fail" if failures else "caution" if cautions else "ok",
        (*failures, *cautions),
        checks,
        list_unchecked(results, checks),
    )


def _list_without_result(results: Results) -> list[str]:
    """Return the phrases of all requested methods where none of them has a result."""
    requested = {key: results.method(key) for key in RESULTS if results.method(key).status != "skipped"}
    if any(result.is_ok for result in requested.values()):
        return []
    return [RESULTS[key].phrase for key in requested]
