"""The page of each bundled model and the list of all of them, as Markdown made from their cards."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from workbench.library.catalogue import FAMILIES, BundledModel
from workbench.library.model_record import to_record

_FAMILY_DESCRIPTIONS = {
    "conjugate": "The posterior is known in closed form, and a report draws it over the sampled one.",
    "regression": "One outcome explained by predictors, however many there are.",
    "hierarchical": "Groups that learn from each other: partial pooling.",
}
"""What the models of a family have in common."""


def render_page(model: BundledModel) -> str:
    """Return the page of a model, which shows the picture beside it."""
    return "\n".join(_format_page(model, to_record(model))) + "\n"


def render_index(models: tuple[BundledModel, ...]) -> str:
    """Return the list of all models, family by family."""
    return "\n".join(_format_index(models)) + "\n"


def _format_page(model: BundledModel, record: dict[str, Any]) -> Iterator[str]:
    yield f"# {model.name}: {record['title']}"
    yield ""
    yield record["story"]
    yield ""
    yield f"![Posterior densities of {model.name}]({model.name}.svg)"
    yield ""
    yield "*Posteriors: density, median (dot) and 95% interval (bar) of each quantity.*"
    yield ""
    yield from (
        "```console",
        f"$ workbench fit {model.name}",
        f"$ workbench new mine --from {model.name}",
        "```",
    )
    yield from ("", f"The program is [{model.program.name}]({model.program.name}).")
    yield from _format_data(record)
    yield from _format_units(record["units"])
    yield from _format_hyperparameters(record["hyperparameters"])
    yield from ("", "## References", "")
    yield from (f"- {_link_identifiers(reference)}" for reference in record["references"])
    yield from ("", "[All models](../README.md)")


def _link_identifiers(reference: str) -> str:
    """Return a reference in which a DOI or an arXiv number is a link."""
    linked = re.sub(r"\bdoi:(10\.\S*[^\s.,;])", r"[doi:\1](https://doi.org/\1)", reference)
    return re.sub(r"\barXiv:(\d{4}\.\d{4,5})", r"[arXiv:\1](https://arxiv.org/abs/\1)", linked)


def _format_data(record: dict[str, Any]) -> Iterator[str]:
    table = record["table"]
    yield from ("", "## Data", "")
    yield f"[{table['title']}](../../data/{table['name']}.csv), {table['rows']} rows."
    yield from ("", f"Source: {table['origin']}", "", f"Licence: {table['licence']}.", "")
    yield from ("| column | meaning | unit |", "|---|---|---|")
    yield from (
        f"| `{name}` | {_escape_cell(column['meaning'])} | {_escape_cell(column['unit'])} |"
        for name, column in table["columns"].items()
    )
    for variable, columns in record["columns"].items():
        yield from ("", f"`{variable}` takes {', '.join(f'`{column}`' for column in columns)}.")
    for variable, value in record["set"].items():
        yield from ("", f"`{variable}` is {value:g}; `--set {variable}=VALUE` gives it another value.")


def _format_units(units: dict[str, str]) -> Iterator[str]:
    yield from ("", "## Units", "", "| variable | unit |", "|---|---|")
    yield from (f"| `{name}` | {_escape_cell(unit)} |" for name, unit in units.items())


def _format_hyperparameters(hyperparameters: dict[str, Any]) -> Iterator[str]:
    if not hyperparameters:
        return
    yield from ("", "## Hyperparameters", "")
    yield "Set one with `--prior NAME=VALUE`; the last column is a range for `workbench sensitivity --vary`."
    yield from ("", "| name | default | meaning | range |", "|---|---|---|---|")
    yield from (
        f"| `{name}` | {entry['default']:g} | {_escape_cell(entry['meaning'])} | `{entry['sweep']}` |"
        for name, entry in hyperparameters.items()
    )


def _format_index(models: tuple[BundledModel, ...]) -> Iterator[str]:
    yield from ("# Models", "", f"{len(models)} programs to start from, each with a real table.")
    for family in FAMILIES:
        yield from ("", f"## {family.capitalize()}", "", _FAMILY_DESCRIPTIONS[family], "")
        yield from ("| model | what it is for | data |", "|---|---|---|")
        for model in models:
            if model.family == family:
                link = f"[{model.name}]({family}/{model.name}.md)"
                yield f"| {link} | {_escape_cell(model.card.title)} | `{model.table.stem}` |"


def _escape_cell(text: str) -> str:
    """Return a text in which a bar does not end the cell of a table."""
    return text.replace("|", "\\|")
