"""The content of `study.json`, kept in one place."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

import numpy as np
from scipy import ndimage

from workbench.provenance import read_workbench_version
from workbench.results import Fit
from workbench.studies.fits.context import StudyContext
from workbench.studies.fits.sweep import FullFits, PointPosterior
from workbench.studies.outcomes.conclusion import conclude
from workbench.studies.outcomes.slopes import find_base_value
from workbench.studies.outcomes.table import collect_labels
from workbench.studies.plan.plan import Axis, Plan

SCHEMA = 1
"""Raised when a key changes its meaning or goes; additions are free."""

DRAWN = 12
"""Quantities whose densities are kept for drawing."""

MOST_APART = 3
"""Axes up to which each has a column of its own in tables of points."""

_BINS = 160
_SMOOTH = 4.0  # bins; about a tenth of a posterior SD


def make_record(
    shop: StudyContext,
    fit: Fit,
    views: Sequence[PointPosterior],
    fits: FullFits,
    scaling: Mapping[str, Any],
    slopes: Mapping[str, Any],
    tips: Sequence[Mapping[str, Any]],
    rows: Sequence[Mapping[str, Any]],
    seconds: float,
) -> dict[str, Any]:
    """Return what `study.json` says about a study."""
    plan = shop.plan
    content = {
        "schema": SCHEMA,
        "workbench": read_workbench_version(),
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "model": {key: fit.record["model"].get(key) for key in ("name", "path", "sha256", "instrumented")},
        "data": {key: fit.record["data"].get(key) for key in ("path", "sha256", "rows")},
        "base": _base(fit),
        "priors": dict(shop.base.request.priors.values),
        "interval": dict(fit.record["interval"]),
        "seed": shop.base.request.seed,
        "plan": {
            "axes": [_axis(shop, axis) for axis in plan.axes],
            "design": plan.design,
            "methods": list(plan.methods),
            "decisions": [one.text for one in plan.decisions],
            "above": plan.above,
            "refit": plan.refit,
            "sampler": asdict(plan.sampler),
        },
        "points": [_point(number, view, plan, rows) for number, view in enumerate(views)],
        "fits": _counted(views, fits),
        "quantities": list(fits.found[0].names),
        "labels": collect_labels(fit),
        "reference": _reference(fit),
        "command": fit.record.get("command", ""),
        "toolchain": dict(fit.record.get("toolchain", {})),
        "versions": dict(fit.record.get("versions", {})),
        "power_scaling": dict(scaling),
        "derivatives": dict(slopes),
        "tipping": list(tips),
        "prior_alone": _prior(rows),
        "timings": {"study": seconds},
    }
    sds = {name: float(fits.found[0].draws[name].std()) for name in fits.found[0].names}
    found = conclude(content, rows, sds)
    drawn = choose_drawn_quantities(found["moves"], plan)
    return {**content, "densities": _densities(views, drawn), "conclusion": found}


def choose_drawn_quantities(moves: Mapping[str, Mapping[str, Any]], plan: Plan) -> list[str]:
    """Return the few quantities that are drawn: those of decisions, then those that move most."""
    decided = [name for one in plan.decisions for name in one.names]
    ranked = sorted(moves, key=lambda name: -abs(moves[name]["in_sd"]))
    return [name for name in dict.fromkeys([*decided, *ranked]) if name in moves][:DRAWN]


def axes_apart(content: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the axes that get columns of their own in tables of points.

    Parameters
    ----------
    content
        Of `study.json`.

    Returns
    -------
    None of them where points have names or other forms, or where there are more than three: then a point's
    words say where it is.
    """
    axes = content["plan"]["axes"]
    is_plain = not any(point["name"] or point["forms"] for point in content["points"])
    return list(axes) if is_plain and len(axes) <= MOST_APART else []


def leading_method(content: Mapping[str, Any]) -> str:
    """Return the method whose numbers tables and drawings show: NUTS where it was asked for."""
    return next(one for one in ("nuts", "laplace", "map") if one in content["plan"]["methods"])


