"""A program taken apart: data, parameters, terms, hyperparameters and what can be done with it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from workbench import card
from workbench.priors import list_aliases
from workbench.program import Description, list_vectorisations
from workbench.report.document import Cell, Column, Document, Paragraph, Section, TableBlock
from workbench.report.numbers import MISSING
from workbench.workflow.dry_run import settle_priors
from workbench.workflow.options import FitOptions


def build_program_page(description: Description) -> Document:
    """Return the page that `workbench inspect` prints.

    Raises
    ------
    RequestError
        The model's card cannot be read.
    """
    program = description.program
    aliases = list_aliases(program)
    settled = settle_priors(program, card.read(program.path), FitOptions())
    return Document(
        title=program.name,
        subtitle=f"({program.path})",
        sections=(
            _tabulate(
                "data it needs",
                (Column("name", "name"), Column("type"), Column("line", "number")),
                [(variable.name, variable.text, variable.line) for variable in program.data],
            ),
            _tabulate(
                "parameters",
                (Column("name", "name"), Column("type"), Column("support"), Column("prior", "prose")),
                [
                    (parameter.name, parameter.type, parameter.support, parameter.prior)
                    for parameter in description.parameters
                ],
            ),
            _tabulate(
                "terms of the log density",
                (
                    Column("#", "number"),
                    Column("line", "number"),
                    Column("role"),
                    Column("confidence"),
                    Column("statement"),
                    Column("reason", "prose"),
                ),
                [
                    (term.index, term.line, term.role, term.confidence, term.text, term.reason)
                    for term in program.terms
                ],
            ),
            _tabulate(
                "hyperparameters, to be set with --prior NAME=VALUE",
                (
                    Column("name", "name"),
                    Column("default", "number"),
                    Column("from", "prose"),
                    Column("line", "number"),
                    Column("other names", "prose"),
                ),
                [
                    (
                        hyperparameter.name,
                        _format_default(settled.values.get(hyperparameter.name)),
                        settled.origins.get(hyperparameter.name, "data"),
                        hyperparameter.line,
                        _list_other_names(aliases, hyperparameter.name),
                    )
                    for hyperparameter in program.hyperparameters
                ],
            ),
            *_list_vectorisations(description),
            *_list_declarations(description),
            _tabulate(
                "what can be done",
                (Column(""), Column("", "name"), Column("why not", "prose")),
                [
                    ("yes" if capability.is_available else "no", capability.name, capability.reason)
                    for capability in description.capabilities
                ],
            ),
        ),
    )


def _format_default(value: Any) -> str:
    """Return the default of a hyperparameter with all its digits; a dash where the data give it."""
    if isinstance(value, list | tuple):
        return ", ".join(f"{element:g}" for element in value)
    return MISSING if value is None else f"{value:g}"


def _list_vectorisations(description: Description) -> Iterator[Section]:
    """Yield the loops and what is sampled in their place, if there are any."""
    rows = [
        (
            "" if item.line is None else item.line,
            item.text,
            item.vectorised or "stays as it is",
            item.reason,
        )
        for item in list_vectorisations(description.program)
    ]
    columns = (Column("line", "number"), Column("statement"), Column("sampled as"), Column("why", "prose"))
    if rows:
        yield _tabulate("loops, and densities with a faster form", columns, rows)


def _list_declarations(description: Description) -> Iterator[Section]:
    """Yield the parameters whose declaration allows values that a density refuses, if there are any."""
    rows = [
        (item.parameter, item.declaration, item.missing, item.line, item.statement)
        for item in description.undeclared_ranges
    ]
    columns = (
        Column("name", "name"),
        Column("type"),
        Column("missing"),
        Column("line", "number"),
        Column("because of", "prose"),
    )
    if rows:
        yield _tabulate("declarations without the range that a density needs", columns, rows)


def _tabulate(title: str, columns: tuple[Column, ...], rows: Sequence[tuple[object, ...]]) -> Section:
    if not rows:
        return Section(title, title, (Paragraph("none"),))
    cells = tuple(tuple(Cell(str(value)) for value in row) for row in rows)
    return Section(title, title, (TableBlock(title, "", columns, cells),))


def _list_other_names(aliases: Mapping[str, Sequence[str]], name: str) -> str:
    """Return the second names of a hyperparameter, and of its elements."""
    elements = [
        f"{alias} ({element})"
        for element, names in aliases.items()
        if element.partition("[")[0] == name != element
        for alias in names
    ]
    return ", ".join([*aliases.get(name, ()), *elements])
