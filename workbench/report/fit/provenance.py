"""Provenance: what made these numbers, and how to make them again."""

from __future__ import annotations

from workbench.report import reading
from workbench.report.document import Block, Code, Disclosure, Facts, Paragraph, Section
from workbench.report.numbers import MISSING, format_seconds
from workbench.report.reading import Record


def section(record: Record) -> Section:
    """Return the command line, seeds, hashes, versions and timings."""
    blocks: tuple[Block, ...] = (
        *_command(record),
        Facts(_identity(record)),
        Disclosure("Versions", (Facts(_versions(record)),)),
        Disclosure("Time taken", (Facts(_timings(record)),)),
    )
    return Section("reproduce", "How to reproduce this", blocks)


def _command(record: Record) -> tuple[Block, ...]:
    command = record.get("command")
    if not command:
        return (Paragraph("The run was made from Python; no command line was recorded."),)
    words = "The same command on the same files with the same versions gives the same numbers:"
    return (Paragraph(words), Code("command", str(command), "console"))


def _identity(record: Record) -> tuple[tuple[str, str], ...]:
    model, data = reading.part(record, "model"), reading.part(record, "data")
    toolchain = reading.part(record, "toolchain")
    return (
        ("Program", f"`{model.get('path', MISSING)}`"),
        ("sha256 of the program", f"`{model.get('sha256', MISSING)}`"),
        ("Data", f"`{data.get('path', MISSING)}`"),
        ("sha256 of the data", f"`{data.get('sha256', MISSING)}`"),
        ("Seed", str(record.get("seed", MISSING))),
        ("Stan", f"{toolchain.get('stan', MISSING)} ({toolchain.get('source', 'source unknown')})"),
        ("Compiler", f"`{toolchain.get('compiler', MISSING)}`"),
        ("Why these", str(toolchain.get("why") or MISSING)),
        ("Machine", str(record.get("platform") or MISSING)),
        ("Made", str(record.get("created") or MISSING)),
    )


def _versions(record: Record) -> tuple[tuple[str, str], ...]:
    versions = {"workbench": record.get("workbench"), **(record.get("versions") or {})}
    return tuple((str(name), str(version or MISSING)) for name, version in versions.items())


def _timings(record: Record) -> tuple[tuple[str, str], ...]:
    return tuple((str(name), format_seconds(value)) for name, value in (record.get("timings") or {}).items())
