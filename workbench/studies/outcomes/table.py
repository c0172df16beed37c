"""What each point of a study concludes: one row for each point, method and quantity."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from workbench.results import Fit
from workbench.studies.fits.context import StudyContext
from workbench.studies.fits.sweep import PointPosterior
from workbench.studies.fits.weights import compute_mean_errors
from workbench.studies.outcomes.predictive_density import compute_predictive_densities
from workbench.studies.plan.decision import Decision, WeightedSample, compute_quantiles
from workbench.studies.plan.plan import Plan, Point

Floats = NDArray[np.float64]
Row = dict[str, Any]


def collect_outcomes(
    shop: StudyContext,
    views: Sequence[PointPosterior],
    modes: Mapping[str, Mapping[str, Any]],
    level: float,
    base: Fit,
    constants: Mapping[str, float],
) -> list[Row]:
    """Return the outcomes of every point, by NUTS, MAP and Laplace.

    Parameters
    ----------
    shop
        Where the study is worked out, with the plan.
    views
        The posterior at each point.
    modes
        MAP and Laplace by the key of a point.
    level
        Probability of the intervals.
    base
        The base fit, for labels.
    constants
        The base's values of everything that some point changes.
    """
    plan, labels = shop.plan, collect_labels(base)
    predictive = compute_predictive_densities(views, base, shop.jobs)
    summaries = _summaries(views, level, plan.above)
    rows: list[Row] = []
    for number, view in enumerate(views):
        head = {"point": number, **_head(view.point, constants)}
        at_modes = modes.get(view.point.key, {})
        if "nuts" in plan.methods:
            numbers = _with_gaps(summaries[number], at_modes.get("map", {}))
            rows += _nuts_rows(plan, view, head, labels, predictive[number], numbers)
        for method in ("map", "laplace"):
            if method in plan.methods and method in at_modes:
                drawn = at_modes["draws"] if method == "laplace" else None
                rows += _mode_rows(
                    plan, at_modes[method], drawn, {**head, "method": method}, views[0], labels
                )
    return rows


def make_frame(rows: Sequence[Row], plan: Plan) -> pd.DataFrame:
    """Return rows as a table: the tidy form of `study.parquet`."""
    frame = pd.DataFrame(list(rows))
    first = [
        "point",
        "scenario",
        *dict.fromkeys(name for point in plan.points for name in point.values),
        "form",
    ]
    ordered = [name for name in (*first, *frame.columns) if name in frame.columns]
    return frame[list(dict.fromkeys(ordered))]


def collect_labels(fit: Fit) -> dict[str, str]:
    """Return the name for people of each quantity that has one, by Stan name."""
    found = {name: one.get("label") for name, one in fit.record["nuts"]["estimates"].items()}
    return {name: str(label) for name, label in found.items() if label}


def _head(point: Point, constants: Mapping[str, float]) -> Row:
    return {
        "scenario": point.name,
        **constants,
        **point.values,
        "form": "; ".join(f"{name} ~ {form}" for name, form in point.forms.items()),
    }


def _nuts_rows(
    plan: Plan,
    view: PointPosterior,
    head: Row,
    labels: Mapping[str, str],
    predictive: Mapping[str, float],
    summaries: Mapping[str, Row],
) -> list[Row]:
    source, weights = view.source, view.weights
    head = {**head, "method": "nuts", "how": view.how, "reason": view.reason}
    if source is None or weights is None:
        return [{**head, "status": "failed"}]
    whole = {
        "status": "ok",
        "khat": weights.khat,
        "ess": weights.ess,
        "source": source.point.label,
        "rhat": source.facts.get("rhat"),
        "divergences": source.facts.get("divergences"),
        **predictive,
        **_decided(plan.decisions, view.sample),
    }
    return [
        {**head, **whole, "parameter": name, "label": labels.get(name, name), **numbers}
        for name, numbers in summaries.items()
    ]


def _summaries(views: Sequence[PointPosterior], level: float, above: float) -> list[dict[str, Row]]:
    """Return the summary of each quantity at each view; a view that failed has none.

    The draws of one full fit are put in order once for all views that are seen through them.
    """
    found: list[dict[str, Row]] = [{} for _ in views]
    for source in {view.source.key: view.source for view in views if view.source is not None}.values():
        here = [number for number, view in enumerate(views) if view.source is source]
        weights = np.stack([views[number].seen[1].values for number in here], axis=1)
        for place, name in enumerate(source.names):
            each = _summary(source.draws[name].ravel(), weights, level, above, source.efficiency[place])
            for number, row in zip(here, each, strict=True):
                found[number][name] = row
    return found


def _summary(values: Floats, weights: Floats, level: float, above: float, efficiency: float) -> list[Row]:
    """Return the summary of one quantity, `(S,)`, for each column of weights, `(S, view)`."""
    mean = values @ weights
    sd = np.sqrt(np.sum(weights * (values[:, None] - mean) ** 2, axis=0))
    tail = (1 - level) / 2
    lower, median, upper = compute_quantiles(values, weights, (tail, 0.5, 1 - tail))
    columns = {
        "mean": mean,
        "sd": sd,
        "median": median,
        "lower": lower,
        "upper": upper,
        "p_above": (values > above) @ weights,
        "mcse_mean": compute_mean_errors(values, weights, efficiency),
    }
    return [{key: float(one[view]) for key, one in columns.items()} for view in range(weights.shape[1])]


def _with_gaps(summaries: Mapping[str, Row], at_mode: Mapping[str, Any]) -> dict[str, Row]:
    return {name: {**numbers, **_gap(at_mode, name, numbers)} for name, numbers in summaries.items()}


def _gap(at_mode: Mapping[str, Any], name: str, numbers: Mapping[str, float]) -> Row:
    value = (at_mode.get("estimates") or {}).get(name, {}).get("value")
    if value is None:
        return {}
    gap = value - numbers["mean"]
    return {"map_minus_mean": gap, "gap_in_sd": gap / numbers["sd"] if numbers["sd"] > 0 else 0.0}


def _mode_rows(
    plan: Plan,
    part: Mapping[str, Any],
    drawn: Floats | None,
    head: Row,
    first: PointPosterior,
    labels: Mapping[str, str],
) -> list[Row]:
    """Return the rows of MAP, or of Laplace with its draws `(S, quantity)`: only these have probabilities."""
    if part["status"] != "ok":
        return [{**head, "status": part["status"], "how": "mode", "reason": part["reason"]}]
    sample = _sample_of(part, drawn)
    whole = {
        "status": "ok",
        "how": "mode",
        "khat": part.get("khat"),
        "lpd": part.get("lpd"),
        **_decided([one for one in plan.decisions if drawn is not None or one.is_about_location], sample),
    }
    wanted = first.source.names if first.source is not None else tuple(part["estimates"])
    rows = []
    for name in wanted:
        numbers = part["estimates"].get(name)
        if numbers is None:
            continue  # generated quantities have no mode
        shown = {key: numbers[key] for key in ("sd", "lower", "upper") if key in numbers}
        shown["mean"] = numbers.get("value", numbers.get("mean"))
        if drawn is not None:
            shown["p_above"] = float(np.mean(sample.draws[name] > plan.above))
        rows.append({**head, **whole, "parameter": name, "label": labels.get(name, name), **shown})
    return rows


def _sample_of(part: Mapping[str, Any], drawn: Floats | None) -> WeightedSample:
    """Return the draws of an approximation, or a mode as a single draw."""
    if drawn is None:
        drawn = np.array([[one["value"] for one in part["estimates"].values()]])
    columns = dict(zip(part["estimates"], drawn.T, strict=True))
    return WeightedSample(columns, np.full(len(drawn), 1 / len(drawn)))


def _decided(decisions: Sequence[Decision], sample: WeightedSample) -> Row:
    """Return whether each conclusion holds, and its margin; one about what the sample lacks is left out."""
    found: Row = {}
    for decision in decisions:
        if not sample.draws.keys() >= set(decision.names):
            continue
        margin = decision.margin(sample)
        found[decision.text] = bool(margin > 0)
        found[f"margin: {decision.text}"] = margin
    return found