def _base(fit: Fit) -> dict[str, Any]:
    """Return what was thought of the base fit."""
    diagnosis = fit.record.get("diagnosis", {})
    return {"verdict": diagnosis.get("verdict", "not known"), "reasons": list(diagnosis.get("reasons", ()))}


def _reference(fit: Fit) -> dict[str, Any]:
    """Return the maximum of the likelihood, to hold posteriors against."""
    part = fit.record["mle"]
    return {
        "status": part["status"],
        "reason": part.get("reason", ""),
        "estimates": {
            name: {key: one[key] for key in ("value", "lower", "upper") if key in one}
            for name, one in part["estimates"].items()
        },
    }


def _axis(shop: StudyContext, axis: Axis) -> dict[str, Any]:
    base = find_base_value(shop, axis.name)
    return {"name": axis.name, "values": list(axis.values), "is_log": axis.is_log, "base": base}


def _point(
    number: int, view: PointPosterior, plan: Plan, rows: Sequence[Mapping[str, Any]]
) -> dict[str, Any]:
    head = {
        "number": number,
        "name": view.point.name,
        "label": view.point.label,
        "values": dict(view.point.values),
        "forms": dict(view.point.forms),
        "how": view.how,
        "reason": view.reason,
    }
    if view.how == "skipped":
        return head | _at_mode([row for row in rows if row["point"] == number], plan)
    if view.source is None or view.weights is None:
        return head
    return head | {
        "khat": view.weights.khat,
        "ess": view.weights.ess,
        "source": view.source.point.label,
        "rhat": view.source.facts.get("rhat"),
        "divergences": view.source.facts.get("divergences"),
        "decisions": {one.text: bool(one.margin(view.sample) > 0) for one in plan.decisions},
    }


def _at_mode(rows: Sequence[Mapping[str, Any]], plan: Plan) -> dict[str, Any]:
    """Return what the best approximation says at a point where nothing was sampled."""
    method = leading_method({"plan": {"methods": plan.methods}})
    row = next((row for row in rows if row["method"] == method and row["status"] == "ok"), None)
    if row is None:
        return {}
    return {
        "khat": row["khat"],
        "decisions": {one.text: row[one.text] for one in plan.decisions if one.text in row},
    }


def _counted(views: Sequence[PointPosterior], fits: FullFits) -> dict[str, int]:
    hows = [view.how for view in views]
    counts = {how: hows.count(how) for how in ("base", "refit", "weights", "failed", "skipped")}
    return counts | {"full": len(fits.found), "points": len(views)}


def _prior(rows: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    own = [row for row in rows if row.get("method") == "prior"]
    if not own:
        return {"status": "skipped", "reason": "it was not asked for."}
    bad = [row for row in own if row.get("status") != "ok"]
    if len(bad) == len(own):
        return {"status": str(bad[0]["status"]), "reason": str(bad[0]["reason"])}
    return {"status": "ok", "reason": ""}


def _densities(views: Sequence[PointPosterior], names: Sequence[str]) -> dict[str, Any]:
    """Return each point's density of some quantities, on one grid for all points."""
    fitted = [view for view in views if view.source is not None and view.weights is not None]
    if not fitted:
        return {}
    found: dict[str, Any] = {}
    for name in names:
        samples = [view.sample for view in fitted]
        ends = np.array([np.quantile(sample.draws[name], [0.001, 0.999]) for sample in samples])
        edges = np.linspace(ends[:, 0].min(), ends[:, 1].max(), _BINS + 1)
        curves = []
        for view, sample in zip(fitted, samples, strict=True):
            heights, _ = np.histogram(sample.draws[name], edges, weights=sample.weights)
            smooth = ndimage.gaussian_filter1d(heights / np.diff(edges), _SMOOTH, mode="reflect")
            curves.append({"point": views.index(view), "density": [float(f"{one:.4g}") for one in smooth]})
        centres = (edges[1:] + edges[:-1]) / 2
        found[name] = {"x": [float(f"{one:.6g}") for one in centres], "curves": curves}
    return found
