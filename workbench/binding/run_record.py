"""A binding as `run.json` keeps it, and what it needs to bind new data in the same way."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import numpy as np

from workbench import tables
from workbench.binding.bound_data import BoundData, Standardization
from workbench.binding.columns.labels import find_row_name_column
from workbench.binding.draft import Draft
from workbench.binding.rules import RULES
from workbench.binding.used_rules import list_used_rules

_MOST_DROPPED = 1000
"""How many of the rows that were left out are listed by number; all of them are counted."""

_MOST_ELEMENTS = 1000
"""Largest value given by name that `run.json` repeats, in elements."""


def to_record(data: BoundData) -> dict[str, Any]:
    """Return what `run.json` says about data: where each variable came from, and the rules for new data."""
    return {
        "path": str(data.table.path),
        "sha256": data.table.sha256,
        "rows": data.rows,
        "columns": list(data.table.columns),
        "binding": {variable.name: variable.origin for variable in data.variables},
        "variables": [
            {
                "name": variable.name,
                "type": variable.type,
                "size": " x ".join(str(length) for length in variable.shape),
                "from": variable.origin,
                "first": variable.first,
                "remark": variable.remark,
            }
            for variable in data.variables
        ],
        "levels": {name: list(levels) for name, levels in data.levels.items()},
        "dropped": {"rows": list(data.dropped[:_MOST_DROPPED]), "count": len(data.dropped)},
        "tips": list(data.tips),
        "standardized": dict(data.rules.get("standardized", {})),
        "rules": dict(data.rules),
    }


def collect_rules(draft: Draft) -> dict[str, Any]:
    """Return the rules of a binding: those it followed in words, and the columns, levels and scales."""
    sourced, matches = draft.sourced, draft.matches
    columns: dict[str, Any] = {}
    for value in sourced.values():
        columns |= value.column_rules
    return {
        "words": [RULES[key] for key in list_used_rules(draft)],
        "variables": {name: list(match.columns) for name, match in matches.items() if name in sourced},
        "columns": {name: dict(entry) for name, entry in columns.items() if any(entry.values())},
        "groups": {
            size: {"count": found.encoded.count, "levels": list(found.encoded.levels)}
            for size, found in draft.groups.items()
        },
        "given": {
            name: _to_lists(sourced[name].value)
            for name in draft.context.options.given
            if name in sourced and np.size(sourced[name].value) <= _MOST_ELEMENTS
        },
        "by_group": {
            name: _to_lists(value.value)
            for name, value in sourced.items()
            if name in matches and value.rows is not None
        },
        "standardized": {
            name: {"columns": list(scale.columns), "mean": list(scale.mean), "sd": list(scale.sd)}
            for name, scale in draft.scales.items()
        },
        "row_names": find_row_name_column(draft.context, matches),
        **_describe_calendar(draft),
    }


def _describe_calendar(draft: Draft) -> dict[str, Any]:
    """Return when the rows were, which tells the rows that follow; nothing for rows without a time."""
    calendar = tables.find_calendar(draft.context.table)
    return {} if calendar is None else {"calendar": {**asdict(calendar), "columns": list(calendar.columns)}}


def _to_lists(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {name: _to_lists(member) for name, member in value.items()}
    return np.asarray(value).tolist()


def find_standardization(stored: Mapping[str, Any], name: str) -> Standardization | None:
    """Return the scale on which an earlier binding put a matrix; `None` if it left the matrix as it was."""
    scale = stored.get("standardized", {}).get(name)
    if scale is None:
        return None
    return Standardization(tuple(scale["columns"]), tuple(scale["mean"]), tuple(scale["sd"]))
