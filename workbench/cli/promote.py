"""`workbench promote` and `workbench rollback`: which version is the champion."""

from __future__ import annotations

from typing import Annotated

import typer

from workbench.cli import completion, console, gate, options
from workbench.cli.open_registry import FOLDER, Author, Folder, Key, open_registry, show_remarks
from workbench.errors import EXIT_STRICT


@console.guarded
def promote(
    version: Annotated[
        str,
        typer.Argument(
            help="The challenger: NAME@challenger, NAME@3; NAME alone is that.",
            metavar="VERSION",
            autocompletion=completion.complete_versions,
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
    from workbench.registry.gate import read_limits
    from workbench.toolchain import ToolchainSettings

    demanded = read_limits(limits, tuple(accept_prior or ()))
    gate.check_outputs(html, markdown, data)
    rows = gate.read_rows(data, new_groups)
    registry = open_registry(folder, author, key)
    registry.read_state()
    from workbench.workflow.promotion import GateOptions
    from workbench.workflow.promotion import promote as put_to_the_gate

    settings = ToolchainSettings(compiler=compiler, source=toolchain, native=native)
    asked = GateOptions(rows, demanded, shadow, settings)
    found = put_to_the_gate(registry, version, asked, console.progress(quiet))
    gate.show_result(found.gate, html, markdown, is_json=json_)
    show_remarks(registry)
    if found.is_promoted:
        console.show_note("champion", f"{found.version.reference} is the champion now.")
    elif found.champion is None:
        console.show_note("champion", "there is none, as before.")
    else:
        console.show_note("champion", f"the champion is {found.champion.reference} as before.")
    if not found.gate.is_passed:
        raise typer.Exit(EXIT_STRICT)


@console.guarded
def rollback(
    name: Annotated[
        str,
        typer.Argument(help="The name of a model.", metavar="NAME", autocompletion=completion.complete_names),
    ],
    reason: Annotated[str, typer.Option(help="Why.", metavar="TEXT")] = "",
    folder: Folder = FOLDER,
    author: Author = None,
    key: Key = None,
) -> None:
    """Make the version before the champion again."""
    registry = open_registry(folder, author, key)
    before, version = registry.roll_back(name, reason)
    show_remarks(registry)
    place = "" if before is None else f", in the place of version {before}"
    console.show_line(f"{version.reference} is the champion again{place}.")
