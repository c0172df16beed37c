"""`workbench inspect`: a program taken apart, before it meets any data."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from workbench.cli import completion, console, options

if TYPE_CHECKING:
    from workbench.program import Description

_BASE = {
    "header_style": "bold",
    "title_justify": "left",
    "title_style": "bold",
    "box": None,
    "pad_edge": False,
}


@console.guarded
def command(
    model: Annotated[
        str,
        typer.Argument(
            help="A Stan program, or the name of a bundled model.",
            metavar="MODEL",
            autocompletion=completion.models,
        ),
    ],
    role: Annotated[
        list[str] | None, typer.Option(help="Settle a role: 'line 12=prior', '3=likelihood'.")
    ] = None,
    instrumented: Annotated[
        bool, typer.Option("--instrumented", help="Print the program that is compiled, and nothing else.")
    ] = False,
    json_: Annotated[bool, typer.Option("--json", help="Print it all as JSON.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Show no progress.")] = False,
) -> None:
    """Say what a program needs, what each of its statements does, and what can be done with it."""
    from workbench import library
    from workbench.errors import ProgramError
    from workbench.program import as_record, describe
    from workbench.toolchain import provision
    from workbench.workflow.read_program import check_program_exists, read_program

    program, _ = library.resolve(model)
    check_program_exists(program)
    read = read_program(program, options.roles(role or []), provision(progress=console.progress(quiet)))
    if instrumented:
        if read.instrumented is None:
            reason = read.obstacles[0].message if read.obstacles else "no reason is known."
            raise ProgramError(f"`{model}` is compiled as it is: {reason}", path=program)
        typer.echo(read.instrumented.source, nl=False)
    elif json_:
        typer.echo(json.dumps(as_record(describe(read)), indent=1, ensure_ascii=False))
    else:
        _show(describe(read), console.stdout())


def _show(description: Description, to: Console) -> None:
    from workbench.priors import list_aliases

    read = description.program
    others = list_aliases(read)
    to.print(f"[bold]{escape(read.name)}[/] ({escape(str(read.path))})\n")
    _table(to, "data it needs", ("name", "type", "line"), [(d.name, d.text, d.line) for d in read.data])
    _table(
        to,
        "parameters",
        ("name", "type", "support", "prior"),
        [(p.name, p.type, p.support, p.prior) for p in description.parameters],
    )
    _table(
        to,
        "terms of the log density",
        ("#", "line", "role", "confidence", "statement", "reason"),
        [(t.index, t.line, t.role, t.confidence, t.text, t.reason) for t in read.terms],
    )
    _table(
        to,
        "hyperparameters, to be set with --prior NAME=VALUE",
        ("name", "default", "line", "also understood as"),
        [
            (h.name, "from data" if h.default is None else f"{h.default:g}", h.line, _also(others, h.name))
            for h in read.hyperparameters
        ],
    )
    _table(
        to,
        "what can be done",
        ("", "", "why not"),
        [("yes" if c.is_available else "no", c.name, c.reason) for c in description.capabilities],
    )


def _also(others: Mapping[str, list[str]], name: str) -> str:
    """Return the second names of a hyperparameter, and of its elements, in words."""
    own = others.get(name, [])
    elements = [
        f"{second} ({element})"
        for element, seconds in others.items()
        if element.partition("[")[0] == name != element
        for second in seconds
    ]
    return ", ".join([*own, *elements])


def _table(to: Console, title: str, columns: tuple[str, ...], rows: list[tuple[object, ...]]) -> None:
    if not rows:
        to.print(f"[bold]{title}[/]: none\n")
        return
    table = Table(title=title, **_BASE)  # type: ignore[arg-type]
    for column in columns:
        table.add_column(column, overflow="fold")
    for row in rows:
        table.add_row(*(escape(str(cell)) for cell in row))
    to.print(table)
    to.print()
