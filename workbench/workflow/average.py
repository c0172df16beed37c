"""Runs whose predictions are averaged: their weights, and whether averaging helps."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from workbench.comparison.averaging import (
    FOUND_BY_ROW,
    AverageGain,
    AverageKind,
    drop_negligible,
    measure_gain,
)
from workbench.comparison.standings import Standing, compare_predictions, find_comparable_scale
from workbench.comparison.weights import find_weights
from workbench.diagnostics.loo import count_cells
from workbench.errors import RequestError
from workbench.evidence.bayes_factors import compare_evidences
from workbench.evidence.comparable import find_shared_data
from workbench.prediction.same_outcome import CommonOutcomes, find_common_outcomes
from workbench.progress import SILENT, Progress
from workbench.report.comparison.average import describe_gain, describe_weights
from workbench.results import Fit
from workbench.toolchain import ToolchainSettings
from workbench.workflow.evidence import find_evidence

_ROUNDED = 1e-3
"""How far the sum of given weights may be from 1, as these are often rounded. Ours."""


@dataclass(frozen=True)
class Average:
    """Runs whose predictions are averaged.

    Attributes
    ----------
    fits
        The runs by name.
    weights
        The weight of each; they add up to 1.
    kind
        How these were found.
    outcomes
        The outcomes that they have in common.
    gain
        What the average gains over the best run in predicting left-out rows; `None` where that is not known.
    obstacle
        Why it is not known.
    unreliable
        Runs whose leave-one-out cannot be relied on.
    """

    fits: Mapping[str, Fit] = field(repr=False)
    weights: Mapping[str, float]
    kind: AverageKind
    outcomes: CommonOutcomes = field(repr=False)
    gain: AverageGain | None = None
    obstacle: str = ""
    unreliable: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """What it is called in titles."""
        return f"the average of {len(self.fits)} runs"

    @property
    def sentences(self) -> tuple[str, ...]:
        """The weights, whether averaging helps, and which outcomes are left out of it."""
        texts = [describe_weights(self.weights, self.kind)]
        if self.gain is not None:
            texts.append(describe_gain(self.gain, self.unreliable))
        elif self.obstacle:
            texts.append(f"It is not known whether averaging helps: {self.obstacle}")
        if self.outcomes.left_out:
            names = ", ".join(f"`{name}`" for name in self.outcomes.left_out)
            texts.append(f"Not all runs predict {names}, which is left out.")
        return tuple(texts)

    def to_dict(self) -> dict[str, Any]:
        """Return everything as values that JSON has."""
        gain = None
        if self.gain is not None:
            gain = {**asdict(self.gain), "answer": self.gain.answer}
            gain = {key: None if value != value else value for key, value in gain.items()}
        return {
            "weights": dict(self.weights),
            "kind": self.kind,
            "gain": gain,
            "obstacle": self.obstacle or None,
            "unreliable": list(self.unreliable),
            "sentences": list(self.sentences),
        }


def find_average(
    fits: Mapping[str, Fit],
    weights: AverageKind | Mapping[str, float] = "stacking",
    settings: ToolchainSettings | None = None,
    *,
    jobs: int = 1,
    progress: Progress = SILENT,
) -> Average:
    """Return runs as an average, with the weights of a comparison or such as are given.

    Parameters
    ----------
    fits
        The runs by name, at least two.
    weights
        How weights are found, or the weight of each run.
    settings
        Which Stan and compiler to use, where evidences are computed.
    jobs
        Programs compiled at a time.
    progress
        Where to report.

    Raises
    ------
    RequestError
        The runs have no outcome in common, weights are given wrongly, or cannot be found.
    """
    if len(fits) < 2:
        message = "a single run was given, and an average takes at least two."
        raise RequestError(message, hint="--average RUN names another")
    kind: AverageKind = weights if isinstance(weights, str) else "given"
    given = check_given(weights, list(fits)) if isinstance(weights, Mapping) else {}
    outcomes = find_common_outcomes(fits)
    scale = find_comparable_scale(fits)
    if scale.obstacle and kind in FOUND_BY_ROW:
        message = f"there are no weights by {kind}: {scale.obstacle}"
        raise RequestError(message, hint="--weights equal needs no comparison, nor does --weight NAME=0.7")
    standings = {} if scale.obstacle else compare_predictions(fits, scale.offsets)
    found = given or _find_weights(fits, kind, standings, settings, jobs, progress)
    found = drop_negligible(found)
    if not standings:
        return Average(fits, found, kind, outcomes, obstacle=scale.obstacle)
    elpd = _list_elpd(standings)
    sampled = any(standing.sampled for standing in standings.values())
    rows = count_cells(next(iter(fits.values()))) if sampled else None
    unreliable = tuple(name for name in fits if standings[name].is_unreliable)
    gain = measure_gain(elpd, found, kind, rows or None)
    return Average(fits, found, kind, outcomes, gain, unreliable=unreliable)


def check_given(weights: Mapping[str, float], runs: list[str]) -> dict[str, float]:
    """Return given weights, which add up to 1, in the order of the runs.

    Raises
    ------
    RequestError
        A run has none, a name is no run, one is negative, or they do not add up to 1.
    """
    hint = f"the runs are {', '.join(f'`{name}`' for name in runs)}"
    for name, weight in weights.items():
        if name not in runs:
            raise RequestError(f"--weight names `{name}`, which is no run of the average.", hint=hint)
        if not (math.isfinite(weight) and weight >= 0):
            message = f"the weight of `{name}` was expected to be 0 to 1, found {weight:g}."
            raise RequestError(message, hint="weights are shares of the average")
    missing = [name for name in runs if name not in weights]
    if missing:
        raise RequestError(f"--weight gives none of `{missing[0]}`.", hint=f"give one of each run: {hint}")
    total = sum(weights.values())
    if abs(total - 1) > _ROUNDED:
        raise RequestError(f"weights were expected to add up to 1, found {total:g}.", hint="scale them")
    return {name: weights[name] / total for name in runs}


def _find_weights(
    fits: Mapping[str, Fit],
    kind: AverageKind,
    standings: Mapping[str, Standing],
    settings: ToolchainSettings | None,
    jobs: int,
    progress: Progress,
) -> dict[str, float]:
    """Return the weight of each run, in the order of the runs.

    Raises
    ------
    RequestError
        The evidences cannot be compared.
    """
    if kind == "evidence":
        return _weight_by_evidence(fits, settings, jobs, progress)
    if kind == "stacking" or kind == "pseudo-bma":
        found = find_weights(kind, _list_elpd(standings))
        return {name: found[name] for name in fits}
    return dict.fromkeys(fits, 1 / len(fits))


def _weight_by_evidence(
    fits: Mapping[str, Fit], settings: ToolchainSettings | None, jobs: int, progress: Progress
) -> dict[str, float]:
    found = {name: find_evidence(fit, settings, jobs=jobs, progress=progress) for name, fit in fits.items()}
    shared = find_shared_data(fits, {name: each.unmodelled for name, each in found.items()})
    compared = compare_evidences(found, shared)
    if not compared.probabilities:
        message = f"there are no weights by evidence: {compared.obstacle}"
        raise RequestError(message, hint="--weights stacking compares predictions")
    return {name: compared.probabilities[name].value for name in fits}


def _list_elpd(standings: Mapping[str, Standing]) -> dict[str, Any]:
    """Return the log predictive density of each left-out row by run."""
    return {name: each.elpd_by_unit for name, each in standings.items() if each.elpd_by_unit is not None}
