"""What a study comes to, in sentences: how far the conclusions depend on the prior."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from workbench.thresholds import KHAT_LIMIT, RHAT_LIMIT, SHIFT_LIMIT

MEANS = {"nuts": "posterior mean", "laplace": "Laplace mean", "map": "MAP"}
"""What is compared, by the method that leads."""

_MOST_RANGES = 3  # beyond it the report's table says more than a sentence
_SAME = 1e-10  # share of the mean that is rounding


def conclude(
    study: Mapping[str, Any], rows: Sequence[Mapping[str, Any]], sds: Mapping[str, float]
) -> dict[str, Any]:
    """Return the verdict (`ok`, `caution` or `fail`), its sentence and the reasons.

    Parameters
    ----------
    study
        The content of `study.json` so far.
    rows
        The outcomes.
    sds
        Posterior SDs of the base fit, by quantity.
    """
    methods = study["plan"]["methods"]
    method = next(one for one in MEANS if one in methods)
    moves = largest_moves(rows, method, sds)
    on_fits = [
        *_about_base(study["base"]),
        *_about_refits(study["points"]),
        *_about_failures(study),
        *_about_modes(rows, method),
    ]
    on_priors = [
        *_about_decisions(study),
        *_about_moves(moves, MEANS[method]),
        *_about_scaling(study["power_scaling"]),
    ]
    reasons = [*on_fits, *on_priors]
    cautious = [words for is_caution, words in reasons if is_caution]
    calm = [words for is_caution, words in reasons if not is_caution]
    nothing = study["fits"]["failed"] == study["fits"]["points"] and "nuts" in study["plan"]["methods"]
    verdict = "fail" if nothing else "caution" if cautious else "ok"
    depends = any(is_caution for is_caution, _ in on_priors)
    return {
        "verdict": verdict,
        "sentence": _sentence(verdict, depends, has_other_priors=len(_about_prior(study["points"])) > 1),
        "reasons": [*cautious, *calm, _economy(study["fits"])],
        "moves": moves,
    }


def _sentence(verdict: str, depends: bool, *, has_other_priors: bool) -> str:
    if verdict == "fail":
        return "No point of this study could be fitted."
    if depends:
        return "Some conclusions depend on the prior: say which prior was used, and why."
    if verdict == "caution":
        return "No conclusion was seen to depend on the prior, but some of the fits behind this are in doubt."
    if not has_other_priors:
        return "No other prior was tried; what is said about the prior rests on power-scaling alone."
    return "The conclusions hardly depend on the priors that were tried."


def _about_prior(points: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Return the points that say something about the prior: not those that change the likelihood's power."""
    return [point for point in points if "power(likelihood)" not in point["values"]]


def largest_moves(
    rows: Sequence[Mapping[str, Any]], method: str, sds: Mapping[str, float]
) -> dict[str, dict[str, Any]]:
    """Return, for each quantity, where its mean or mode moves farthest from the base, in the base's SDs.

    Points where only the power of the likelihood differs say nothing about the prior and are left out.
    """
    own = [row for row in rows if row.get("method") == method and row.get("status") == "ok"]
    if not own:
        return {}
    frame = pd.DataFrame(own)
    if "power(likelihood)" in frame:
        frame = frame[frame["power(likelihood)"].isna() | (frame["point"] == 0)]
    found: dict[str, dict[str, Any]] = {}
    for name, group in frame.groupby("parameter", sort=False):
        base = group[group["point"] == 0]
        if base.empty or not _is_moving(float(base["mean"].iloc[0]), sds[str(name)]):
            continue
        apart = (group["mean"].to_numpy() - float(base["mean"].iloc[0])) / sds[str(name)]
        at = int(np.argmax(np.abs(apart)))
        found[str(name)] = {
            "label": str(group["label"].iloc[at]),
            "in_sd": float(apart[at]),
            "point": int(group["point"].iloc[at]),
            "lowest": float(group["mean"].min()),
            "highest": float(group["mean"].max()),
        }
    return found


def _is_moving(mean: float, sd: float) -> bool:
    """Return whether a quantity varies by more than the last digits of its value."""
    return sd > _SAME * abs(mean)


Reason = tuple[bool, str]


def _about_base(base: Mapping[str, Any]) -> list[Reason]:
    if base["verdict"] in ("ok", "not known"):
        return []
    words = f"The base fit itself has the verdict {base['verdict']}"
    return [(True, f"{words}: {base['reasons'][0]}" if base["reasons"] else f"{words}.")]


