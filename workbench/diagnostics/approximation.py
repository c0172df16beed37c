"""The k-hat of an approximation of the posterior, compared with its limit."""

from __future__ import annotations

from workbench.diagnostics.check import Finding
from workbench.results.view import LaplaceResult, PathfinderResult
from workbench.thresholds import format_beside_limit, khat_limit

ASSUMED_DRAWS = 1000
"""Draws assumed where an older run does not record their number."""


def assess_approximation(result: LaplaceResult | PathfinderResult, name: str) -> Finding:
    """Return whether an approximation can stand in for the posterior.

    Parameters
    ----------
    result
        Its result.
    name
        What it is called in a sentence, such as `Laplace approximation`.
    """
    if result.status == "skipped":
        return Finding("skipped", f"No {name} was requested.")
    if not result.is_ok:
        return Finding("tip", f"There is no {name}: {result.reason}")
    khat, limit = result.khat, khat_limit(result.draws or ASSUMED_DRAWS)
    if khat is None:
        message = f"The {name} is far from the posterior: its k-hat is not finite, above {limit:.2f}."
        return Finding("tip", message)
    shown, shown_limit = format_beside_limit(khat, limit, 2)
    if khat > limit:
        message = f"The {name} is far from the posterior: its k-hat is {shown}, above {shown_limit}."
        return Finding("tip", message, khat)
    return Finding("passed", f"The k-hat of the {name} is {shown}, below {shown_limit}.", khat)
