"""The history of a model: what was done, which version was in use when, and what each version changed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from workbench.errors import RequestError
from workbench.registry.differences import FitDifferences, compare_remembered
from workbench.registry.events import Added, Event, Trusted
from workbench.registry.names import CHAMPION
from workbench.registry.state import RegisteredModel, RegistryState, Version, apply_event


@dataclass(frozen=True)
class Tenure:
    """A time during which one version was in use.

    Attributes
    ----------
    number
        The version.
    began, ended
        The events that put it in use, and another or none in its place; `None` while it is in use.
    """

    number: int
    began: Event
    ended: Event | None = None


@dataclass(frozen=True)
class VersionChange:
    """A version beside another one: the version that it replaced, or with which it began.

    Attributes
    ----------
    event
        The event that added it or put it in use.
    before, after
        The versions.
    replaces
        Whether it took the place of the other one, which was in use before; otherwise it was added while the
        other one was in use, or was the newest where none was.
    was_in_use
        Whether the other one was in use then.
    differences
        What differs between them, by what is remembered.
    """

    event: Event
    before: Version
    after: Version
    replaces: bool
    was_in_use: bool
    differences: FitDifferences


@dataclass(frozen=True)
class ModelHistory:
    """Everything that a registry remembers of a model.

    Attributes
    ----------
    model
        Its versions and aliases.
    events
        The events about it, and those about keys, the first one first.
    tenures
        Which version was in use, the first one first.
    changes
        Each version beside the one that was in use when it was added, and each version that was put in use
        beside the one that it replaced, in the order of events.
    """

    model: RegisteredModel
    events: tuple[Event, ...]
    tenures: tuple[Tenure, ...]
    changes: tuple[VersionChange, ...]

    @property
    def in_use(self) -> Tenure | None:
        """The version that is in use, if any is."""
        return self.tenures[-1] if self.tenures and self.tenures[-1].ended is None else None

    def find_version(self, number: int) -> Version:
        """Return a version by its number."""
        return self.model.versions[number - 1]

    def compare_current(self) -> VersionChange | None:
        """Return the version in use beside the one before; the newest where none is, `None` for the first.

        The one before is the one that was in use before, or the one with which the version began.
        """
        shown = self.model.versions[-1].number if self.in_use is None else self.in_use.number
        own = [change for change in self.changes if change.after.number == shown]
        if self.in_use is None:
            return next((change for change in own if not change.replaces), None)
        first = own[0] if own else None
        return next((each for each in reversed(own) if each.before.number == self.used_before), first)

    @property
    def used_before(self) -> int | None:
        """The version that was in use before the one that is, or was last."""
        now = self.tenures[-1].number if self.tenures else None
        return next((each.number for each in reversed(self.tenures) if each.number != now), None)


def trace_history(events: Sequence[Event], name: str) -> ModelHistory:
    """Return the history of a model.

    Kinds of events that move `champion` are known by what they do, so that each new kind counts.

    Raises
    ------
    RequestError, RegistryDamaged
        There is no such name, or an event contradicts those before it.
    """
    about = [event for event in events if not isinstance(event.content, Trusted) and _concerns(event, name)]
    if not about:
        raise RequestError(
            f"`{name}` is not in the registry.", hint="`workbench registry list` lists its models"
        )
    state = RegistryState()
    tenures: list[Tenure] = []
    pairs: list[tuple[Event, int, int, bool, bool]] = []
    for event in about:
        used = _find_used(state, name)
        state = apply_event(state, event)
        content = event.content
        now = _find_used(state, name)
        if isinstance(content, Added) and content.parent is not None:
            pairs.append((event, content.parent, content.version, False, content.parent == used))
        if now == used:
            continue
        if used is not None:
            tenures[-1] = Tenure(used, tenures[-1].began, event)
        if now is not None:
            earlier = next((each.number for each in reversed(tenures) if each.number != now), None)
            if earlier is not None and not any(pair[1:3] == (earlier, now) for pair in pairs):
                pairs.append((event, earlier, now, True, used is not None))
            tenures.append(Tenure(now, event))
    model = state.find_model(name)
    return ModelHistory(
        model,
        tuple(event for event in events if _concerns(event, name)),
        tuple(tenures),
        tuple(
            _compare(model, *pair) for pair in pairs if pair[1] != pair[2] and pair[1] <= len(model.versions)
        ),
    )


def _concerns(event: Event, name: str) -> bool:
    return isinstance(event.content, Trusted) or event.content.name == name


def _find_used(state: RegistryState, name: str) -> int | None:
    model = state.models.get(name)
    return None if model is None else model.aliases.get(CHAMPION)


def _compare(
    model: RegisteredModel, event: Event, before: int, after: int, replaces: bool, was_in_use: bool
) -> VersionChange:
    one, other = model.versions[before - 1], model.versions[after - 1]
    differences = compare_remembered(one.added.summary, other.added.summary)
    return VersionChange(event, one, other, replaces, was_in_use, differences)
