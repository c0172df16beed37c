"""Bind a table to a program before anything is compiled: what a dry run shows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from workbench import binding, card, priors, tables
from workbench.binding import BindingAttempt, BindingOptions
from workbench.card import Card
from workbench.errors import RequestError
from workbench.priors import CarriedPosterior, Priors
from workbench.program import Program
from workbench.tables import Table
from workbench.workflow.options import FitOptions

_MOST_NAMED = 5
"""Variables without a value that an error names; more are hinted at by dots."""


@dataclass(frozen=True)
class DryRun:
    """What a fit would start from.

    Attributes
    ----------
    program
        The program.
    binding
        The data block as far as it could be bound, and every problem that prevents a fit.
    priors
        The priors in force.
    carried
        A normal in place of all priors, if there is one.
    of_the_fit
        What prevents a fit though the data are bound, such as too little memory.
    """

    program: Program
    binding: BindingAttempt
    priors: Priors
    carried: CarriedPosterior | None = None
    of_the_fit: tuple[RequestError, ...] = ()

    @property
    def problems(self) -> tuple[RequestError, ...]:
        """Everything that prevents a fit; empty if a fit could start."""
        parameters = {parameter.name: parameter for parameter in self.program.parameters}
        shapes = {
            prior.parameter: binding.evaluate_shape(parameters[prior.parameter], self.binding.data.values)
            for prior in self.program.replaced_priors
            if prior.parameter in parameters
        }
        mismatch = priors.check_lengths(self.program, shapes)
        problems = [*self.binding.problems, *([] if mismatch is None else [mismatch])]
        if self.binding.problems:
            return tuple(problems)
        return (*problems, *self._check_carried(), *self.of_the_fit)

    def _check_carried(self) -> list[RequestError]:
        """Return an error for a parameter of which the carried posterior has more or fewer elements."""
        counts = {} if self.carried is None else self.carried.count_elements()
        for parameter in self.program.parameters:
            shape = binding.evaluate_shape(parameter, self.binding.data.values)
            if parameter.name in counts and None not in shape:
                wanted = priors.count_free(parameter, [int(length or 0) for length in shape])
                if wanted != counts[parameter.name]:
                    return [
                        RequestError(
                            f"the carried posterior has {counts[parameter.name]} elements of "
                            f"`{parameter.name}`, but with these data it has {wanted}.",
                            hint="a posterior is carried on to rows of the same groups and predictors",
                        )
                    ]
        return []


def dry_run(program: Program, data: Path | Table, options: FitOptions) -> DryRun:
    """Settle the priors and bind the table as far as possible; every problem is kept.

    Raises
    ------
    RequestError
        The table cannot be read or is missing, or a prior is unknown: there is nothing to show.
    """
    table = data if isinstance(data, Table) else tables.read(data)
    model_card = card.read(program.path)
    settled = settle_priors(program, model_card, options)
    attempt = bind_table(program, table, model_card, settled, options)
    if table is tables.no_data():
        _check_needs_no_data(program, attempt, options)
    return DryRun(program, attempt, settled, options.carried)


def _check_needs_no_data(program: Program, attempt: BindingAttempt, options: FitOptions) -> None:
    """Refuse a program that needs data where no table was named.

    Raises
    ------
    RequestError
        A variable of its data block has no value.
    """
    known = {*options.given, *(variable.name for variable in attempt.data.variables)}
    needed = [f"`{variable.name}`" for variable in program.data if variable.name not in known]
    if needed:
        listed = ", ".join(needed[:_MOST_NAMED]) + (", ..." if len(needed) > _MOST_NAMED else "")
        raise RequestError(
            f"a table was expected after `{program.path}`, found none: its data block declares {listed}.",
            hint="only a bundled model has a table of its own; `workbench models` lists them",
        )


def settle_priors(program: Program, model_card: Card, options: FitOptions) -> Priors:
    """Return the priors in force; the card's default gives way to a value that `--set` gives."""
    defaults = {
        name: value for name, value in model_card.hyperparameters.items() if name not in options.given
    }
    return priors.settle(program, options.priors, defaults, f"default of {program.name}.toml")


def bind_table(
    program: Program, table: Table, model_card: Card, settled: Priors, options: FitOptions
) -> BindingAttempt:
    """Bind a table; the card's columns and values hold where they suit and the user says nothing else."""
    card_columns = {
        name: columns
        for name, columns in model_card.columns.items()
        if set(columns) <= set(table.columns) and name not in options.given
    }
    card_values = _choose_card_values(table, model_card, options)
    given = {**card_values, **settled.user_data, **options.given}
    origins = {
        **dict.fromkeys(card_values, f"{program.name}.toml"),
        **{name: settled.origins[name] for name in settled.user_data},
        **dict.fromkeys(options.given, "--set"),
    }
    if table.values is not None:  # Stan's own data hold what a card would only supply by default
        chosen = {*options.given, *(name for name, origin in settled.origins.items() if origin == "--prior")}
        given = {name: value for name, value in given.items() if name in chosen or name not in table.values}
    wanted = BindingOptions(
        {**card_columns, **options.columns},
        given,
        origins,
        options.reference,
        options.missing,
        options.standardize,
    )
    return binding.try_bind(program, table, wanted)


def _choose_card_values(table: Table, model_card: Card, options: FitOptions) -> Mapping[str, Any]:
    """Return the values of the card's `[set]` whose variable has no column."""
    taken = {*table.columns, *options.columns}
    return {name: value for name, value in model_card.values.items() if name not in taken}


def find_first_problem(result: DryRun) -> RequestError | None:
    """Return the first of the problems as an error; its hint says where the others are listed."""
    if not result.problems:
        return None
    first, *others = result.problems
    if not others:
        return first
    more = f"{len(others)} more problem{'s' if len(others) > 1 else ''}: --dry-run lists all"
    return type(first)(first.message, hint=f"{first.hint}; {more}" if first.hint else more)
