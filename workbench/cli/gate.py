"""`workbench gate`: whether a challenger may take the place of a champion."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from workbench.cli import console, options
from workbench.cli.open_registry import FOLDER, Folder, find_run, open_registry
from workbench.errors import EXIT_STRICT

if TYPE_CHECKING:
    from workbench.registry.gate import GateResult
    from workbench.workflow.gate import Contender, HeldOutRows

HeldOut = Annotated[
    Path | None,
    typer.Option(
        "--data", help="Rows with outcomes that neither has seen; both are scored on them.", metavar="DATA"
    ),
]
Limits = Annotated[
    Path | None,
    typer.Option("--rules", help="A TOML file of limits, in the place of the defaults.", metavar="FILE"),
]
AcceptPrior = Annotated[
    list[str] | None,
    typer.Option(
        "--accept-prior", help="Acknowledge that this prior changed: beta.sigma. Repeat it.", metavar="NAME"
    ),
]
Html = Annotated[
    Path | None,
    typer.Option(
        "--html",
        help="HTML file for the criteria.",
        metavar="FILE",
        rich_help_panel=options.OUTPUT,
    ),
]
Markdown = Annotated[
    Path | None,
    typer.Option(
        "--markdown",
        help="File for a section in Markdown, for a pull request.",
        metavar="FILE",
        rich_help_panel=options.OUTPUT,
    ),
]


@console.guarded
def command(
    challenger: options.RunOrVersion,
    champion: options.RunOrVersion,
    data: HeldOut = None,
    new_groups: options.NewGroups = "refuse",
    limits: Limits = None,
    accept_prior: AcceptPrior = None,
    html: Html = None,
    markdown: Markdown = None,
    folder: Folder = FOLDER,
    json_: options.Json = False,
    quiet: options.Quiet = False,
    compiler: options.Compiler = None,
    native: options.Native = False,
    toolchain: options.Source = "auto",
) -> None:
    """Ask whether a challenger may take the place of a champion: exit code 0 if it may, 1 if not.

    Program and columns, verdict, rows, priors, parameters; on held-out rows the log score, calibration and
    predictions of both. Each criterion passes, fails or does not apply.
    """
    from workbench.registry.gate import read_limits
    from workbench.toolchain import ToolchainSettings

    demanded = read_limits(limits, tuple(accept_prior or ()))
    check_outputs(html, markdown, data)
    rows = read_rows(data, new_groups)
    contenders = [_read(run, folder) for run in (challenger, champion)]
    from workbench.workflow.gate import ask_gate

    settings = ToolchainSettings(compiler=compiler, source=toolchain, native=native)
    progress = console.progress(quiet)
    result = ask_gate(contenders[0], contenders[1], rows, demanded, settings, progress)
    show_result(result, html, markdown, is_json=json_)
    if not result.is_passed:
        raise typer.Exit(EXIT_STRICT)


def read_rows(data: Path | None, new_groups: options.NewGroups) -> HeldOutRows | None:
    """Return the held-out rows, if any are given."""
    if data is None:
        return None
    from workbench.workflow.gate import read_held_out
    from workbench.workflow.inputs import check_table_exists

    check_table_exists(options.read_dash(data))
    return read_held_out(options.read_within(None, data), new_groups)


def show_result(result: GateResult, html: Path | None, markdown: Path | None, *, is_json: bool) -> None:
    """Print what came of a gate, and write what was asked for."""
    import msgspec

    from workbench.report.gate import build_gate_report
    from workbench.workflow.gate import write_gate_page, write_gate_section

    if html is not None:
        write_gate_page(result, html)
    if markdown is not None:
        write_gate_section(result, markdown)
    if is_json:
        values = {"is_passed": result.is_passed, **msgspec.to_builtins(result)}
        console.show_json(msgspec.json.format(msgspec.json.encode(values), indent=1).decode())
    else:
        console.show(build_gate_report(result))
    for name, path in (("page", html), ("section", markdown)):
        if path is not None:
            console.show_note(name, str(path))


def check_outputs(html: Path | None, markdown: Path | None, data: Path | None) -> None:
    """Refuse files that cannot be written, before anything takes time."""
    from workbench.workflow.output_file import check_output_file

    for path in (html, markdown):
        if path is not None:
            check_output_file(path, [] if data is None else [data])


def _read(run: Path, folder: Path) -> Contender:
    """Return a fit by its run directory or its version."""
    from workbench.results import run_directory
    from workbench.workflow.gate import Contender

    found = find_run(run, folder)
    name = str(run) if found == run else open_registry(folder).find(str(run)).reference
    return Contender(name, run_directory.read(found))
