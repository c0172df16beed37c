"""What to change when a sampler's own diagnostics fail, and a try with it.

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
from workbench.estimation.sampling import nuts
from workbench.methods import Nuts
from workbench.results.method_result import MethodResult
from workbench.thresholds import EBFMI_LIMIT, ESS_PER_CHAIN, RHAT_LIMIT, format_beside_limit

ADAPT_DELTAS = (0.9, 0.95, 0.99, 0.999)
"""Target acceptance statistics to try in turn: each halves the step size or so."""

_MOST_DENSE = 500
_DEEPER = 2
_DEEPEST = 15


@dataclass(frozen=True)
class Recommendation:
    """One change of the settings.

    Attributes
    ----------
    reason
        What the diagnostics say.
    words
        What to do, with the option of the command line.
    changes
        The settings of NUTS to change.
    """

    reason: str
    words: str
    changes: dict[str, Any]


def recommend_changes(part: MethodResult, method: Nuts) -> tuple[Recommendation, ...]:
    """Return what the diagnostics of sampled chains ask for; nothing where they have no objection."""
    if not part.is_ok or "divergences" not in part.facts:
        return ()
    found = (_of_divergences(part, method), _of_depth(part, method), _of_energy(part, method))
    return tuple(one for one in (*found, _of_mixing(part, method)) if one is not None)


def run_nuts_with_retries(
    setting: FitContext, method: Nuts, start: Start
) -> tuple[MethodResult, tuple[dict[str, Any], ...]]:
    """Sample, and try again as advised while that is allowed; return the best try, and all of them.

    Parameters
    ----------
    setting
        Where the fit is worked out.
    method
        The first settings; `retry` says how many more tries there may be.
    start
        Where chains begin.
    """
    tries: list[tuple[MethodResult, Nuts]] = []
    asked = method
    for number in range(method.retry + 1):
        part = nuts.run_nuts(setting, asked, start, attempt=number)
        tries.append((part, asked))
        advice = recommend_changes(part, asked)
        if not advice:
            break
        changes = {key: value for one in advice for key, value in one.changes.items()}
        if number == method.retry or not changes:
            break
        asked = replace(asked, **changes)
    best = min(range(len(tries)), key=lambda number: _badness(tries[number][0]))
    part, settings = tries[best]
    words = [{"reason": one.reason, "words": one.words} for one in recommend_changes(part, settings)]
    part = replace(part, facts={**part.facts, "advice": words} if part.is_ok else part.facts)
    if len(tries) == 1:
        return part, ()
    return part, tuple(_entry(number, one, best == number) for number, one in enumerate(tries))


def _of_divergences(part: MethodResult, method: Nuts) -> Recommendation | None:
    count = part.facts["divergences"]
    if not count:
        return None
    higher = next((delta for delta in ADAPT_DELTAS if delta > method.adapt_delta), None)
    reason = (
        f"{count} transitions diverged: the step size is too large for the narrowest part of the posterior"
    )
    if higher is None:
        words = "reparameterise: non-centred group effects, or a narrower prior of their scale"
        return Recommendation(reason, words, {})
    words = (
        f"smaller steps: --adapt-delta {higher:g}; if divergences stay, reparameterise (non-centred effects)"
    )
    return Recommendation(reason, words, {"adapt_delta": higher})


def _of_depth(part: MethodResult, method: Nuts) -> Recommendation | None:
    count = part.facts["max_treedepth_hits"]
    if not count:
        return None
    reason = f"{count} trajectories were cut off at 2^{method.max_treedepth} steps"
    size = len(part.groups["adaptation"]["unconstrained"]) if "adaptation" in part.groups else _MOST_DENSE + 1
    if method.metric == "diag" and size <= _MOST_DENSE:
        words = "a metric that knows correlations: --metric dense; or bring predictors to one scale"
        return Recommendation(reason, words, {"metric": "dense"})
    deeper = min(method.max_treedepth + _DEEPER, _DEEPEST)
    changes = {"max_treedepth": deeper} if deeper > method.max_treedepth else {}
    return Recommendation(reason, f"longer trajectories: --max-treedepth {deeper}", changes)


def _of_energy(part: MethodResult, method: Nuts) -> Recommendation | None:
    worst = min(part.facts["ebfmi"], default=1.0)
    if not worst < EBFMI_LIMIT:
        return None
    reason = f"E-BFMI is {worst:.2f}: chains explore the energy too slowly, as in heavy tails or funnels"
    longer = 2 * method.warmup
    return Recommendation(
        reason, f"a longer warm-up, --warmup {longer}, or reparameterise", {"warmup": longer}
    )


def _of_mixing(part: MethodResult, method: Nuts) -> Recommendation | None:
    rhat, ess = _worst(part)
    enough = ESS_PER_CHAIN * method.chains
    if rhat <= RHAT_LIMIT and ess >= enough:
        return None
    draws = 2 * method.draws
    (worst, _), (fewest, _) = format_beside_limit(rhat, RHAT_LIMIT, 3), format_beside_limit(ess, enough, 0)
    reason = f"the worst R-hat is {worst} and the smallest ESS {fewest}, where {enough} are wanted"
    if rhat <= RHAT_LIMIT:
        return Recommendation(
            reason, f"more draws: --draws {draws}, or `workbench continue`", {"draws": draws}
        )
    words = f"more draws and a longer warm-up: --draws {draws} --warmup {2 * method.warmup}"
    return Recommendation(reason, words, {"draws": draws, "warmup": 2 * method.warmup})


def _worst(part: MethodResult) -> tuple[float, float]:
    """Return the largest R-hat, and the smallest bulk or tail ESS."""
    every = list(part.estimates.values())
    rhats = [one["rhat"] for one in every if np.isfinite(one.get("rhat", np.nan))]
    sizes = [
        one[key] for one in every for key in ("ess_bulk", "ess_tail") if np.isfinite(one.get(key, np.nan))
    ]
    return max(rhats, default=1.0), min(sizes, default=np.inf)


def _badness(part: MethodResult) -> tuple[float, ...]:
    """Return what makes one try worse than another, the gravest first."""
    if not part.is_ok:
        return (np.inf,)
    rhat, ess = _worst(part)
    share = part.facts.get("divergences", 0) / max(1, part.facts["draws"] * part.facts["chains"])
    return (float(rhat > RHAT_LIMIT), share, rhat, -ess)


def _entry(number: int, one: tuple[MethodResult, Nuts], is_kept: bool) -> dict[str, Any]:
    part, settings = one
    rhat, ess = _worst(part)
    advice = recommend_changes(part, settings)
    found = "; ".join(item.reason for item in advice) or "its diagnostics have no objection"
    said = part.reason if not part.is_ok else found
    return {
        "number": number + 1,
        "settings": asdict(settings),
        "status": part.status,
        "divergences": part.facts.get("divergences"),
        "rhat_max": rhat,
        "ess_min": ess,
        "seconds": part.seconds,
        "advice": [item.words for item in advice],
        "kept": is_kept,
        "words": f"{said}{' (kept)' if is_kept else ''}",
    }
