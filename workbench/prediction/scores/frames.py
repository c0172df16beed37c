"""Scores as tables: a row for each scored row, and a row for each score of the table."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from workbench.late_imports import LateModule
from workbench.prediction.scores.elements import is_inside
from workbench.prediction.scores.measures import Measure
from workbench.prediction.scores.outcome_scores import OutcomeScores
from workbench.prediction.scores.position import LEVELS
from workbench.prediction.scores.scored import ScoredOutcome, ScoredTable
from workbench.results.quantities import element_name

if TYPE_CHECKING:
    import pandas as pd
else:
    pd = LateModule("pandas")

Floats = NDArray[np.float64]

_NAMES = ("row", "label", "step", "outcome", "observed", "mean", "median", "sd", "probability", "tail_area")
"""The first columns of the table of rows, where there are such."""


def tabulate_rows(table: ScoredTable) -> pd.DataFrame:
    """Return a row for each scored element, those in the farthest tails first, or of a forecast step by step.

    Elements with the same tail area are ordered by their distance from the predictive mean in standard
    deviations, those without one by their density.
    """
    frames = [_tabulate_outcome(scored, table.row_numbers) for scored in table.outcomes]
    joined = pd.concat(frames, ignore_index=True)
    distance = np.concatenate([_measure_distance(scored.leading) for scored in table.outcomes])
    if table.steps is not None:
        joined["step"] = joined["row"] - table.steps.fitted
        order = np.lexsort((joined["row"],))
    else:
        order = np.lexsort((joined["row"], joined["log_density"], -distance, joined["tail_area"]))
    joined = joined.iloc[order].reset_index(drop=True)
    first = [name for name in _NAMES if name in joined.columns]
    return joined[[*first, *(name for name in joined.columns if name not in first)]]


def _measure_distance(scores: OutcomeScores) -> Floats:
    """Return how far each observation lies from its predictive mean [predictive SD]; 0 where unknown."""
    elements = scores.elements
    with np.errstate(divide="ignore", invalid="ignore"):
        distance = np.abs(elements.observed - elements.mean) / elements.sd
    return np.nan_to_num(distance, nan=0.0)


def _tabulate_outcome(scored: ScoredOutcome, row_numbers: NDArray[np.int64] | None) -> pd.DataFrame:
    leading = scored.leading
    elements = leading.elements
    columns: dict[str, Any] = {
        "row": elements.rows + 1 if row_numbers is None else row_numbers[elements.rows],
        "label": elements.labels,
        "outcome": [element_name(leading.name, tuple(index)) for index in elements.index.tolist()],
        "observed": elements.observed,
        "tail_area": elements.tail_area,
        "log_density": elements.log_density,
    }
    whole = leading.whole
    if whole is not None and not whole.is_of_table:
        by_row = pd.DataFrame({"joint_log_density": whole.log_density, "energy": whole.energy}, whole.rows)
        columns |= {
            str(name): by_row[name].reindex(elements.rows).to_numpy()
            for name in by_row
            if by_row[name].notna().any()
        }
    for method, other in list(scored.methods.items())[1:]:
        if np.array_equal(other.elements.rows, elements.rows):
            columns[f"log_density_{method}"] = other.elements.log_density
    if leading.kind == "yes/no":
        columns["probability"] = leading.probability
        columns["brier"] = elements.crps
    elif leading.categories:
        for place, category in enumerate(leading.categories):
            columns[f"probability_{category}"] = elements.probabilities[:, place]
    if leading.kind not in ("yes/no", "categories"):
        columns |= _list_position(leading)
    return pd.DataFrame(columns)


def _list_position(scores: OutcomeScores) -> dict[str, Any]:
    """Return the scores that need an order of values."""
    elements = scores.elements
    columns: dict[str, Any] = {
        "mean": elements.mean,
        "median": elements.median,
        "sd": elements.sd,
        "error": elements.observed - elements.mean,
        "crps": elements.crps,
        "pit": elements.transform,
    }
    inside = is_inside(elements)
    for place, level in enumerate(LEVELS):
        name = f"{100 * level:g}"
        columns[f"lower_{name}"] = elements.ends[:, place, 0]
        columns[f"upper_{name}"] = elements.ends[:, place, 1]
        columns[f"inside_{name}"] = pd.array(
            [None if math.isnan(value) else bool(value) for value in inside[:, place]], dtype="boolean"
        )
        columns[f"width_{name}"] = elements.ends[:, place, 1] - elements.ends[:, place, 0]
    return columns


def tabulate_summary(table: ScoredTable) -> pd.DataFrame:
    """Return a row for each score of each method, on new rows and on the fit's own."""
    return pd.DataFrame([row for scored in table.outcomes for row in _list_summary(scored)])


def _list_summary(scored: ScoredOutcome) -> Iterator[dict[str, Any]]:
    name = scored.leading.name
    for method, measures in scored.measures.items():
        gains = scored.gains.get(method, {})
        for measure in measures.values():
            if not measure.count:
                continue
            gain = gains.get(measure.name)
            yield {
                **_describe(name, "new", method, measure),
                "gain": math.nan if gain is None else gain.value,
                "gain_se": math.nan if gain is None else gain.se,
            }
    if scored.own is not None:
        yield from _list_own(name, scored.own.measures, is_left_out=scored.own.is_left_out)


def _list_own(name: str, measures: Mapping[str, Measure], *, is_left_out: bool) -> Iterator[dict[str, Any]]:
    for measure in measures.values():
        if measure.count:
            is_loo = is_left_out and measure.name == "log_density"
            rows = "own, left out" if is_loo else "own, seen"
            yield _describe(name, rows, "nuts", measure) | {"gain": math.nan, "gain_se": math.nan}


def _describe(name: str, rows: str, method: str, measure: Measure) -> dict[str, Any]:
    return {
        "outcome": name,
        "rows": rows,
        "method": method,
        "score": measure.name,
        "better": measure.better,
        "value": measure.value,
        "se": measure.se,
        "count": measure.count,
    }
