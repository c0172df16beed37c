"""A program and a table held against each other before anything is compiled: what a dry run shows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from workbench import binding, card, priors, tables
from workbench.binding import BindingAttempt, BindingOptions
from workbench.card import Card
from workbench.errors import RequestError
from workbench.priors import Priors
from workbench.program import Program
from workbench.tables import Table
from workbench.workflow.options import FitOptions

_MOST_NAMED = 5


@dataclass(frozen=True)
class DryRun:
    """What a fit would start from.

    Attributes
    ----------
    program
        The program.
    examined
        The data block as far as it could be bound, and all that is in the way.
    priors
        The priors in force.
    """

    program: Program
    examined: BindingAttempt
    priors: Priors


def dry_run(read: Program, data: Path | Table, options: FitOptions) -> DryRun:
    """Settle the priors and bind the table as far as possible, every problem kept.

    Raises
    ------
    RequestError
        The table cannot be read or is missing, or a prior is unknown: there is nothing to show.
    """
    table = data if isinstance(data, Table) else tables.read(data)
    story = card.read(read.path)
    settled = settle_priors(read, story, options)
    examined = examine(read, table, story, settled, options)
    if table is tables.NO_DATA:
        _check_needs_nothing(read, examined, options)
    return DryRun(read, examined, settled)


def _check_needs_nothing(read: Program, examined: BindingAttempt, options: FitOptions) -> None:
    """Refuse a program that needs data where no table was named.

    Raises
    ------
    RequestError
        A variable of its data block has no value.
    """
    known = {*options.given, *(one.name for one in examined.data.variables)}
    needed = [f"`{one.name}`" for one in read.data if one.name not in known]
    if needed:
        listed = ", ".join(needed[:_MOST_NAMED]) + (", ..." if len(needed) > _MOST_NAMED else "")
        raise RequestError(
            f"a table was expected after `{read.path}`, found none: its data block declares {listed}.",
            hint="only a bundled model has a table of its own; `workbench models` lists them",
        )


def settle_priors(read: Program, story: Card, options: FitOptions) -> Priors:
    """Return the priors in force; what is given by `--set` is no prior's business."""
    usual = {name: value for name, value in story.hyperparameters.items() if name not in options.given}
    return priors.settle(read, options.priors, usual, f"default of {read.name}.toml")


def examine(read: Program, table: Table, story: Card, settled: Priors, options: FitOptions) -> BindingAttempt:
    """Bind with the card's columns and values where they suit; what the user says goes first."""
    usual = {
        name: columns
        for name, columns in story.columns.items()
        if set(columns) <= set(table.columns) and name not in options.given
    }
    card_values, from_card = _card_values(read, table, story, options)
    given = {**card_values, **settled.user_data, **options.given}
    origins = {
        **dict.fromkeys(card_values, from_card),
        **{name: settled.origins[name] for name in settled.user_data},
        **dict.fromkeys(options.given, "--set"),
    }
    if table.values is not None:  # Stan's own data hold what a card would only supply by default
        said = {*options.given, *(name for name, words in settled.origins.items() if words == "--prior")}
        given = {name: one for name, one in given.items() if name in said or name not in table.values}
    asked = BindingOptions(
        {**usual, **options.columns},
        given,
        origins,
        options.reference,
        options.missing,
        options.standardize,
    )
    return binding.try_bind(read, table, asked)


def _card_values(
    read: Program, table: Table, story: Card, options: FitOptions
) -> tuple[Mapping[str, Any], str]:
    """Return the values of the card's `[set]`, except where columns are named or there is a column."""
    taken = {*table.columns, *options.columns}
    return {name: one for name, one in story.values.items() if name not in taken}, f"{read.name}.toml"


def first_problem(examined: BindingAttempt) -> RequestError | None:
    """Return the first problem as the error of a fit; the hint says where the others are shown."""
    if not examined.problems:
        return None
    first, *others = examined.problems
    if not others:
        return first
    words = f"{len(others)} more problem{'s' if len(others) > 1 else ''}: --dry-run lists all"
    return type(first)(first.message, hint=f"{first.hint}; {words}" if first.hint else words)
