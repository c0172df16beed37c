"""The k-hat of an approximation of the posterior, compared with its limit."""

from __future__ import annotations

from workbench.diagnostics.check import Finding
from workbench.results import Fit
from workbench.results.view import LaplaceResult, NutsResult, PathfinderResult
from workbench.thresholds import format_beside_limit, khat_limit

ASSUMED_DRAWS = 1000
"""Draws assumed where an older run does not record their number."""


def assess_approximation(fit: Fit, result: LaplaceResult | PathfinderResult, name: str) -> Finding:
    """Return whether an approximation can stand in for the posterior.

    Where it cannot, this is a tip beside posterior draws, and a caution where there are none.

    Parameters
    ----------
    fit
        The run.
    result
        The result of the approximation.
    name
        What it is called in a sentence, such as `Laplace approximation`.
    """
    if result.status == "skipped":
        return Finding("skipped", f"No {name} was requested.")
    if not result.is_ok:
        return _object(fit, f"There is no {name}: {result.reason.removeprefix(_REPEATED)}")
    khat, limit = result.khat, khat_limit(result.draws or ASSUMED_DRAWS)
    if khat is None:
        message = f"The {name} is far from the posterior: its k-hat is not finite, above {limit:.2f}."
        return _object(fit, message)
    shown, shown_limit = format_beside_limit(khat, limit, 2)
    if khat > limit:
        message = f"The {name} is far from the posterior: its k-hat is {shown}, above {shown_limit}."
        return _object(fit, message, khat)
    return Finding("passed", f"The k-hat of the {name} is {shown}, below {shown_limit}.", khat)


def _object(fit: Fit, message: str, khat: float | None = None) -> Finding:
    """Return the finding that an approximation cannot be used; its weight depends on what else there is."""
    nuts = fit.results.nuts
    if nuts.is_ok:
        return Finding("tip", message, khat)
    return Finding("issue", message, khat, "caution", advise_sampling(nuts))


_REPEATED = "there is no normal approximation: "
"""How older runs begin the reason why there is no Laplace approximation."""


def advise_sampling(nuts: NutsResult) -> str:
    """Return what to do where posterior draws would help, but there are none."""
    if nuts.status == "skipped":
        return "Sample the posterior (--method nuts): it can exist where a mode or an approximation does not."
    return "First remove what kept NUTS from sampling: the posterior would stand in."
