"""Parse the texts of options: `NAME=VALUE`, names between commas, and words of a small vocabulary."""

from __future__ import annotations

import csv
import json
import math
import re
from collections.abc import Sequence
from typing import Any, Literal

from workbench.errors import BindingError, RequestError

_SIZE = re.compile(r"(\d{1,15}(?:\.\d*)?)\s*([kMGT]?B)", re.IGNORECASE | re.ASCII)
"""A number of bytes."""

_STATEMENT = re.compile(r"^([^=~]*)~")
"""The left side of a statement of Stan: `beta ~`."""

_UNITS = {"B": 1, "KB": 1e3, "MB": 1e6, "GB": 1e9, "TB": 1e12}
"""Bytes by unit."""


def parse_pairs(option: str, texts: list[str] | None) -> dict[str, str]:
    """Return `NAME=VALUE` texts as a mapping.

    Raises
    ------
    RequestError
        A text has no name or no value, or a name is given twice.

    >>> parse_pairs("--reference", ["region=south"])
    {'region': 'south'}
    """
    values: dict[str, str] = {}
    for text in texts or ():
        name, equals, value = (part.strip() for part in text.partition("="))
        if not (name and equals and value):
            raise RequestError(f"{option} was expected to be NAME=VALUE, found `{text}`.")
        if name in values:
            raise RequestError(f"{option} gives `{name}` twice: `{values[name]}` and `{value}`.")
        values[name] = value
    return values


def parse_columns(texts: list[str] | None) -> dict[str, tuple[str, ...]]:
    """Return the columns of each Stan variable, from `--column X=age,income`.

    Raises
    ------
    RequestError
        A line ends outside quotes.

    >>> parse_columns(["X=age,income"])
    {'X': ('age', 'income')}
    """
    columns: dict[str, tuple[str, ...]] = {}
    for name, value in parse_pairs("--column", texts).items():
        try:
            columns[name] = _split_quoted(value)
        except csv.Error as reason:
            raise RequestError(
                f"--column {name} was expected to name columns between commas on one line, found `{value}`.",
                hint="put quotes around a name that holds a line end",
            ) from reason
    return columns


def _split_quoted(text: str) -> tuple[str, ...]:
    """Return names between commas; one that holds a comma stands in quotes, as in a CSV file."""
    rows = list(csv.reader([text], skipinitialspace=True))
    return tuple(name.strip() for name in rows[0])


def parse_missing(word: str) -> Literal["refuse", "drop"]:
    """Return what to do with rows that have a missing cell.

    Raises
    ------
    RequestError
        The word is neither `refuse` nor `drop`.
    """
    if word not in ("refuse", "drop"):
        raise RequestError(f"--missing was expected to be refuse or drop, found `{word}`.")
    return "drop" if word == "drop" else "refuse"


def parse_values(texts: list[str] | None) -> dict[str, Any]:
    """Return the values of Stan variables, from `--set NAME=VALUE` with JSON values.

    Raises
    ------
    RequestError
        A value is not JSON.

    >>> parse_values(["K=3", "y=[1, 2.5]"])
    {'K': 3, 'y': [1, 2.5]}
    """
    pairs = parse_pairs("--set", texts)
    from workbench.tables import parse_json  # only here: `--help` does without tables

    values: dict[str, Any] = {}
    for name, text in pairs.items():
        try:
            values[name] = parse_json(text, f"--set {name}")
        except BindingError as reason:
            if not isinstance(reason.__cause__, json.JSONDecodeError):
                raise
            message = f"--set {name} was expected to be a number or a JSON list, found `{text}`."
            raise RequestError(message) from reason
    return values


def parse_priors(texts: list[str] | None) -> dict[str, float | Sequence[float]]:
    """Return the values of hyperparameters, from `--prior NAME=NUMBER` or several numbers.

    Raises
    ------
    RequestError
        A value is neither a number nor numbers between commas.

    >>> parse_priors(["tau.sigma=2", "beta.mu=0.97,-0.72"])
    {'tau.sigma': 2.0, 'beta.mu': (0.97, -0.72)}
    """
    return {name: _parse_numbers(name, text) for name, text in parse_pairs("--prior", texts).items()}


