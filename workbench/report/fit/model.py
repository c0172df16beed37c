"""The model: its terms, its parameters, and the program word for word."""

from __future__ import annotations

from workbench.report import reading
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
    Table,
    Tone,
)
from workbench.report.numbers import MISSING, format_number
from workbench.report.reading import Record

SOURCE_KEY = "source"


def section(record: Record) -> Section:
    """Return the terms and parameters tables, the hyperparameters, what stood in the way, and the source."""
    model = reading.part(record, "model")
    blocks: tuple[Block, ...] = (
        *_story(model),
        *_obstacles(model),
        *_terms(model),
        *_priors(record),
        *_parameters(model),
        *_source(model),
    )
    return Section("model", "Model", blocks)


def _story(model: Record) -> tuple[Block, ...]:
    """Return what the model's card says about it."""
    title, story = model.get("title"), model.get("story")
    lead = f"{str(title).rstrip('.')}. " if title else ""
    words = f"{lead}{' '.join(str(story or '').split())}".strip()
    return (Paragraph(words),) if words else ()


def _obstacles(model: Record) -> tuple[Block, ...]:
    obstacles = tuple(str(one) for one in model.get("obstacles") or ())
    if model.get("instrumented", True) and not obstacles:
        return ()
    lead = (
        "The program was run as it is written. It could not be taken apart fully, so that some results "
        "that need priors and likelihood separately are not available:"
        if not model.get("instrumented", True)
        else "Reading the program left these remarks:"
    )
    return (Notice(lead, Tone.CAUTION), Items(obstacles or ("No reason was recorded.",)))


def _terms(model: Record) -> tuple[Block, ...]:
    terms = reading.entries(model, "terms")
    if not terms:
        return (Paragraph("No statement of the program was recorded as adding to the log density."),)
    table = Table(
        key="terms-table",
        caption="What each statement contributes to the log density",
        columns=(
            Column("Statement", "name"),
            Column("Line", "number"),
            Column("Role"),
            Column("Parameters", "name"),
            Column("Confidence"),
            Column("Reason", "prose"),
        ),
        rows=tuple(_term(term) for term in terms),
        is_prose=True,
    )
    return (table,)


def _term(term: Record) -> tuple[Cell, ...]:
    line = term.get("line")
    return (
        Cell(str(term.get("statement") or MISSING)),
        Cell(str(line or MISSING), anchor=f"{SOURCE_KEY}-{line}" if line else ""),
        Cell(str(term.get("role", MISSING))),
        Cell(", ".join(str(one) for one in term.get("parameters") or ()) or MISSING),
        Cell(
            str(term.get("confidence") or MISSING), Tone.CAUTION if term.get("confidence") == "ask" else None
        ),
        Cell(str(term.get("reason") or MISSING)),
    )


def _priors(record: Record) -> tuple[Block, ...]:
    priors = record.get("priors") or {}
    if not priors:
        return ()
    origins = record.get("prior_origins") or {}
    table = Table(
        key="priors-table",
        caption="Hyperparameters in force",
        columns=(Column("Name", "name"), Column("Value", "number"), Column("From", "prose")),
        rows=tuple(
            (Cell(str(name)), Cell(_shown(value)), Cell(str(origins.get(name) or MISSING)))
            for name, value in priors.items()
        ),
    )
    return (table,)


def _shown(value: object) -> str:
    if isinstance(value, list | tuple):
        return ", ".join(format_number(one) for one in value)
    return format_number(value)


def _parameters(model: Record) -> tuple[Block, ...]:
    parameters = reading.entries(model, "parameters")
    if not parameters:
        return ()
    table = Table(
        key="parameters-table",
        caption="Parameters and transformed parameters, as declared",
        columns=(Column("Name", "name"), Column("Type", "name"), Column("Line", "number")),
        rows=tuple(
            (
                Cell(str(one.get("name"))),
                Cell(str(one.get("type") or MISSING)),
                Cell(
                    str(one.get("line") or MISSING),
                    anchor=f"{SOURCE_KEY}-{one['line']}" if one.get("line") else "",
                ),
            )
            for one in parameters
        ),
    )
    return (Disclosure("Parameters as declared", (table,)),)


def _source(model: Record) -> tuple[Block, ...]:
    source = model.get("source")
    if not source:
        return (Notice("The source of the program is not in `run.json`."),)
    return (Code(SOURCE_KEY, str(source), "stan", is_numbered=True),)
