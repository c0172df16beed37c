"""`index.json`: what the events of a registry add up to, for programs that read JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping

import msgspec
from msgspec import Struct

from workbench.journal import Hash
from workbench.registry.events import VersionNumber
from workbench.registry.runs import RUNS
from workbench.registry.state import RegisteredModel, RegistryState

SCHEMA = 1
"""The version of `index.json`: raised when a key changes its meaning or goes; additions are free."""


class IndexedVersion(Struct, frozen=True, kw_only=True):
    """A version: the folder of its run, `null` where that is pruned; when it was added, and by whom."""

    version: VersionNumber
    run: str | None
    time: str
    author: str
    verdict: str


class IndexedModel(Struct, frozen=True, kw_only=True):
    """A name: who answers for it, where its aliases point, and its versions in the order of their numbers."""

    owner: str
    purpose: str
    limits: str
    aliases: Mapping[str, VersionNumber]
    versions: tuple[IndexedVersion, ...]


class RegistryIndex(Struct, frozen=True, kw_only=True):
    """What the events add up to; `head` is the hash of the last one, and `events` their number."""

    schema: int
    head: Hash
    events: int
    models: Mapping[str, IndexedModel]


def format_index(state: RegistryState) -> str:
    """Return what the events add up to as JSON: names, aliases, and the run of each version."""
    index = RegistryIndex(
        schema=SCHEMA,
        head=state.head,
        events=state.count,
        models={name: _index_model(model) for name, model in sorted(state.models.items())},
    )
    return json.dumps(msgspec.to_builtins(index), indent=1, ensure_ascii=False) + "\n"


def _index_model(model: RegisteredModel) -> IndexedModel:
    return IndexedModel(
        owner=model.owner,
        purpose=model.purpose,
        limits=model.limits,
        aliases=model.aliases,
        versions=tuple(
            IndexedVersion(
                version=version.number,
                run=None if version.is_pruned else f"{RUNS}/{version.added.run}",
                time=version.time,
                author=version.author,
                verdict=version.added.summary.verdict,
            )
            for version in model.versions
        ),
    )
