"""The verdict: the first thing a reader sees, in plain sentences."""

from __future__ import annotations

from workbench.report import reading
from workbench.report.document import Reason, Tone, Verdict
from workbench.report.fit.check_pages import anchor
from workbench.report.reading import Record

_SENTENCES = {
    "ok": "Nothing speaks against these results.",
    "caution": "These results can be used, with the reservations below.",
    "fail": "Do not rely on these results yet.",
}


def read(record: Record) -> Verdict:
    """Return the verdict of a run, or that it was never examined."""
    diagnosis = reading.part(record, "diagnosis")
    verdict = str(diagnosis.get("verdict", ""))
    if verdict not in _SENTENCES:
        return Verdict(Tone.CAUTION, "This run has not been examined: there is no verdict in `run.json`.")
    return Verdict(Tone(verdict), _SENTENCES[verdict], _reasons(diagnosis))


def _reasons(diagnosis: Record) -> tuple[Reason, ...]:
    """Return the reasons, each with the page of the check that gave it."""
    codes = {one.get("message"): str(one.get("code")) for one in reading.entries(diagnosis, "checks")}
    reasons = [str(reason) for reason in diagnosis.get("reasons") or ()]
    return tuple(_reason(one, codes.get(one, "")) for one in reasons) or _all_clear(diagnosis)


def _reason(text: str, code: str) -> Reason:
    return Reason(text, code, anchor(code)) if anchor(code) else Reason(text)


def _all_clear(diagnosis: Record) -> tuple[Reason, ...]:
    """Return how many checks passed, and what the others found worth a look."""
    checks = reading.entries(diagnosis, "checks")
    statuses = [check.get("status") for check in checks]
    passed = statuses.count("passed")
    asked = sum(status in ("passed", "issue", "tip") for status in statuses)
    tips = [one for one in checks if one.get("status") == "tip"]
    if not asked:
        return ()
    lead = Reason(f"{passed} of the {asked} checks that apply to this run passed.")
    return (lead, *(_reason(str(one.get("message")), str(one.get("code"))) for one in tips))
