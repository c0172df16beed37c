"""Events, and the chain that they form: each holds the hash of the one before."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Annotated, Any, Generic, TypeVar, get_args

import msgspec
from msgspec import Meta, Struct

from workbench.errors import StoreError
from workbench.provenance import hash_text

Hash = Annotated[str, Meta(pattern=r"\A[0-9a-f]{64}\Z")]
"""A sha256 in hexadecimal."""

FIRST = "0" * 64
"""What stands for the hash of the event before the first."""

C = TypeVar("C")
"""What an event says."""


class Signature(Struct, frozen=True, kw_only=True):
    """A signature of an event's hash: the key's fingerprint, and the signature in base64."""

    key: str
    value: str


class Event(Struct, Generic[C], frozen=True, kw_only=True):
    """A line of `events.jsonl`.

    `hash` is the sha256 of the rest but for the signature, as JSON without spaces and with its keys in order.
    """

    number: Annotated[int, Meta(ge=1)]
    time: str
    author: str
    content: C
    previous: Hash
    hash: Hash = FIRST
    signature: Signature | None = None


def seal(event: Event[C]) -> Event[C]:
    """Return an event with its hash."""
    return msgspec.structs.replace(event, hash=compute_hash(msgspec.to_builtins(event)))


def compute_hash(line: Mapping[str, Any]) -> str:
    """Return the hash of an event from the values of its line."""
    return hash_text(_format({key: value for key, value in line.items() if key not in ("hash", "signature")}))


def format_event(event: Event[C]) -> str:
    """Return an event as a line, with its end."""
    values = msgspec.to_builtins(event)
    if event.signature is None:
        del values["signature"]
    return _format(values, in_order=False) + "\n"


def _format(values: Mapping[str, Any], *, in_order: bool = True) -> str:
    """Return values as JSON without spaces; a hash is made of them with their keys in order."""
    return json.dumps(values, sort_keys=in_order, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def parse_line(text: str, number: int, content: Any, damaged: type[StoreError]) -> Event[Any]:
    """Return the event of a line.

    Parameters
    ----------
    text, number
        The line, and the number of its event.
    content
        What events may say: a union of structs with tags.
    damaged
        The error of a journal that is not as it was written.

    Raises
    ------
    StoreError
        It is no event, was changed, or is of a kind that this workbench does not know.
    """
    try:
        line = json.loads(text, parse_constant=_refuse_constant)
        event: Event[Any] = msgspec.convert(line, Event[content])
    except (ValueError, RecursionError) as reason:  # msgspec's errors are ValueErrors
        kind = line.get("content", {}) if isinstance(reason, msgspec.ValidationError) else {}
        known = {each.__struct_config__.tag for each in get_args(content)}
        if isinstance(kind, dict) and isinstance(kind.get("type"), str) and kind["type"] not in known:
            message = f"event {number} is of a kind that this workbench does not know: `{kind['type']}`."
            raise damaged(message, hint="a newer workbench may have written it") from reason
        raise damaged(f"event {number} cannot be read: {reason}.") from reason
    if event.hash != compute_hash(line):
        raise damaged(f"event {number} was changed after it was written: its hash does not fit.")
    return event


def check_chain(events: Iterable[Event[C]], damaged: type[StoreError]) -> None:
    """Refuse events of which one was removed, added or moved.

    Raises
    ------
    StoreError
        The message names the first event that does not follow the one before.
    """
    previous = FIRST
    for number, event in enumerate(events, start=1):
        if event.number != number or event.previous != previous:
            message = f"event {number} does not follow the one before: events were removed, added or moved."
            raise damaged(message)
        previous = event.hash


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is no number of JSON")
