"""Where the numbers of a study come from."""

from __future__ import annotations

from workbench.report.document import Block, Code, Facts, Section
from workbench.report.numbers import MISSING, format_seconds
from workbench.studies import StudyResults


def build_section(results: StudyResults) -> Section:
    """Return the command, the files and the versions behind a study."""
    facts = (
        ("Program", f"`{results.model.path}`"),
        ("Data", f"`{results.data.path}`"),
        ("Seed", str(results.seed)),
        ("Time taken", format_seconds(results.timings.get("study"))),
        ("Stan", str(results.toolchain.get("stan", MISSING))),
        ("workbench", results.workbench),
        ("Created", results.created),
    )
    blocks: tuple[Block, ...] = (Code("command", results.command, "console"),) if results.command else ()
    return Section("reproduce", "How to reproduce this", (*blocks, Facts(facts)))
