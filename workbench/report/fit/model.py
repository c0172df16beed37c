"""The model: its terms, hyperparameters and parameters, and the program word for word."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from workbench.report.document import (
    Block,
    Cell,
    Code,
    Column,
    Disclosure,
    Items,
    Notice,
    Paragraph,
    Section,
    TableBlock,
    Tone,
)
from workbench.report.fit.notes import list_replaced_priors
from workbench.report.numbers import MISSING, format_number
from workbench.results.view import DeclaredParameter, DensityTerm, ModelDescription, Results

SOURCE_KEY = "source"
"""The address of the program; its lines are `source-1`, `source-2` ..."""


def build_section(results: Results) -> Section:
    """Return the story of the model, its terms, hyperparameters and parameters, and the program."""
    model = results.model
    blocks: tuple[Block, ...] = (
        *_tell_story(model),
        *_list_replaced_priors(results),
        *_list_obstacles(model),
        _build_terms(model),
        *tabulate_hyperparameters("The hyperparameters of this fit", results.priors, results.prior_origins),
        *_build_parameters(model),
        _show_source(model),
    )
    return Section("model", "Model", blocks)


def _tell_story(model: ModelDescription) -> Iterator[Block]:
    """Yield what the card of the model says about it."""
    title = f"{model.title.rstrip('.')}. " if model.title else ""
    text = f"{title}{' '.join(model.story.split())}".strip()
    if text:
        yield Paragraph(text)


def _list_replaced_priors(results: Results) -> Iterator[Block]:
    """Yield the priors that are not those of the file."""
    if results.model.replaced_priors:
        yield Notice("Priors of this fit are not those of the program's file:", Tone.CAUTION)
        yield Items(list_replaced_priors(results))


def _list_obstacles(model: ModelDescription) -> Iterator[Block]:
    if model.instrumented and not model.obstacles:
        return
    if model.instrumented:
        yield Notice("Remarks on the program:", Tone.CAUTION)
    else:
        yield Notice(
            "The program ran as written. It could not be taken apart completely, so results that need priors "
            "and likelihood separately are not available:",
            Tone.CAUTION,
        )
    yield Items(model.obstacles or ("No reason was recorded.",))


def _build_terms(model: ModelDescription) -> Block:
    if not model.terms:
        return Paragraph("The record names no statement that adds to the log density.")
    return TableBlock(
        key="terms-table",
        caption="The statements that add to the log density",
        columns=(
            Column("Statement", "name"),
            Column("Line", "number"),
            Column("Role"),
            Column("Parameters", "name"),
            Column("Confidence"),
            Column("Reason", "prose"),
        ),
        rows=tuple(_build_term(term) for term in model.terms),
        is_prose=True,
    )


def _build_term(term: DensityTerm) -> tuple[Cell, ...]:
    return (
        Cell(term.statement or MISSING),
        _link_to_line(term.line),
        Cell(term.role or MISSING),
        Cell(", ".join(term.parameters) or MISSING),
        Cell(term.confidence or MISSING, Tone.CAUTION if term.confidence == "ask" else None),
        Cell(term.reason or MISSING),
    )


def _link_to_line(line: int | None) -> Cell:
    return Cell(str(line), anchor=f"{SOURCE_KEY}-{line}") if line else Cell(MISSING)


def tabulate_hyperparameters(
    caption: str, values: Mapping[str, Any], origins: Mapping[str, str]
) -> Iterator[Block]:
    """Yield the table of the constants of priors and where their values come from; none without any."""
    if not values:
        return
    yield TableBlock(
        key="priors-table",
        caption=caption,
        columns=(Column("Name", "name"), Column("Value", "number"), Column("From", "prose")),
        rows=tuple(
            (Cell(name), Cell(format_value(value)), Cell(origins.get(name) or MISSING))
            for name, value in values.items()
        ),
    )


def format_value(value: object) -> str:
    """Return the value of a hyperparameter: a number, or several with commas."""
    if isinstance(value, list | tuple):
        return ", ".join(format_number(element) for element in value)
    return format_number(value)


def _build_parameters(model: ModelDescription) -> Iterator[Block]:
    if not model.parameters:
        return
    table = TableBlock(
        key="parameters-table",
        caption="Parameters and transformed parameters, as declared",
        columns=(Column("Name", "name"), Column("Type", "name"), Column("Line", "number")),
        rows=tuple(_build_parameter(parameter) for parameter in model.parameters),
    )
    yield Disclosure("Parameters as declared", (table,))


def _build_parameter(parameter: DeclaredParameter) -> tuple[Cell, ...]:
    return (Cell(parameter.name), Cell(parameter.type or MISSING), _link_to_line(parameter.line))


def _show_source(model: ModelDescription) -> Block:
    if not model.source:
        return Notice("The source of the program is not in `run.json`.")
    return Code(SOURCE_KEY, model.source, "stan", is_numbered=True)
