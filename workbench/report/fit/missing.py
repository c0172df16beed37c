"""Why a method has no results, in full and in few words."""

from __future__ import annotations

from workbench.methods import RESULTS
from workbench.results.no_mode import shorten_reason
from workbench.results.view import Results

_NOUNS = {
    "mle": "maximum-likelihood estimate",
    "map": "joint mode",
    "map_unconstrained": "mode on the unconstrained scale",
    "laplace": "Laplace approximation",
    "pathfinder": "Pathfinder approximation",
}
"""What is missing where a method has no result."""


def explain_missing(results: Results, key: str) -> str | None:
    """Return why a method has no results, as a sentence; `None` where it has some or runs only on request."""
    result = results.method(key)
    if result.is_ok or (result.status == "skipped" and not RESULTS[key].is_default):
        return None
    reason = result.reason.strip() or "no reason was recorded."
    return f"{RESULTS[key].title}: {result.status}. {reason[:1].upper()}{reason[1:]}"


def describe_missing_modes(results: Results) -> str:
    """Return which modes and which approximation were not found and why, in a sentence; empty if all were."""
    reasons: dict[str, list[str]] = {}
    for key, noun in _NOUNS.items():
        result = results.method(key)
        if result.status not in ("ok", "skipped"):
            needs_mode = key == "laplace" and not results.map_unconstrained.is_ok
            reason = results.map_unconstrained.reason if needs_mode else result.reason
            reasons.setdefault(shorten_reason(reason), []).append(noun)
    if not reasons:
        return ""
    clauses = [f"no {', no '.join(missing)}: {reason}" for reason, missing in reasons.items()]
    remedy = "; use the posterior" if results.nuts.is_ok and not results.has_failed_checks else ""
    sentence = f"{'; '.join(clauses)}{remedy}."
    return f"{sentence[:1].upper()}{sentence[1:]}"
