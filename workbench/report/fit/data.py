"""The data: which column fills which Stan variable, which rows are left out, and what to look at again."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import PurePath

from workbench.report.document import (
    Block,
    Cell,
    Column,
    Facts,
    Items,
    Notice,
    Paragraph,
    Section,
    TableBlock,
)
from workbench.report.fit.notes import describe_scale
from workbench.report.numbers import MISSING, format_count, format_number, pluralise
from workbench.results.view import BoundVariableDescription, DataDescription, Results

_MOST_LISTED = 30
"""The most rows or levels named one by one; of more, the first."""

_BINDING_COLUMNS: tuple[tuple[Column, Callable[[BoundVariableDescription], str]], ...] = (
    (Column("Stan variable", "name"), lambda variable: variable.name),
    (Column("Type", "name"), lambda variable: variable.type),
    (Column("Size"), lambda variable: variable.size),
    (Column("From", "prose"), lambda variable: variable.origin),
    (Column("First values"), lambda variable: variable.first),
    (Column("Remark", "prose"), lambda variable: variable.remark),
)
"""The columns of the binding table; a column that is empty for every variable is left out."""


def build_section(results: Results) -> Section:
    """Return the file, the source of each Stan variable, levels, and the scale of predictors."""
    data = results.data
    blocks: tuple[Block, ...] = (
        Facts(_list_facts(data)),
        _build_binding(data),
        *_list_tips(data),
        *_build_levels(data),
        *_build_standardization(data),
    )
    return Section("data", "Data", blocks)


def describe_data(results: Results) -> str:
    """Return what a model was fitted to: the file, its rows, and units that are not those of the data."""
    name, rows = PurePath(results.data.path or "data").name, results.data.rows
    counted = "" if rows is None else f", {pluralise(rows, 'row')}"
    scale = describe_scale(results)
    return f"fitted to {name}{counted}{f'; {scale}' if scale else ''}"


def _list_facts(data: DataDescription) -> tuple[tuple[str, str], ...]:
    facts = [("File", f"`{data.path or MISSING}`"), ("Rows", format_count(data.rows))]
    if data.columns:
        names = ", ".join(f"`{name}`" for name in data.columns)
        facts.append((f"Columns ({len(data.columns)})", names))
    if data.dropped.count:
        facts.append(
            ("Rows left out", f"{format_count(data.dropped.count)} with a missing cell{_name_rows(data)}")
        )
    return tuple(facts)


def _name_rows(data: DataDescription) -> str:
    rows = data.dropped.rows
    if not rows:
        return ""
    ending = ", ..." if len(rows) > _MOST_LISTED else ""
    return f" (rows {', '.join(str(row) for row in rows[:_MOST_LISTED])}{ending})"


def _build_binding(data: DataDescription) -> Block:
    if not data.variables:
        return Notice("The record does not say where the data of the Stan variables are from.")
    columns = [
        (column, read)
        for column, read in _BINDING_COLUMNS
        if any(read(variable) for variable in data.variables)
    ]
    return TableBlock(
        key="binding-table",
        caption="Where the data of each Stan variable are from",
        columns=tuple(column for column, _ in columns),
        rows=tuple(
            tuple(Cell(read(variable) or MISSING) for _, read in columns) for variable in data.variables
        ),
        is_prose=True,
    )


def _list_tips(data: DataDescription) -> tuple[Block, ...]:
    return (Paragraph("Worth checking:"), Items(data.tips)) if data.tips else ()


def _build_levels(data: DataDescription) -> tuple[Block, ...]:
    """Return the levels of each text or group in the order of their numbers."""
    if not data.levels:
        return ()
    columns = (
        Column("Variable", "name"),
        Column("Levels", "number"),
        Column("In the order of their numbers", "prose"),
    )
    rows = tuple(
        (Cell(name), Cell(str(len(levels))), Cell(_list_levels(levels)))
        for name, levels in data.levels.items()
    )
    return (TableBlock("levels-table", "Levels of texts and groups", columns, rows, is_prose=True),)


def _list_levels(levels: Sequence[str]) -> str:
    more = f" and {len(levels) - _MOST_LISTED} more" if len(levels) > _MOST_LISTED else ""
    return f"{', '.join(f'`{level}`' for level in levels[:_MOST_LISTED])}{more}" or MISSING


def _build_standardization(data: DataDescription) -> tuple[Block, ...]:
    """Return the mean and SD by which each predictor was standardized, and the scale of the results."""
    rows = tuple(
        (Cell(column), Cell(matrix), Cell(format_number(mean)), Cell(format_number(sd)))
        for matrix, scale in data.standardized.matrices.items()
        for column, mean, sd in zip(scale.columns, scale.mean, scale.sd, strict=True)
    )
    if not rows:
        return ()
    scale = "data" if data.standardized.is_on_data_scale else "standardized predictors"
    columns = (Column("Predictor", "name"), Column("Matrix", "name"), Column("Mean"), Column("SD"))
    caption = f"Predictors standardized for the fit; results are on the scale of the {scale}"
    return (TableBlock("standardized-table", caption, columns, rows),)
