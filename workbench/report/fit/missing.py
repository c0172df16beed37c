"""Why a method has no results."""

from __future__ import annotations

from workbench.methods import RESULTS
from workbench.results.view import Results


def explain_missing(results: Results, key: str) -> str | None:
    """Return why a method has no results, as a sentence; `None` where it has some or runs only on request."""
    result = results.method(key)
    if result.is_ok or (result.status == "skipped" and not RESULTS[key].is_default):
        return None
    reason = result.reason.strip() or "no reason was recorded."
    return f"{RESULTS[key].title}: {result.status}. {reason[:1].upper()}{reason[1:]}"
