"""`workbench test`: parameters set to constants, by likelihood ratio, score and Wald."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from workbench.cli import console, options
from workbench.cli.open_registry import FOLDER, Folder, find_run
from workbench.errors import RequestError


@console.guarded
def command(
    runs: Annotated[
        list[Path],
        typer.Argument(
            help="A run; or a smaller one and the larger one that it is under the null.",
            metavar="[SMALL] RUN",
        ),
    ],
    null: Annotated[
        list[str],
        typer.Option(
            help=r"What is tested, of parameters of the last run: beta\[2]=0, beta\[age]=0, or beta=0 for "
            "all elements. Repeat it for a joint test.",
            metavar="PARAMETER=NUMBER",
        ),
    ],
    folder: Folder = FOLDER,
    json_: options.Json = False,
    form: options.Format = None,
    quiet: options.Quiet = False,
    compiler: options.Compiler = None,
    native: options.Native = False,
    toolchain: options.Source = "auto",
) -> None:
    """Test parameters set to constants: likelihood ratio, score and Wald, at the restricted maximum.

    Of two runs it is first proved that the smaller one is the larger one under the null: both must give every
    observation the same log likelihood. One parameter may then lie on its bound, as a variance of 0 does.
    """
    from workbench.results import run_directory

    if json_ and form:
        raise RequestError("--json prints everything, and --format a table.", hint="give one of them")
    if len(runs) > 2:
        raise RequestError(f"one or two runs were expected, found {len(runs)}.")
    folders = [find_run(run, folder) for run in runs]
    for each in folders:
        run_directory.require_run(each)
    from workbench.process import count_usable_cores
    from workbench.toolchain import ToolchainSettings
    from workbench.workflow.likelihood_tests import NamedFit, run_tests
    from workbench.workflow.pages.likelihood_tests import build_tests_page, format_tests

    found = run_tests(
        [NamedFit(str(run), run_directory.read(each)) for run, each in zip(runs, folders, strict=True)],
        null,
        ToolchainSettings(compiler=compiler, source=toolchain, native=native),
        jobs=count_usable_cores(),
        progress=console.progress(quiet),
    )
    if json_:
        console.show_values(found.to_dict())
    elif form:
        console.show_table(format_tests(found, form), form)
    else:
        console.show(build_tests_page(found))
