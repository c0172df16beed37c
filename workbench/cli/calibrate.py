"""`workbench calibrate`: whether fits are right, by data simulated with known parameters."""

from __future__ import annotations

import shlex
import sys
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from workbench.cli import completion, console, options, parse
from workbench.errors import EXIT_STRICT
from workbench.process import count_usable_cores
from workbench.progress import Timed

_SIMULATIONS = "Simulations"
"""The panel under which `--help` groups the options of simulations."""

_KEPT = "finished fits are kept; run the same command again to continue"
"""What an interrupted command says."""


@console.guarded
def command(
    model: options.Model,
    data: options.Data = None,
    simulations: Annotated[
        int,
        typer.Option(
            help="How many data sets are simulated and fitted.", metavar="N", rich_help_panel=_SIMULATIONS
        ),
    ] = 200,
    method: Annotated[
        list[str] | None,
        typer.Option(
            "--method",
            "--methods",
            help="nuts, laplace, pathfinder, map, mle (several, with commas). By default nuts and laplace; "
            "with --rows nuts, map and mle.",
            metavar="NAMES",
            autocompletion=completion.complete_listed("nuts", "laplace", "pathfinder", "map", "mle"),
        ),
    ] = None,
    posterior: Annotated[
        bool,
        typer.Option(
            "--posterior",
            help="Draw truths from the posterior of the data, and fit each replicate together with the data: "
            "whether the fit can be trusted where the data are (posterior SBC).",
            rich_help_panel=_SIMULATIONS,
        ),
    ] = False,
    simulate_with: Annotated[
        Path | None,
        typer.Option(
            help="Another program that simulates parameters and data, with parameters of the same names.",
            metavar="OTHER.stan",
            rich_help_panel=_SIMULATIONS,
        ),
    ] = None,
    rank: Annotated[
        list[str] | None,
        typer.Option(
            "--rank",
            help=r"A quantity to rank besides parameters: theta, theta\[2], 'exp(mu) - tau' (repeatable).",
            metavar="TEXT",
            rich_help_panel=_SIMULATIONS,
        ),
    ] = None,
    rows: Annotated[
        list[str] | None,
        typer.Option(
            help="Numbers of rows that data sets have, such as 50,100,200,500, drawn with replacement from "
            "those of the table: how much data is needed.",
            metavar="NUMBERS",
            rich_help_panel=_SIMULATIONS,
        ),
    ] = None,
    column: options.Columns = None,
    set_: options.Values = None,
    reference: options.Reference = None,
    missing: options.Missing = "refuse",
    unpack_limit: options.UnpackLimit = None,
    prior: options.Priors = None,
    prior_form: options.PriorForms = None,
    priors: options.PriorsFile = None,
    role: options.Roles = None,
    scale: options.Scale = "prior",
    seed: options.Seed = 1,
    starts: options.Starts = 4,
    chains: options.Chains = 4,
    draws: options.Draws = 1000,
    warmup: options.Warmup = 1000,
    adapt_delta: options.AdaptDelta = 0.8,
    max_treedepth: options.MaxTreedepth = 10,
    metric: options.Metric = "diag",
    jobs: options.Jobs = None,
    scheduler: options.Scheduler = "local",
    timeout: options.Timeout = None,
    level: options.Level = 0.95,
    output: Annotated[
        Path | None, options.describe_output("Folder of the results; by default in reports/")
    ] = None,
    json_: options.Json = False,
    strict: Annotated[
        bool,
        typer.Option(
            "--strict",
            help="Exit with 1 unless every method is calibrated.",
            rich_help_panel=options.OUTPUT,
        ),
    ] = False,
    quiet: options.Quiet = False,
    compiler: options.Compiler = None,
    native: options.Native = False,
    no_optimise: options.NoOptimise = False,
    toolchain: options.Source = "auto",
) -> None:
    """Simulate data sets with known parameters, fit each, and say which methods and quantities are right.

    An interrupted calibration continues where it was: run the same command again.
    """
    from workbench import library
    from workbench.execution.scheduler import open_executor, parse_scheduler
    from workbench.methods import Nuts
    from workbench.workflow.calibrate import CalibrateOptions, calibrate_files, check_method_names
    from workbench.workflow.inputs import check_inputs
    from workbench.workflow.method_settings import choose_methods

    where, counts = parse_scheduler(scheduler), parse.parse_counts("--rows", rows)
    program, source = library.resolve_data(model, data)
    check_inputs(program, options.read_dash(source))
    nuts = Nuts(chains, draws, warmup, adapt_delta, max_treedepth, metric)
    names = parse.split_names(method) or (("nuts", "map", "mle") if rows else ("nuts", "laplace"))
    check_method_names(names)
    methods = choose_methods(names, nuts, starts=starts, profile=[])
    simulator = None if simulate_with is None else library.resolve(simulate_with)[0]
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
        roles=parse.parse_pairs("--role", role),
        scaled=parse.parse_scale(scale),
        methods=methods,
        seed=seed,
        level=parse.parse_level(level),
        jobs=workers,
        timeout=timeout,
        output=output,
        toolchain=ToolchainSettings(compiler=compiler, source=toolchain, native=native),
        is_optimised=not no_optimise,
        command=shlex.join(["workbench", *sys.argv[1:]]),
    )
    table = options.read_within(largest, source)
    from workbench.calibration.folder import RECORD
    from workbench.workflow.pages.calibrate import build_calibration_page

    asked = CalibrateOptions(simulations, posterior, simulator, tuple(rank or ()), rows=counts)
    times = Timed(console.progress(quiet))
    try:
        with open_executor(where, workers, times) as executor:
            asked = replace(asked, executor=executor)
            found = calibrate_files(program, table, fit_options, asked, times, on_tips=console.show_tips)
    except KeyboardInterrupt:
        raise KeyboardInterrupt(_KEPT) from None
    if json_:
        console.show_json((found.folder / RECORD).read_text(encoding="utf-8"))
    else:
        console.show(build_calibration_page(found))
    if not quiet:
        console.show_times(times)
    if strict and any(item.judgement != "calibrated" for item in found.record.methods):
        raise typer.Exit(EXIT_STRICT)
