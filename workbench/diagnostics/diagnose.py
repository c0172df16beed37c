"""A run, examined: what can be measured on it, every check asked, and the verdict they add up to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal

from workbench.diagnostics.catalogue import CATALOGUE
from workbench.diagnostics.check import Check, Finding
from workbench.diagnostics.measures import measure
from workbench.results import Fit

Verdict = Literal["ok", "caution", "fail"]
_NOT_RECORDED = ("examine", "page")


@dataclass(frozen=True)
class Diagnosis:
    """What all checks found.

    Attributes
    ----------
    verdict
        `fail`: do not use the posterior; `caution`: use it knowing what is said; `ok`: nothing speaks
        against it.
    reasons
        The sentences behind a verdict that is not `ok`; first the gravest.
    findings
        Each check with its finding, in the order of the catalogue.
    measures
        What was measured for the checks on the draws: entries of `run.json`.
    """

    verdict: Verdict
    reasons: tuple[str, ...]
    findings: tuple[tuple[Check, Finding], ...]
    measures: Mapping[str, Any]

    @property
    def record(self) -> dict[str, Any]:
        """The diagnosis as it stands in `run.json`."""
        return {
            "verdict": self.verdict,
            "reasons": list(self.reasons),
            "checks": [_entry(check, finding) for check, finding in self.findings],
        }

    @property
    def entries(self) -> dict[str, Any]:
        """Everything that it adds to `run.json`."""
        return {**self.measures, "diagnosis": self.record}


def diagnose(fit: Fit) -> Diagnosis:
    """Measure what the stored draws allow, and ask every check of the catalogue; nothing runs Stan.

    Parameters
    ----------
    fit
        A finished fit: the content of `run.json` and of `fit.nc`.
    """
    measures = measure(fit)
    known = replace(fit, record={**fit.record, **measures})
    findings = tuple((check, check.examine(known)) for check in CATALOGUE)
    grave = [found.message for _, found in findings if found.severity == "fail"]
    light = [found.message for _, found in findings if found.severity == "caution"]
    nuts = fit.record["nuts"]
    if nuts["status"] in ("failed", "not available"):
        grave.insert(0, f"There is no posterior: {nuts['reason']}")
    verdict: Verdict = "fail" if grave else "caution" if light else "ok"
    return Diagnosis(verdict, (*grave, *light), findings, measures)


def _entry(check: Check, finding: Finding) -> dict[str, Any]:
    words = {key: one for key, one in asdict(check).items() if key not in _NOT_RECORDED}
    return words | asdict(finding)
