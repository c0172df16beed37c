"""The pages that `workbench registry` prints: models, a model, a version, the log, what `verify` found."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from workbench.methods import RESULTS
from workbench.registry import CHAMPION, ModelRegistry, RegisteredModel, RegistryState, Version, describe_key
from workbench.registry.events import (
    Added,
    Approved,
    Content,
    Described,
    Event,
    Failed,
    Gated,
    Moved,
    Trusted,
    VersionsPruned,
)
from workbench.report.document import (
    Block,
    Cell,
    Column,
    Document,
    Facts,
    Items,
    Notice,
    Paragraph,
    Section,
    TableBlock,
    Tone,
)
from workbench.report.numbers import MISSING, format_interval, format_number, format_seconds, pluralise
from workbench.workflow.pages.runs import describe_age

if TYPE_CHECKING:  # it imports every check
    from workbench.registry.verify import Verification

_TONES = {"ok": Tone.OK, "caution": Tone.CAUTION, "fail": Tone.FAIL}
"""How each verdict is shown."""


def build_list_page(state: RegistryState, folder: Path) -> Document:
    """Return the page that `workbench registry list` prints."""
    columns = (
        Column("model", "name"),
        Column("versions", "number"),
        Column("aliases"),
        Column("champion's verdict"),
        Column("newest"),
        Column("by", "name", drop_order=1),
        Column("owner", drop_order=2),
    )
    rows = tuple(_describe_model(state.models[name]) for name in sorted(state.models))
    blocks: tuple[Block, ...] = (TableBlock("models", "", columns, rows),)
    return Document(
        title="registry",
        subtitle=f"in {folder}",
        sections=(Section("models", "", blocks if rows else (Paragraph("There are no models yet."),)),),
        byline=pluralise(state.count, "event"),
        kicker="Registry",
    )


def _describe_model(model: RegisteredModel) -> tuple[Cell, ...]:
    newest = model.versions[-1]
    number = model.aliases.get(CHAMPION)
    verdict = "" if number is None else model.versions[number - 1].added.summary.verdict
    return (
        Cell(model.name),
        Cell(str(len(model.versions))),
        Cell(_list_aliases(model) or MISSING),
        Cell(verdict or MISSING, _TONES.get(verdict)),
        Cell(_describe_time(newest.time)),
        Cell(newest.author),
        Cell(model.owner or MISSING),
    )


def _list_aliases(model: RegisteredModel) -> str:
    return ", ".join(f"{alias} {number}" for alias, number in sorted(model.aliases.items()))


def build_model_page(model: RegisteredModel, registry: ModelRegistry) -> Document:
    """Return the page of a model: what it is for, and its versions, the newest first."""
    columns = (
        Column("version", "number"),
        Column("aliases"),
        Column("verdict"),
        Column("age"),
        Column("by", "name"),
        Column("rows", "number", drop_order=3),
        Column("elpd", "number", help="expected log predictive density of left-out rows", drop_order=2),
        Column("note", drop_order=1),
    )
    rows = tuple(_describe_version(version, model) for version in reversed(model.versions))
    facts = (("owner", model.owner), ("purpose", model.purpose), ("limits", model.limits))
    stated = tuple((name, text) for name, text in facts if text)
    about = (Section("about", "", (Facts(stated),)),) if stated else ()
    return Document(
        title=model.name,
        subtitle=f"{pluralise(len(model.versions), 'version')}, in {registry.folder}",
        sections=(*about, Section("versions", "", (TableBlock("versions", "", columns, rows),))),
        kicker="Registry",
    )


def _describe_version(version: Version, model: RegisteredModel) -> tuple[Cell, ...]:
    summary = version.added.summary
    aliases = [alias for alias, number in sorted(model.aliases.items()) if number == version.number]
    pruned = " (run pruned)" if version.is_pruned else ""
    elpd = MISSING if summary.elpd is None else format_number(summary.elpd, 1)
    return (
        Cell(str(version.number)),
        Cell(", ".join(aliases) or MISSING),
        Cell(f"{summary.verdict or 'not checked'}{pruned}", _TONES.get(summary.verdict)),
        Cell(_describe_time(version.time)),
        Cell(version.author),
        Cell(MISSING if summary.rows is None else f"{summary.rows:,}"),
        Cell(elpd),
        Cell(version.added.note or MISSING),
    )


def build_version_page(version: Version, model: RegisteredModel, registry: ModelRegistry) -> Document:
    """Return the page of a version: where it comes from, its priors, and its estimates."""
    summary = version.added.summary
    aliases = [alias for alias, number in sorted(model.aliases.items()) if number == version.number]
    approvals = [f"{author}{f': {note}' if note else ''}" for author, note in version.approvals]
    signed = "yes" if version.is_signed else ""
    parent = version.added.parent
    facts = (
        ("aliases", ", ".join(aliases)),
        ("added", f"{version.time} by {version.author}"),
        ("signed", signed),
        ("note", version.added.note),
        ("approved by", "; ".join(approvals)),
        (
            "champion then" if version.added.job is None else "refit of",
            "" if parent is None else f"{model.name}@{parent}",
        ),
        ("verdict", f"{summary.verdict or 'not checked'}{_list_findings(summary.findings)}"),
        ("program", f"{summary.model}, {summary.program[:12]}"),
        ("table", f"{summary.table}, {summary.rows} rows, {summary.data[:12]}" if summary.table else ""),
        ("update of", summary.updated_from),
        ("fitted", f"{summary.created}, workbench {summary.workbench}, Stan {summary.stan}"),
        ("took", "" if summary.seconds is None else format_seconds(summary.seconds)),
        ("command", summary.command),
        ("run", "pruned" if version.is_pruned else str(registry.find_folder(version))),
    )
    priors = tuple(
        (Cell(name), Cell(_show_value(value)), Cell(summary.prior_origins.get(name, MISSING)))
        for name, value in summary.priors.items()
    ) + tuple(
        (Cell(name), Cell(text), Cell("--prior-form")) for name, text in summary.replaced_priors.items()
    )
    columns = (Column("hyperparameter", "name"), Column("value"), Column("set by"))
    sections = [Section("facts", "", (Facts(tuple((name, text) for name, text in facts if text)),))]
    if priors:
        sections.append(Section("priors", "Priors", (TableBlock("priors", "", columns, priors),)))
    if summary.estimates:
        sections.append(
            Section(
                "estimates", f"Estimates by {RESULTS[summary.method].label}", _tabulate_estimates(version)
            )
        )
    return Document(
        title=version.reference, subtitle=summary.model, sections=tuple(sections), kicker="Registry"
    )


def _list_findings(findings: Sequence[str]) -> str:
    return f" ({', '.join(findings)})" if findings else ""


def _tabulate_estimates(version: Version) -> tuple[Block, ...]:
    summary = version.added.summary
    percentage = f"{100 * (summary.level or 0.95):g}%"
    columns = (
        Column("quantity", "name"),
        Column("estimate", "number"),
        Column("SD", "number"),
        Column(f"{percentage} interval", "number"),
    )
    rows = tuple(
        (
            Cell(name),
            Cell(format_number(each.estimate)),
            Cell(MISSING if each.sd is None else format_number(each.sd)),
            Cell(format_interval(each.lower, each.upper)),
        )
        for name, each in summary.estimates.items()
    )
    note = f"{summary.left_out:,} more are in the run" if summary.left_out else ""
    return (TableBlock("estimates", "", columns, rows, note=note),)


def build_log_page(events: Sequence[Event], folder: Path, signers: Mapping[int, str]) -> Document:
    """Return the page that `workbench registry log` prints.

    Parameters
    ----------
    events, folder
        What is shown, and the registry.
    signers
        By the number of an event, the key with which its signature was checked, if it was.
    """
    columns = (
        Column("event", "number"),
        Column("time"),
        Column("by", "name"),
        Column("what", "prose"),
        Column("hash", "name", drop_order=1),
    )
    rows = tuple(
        (
            Cell(str(event.number)),
            Cell(event.time),
            Cell(f"{event.author}{' (signed)' if signers.get(event.number) else ''}"),
            Cell(describe_event(event.content)),
            Cell(event.hash[:12]),
        )
        for event in events
    )
    return Document(
        title="log",
        subtitle=f"in {folder}",
        sections=(Section("events", "", (TableBlock("events", "", columns, rows),)),),
        kicker="Registry",
    )


def describe_event(content: Content) -> str:
    """Return what an event says in a sentence."""
    if isinstance(content, Added):
        verdict = content.summary.verdict or "not checked"
        alias = f", now `{content.alias}`" if content.alias else ""
        note = f": {content.note}" if content.note else ""
        return f"{content.name}@{content.version} added ({verdict}){alias}{note}"
    if isinstance(content, Moved):
        reason = f": {content.reason}" if content.reason else ""
        if content.version is None:
            return f"`{content.alias}` of {content.name} removed from version {content.before}{reason}"
        origin = "" if content.before is None else f"from version {content.before} "
        back = "back " if content.is_rollback else ""
        return f"`{content.alias}` of {content.name} moved {back}{origin}to version {content.version}{reason}"
    if isinstance(content, Gated):
        return _describe_gate(content)
    if isinstance(content, Failed):
        table = f" with {content.job.table}" if content.job.table else ""
        return (
            f"refit of {content.name} ({content.job.way}){table} failed, {content.cause}: {content.message}"
        )
    if isinstance(content, Described):
        said = [
            f"{key}: {text}"
            for key in ("owner", "purpose", "limits")
            if (text := getattr(content, key)) is not None
        ]
        return f"{content.name} described; {'; '.join(said)}"
    if isinstance(content, Approved):
        return f"{content.name}@{content.version} approved{f': {content.note}' if content.note else ''}"
    if isinstance(content, VersionsPruned):
        numbers = ", ".join(map(str, content.versions))
        return f"runs of {content.name} pruned, {content.keep} kept: versions {numbers}"
    assert isinstance(content, Trusted)  # noqa: S101 - the last kind
    return f"trusted from now on: {', '.join(map(describe_key, content.keys))}"


def _describe_gate(content: Gated) -> str:
    failed = [each.name for each in content.criteria if each.status == "failed"]
    against = "" if content.champion is None else f" against version {content.champion}"
    came = "passed" if content.is_passed else f"failed ({', '.join(failed)})"
    shadow = ", in the shadow" if content.is_shadow else ""
    return f"{content.name}@{content.version} put to the gate{against}{shadow}: {came}"


def build_verification_page(found: Verification, folder: Path) -> Document:
    """Return the page that `workbench registry verify` prints."""
    if found.is_clean:
        answer = Notice(
            f"Everything is as it was written: {pluralise(found.events, 'event')}, "
            f"{pluralise(found.files, 'file')} of {pluralise(found.runs, 'run')}, and {found.numbers:,} "
            "numbers computed again from the draws.",
            Tone.OK,
        )
    else:
        answer = Notice(f"{pluralise(len(found.problems), 'problem')} found.", Tone.FAIL)
    blocks: list[Block] = [answer]
    if found.problems:
        blocks.append(Items(tuple(found.problems)))
    sections = [Section("answer", "", tuple(blocks))]
    if found.notes:
        sections.append(Section("notes", "Notes", (Items(tuple(found.notes)),)))
    signed = "each event since keys are trusted is signed" if found.is_signed else "events are not signed"
    facts = (("signatures", signed), ("last event", found.head))
    if found.head:
        sections.append(Section("facts", "", (Facts(facts),)))
    return Document(title="verify", subtitle=f"{folder}", sections=tuple(sections), kicker="Registry")


def _show_value(value: object) -> str:
    if isinstance(value, list | tuple):
        return ", ".join(_show_value(each) for each in value)
    return format_number(value) if isinstance(value, int | float) else str(value)


def _describe_time(text: str) -> str:
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        return text
    return describe_age((datetime.now(UTC) - time.astimezone(UTC)).total_seconds())
