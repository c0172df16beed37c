"""The bundled models, listed or one explained."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence

from workbench.library import BundledModel
from workbench.library.table_card import read_table_card
from workbench.report.document import Block, Code, Document, Facts, Items, Paragraph, Section


def build_list_page(models: Sequence[BundledModel]) -> Document:
    """Return the page that `workbench models` prints: the models, family by family."""
    families = tuple(
        Section(family, family, (Facts(tuple((model.name, model.card.title) for model in members)),))
        for family, members in itertools.groupby(models, key=lambda model: model.family)
    )
    hints = (
        ("workbench models NAME", "explains one"),
        ("workbench fit NAME", "fits it to its own data"),
        ("workbench new MINE --from NAME", "copies it to start from"),
    )
    return Document(
        title="bundled models",
        sections=(*families, Section("hints", "what to do with them", (Facts(hints),))),
    )


def build_model_page(model: BundledModel) -> Document:
    """Return the page that `workbench models NAME` prints."""
    card = model.card
    commands = (
        f"workbench fit {model.name}\n"
        f"workbench fit {model.name} YOUR.csv\n"
        f"workbench new MINE --from {model.name}\n"
    )
    source = model.program.read_text(encoding="utf-8")
    program: tuple[Block, ...] = (
        Paragraph(str(model.program)),
        Code("program", source, "stan"),
    )
    priors = tuple(_describe_hyperparameters(model))
    return Document(
        title=card.title,
        subtitle=f"({model.name})",
        sections=(
            Section("story", "", (Paragraph(card.story),)),
            Section("commands", "fit it", (Code("commands", commands, "console"),)),
            Section("data", "data", (Facts(tuple(_describe_data(model))),)),
            *((Section("priors", "hyperparameters", (Facts(priors),)),) if priors else ()),
            Section("references", "references", (Items(card.references),)),
            Section("program", "program", program),
        ),
    )


def _describe_data(model: BundledModel) -> Iterator[tuple[str, str]]:
    """Yield the table, its columns, and what the Stan variables take."""
    table = read_table_card(model.table)
    yield model.table.stem, f"{table.title} ({table.rows} rows)"
    for column, (meaning, unit) in table.columns.items():
        yield f"  {column}", f"{meaning} [{unit}]"
    for variable, columns in model.card.columns.items():
        yield variable, f"takes {', '.join(columns)}"
    for variable, value in model.card.values.items():
        yield variable, f"is {value:g}; another by --set {variable}=VALUE"
    yield "origin", table.origin
    yield "licence", table.licence


def _describe_hyperparameters(model: BundledModel) -> Iterator[tuple[str, str]]:
    card = model.card
    for name, default in card.hyperparameters.items():
        sweep = f"; worth varying over {card.sweeps[name]}" if name in card.sweeps else ""
        yield f"--prior {name}={default}", f"{card.meanings.get(name, '')}{sweep}"
