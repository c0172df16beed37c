"""The cheapest adequate method: each rung is climbed only if the one below it did not bear.

A rung bears where its own diagnostic says so: Laplace and Pathfinder by their k-hat. A mode alone never does:
it has no spread. What is risked by stopping early is said beside what is saved.
"""

from __future__ import annotations

import time
from typing import Any

from workbench.backends import RawRun
from workbench.backends.base import ANYWHERE
from workbench.estimation.context import FitContext
from workbench.estimation.optimum.map import find_map as posterior_mode
from workbench.estimation.sampling import laplace, pathfinder
from workbench.estimation.schedule import METHOD_KEYS, draw_starts, sample_posterior
from workbench.methods import Auto, Laplace, Map, Pathfinder
from workbench.results.method_result import MethodResult
from workbench.thresholds import format_beside_limit

_ABOVE = MethodResult("skipped", "a cheaper method was accepted by its own diagnostic.")
_ASIDE = MethodResult("skipped", "it is no rung of the ladder of --method auto.")


def fit_auto(setting: FitContext, method: Auto) -> tuple[dict[str, MethodResult], dict[str, Any]]:
    """Return the parts of a fit up to the first method that is accepted, and the ladder as `run.json` has it.

    Parameters
    ----------
    setting
        Where the fit is worked out.
    method
        The settings of the last rung, and from how many points the first climbs.
    """
    parts: dict[str, MethodResult] = dict.fromkeys(METHOD_KEYS, _ABOVE) | {"mle": _ASIDE, "map": _ASIDE}
    rungs: list[dict[str, Any]] = []
    with setting.progress.stage("Finding modes"):
        started = time.monotonic()
        parts["map_unconstrained"], found = posterior_mode(
            setting, Map(jacobian=True, starts=method.starts), Laplace()
        )
        rungs.append(_rung("map_unconstrained", False, _of_mode(parts["map_unconstrained"]), started))
        started = time.monotonic()
        parts["laplace"] = laplace.run_laplace(setting, found)
    modes = len(parts["map_unconstrained"].facts.get("modes", ()))
    is_fine, why = _of_khat(parts["laplace"], modes)
    rungs.append(_rung("laplace", is_fine, why, started))
    best = None if found is None or found.problem else found.best.approximation or found.best.run
    if not is_fine:
        is_fine, better = _pathfinder(setting, parts, rungs, modes)
        best = _better(parts, best, better)
    entries: dict[str, Any] = {}
    if not is_fine:
        started = time.monotonic()
        start = draw_starts(setting, best, method.nuts.chains) if best is not None else ANYWHERE
        parts["nuts"], entries = sample_posterior(setting, method.nuts, start, "")
        why = "the last rung: judged by its own diagnostics below."
        rungs.append(_rung("nuts", parts["nuts"].is_ok, why, started))
    return parts, {"ladder": rungs, "ladder_words": _words(rungs), **entries}


def _pathfinder(
    setting: FitContext, parts: dict[str, MethodResult], rungs: list[dict[str, Any]], modes: int
) -> tuple[bool, RawRun | None]:
    started = time.monotonic()
    with setting.progress.stage("Running Pathfinder"):
        parts["pathfinder"], drawn = pathfinder.run_pathfinder(setting, Pathfinder())
    is_fine, why = _of_khat(parts["pathfinder"], modes)
    rungs.append(_rung("pathfinder", is_fine, why, started))
    return is_fine, drawn


def _better(parts: dict[str, MethodResult], mode: RawRun | None, paths: RawRun | None) -> RawRun | None:
    """Return the draws for chains to start at: Pathfinder's, unless Laplace's have the smaller k-hat."""
    if mode is None or paths is None:
        return mode if paths is None else paths
    khats = [parts[name].facts.get("khat", float("inf")) for name in ("laplace", "pathfinder")]
    return mode if khats[0] <= khats[1] else paths


def _rung(method: str, is_accepted: bool, why: str, started: float) -> dict[str, Any]:
    seconds = time.monotonic() - started
    return {"method": method, "accepted": is_accepted, "why": why, "seconds": seconds}


def _of_mode(part: MethodResult) -> str:
    if not part.is_ok:
        return part.reason
    count = len(part.facts["modes"])
    modes = "one mode" if count == 1 else f"{count} modes"
    return f"{modes} from {len(part.facts['starts'])} starts; a mode has no spread, so it is no posterior."


def _of_khat(part: MethodResult, modes: int) -> tuple[bool, str]:
    """Return whether an approximation is accepted, and why."""
    if not part.is_ok:
        return False, part.reason
    khat, most = part.facts["khat"], part.facts["khat_threshold"]
    if modes > 1:
        return (
            False,
            f"the density has {modes} modes, and k-hat ({khat:.2f}) sees only the one it is taken around.",
        )
    shown, limit = format_beside_limit(khat, most, 2)
    if khat > most:
        return False, f"k-hat is {shown}, above {limit}: the draws miss too much of the posterior's tails."
    return True, f"k-hat is {shown}, at most {limit}: importance weights correct what is missing."


def _words(rungs: list[dict[str, Any]]) -> str:
    """Say what was saved and what was risked."""
    last = rungs[-1]
    spent = sum(rung["seconds"] for rung in rungs)
    if last["method"] == "nuts":
        return (
            f"no cheaper method was accepted, so NUTS ran, started from the best of them: nothing was saved "
            f"or risked, and {spent - last['seconds']:.1f} s were spent on the way."
        )
    names = {"laplace": "the Laplace approximation", "pathfinder": "Pathfinder"}
    return (
        f"{names[last['method']]} was accepted after {spent:.1f} s, and NUTS was saved. Risked: k-hat sees "
        "only where its draws fall, so a mode that no start reached, or a tail that no draw met, is unseen; "
        "and R-hat, divergences and E-BFMI, which only chains have, are not there to warn."
    )
