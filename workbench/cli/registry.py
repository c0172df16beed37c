"""`workbench registry`: versions of fits, where they are kept, and whether all is as it was written."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from workbench.cli import completion, console, options
from workbench.cli.help_page import CONTEXT, Command, Group, format_examples
from workbench.cli.open_registry import FOLDER, Author, Folder, Key, open_registry, show_remarks
from workbench.errors import EXIT_STRICT, RequestError

if TYPE_CHECKING:
    from workbench.registry import ModelRegistry

app = typer.Typer(
    cls=Group,
    context_settings=CONTEXT,
    no_args_is_help=True,
    help="Keep versions of fits under names, with who added which, and check that all is as it was written.",
    epilog=format_examples("registry"),
)

Name = Annotated[
    str, typer.Argument(help="The name of a model.", metavar="NAME", autocompletion=completion.complete_names)
]
Version = Annotated[
    str,
    typer.Argument(
        help="A version: NAME@3, NAME@champion, NAME@latest; NAME alone is its champion.",
        metavar="VERSION",
        autocompletion=completion.complete_versions,
    ),
]
Shown = Annotated[
    str,
    typer.Argument(
        help="A model (NAME), or one of its versions (NAME@3).",
        metavar="NAME[@VERSION]",
        autocompletion=completion.complete_versions,
    ),
]
Either = Annotated[
    str,
    typer.Argument(
        help="A version, or a run directory.",
        metavar="VERSION|RUN",
        autocompletion=completion.complete_runs_and_versions,
    ),
]
Reason = Annotated[str, typer.Option(help="Why.", metavar="TEXT")]
Owner = Annotated[str | None, typer.Option(help="Who answers for the model.", metavar="TEXT")]
Purpose = Annotated[str | None, typer.Option(help="What the model is for.", metavar="TEXT")]
Limits = Annotated[str | None, typer.Option(help="What it must not be used for.", metavar="TEXT")]


@app.command(cls=Command, epilog=format_examples("registry add"))
@console.guarded
def add(
    name: Name,
    run: options.Run,
    alias: Annotated[
        str, typer.Option(help="Let this alias point to the new version.", metavar="ALIAS")
    ] = "",
    note: Annotated[str, typer.Option(help="What the log says of it.", metavar="TEXT")] = "",
    owner: Owner = None,
    purpose: Purpose = None,
    limits: Limits = None,
    folder: Folder = FOLDER,
    author: Author = None,
    key: Key = None,
) -> None:
    """Add a run as the next version of a model. The run is copied, and never changed again."""
    from workbench.results import run_directory

    run_directory.require_run(run)
    registry = open_registry(folder, author, key)
    version = registry.add(name, run, alias=alias, note=note, owner=owner, purpose=purpose, limits=limits)
    show_remarks(registry)
    pointed = f", `{alias}` points to it" if alias else ""
    console.show_line(f"{version.reference} added{pointed}: {registry.find_folder(version)}")


@app.command("list", cls=Command, epilog=format_examples("registry list"))
@console.guarded
def list_(folder: Folder = FOLDER, json_: options.Json = False) -> None:
    """List the models: versions, aliases, verdict of the champion, who added the newest, and when."""
    from workbench.registry.index import format_index
    from workbench.workflow.pages.registry import build_list_page

    registry = open_registry(folder)
    state = registry.read_state()
    show_remarks(registry)
    if json_:
        console.show_json(format_index(state))
    else:
        console.show(build_list_page(state, folder))


@app.command(cls=Command, epilog=format_examples("registry show"))
@console.guarded
def show(version: Shown, folder: Folder = FOLDER, json_: options.Json = False) -> None:
    """Show a model with its versions, or one version (NAME@3): where it comes from, and its estimates."""
    import msgspec

    from workbench.registry import parse_reference
    from workbench.workflow.pages.registry import build_model_page, build_version_page

    registry = open_registry(folder)
    state = registry.read_state()
    show_remarks(registry)
    reference = parse_reference(version)
    model = state.find_model(reference.name)
    if not reference.which:
        shown: object = model
        page = build_model_page(model, registry)
    else:
        shown = state.find_version(reference)
        page = build_version_page(state.find_version(reference), model, registry)
    if json_:
        console.show_json(msgspec.json.format(msgspec.json.encode(shown), indent=1).decode())
    else:
        console.show(page)


@app.command(cls=Command, epilog=format_examples("registry alias"))
@console.guarded
def alias(
    version: Annotated[
        str,
        typer.Argument(
            help="A version such as NAME@3; with --remove, NAME.",
            metavar="VERSION",
            autocompletion=completion.complete_versions,
        ),
    ],
    alias: Annotated[str, typer.Argument(help="The alias, such as champion.", metavar="ALIAS")],
    remove: Annotated[bool, typer.Option("--remove", help="Remove the alias instead.")] = False,
    reason: Reason = "",
    folder: Folder = FOLDER,
    author: Author = None,
    key: Key = None,
) -> None:
    """Let an alias point to a version, or remove it."""
    registry = open_registry(folder, author, key)
    if remove:
        before = registry.remove_alias(version, alias, reason)
        console.show_line(f"`{alias}` of `{version}` is removed; it pointed to version {before}.")
    else:
        earlier = registry.move(version, alias, reason)
        found = registry.find(f"{version.partition('@')[0]}@{alias}")
        was = "" if earlier is None else f"; before, to version {earlier}"
        console.show_line(f"`{alias}` points to {found.reference}{was}.")
    show_remarks(registry)


@app.command(cls=Command, epilog=format_examples("registry approve"))
@console.guarded
def approve(
    version: Version,
    note: Annotated[str, typer.Option(help="What the log says of it.", metavar="TEXT")] = "",
    folder: Folder = FOLDER,
    author: Author = None,
    key: Key = None,
) -> None:
    """Record that you approve of a version."""
    registry = open_registry(folder, author, key)
    approved = registry.approve(version, note)
    show_remarks(registry)
    console.show_line(f"{approved.reference} is approved by {registry.author}.")


@app.command(cls=Command, epilog=format_examples("registry describe"))
@console.guarded
def describe(
    name: Name,
    owner: Owner = None,
    purpose: Purpose = None,
    limits: Limits = None,
    folder: Folder = FOLDER,
    author: Author = None,
    key: Key = None,
) -> None:
    """Say who answers for a model, what it is for, and what it must not be used for."""
    if owner is None and purpose is None and limits is None:
        raise RequestError("nothing was said.", hint="give --owner, --purpose or --limits")
    registry = open_registry(folder, author, key)
    registry.describe(name, owner=owner, purpose=purpose, limits=limits)
    show_remarks(registry)


@app.command(cls=Command, epilog=format_examples("registry diff"))
@console.guarded
def diff(before: Either, after: Either, folder: Folder = FOLDER, json_: options.Json = False) -> None:
    """Show what differs between two versions: program, data, priors, settings, verdict, estimates."""
    import msgspec

    from workbench.registry.differences import compare_fits
    from workbench.results import run_directory
    from workbench.workflow.pages.registry_diff import build_diff_page

    registry = open_registry(folder)
    fits = [run_directory.read_without_draws(_find_run(registry, text)) for text in (before, after)]
    found = compare_fits(fits[0].results, fits[1].results)
    if json_:
        console.show_json(msgspec.json.format(msgspec.json.encode(found), indent=1).decode())
    else:
        console.show(build_diff_page(found, before, after))


def _find_run(registry: ModelRegistry, text: str) -> Path:
    """Return a run directory from its path or its version."""
    return Path(text) if Path(text).is_dir() else registry.open_run(text)[1]


@app.command(cls=Command, epilog=format_examples("registry log"))
@console.guarded
def log(
    name: Annotated[
        str,
        typer.Argument(
            help="The name of a model; by default all of them.",
            metavar="NAME",
            autocompletion=completion.complete_names,
        ),
    ] = "",
    folder: Folder = FOLDER,
    json_: options.Json = False,
) -> None:
    """List what was done to a registry: when, by whom, and why; the newest last."""
    import msgspec

    from workbench.registry.signing import list_signers
    from workbench.workflow.pages.registry import build_log_page

    registry = open_registry(folder)
    events = registry.read_events()
    show_remarks(registry)
    if name:
        registry.read_state().find_model(name)
    chosen = [event for event in events if not name or getattr(event.content, "name", None) == name]
    if json_:
        console.show_json(json.dumps(msgspec.to_builtins(chosen), indent=1, ensure_ascii=False))
    else:
        signers = dict(zip((event.number for event in events), list_signers(events), strict=True))
        console.show(build_log_page(chosen, folder, signers))


@app.command(cls=Command, epilog=format_examples("registry report"))
@console.guarded
def report(
    name: Name,
    output: Annotated[
        Path | None, options.describe_output("HTML file; by default one in reports/", metavar="FILE")
    ] = None,
    folder: Folder = FOLDER,
) -> None:
    """Write an audit page: who changed what and when, and what changed priors did to the estimates."""
    from workbench.workflow.registry_report import write_audit_page

    registry = open_registry(folder)
    page = write_audit_page(registry, name, output)
    show_remarks(registry)
    console.show_path(page)


@app.command(cls=Command, epilog=format_examples("registry verify"))
@console.guarded
def verify(
    head: Annotated[
        str | None,
        typer.Option(
            help="The hash of an event that was once the last one, as `verify` printed it: finds a history "
            "that was written anew.",
            metavar="HASH",
        ),
    ] = None,
    folder: Folder = FOLDER,
    json_: options.Json = False,
    quiet: options.Quiet = False,
) -> None:
    """Check each event, signature and file, and compute the numbers of each run again from its draws.

    The exit code is 1 if something is not as it was written.
    """
    import msgspec

    from workbench.registry.verify import verify as check
    from workbench.workflow.pages.registry import build_verification_page

    if head is not None and not re.fullmatch("[0-9a-f]{8,64}", head):
        message = f"--head was expected to be the hash of an event, at least 8 digits of it, found `{head}`."
        raise RequestError(message, hint="`verify` prints it as the last event")
    registry = open_registry(folder)
    with console.progress(quiet).stage("Checking runs") as stage:
        found = check(
            registry,
            head or "",
            lambda place, total, name: stage.update(place, f"{place} of {total}, {name}"),
        )
    if json_:
        console.show_json(msgspec.json.format(msgspec.json.encode(found), indent=1).decode())
    else:
        console.show(build_verification_page(found, folder))
    if not found.is_clean:
        raise typer.Exit(EXIT_STRICT)


@app.command(cls=Command, epilog=format_examples("registry prune"))
@console.guarded
def prune(
    name: Annotated[
        str,
        typer.Argument(
            help="The name of a model; by default all of them.",
            metavar="NAME",
            autocompletion=completion.complete_names,
        ),
    ] = "",
    keep: Annotated[
        int, typer.Option(min=1, help="How many of the newest versions keep their runs.", metavar="N")
    ] = 20,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be removed.")] = False,
    folder: Folder = FOLDER,
    author: Author = None,
    key: Key = None,
) -> None:
    """Remove runs of old versions; versions with an alias keep theirs, and what the log says of all stays."""
    registry = open_registry(folder, author, key)
    pruned = registry.prune(name, keep, is_rehearsal=dry_run)
    show_remarks(registry)
    names = ", ".join(version.reference for version in pruned.versions) or "no version"
    unused = f", and {len(pruned.unused)} runs of no version" if pruned.unused else ""
    verb = "would be removed" if dry_run else "removed"
    console.show_line(f"runs {verb}: {names}{unused}; {pruned.freed / 1e6:.1f} MB.")


@app.command(cls=Command, epilog=format_examples("registry export"))
@console.guarded
def export(
    version: Version,
    output: Annotated[Path, options.describe_output("A folder that does not exist yet")],
    folder: Folder = FOLDER,
) -> None:
    """Copy a version out of the registry, as a run directory of its own."""
    registry = open_registry(folder)
    registry.export(version, output)
    show_remarks(registry)
    console.show_path(output)


@app.command(cls=Command, epilog=format_examples("registry trust"))
@console.guarded
def trust(
    keys: Annotated[
        list[Path], typer.Argument(help="Public keys (Ed25519): files that end in .pub.", metavar="FILE...")
    ],
    folder: Folder = FOLDER,
    author: Author = None,
    key: Key = None,
) -> None:
    """Take only events that are signed with one of some keys, from now on."""
    from workbench.registry import describe_key

    registry = open_registry(folder, author, key)
    trusted = registry.trust(keys)
    show_remarks(registry)
    console.show_line(f"trusted from now on, and no others: {', '.join(map(describe_key, trusted))}")
