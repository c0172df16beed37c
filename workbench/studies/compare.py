"""What each point of a study concludes: one row for each point, method and quantity."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from workbench.diagnostics import loo
from workbench.estimation import Fit
from workbench.studies.decision import Decision, Sample, quantile
from workbench.studies.importance import mean_error
from workbench.studies.plan import Plan, Point
from workbench.studies.posterior import Posterior
from workbench.studies.sweep import View

Floats = NDArray[np.float64]
Row = dict[str, Any]

LARGEST_LOG_LIKELIHOOD = 10_000_000
"""Entries (rows of data times draws) up to which predictive densities are computed; each full fit
holds three such arrays of 80 MB."""


def rows_of(
    plan: Plan,
    views: Sequence[View],
    modes: Mapping[str, Mapping[str, Any]],
    level: float,
    base: Fit,
    constants: Mapping[str, float],
) -> list[Row]:
    """Return the outcomes of every point, by NUTS, MAP and Laplace.

    Parameters
    ----------
    plan
        What was asked.
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
    labels = labels_of(base)
    predictive = Predictive(base)
    rows: list[Row] = []
    for number, view in enumerate(views):
        head = {"point": number, **_head(view.point, constants)}
        at_modes = modes.get(view.point.key, {})
        if "nuts" in plan.methods:
            rows += _nuts_rows(plan, view, head, level, labels, predictive, at_modes.get("map", {}))
        for method in ("map", "laplace"):
            if method in plan.methods and method in at_modes:
                rows += _mode_rows(at_modes[method], {**head, "method": method}, views[0], labels)
    return rows


def frame_of(rows: Sequence[Row], plan: Plan) -> pd.DataFrame:
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


def labels_of(fit: Fit) -> dict[str, str]:
    """Return the name for people of each quantity that has one, by Stan name."""
    found = {name: one.get("label") for name, one in fit.record["nuts"]["estimates"].items()}
    return {name: str(label) for name, label in found.items() if label}


class Predictive:
    """Log predictive densities of views: the smoothed leave-one-out weights of each full fit are made once.

    References
    ----------
    Vehtari, Gelman and Gabry (2017), Statistics and Computing 27, doi:10.1007/s11222-016-9696-4.
    """

    def __init__(self, base: Fit) -> None:
        self._base = base
        self._sources: dict[str, _Held | None] = {}

    def of(self, view: View) -> Row:
        """Return `lpd` [nats], at the data that were seen, and `elpd_loo` [nats] with its standard error."""
        source, smoothed = view.seen
        held = self._held(source)
        if held is None:
            return {}
        seen = held.likelihood.mean(smoothed.values)
        unseen = held.both.mean(smoothed.values) - held.left_out.mean(smoothed.values)
        return {
            "lpd": float(seen.sum()),
            "elpd_loo": float(unseen.sum()),
            "elpd_loo_se": float(np.sqrt(len(unseen)) * np.std(unseen, ddof=1)),
        }

    def _held(self, source: Posterior) -> _Held | None:
        if source.key not in self._sources:
            fit = Fit(self._base.record, source.tree)
            log_lik = None if loo.unavailable(fit) else loo.log_likelihood(fit)
            is_small = log_lik is not None and log_lik.size <= LARGEST_LOG_LIKELIHOOD
            self._sources[source.key] = _hold(fit, log_lik) if log_lik is not None and is_small else None
        return self._sources[source.key]


@dataclass(frozen=True)
class _Exponentials:
    """Exponentials of logarithms `(row, sample)`, each row scaled by its largest."""

    scaled: Floats
    largest: Floats

    def mean(self, weights: Floats) -> Floats:
        """Return the logarithm of each row's weighted mean."""
        with np.errstate(divide="ignore"):
            return np.log(self.scaled @ weights) + self.largest


@dataclass(frozen=True)
class _Held:
    """Of one full fit: the likelihood of each row, its leave-one-out weights, and their product."""

    likelihood: _Exponentials
    left_out: _Exponentials
    both: _Exponentials


def _hold(fit: Fit, log_lik: Floats) -> _Held:
    left_out = loo.leave_one_out(fit).log_weights
    return _Held(*(_exponentials(one) for one in (log_lik, left_out, log_lik + left_out)))


def _exponentials(logs: Floats) -> _Exponentials:
    largest = logs.max(axis=1)
    return _Exponentials(np.exp(logs - largest[:, None]), largest)


def _head(point: Point, constants: Mapping[str, float]) -> Row:
    return {
        "scenario": point.name,
        **constants,
        **point.values,
        "form": "; ".join(f"{name} ~ {form}" for name, form in point.forms.items()),
    }


def _nuts_rows(
    plan: Plan,
    view: View,
    head: Row,
    level: float,
    labels: Mapping[str, str],
    predictive: Predictive,
    at_mode: Mapping[str, Any],
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
        **predictive.of(view),
        **_decided(plan.decisions, view.sample),
    }
    values = np.stack([source.draws[name].ravel() for name in source.names], axis=1)
    errors = mean_error(values, weights.values, source.efficiency)
    rows = []
    for column, name in enumerate(source.names):
        numbers = _summary(values[:, column], weights.values, level, plan.above)
        numbers["mcse_mean"] = float(errors[column])
        numbers |= _gap(at_mode, name, numbers)
        rows.append({**head, **whole, "parameter": name, "label": labels.get(name, name), **numbers})
    return rows


def _summary(values: Floats, weights: Floats, level: float, above: float) -> Row:
    mean = float(weights @ values)
    tail = (1 - level) / 2
    lower, median, upper = quantile(values, weights, (tail, 0.5, 1 - tail))
    return {
        "mean": mean,
        "sd": float(np.sqrt(weights @ (values - mean) ** 2)),
        "median": float(median),
        "lower": float(lower),
        "upper": float(upper),
        "p_above": float(weights @ (values > above)),
    }


def _gap(at_mode: Mapping[str, Any], name: str, numbers: Mapping[str, float]) -> Row:
    value = (at_mode.get("estimates") or {}).get(name, {}).get("value")
    if value is None:
        return {}
    gap = value - numbers["mean"]
    return {"map_minus_mean": gap, "gap_in_sd": gap / numbers["sd"] if numbers["sd"] > 0 else 0.0}


def _mode_rows(part: Mapping[str, Any], head: Row, first: View, labels: Mapping[str, str]) -> list[Row]:
    if part["status"] != "ok":
        return [{**head, "status": part["status"], "how": "mode", "reason": part["reason"]}]
    wanted = first.source.names if first.source is not None else tuple(part["estimates"])
    rows = []
    for name in wanted:
        numbers = part["estimates"].get(name)
        if numbers is None:
            continue  # generated quantities have no mode
        mean = numbers.get("value", numbers.get("mean"))
        rest = {key: numbers[key] for key in ("sd", "lower", "upper") if key in numbers}
        rows.append(
            {
                **head,
                "status": "ok",
                "how": "mode",
                "khat": part.get("khat"),
                "parameter": name,
                "label": labels.get(name, name),
                "mean": mean,
                **rest,
            }
        )
    return rows


def _decided(decisions: Sequence[Decision], sample: Sample) -> Row:
    """Return whether each conclusion holds, and its margin."""
    found: Row = {}
    for decision in decisions:
        margin = decision.margin(sample)
        found[decision.text] = bool(margin > 0)
        found[f"margin: {decision.text}"] = margin
    return found
