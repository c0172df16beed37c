"""JSON from outside: numbers that a computer can hold, every name once, and no deeper than data are."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable
from typing import Any

from workbench.errors import BindingError

_MOST_LEVELS = 32
"""How deep lists and objects may be nested: what NumPy can go through."""

_MOST_SHOWN = 20
"""Digits of a long number that a message shows."""


def parse_json(text: str, place: str) -> Any:
    """Return what a JSON text means.

    Parameters
    ----------
    text
        The text.
    place
        Where it stands, in words, as the beginning of a message.

    Raises
    ------
    BindingError
        It is not JSON, a number is larger than any that a computer holds, a name occurs twice in one object,
        or it is nested too deeply.

    >>> parse_json("[1, 2.5]", "`--set y`")
    [1, 2.5]
    """
    try:
        content = json.loads(
            text,
            parse_int=_parse_integer,
            parse_float=_parse_real,
            object_pairs_hook=_make_object,
        )
    except json.JSONDecodeError as reason:
        message = f"{place} is not valid JSON: line {reason.lineno}, column {reason.colno}: {reason.msg}."
        raise BindingError(message) from reason
    except _NotData as reason:
        raise BindingError(f"{place} {reason}.", hint=reason.hint) from reason
    except RecursionError as reason:
        raise _describe_depth(place) from reason
    if _is_too_deep(content):
        raise _describe_depth(place)
    return content


class _NotData(ValueError):
    def __init__(self, message: str, hint: str) -> None:
        super().__init__(message)
        self.hint = hint


def _parse_integer(text: str) -> int:
    _parse_real(text)  # refuses what no number of the computer can hold
    return int(text)


def _parse_real(text: str) -> float:
    number = float(text)
    if math.isinf(number):
        shown = text if len(text) <= _MOST_SHOWN else f"{text[:_MOST_SHOWN]}... ({len(text)} characters)"
        raise _NotData(
            f"holds the number {shown}, which is larger than any number of a computer",
            'the largest is 1.8e308; Stan\'s data may also hold "Infinity"',
        )
    return number


def _make_object(pairs: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    content: dict[str, Any] = {}
    for name, value in pairs:
        if name in content:
            raise _NotData(f"has two values called `{name}`", "rename or remove one of them")
        content[name] = value
    return content


def _is_too_deep(content: Any) -> bool:
    level = [content] if isinstance(content, (list, dict)) else []
    for _ in range(_MOST_LEVELS):
        members = (outer.values() if isinstance(outer, dict) else outer for outer in level)
        level = [inner for outer in members for inner in outer if isinstance(inner, (list, dict))]
        if not level:
            return False
    return True


def _describe_depth(place: str) -> BindingError:
    return BindingError(
        f"{place} is nested more than {_MOST_LEVELS} levels deep.",
        hint='Stan\'s data look like {"N": 2, "y": [1.5, 2.5]}',
    )
