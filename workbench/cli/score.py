"""`workbench score`: how well a run predicts rows whose outcome is known."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from workbench.cli import console, options, parse
from workbench.cli.metrics_file import write_metrics
from workbench.cli.open_registry import find_run, find_version, name_model
from workbench.errors import RequestError
from workbench.thresholds import CLASSIFICATION_THRESHOLD

if TYPE_CHECKING:
    from workbench.report.table_formats import TableFormat
    from workbench.workflow.score import Scores


@console.guarded
def command(
    run: options.RunOrVersion,
    data: Annotated[
        Path,
        typer.Argument(
            help="Rows with their outcomes, - for standard input; those without one are left out.",
            metavar="DATA",
        ),
    ],
    horizon: options.Horizon = None,
    one_step: Annotated[
        bool,
        typer.Option(
            "--one-step",
            help="With --horizon: predict each row given all rows before it, one step ahead; what the fit "
            "knew is updated by them with importance weights.",
        ),
    ] = False,
    new_groups: options.NewGroups = "refuse",
    average: options.Average = None,
    weights: options.Weights = "stacking",
    weight: options.Weight = None,
    output: Annotated[
        Path | None, options.describe_output("CSV file for the scores of each row", metavar="FILE")
    ] = None,
    page: Annotated[
        Path | None,
        typer.Option(
            "--html",
            help="HTML file for the scores with pictures.",
            metavar="FILE",
            rich_help_panel=options.OUTPUT,
        ),
    ] = None,
    threshold: Annotated[
        float,
        typer.Option(
            help="Probability from which on a yes/no outcome or a category is predicted to happen.",
            metavar="P",
            rich_help_panel=options.OUTPUT,
        ),
    ] = CLASSIFICATION_THRESHOLD,
    verbatim: options.Verbatim = False,
    metrics: options.Metrics = None,
    json_: options.Json = False,
    form: options.Format = None,
    unpack_limit: options.UnpackLimit = None,
    quiet: options.Quiet = False,
    compiler: options.Compiler = None,
    native: options.Native = False,
    toolchain: options.Source = "auto",
) -> None:
    """Score a run on new rows with outcomes: log predictive density, CRPS, errors, coverage, probabilities.

    The posterior is scored, and beside it MLE and MAP, so that the gain of averaging over the posterior is a
    number; the fit's own rows stand beside the new ones. The rows farthest in the tails of their predictions
    come first. With --average the average of several runs is scored, and beside it each of them.
    """
    with write_metrics(metrics, "score", run) as found:
        from workbench.cli.average import choose_weights, find_average
        from workbench.results import run_directory
        from workbench.workflow.inputs import check_table_exists
        from workbench.workflow.output_file import check_output_file

        if json_ and form:
            raise RequestError("--json prints everything, and --format a table.", hint="give one of them")
        if not 0 < threshold < 1:
            raise RequestError(f"--threshold was expected to be between 0 and 1, found {threshold:g}.")
        if one_step and horizon is None:
            message = (
                "--one-step predicts rows that follow those of the fit, and no --horizon says how many do."
            )
            raise RequestError(message, hint="give --horizon H")
        targets = [target for target in (output, page) if target is not None]
        if len(targets) > 1 and targets[0].absolute() == targets[1].absolute():
            raise RequestError(f"--output and --html both name `{page}`.", hint="name two files")
        for target in targets:
            check_output_file(target, [data])
        check_table_exists(options.read_dash(data))
        table = options.read_within(parse.parse_size("--unpack-limit", unpack_limit), data)
        model, weighted = name_model(run), choose_weights(average, weights, weight)
        run, version = find_version(run)
        others = [find_run(one) for one in average or ()]
        for one in (run, *others):
            run_directory.require_run(one)
        from workbench.metrics.scored import describe_scored_rows
        from workbench.toolchain import ToolchainSettings
        from workbench.workflow.score import ScoringOptions, score

        settings = ToolchainSettings(compiler=compiler, source=toolchain, native=native)
        progress = console.progress(quiet)
        if average:
            from workbench.workflow.score_average import score_average

            averaged = find_average([run, *others], weighted, settings, quiet=quiet)
            chosen = ScoringOptions(new_groups, horizon, one_step)
            scores = score_average(averaged, table, settings, progress, threshold=threshold, options=chosen)
            model, version, source = "+".join(averaged.fits), "", averaged.name
        else:
            scores = score(
                run_directory.read(run),
                table,
                settings,
                progress,
                threshold=threshold,
                new_groups=new_groups,
                horizon=horizon,
                one_step=one_step,
            )
            source = str(run)
        found.samples += describe_scored_rows(scores.table, model, version)
        _write(scores, output, page, is_verbatim=verbatim)
        _show(scores, source, form, is_json=json_)


def _write(scores: Scores, output: Path | None, page: Path | None, *, is_verbatim: bool) -> None:
    """Write the files that were asked for, and say where they are."""
    from workbench import files
    from workbench.results.spreadsheet import format_csv
    from workbench.workflow.score import write_score_page

    if output is not None:
        files.replace_file(output, format_csv(scores.ranked_rows, is_verbatim=is_verbatim))
        console.show_note("rows", str(output))
    if page is not None:
        write_score_page(scores, page)
        console.show_note("page", str(page))


def _show(scores: Scores, source: str, form: TableFormat | None, *, is_json: bool) -> None:
    """Print the scores as JSON, as a table, or as a page."""
    if is_json:
        from workbench.workflow.score import describe_scores

        console.show_values(describe_scores(scores))
        return
    from workbench.workflow.pages.score import build_scores_page, format_scores

    if form:
        console.show_table(format_scores(scores, form), form)
    else:
        console.show(build_scores_page(scores, source))
