"""The events of a registry."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

from msgspec import Meta, Struct

from workbench import journal
from workbench.journal import Hash
from workbench.registry.gate.criteria import Criterion
from workbench.registry.summary import VersionSummary

FileName = Annotated[str, Meta(pattern=r"\A[A-Za-z0-9][A-Za-z0-9._-]{0,99}\Z")]
"""The name of a file of a run: none leads out of its folder."""

VersionNumber = Annotated[int, Meta(ge=1, le=10**9)]
"""The number of a version, from 1."""


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


Event = journal.Event[Content]
"""An event of a registry."""
