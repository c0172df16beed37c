"""NUTS with retries: which settings to change when its diagnostics fail, and another attempt with them.

References
----------
Vehtari, Gelman, Simpson, Carpenter and Bürkner (2021), Bayesian Analysis 16(2), doi:10.1214/20-BA1221: R-hat
and ESS. Betancourt (2017), A conceptual introduction to Hamiltonian Monte Carlo, arXiv:1701.02434:
divergences, saturated trees, E-BFMI.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np

from workbench.backends import Start
from workbench.estimation.context import FitContext
from workbench.estimation.sampling.nuts import run_nuts
from workbench.methods import Nuts
from workbench.results.method_result import MethodResult
from workbench.thresholds import EBFMI_LIMIT, ESS_PER_CHAIN, RHAT_LIMIT, format_beside_limit

ADAPT_DELTAS = (0.9, 0.95, 0.99, 0.999)
"""Target acceptance statistics to try in turn: each about halves the step size. Ours."""

_MOST_DENSE = 500
"""Unconstrained dimensions up to which a dense metric is tried: its cost grows with their square. Ours."""

_DEEPER = 2
"""By how much the maximum tree depth is raised: trajectories four times as long. Ours."""

_DEEPEST = 15
"""Tree depth up to which it is raised: 32,768 steps. Ours."""


@dataclass(frozen=True)
class Recommendation:
    """A change of the settings that a diagnostic calls for.

    Attributes
    ----------
    reason
        What the diagnostic found.
    advice
        What to do, with the option of the command line.
    changes
        The settings of NUTS to change.
    """

    reason: str
    advice: str
    changes: dict[str, Any]


def recommend_changes(result: MethodResult, method: Nuts) -> tuple[Recommendation, ...]:
    """Return what the diagnostics of a result of NUTS call for; nothing if they pass."""
    if not result.is_ok or "divergences" not in result.facts:
        return ()
    recommendations = (
        _check_divergences(result, method),
        _check_tree_depth(result, method),
        _check_energy(result, method),
        _check_mixing(result, method),
    )
    return tuple(recommendation for recommendation in recommendations if recommendation is not None)


def run_nuts_with_retries(
    context: FitContext, method: Nuts, start: Start
) -> tuple[MethodResult, tuple[dict[str, Any], ...]]:
    """Run NUTS, again with changed settings as long as diagnostics fail and retries remain.

    Returns the best attempt and, if there were several, the entry of each in `run.json`.

    Parameters
    ----------
    context
        The context of the fit.
    method
        The first settings; `retry` is the largest number of further attempts.
    start
        Where chains start.
    """
    attempts: list[tuple[MethodResult, Nuts]] = []
    settings = method
    for number in range(method.retry + 1):
        result = run_nuts(context, settings, start, attempt=number)
        attempts.append((result, settings))
        changes: dict[str, Any] = {}
        for recommendation in recommend_changes(result, settings):
            changes |= recommendation.changes
        if not changes:
            break
        settings = replace(settings, **changes)
    best = min(range(len(attempts)), key=lambda number: _rank(attempts[number][0]))
    result = _with_advice(*attempts[best])
    if len(attempts) == 1:
        return result, ()
    return result, tuple(
        _describe_attempt(number, *attempt, is_kept=best == number) for number, attempt in enumerate(attempts)
    )


def _check_divergences(result: MethodResult, method: Nuts) -> Recommendation | None:
    count = result.facts["divergences"]
    if not count:
        return None
    higher = next((delta for delta in ADAPT_DELTAS if delta > method.adapt_delta), None)
    reason = f"{count} transitions diverged: the step size is too large where the posterior is narrowest"
    if higher is None:
        advice = "reparameterise: non-centred group effects, or a narrower prior on their scale"
        return Recommendation(reason, advice, {})
    advice = (
        f"smaller steps: --adapt-delta {higher:g}; if transitions still diverge, reparameterise (non-centred "
        "effects)"
    )
    return Recommendation(reason, advice, {"adapt_delta": higher})


def _check_tree_depth(result: MethodResult, method: Nuts) -> Recommendation | None:
    count = result.facts["max_treedepth_hits"]
    if not count:
        return None
    reason = f"{count} trajectories were cut off at 2^{method.max_treedepth} steps"
    richer = _find_richer_metric(result, method)
    if richer:
        advice = f"a metric that adapts to correlations: --metric {richer}; or predictors on one scale"
        return Recommendation(reason, advice, {"metric": richer})
    deeper = min(method.max_treedepth + _DEEPER, _DEEPEST)
    if deeper <= method.max_treedepth:
        return Recommendation(reason, "reparameterise, or put the predictors on one scale", {})
    return Recommendation(reason, f"longer trajectories: --max-treedepth {deeper}", {"max_treedepth": deeper})


def _find_richer_metric(result: MethodResult, method: Nuts) -> str:
    """Return a metric that adapts to correlations where the sampler's does not; empty if there is none."""
    if method.metric != "diag":
        return ""
    if method.sampler == "nutpie":
        return "low_rank"
    metric = result.groups.get("adaptation")
    return "dense" if metric is not None and len(metric["unconstrained"]) <= _MOST_DENSE else ""


