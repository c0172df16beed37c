"""A binding as `run.json` keeps it."""

from __future__ import annotations

from typing import Any

from workbench.binding.bound_data import BoundData

_MOST = 1000
"""Rows left out that are listed by number; all are counted."""


def to_record(data: BoundData) -> dict[str, Any]:
    """Return what `run.json` says about data: where each variable came from, and the rules for new data."""
    return {
        "path": str(data.table.path),
        "sha256": data.table.sha256,
        "rows": data.table.rows,
        "columns": list(data.table.columns),
        "binding": {one.name: one.origin for one in data.variables},
        "variables": [
            {
                "name": one.name,
                "type": one.type,
                "size": " x ".join(str(length) for length in one.shape),
                "from": one.origin,
                "first": one.first,
                "remark": one.remark,
            }
            for one in data.variables
        ],
        "levels": {name: list(levels) for name, levels in data.levels.items()},
        "dropped": {"rows": list(data.dropped[:_MOST]), "count": len(data.dropped)},
        "tips": list(data.tips),
        "standardized": dict(data.rules.get("standardized", {})),
        "rules": dict(data.rules),
    }
