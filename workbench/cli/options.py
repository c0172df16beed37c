"""Options shared by commands, and the reading of `NAME=VALUE`."""

from __future__ import annotations

import json
import os
from typing import Any

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
    return {
        name: tuple(column.strip() for column in value.split(","))
        for name, value in pairs("--column", texts).items()
    }


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


def available_cores() -> int:
    """Return how many processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
