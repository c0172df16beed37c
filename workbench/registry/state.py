"""What the events of a registry add up to: names, their versions, and where aliases point."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from workbench.errors import RegistryDamaged, RequestError
from workbench.journal import FIRST
from workbench.registry.events import (
    Added,
    Approved,
    Described,
    Event,
    Failed,
    Gated,
    Moved,
    Trusted,
    VersionsPruned,
)
from workbench.registry.names import CHAMPION, LATEST, VersionReference


@dataclass(frozen=True)
class Version:
    """A version of a model.

    Attributes
    ----------
    added
        What was said when it was added.
    time, author, is_signed
        When and by whom it was added, and whether that is signed.
    approvals
        Who approved of it, with what they said.
    is_pruned
        Whether its run is gone.
    gates
        What came of each gate that it was put to, the last one last.
    """

    added: Added
    time: str
    author: str
    is_signed: bool = False
    approvals: tuple[tuple[str, str], ...] = ()
    is_pruned: bool = False
    gates: tuple[Gated, ...] = ()

    @property
    def number(self) -> int:
        """Its number, from 1."""
        return self.added.version

    @property
    def reference(self) -> str:
        """How it is called."""
        return f"{self.added.name}@{self.number}"


@dataclass(frozen=True)
class RegisteredModel:
    """A name with its versions.

    Attributes
    ----------
    name
        The name.
    versions
        In the order of their numbers: version k is at k - 1.
    aliases
        The number of the version that each alias points to.
    earlier
        By alias, the versions that it pointed to before, the last one last: where a rollback leads.
    failures
        How many jobs failed since the newest version was added.
    owner, purpose, limits
        Who answers for it, what it is for, and what it must not be used for.
    """

    name: str
    versions: tuple[Version, ...] = ()
    aliases: dict[str, int] = field(default_factory=dict)
    earlier: dict[str, tuple[int, ...]] = field(default_factory=dict)
    failures: int = 0
    owner: str = ""
    purpose: str = ""
    limits: str = ""


@dataclass(frozen=True)
class RegistryState:
    """A registry as it is after its events.

    Attributes
    ----------
    models
        Everything that has a name.
    head
        The hash of the last event; zeros where there is none.
    count
        How many events there are.
    keys
        The keys with which events must be signed; none where they need not be.
    """

    models: dict[str, RegisteredModel] = field(default_factory=dict)
    head: str = FIRST
    count: int = 0
    keys: tuple[str, ...] = ()

    def list_runs(self) -> set[str]:
        """Return the hashes of all runs that versions need."""
        return {
            version.added.run
            for model in self.models.values()
            for version in model.versions
            if not version.is_pruned
        }

    def find_model(self, name: str) -> RegisteredModel:
        """Return what a name stands for.

        Raises
        ------
        RequestError
            There is no such name.
        """
        if name not in self.models:
            known = ", ".join(sorted(self.models)[:10])
            hint = f"there are {known}" if known else "`workbench registry add NAME RUN` adds the first"
            raise RequestError(f"`{name}` is not in the registry.", hint=hint)
        return self.models[name]

    def find_version(self, reference: VersionReference) -> Version:
        """Return the version that somebody refers to; a name alone is its champion.

        Raises
        ------
        RequestError
            There is no such name, version or alias.
        """
        model = self.find_model(reference.name)
        which = reference.which or CHAMPION
        if which == LATEST:
            return model.versions[-1]
        if which.isdecimal():
            if not 1 <= int(which) <= len(model.versions):
                message = f"`{model.name}` has the versions 1 to {len(model.versions)}, and no `{which}`."
                raise RequestError(message)
            return model.versions[int(which) - 1]
        if which not in model.aliases:
            known = ", ".join(f"`{model.name}@{alias}`" for alias in (*sorted(model.aliases), LATEST))
            raise RequestError(f"`{model.name}` has no `{which}`.", hint=f"there are {known}")
        return model.versions[model.aliases[which] - 1]


def replay_events(events: Iterable[Event]) -> RegistryState:
    """Return the state of a registry after its events.

    Raises
    ------
    RegistryDamaged
        An event contradicts those before it.
    """
    state = RegistryState()
    for event in events:
        state = apply_event(state, event)
    return state


def apply_event(state: RegistryState, event: Event) -> RegistryState:
    """Return the state after one more event; the models of the state before are shared, not changed.

    Raises
    ------
    RegistryDamaged
        It contradicts the events before it.
    """
    content = event.content
    if isinstance(content, Trusted):
        return replace(state, head=event.hash, count=event.number, keys=content.keys)
    model = state.models.get(content.name)
    if model is None and isinstance(content, Added):
        model = RegisteredModel(content.name)
    if model is None:
        raise RegistryDamaged(f"event {event.number} is about `{content.name}`, which was never added.")
    models = {**state.models, content.name: _apply(model, event, is_checked=bool(state.keys))}
    return replace(state, models=models, head=event.hash, count=event.number)


def _apply(model: RegisteredModel, event: Event, *, is_checked: bool) -> RegisteredModel:
    """Return a model after an event about it, whose signature is checked or not."""
    content = event.content
    if isinstance(content, Added):
        if content.version != len(model.versions) + 1:
            raise RegistryDamaged(
                f"event {event.number} adds version {content.version} of `{model.name}`, where "
                f"{len(model.versions) + 1} was expected."
            )
        version = Version(content, event.time, event.author, is_checked)
        model = replace(model, versions=(*model.versions, version), failures=0)
        return _point(model, content.alias, content.version) if content.alias else model
    if isinstance(content, Described):
        stated = {key: getattr(content, key) for key in ("owner", "purpose", "limits")}
        return replace(model, **{key: text for key, text in stated.items() if text is not None})
    if isinstance(content, Moved):
        if content.version is not None:
            _require_version(model, content.version, event)
        return _point(model, content.alias, content.version, is_rollback=content.is_rollback)
    if isinstance(content, Failed):
        return replace(model, failures=model.failures + 1)
    if isinstance(content, Gated):
        version = _require_version(model, content.version, event)
        return _replace_versions(model, {content.version: replace(version, gates=(*version.gates, content))})
    if isinstance(content, Approved):
        version = _require_version(model, content.version, event)
        approvals = (*version.approvals, (event.author, content.note))
        return _replace_versions(model, {content.version: replace(version, approvals=approvals)})
    assert isinstance(content, VersionsPruned)  # noqa: S101 - the last kind that is about a model
    pruned = {
        number: replace(_require_version(model, number, event), is_pruned=True) for number in content.versions
    }
    return _replace_versions(model, pruned)


def _point(
    model: RegisteredModel, alias: str, version: int | None, *, is_rollback: bool = False
) -> RegisteredModel:
    """Return a model whose alias points to a version, or to none, and remembers where it pointed."""
    before = model.aliases.get(alias)
    aliases = {name: number for name, number in model.aliases.items() if name != alias}
    if version is not None:
        aliases[alias] = version
    earlier = model.earlier.get(alias, ())
    if is_rollback:
        earlier = earlier[:-1]
    elif before is not None and before != version:
        earlier = (*earlier, before)
    return replace(model, aliases=aliases, earlier={**model.earlier, alias: earlier})


def _require_version(model: RegisteredModel, number: int, event: Event) -> Version:
    if number > len(model.versions):
        message = f"event {event.number} is about version {number} of `{model.name}`, which was never added."
        raise RegistryDamaged(message)
    return model.versions[number - 1]


def _replace_versions(model: RegisteredModel, changed: dict[int, Version]) -> RegisteredModel:
    versions = tuple(changed.get(version.number, version) for version in model.versions)
    return replace(model, versions=versions)
