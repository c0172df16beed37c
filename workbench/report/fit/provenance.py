"""Provenance: what made these numbers, and how to make them again."""

from __future__ import annotations

from workbench.report.document import Block, Code, Disclosure, Facts, Paragraph, Section
from workbench.report.numbers import MISSING, format_seconds
from workbench.results.view import Results


def build_section(results: Results) -> Section:
    """Return the command line, seed, hashes, versions and timings."""
    versions = {"workbench": results.workbench, **results.versions}
    timings = {name: format_seconds(seconds) for name, seconds in results.timings.items()}
    blocks: tuple[Block, ...] = (
        *_show_command(results),
        Facts(_list_facts(results)),
        Disclosure("Versions", (Facts(tuple((name, text or MISSING) for name, text in versions.items())),)),
        Disclosure("Time taken", (Facts(tuple(timings.items())),)),
    )
    return Section("reproduce", "How to reproduce these results", blocks)


def _show_command(results: Results) -> tuple[Block, ...]:
    if not results.command:
        return (Paragraph("The run was made from Python; no command line was recorded."),)
    text = "The same command on the same files with the same versions gives the same numbers:"
    return (Paragraph(text), Code("command", results.command, "console"))


def _list_facts(results: Results) -> tuple[tuple[str, str], ...]:
    model, data, toolchain = results.model, results.data, results.toolchain
    return (
        ("Program", f"`{model.path or MISSING}`"),
        ("SHA-256 of the program", f"`{model.sha256 or MISSING}`"),
        ("Data", f"`{data.path or MISSING}`"),
        ("SHA-256 of the data", f"`{data.sha256 or MISSING}`"),
        ("Seed", MISSING if results.seed is None else str(results.seed)),
        ("Stan", f"{toolchain.stan or MISSING} ({toolchain.source or 'source unknown'})"),
        *((("Sampler", results.nuts.sampler),) if results.nuts.sampler else ()),
        ("Compiler", f"`{toolchain.compiler or MISSING}`"),
        ("Why this toolchain", toolchain.why or MISSING),
        ("Machine", results.platform or MISSING),
        ("Created", results.created or MISSING),
    )
