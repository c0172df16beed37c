"""Why a method has no results."""

from __future__ import annotations

from workbench.report.reading import METHOD_TITLES
from workbench.results.view import Results

_ON_REQUEST = ("pathfinder",)
"""Methods that run only on request: that they were skipped needs no explanation."""


def explain_missing(results: Results, key: str) -> str | None:
    """Return why a method has no results, as a sentence; `None` where it has some or was not requested."""
    result = results.method(key)
    if result.is_ok or (key in _ON_REQUEST and result.status == "skipped"):
        return None
    reason = result.reason.strip() or "no reason was recorded."
    return f"{METHOD_TITLES[key]}: {result.status}. {reason[:1].upper()}{reason[1:]}"
