"""The events of a registry, and the chain that they form: each holds the hash of the one before."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Annotated, Any

import msgspec
from msgspec import Meta, Struct

from workbench.errors import RegistryDamaged
from workbench.provenance import hash_text
from workbench.registry.gate.criteria import Criterion
from workbench.registry.summary import VersionSummary

Hash = Annotated[str, Meta(pattern=r"\A[0-9a-f]{64}\Z")]
"""A sha256 in hexadecimal."""

FileName = Annotated[str, Meta(pattern=r"\A[A-Za-z0-9][A-Za-z0-9._-]{0,99}\Z")]
"""The name of a file of a run: none leads out of its folder."""

VersionNumber = Annotated[int, Meta(ge=1, le=10**9)]
"""The number of a version, from 1."""

FIRST = "0" * 64
"""What stands for the hash of the event before the first."""


class RefitJob(Struct, frozen=True, kw_only=True):
    """What a job was to do: how, from which version, and with which rows (the hash of the table)."""

    way: str
    data: str
    base: VersionNumber | None = None
    table: str = ""


class Added(Struct, frozen=True, kw_only=True, tag="added"):
    """A run became a version: its files with their hashes, what it found, and from which version it comes."""

    name: str
    version: VersionNumber
    run: Hash
    files: Mapping[FileName, Hash]
    size: Annotated[int, Meta(ge=0)]
    summary: VersionSummary
    parent: VersionNumber | None = None
    alias: str = ""
    note: str = ""
    job: RefitJob | None = None


class Described(Struct, frozen=True, kw_only=True, tag="described"):
    """Who answers for a model, what it is for, and what it must not be used for."""

    name: str
    owner: str | None = None
    purpose: str | None = None
    limits: str | None = None


class Moved(Struct, frozen=True, kw_only=True, tag="moved"):
    """An alias moved from one version to another; to none where it was removed.

    `is_rollback` says that it moved back to where it had been before.
    """

    name: str
    alias: str
    version: VersionNumber | None = None
    before: VersionNumber | None = None
    reason: str = ""
    is_rollback: bool = False


class Gated(Struct, frozen=True, kw_only=True, tag="gated"):
    """A gate was asked whether a version may become the champion; `is_shadow` where only that is recorded.

    `champion` is the version that it was compared with, `data` the hash of the held-out rows.
    """

    name: str
    version: VersionNumber
    criteria: tuple[Criterion, ...]
    is_passed: bool
    champion: VersionNumber | None = None
    data: str = ""
    is_shadow: bool = False


class Failed(Struct, frozen=True, kw_only=True, tag="failed"):
    """A job failed: what it was to do, the kind of error, its words, and how long it took [s]."""

    name: str
    job: RefitJob
    cause: str
    message: str
    seconds: float


class Approved(Struct, frozen=True, kw_only=True, tag="approved"):
    """Somebody approved of a version."""

    name: str
    version: VersionNumber
    note: str = ""


class VersionsPruned(Struct, frozen=True, kw_only=True, tag="pruned"):
    """Runs of old versions were removed; what their events say of them stays."""

    name: str
    versions: tuple[VersionNumber, ...]
    keep: int


class Trusted(Struct, frozen=True, kw_only=True, tag="trusted"):
    """From here on each event must be signed with one of these keys, as OpenSSH writes public keys."""

    keys: tuple[str, ...]


Content = Added | Described | Moved | Gated | Failed | Approved | VersionsPruned | Trusted
"""What an event says."""


class Signature(Struct, frozen=True, kw_only=True):
    """A signature of an event's hash: the key's fingerprint, and the signature in base64."""

    key: str
    value: str


class Event(Struct, frozen=True, kw_only=True):
    """A line of `events.jsonl`.

    `hash` is the sha256 of the rest but for the signature, as JSON without spaces and with its keys in order.
    """

    number: Annotated[int, Meta(ge=1)]
    time: str
    author: str
    content: Content
    previous: Hash
    hash: Hash = FIRST
    signature: Signature | None = None


def seal(event: Event) -> Event:
    """Return an event with its hash."""
    return msgspec.structs.replace(event, hash=compute_hash(msgspec.to_builtins(event)))


def compute_hash(line: Mapping[str, Any]) -> str:
    """Return the hash of an event from the values of its line."""
    return hash_text(_format({key: value for key, value in line.items() if key not in ("hash", "signature")}))


def format_event(event: Event) -> str:
    """Return an event as a line, with its end."""
    values = msgspec.to_builtins(event)
    if event.signature is None:
        del values["signature"]
    return _format(values, in_order=False) + "\n"


def _format(values: Mapping[str, Any], *, in_order: bool = True) -> str:
    """Return values as JSON without spaces; a hash is made of them with their keys in order."""
    return json.dumps(values, sort_keys=in_order, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def parse_line(text: str, number: int) -> Event:
    """Return the event of a line, by its number.

    Raises
    ------
    RegistryDamaged
        It is no event, was changed, or is of a kind that this workbench does not know.
    """
    try:
        line = json.loads(text, parse_constant=_refuse_constant)
        event = msgspec.convert(line, Event)
    except (ValueError, RecursionError) as reason:  # msgspec's errors are ValueErrors
        kind = line.get("content", {}) if isinstance(reason, msgspec.ValidationError) else {}
        known = {each.__struct_config__.tag for each in Content.__args__}
        if isinstance(kind, dict) and isinstance(kind.get("type"), str) and kind["type"] not in known:
            message = f"event {number} is of a kind that this workbench does not know: `{kind['type']}`."
            raise RegistryDamaged(message, hint="a newer workbench may have written it") from reason
        raise RegistryDamaged(f"event {number} cannot be read: {reason}.") from reason
    if event.hash != compute_hash(line):
        raise RegistryDamaged(f"event {number} was changed after it was written: its hash does not fit.")
    return event


def check_chain(events: Iterable[Event]) -> None:
    """Refuse events of which one was removed, added or moved.

    Raises
    ------
    RegistryDamaged
        The message names the first event that does not follow the one before.
    """
    previous = FIRST
    for number, event in enumerate(events, start=1):
        if event.number != number or event.previous != previous:
            message = f"event {number} does not follow the one before: events were removed, added or moved."
            raise RegistryDamaged(message)
        previous = event.hash


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is no number of JSON")
