"""The card beside a bundled table: where the table comes from and what its columns are."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from workbench.errors import RequestError


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
    """Return the card of a bundled table.

    Raises
    ------
    RequestError
        It is missing, is not TOML, or lacks something that each card says.
    """
    path = table.with_suffix(".toml")
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
        return TableCard(
            content["title"],
            content["origin"],
            content["licence"],
            content.get("command", ""),
            content["rows"],
            content["sha256"],
            {name: (column["meaning"], column["unit"]) for name, column in content["columns"].items()},
        )
    except (OSError, tomllib.TOMLDecodeError) as reason:
        raise RequestError(f"the card `{path}` of a bundled table cannot be read: {reason}.") from reason
    except (KeyError, TypeError, AttributeError) as reason:
        what = (
            f"lacks `{reason.args[0]}`"
            if isinstance(reason, KeyError)
            else "has another form than the others"
        )
        hint = (
            "title, origin, licence, rows, sha256, and meaning and unit of each column under [columns.NAME]"
        )
        raise RequestError(f"the card `{path}` of a bundled table {what}.", hint=hint) from reason