def _about_refits(points: Sequence[Mapping[str, Any]]) -> list[Reason]:
    """Return what the chains of the refits leave in doubt."""
    refits = [point for point in points if point["how"] == "refit"]
    torn = [point for point in refits if (point.get("rhat") or 1.0) > RHAT_LIMIT]
    divergent = [point for point in refits if point.get("divergences")]
    found: list[Reason] = []
    if torn:
        worst = max(torn, key=lambda point: point["rhat"])
        words = f"The chains of {_refits(len(torn))} disagree, most at {worst['label']}: R-hat is"
        found.append((True, f"{words} {worst['rhat']:.3f}, above {RHAT_LIMIT}."))
    if divergent:
        worst = max(divergent, key=lambda point: point["divergences"])
        words = f"{_refits(len(divergent))} had divergent transitions, most at {worst['label']}:"
        found.append((True, f"{words} {worst['divergences']}."))
    return found


def _refits(count: int) -> str:
    return "1 refit" if count == 1 else f"{count} refits"


def _about_decisions(study: Mapping[str, Any]) -> list[Reason]:
    points = [point for point in _about_prior(study["points"]) if "decisions" in point]
    found: list[Reason] = []
    for text in study["plan"]["decisions"]:
        known = [point for point in points if text in point["decisions"]]
        held = [point for point in known if point["decisions"][text]]
        if known:
            changes = 0 < len(held) < len(known)
            words = _held(text, len(held), len(known))
            found.append((changes, words))
        elif points:
            words = "is about a spread, which a mode alone has not: --methods needs laplace or nuts."
            found.append((False, f"`{text}` {words}"))
        found += [(False, words) for words in _tips(text, study["tipping"])]
    return found


def _held(text: str, held: int, points: int) -> str:
    if points == 1:
        return f"`{text}` {'holds' if held else 'does not hold'} at the base, the only point about the prior."
    if held == points:
        return f"`{text}` holds at every one of {points} points."
    if held == 0:
        return f"`{text}` holds at none of {points} points."
    return f"`{text}` holds at {held} of {points} points, not at the others."


