"""`workbench promote` and `workbench rollback`: which version is the champion."""

from __future__ import annotations

from typing import Annotated

import typer

from workbench.cli import console, gate, options
from workbench.cli.open_registry import FOLDER, Author, Folder, Key, open_registry, show_remarks
from workbench.errors import EXIT_STRICT, RequestError


@console.guarded
def promote(
    version: Annotated[
        str,
        typer.Argument(
            help="The challenger: NAME@challenger, NAME@3; NAME alone is that.", metavar="VERSION"
        ),
    ],
    data: gate.HeldOut = None,
    new_groups: options.NewGroups = "refuse",
    limits: gate.Limits = None,
    accept_prior: gate.AcceptPrior = None,
    shadow: Annotated[
        bool, typer.Option("--shadow", help="Only record what the gate says; the champion stays.")
    ] = False,
    html: gate.Html = None,
    markdown: gate.Markdown = None,
    folder: Folder = FOLDER,
    author: Author = None,
    key: Key = None,
    json_: options.Json = False,
    quiet: options.Quiet = False,
    compiler: options.Compiler = None,
    native: options.Native = False,
    toolchain: options.Source = "auto",
) -> None:
    """Put a version to the gate against the champion, and make it the champion if it passes.

    What the gate said is recorded either way. The exit code is 1 if it fails; `registry alias` moves the
    alias without a gate.
    """
    from workbench.registry import CHAMPION, parse_reference
    from workbench.registry.gate import read_limits
    from workbench.toolchain import ToolchainSettings

    demanded = read_limits(limits, tuple(accept_prior or ()))
    gate.check_outputs(html, markdown, data)
    rows = gate.read_rows(data, new_groups)
    registry = open_registry(folder, author, key)
    reference = parse_reference(version)
    asked = version if reference.which else f"{version}@challenger"
    challenger = registry.find(asked)
    champion = registry.read_state().find_model(reference.name).aliases.get(CHAMPION)
    if champion == challenger.number:
        raise RequestError(f"{challenger.reference} is the champion already.")
    from workbench.workflow.gate import ask_gate

    result = ask_gate(
        gate.read_version(challenger.reference, registry),
        None if champion is None else gate.read_version(f"{reference.name}@{champion}", registry),
        rows,
        demanded,
        ToolchainSettings(compiler=compiler, source=toolchain, native=native),
        console.progress(quiet),
    )
    is_promoted = result.is_passed and not shadow
    registry.record_gate(challenger, result, is_shadow=shadow, is_promoted=is_promoted)
    gate.show_result(result, html, markdown, is_json=json_)
    show_remarks(registry)
    stays = "there is no champion" if champion is None else f"the champion is {reference.name}@{champion}"
    moved = f"{challenger.reference} is the champion now" if is_promoted else f"{stays} as before"
    console.show_note("champion", f"{moved}.")
    if not result.is_passed:
        raise typer.Exit(EXIT_STRICT)


@console.guarded
def rollback(
    name: Annotated[str, typer.Argument(help="The name of a model.", metavar="NAME")],
    reason: Annotated[str, typer.Option(help="Why.", metavar="TEXT")] = "",
    folder: Folder = FOLDER,
    author: Author = None,
    key: Key = None,
) -> None:
    """Make the version before the champion again."""
    registry = open_registry(folder, author, key)
    before, version = registry.roll_back(name, reason)
    show_remarks(registry)
    console.show_line(f"{version.reference} is the champion again, in the place of version {before}.")
