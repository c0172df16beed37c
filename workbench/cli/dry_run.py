"""`workbench fit --dry-run`: what each Stan variable would be, and all that is in the way of a fit."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from workbench.cli import console
from workbench.errors import RequestError, WorkbenchError

if TYPE_CHECKING:
    from workbench.tables import Table as Data
    from workbench.workflow.options import FitOptions

_COLUMNS = {
    "name": "Stan variable",
    "type": "type",
    "size": "size",
    "from": "from",
    "first": "first values",
    "remark": "remarks",
}


def command(model: Path, data: Path | Data, options: FitOptions, *, is_json: bool, is_quiet: bool) -> None:
    """Show the data block as it would be bound, and leave with 2 if a fit could not start."""
    from workbench import binding, toolchain
    from workbench.workflow.dry_run import dry_run
    from workbench.workflow.read_program import check_program_exists, read_program

    check_program_exists(model)
    tools = toolchain.provision(options.toolchain, console.progress(is_quiet))
    read = read_program(model, options.roles, tools)
    examined = dry_run(read, data, options).binding
    record = binding.to_record(examined.data)
    bound = {one["name"]: one for one in record["variables"]}
    record["variables"] = [
        bound.get(
            one.name, dict.fromkeys(_COLUMNS, "") | {"name": one.name, "type": one.text, "from": "nothing"}
        )
        for one in read.data
    ]
    record["problems"] = [{"message": one.message, "hint": one.hint} for one in examined.problems]
    name = data.name if isinstance(data, Path) else data.path.name
    if is_json:
        typer.echo(json.dumps(record, indent=1, ensure_ascii=False))
    else:
        _show(record, f"{escape(model.stem)} on {escape(name)}", console.stdout())
    if examined.problems:
        raise typer.Exit(RequestError.exit_code)


def _show(record: Mapping[str, Any], title: str, to: Console) -> None:
    from workbench.report.numbers import plural

    head = f"{title} ({plural(record['rows'], 'row')})" if record["rows"] else title
    table = Table(title=head, title_justify="left", header_style="bold", box=None, pad_edge=False)
    for heading in _COLUMNS.values():
        table.add_column(heading, overflow="fold")
    for variable in record["variables"]:
        table.add_row(*(escape(str(variable[key])) for key in _COLUMNS))
    to.print(table)
    _list(to, "tips", record["tips"])
    _list(to, "rules, in this order", record["rules"]["words"])
    for problem in record["problems"]:
        console.show_error(WorkbenchError(problem["message"], hint=problem["hint"]))
    if not record["problems"]:
        to.print("\na fit could start")


def _list(to: Console, title: str, lines: Iterable[str]) -> None:
    numbered = list(enumerate(lines, start=1))
    if numbered:
        to.print(f"\n[bold]{title}[/]")
    for number, line in numbered:
        to.print(f"{number:>3}. {escape(line)}", soft_wrap=True)


def show_tips(tips: Iterable[str]) -> None:
    """Print tips about the data, beside the results."""
    for tip in tips:
        console.stderr().print(f"[bold]tip[/]: {escape(tip)}")