def _tips(text: str, tipping: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return where a conclusion tips, the hyperparameters that flip it in sentences of their own."""
    own = [tip for tip in tipping if tip["decision"] == text]
    found = [_tipped(tip) for tip in own if tip["nearest"] is not None]
    unknown = [_unknown(tip) for tip in own if tip["nearest"] is None and _failed(tip)]
    never = [tip for tip in own if tip["nearest"] is None and not _failed(tip)]
    if not never:
        return [*found, *unknown]
    ranges = [f"any `{tip['hyperparameter']}` between {_ends(tip)}" for tip in never]
    said = f"{', '.join(ranges[:-1])}, or {ranges[-1]}" if len(ranges) > 1 else ranges[0]
    if len(ranges) > _MOST_RANGES:
        more = "other " if len(own) > len(never) else ""
        said = f"any of {len(ranges)} {more}hyperparameters within the ranges that were searched"
    return [*found, *unknown, f"`{text}` does not tip for {said}."]


def _ends(tip: Mapping[str, Any]) -> str:
    return " and ".join(f"{tip[side]['searched']:.4g}" for side in ("below", "above"))


def _failed(tip: Mapping[str, Any]) -> list[str]:
    return [tip[one]["reason"] for one in ("below", "above") if tip[one]["status"] == "failed"]


def _unknown(tip: Mapping[str, Any]) -> str:
    words = f"Whether `{tip['decision']}` tips as `{tip['hyperparameter']}` changes is not known:"
    return f"{words} {_failed(tip)[0]}"


def _tipped(tip: Mapping[str, Any]) -> str:
    name, one = tip["hyperparameter"], tip[tip["nearest"]]
    change = "stops holding" if tip["holds"] else "begins to hold"
    ends = [one[key] for key in ("lower", "upper")]
    band = f" ({ends[0]:.3g} to {ends[1]:.3g})" if all(math.isfinite(end) for end in ends) else ""
    where = f"where `{name}` is {one['value']:.3g}{band}; now it is {tip['base']:.3g}."
    return f"`{tip['decision']}` {change} {where}"


def _about_moves(moves: Mapping[str, Mapping[str, Any]], what: str) -> list[Reason]:
    if not moves or all(one["in_sd"] == 0 for one in moves.values()):
        return []
    name = max(moves, key=lambda one: abs(moves[one]["in_sd"]))
    one = moves[name]
    words = (
        f"The {what} of `{one['label']}` moves most: by {abs(one['in_sd']):.2f} posterior SDs, "
        f"between {one['lowest']:.3g} and {one['highest']:.3g}."
    )
    return [(abs(one["in_sd"]) > SHIFT_LIMIT, words)]


def _about_scaling(scaling: Mapping[str, Any]) -> list[Reason]:
    if scaling["status"] != "ok":
        return [(False, f"Power-scaling is not available: {scaling['reason']}")]
    found: list[Reason] = []
    for diagnosis in ("prior-data conflict", "strong prior / weak likelihood"):
        names = [
            str(one.get("label", name))
            for name, one in scaling["parameters"].items()
            if one["diagnosis"] == diagnosis
        ]
        if names:
            shown = ", ".join(f"`{name}`" for name in names[:5])
            more = f" and {len(names) - 5} more" if len(names) > 5 else ""
            found.append((True, f"Power-scaling finds {diagnosis} for {shown}{more}."))
    hows = scaling.get("how", {})
    refitted = [name for name, how in hows.items() if how == "refit"]
    if not found and "failed" not in hows.values():
        found.append((False, "Power-scaling finds no sensitivity of concern."))
    if refitted:
        found.append((False, _refitted(scaling, refitted)))
    for name, reason in scaling.get("failures", {}).items():
        words = f"How sensitive the posterior is to {_component(name)} is not known: k-hat is"
        found.append((True, f"{words} {scaling['khat'][name]:.2f}, and the refit failed {reason}"))
    return found


def _refitted(scaling: Mapping[str, Any], names: Sequence[str]) -> str:
    """Return which components were fitted at other powers, in a sentence."""
    said = ", ".join(f"{_component(name)} (k-hat {scaling['khat'][name]:.2f})" for name in names)
    powers = sorted({power for name in names for power in scaling["powers"][name]})
    listed = f"{', '.join(f'{one:g}' for one in powers[:-1])} and {powers[-1]:g}"
    return f"Weights would not do for power-scaling {said}: refitted at the powers {listed}."


def _component(name: str) -> str:
    return {"prior": "the prior", "likelihood": "the likelihood"}.get(name, f"`{name}`")


def _about_failures(study: Mapping[str, Any]) -> list[Reason]:
    failed = [point for point in study["points"] if point["how"] == "failed"]
    if not failed or "nuts" not in study["plan"]["methods"]:
        return []
    first = failed[0]
    count = len(failed)
    verb = "point has" if count == 1 else "points have"
    return [(True, f"{count} {verb} no posterior; first, {first['label']}: {first['reason']}")]


def _about_modes(rows: Sequence[Mapping[str, Any]], leading: str) -> list[Reason]:
    """Return where modes, or approximations around them, are missing or poor; a caution where they lead."""
    found: list[Reason] = []
    for method, what in (("map", "MAP"), ("laplace", "Laplace approximation")):
        own = [row for row in rows if row.get("method") == method]
        failed = {row["point"]: row["reason"] for row in own if row["status"] != "ok"}
        if failed:
            where = "1 point" if len(failed) == 1 else f"{len(failed)} points"
            reason = next(iter(failed.values()))
            found.append((method == leading, f"There is no {what} at {where}; the first reason: {reason}"))
    khats = {
        row["point"]: float(row["khat"])
        for row in rows
        if row.get("method") == "laplace" and row["status"] == "ok" and row.get("khat") is not None
    }
    poor = [khat for khat in khats.values() if khat > KHAT_LIMIT]
    if poor and leading == "laplace":
        where = "1 point" if len(poor) == 1 else f"{len(poor)} points"
        words = f"The Laplace approximation cannot be relied on at {where}: k-hat is up to {max(poor):.2f}."
        found.append((True, words))
    return found


def _economy(fits: Mapping[str, int]) -> str:
    """Return what the points were had from: the base fit, refits and weights."""
    if fits["failed"] == fits["points"]:
        return "There are no full fits besides the base."
    if fits.get("skipped"):
        return f"{fits['points']} points, seen by their modes alone: NUTS was not asked for."
    said = []
    if fits["refit"]:
        said.append(_refits(fits["refit"]))
    if fits["weights"]:
        said.append(f"{fits['weights']} seen through importance weights")
    if fits["failed"]:
        said.append(f"{fits['failed']} failed")
    words = f"{fits['points']} points: the base fit"
    words += f", {', '.join(said[:-1])}" if len(said) > 1 else ""
    words += f" and {said[-1]}" if said else ""
    more = fits["full"] - fits["base"] - fits["refit"]
    return words + (f"; {_refits(more)} beside them, at tipping points or other powers." if more else ".")
