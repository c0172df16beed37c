"""`workbench compare`: which run predicts better, and which program the data favour."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from workbench.cli import completion, console, options
from workbench.cli.open_registry import FOLDER, Folder, find_run
from workbench.errors import RequestError

_LEFT_OUT = "How rows are left out"
"""The panel of options on cross-validation."""


@console.guarded
def command(
    runs: Annotated[
        list[Path],
        typer.Argument(
            help="Run directories, or versions in a registry: radon@champion.",
            metavar="RUN",
            autocompletion=completion.complete_runs_and_versions,
        ),
    ],
    evidence: Annotated[
        bool,
        typer.Option(
            "--evidence",
            help="Log evidence of each run by bridge sampling, Bayes factors and model probabilities.",
        ),
    ] = False,
    vary: Annotated[
        str | None,
        typer.Option(
            "--vary",
            help="Hyperparameter and values along which evidence and Bayes factors are computed too: "
            "beta.sigma=0.1:10:log:9. Draws of the runs are weighted where that is good enough.",
            metavar="NAME=VALUES",
        ),
    ] = None,
    weights: Annotated[
        str,
        typer.Option(
            "--weights",
            help="Weights of the runs: by how well they predict left-out rows together (stacking) or each by "
            "itself (pseudo-bma), or by their evidence (evidence).",
            metavar="KIND",
        ),
    ] = "stacking",
    repair: Annotated[
        bool,
        typer.Option(
            "--repair",
            help="Leave rows with a large k-hat out in other ways: by integration, moment matching, a fit.",
            rich_help_panel=_LEFT_OUT,
        ),
    ] = False,
    kfold: Annotated[
        int,
        typer.Option(
            "--kfold",
            help="Fit without each of K folds of the rows, instead of leave-one-out.",
            metavar="K",
            rich_help_panel=_LEFT_OUT,
        ),
    ] = 0,
    by: Annotated[
        str,
        typer.Option(
            "--by",
            help="With --kfold: keep the rows of each group of a column in one fold.",
            metavar="COLUMN",
            rich_help_panel=_LEFT_OUT,
        ),
    ] = "",
    leave_out_groups: Annotated[
        str,
        typer.Option(
            "--leave-out-groups",
            help="Fit without each group of a column, and predict its rows together.",
            metavar="COLUMN",
            rich_help_panel=_LEFT_OUT,
        ),
    ] = "",
    leave_future_out: Annotated[
        int,
        typer.Option(
            "--leave-future-out",
            help="Fit the first rows, and predict those after them in turn.",
            metavar="FIRST",
            rich_help_panel=_LEFT_OUT,
        ),
    ] = 0,
    ahead: Annotated[
        int,
        typer.Option(
            "--ahead",
            help="With --leave-future-out: rows that are predicted at a time.",
            metavar="ROWS",
            rich_help_panel=_LEFT_OUT,
        ),
    ] = 1,
    bic_count: options.BicCount = None,
    seed: options.Seed = 1,
    jobs: options.Jobs = None,
    scheduler: options.Scheduler = "local",
    output: Annotated[
        Path | None,
        options.describe_output(
            "Folder for page, comparison.json and finished fits; in reports/ where programs are fitted again"
        ),
    ] = None,
    html: Annotated[
        Path | None,
        typer.Option(
            "--html",
            help="HTML file for the runs side by side.",
            metavar="FILE",
            rich_help_panel=options.OUTPUT,
        ),
    ] = None,
    figures: options.Figures = None,
    folder: Folder = FOLDER,
    json_: options.Json = False,
    quiet: options.Quiet = False,
    compiler: options.Compiler = None,
    native: options.Native = False,
    toolchain: options.Source = "auto",
) -> None:
    """Compare runs of the same data: which predicts left-out rows better, weights, Bayes factors.

    Rows are left out by importance weights; --repair and --kfold fit again where these cannot be relied on.

    An interrupted comparison goes on where it was: run the same command again.

    Evidence needs proper priors: each is divided by its probability within declared bounds, and where that is
    not known the reason is said and no number shown. --vary computes it along the scale of a prior.
    """
    from workbench.results import run_directory
    from workbench.workflow.output_file import check_output_file

    folders = [find_run(run, folder) for run in runs]
    for each in folders:
        run_directory.require_run(each)
    if html is not None:
        check_output_file(html)
    elif figures is not None:
        raise RequestError(
            "--figures was given without --html.", hint="--html FILE writes the page they are of"
        )
    from workbench.execution.scheduler import open_executor, parse_scheduler

    where = parse_scheduler(scheduler)
    from workbench.comparison.folds import Folds
    from workbench.diagnostics.common_scale import explain_other_outcome
    from workbench.process import count_usable_cores
    from workbench.studies.plan.plan import parse_axis
    from workbench.toolchain import ToolchainSettings
    from workbench.workflow.compare import ComparisonOptions, compare_in_folder
    from workbench.workflow.report import read_runs

    is_divided = bool(kfold or by or leave_out_groups or leave_future_out or ahead != 1)
    workers, progress = jobs or count_usable_cores(), console.progress(quiet)
    how = ComparisonOptions(
        with_evidence=evidence,
        weights=weights,  # type: ignore[arg-type] # checked there
        vary=None if vary is None else parse_axis(vary),
        repair=repair,
        folds=Folds(kfold, by, leave_out_groups, leave_future_out, ahead, seed) if is_divided else None,
        observations=bic_count,
        settings=ToolchainSettings(compiler=compiler, source=toolchain, native=native),
        jobs=workers,
    )
    fits = read_runs(folders)
    if obstacle := explain_other_outcome(fits):
        hint = "`workbench report RUN RUN` puts runs of other outcomes side by side"
        raise RequestError(f"runs cannot be compared: {obstacle}", hint=hint)
    with open_executor(where, workers, progress) as executor:
        comparison, place = compare_in_folder(fits, replace(how, executor=executor), output, progress)
    if html is not None:
        comparison.write(html, figures)
    if json_:
        console.show_values(comparison.to_dict())
    else:
        console.show(comparison.build_summary())
    if html is not None:
        console.show_note("page", str(html))
    if place is not None:
        console.show_note("comparison", str(place))
