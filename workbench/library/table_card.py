"""The card beside a bundled table: where the table comes from and what its columns are."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True)
class TableCard:
    """What `data/<name>.toml` says about a table.

    Attributes
    ----------
    title, origin, licence
        What it is, where it comes from, and on which terms it may be used.
    command
        The command that made the file; empty where it was typed.
    rows
        Number of rows below the header.
    sha256
        Hash of the file's bytes.
    columns
        Meaning and unit of each column.
    """

    title: str
    origin: str
    licence: str
    command: str
    rows: int
    sha256: str
    columns: Mapping[str, tuple[str, str]] = field(default_factory=dict)


def read_table_card(table: Path) -> TableCard:
    """Return the card of a bundled table."""
    content = tomllib.loads(table.with_suffix(".toml").read_text(encoding="utf-8"))
    return TableCard(
        content["title"],
        content["origin"],
        content["licence"],
        content.get("command", ""),
        content["rows"],
        content["sha256"],
        {name: (column["meaning"], column["unit"]) for name, column in content["columns"].items()},
    )
