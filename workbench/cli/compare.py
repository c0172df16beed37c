"""`workbench compare`: which run predicts better, and which program the data favour."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from workbench.cli import completion, console, options
from workbench.cli.open_registry import FOLDER, Folder, find_run
from workbench.errors import RequestError


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
    weights: Annotated[
        str,
        typer.Option(
            "--weights",
            help=options.WEIGHTS_HELP,
            metavar="KIND",
        ),
    ] = "stacking",
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
    """Compare runs of the same data: leave-one-out and weights, with --evidence also Bayes factors.

    Evidence needs proper priors: each is divided by its probability within declared bounds, and where that is
    not known the reason is said and no number shown.
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
    from workbench.process import count_usable_cores
    from workbench.toolchain import ToolchainSettings
    from workbench.workflow.compare import ComparisonOptions, compare_runs
    from workbench.workflow.report import read_runs

    how = ComparisonOptions(
        with_evidence=evidence,
        weights=weights,  # type: ignore[arg-type] # checked there
        settings=ToolchainSettings(compiler=compiler, source=toolchain, native=native),
        jobs=count_usable_cores(),
    )
    comparison = compare_runs(read_runs(folders), how, console.progress(quiet))
    if html is not None:
        comparison.write(html, figures)
    if json_:
        console.show_values(comparison.to_dict())
    else:
        console.show(comparison.build_summary())
    if html is not None:
        console.show_note("page", str(html))
