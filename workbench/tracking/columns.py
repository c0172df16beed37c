"""The columns that a published model takes and gives."""

from __future__ import annotations

from collections.abc import Sequence

from workbench.prediction.outcome_summaries import COLUMNS
from workbench.results.view import Results

_TEXTS = ("label", "prediction", "most_probable")
"""The columns of predictions that hold texts; `row` is a whole number, and the others are numbers."""

PARAMETERS = {"horizon": ("long", 0), "method": ("string", ""), "new_groups": ("string", "refuse")}
"""What can be asked for with new rows, with its type in MLflow, and what stands for nothing special."""


def list_inputs(results: Results) -> dict[str, bool]:
    """Return the columns that new rows may have, and whether they must.

    They are those that the fit used except those of outcomes. Predictors of groups, names of rows and times
    are not needed, as the run has those of its own groups and rows.
    """
    rules = results.data.rules
    outcomes = {name for one in results.model.outcomes for name in (one.name, one.variable, *one.columns)}
    by_group = rules.get("by_group", {})
    found: dict[str, bool] = {}
    for variable, written in rules.get("variables", {}).items():
        if variable in outcomes:
            continue
        for text in written:
            column = _find_column(text, results.data.columns)
            found[column] = found.get(column, False) or variable not in by_group
    others = [rules.get("row_names", ""), *(rules.get("calendar") or {}).get("columns", ())]
    observed = {
        _find_column(text, results.data.columns)
        for variable in outcomes
        for text in rules.get("variables", {}).get(variable, ())
    }
    for column in others:
        if column and column not in observed:
            found.setdefault(column, False)
    return found


def list_outputs() -> dict[str, str]:
    """Return the columns of predictions with their types in MLflow."""
    return {
        column: "long" if column == "row" else "string" if column in _TEXTS else "double"
        for column in COLUMNS
    }


def _find_column(written: str, known: Sequence[str]) -> str:
    """Return the column that a rule names: `when` of `when:days`, `town` of `town=Rome`."""
    if written in known:
        return written
    ends = [place for place, letter in enumerate(written) if letter in ":="]
    return next((written[:end] for end in reversed(ends) if written[:end] in known), written)
