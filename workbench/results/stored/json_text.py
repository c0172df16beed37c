"""JSON from a file that may come from someone else: its size and its depth are limited."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec

from workbench.errors import RunIncomplete
from workbench.results.stored.plain_file import read_bytes

MOST_BYTES = 256 * 2**20
"""The longest file [bytes]: a run with 100,000 quantities has about as much. Ours."""

_MOST_VALUES = 20_000_000
"""The most values in a file, each of which takes up to 100 bytes of memory. Ours."""

_DEEPEST = 32
"""The most levels of lists and objects in each other; our own files have eight. Ours."""

_LARGEST_INTEGER = 2**63 - 1
"""The largest integer that arrays can hold."""


def read_json(path: Path) -> dict[str, Any]:
    """Return the content of a JSON file of a run or a study.

    Raises
    ------
    RunIncomplete
        The file cannot be read, is not JSON, or is larger or deeper than such a file can be.
    """
    content = read_bytes(path, MOST_BYTES)
    if content.count(b",") + content.count(b"[") + content.count(b"{") > _MOST_VALUES:
        raise RunIncomplete(
            f"`{path}` has more than {_MOST_VALUES:,} values, more than such a file can need."
        )
    try:
        decoded = msgspec.json.decode(content)
    except (msgspec.DecodeError, ValueError) as reason:
        raise RunIncomplete(f"`{path}` is not JSON as it was written: {_lower(str(reason))}.") from reason
    except RecursionError as reason:
        raise RunIncomplete(_describe_depth(path)) from reason
    if not isinstance(decoded, dict):
        raise RunIncomplete(f"`{path}` was expected to hold an object, found {_name_kind(decoded)}.")
    _check_values(path, decoded)
    return decoded


def _check_values(path: Path, value: Any) -> None:
    """Refuse integers that no number holds, and values nested too deeply: later steps call themselves.

    Raises
    ------
    RunIncomplete
        The message names the limit.
    """
    level = [value]
    for _ in range(_DEEPEST):
        below: list[Any] = []
        for container in level:
            for child in container.values() if isinstance(container, dict) else container:
                kind = type(child)
                if kind is dict or kind is list:
                    below.append(child)
                elif kind is int and abs(child) > _LARGEST_INTEGER:
                    text = f"an integer of more than {_LARGEST_INTEGER:.0e}"
                    raise RunIncomplete(f"`{path}` holds {text}, larger than any in such a file.")
        if not below:
            return
        level = below
    raise RunIncomplete(_describe_depth(path))


def _describe_depth(path: Path) -> str:
    return f"`{path}` nests values more than {_DEEPEST} levels deep, deeper than such a file can be."


def _name_kind(value: Any) -> str:
    names = {list: "a list", str: "a text", type(None): "nothing", bool: "true or false"}
    return names.get(type(value), "a number")


def _lower(text: str) -> str:
    """Return a message as a part of a sentence.

    >>> _lower("Invalid number."), _lower("JSON is malformed")
    ('invalid number', 'JSON is malformed')
    """
    first = text[:1] if text[1:2].isupper() else text[:1].lower()
    return first + text[1:].rstrip(".")
