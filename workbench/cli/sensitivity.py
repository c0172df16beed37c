"""`workbench sensitivity`: how far the conclusions depend on the prior."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path
from typing import Annotated

import typer

from workbench.cli import console, options
from workbench.errors import EXIT_STRICT, RequestError
from workbench.process import count_usable_cores

_SWEEP = "What to vary"
_OUTCOMES = "Outcomes"
_BASE = "Base fit"
_STAN = "Stan"

_KEPT = "what was finished is kept; the same command goes on from there"


@console.guarded
def command(
    what: Annotated[
        Path,
        typer.Argument(
            help="A Stan program, a bundled model, or a run of `workbench fit`.", metavar="MODEL|RUN"
        ),
    ],
    data: Annotated[
        Path | None, typer.Argument(help="A table with a header; none for a run.", metavar="[DATA]")
    ] = None,
    vary: Annotated[
        list[str] | None,
        typer.Option(
            help="Hyperparameter and values: beta.sigma=0.1:10:log:9, sigma.beta=0.5,1,2, power(prior)=0.5,2."
            " Default: each by itself, over its range in the model's card or a factor of 4.",
            rich_help_panel=_SWEEP,
        ),
    ] = None,
    design: Annotated[
        str | None,
        typer.Option(
            help="grid (every combination), one (one at a time) or lhs (Latin hypercube).",
            rich_help_panel=_SWEEP,
        ),
    ] = None,
    points: Annotated[int, typer.Option(help="Points of a Latin hypercube.", rich_help_panel=_SWEEP)] = 25,
    prior_form: Annotated[
        list[str] | None,
        typer.Option(
            help="Another form of a whole prior: 'beta=student_t(3, 0, 2.5)'; flat takes it away.",
            rich_help_panel=_SWEEP,
        ),
    ] = None,
    scenarios: Annotated[
        Path | None, typer.Option(help="A TOML file of named settings.", rich_help_panel=_SWEEP)
    ] = None,
    decision: Annotated[
        list[str] | None,
        typer.Option(
            help="A conclusion to watch: 'P(beta[1]>0)>0.95', 'interval(beta[1]) excludes 0', "
            r"'mean(tau)<2', 'beta[1]>beta[2]'; labels such as beta\[age] too.",
            rich_help_panel=_OUTCOMES,
        ),
    ] = None,
    methods: Annotated[
        str, typer.Option(help="Of map, laplace and nuts, with commas.", rich_help_panel=_OUTCOMES)
    ] = "map,laplace,nuts",
    parameter: Annotated[
        list[str] | None,
        typer.Option(help=r"A quantity to report: beta, beta[2] or beta\[age].", rich_help_panel=_OUTCOMES),
    ] = None,
    above: Annotated[
        float, typer.Option(help="The constant c of P(theta > c).", rich_help_panel=_OUTCOMES)
    ] = 0.0,
    refit: Annotated[
        str,
        typer.Option(
            help="needed (where importance weights cannot be relied on) or all.", rich_help_panel=_OUTCOMES
        ),
    ] = "needed",
    prior_predictive: Annotated[
        bool,
        typer.Option(
            "--prior-predictive/--no-prior-predictive",
            help="Also sample each prior alone, with what it says about data.",
            rich_help_panel=_OUTCOMES,
        ),
    ] = True,
    column: Annotated[
        list[str] | None,
        typer.Option(help="Columns of a Stan variable: y=sales, X=age,income.", rich_help_panel=_BASE),
    ] = None,
    set_: Annotated[
        list[str] | None,
        typer.Option("--set", help="Value of a Stan variable: K=3.", rich_help_panel=_BASE),
    ] = None,
    prior: Annotated[
        list[str] | None,
        typer.Option(help="Value of a hyperparameter: beta.sigma=1.", rich_help_panel=_BASE),
    ] = None,
    role: Annotated[
        list[str] | None,
        typer.Option(help="Settle the role of a statement: 'line 12=prior'.", rich_help_panel=_BASE),
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="All other seeds are derived from it.")] = 1,
    chains: Annotated[int, typer.Option(help="Chains.", rich_help_panel=_BASE)] = 4,
    draws: Annotated[int, typer.Option(help="Draws kept in each chain.", rich_help_panel=_BASE)] = 1000,
    warmup: Annotated[int, typer.Option(help="Warm-up draws in each chain.", rich_help_panel=_BASE)] = 1000,
    adapt_delta: Annotated[
        float, typer.Option(help="Target acceptance statistic.", rich_help_panel=_BASE)
    ] = 0.8,
    level: Annotated[
        float, typer.Option(help="Probability of the intervals.", rich_help_panel=_OUTCOMES)
    ] = 0.95,
    jobs: Annotated[int | None, typer.Option(min=1, help="Processes at a time; default: the cores.")] = None,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="Study directory; default: one in reports/, or RUN/study."),
    ] = None,
    json_: Annotated[bool, typer.Option("--json", help="Print study.json and nothing else.")] = False,
    strict: Annotated[
        bool, typer.Option("--strict", help="Exit with 1 unless the conclusions stand everywhere.")
    ] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Show no progress.")] = False,
    compiler: Annotated[
        str | None,
        typer.Option(help="clang++, g++, zig or a path; default: the first found.", rich_help_panel=_STAN),
    ] = None,
    toolchain: Annotated[
        str, typer.Option(help="auto, embedded, or cmdstan for your own.", rich_help_panel=_STAN)
    ] = "auto",
) -> None:
    """Study how far the conclusions depend on the prior: importance weights first, refits where they fail.

    A study that was stopped goes on where it stood: run the same command again.
    """
    from workbench import library
    from workbench.cli import study_table
    from workbench.methods import Laplace, Map, Mle, Nuts
    from workbench.results import store
    from workbench.studies import parse_axis
    from workbench.studies.plan.scenarios import read_scenarios
    from workbench.toolchain import Settings
    from workbench.workflow import sensitivity, study_options
    from workbench.workflow.options import FitOptions

    if not 0 < level < 1:
        raise RequestError(f"--level was expected to be between 0 and 1, found {level}.")
    workers = jobs or count_usable_cores()
    asked = study_options.StudyOptions(
        axes=tuple(parse_axis(text) for text in vary or ()),
        design=design or "grid",
        points=points,
        forms=tuple(options.pairs("--prior-form", prior_form or []).items()),
        scenarios=() if scenarios is None else read_scenarios(scenarios),
        methods=tuple(one.strip() for one in methods.split(",")),
        decisions=tuple(decision or ()),
        above=above,
        refit=refit,
        parameters=tuple(parameter or ()),
        with_prior=prior_predictive,
        jobs=workers,
        output=output,
    )
    with_modes = {"map", "laplace"} & set(asked.methods)
    at_modes = (Map(), Map(jacobian=True), Laplace()) if with_modes else ()
    base = FitOptions(
        columns=options.columns(column or []),
        given=options.values(set_ or []),
        priors=options.numbers(prior or []),
        roles=options.roles(role or []),
        methods=(Mle(), *at_modes, Nuts(chains, draws, warmup, adapt_delta)),
        seed=seed,
        level=level,
        jobs=workers,
        toolchain=Settings(compiler=compiler, source=toolchain),
        command=shlex.join(["workbench", *sys.argv[1:]]),
    )
    progress = console.progress(quiet)
    try:
        if data is None and what.is_dir():
            study = sensitivity.study_run(what, asked, base, progress)
        else:
            program, rows = library.resolve_data(str(what), data)
            study = sensitivity.study_files(program, rows, base, asked, progress)
    except KeyboardInterrupt:
        raise KeyboardInterrupt(_KEPT) from None
    if json_:
        typer.echo(store.dump(study.record), nl=False)
    else:
        study_table.show(study, console.stdout())
    if strict and study.record["conclusion"]["verdict"] != "ok":
        raise typer.Exit(EXIT_STRICT)
