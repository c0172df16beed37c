"""`workbench report`: a run's report drawn again, or several runs side by side; no Stan needed."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from workbench.cli import completion, console, options
from workbench.errors import RequestError


@console.guarded
def command(
    runs: Annotated[
        list[Path],
        typer.Argument(
            help="Run directories that `workbench fit` wrote, or one study, or a folder of `fit-each` or "
            "`calibrate`.",
            metavar="RUN",
            autocompletion=completion.complete_runs,
        ),
    ],
    output: Annotated[
        Path | None,
        options.describe_output("HTML file of a comparison; by default one in reports/", metavar="FILE"),
    ] = None,
    figures: options.Figures = None,
) -> None:
    """Draw the report of a run again from its own files; with several runs, put them side by side."""
    if len(runs) > 1:
        from workbench.results import run_directory

        for run in runs:
            run_directory.require_run(run)
        from workbench.workflow import report

        console.show_path(report.write_comparison(report.read_runs(runs), output, figures))
        return
    if output is not None:
        hint = "its report is drawn in the run directory; --output is for a comparison of several runs"
        raise RequestError("--output was given with a single run.", hint=hint)
    from workbench.results import run_directory
    from workbench.segments.folder import is_segments

    if run_directory.is_study(runs[0]):
        from workbench.workflow import sensitivity

        console.show_path(sensitivity.redraw_study(runs[0], figures))
        return
    if is_segments(runs[0]) and not run_directory.is_run(runs[0]):
        from workbench.workflow.pages.segments import redraw_segments

        console.show_path(redraw_segments(runs[0], figures))
        return
    from workbench.calibration.folder import is_calibration

    if is_calibration(runs[0]) and not run_directory.is_run(runs[0]):
        from workbench.workflow.pages.calibrate import redraw_calibration

        console.show_path(redraw_calibration(runs[0], figures))
        return
    run_directory.require_run(runs[0])
    from workbench.workflow import report

    console.show_path(report.redraw_report(runs[0], figures))
