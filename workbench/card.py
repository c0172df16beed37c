"""The card beside a model: `<name>.toml` with its story, default hyperparameters, columns and roles."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from workbench.errors import RequestError

_NUMBER = r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?"
"""A number, as a sweep writes it."""

_SWEEP = re.compile(rf"{_NUMBER}:{_NUMBER}:(?:log|lin):\d+|{_NUMBER}(?:,\s*{_NUMBER})*")
"""A range, or values separated by commas."""


@dataclass(frozen=True)
class Card:
    """What a model's `.toml` says; empty where there is none.

    Attributes
    ----------
    path
        The file; `None` if the model has no card.
    title
        One line for a heading.
    story
        A few sentences on what the model says about the world, and on the data it is shown on.
    references
        Publications that describe the model.
    units
        By Stan variable: its unit.
    table
        Name of the bundled table it is shown on; empty if there is none.
    hyperparameters
        By Stan variable: the default value of each hyperparameter.
    meanings
        By hyperparameter: what it means, in words.
    sweeps
        By hyperparameter: a sensible range for a sensitivity study, as `--vary` reads it:
        `FROM:TO:log:COUNT`, `FROM:TO:lin:COUNT`, or values separated by commas.
    columns
        By Stan variable: the columns of the table that it takes, in order.
    roles
        Roles of terms that the program alone does not determine: `"line 12" = "prior"`, `"mu ~" = "prior"`.
    values
        Values of Stan variables that are not in the table, as `--set` would give them: `[set]`, `K = 3`.
    """

    path: Path | None = None
    title: str = ""
    story: str = ""
    references: tuple[str, ...] = ()
    units: Mapping[str, str] = field(default_factory=dict)
    table: str = ""
    hyperparameters: Mapping[str, Any] = field(default_factory=dict)
    meanings: Mapping[str, str] = field(default_factory=dict)
    sweeps: Mapping[str, str] = field(default_factory=dict)
    columns: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    roles: Mapping[str, str] = field(default_factory=dict)
    values: Mapping[str, Any] = field(default_factory=dict)


def read(model: Path) -> Card:
    """Return the card of a model file.

    Raises
    ------
    RequestError
        The card is not TOML, or an entry does not have the expected form.
    """
    path = model.with_suffix(".toml")
    if not path.is_file():
        return Card()
    content = parse_toml(path.read_bytes(), f"the model's card `{path}`")
    hyperparameters = _list_section(path, content, "hyperparameters")
    return Card(
        path,
        title=str(content.get("title", "")),
        story=" ".join(str(content.get("story", "")).split()),
        references=_parse_texts(path, content, "references"),
        units={name: str(unit) for name, unit in _list_section(path, content, "units")},
        table=str(content.get("data", "")),
        hyperparameters={name: _parse_default(path, name, entry) for name, entry in hyperparameters},
        meanings={name: str(entry["meaning"]) for name, entry in hyperparameters if "meaning" in entry},
        sweeps={
            name: _parse_sweep(path, name, entry) for name, entry in _list_section(path, content, "sweep")
        },
        columns={
            name: _parse_columns(path, name, entry) for name, entry in _list_section(path, content, "columns")
        },
        roles={term: str(role) for term, role in _list_section(path, content, "roles")},
        values=dict(_list_section(path, content, "set")),
    )


def parse_toml(content: bytes, place: str) -> dict[str, Any]:
    """Return what a TOML file says.

    Parameters
    ----------
    content
        The bytes of the file.
    place
        The file in words, as the beginning of a message.

    Raises
    ------
    RequestError
        It is not TOML, a number has too many digits, or it is nested too deeply.
    """
    try:
        return tomllib.loads(content.decode("utf-8"))
    except RecursionError as reason:
        raise RequestError(f"{place} is nested too deeply.") from reason
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as reason:
        raise RequestError(f"{place} is not valid TOML: {reason}.") from reason
    except ValueError as reason:  # Python refuses to read integers of thousands of digits
        raise RequestError(
            f"{place} holds a number with too many digits, or a date that does not exist."
        ) from reason


def _list_section(path: Path, content: Mapping[str, Any], name: str) -> list[tuple[str, Any]]:
    section = content.get(name, {})
    if not isinstance(section, dict):
        raise RequestError(f"`{name}` in `{path}` was expected to be a table, found {section!r}.")
    return list(section.items())


def _parse_texts(path: Path, content: Mapping[str, Any], name: str) -> tuple[str, ...]:
    texts = content.get(name, [])
    if isinstance(texts, list) and all(isinstance(text, str) for text in texts):
        return tuple(texts)
    raise RequestError(f"`{name}` in `{path}` was expected to be a list of texts, found {texts!r}.")


def _parse_sweep(path: Path, name: str, entry: object) -> str:
    if isinstance(entry, str) and _SWEEP.fullmatch(entry):
        return entry
    raise RequestError(
        f"`sweep.{name}` in `{path}` was expected to be FROM:TO:log:COUNT, FROM:TO:lin:COUNT or values "
        f"separated by commas, found {entry!r}."
    )


def _parse_default(path: Path, name: str, entry: object) -> Any:
    if isinstance(entry, dict) and "default" in entry:
        return entry["default"]
    raise RequestError(f"hyperparameter `{name}` in `{path}` has no `default`.")


def _parse_columns(path: Path, name: str, entry: object) -> tuple[str, ...]:
    columns = [entry] if isinstance(entry, str) else entry
    if isinstance(columns, list) and all(isinstance(column, str) for column in columns):
        return tuple(columns)
    raise RequestError(f"`columns.{name}` in `{path}` was expected to name columns, found {entry!r}.")
