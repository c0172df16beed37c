"""`workbench fit-each`: a fit to each group of a table."""

from __future__ import annotations

import shlex
import sys
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from workbench.cli import completion, console, options, parse
from workbench.errors import EXIT_STRICT, RunError
from workbench.process import count_usable_cores
from workbench.progress import Timed

_KEPT = "finished fits are kept; run the same command again to continue"
"""What an interrupted command says."""


@console.guarded
def command(
    model: options.Model,
    data: options.Data = None,
    by: Annotated[
        list[str] | None,
        typer.Option(
            help="A column whose values are groups; of several, each combination that occurs is one.",
            metavar="COLUMN",
        ),
    ] = None,
    share_prior: Annotated[
        bool,
        typer.Option(
            "--share-prior",
            help="Estimate location and scale of each parameter's prior from all groups, and fit each group "
            "again with them (empirical Bayes).",
        ),
    ] = False,
    column: options.Columns = None,
    set_: options.Values = None,
    reference: options.Reference = None,
    missing: options.Missing = "refuse",
    unpack_limit: options.UnpackLimit = None,
    standardize: options.Standardize = False,
    prior: options.Priors = None,
    prior_form: options.PriorForms = None,
    priors: options.PriorsFile = None,
    role: options.Roles = None,
    scale: options.Scale = "prior",
    seed: options.Seed = 1,
    method: Annotated[
        list[str] | None,
        typer.Option(
            "--method",
            "--methods",
            help="mle, map, laplace, pathfinder, nuts (several, with commas), or auto: the cheapest that is "
            "accepted by its own diagnostic. By default all but pathfinder.",
            metavar="NAMES",
            autocompletion=completion.complete_listed("mle", "map", "laplace", "pathfinder", "nuts", "auto"),
            rich_help_panel=options.METHODS,
        ),
    ] = None,
    starts: options.Starts = 4,
    chains: options.Chains = 4,
    draws: options.Draws = 1000,
    warmup: options.Warmup = 1000,
    adapt_delta: options.AdaptDelta = 0.8,
    max_treedepth: options.MaxTreedepth = 10,
    init: options.Init = "random",
    sampler: options.Sampler = "stan",
    metric: options.Metric = "diag",
    retry: options.Retry = False,
    jobs: options.Jobs = None,
    scheduler: options.Scheduler = "local",
    threads: options.Threads = 1,
    timeout: options.Timeout = None,
    level: options.Level = 0.95,
    output: Annotated[
        Path | None, options.describe_output("Folder of the runs; by default in reports/")
    ] = None,
    keep: options.Keep = None,
    pointwise_draws: options.PointwiseDraws = None,
    json_: options.Json = False,
    strict: Annotated[
        bool,
        typer.Option(
            "--strict",
            help="Exit with 1 if the verdict of any group is fail.",
            rich_help_panel=options.OUTPUT,
        ),
    ] = False,
    quiet: options.Quiet = False,
    compiler: options.Compiler = None,
    native: options.Native = False,
    no_optimise: options.NoOptimise = False,
    toolchain: options.Source = "auto",
) -> None:
    """Fit a Stan program to each group of a table: a folder of runs, an index, and what needs a look."""
    from workbench import library
    from workbench.execution.scheduler import open_executor, parse_scheduler
    from workbench.methods import Nuts
    from workbench.workflow.inputs import check_inputs
    from workbench.workflow.method_settings import choose_methods, count_retries, read_init

    where = parse_scheduler(scheduler)
    program, source = library.resolve_data(model, data)
    check_inputs(program, options.read_dash(source))
    word, inits = read_init(init)
    nuts = Nuts(
        chains, draws, warmup, adapt_delta, max_treedepth, metric, word, False, count_retries(retry), sampler
    )
    methods = choose_methods(parse.split_names(method), nuts, starts=starts, profile=[], bic_count=None)
    from workbench.priors.priors_file import read_priors  # only here: a missing file is told without it

    given, settled = parse.parse_values(set_), parse.parse_priors(prior)
    forms, stated = parse.parse_prior_forms(prior_form), read_priors(priors)
    largest = parse.parse_size("--unpack-limit", unpack_limit)
    from workbench.toolchain import ToolchainSettings
    from workbench.workflow.options import FitOptions

    workers = where.cores or jobs or count_usable_cores()
    fit_options = FitOptions(
        columns=parse.parse_columns(column),
        given=given,
        priors={**stated.values, **settled},
        prior_forms={**stated.forms, **forms},
        carried=stated.posterior,
        reference=parse.parse_pairs("--reference", reference),
        missing=parse.parse_missing(missing),
        standardize=standardize,
        roles=parse.parse_pairs("--role", role),
        scaled=parse.parse_scale(scale),
        methods=methods,
        seed=seed,
        level=parse.parse_level(level),
        jobs=workers,
        threads=threads,
        timeout=timeout,
        keep=parse.parse_kept(keep),
        pointwise_draws=pointwise_draws,
        inits=inits,
        output=output,
        toolchain=ToolchainSettings(compiler=compiler, source=toolchain, native=native),
        is_optimised=not no_optimise,
        command=shlex.join(["workbench", *sys.argv[1:]]),
    )
    table = options.read_within(largest, source)
    from workbench.segments.folder import dump
    from workbench.workflow.fit_each import EachOptions, fit_each_group
    from workbench.workflow.pages.segments import build_segments_page

    each = EachOptions(tuple(by or ()), shares_prior=share_prior)
    times = Timed(console.progress(quiet))
    try:
        with open_executor(where, workers, times) as executor:
            each = replace(each, executor=executor)
            found = fit_each_group(program, table, fit_options, each, times, on_tips=console.show_tips)
    except KeyboardInterrupt:
        raise KeyboardInterrupt(_KEPT) from None
    if json_:
        console.show_json(dump(found))
    else:
        console.show(build_segments_page(found))
    if not quiet:
        console.show_times(times)
    record = found.record
    if not found.fitted:
        console.show_note("note", f"nothing to do: all {record.groups:,} groups were tried before.")
    if record.failed:
        message = f"{record.failed:,} of {record.groups:,} groups have no fit."
        raise RunError(
            message, hint=f"`failure` in {found.folder / 'index.parquet'} says why, group by group"
        )
    if strict and record.verdicts.get("fail"):
        raise typer.Exit(EXIT_STRICT)
