"""A run, examined: every check asked, and the verdict they add up to."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Literal

from workbench.diagnostics.catalogue import CATALOGUE
from workbench.diagnostics.check import Check, Finding, Record

Verdict = Literal["ok", "caution", "fail"]


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
    """

    verdict: Verdict
    reasons: tuple[str, ...]
    findings: tuple[tuple[Check, Finding], ...]

    @property
    def record(self) -> dict[str, Any]:
        """The diagnosis as it stands in `run.json`."""
        return {
            "verdict": self.verdict,
            "reasons": list(self.reasons),
            "checks": [_entry(check, finding) for check, finding in self.findings],
        }


def diagnose(record: Record) -> Diagnosis:
    """Ask every check of the catalogue about a run.

    Parameters
    ----------
    record
        The content of `run.json`.
    """
    findings = tuple((check, check.examine(record)) for check in CATALOGUE)
    grave = [found.message for _, found in findings if found.severity == "fail"]
    light = [found.message for _, found in findings if found.severity == "caution"]
    nuts = record["nuts"]
    if nuts["status"] in ("failed", "not available"):
        grave.insert(0, f"There is no posterior: {nuts['reason']}")
    verdict: Verdict = "fail" if grave else "caution" if light else "ok"
    return Diagnosis(verdict, (*grave, *light), findings)


def _entry(check: Check, finding: Finding) -> dict[str, Any]:
    words = {key: one for key, one in asdict(check).items() if key != "examine"}
    return words | asdict(finding)
