"""The audit page of a model in a registry as a document."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from datetime import UTC, datetime

from workbench.provenance import read_workbench_version
from workbench.registry.events import Content, Event
from workbench.registry.history import ModelHistory, trace_history
from workbench.registry.signing import describe_key, list_signers
from workbench.registry.state import replay_events
from workbench.report.audit import changes, estimates, failures, versions
from workbench.report.audit.opening import build_opening
from workbench.report.audit.words import describe_time
from workbench.report.document import Block, Cell, Column, Document, Facts, Paragraph, Section, TableBlock
from workbench.report.numbers import MISSING, pluralise

_UNSTATED = "not stated"
"""What stands where nobody said something."""


def build_audit_report(
    events: Sequence[Event], name: str, place: str, describe: Callable[[Content], str]
) -> Document:
    """Return everything that a registry remembers of a model as a document.

    Parameters
    ----------
    events
        All events of the registry, checked.
    name
        The model.
    place
        Where the registry is.
    describe
        What says an event in a sentence; each kind of event has a row, whatever it is.

    Raises
    ------
    RequestError, RegistryDamaged
        There is no such model, or an event contradicts those before it.
    """
    history = trace_history(events, name)
    now = datetime.now(UTC).strftime("%Y-%m-%d at %H:%M:%S UTC")
    verdict, opening = build_opening(history, describe)
    count = len(history.model.versions)
    return Document(
        title=name,
        subtitle=f"{pluralise(count, 'version')}, in {place}",
        byline=f"Written {now} by workbench {read_workbench_version()}",
        verdict=verdict,
        opening=opening,
        sections=(
            _build_about(history),
            changes.build_priors_section(history),
            estimates.build_section(history),
            versions.build_scores_section(history),
            versions.build_versions_section(history),
            failures.build_section(history),
            _build_proof(events, history, place),
            _build_history(events, history, describe),
        ),
        kicker="Audit of a model in a registry",
    )


def _build_about(history: ModelHistory) -> Section:
    model = history.model
    aliases = ", ".join(f"{alias}: version {number}" for alias, number in sorted(model.aliases.items()))
    facts = (
        ("owner", model.owner or _UNSTATED),
        ("purpose", model.purpose or _UNSTATED),
        ("limits", model.limits or _UNSTATED),
        ("aliases", aliases or "none"),
    )
    return Section("about", "What it is for", (Facts(facts),))


def _build_proof(events: Sequence[Event], history: ModelHistory, place: str) -> Section:
    """Return what was checked for this page, how to check it, and whether the registry is signed."""
    state = replay_events(events)
    head, name = state.head, history.model.name
    checked = " Signatures were checked wherever they are required." if state.keys else ""
    texts = (
        f"The hashes of the {pluralise(len(events), 'event')} of this registry form an unbroken chain."
        f"{checked} Whoever can write there could write the whole chain anew: that shows only beside a hash "
        "of the last event that was kept elsewhere, as on this page, or by signatures with keys that are "
        "named elsewhere. The files of the runs were not opened.",
        f"`workbench registry verify --head {head[:12]}` finds out whether these events are still as they "
        "were, and checks the files and the numbers of all runs that are kept. "
        f"`workbench registry report {name}` writes the page again.",
        _describe_signatures(events, state.keys),
        "Times are those of the machines on which commands ran, and names are those that were given there"
        + (": a signature proves the key, not the name." if state.keys else "; nothing proves them."),
    )
    facts = (
        ("registry", place),
        ("last event", f"{len(events)}, {describe_time(events[-1].time, has_seconds=True)}"),
        ("its hash", head),
        ("trusted keys", ", ".join(map(describe_key, state.keys)) or "none"),
    )
    blocks: tuple[Block, ...] = (Facts(facts), *(Paragraph(text) for text in texts))
    return Section("proof", "How to check this page", blocks)


def _describe_signatures(events: Sequence[Event], keys: Sequence[str]) -> str:
    if not keys:
        signed = sum(event.signature is not None for event in events)
        some = f" Signatures that were not checked: {signed} of {len(events)} events." if signed else ""
        return f"The registry need not be signed: no keys are trusted.{some}"
    first = next(number for number, key in enumerate(list_signers(events), start=1) if key)
    return f"From event {first} on each event is signed with a key that was trusted then."


def _build_history(
    events: Sequence[Event], history: ModelHistory, describe: Callable[[Content], str]
) -> Section:
    signers = dict(zip((event.number for event in events), list_signers(events), strict=True))
    is_signed = any(signers.values())
    columns = (
        Column("Event"),
        Column("Time"),
        Column("By", "prose"),
        Column("What", "prose"),
        Column("Hash", "name"),
        *((Column("Signed with", "name"),) if is_signed else ()),
    )
    rows = tuple(
        (
            Cell(f"event\N{NO-BREAK SPACE}{event.number}"),
            Cell(describe_time(event.time, has_seconds=True)),
            Cell(event.author or "somebody unnamed"),
            Cell(describe(event.content)),
            Cell(event.hash[:12]),
            *((Cell(signers[event.number] or MISSING),) if is_signed else ()),
        )
        for event in reversed(history.events)
    )
    left = len(events) - len(history.events)
    note = f"Left out: {pluralise(left, 'event')} about other models." if left else ""
    kinds = Counter(str(event.content.__struct_config__.tag) for event in history.events)
    counts = ", ".join(f"{kind} {count}" for kind, count in kinds.most_common())
    caption = f"{pluralise(len(rows), 'event')}, the newest first ({counts})"
    table = TableBlock("history-table", caption, columns, rows, note=note, is_prose=True, is_interactive=True)
    return Section("history", "What was done", (table,))
