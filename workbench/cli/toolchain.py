"""`workbench toolchain`: which Stan and compiler are used and why, and their upkeep."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape
from rich.table import Table

from workbench.cli import console
from workbench.errors import ToolchainError

app = typer.Typer(no_args_is_help=True, help="Which Stan and compiler are used, and their upkeep.")

Compiler = Annotated[str | None, typer.Option(help="clang++, g++, zig or a path.")]
Source = Annotated[str, typer.Option("--toolchain", help="auto, embedded, or cmdstan for your own.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Show no progress.")]

_COLOURS = {"ok": "green", "note": "yellow", "problem": "red"}


@app.command()
@console.guarded
def status(compiler: Compiler = None, source: Source = "auto", quiet: Quiet = False) -> None:
    """Say which Stan and which compiler are used, and why."""
    from workbench.toolchain import Settings, provision

    tools = provision(Settings(compiler=compiler, source=source), console.progress(quiet))
    table = Table(show_header=False, box=None, pad_edge=False)
    for name, value in (
        ("Stan", f"{tools.stan_version} ({tools.source})"),
        ("home", tools.home),
        ("compiler", tools.compiler),
        ("cache", tools.cache),
        ("why", tools.why),
    ):
        table.add_row(name, escape(str(value)))
    console.stdout().print(table)


@app.command()
@console.guarded
def install(
    wheel: Annotated[
        Path | None, typer.Option(help="A httpstan wheel on this machine, instead of the package index.")
    ] = None,
    compiler: Compiler = None,
    threads: Annotated[bool, typer.Option("--threads", help="Also the variant for several threads.")] = False,
    quiet: Quiet = False,
) -> None:
    """Fetch Stan, and build its precompiled header and driver; nothing is fetched afterwards."""
    from workbench.toolchain import Settings, provision
    from workbench.toolchain.front_end import build_driver, build_header

    progress = console.progress(quiet)
    tools = provision(Settings(compiler=compiler, wheel=wheel), progress)
    if tools.source == "embedded":
        for variant in (False, True) if threads else (False,):
            build_driver(tools, variant, progress)
            build_header(tools, variant, progress)  # where only it had been pruned
    typer.echo(f"Stan {tools.stan_version} is ready in {tools.cache}")


@app.command()
@console.guarded
def doctor() -> None:
    """Check all that building a Stan program needs; exit with 3 if there is a problem."""
    from workbench.toolchain import examine

    findings = examine()
    to = console.stdout()
    for finding in findings:
        colour = _COLOURS[finding.status]
        to.print(
            f"[{colour}]{finding.status:<8}[/]{finding.code} {finding.title}: {escape(finding.found)}",
            soft_wrap=True,
        )
        if finding.cure:
            to.print(f"        {escape(finding.cure)}", style="dim", soft_wrap=True)
    problems = sum(finding.status == "problem" for finding in findings)
    if problems:
        raise ToolchainError(f"{problems} of {len(findings)} checks found a problem.")


@app.command()
@console.guarded
def path(
    compiler: Compiler = None,
    source: Source = "auto",
    threads: Annotated[bool, typer.Option("--threads", help="Allow STAN_THREADS=True too.")] = False,
    quiet: Quiet = False,
) -> None:
    """Print a folder that cmdstanpy and others accept as CMDSTAN."""
    from workbench.toolchain import Settings, cmdstan_home, provision

    progress = console.progress(quiet)
    tools = provision(Settings(compiler=compiler, source=source), progress)
    typer.echo(cmdstan_home(tools, threads=threads, progress=progress))


@app.command()
@console.guarded
def prune(
    keep: Annotated[float, typer.Option(min=0, help="How much may stay [GB]; 0 empties the cache.")] = 2.0,
) -> None:
    """Remove what was used longest ago until the cache is small enough."""
    from workbench.toolchain import cache_folder
    from workbench.toolchain import prune as remove

    pruned = remove(cache_folder(), int(keep * 1e9))
    typer.echo(
        f"{len(pruned.removed)} entries removed, {pruned.freed / 1e6:.0f} MB freed, "
        f"{pruned.left / 1e6:.0f} MB left in {cache_folder()}"
    )
