"""`workbench models`: the bundled models, listed or one explained."""

from __future__ import annotations

import json
import shutil
import textwrap
from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Any

import typer

from workbench.cli import completion, console

if TYPE_CHECKING:
    from workbench.library import Model

_WIDTH = 80


@console.guarded
def command(
    name: Annotated[
        str | None,
        typer.Argument(help="A model to explain.", metavar="[NAME]", autocompletion=completion.bundled),
    ] = None,
    json_: Annotated[bool, typer.Option("--json", help="Print it all as JSON.")] = False,
) -> None:
    """List the models that come with workbench, or explain one."""
    from workbench import library

    if json_:
        record = (
            [library.to_record(one) for one in library.list_models()]
            if name is None
            else library.to_record(library.find(name))
        )
        typer.echo(json.dumps(record, indent=1, ensure_ascii=False))
    elif name is None:
        typer.echo("\n".join(_listed(library.list_models())))
    else:
        model = library.find(name)
        typer.echo("\n".join(_explained(model, library.to_record(model))))


def _listed(models: tuple[Model, ...]) -> Iterator[str]:
    """Yield the lines of the list, family by family."""
    width = max(len(model.name) for model in models)
    family = ""
    for model in models:
        if model.family != family:
            family = model.family
            yield from ([""] if model is not models[0] else [])
            yield family
        yield from _hanging(f"  {model.name:<{width}}  ", model.card.title)
    yield ""
    yield from _wrapped(
        "`workbench models NAME` explains one, `workbench fit NAME` runs it on its own data, "
        "`workbench new MINE --from NAME` copies it to start from."
    )


def _explained(model: Model, record: dict[str, Any]) -> Iterator[str]:
    """Yield the lines that explain a model."""
    yield from _wrapped(f"{model.name}: {record['title']}")
    yield ""
    yield from _wrapped(record["story"])
    yield from _titled("fit it")
    yield f"  workbench fit {model.name}"
    yield f"  workbench fit {model.name} YOUR.csv"
    yield f"  workbench new MINE --from {model.name}"
    yield from _data(record)
    yield from _hyperparameters(record["hyperparameters"])
    yield from _titled("references")
    for reference in record["references"]:
        yield from _hanging("  ", reference, indent=4)
    yield from _titled("program")
    yield f"  {model.program}"
    yield ""
    yield model.program.read_text(encoding="utf-8").rstrip("\n")


def _data(record: dict[str, Any]) -> Iterator[str]:
    table = record["table"]
    yield from _titled("data")
    yield from _hanging("  ", f"{table['name']}: {table['title']} ({table['rows']} rows)")
    for name, column in table["columns"].items():
        yield from _hanging(f"  {name}  ", f"{column['meaning']} [{column['unit']}]", indent=6)
    for variable, columns in record["columns"].items():
        yield from _hanging("  ", f"{variable} takes {', '.join(columns)}", indent=6)
    for variable, value in record["set"].items():
        yield f"  {variable} is {value:g}; another by --set {variable}=VALUE"
    yield from _hanging("  from ", table["origin"], indent=6)
    yield from _hanging("  licence ", table["licence"], indent=6)


def _hyperparameters(hyperparameters: dict[str, Any]) -> Iterator[str]:
    if not hyperparameters:
        return
    yield from _titled("hyperparameters")
    for name, one in hyperparameters.items():
        yield from _hanging(f"  --prior {name}={one['default']}  ", one["meaning"], indent=6)
        if one["sweep"]:
            yield f"      worth varying over {one['sweep']}"


def _titled(title: str) -> tuple[str, str]:
    return "", title


def _wrapped(text: str) -> list[str]:
    return textwrap.wrap(text, _columns())


def _hanging(head: str, text: str, indent: int | None = None) -> list[str]:
    """Return a text wrapped behind its head; it hangs under the head, or at an indent."""
    hang = " " * (len(head) if indent is None else indent)
    lines = textwrap.wrap(text, _columns(), initial_indent=head, subsequent_indent=hang)
    return lines or [head.rstrip()]


def _columns() -> int:
    """Return how wide a line may be: the terminal's width, and no more than a book's."""
    return max(40, min(_WIDTH, shutil.get_terminal_size((_WIDTH, 24)).columns))
