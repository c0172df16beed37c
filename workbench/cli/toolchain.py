"""`workbench toolchain`: which Stan and compiler are used and why, and their upkeep."""

from __future__ import annotations

from math import isnan
from pathlib import Path
from typing import Annotated

import typer

from workbench.cli import console, doctor, options
from workbench.cli.help_page import CONTEXT, Command, Group, format_examples
from workbench.errors import RequestError

app = typer.Typer(
    cls=Group,
    context_settings=CONTEXT,
    no_args_is_help=True,
    help="Say which Stan and compiler are used, and look after them.",
    epilog=format_examples("toolchain"),
)


@app.command(cls=Command, epilog=format_examples("toolchain status"))
@console.guarded
def status(
    compiler: options.Compiler = None,
    toolchain: options.Source = "auto",
    quiet: options.Quiet = False,
) -> None:
    """Say which Stan and which compiler are used, and why."""
    from workbench.toolchain import ToolchainSettings, provision
    from workbench.workflow.pages.toolchain import build_status_page

    settings = ToolchainSettings(compiler=compiler, source=toolchain)
    console.show(build_status_page(provision(settings, console.progress(quiet))))


@app.command(cls=Command, epilog=format_examples("toolchain install"))
@console.guarded
def install(
    wheel: Annotated[
        list[Path] | None,
        typer.Option(
            help="A wheel of httpstan or ziglang on this machine, instead of the package index; repeatable.",
            metavar="FILE",
        ),
    ] = None,
    compiler: options.Compiler = None,
    threads: Annotated[
        bool, typer.Option("--threads", help="Also build the variant for several threads.")
    ] = False,
    quiet: options.Quiet = False,
) -> None:
    """Fetch Stan and build its header and driver, or mend them; nothing is fetched afterwards."""
    from workbench.toolchain import ToolchainSettings, provision
    from workbench.toolchain.header_and_driver import build_driver, build_header
    from workbench.toolchain.mend import discard_damaged, mend
    from workbench.toolchain.wheels import add_licenses, check_wheels

    progress = console.progress(quiet)
    local = check_wheels(wheel or ())
    tools = provision(ToolchainSettings(compiler=compiler, wheels=tuple(wheel or ())), progress)
    if tools.source == "embedded":
        for is_threaded in (False, True) if threads else (False,):
            discard_damaged(tools, is_threaded)
            mend(tools, progress, local)
            build_driver(tools, is_threaded, progress)
            build_header(tools, is_threaded, progress)  # it may be missing where the driver is not: `prune`
        add_licenses(tools.cache, local, progress)
    console.show_line(f"Stan {tools.stan_version} is ready in {tools.cache}")


app.command("doctor", cls=Command, epilog=format_examples("toolchain doctor"))(doctor.command)


@app.command(cls=Command, epilog=format_examples("toolchain path"))
@console.guarded
def path(
    compiler: options.Compiler = None,
    toolchain: options.Source = "auto",
    threads: Annotated[bool, typer.Option("--threads", help="Allow STAN_THREADS=True too.")] = False,
    quiet: options.Quiet = False,
) -> None:
    """Print a folder that cmdstanpy and others accept as CMDSTAN."""
    from workbench.toolchain import ToolchainSettings, provide_cmdstan_home, provision

    progress = console.progress(quiet)
    tools = provision(ToolchainSettings(compiler=compiler, source=toolchain), progress)
    console.show_path(provide_cmdstan_home(tools, threads=threads, progress=progress))


@app.command(cls=Command, epilog=format_examples("toolchain prune"))
@console.guarded
def prune(
    keep: Annotated[
        float, typer.Option(min=0, help="How much may stay; 0 empties the cache.", metavar="GB")
    ] = 2.0,
) -> None:
    """Remove what was used longest ago until the cache is small enough."""
    from workbench.toolchain import find_cache_folder
    from workbench.toolchain import prune as remove

    if isnan(keep):
        raise RequestError("--keep is not a number.", hint="give a number of GB, for example 2")
    pruned = remove(find_cache_folder(), keep * 1e9)
    kept = f", entries in use: {len(pruned.in_use)}" if pruned.in_use else ""
    console.show_line(
        f"{len(pruned.removed)} entries removed, {pruned.freed / 1e6:.0f} MB freed, "
        f"{pruned.left / 1e6:.0f} MB left in {find_cache_folder()}{kept}"
    )
