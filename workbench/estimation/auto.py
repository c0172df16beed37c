"""The cheapest adequate method: each is tried only if no cheaper one was accepted.

An approximation is accepted by its own diagnostic: Laplace and Pathfinder by k-hat. A mode alone never is,
because it has no spread. The record says what stopping early spares and what it risks.
"""

from __future__ import annotations

import time
from typing import Any

from workbench.backends import RawRun
from workbench.backends.base import DEFAULT_START
from workbench.estimation.context import FitContext
from workbench.estimation.sampling.laplace import run_laplace
from workbench.estimation.sampling.pathfinder import run_pathfinder
from workbench.estimation.schedule import draw_starts, find_approximation, sample_posterior, time_search
from workbench.methods import RESULTS, Auto, Laplace, Map, Pathfinder
from workbench.results.method_result import MethodResult
from workbench.thresholds import format_beside_limit

_NOT_NEEDED = MethodResult("skipped", "a cheaper method was accepted by its own diagnostic.")
_NOT_IN_AUTO = MethodResult("skipped", "--method auto does not use it.")
"""Results of methods that `auto` did not run."""


def fit_auto(context: FitContext, method: Auto) -> tuple[dict[str, MethodResult], dict[str, Any]]:
    """Return the results up to the first method that is accepted, and the steps for `run.json`.

    Parameters
    ----------
    context
        The context of the fit.
    method
        The settings of the last method, NUTS, and the number of starts of the first.
    """
    results = dict.fromkeys(RESULTS, _NOT_NEEDED) | {"mle": _NOT_IN_AUTO, "map": _NOT_IN_AUTO}
    steps: list[dict[str, Any]] = []
    with context.progress.stage("Finding modes"):
        started = time.monotonic()
        mode, search = time_search(context, Map(jacobian=True, starts=method.starts), Laplace())
        results["map_unconstrained"] = mode
        steps.append(_describe_step("map_unconstrained", False, _describe_mode(mode), started))
        started = time.monotonic()
        results["laplace"] = run_laplace(context, search)
    mode_count = len(mode.facts.get("modes", ()))
    is_accepted, why = _judge_approximation(results["laplace"], mode_count)
    steps.append(_describe_step("laplace", is_accepted, why, started))
    best = find_approximation(search)
    if not is_accepted:
        is_accepted, paths = _try_pathfinder(context, results, steps, mode_count)
        best = _choose_best(results, best, paths)
    entries: dict[str, Any] = {}
    if not is_accepted:
        started = time.monotonic()
        start = DEFAULT_START if best is None else draw_starts(context, best, method.nuts.chains)
        results["nuts"], entries = sample_posterior(context, method.nuts, start, "")
        why = "it is the last method, with diagnostics of its own."
        steps.append(_describe_step("nuts", results["nuts"].is_ok, why, started))
    return results, {"ladder": steps, "ladder_words": _summarise(steps), **entries}


def _try_pathfinder(
    context: FitContext, results: dict[str, MethodResult], steps: list[dict[str, Any]], mode_count: int
) -> tuple[bool, RawRun | None]:
    started = time.monotonic()
    with context.progress.stage("Running Pathfinder"):
        results["pathfinder"], draws = run_pathfinder(context, Pathfinder())
    is_accepted, why = _judge_approximation(results["pathfinder"], mode_count)
    steps.append(_describe_step("pathfinder", is_accepted, why, started))
    return is_accepted, draws


def _choose_best(
    results: dict[str, MethodResult], mode: RawRun | None, paths: RawRun | None
) -> RawRun | None:
    """Return the draws at which chains start: Pathfinder's, unless Laplace's have the smaller k-hat."""
    if mode is None or paths is None:
        return mode if paths is None else paths
    laplace, pathfinder = (
        results[name].facts.get("khat", float("inf")) for name in ("laplace", "pathfinder")
    )
    return mode if laplace <= pathfinder else paths


def _describe_step(method: str, is_accepted: bool, why: str, started: float) -> dict[str, Any]:
    """Return the entry of `run.json` for a method that was tried."""
    seconds = time.monotonic() - started
    return {"method": method, "accepted": is_accepted, "why": why, "seconds": seconds}


def _describe_mode(mode: MethodResult) -> str:
    if not mode.is_ok:
        return mode.reason
    count = len(mode.facts["modes"])
    modes = "one mode" if count == 1 else f"{count} modes"
    return f"{modes} from {len(mode.facts['starts'])} starts: a mode has no spread, so it is not a posterior."


def _judge_approximation(result: MethodResult, mode_count: int) -> tuple[bool, str]:
    """Return whether an approximation is accepted, and why."""
    if not result.is_ok:
        return False, result.reason
    khat, threshold = result.facts["khat"], result.facts["khat_threshold"]
    if mode_count > 1:
        why = f"the density has {mode_count} modes; k-hat ({khat:.2f}) does not tell whether all are covered."
        return False, why
    shown, limit = format_beside_limit(khat, threshold, 2)
    if khat > threshold:
        return False, f"k-hat is {shown}, above {limit}: the draws miss too much of the posterior's tails."
    return True, f"k-hat is {shown}, at most {limit}: importance weights can correct the approximation."


def _summarise(steps: list[dict[str, Any]]) -> str:
    """Say which method was accepted, and what stopping there risks."""
    last = steps[-1]
    seconds = sum(step["seconds"] for step in steps)
    if last["method"] == "nuts":
        return (
            "no cheaper method was accepted, so NUTS ran, started from the best of them. Nothing is risked; "
            f"the cheaper methods took {seconds - last['seconds']:.1f} s."
        )
    names = {"laplace": "the Laplace approximation", "pathfinder": "Pathfinder"}
    return (
        f"{names[last['method']]} was accepted after {seconds:.1f} s, and NUTS was skipped. The risk: k-hat "
        "only sees where draws fall, so a mode that no start reached, or a tail that no draw reached, stays "
        "unseen. R-hat, divergences and E-BFMI, which only chains have, are not there to warn."
    )
