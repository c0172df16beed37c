"""The commands, gathered. Each imports its rooms when it runs: `workbench --help` answers at once."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from workbench import files
from workbench.cli import (
    calibrate,
    check,
    compare,
    completion,
    console,
    continue_,
    diagnose_drift,
    doctor,
    explore,
    export,
    export_dashboards,
    fit,
    fit_each,
    gate,
    inspect,
    models,
    monitor,
    new,
    predict,
    prior,
    promote,
    publish,
    refit,
    registry,
    replay,
    report,
    runs,
    score,
    sensitivity,
    serve,
    show,
    standard_errors,
    test,
    toolchain,
    update,
)
from workbench.cli.first_steps import FIRST_STEPS
from workbench.cli.help_page import CONTEXT, Command, Group, format_examples
from workbench.cli.isolate import ignore_settings_of_the_working_folder
from workbench.cli.metrics_file import SUBJECTS, MeasuredCommand
from workbench.errors import EXIT_FAULT, StoreError, WorkbenchError
from workbench.provenance import read_workbench_version


class _FrontDoor(Group):
    """The command itself, whose `--install-completion` writes into the home folder."""

    def make_context(self, info_name: str | None, args: list[str], *more: Any, **options: Any) -> Any:
        """Return the parsed arguments; a home folder that cannot be written is told in a sentence."""
        installs = "--install-completion" in args
        try:
            return super().make_context(info_name, args, *more, **options)
        except (OSError, UnicodeError) as reason:
            if not installs:
                raise
            console.show_error(_explain_home(reason))
            raise typer.Exit(StoreError.exit_code) from None


def _explain_home(reason: OSError | UnicodeError) -> StoreError:
    """Return why completion could not be installed."""
    hint = "`workbench --show-completion` prints what the shell has to read"
    if isinstance(reason, UnicodeError):
        return StoreError("the shell's settings in the home folder are not in UTF-8.", hint=hint)
    place = Path.home() if reason.filename is None else Path(os.fsdecode(reason.filename))
    return StoreError(files.describe_failure(reason, place)[0], hint=hint)


app = typer.Typer(
    name="workbench",
    cls=_FrontDoor,
    context_settings=CONTEXT,
    invoke_without_command=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    help="Any Stan program and a table: point estimates, full posteriors, and an honest account of both.",
    epilog=format_examples("workbench"),
)
for _name, _module in (
    ("fit", fit),
    ("fit-each", fit_each),
    ("check", check),
    ("continue", continue_),
    ("replay", replay),
    ("inspect", inspect),
    ("models", models),
    ("new", new),
    ("predict", predict),
    ("score", score),
    ("prior", prior),
    ("report", report),
    ("compare", compare),
    ("explore", explore),
    ("runs", runs),
    ("sensitivity", sensitivity),
    ("calibrate", calibrate),
    ("show", show),
    ("standard-errors", standard_errors),
    ("test", test),
    ("update", update),
    ("gate", gate),
    ("monitor", monitor),
    ("diagnose-drift", diagnose_drift),
    ("refit", refit),
    ("publish", publish),
    ("export", export),
    ("export-dashboards", export_dashboards),
    ("serve", serve),
    ("doctor", doctor),
):
    _kind = MeasuredCommand if _name in SUBJECTS else Command
    app.command(_name, cls=_kind, epilog=format_examples(_name))(_module.command)
app.command("promote", cls=Command, epilog=format_examples("promote"))(promote.promote)
app.command("rollback", cls=Command, epilog=format_examples("rollback"))(promote.rollback)
app.add_typer(registry.app, name="registry")
app.add_typer(toolchain.app, name="toolchain")


def _print_version(is_wanted: bool) -> None:
    if is_wanted:
        _echo(f"workbench {read_workbench_version()}\n")
        raise typer.Exit


def _print_licences(is_wanted: bool) -> None:
    if is_wanted:
        _show_licences()
        raise typer.Exit


@console.guarded
def _echo(text: str) -> None:
    typer.echo(text, nl=False)


@console.guarded
def _show_licences() -> None:
    from workbench.workflow.pages.licences import build_licences_page

    console.show(build_licences_page())


@app.callback()
def _main(
    context: typer.Context,
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version.")
    ] = False,
    licences: Annotated[
        bool,
        typer.Option(
            "--licences",
            callback=_print_licences,
            is_eager=True,
            help="List the licences of all that is shipped, fetched or needed.",
        ),
    ] = False,
) -> None:
    del version, licences
    if context.invoked_subcommand is None:
        _echo(FIRST_STEPS)


def main() -> None:
    """Run the command line."""
    ignore_settings_of_the_working_folder()
    completion.join_words_of_bash()
    console.prepare_streams()
    try:
        app()
    except Exception:
        sys.excepthook(*sys.exc_info())
        console.show_error(
            WorkbenchError(
                "this is a fault of workbench.",
                hint="please report it, with all of the above and `workbench doctor`",
            )
        )
        raise SystemExit(EXIT_FAULT) from None
