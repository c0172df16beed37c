"""`workbench monitor`: whether a model of the registry still predicts what comes, batch by batch."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from workbench.cli import completion, console, options
from workbench.cli.metrics_file import write_metrics
from workbench.cli.open_registry import FOLDER, Author, Folder, State, open_registry, show_remarks
from workbench.errors import EXIT_STRICT, RequestError
from workbench.process import count_usable_cores

if TYPE_CHECKING:
    from workbench.monitoring.account import MonitorAccount
    from workbench.registry import ModelRegistry

WATCHED = "What is watched"
"""The panel of options that say what is watched."""


@console.guarded
def command(
    name: Annotated[
        str,
        typer.Argument(
            help="The name of a model in the registry.",
            metavar="NAME",
            autocompletion=completion.complete_names,
        ),
    ],
    batch: Annotated[
        Path | None,
        typer.Argument(
            help="New rows, - for standard input; those without outcomes are watched for their predictors "
            "alone. Without a batch, where the monitor stands.",
            metavar="BATCH",
        ),
    ] = None,
    state: State = None,
    arl: Annotated[
        float | None,
        typer.Option(
            help="Batches to a false alarm in expectation, at least; 1000 where a monitor begins.",
            metavar="N",
            rich_help_panel=WATCHED,
        ),
    ] = None,
    no_predictors: Annotated[
        bool,
        typer.Option("--no-predictors", help="Watch outcomes alone.", rich_help_panel=WATCHED),
    ] = False,
    against_reference: Annotated[
        Path | None,
        typer.Option(
            help="Compare batches with these rows of a time in which all was well, for a model known to be a "
            "little wrong, in the place of its own predictions.",
            metavar="FILE",
            rich_help_panel=WATCHED,
        ),
    ] = None,
    new_groups: options.NewGroups = "refuse",
    time: Annotated[
        str,
        typer.Option(
            help="When the batch is of: 2026-11-29, or 2026-11-29T14:00 in UTC; by default now.",
            metavar="TIME",
        ),
    ] = "",
    time_column: Annotated[
        str, typer.Option(help="The column of the rows that says when they are of.", metavar="COLUMN")
    ] = "",
    suppress: Annotated[
        list[str] | None,
        typer.Option(
            help="Batches of this time count for nothing from here on, such as those of a deployment. "
            "Repeat it.",
            metavar="FROM..TO",
        ),
    ] = None,
    reason: Annotated[str, typer.Option(help="Why.", metavar="TEXT")] = "",
    acknowledge: Annotated[
        str | None,
        typer.Option(help="The alarm is over: detectors start anew with the next batch.", metavar="REASON"),
    ] = None,
    status: Annotated[
        bool, typer.Option("--status", help="Only say where the monitor stands; nothing is written.")
    ] = False,
    html: Annotated[
        Path | None,
        typer.Option(
            "--html",
            help="HTML file with the curves.",
            metavar="FILE",
            rich_help_panel=options.OUTPUT,
        ),
    ] = None,
    seed: Annotated[
        int | None,
        typer.Option(
            min=0, help="All other seeds are derived from it.", metavar="N", rich_help_panel=WATCHED
        ),
    ] = None,
    jobs: options.Jobs = None,
    timeout: options.Timeout = None,
    folder: Folder = FOLDER,
    author: Author = None,
    metrics: options.Metrics = None,
    json_: options.Json = False,
    quiet: options.Quiet = False,
    compiler: options.Compiler = None,
    native: options.Native = False,
    toolchain: options.Source = "auto",
) -> None:
    """Watch a model batch by batch: whether outcomes and predictors come as its champion expects them.

    What is predicted of a batch is given all batches before. The same batch again changes nothing. The exit
    code is 1 while an alarm stands.
    """
    with write_metrics(metrics, "monitor", name) as found:
        _check(batch, html, suppress, reason, acknowledge, is_status=status)
        registry = open_registry(folder, author)
        registry.read_state().find_model(name)
        from workbench.toolchain import ToolchainSettings
        from workbench.workflow.monitor import MonitorOptions, parse_window, read_account, watch_batch
        from workbench.workflow.monitor import acknowledge as end_alarm
        from workbench.workflow.monitor import suppress as suppress_window

        windows = [parse_window(text, reason) for text in suppress or ()]
        account: MonitorAccount | None = None
        for window in windows:
            account = suppress_window(registry, name, window, state)
        if acknowledge is not None:
            account = end_alarm(registry, name, acknowledge, state)
        if batch is not None:
            asked = MonitorOptions(
                state=state,
                arl=arl,
                reference=against_reference,
                families=("outcomes",) if no_predictors else None,
                time=time,
                time_column=time_column,
                new_groups=new_groups,
                seed=seed,
                jobs=jobs or count_usable_cores(),
                timeout=timeout,
                toolchain=ToolchainSettings(compiler=compiler, source=toolchain, native=native),
            )
            rows = options.read_within(None, batch)
            account = watch_batch(registry, name, rows, asked, console.progress(quiet))
        if account is None:
            account = read_account(registry, name, state)
        if metrics is not None:
            from workbench.metrics.monitored import describe_monitor
            from workbench.workflow.monitor_report import make_reading

            found.samples += describe_monitor(make_reading(account))
        _show(account, registry, html, is_json=json_)
        if account.is_alarm:
            raise typer.Exit(EXIT_STRICT)


def _check(
    batch: Path | None,
    html: Path | None,
    suppress: list[str] | None,
    reason: str,
    acknowledge: str | None,
    *,
    is_status: bool,
) -> None:
    """Refuse options that do not go together, files that cannot be written, and tables that do not exist."""
    from workbench.workflow.inputs import check_table_exists
    from workbench.workflow.output_file import check_output_file

    if is_status and (batch is not None or suppress or acknowledge is not None):
        message = "--status only says where the monitor stands, and something else was asked for too."
        raise RequestError(message, hint="leave --status out")
    if reason and not suppress:
        raise RequestError("--reason says why batches are suppressed.", hint="give --suppress FROM..TO too")
    if acknowledge is not None and not acknowledge.strip():
        raise RequestError("--acknowledge was expected to say why the alarm is over, found nothing.")
    if html is not None:
        check_output_file(html, [] if batch is None else [batch])
    if batch is not None:
        check_table_exists(options.read_dash(batch))


def _show(account: MonitorAccount, registry: ModelRegistry, html: Path | None, *, is_json: bool) -> None:
    """Print where the monitor stands, and write its page."""
    import msgspec

    from workbench.workflow.monitor_report import describe_monitor_state, write_monitor_page
    from workbench.workflow.pages.monitor import build_monitor_page

    if html is not None:
        write_monitor_page(account, html)
    if is_json:
        console.show_values(msgspec.to_builtins(describe_monitor_state(account)))
    else:
        console.show(build_monitor_page(account))
    show_remarks(registry)
    if html is not None:
        console.show_note("page", str(html))
