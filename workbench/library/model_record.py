"""A bundled model as plain values: what `workbench models --json` prints."""

from __future__ import annotations

from typing import Any

from workbench.library.catalogue import BundledModel
from workbench.library.table_card import read_table_card


def to_record(model: BundledModel) -> dict[str, Any]:
    """Return everything that the card of a model and the card of its table say."""
    card, table = model.card, read_table_card(model.table)
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
            "title": table.title,
            "origin": table.origin,
            "licence": table.licence,
            "rows": table.rows,
            "columns": {
                name: {"meaning": meaning, "unit": unit} for name, (meaning, unit) in table.columns.items()
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
