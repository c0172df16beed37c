"""The page of a bundled model, and the list of them, as Markdown made from the cards."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from workbench.library.catalogue import FAMILIES, Model
from workbench.library.model_record import to_record

_FAMILY_WORDS = {
    "conjugate": "The posterior is known in closed form, and a report draws it over the sampled one.",
    "regression": "One outcome explained by predictors, however many there are.",
    "hierarchical": "Groups that learn from each other: partial pooling.",
}


def render_page(model: Model) -> str:
    """Return the page of a model; its picture lies beside it."""
    return "\n".join(_page(model, to_record(model))) + "\n"


def render_index(models: tuple[Model, ...]) -> str:
    """Return the list of all models, family by family."""
    return "\n".join(_index(models)) + "\n"


def _page(model: Model, record: dict[str, Any]) -> Iterator[str]:
    yield f"# {model.name}: {record['title']}"
    yield ""
    yield record["story"]
    yield ""
    yield f"![Posteriors: density, median and 95 % interval of each quantity]({model.name}.svg)"
    yield ""
    yield from (
        "```console",
        f"$ workbench fit {model.name}",
        f"$ workbench new mine --from {model.name}",
        "```",
    )
    yield from ("", f"The program is [{model.program.name}]({model.program.name}).")
    yield from _data(record)
    yield from _units(record["units"])
    yield from _hyperparameters(record["hyperparameters"])
    yield from ("", "## References", "")
    yield from (f"- {reference}" for reference in record["references"])
    yield from ("", "[All models](../README.md)")


def _data(record: dict[str, Any]) -> Iterator[str]:
    table = record["table"]
    yield from ("", "## Data", "")
    yield f"[{table['title']}](../../data/{table['name']}.csv), {table['rows']} rows."
    yield from ("", f"From: {table['origin']}", "", f"Licence: {table['licence']}.", "")
    yield from ("| column | meaning | unit |", "|---|---|---|")
    yield from (
        f"| `{name}` | {_cell(column['meaning'])} | {_cell(column['unit'])} |"
        for name, column in table["columns"].items()
    )
    for variable, columns in record["columns"].items():
        yield from ("", f"`{variable}` takes {', '.join(f'`{column}`' for column in columns)}.")
    for variable, value in record["set"].items():
        yield from ("", f"`{variable}` is {value:g}; `--set {variable}=VALUE` takes another.")


def _units(units: dict[str, str]) -> Iterator[str]:
    yield from ("", "## Units", "", "| variable | unit |", "|---|---|")
    yield from (f"| `{name}` | {_cell(unit)} |" for name, unit in units.items())


def _hyperparameters(hyperparameters: dict[str, Any]) -> Iterator[str]:
    if not hyperparameters:
        return
    yield from ("", "## Hyperparameters", "")
    yield "Set one with `--prior NAME=VALUE`; the last column is a range for `workbench sensitivity --vary`."
    yield from ("", "| name | default | meaning | range |", "|---|---|---|---|")
    yield from (
        f"| `{name}` | {one['default']:g} | {_cell(one['meaning'])} | `{one['sweep']}` |"
        for name, one in hyperparameters.items()
    )


def _index(models: tuple[Model, ...]) -> Iterator[str]:
    yield from ("# Models", "", f"{len(models)} programs to start from, each on a real table.")
    for family in FAMILIES:
        yield from ("", f"## {family.capitalize()}", "", _FAMILY_WORDS[family], "")
        yield from ("| model | | data |", "|---|---|---|")
        for model in models:
            if model.family == family:
                link = f"[{model.name}]({family}/{model.name}.md)"
                yield f"| {link} | {_cell(model.card.title)} | `{model.table.stem}` |"


def _cell(text: str) -> str:
    """Return a text that does not end its cell of a table."""
    return text.replace("|", "\\|")
