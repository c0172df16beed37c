"""`workbench fit --dry-run`: what each Stan variable would be, and everything that prevents a fit."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from workbench.cli import console
from workbench.errors import RequestError

if TYPE_CHECKING:
    from workbench.tables import Table
    from workbench.workflow.dry_run import DryRun
    from workbench.workflow.options import FitOptions

_MOST_PROBLEMS = 50
"""How many problems are printed."""


def show_dry_run(
    model: Path, data: Path | Table, options: FitOptions, *, is_json: bool, is_quiet: bool
) -> None:
    """Show the data block as it would be bound, and exit with 2 if a fit could not start."""
    from workbench import toolchain
    from workbench.workflow.inputs import check_program_exists
    from workbench.workflow.pages.dry_run import build_dry_run_page
    from workbench.workflow.prepare_request import dry_run_fit
    from workbench.workflow.prior_options import apply_prior_options
    from workbench.workflow.read_program import read_program

    check_program_exists(model)
    tools = toolchain.provision(options.toolchain, console.progress(is_quiet)).limit(options.timeout)
    program = read_program(model, options.roles, tools, is_optimised=options.is_optimised)
    program, options = apply_prior_options(program, options, tools.stanc)
    result = dry_run_fit(program, data, options)
    if is_json:
        console.show_json(json.dumps(_describe(result), indent=1, ensure_ascii=False))
    else:
        name = data.name if isinstance(data, Path) else data.path.name
        console.show(build_dry_run_page(result, name))
        for problem in result.problems[:_MOST_PROBLEMS]:
            console.show_error(problem)
        if len(result.problems) > _MOST_PROBLEMS:
            more = len(result.problems) - _MOST_PROBLEMS
            console.show_note("note", f"there are {more} more problems; --json lists all of them")
    if result.problems:
        raise typer.Exit(RequestError.exit_code)


def _describe(result: DryRun) -> dict[str, Any]:
    """Return the binding as `run.json` would hold it, every variable and problem among it."""
    from workbench.binding import to_record

    entry = to_record(result.binding.data)
    bound = {variable["name"]: variable for variable in entry["variables"]}
    absent = {"size": "", "from": "nothing", "first": "", "remark": ""}
    entry["variables"] = [
        bound.get(declared.name, {"name": declared.name, "type": declared.text, **absent})
        for declared in result.program.data
    ]
    entry["problems"] = [{"message": problem.message, "hint": problem.hint} for problem in result.problems]
    return entry
