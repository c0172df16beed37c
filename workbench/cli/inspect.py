"""`workbench inspect`: a program taken apart, before it meets any data."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from workbench.cli import console, options, parse


@console.guarded
def command(
    model: options.Model,
    role: options.Roles = None,
    instrumented: Annotated[
        bool,
        typer.Option(
            "--instrumented",
            help="Print the program that is compiled, and nothing else.",
            rich_help_panel=options.OUTPUT,
        ),
    ] = False,
    no_optimise: options.NoOptimise = False,
    json_: options.Json = False,
    quiet: options.Quiet = False,
) -> None:
    """Say what data a program needs, what each of its statements does, and what can be done with it."""
    from workbench import library
    from workbench.errors import ProgramError
    from workbench.program import describe, to_record
    from workbench.toolchain import provision
    from workbench.workflow.inputs import check_program_exists
    from workbench.workflow.pages.inspect import build_program_page
    from workbench.workflow.read_program import read_program

    path, _ = library.resolve(model)
    check_program_exists(path)
    tools = provision(progress=console.progress(quiet))
    program = read_program(path, parse.parse_pairs("--role", role), tools, is_optimised=not no_optimise)
    if instrumented:
        if program.instrumented is None:
            reason = program.obstacles[0].message if program.obstacles else "no reason is known."
            raise ProgramError(f"`{model}` is compiled as it is: {reason}", path=path)
        console.show_source(program.instrumented.source)
    elif json_:
        console.show_json(json.dumps(to_record(describe(program)), indent=1, ensure_ascii=False))
    else:
        console.show(build_program_page(describe(program)))
