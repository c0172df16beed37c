"""What made the numbers of a prior's report, and how to make them again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from workbench.report.document import Block, Code, Disclosure, Facts, Paragraph, Section
from workbench.report.fit.model import tabulate_hyperparameters
from workbench.report.numbers import MISSING


@dataclass(frozen=True)
class PriorOrigin:
    """What draws from a prior were made of, and made with.

    Attributes
    ----------
    command
        The command line, or how it was called from Python.
    model_path, model_sha256
        The program.
    data_path, data_sha256
        The table.
    hyperparameters, hyperparameter_origins
        The constants of its priors by name, and where each value comes from.
    seed
        The seed.
    stan, source, compiler, why
        Stan's version and where it is from, the compiler, and why these are used.
    workbench, versions, platform
        Versions of what computed, and the machine.
    created
        When, in UTC (ISO 8601).
    """

    command: str = ""
    model_path: str = ""
    model_sha256: str = ""
    data_path: str = ""
    data_sha256: str = ""
    hyperparameters: Mapping[str, Any] = field(default_factory=dict)
    hyperparameter_origins: Mapping[str, str] = field(default_factory=dict)
    seed: int = 1
    stan: str = ""
    source: str = ""
    compiler: str = ""
    why: str = ""
    workbench: str = ""
    versions: Mapping[str, str] = field(default_factory=dict)
    platform: str = ""
    created: str = ""


def build_provenance_section(origin: PriorOrigin) -> Section:
    """Return the command line, hyperparameters, files, seed and versions."""
    facts = (
        ("Program", f"`{origin.model_path or MISSING}`"),
        ("SHA-256 of the program", f"`{origin.model_sha256 or MISSING}`"),
        ("Data", f"`{origin.data_path or MISSING}`"),
        ("SHA-256 of the data", f"`{origin.data_sha256 or MISSING}`"),
        ("Seed", str(origin.seed)),
        ("Stan", f"{origin.stan or MISSING} ({origin.source or 'source unknown'})"),
        ("Compiler", f"`{origin.compiler or MISSING}`"),
        ("Why this toolchain", origin.why or MISSING),
        ("Machine", origin.platform or MISSING),
        ("Created", origin.created or MISSING),
    )
    versions = {"workbench": origin.workbench, **origin.versions}
    blocks: tuple[Block, ...] = (
        *_show_command(origin),
        *tabulate_hyperparameters(
            "Hyperparameters of these draws", origin.hyperparameters, origin.hyperparameter_origins
        ),
        Facts(facts),
        Disclosure("Versions", (Facts(tuple((name, text or MISSING) for name, text in versions.items())),)),
    )
    return Section("reproduce", "How to reproduce these results", blocks)


def _show_command(origin: PriorOrigin) -> tuple[Block, ...]:
    if not origin.command:
        return (Paragraph("The prior was drawn from Python; no command line was recorded."),)
    text = "The same command on the same files with the same versions gives the same numbers:"
    return (Paragraph(text), Code("command", origin.command, "console"))
