"""`workbench export`: a fit as formulas, for where Python and Stan are too slow to start."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from workbench.cli import console, options
from workbench.cli.open_registry import find_version, is_version, name_model
from workbench.errors import RequestError


@console.guarded
def command(
    run: options.RunOrVersion,
    draws: Annotated[
        int, typer.Option(help="How many draws of the posterior, evenly among all.", metavar="N")
    ] = 200,
    plug_in: Annotated[
        str,
        typer.Option(
            help="A point in the place of draws: map or mle. It leaves out that parameters are uncertain.",
            metavar="map|mle",
        ),
    ] = "",
    data: Annotated[
        Path | None,
        typer.Option(
            help="Rows on which it is tried before it is written; by default those of the fit.",
            metavar="TABLE",
        ),
    ] = None,
    with_scorer: Annotated[
        bool,
        typer.Option(
            "--with-scorer",
            help="Write workbench_scorer.py beside it, plain Python that scores rows, and the JSON Schema.",
            rich_help_panel=options.OUTPUT,
        ),
    ] = False,
    output: Annotated[
        Path | None, options.describe_output("JSON file; by default MODEL.json", metavar="FILE")
    ] = None,
    quiet: options.Quiet = False,
    compiler: options.Compiler = None,
    native: options.Native = False,
    toolchain: options.Source = "auto",
) -> None:
    """Export a linear predictor as JSON: draws, columns, levels, link and formula, from the program itself.

    Links are identity, logit and log. Before anything is written, its numbers are compared with those of
    `workbench predict`; other programs are refused with the statement or function that stands in the way.
    """
    from workbench.results import run_directory
    from workbench.workflow.inputs import check_table_exists
    from workbench.workflow.output_file import check_output_file

    model = name_model(run) if is_version(run) else ""
    folder, version = find_version(run)
    run_directory.require_run(folder)
    if data is not None:
        check_table_exists(data)
    from workbench.toolchain import ToolchainSettings
    from workbench.workflow.export import ExportOptions, export, iterate_files, write_export

    fit = run_directory.read(folder)
    path = output or Path(f"{model or fit.results.model.name}.json")
    if path.suffix.lower() != ".json":
        raise RequestError(
            f"an export is JSON, and `{path}` does not end with .json.", hint="--output FILE.json"
        )
    for file in iterate_files(path, with_scorer=with_scorer):
        check_output_file(file, [] if data is None else [data])
    settings = ToolchainSettings(compiler=compiler, source=toolchain, native=native)
    asked = ExportOptions(draws, plug_in, model, version)
    made = export(fit, data, asked, settings, console.progress(quiet))
    written = write_export(made, path, with_scorer=with_scorer)
    for file in written:
        console.show_path(file)
    console.show_note("export", _describe(made.rows, made.difference, made.thinning_error))
    if made.remark:
        console.show_note("note", made.remark)


def _describe(rows: int, difference: float, shift: float) -> str:
    """Return what is said of an export that was tried."""
    same = f"the same as `predict` on {rows:,} rows (largest relative difference {difference:.1g})"
    if not shift:
        return f"{same}."
    return f"{same}; leaving out draws shifts a mean by {shift:.2g} of its posterior SDs at most."
