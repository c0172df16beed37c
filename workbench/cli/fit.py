"""`workbench fit`: the main job."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path
from typing import Annotated

import typer

from workbench.cli import completion, console, options
from workbench.errors import EXIT_STRICT, RequestError, RunError
from workbench.process import count_usable_cores

_BINDING = "Binding"
_METHODS = "Methods"
_SAMPLER = "Sampler"
_OUTPUT = "Output"
_STAN = "Stan"


@console.guarded
def command(
    model: Annotated[
        str,
        typer.Argument(
            help="A Stan program, or the name of a bundled model.",
            metavar="MODEL",
            autocompletion=completion.models,
        ),
    ],
    data: Annotated[
        Path | None,
        typer.Argument(
            help="A table (CSV, TSV, Parquet, Arrow) or Stan's JSON; a bundled model has its own.",
            metavar="[DATA]",
        ),
    ] = None,
    column: Annotated[
        list[str] | None,
        typer.Option(
            "--column",
            "--columns",
            help="Columns of a Stan variable: y=sales, X=age,income, t=when:days.",
            rich_help_panel=_BINDING,
        ),
    ] = None,
    set_: Annotated[
        list[str] | None,
        typer.Option("--set", help="Value of a Stan variable: K=3.", rich_help_panel=_BINDING),
    ] = None,
    reference: Annotated[
        list[str] | None,
        typer.Option(
            help="Level of a text column without an indicator: region=south.", rich_help_panel=_BINDING
        ),
    ] = None,
    missing: Annotated[
        str, typer.Option(help="Rows with a missing cell: refuse, or drop.", rich_help_panel=_BINDING)
    ] = "refuse",
    standardize: Annotated[
        bool,
        typer.Option(
            "--standardize",
            help="Put predictors on one scale; results stay on their own.",
            rich_help_panel=_BINDING,
        ),
    ] = False,
    dry_run: Annotated[
        bool,
        typer.Option(
            "--dry-run",
            help="Show what each Stan variable would be, and whether a fit could start.",
            rich_help_panel=_BINDING,
        ),
    ] = False,
    prior: Annotated[
        list[str] | None,
        typer.Option(help="Value of a hyperparameter: beta.sigma=1.", rich_help_panel=_BINDING),
    ] = None,
    role: Annotated[
        list[str] | None,
        typer.Option(help="Settle the role of a statement: 'line 12=prior'.", rich_help_panel=_BINDING),
    ] = None,
    scale: Annotated[
        str, typer.Option(help="What counts as prior: prior, or latent too.", rich_help_panel=_BINDING)
    ] = "prior",
    seed: Annotated[int, typer.Option(min=0, help="All other seeds are derived from it.")] = 1,
    method: Annotated[
        list[str] | None,
        typer.Option(
            help="mle, map, laplace, pathfinder, nuts (several, with commas), or auto: the cheapest that is "
            "accepted by its own diagnostic. Default: all but pathfinder.",
            rich_help_panel=_METHODS,
        ),
    ] = None,
    starts: Annotated[
        int, typer.Option(help="Random starts of each optimisation.", rich_help_panel=_METHODS)
    ] = 4,
    profile: Annotated[
        list[str] | None,
        typer.Option(help="Profile-likelihood interval of a parameter: beta[2].", rich_help_panel=_METHODS),
    ] = None,
    chains: Annotated[int, typer.Option(help="Chains.", rich_help_panel=_SAMPLER)] = 4,
    draws: Annotated[int, typer.Option(help="Draws kept in each chain.", rich_help_panel=_SAMPLER)] = 1000,
    warmup: Annotated[
        int, typer.Option(help="Warm-up draws in each chain.", rich_help_panel=_SAMPLER)
    ] = 1000,
    adapt_delta: Annotated[
        float, typer.Option(help="Target acceptance statistic.", rich_help_panel=_SAMPLER)
    ] = 0.8,
    max_treedepth: Annotated[
        int, typer.Option(help="Longest trajectory: 2^this steps.", rich_help_panel=_SAMPLER)
    ] = 10,
    init: Annotated[
        str,
        typer.Option(
            help="Where chains start: random, map, pathfinder, or a JSON file of values of parameters.",
            rich_help_panel=_SAMPLER,
        ),
    ] = "random",
    metric: Annotated[
        str, typer.Option(help="diag, or dense for correlated parameters.", rich_help_panel=_SAMPLER)
    ] = "diag",
    save_warmup: Annotated[
        bool, typer.Option("--save-warmup", help="Keep warm-up draws in fit.nc.", rich_help_panel=_SAMPLER)
    ] = False,
    retry: Annotated[
        bool,
        typer.Option(
            "--retry", help="Act on the sampler's own advice, up to twice.", rich_help_panel=_SAMPLER
        ),
    ] = False,
    jobs: Annotated[
        int | None,
        typer.Option(min=1, help="Chains at a time; default: the cores.", rich_help_panel=_SAMPLER),
    ] = None,
    threads: Annotated[
        int, typer.Option(min=1, help="Threads in each chain, for reduce_sum.", rich_help_panel=_SAMPLER)
    ] = 1,
    timeout: Annotated[
        float | None,
        typer.Option(min=1, help="Longest time for a chain, in seconds.", rich_help_panel=_SAMPLER),
    ] = None,
    level: Annotated[
        float, typer.Option(help="Probability of the intervals.", rich_help_panel=_OUTPUT)
    ] = 0.95,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output", "-o", help="Run directory; default: one in reports/.", rich_help_panel=_OUTPUT
        ),
    ] = None,
    figures: Annotated[
        Path | None,
        typer.Option(
            help="Folder for the report's pictures as SVG and PNG files.",
            metavar="DIR",
            rich_help_panel=_OUTPUT,
        ),
    ] = None,
    json_: Annotated[
        bool, typer.Option("--json", help="Print run.json and nothing else.", rich_help_panel=_OUTPUT)
    ] = False,
    strict: Annotated[
        bool, typer.Option("--strict", help="Exit with 1 if the verdict is fail.", rich_help_panel=_OUTPUT)
    ] = False,
    quiet: Annotated[
        bool, typer.Option("--quiet", "-q", help="Show no progress.", rich_help_panel=_OUTPUT)
    ] = False,
    compiler: Annotated[
        str | None,
        typer.Option(help="clang++, g++, zig or a path; default: the first found.", rich_help_panel=_STAN),
    ] = None,
    native: Annotated[
        bool, typer.Option("--native", help="Compile for this very processor.", rich_help_panel=_STAN)
    ] = False,
    toolchain: Annotated[
        str, typer.Option(help="auto, embedded, or cmdstan for your own.", rich_help_panel=_STAN)
    ] = "auto",
) -> None:
    """Fit a Stan program to a table: MLE, MAP, Laplace and NUTS, with a verdict and a report."""
    from workbench import library
    from workbench.cli import dry_run as dry_run_cli
    from workbench.cli import table
    from workbench.methods import Nuts
    from workbench.results import store
    from workbench.toolchain import Settings
    from workbench.workflow import fit, method_settings
    from workbench.workflow.options import FitOptions

    if not 0 < level < 1:
        raise RequestError(f"--level was expected to be between 0 and 1, found {level}.")
    retries = method_settings.count_retries(retry)
    word, inits = method_settings.read_init(init)
    nuts = Nuts(chains, draws, warmup, adapt_delta, max_treedepth, metric, word, save_warmup, retries)
    asked = FitOptions(
        columns=options.columns(column or []),
        given=options.values(set_ or []),
        priors=options.numbers(prior or []),
        reference=options.pairs("--reference", reference or []),
        missing=options.missing(missing),
        standardize=standardize,
        roles=options.roles(role or []),
        scaled=options.scaled(scale),
        methods=method_settings.choose_methods(
            options.names(method or []), nuts, starts=starts, profile=profile or []
        ),
        seed=seed,
        level=level,
        jobs=jobs or count_usable_cores(),
        threads=threads,
        timeout=timeout,
        inits=inits,
        output=output,
        figures=figures,
        toolchain=Settings(compiler=compiler, source=toolchain, native=native),
        command=shlex.join(["workbench", *sys.argv[1:]]),
    )
    program, rows = library.resolve_data(model, data)
    if dry_run:
        dry_run_cli.command(program, rows, asked, is_json=json_, is_quiet=quiet)
        return
    fitted = fit.fit_files(program, rows, asked, progress=console.progress(quiet))
    if json_:
        typer.echo(store.dump(fitted.record), nl=False)
    else:
        table.show(fitted.record, fitted.folder or Path(), console.stdout())
    dry_run_cli.show_tips(fitted.record["data"]["tips"])
    _leave(fitted.record["nuts"], fitted.record["diagnosis"]["verdict"], is_strict=strict)


def _leave(nuts: dict[str, object], verdict: str, *, is_strict: bool) -> None:
    """Exit as the contract says: sampling failed is 4, `--strict` and a bad verdict is 1."""
    if nuts["status"] == "failed":
        raise RunError(
            f"there is no posterior: {nuts['reason']}", hint="console.log holds everything that Stan printed"
        )
    if is_strict and verdict == "fail":
        raise typer.Exit(EXIT_STRICT)
