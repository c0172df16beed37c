"""The report of a study (for now its conclusion)."""

from __future__ import annotations

from workbench.report.document import Document, Reason, Tone, Verdict
from workbench.studies import Study


def study_report(study: Study) -> Document:
    """Return what is to be said about a study."""
    found = study.record["conclusion"]
    return Document(
        study.record["model"]["name"],
        "",
        "",
        Verdict(Tone(found["verdict"]), found["sentence"], tuple(Reason(one) for one in found["reasons"])),
        (),
    )