def parse_prior_forms(texts: list[str] | None) -> dict[str, str]:
    """Return whole priors by parameter, from `--prior-form 'NAME ~ PRIOR'` or `NAME=PRIOR`.

    Raises
    ------
    RequestError
        A text has no name or no prior, or a name is given twice.

    >>> parse_prior_forms(["beta ~ normal(0, 1)", "tau=flat"])
    {'beta': 'normal(0, 1)', 'tau': 'flat'}
    """
    return parse_pairs("--prior-form", [_STATEMENT.sub(r"\1=", text) for text in texts or ()])


def _parse_numbers(name: str, text: str) -> float | Sequence[float]:
    """Return a number; or several, between commas or as a JSON list."""
    is_list = text.startswith("[") and text.endswith("]")
    try:
        numbers = tuple(float(number) for number in text.removeprefix("[").removesuffix("]").split(","))
    except ValueError as reason:
        message = f"--prior {name} was expected to be a number, or numbers between commas, found `{text}`."
        raise RequestError(message) from reason
    return numbers if is_list or len(numbers) > 1 else numbers[0]


def parse_size(option: str, text: str | None) -> int | None:
    """Return a number of bytes.

    Raises
    ------
    RequestError
        It is not a number above 0 with a unit.

    >>> parse_size("--unpack-limit", "20GB"), parse_size("--unpack-limit", "512 MB")
    (20000000000, 512000000)
    """
    if text is None:
        return None
    size = _SIZE.fullmatch(text.strip())
    count = 0.0 if size is None else float(size[1]) * _UNITS[size[2].upper()]
    if not 1 <= count < math.inf:
        raise RequestError(f"{option} was expected to be a size such as 20GB or 500MB, found `{text}`.")
    return int(count)


def parse_scale(word: str) -> tuple[str, ...]:
    """Return the roles that count as prior: `prior`, or with `latent` both.

    Raises
    ------
    RequestError
        The word is neither.
    """
    if word not in ("prior", "latent"):
        raise RequestError(f"--scale was expected to be prior or latent, found `{word}`.")
    return ("prior",) if word == "prior" else ("prior", "latent")


def parse_level(level: float) -> float:
    """Return the probability of the intervals.

    Raises
    ------
    RequestError
        It is not between 0 and 1.
    """
    if not 0 < level < 1:
        raise RequestError(f"--level was expected to be between 0 and 1, found {level}.")
    return level


def parse_kept(texts: list[str] | None) -> tuple[str, ...] | None:
    """Return the names of quantities to store, `none` being a list without any; `None` for all.

    >>> parse_kept(["slope,f"]), parse_kept(["none"]), parse_kept(None)
    (('slope', 'f'), (), None)
    """
    names = split_names(texts)
    return None if texts is None else () if names == ("none",) else names


def parse_counts(option: str, texts: list[str] | None) -> tuple[int, ...]:
    """Return whole numbers that are given one by one, or with commas between them.

    Raises
    ------
    RequestError
        A text is none.

    >>> parse_counts("--rows", ["50,100", "200"])
    (50, 100, 200)
    """
    found = []
    for text in split_names(texts):
        if not text.isdecimal():
            raise RequestError(
                f"{option} was expected to be whole numbers with commas between them, found `{text}`.",
                hint=f"{option} 50,100,200,500",
            )
        found.append(int(text))
    return tuple(found)


def split_names(texts: list[str] | None) -> tuple[str, ...]:
    """Return names that are given one by one, or with commas between them.

    >>> split_names(["mle,map", "nuts"])
    ('mle', 'map', 'nuts')
    """
    return tuple(word.strip() for text in texts or () for word in text.split(",") if word.strip())
