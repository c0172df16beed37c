"""Bind a table that may lack outcomes, which are simulated: they have placeholders."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pyarrow as pa

from workbench import binding
from workbench.binding.phrases import format_columns, format_names
from workbench.errors import ProgramError, RequestError
from workbench.program import Declaration, Program
from workbench.program.simulating_program import list_outcomes
from workbench.program.syntax.expression import evaluate
from workbench.request import FitRequest
from workbench.tables import Table
from workbench.workflow.dry_run import DryRun, dry_run
from workbench.workflow.options import FitOptions
from workbench.workflow.prepare_request import prepare_request


@dataclass(frozen=True)
class Covariates:
    """A request for a table that may lack outcomes.

    Attributes
    ----------
    request
        The program with the table bound.
    absent
        The outcomes that the table lacks: the request has placeholders, which nothing may depend on.
    notes
        What must be known about them, in sentences.
    """

    request: FitRequest
    absent: frozenset[str] = frozenset()
    notes: tuple[str, ...] = ()


def bind_covariates(program: Program, table: Table, options: FitOptions) -> Covariates:
    """Return the request for a table that may lack outcomes, and the outcomes that it lacks.

    An outcome with an element for each row of the table gets a column of placeholders, so that it follows
    where rows are chosen; another one gets a value.

    Raises
    ------
    RequestError
        The table does not suit the program, or the size of an outcome that it lacks is not known.
    """
    _check_roles(program)
    attempt = dry_run(program, table, options)
    named = {*options.given, *options.columns, *attempt.binding.matches}
    known = {item.name for item in attempt.binding.data.variables}
    missing = [name for name in list_outcomes(program) if name not in known | named]
    if not missing:
        return Covariates(prepare_request(program, table, options))
    values, given = dict(attempt.binding.data.values), dict(options.given)
    declared = {item.name: item for item in program.data}
    for name in missing:
        sizes = [size.text for size in declared[name].sizes]
        unknown = [size for size in sizes if size not in values and size.isidentifier() and table.rows]
        values |= dict.fromkeys(unknown, table.rows)
        placeholder = _make_placeholder(declared[name], values)
        if placeholder is None:
            raise RequestError(
                f"the table has no column for the outcome `{name}`, and its size is not known without one.",
                hint="give its sizes with --set, for example --set N=100",
            )
        if table.values is None and placeholder.shape == (table.rows,):
            table = replace(table, cells=table.cells.append_column(name, pa.array(placeholder)))
        else:
            given |= dict.fromkeys(unknown, table.rows)
            given[name] = placeholder.tolist()
    request = prepare_request(program, table, replace(options, given=given))
    return Covariates(request, frozenset(missing), _describe_remainder(attempt, missing))


def _check_roles(program: Program) -> None:
    """Refuse a statement that may be prior or likelihood: without it the outcomes are not known.

    Raises
    ------
    RequestError
        The message says what the statement is.
    """
    for term in program.terms:
        if term.role == "unplaced" and not term.is_constant:
            is_mixed = "inside one expression" in term.reason
            role = f"--role 'line {term.line}=likelihood', or prior"
            raise RequestError(
                f"nothing can be simulated from `{program.path.name}`: the role of `{term.text}` on line "
                f"{term.line} is unclear: {term.reason}{'' if term.reason.endswith('?') else '.'}",
                hint="add each density to `target` by a statement of its own"
                if is_mixed
                else f"say it: {role}",
            )


def _make_placeholder(declared: Declaration, values: Mapping[str, Any]) -> np.ndarray | None:
    """Return a value that the declaration of an outcome allows; `None` where it is not known."""
    shape = binding.evaluate_shape(declared, values)
    known = tuple(length for length in shape if length is not None)
    if len(known) < len(shape):
        return None
    kind = np.int64 if declared.is_integer else np.float64
    plain = {
        name: np.asarray(value).tolist() for name, value in values.items() if not isinstance(value, dict)
    }
    for bound in (declared.lower, declared.upper):
        if bound is not None:
            try:
                found = np.asarray(evaluate(bound.node, plain), dtype=float)
                return np.broadcast_to(found, known).astype(kind)
            except (ProgramError, ValueError, KeyError, TypeError):
                return None
    return np.zeros(known, dtype=kind)


def _describe_remainder(attempt: DryRun, missing: list[str]) -> tuple[str, ...]:
    """Return a note where a matrix takes every column that is left: one may hold what the table lacks."""
    found = ((name, match) for name, match in attempt.binding.matches.items() if match.is_remainder)
    name, match = next(found, ("", None))
    if match is None:
        return ()
    columns, own = format_names(match.columns), missing[0]
    return (
        f"no column is named `{own}`, and `{name}` takes the columns {columns}. If one of them holds "
        f"`{own}`, say so with {format_columns(own, 'COLUMN')}.",
    )
