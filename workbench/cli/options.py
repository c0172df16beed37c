"""Options shared by commands, and the reading of `NAME=VALUE`."""

from __future__ import annotations

import csv
import json
from typing import Any, Literal

from workbench.errors import RequestError


def pairs(option: str, texts: list[str]) -> dict[str, str]:
    """Return `NAME=VALUE` arguments as a mapping.

    Raises
    ------
    RequestError
        An argument has no name or no value, or a name is given twice.

    >>> pairs("--column", ["y=sales"])
    {'y': 'sales'}
    """
    found: dict[str, str] = {}
    for text in texts:
        name, equals, value = (part.strip() for part in text.partition("="))
        if not (name and equals and value):
            raise RequestError(f"{option} was expected to be NAME=VALUE, found `{text}`.")
        if name in found:
            raise RequestError(f"{option} gives `{name}` twice: `{found[name]}` and `{value}`.")
        found[name] = value
    return found


def columns(texts: list[str]) -> dict[str, tuple[str, ...]]:
    """Return `--column X=age,income` arguments as a mapping to column names."""
    return {name: _split(value) for name, value in pairs("--column", texts).items()}


def _split(value: str) -> tuple[str, ...]:
    """Return names between commas; one that holds a comma stands in quotes, as in a CSV file."""
    rows = list(csv.reader([value], skipinitialspace=True))
    return tuple(name.strip() for name in rows[0])


def missing(word: str) -> Literal["refuse", "drop"]:
    """Return what is done with rows that have a missing cell.

    Raises
    ------
    RequestError
        The word is neither `refuse` nor `drop`.
    """
    if word not in ("refuse", "drop"):
        raise RequestError(f"--missing was expected to be refuse or drop, found `{word}`.")
    return "drop" if word == "drop" else "refuse"


def values(texts: list[str]) -> dict[str, Any]:
    """Return `--set NAME=VALUE` arguments, each value a JSON literal.

    Raises
    ------
    RequestError
        A value is not a number or a list of numbers.
    """
    found: dict[str, Any] = {}
    for name, text in pairs("--set", texts).items():
        try:
            found[name] = json.loads(text)
        except json.JSONDecodeError as reason:
            message = f"--set {name} was expected to be a number or a JSON list, found `{text}`."
            raise RequestError(message) from reason
    return found


def numbers(texts: list[str]) -> dict[str, float]:
    """Return `--prior NAME=NUMBER` arguments.

    Raises
    ------
    RequestError
        A value is not a number.
    """
    found: dict[str, float] = {}
    for name, text in pairs("--prior", texts).items():
        try:
            found[name] = float(text)
        except ValueError as reason:
            raise RequestError(f"--prior {name} was expected to be a number, found `{text}`.") from reason
    return found


def roles(texts: list[str]) -> dict[str, str]:
    """Return `--role 'line 12=prior'` arguments as a mapping from a term to its role."""
    return pairs("--role", texts)


def scaled(word: str) -> tuple[str, ...]:
    """Return the roles that count as prior: `prior`, or with `latent` both.

    Raises
    ------
    RequestError
        The word is neither.
    """
    if word not in ("prior", "latent"):
        raise RequestError(f"--scale was expected to be prior or latent, found `{word}`.")
    return ("prior",) if word == "prior" else ("prior", "latent")


def names(texts: list[str]) -> tuple[str, ...]:
    """Return names given one by one or with commas between them.

    >>> names(["mle,map", "nuts"])
    ('mle', 'map', 'nuts')
    """
    return tuple(word.strip() for text in texts for word in text.split(",") if word.strip())
