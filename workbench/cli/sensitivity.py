"""`workbench sensitivity`: how far the conclusions depend on the prior."""

from __future__ import annotations

import shlex
import sys
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from workbench.cli import completion, console, options, parse
from workbench.cli.open_registry import is_version
from workbench.errors import EXIT_STRICT, RequestError
from workbench.process import count_usable_cores

_SWEEP = "What to vary"
_OUTCOMES = "Outcomes"
"""The panels under which `--help` groups the options of a study."""

_KEPT = "finished work is kept; run the same command again to continue"
"""What an interrupted study says."""

_BASE_FIT = (
    "column", "set_", "reference", "missing", "standardize", "prior", "role", "scale", "seed", "starts",
    "chains", "draws", "warmup", "adapt_delta", "max_treedepth", "init", "sampler", "metric", "retry",
    "level", "no_optimise",
)  # fmt: skip
"""Parameters that decide the base fit: a run has been fitted with its own."""


@console.guarded
def command(
    context: typer.Context,
    what: Annotated[
        Path,
        typer.Argument(
            help="A Stan program, a bundled model, or a run of `workbench fit`.",
            metavar="MODEL|RUN",
            autocompletion=completion.complete_models_and_runs,
        ),
    ],
    data: Annotated[
        Path | None, typer.Argument(help="As for `workbench fit`; none for a run.", metavar="DATA")
    ] = None,
    vary: Annotated[
        list[str] | None,
        typer.Option(
            help="Hyperparameter and values: beta.sigma=0.1:10:log:9, tau.mu=0.5,1,2, power(prior)=0.5,2. "
            "By default each by itself, over its range in the model's card or a factor of 4.",
            metavar="NAME=VALUES",
            rich_help_panel=_SWEEP,
        ),
    ] = None,
    design: Annotated[
        str | None,
        typer.Option(
            help="Every combination (grid), one at a time (one), or a Latin hypercube (lhs).",
            metavar="grid|one|lhs",
            rich_help_panel=_SWEEP,
        ),
    ] = None,
    points: Annotated[
        int, typer.Option(help="Points of a Latin hypercube.", metavar="N", rich_help_panel=_SWEEP)
    ] = 25,
    prior_form: Annotated[
        list[str] | None,
        typer.Option(
            help="Another form of a whole prior: 'beta ~ student_t(3, 0, 2.5)'; 'beta ~ flat' removes it.",
            metavar="'PARAMETER ~ PRIOR'",
            rich_help_panel=_SWEEP,
        ),
    ] = None,
    scenarios: Annotated[
        Path | None,
        typer.Option(help="A TOML file of named settings.", metavar="FILE", rich_help_panel=_SWEEP),
    ] = None,
    decision: Annotated[
        list[str] | None,
        typer.Option(
            help="A conclusion to follow: 'P(beta[1]>0)>0.95', 'interval(beta[1]) excludes 0', "
            r"'mean(tau)<2', 'beta[1]>beta[2]'; labels such as beta\[age] too.",
            metavar="TEXT",
            rich_help_panel=_OUTCOMES,
        ),
    ] = None,
    methods: Annotated[
        str,
        typer.Option(
            "--methods",
            "--method",
            help="Methods to compare: map, laplace, nuts, with commas.",
            metavar="NAMES",
            autocompletion=completion.complete_listed("map", "laplace", "nuts"),
            rich_help_panel=_OUTCOMES,
        ),
    ] = "map,laplace,nuts",
    parameter: Annotated[
        list[str] | None,
        typer.Option(
            help=r"A quantity to report: beta, beta[2] or beta\[age].",
            metavar="NAME",
            rich_help_panel=_OUTCOMES,
        ),
    ] = None,
    above: Annotated[
        float, typer.Option(help="The constant c of P(theta > c).", metavar="C", rich_help_panel=_OUTCOMES)
    ] = 0.0,
    refit: Annotated[
        str,
        typer.Option(
            help="Full fits where importance weights cannot be relied on (needed), or everywhere (all).",
            metavar="needed|all",
            rich_help_panel=_OUTCOMES,
        ),
    ] = "needed",
    no_prior_predictive: Annotated[
        bool,
        typer.Option(
            "--no-prior-predictive",
            help="Do not sample each prior alone, and what it says about data.",
            rich_help_panel=_OUTCOMES,
        ),
    ] = False,
    column: options.Columns = None,
    set_: options.Values = None,
    reference: options.Reference = None,
    missing: options.Missing = "refuse",
    unpack_limit: options.UnpackLimit = None,
    standardize: options.Standardize = False,
    prior: options.Priors = None,
    role: options.Roles = None,
    scale: options.Scale = "prior",
    seed: options.Seed = 1,
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
        Path | None, options.describe_output("Study directory; by default in reports/, or RUN/study")
    ] = None,
    json_: options.Json = False,
    strict: Annotated[
        bool,
        typer.Option(
            "--strict",
            help="Exit with 1 unless the conclusions hold at every point.",
            rich_help_panel=options.OUTPUT,
        ),
    ] = False,
    quiet: options.Quiet = False,
    compiler: options.Compiler = None,
    native: options.Native = False,
    no_optimise: options.NoOptimise = False,
    toolchain: options.Source = "auto",
) -> None:
    """Study how far the conclusions depend on the prior: importance weights first, refits where they fail.

    An interrupted study continues where it was: run the same command again.

    Options on binding, methods and the sampler decide the base fit; a finished run keeps its own.
    """
    from workbench import library
    from workbench.results import run_directory
    from workbench.workflow.inputs import check_inputs

    if is_version(what):
        run_directory.require_run(what)
    is_run = data is None and what.is_dir()
    if is_run:
        _refuse_base_options(context, what)
    else:
        program, source = library.resolve_data(str(what), data)
        check_inputs(program, options.read_dash(source))
    from workbench.execution.scheduler import open_executor, parse_scheduler

    where = parse_scheduler(scheduler)
    from workbench.methods import Laplace, Map, Mle, Nuts
    from workbench.results import store
    from workbench.studies import parse_axis
    from workbench.studies.plan.scenarios import read_scenarios
    from workbench.toolchain import ToolchainSettings
    from workbench.workflow import sensitivity
    from workbench.workflow.method_settings import check_sampler, count_retries, read_init
    from workbench.workflow.options import FitOptions
    from workbench.workflow.pages.study import build_study_page
    from workbench.workflow.study_options import StudyOptions

    workers = jobs or count_usable_cores()
    study_options = StudyOptions(
        axes=tuple(parse_axis(text) for text in vary or ()),
        design=design or "grid",
        points=points,
        forms=tuple(parse.parse_prior_forms(prior_form).items()),
        scenarios=() if scenarios is None else read_scenarios(scenarios),
        methods=parse.split_names([methods]),
        decisions=tuple(decision or ()),
        above=above,
        refit=refit,
        parameters=tuple(parameter or ()),
        with_prior=not no_prior_predictive,
        jobs=workers,
        output=output,
    )
    init_kind, inits = read_init(init)
    nuts = Nuts(
        chains,
        draws,
        warmup,
        adapt_delta,
        max_treedepth,
        metric,
        init_kind,
        retry=count_retries(retry),
        sampler=sampler,
    )
    check_sampler(nuts)
    has_modes = bool({"map", "laplace"} & set(study_options.methods))
    at_modes = (Map(False, starts), Map(True, starts), Laplace()) if has_modes else ()
    fit_options = FitOptions(
        columns=parse.parse_columns(column),
        given=parse.parse_values(set_),
        priors=parse.parse_priors(prior),
        reference=parse.parse_pairs("--reference", reference),
        missing=parse.parse_missing(missing),
        standardize=standardize,
        roles=parse.parse_pairs("--role", role),
        scaled=parse.parse_scale(scale),
        methods=(Mle(starts), *at_modes, nuts),
        seed=seed,
        level=parse.parse_level(level),
        jobs=workers,
        threads=threads,
        timeout=timeout,
        inits=inits,
        toolchain=ToolchainSettings(compiler=compiler, source=toolchain, native=native),
        is_optimised=not no_optimise,
        command=shlex.join(["workbench", *sys.argv[1:]]),
    )
    progress = console.progress(quiet)
    limit = parse.parse_size("--unpack-limit", unpack_limit)
    try:
        with open_executor(where, workers, progress) as executor:
            study_options = replace(study_options, executor=executor)
            if is_run:
                study = sensitivity.study_run(what, study_options, fit_options, progress, limit)
            else:
                table = options.read_within(limit, source)
                study = sensitivity.study_files(program, table, fit_options, study_options, progress)
    except KeyboardInterrupt:
        raise KeyboardInterrupt(_KEPT) from None
    if json_:
        console.show_json(store.dump(study.record))
    else:
        console.show(build_study_page(study))
    if strict and study.results.conclusion.verdict != "ok":
        raise typer.Exit(EXIT_STRICT)


def _refuse_base_options(context: typer.Context, run: Path) -> None:
    """Refuse options that would change a run that is already fitted.

    Raises
    ------
    RequestError
        Such an option was given.
    """
    for parameter in context.command.params:
        source = context.get_parameter_source(parameter.name or "")
        if parameter.name in _BASE_FIT and source is not None and source.name == "COMMANDLINE":
            raise RequestError(
                f"{parameter.opts[0]} decides how a program is fitted, but `{run}` is already fitted.",
                hint="give the program and the table to study another fit",
            )
