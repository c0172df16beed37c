"""`workbench check`: a stored run examined again, or one check explained."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from workbench.cli import console
from workbench.errors import EXIT_STRICT, RequestError

if TYPE_CHECKING:
    from workbench.diagnostics import Diagnosis
    from workbench.diagnostics.check import Check, Finding

_WIDTH = 80
_COLOURS = {"ok": "green", "caution": "yellow", "fail": "red"}
_ORDER = ("issue", "tip", "n/a", "skipped", "passed")
_HEADINGS = {
    "n/a": "does not apply",
    "skipped": "not asked for",
    "passed": "passed",
}


@console.guarded
def command(
    run: Annotated[
        Path | None,
        typer.Argument(help="A run directory that `workbench fit` wrote.", metavar="RUN", show_default=False),
    ] = None,
    strict: Annotated[bool, typer.Option("--strict", help="Exit with 1 if the verdict is fail.")] = False,
    json_: Annotated[bool, typer.Option("--json", help="Print the diagnosis as JSON.")] = False,
    explain: Annotated[
        str | None, typer.Option(help="Explain one check instead.", metavar="CODE", show_default=False)
    ] = None,
) -> None:
    """Examine a stored run with the checks of today; no Stan is needed."""
    from workbench.results.json_values import to_json_values
    from workbench.workflow import check as check_workflow

    if (run is None) == (explain is None):
        hint = "`workbench check RUN` examines a run, `workbench check --explain WB201` explains a check"
        raise RequestError("either a run directory or --explain was expected.", hint=hint)
    if explain is not None:
        typer.echo("\n".join(_explained(check_workflow.find_check(explain))))
        return
    assert run is not None  # noqa: S101 - one of the two was given
    diagnosis = check_workflow.check(run)
    if json_:
        typer.echo(json.dumps(to_json_values(diagnosis.entries), indent=1, ensure_ascii=False))
    else:
        _show(diagnosis)
    if strict and diagnosis.verdict == "fail":
        raise typer.Exit(EXIT_STRICT)


def _show(diagnosis: Diagnosis) -> None:
    to = console.stdout()
    to.print(f"verdict: [bold {_COLOURS[diagnosis.verdict]}]{diagnosis.verdict}[/]")
    for line in _lines(diagnosis):
        to.print(line, markup=False, soft_wrap=True)


def _lines(diagnosis: Diagnosis) -> Iterator[str]:
    """Yield the findings: issues and tips in full, the others by their titles."""
    by_status = {
        status: [pair for pair in diagnosis.findings if pair[1].status == status] for status in _ORDER
    }
    for check, finding in (*by_status["issue"], *by_status["tip"]):
        yield ""
        yield from _finding(check, finding)
    for status, heading in _HEADINGS.items():
        if by_status[status]:
            yield ""
            yield from _wrapped(f"{heading}: {', '.join(check.code for check, _ in by_status[status])}", "  ")


def _finding(check: Check, finding: Finding) -> Iterator[str]:
    yield f"{finding.status} {check.code}  {check.title}"
    yield from _wrapped(finding.message, "  ", "  ")
    yield from _wrapped(f"-> {check.advice}", "     ", "  ")


def _explained(check: Check) -> Iterator[str]:
    yield f"{check.code}  {check.title}"
    for paragraph in (check.meaning, *check.page):
        yield ""
        yield from _wrapped(paragraph)
    yield ""
    yield from _wrapped(f"threshold: {check.threshold}", "  ")
    yield from _wrapped(f"reference: {check.reference}", "  ")
    yield from _wrapped(f"what to do: {check.advice}", "  ")


def _wrapped(text: str, indent: str = "", first: str = "") -> list[str]:
    return textwrap.wrap(
        text, _WIDTH, initial_indent=first, subsequent_indent=indent, break_long_words=False,
        break_on_hyphens=False,
    )  # fmt: skip
