"""What a fit would start from: each Stan variable, the tips, and the rules of binding."""

from __future__ import annotations

from dataclasses import replace

from workbench.binding import BoundVariable
from workbench.program import Declaration, ReplacedPrior
from workbench.report.document import Cell, Column, Document, Items, Paragraph, Section, TableBlock
from workbench.report.numbers import pluralise
from workbench.workflow.dry_run import DryRun

_COLUMNS = (
    Column("Stan variable", "name"),
    Column("type"),
    Column("size"),
    Column("from", "prose"),
    Column("first values"),
    Column("remarks", "prose"),
)
"""The columns of the table of variables."""


def build_dry_run_page(dry_run: DryRun, data_name: str) -> Document:
    """Return the page that `workbench fit --dry-run` prints.

    Parameters
    ----------
    dry_run
        The binding as far as it could be made.
    data_name
        What to call the data.
    """
    data = dry_run.binding.data
    bound = {variable.name: variable for variable in data.variables}
    rows = tuple(_list_cells(declared, bound.get(declared.name)) for declared in dry_run.program.data)
    is_complete = not dry_run.problems
    replaced = tuple(map(_describe_replaced_prior, dry_run.program.replaced_priors))
    words = tuple(data.rules.get("words", ()))
    return Document(
        title=dry_run.program.path.stem,
        subtitle=f"on {data_name}" + (f" ({pluralise(data.rows, 'row')})" if data.rows else ""),
        sections=(
            *((Section("variables", "", (TableBlock("variables", "", _COLUMNS, rows),)),) if rows else ()),
            *(
                (Section("priors", "priors in place of the program's", (Items(replaced),)),)
                if replaced
                else ()
            ),
            *((Section("tips", "tips", (Items(data.tips),)),) if data.tips else ()),
            *((Section("rules", "rules that were used", (Items(words),)),) if words else ()),
            *((Section("result", "", (Paragraph("a fit could start"),)),) if is_complete else ()),
        ),
    )


def add_problems(page: Document, dry_run: DryRun) -> Document:
    """Return the page with every problem that prevents a fit, where it is not followed by their errors."""
    if not dry_run.problems:
        return page
    lines = tuple(
        f"{problem.message} hint: {problem.hint}" if problem.hint else problem.message
        for problem in dry_run.problems
    )
    result = Section("result", "", (Paragraph("a fit could not start"),))
    return replace(page, sections=(*page.sections, Section("problems", "problems", (Items(lines),)), result))


def _describe_replaced_prior(prior: ReplacedPrior) -> str:
    statement = f"`{prior.statement}`" if prior.statement else f"no prior for `{prior.parameter}`"
    return f"{statement} in place of `{prior.original}`" if prior.original else f"{statement} was added"


def _list_cells(declared: Declaration, bound: BoundVariable | None) -> tuple[Cell, ...]:
    if bound is None:
        return tuple(Cell(text) for text in (declared.name, declared.text, "", "not bound", "", ""))
    size = " x ".join(str(length) for length in bound.shape)
    texts = (bound.name, bound.type, size, bound.origin, bound.first, bound.remark)
    return tuple(Cell(text) for text in texts)
