"""A bundled model as a record of plain values: what `workbench models --json` prints."""

from __future__ import annotations

from typing import Any

from workbench.library.catalogue import Model
from workbench.library.table_card import read_table_card


def to_record(model: Model) -> dict[str, Any]:
    """Return all that the cards of a model and of its table say."""
    card, origin = model.card, read_table_card(model.table)
    return {
        "name": model.name,
        "family": model.family,
        "title": card.title,
        "story": card.story,
        "references": list(card.references),
        "units": dict(card.units),
        "program": str(model.program),
        "table": {
            "name": model.table.stem,
            "path": str(model.table),
            "title": origin.title,
            "origin": origin.origin,
            "licence": origin.licence,
            "rows": origin.rows,
            "columns": {
                name: {"meaning": meaning, "unit": unit} for name, (meaning, unit) in origin.columns.items()
            },
        },
        "columns": {name: list(columns) for name, columns in card.columns.items()},
        "set": dict(card.values),
        "hyperparameters": {
            name: {
                "default": default,
                "meaning": card.meanings.get(name, ""),
                "sweep": card.sweeps.get(name),
            }
            for name, default in card.hyperparameters.items()
        },
    }