def _check_energy(result: MethodResult, method: Nuts) -> Recommendation | None:
    lowest = min(result.facts["ebfmi"], default=1.0)
    if not lowest < EBFMI_LIMIT:
        return None
    reason = f"E-BFMI is {lowest:.2f}: chains explore the energy too slowly, as in heavy tails or funnels"
    longer = _lengthen_warmup(method)
    return Recommendation(
        reason, f"a longer warm-up: --warmup {longer}; or reparameterise", {"warmup": longer}
    )


def _check_mixing(result: MethodResult, method: Nuts) -> Recommendation | None:
    rhat, ess = _find_worst(result)
    needed = ESS_PER_CHAIN * method.chains
    if rhat <= RHAT_LIMIT and ess >= needed:
        return None
    more = 2 * method.draws
    largest, _ = format_beside_limit(rhat, RHAT_LIMIT, 3)
    smallest, _ = format_beside_limit(ess, needed, 0)
    reason = f"the largest R-hat is {largest}, and the smallest ESS {smallest} of {needed} needed"
    if rhat <= RHAT_LIMIT:
        further = "" if method.sampler == "nutpie" else ", or `workbench continue`"
        return Recommendation(reason, f"more draws: --draws {more}{further}", {"draws": more})
    longer = _lengthen_warmup(method)
    advice = f"more draws and a longer warm-up: --draws {more} --warmup {longer}"
    return Recommendation(reason, advice, {"draws": more, "warmup": longer})


def _lengthen_warmup(method: Nuts) -> int:
    """Return twice the warm-up, and at least the default: twice none is none."""
    return max(2 * method.warmup, Nuts().warmup)


def _find_worst(result: MethodResult) -> tuple[float, float]:
    """Return the largest R-hat, and the smallest bulk or tail ESS."""
    rhats = [numbers.get("rhat", np.nan) for numbers in result.estimates.values()]
    sizes = [
        numbers.get(key, np.nan) for numbers in result.estimates.values() for key in ("ess_bulk", "ess_tail")
    ]
    return (
        max((rhat for rhat in rhats if np.isfinite(rhat)), default=1.0),
        min((size for size in sizes if np.isfinite(size)), default=np.inf),
    )


def _rank(result: MethodResult) -> tuple[float, ...]:
    """Return what makes one attempt worse than another, the most serious first."""
    if not result.is_ok:
        return (np.inf,)
    rhat, ess = _find_worst(result)
    share = result.facts.get("divergences", 0) / max(1, result.facts["draws"] * result.facts["chains"])
    return (float(rhat > RHAT_LIMIT), share, rhat, -ess)


def _with_advice(result: MethodResult, settings: Nuts) -> MethodResult:
    if not result.is_ok:
        return result
    advice = [
        {"reason": recommendation.reason, "words": recommendation.advice}
        for recommendation in recommend_changes(result, settings)
    ]
    return replace(result, facts={**result.facts, "advice": advice})


def _describe_attempt(number: int, result: MethodResult, settings: Nuts, *, is_kept: bool) -> dict[str, Any]:
    rhat, ess = _find_worst(result)
    recommendations = recommend_changes(result, settings)
    reasons = "; ".join(recommendation.reason for recommendation in recommendations)
    finding = (reasons or "its diagnostics pass") if result.is_ok else result.reason
    return {
        "number": number + 1,
        "settings": asdict(settings),
        "status": result.status,
        "divergences": result.facts.get("divergences"),
        "rhat_max": rhat,
        "ess_min": ess,
        "seconds": result.seconds,
        "advice": [recommendation.advice for recommendation in recommendations],
        "kept": is_kept,
        "words": f"{finding}{' (kept)' if is_kept else ''}",
    }
