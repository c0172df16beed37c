"""`workbench fit`: the main job."""

from __future__ import annotations

import functools
import shlex
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from workbench.cli import completion, console, options, parse
from workbench.cli.metrics_file import write_metrics
from workbench.cli.result_printer import ResultPrinter
from workbench.errors import EXIT_STRICT, RequestError, RunError
from workbench.process import count_usable_cores
from workbench.progress import Timed

if TYPE_CHECKING:
    from workbench.results import Fit


@console.guarded
def command(
    model: options.Model,
    data: options.Data = None,
    column: options.Columns = None,
    set_: options.Values = None,
    reference: options.Reference = None,
    missing: options.Missing = "refuse",
    unpack_limit: options.UnpackLimit = None,
    standardize: options.Standardize = False,
    dry_run: Annotated[
        bool,
        typer.Option(
            "--dry-run",
            help="Show what each Stan variable would be, and whether a fit could start.",
            rich_help_panel=options.BINDING,
        ),
    ] = False,
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
    profile: Annotated[
        list[str] | None,
        typer.Option(
            help="Profile-likelihood interval of a parameter: beta[2].",
            metavar="PARAMETER",
            rich_help_panel=options.METHODS,
        ),
    ] = None,
    bic_count: options.BicCount = None,
    chains: options.Chains = 4,
    draws: options.Draws = 1000,
    warmup: options.Warmup = 1000,
    adapt_delta: options.AdaptDelta = 0.8,
    max_treedepth: options.MaxTreedepth = 10,
    init: options.Init = "random",
    sampler: options.Sampler = "stan",
    metric: options.Metric = "diag",
    save_warmup: Annotated[
        bool,
        typer.Option("--save-warmup", help="Keep warm-up draws in fit.nc.", rich_help_panel=options.SAMPLER),
    ] = False,
    retry: options.Retry = False,
    jobs: options.Jobs = None,
    threads: options.Threads = 1,
    timeout: options.Timeout = None,
    level: options.Level = 0.95,
    output: Annotated[Path | None, options.describe_output("Run directory; by default in reports/")] = None,
    figures: options.Figures = None,
    keep: options.Keep = None,
    pointwise_draws: options.PointwiseDraws = None,
    tracking: Annotated[
        str | None,
        typer.Option(
            help="Log the fit to this MLflow server, http://HOST:PORT; without it nothing is logged, "
            "whatever the environment says.",
            metavar="URI",
            rich_help_panel=options.OUTPUT,
        ),
    ] = None,
    experiment: options.Experiment = "",
    metrics: options.Metrics = None,
    no_report: options.NoReport = False,
    json_: options.Json = False,
    strict: options.Strict = False,
    quiet: options.Quiet = False,
    compiler: options.Compiler = None,
    native: options.Native = False,
    no_optimise: options.NoOptimise = False,
    toolchain: options.Source = "auto",
) -> None:
    """Fit a Stan program to a table: MLE, MAP, Laplace and NUTS, with a verdict and a report."""
    if dry_run and metrics is not None:
        raise RequestError(
            "--dry-run fits nothing, so that --metrics has nothing to tell.", hint="give one of them"
        )
    with write_metrics(metrics, "fit", model) as found:
        from workbench import library
        from workbench.methods import Nuts
        from workbench.workflow.inputs import check_inputs
        from workbench.workflow.method_settings import choose_methods, count_retries, read_init

        program, source = library.resolve_data(model, data)
        check_inputs(program, options.read_dash(source))
        word, inits = read_init(init)
        nuts = Nuts(
            chains,
            draws,
            warmup,
            adapt_delta,
            max_treedepth,
            metric,
            word,
            save_warmup,
            count_retries(retry),
            sampler,
        )
        methods = choose_methods(
            parse.split_names(method), nuts, starts=starts, profile=profile or [], bic_count=bic_count
        )
        from workbench.priors.priors_file import read_priors  # only here: a missing file is told without it

        given, settled = parse.parse_values(set_), parse.parse_priors(prior)
        forms, stated = parse.parse_prior_forms(prior_form), read_priors(priors)
        rows, scaled, probability = (
            parse.parse_missing(missing),
            parse.parse_scale(scale),
            parse.parse_level(level),
        )
        largest = parse.parse_size("--unpack-limit", unpack_limit)
        from workbench.toolchain import ToolchainSettings
        from workbench.workflow.options import FitOptions

        fit_options = FitOptions(
            columns=parse.parse_columns(column),
            given=given,
            priors={**stated.values, **settled},
            prior_forms={**stated.forms, **forms},
            carried=stated.posterior,
            reference=parse.parse_pairs("--reference", reference),
            missing=rows,
            standardize=standardize,
            roles=parse.parse_pairs("--role", role),
            scaled=scaled,
            methods=methods,
            seed=seed,
            level=probability,
            jobs=jobs or count_usable_cores(),
            threads=threads,
            timeout=timeout,
            keep=parse.parse_kept(keep),
            pointwise_draws=pointwise_draws,
            inits=inits,
            output=output,
            has_report=not no_report,
            figures=figures,
            toolchain=ToolchainSettings(compiler=compiler, source=toolchain, native=native),
            is_optimised=not no_optimise,
            command=shlex.join(["workbench", *sys.argv[1:]]),
        )
        table = options.read_within(largest, source)
        if dry_run:
            from workbench.cli.dry_run import show_dry_run

            show_dry_run(program, table, fit_options, is_json=json_, is_quiet=quiet)
            return
        from workbench.metrics.fitted import describe_fit
        from workbench.report.figures.painter import open_painter
        from workbench.results import store
        from workbench.workflow.fit import fit_files

        printer = ResultPrinter(is_json=json_)
        times = Timed(console.progress(quiet))
        with ExitStack() as stack:
            log_fit = stack.enter_context(_track(tracking, experiment, program.stem))
            painter = None if no_report else stack.enter_context(open_painter())
            fit = fit_files(
                program,
                table,
                fit_options,
                times,
                on_tips=printer.show_tips,
                on_result=printer.show,
                painter=painter,
            )
            log_fit(fit)
            if metrics is not None:
                found.samples += describe_fit(fit.results, Path(model).stem)
        printer.raise_failure()
        if not quiet:
            console.show_times(times)
        printer.show_place(fit, has_report=not no_report)
        earlier = None if fit.folder is None else store.find_earlier(fit.folder)
        nuts_result = fit.results.nuts
        if nuts_result.status == "failed":
            hint = "console.log has everything that Stan printed"
            if earlier is not None:
                hint = (
                    f"{hint}; it is with this fit in `{fit.folder}`, and the earlier run stays in `{earlier}`"
                )
            raise RunError(f"there is no posterior: {nuts_result.reason}", hint=hint)
        if earlier is not None:
            console.show_note(
                "note", f"no method has results: this fit is in `{fit.folder}`, `{earlier}` stays"
            )
        if strict and fit.results.has_failed_checks:
            raise typer.Exit(EXIT_STRICT)


def _track(address: str | None, experiment: str, name: str) -> AbstractContextManager[Callable[[Fit], None]]:
    """Show a fit in MLflow while it is made, where that is asked for; give what logs its end."""
    if address is None:
        return nullcontext(lambda _: None)
    from workbench.workflow.track_fit import track_fit

    note = functools.partial(console.show_note, "mlflow")
    return track_fit(address, experiment, name, note, note)
