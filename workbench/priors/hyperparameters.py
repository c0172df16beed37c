"""The priors of a fit: the value of each hyperparameter, and where it comes from."""

from __future__ import annotations

import contextlib
import difflib
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from workbench.errors import PriorError
from workbench.priors.vectors import check_finite, is_vector, list_elements
from workbench.program import Hyperparameter, PriorArgument, Program

_ELEMENT = re.compile(r"^(\w+)\[(\d{1,9}(?:,\d{1,9})*)\]$")
"""An element of a variable: `scales[2]`."""


@dataclass(frozen=True)
class Priors:
    """Hyperparameters by name, with their values and origins.

    Attributes
    ----------
    values
        Every hyperparameter of the program. A literal in a prior statement is called `beta.sigma`; one that
        the author declared in the data block has its Stan name.
    origins
        Where each value comes from: the command line, the model's card, or the program itself.
    data_names
        The names among them that are variables of the user's data block.
    """

    values: Mapping[str, Any] = field(default_factory=dict)
    origins: Mapping[str, str] = field(default_factory=dict)
    data_names: tuple[str, ...] = ()

    @property
    def user_data(self) -> dict[str, Any]:
        """The values that belong to the user's own data block."""
        return {name: self.values[name] for name in self.data_names}

    @property
    def lifted(self) -> dict[str, Any]:
        """The values of literals that were moved from prior statements to the data block."""
        return {name: value for name, value in self.values.items() if name not in self.data_names}


def settle(
    program: Program,
    requested: Mapping[str, float | Sequence[float]],
    defaults: Mapping[str, Any],
    defaults_from: str,
) -> Priors:
    """Return the value of each hyperparameter: requested, else default of the card, else in the program.

    Parameters
    ----------
    program
        The program.
    requested
        Values by name or alias, as `resolve_name` accepts them. A vector that the prior writes out takes a
        number for each element, or one for all.
    defaults, defaults_from
        The defaults of the card by name, and their origin in words.

    Raises
    ------
    PriorError
        A name is not a hyperparameter of this program, or has several values where it is a single number.
    """
    declared = {declaration.name for declaration in program.data}
    in_program = {hyper.name: hyper for hyper in program.hyperparameters}
    known = [*in_program, *(name for name in defaults if name not in in_program)]
    requested = _resolve_names(program, _split_vectors(program, requested, known), known)
    _refuse_vectors_for_scalars(program, requested)
    values: dict[str, Any] = {}
    origins: dict[str, str] = {}
    for name in known:
        if name in requested:
            check_finite(name, requested[name])
            values[name], origins[name] = requested[name], "--prior"
        elif name in defaults and name in declared:
            values[name], origins[name] = defaults[name], defaults_from
        elif name in in_program and in_program[name].default is not None:
            values[name], origins[name] = in_program[name].default, _name_source(program, in_program[name])
    return Priors(values, origins, tuple(name for name in values if name in declared))


def _refuse_vectors_for_scalars(program: Program, requested: Mapping[str, float | Sequence[float]]) -> None:
    """Refuse several values of a hyperparameter that the data block declares as a single number.

    Raises
    ------
    PriorError
        There is such a one.
    """
    for declaration in program.data:
        value = requested.get(declaration.name, 0.0)
        if declaration.is_scalar and is_vector(value):
            raise PriorError(
                f"`{declaration.name}` is declared `{declaration.text}` in `{program.path.name}`, line "
                f"{declaration.line}, a single number, but --prior gives {len(value)}.",
                hint=f"give it one: --prior {declaration.name}=VALUE; for one of each element, declare a "
                "vector in the data block",
            )


def _name_source(program: Program, hyper: Hyperparameter) -> str:
    """Return where a literal stands: in the program, or in a whole prior that an option put there."""
    statements = {
        prior.statement: prior.option for prior in program.replaced_priors if prior.option != "--prior"
    }
    text = next((term.text for term in program.terms if term.index == hyper.term), "")
    return statements.get(text, program.path.name)


def _split_vectors(
    program: Program, requested: Mapping[str, float | Sequence[float]], known: Collection[str]
) -> dict[str, float | Sequence[float]]:
    """Return the requested values, those of vectors that the program writes out element by element.

    Raises
    ------
    PriorError
        There are more or fewer numbers than elements, or the program has a single number.
    """
    declared = {declaration.name for declaration in program.data}
    split: dict[str, float | Sequence[float]] = {}
    for name, value in requested.items():
        elements = [] if name in known else list_elements(program, name)
        if elements and is_vector(value) and len(np.atleast_1d(value)) != len(elements):
            raise PriorError(
                f"`{name}` has {len(elements)} numbers in `{program.path.name}`, but --prior gives "
                f"{len(np.atleast_1d(value))}."
            )
        if is_vector(value) and name in known and name not in declared:
            raise PriorError(
                f"`{name}` is a single number in `{program.path.name}`, but --prior gives several."
            )
        numbers = np.broadcast_to(np.asarray(value, dtype=float), len(elements)) if elements else ()
        split |= dict(zip(elements, map(float, numbers), strict=True)) if elements else {name: value}
    return split


def describe_unknown(
    program: Program, name: str, known: list[str], hint: str | None = None, aliases: Sequence[str] = ()
) -> PriorError:
    """Return the error for an unknown name; its hint suggests the closest name or alias, if one is close."""
    close = difflib.get_close_matches(name, [*known, *aliases], 1)
    listed = (
        f"its hyperparameters are {', '.join(f'`{other}`' for other in known)}" if known else "it has none"
    )
    message = f"`{name}` is not a hyperparameter of `{program.path.name}`; {listed}."
    return PriorError(message, hint=f"did you mean `{close[0]}`?" if close else hint)


def resolve_name(program: Program, name: str, known: Collection[str]) -> str:
    """Return the name under which a hyperparameter is reported.

    If the program passes its own data as an argument of a prior, as in `beta ~ normal(0, beta_prior_sd)`, the
    argument is an alias of them: `beta.sigma` is `beta_prior_sd`.

    Parameters
    ----------
    program
        The program.
    name
        The name, an element of it, or an alias, as a user wrote it.
    known
        The names of the program's hyperparameters.

    Raises
    ------
    PriorError
        There is no such hyperparameter; or the argument is an expression, such as `2 * s`; or its value also
        determines other arguments.
    """
    element = _ELEMENT.match(name.replace(" ", ""))
    if name in known or (element and element[1] in known):
        return name.replace(" ", "") if element and name not in known else name
    meanings = {argument.text: argument for argument in program.arguments if argument.name == name}
    if not meanings:
        aliases = [alias for own in list_aliases(program).values() for alias in own]
        raise describe_unknown(program, name, list(known), aliases=aliases)
    if len(meanings) > 1:
        constants = _list_constants(meanings.values())
        raise PriorError(
            f"`{name}` is ambiguous: in `{program.path.name}` it is {_format_names(meanings)}.",
            hint=f"name one of {_format_names(constants)}",
        )
    (argument,) = meanings.values()
    if not argument.is_plain:
        raise PriorError(
            f"`{name}` is the expression `{argument.text}` in `{program.path.name}`, not a single constant.",
            hint=f"its constants can be changed: {_describe_constants(program, argument)}",
        )
    shared = [other.name for other in program.arguments if _share_data(argument, other)]
    if shared:
        raise PriorError(
            f"`{name}` is `{argument.text}` in `{program.path.name}`, which also determines "
            f"{_format_names(shared)}.",
            hint=f"to change them together, name {_describe_number(program, argument.text)}",
        )
    return argument.text.replace(" ", "")


def list_aliases(program: Program) -> dict[str, list[str]]:
    """Return the aliases that `resolve_name` accepts, by the name that reports use."""
    known = [hyper.name for hyper in program.hyperparameters]
    aliases: dict[str, list[str]] = {}
    for name in dict.fromkeys(argument.name for argument in program.arguments if argument.name not in known):
        with contextlib.suppress(PriorError):
            aliases.setdefault(resolve_name(program, name, known), []).append(name)
    return aliases


def get_value(values: Mapping[str, Any], name: str) -> float | None:
    """Return the single number that a hyperparameter, or an element of one, holds; else `None`.

    >>> get_value({"s": 2, "m": [0.5, 1.5]}, "m[2]"), get_value({"s": 2, "m": [0.5, 1.5]}, "m")
    (1.5, None)
    """
    if name in values:
        value = values[name]
        return float(value) if np.ndim(value) == 0 else None
    element = _ELEMENT.match(name)
    if element is None or element[1] not in values:
        return None
    array, index = np.asarray(values[element[1]], dtype=float), _parse_index(element[2])
    is_inside = len(index) == array.ndim and all(
        0 <= i < length for i, length in zip(index, array.shape, strict=True)
    )
    return float(array[index]) if is_inside else None


def check_value(program: Program, name: str, value: float) -> None:
    """Refuse a value that a hyperparameter cannot have.

    Raises
    ------
    PriorError
        The value must be positive and is not, or it is outside the declared bounds.
    """
    hyperparameters = {hyper.name: hyper for hyper in program.hyperparameters}
    owner = name if name in hyperparameters else name.partition("[")[0]
    if owner in hyperparameters and hyperparameters[owner].is_positive and not value > 0:
        raise PriorError(f"`{name}` must be positive, but {value:g} was given.")
    for declared in program.data:
        if declared.name == owner:
            low, high = (
                None if bound is None else bound.literal for bound in (declared.lower, declared.upper)
            )
            if (low is not None and value < low) or (high is not None and value > high):
                declaration = f"declared `{declared.text}` in `{program.path.name}`"
                raise PriorError(f"`{name}` is {declaration}, but {value:g} was given.")


def replace_values(values: Mapping[str, Any], changes: Mapping[str, float]) -> dict[str, Any]:
    """Return hyperparameters with other values for some of them, or for some of their elements.

    >>> replace_values({"s": 2, "m": [0.5, 1.5]}, {"m[2]": 3.0})
    {'s': 2, 'm': [0.5, 3.0]}
    """
    changed = dict(values)
    for name, value in changes.items():
        element = None if name in changed else _ELEMENT.match(name)
        if element is None:
            changed[name] = value
            continue
        array = np.array(changed[element[1]], dtype=float)
        array[_parse_index(element[2])] = value
        changed[element[1]] = array.tolist()
    return changed


def _parse_index(text: str) -> tuple[int, ...]:
    """Return an index as NumPy counts it, from 0."""
    return tuple(int(number) - 1 for number in text.split(","))


def _resolve_names(
    program: Program, requested: Mapping[str, float | Sequence[float]], known: Collection[str]
) -> dict[str, float | Sequence[float]]:
    """Return requested values by the names that reports use.

    Raises
    ------
    PriorError
        Two names mean the same hyperparameter, or a name means a single element.
    """
    resolved: dict[str, float | Sequence[float]] = {}
    written: dict[str, str] = {}
    for name, value in requested.items():
        own = resolve_name(program, name, known)
        if own not in known:
            owner = own.partition("[")[0]
            raise PriorError(
                f"`{own}` is an element of `{owner}`, and --prior cannot set single elements.",
                hint=f"give all elements: --prior {owner}=VALUE,VALUE, or in the data",
            )
        if own in resolved:
            raise PriorError(
                f"--prior gives two values to `{own}`: `{written[own]}` and `{name}` are the same "
                "hyperparameter."
            )
        resolved[own], written[own] = value, name
    return resolved


def _share_data(first: PriorArgument, second: PriorArgument) -> bool:
    """Return whether a change of the data behind one argument also changes another argument."""
    if first.name == second.name or not set(first.constants) & set(second.constants):
        return False
    are_elements = "[" in first.text and "[" in second.text
    are_plain = first.is_plain and second.is_plain
    return not (are_elements and are_plain and first.text != second.text)


def _list_constants(arguments: Iterable[PriorArgument]) -> list[str]:
    return list(dict.fromkeys(name for argument in arguments for name in argument.constants))


def _describe_constants(program: Program, argument: PriorArgument) -> str:
    """Return the constants in an expression that can be changed, in words."""
    containers = {declared.name for declared in program.data if not declared.is_scalar}
    defaults = {hyper.name: hyper.default for hyper in program.hyperparameters if hyper.default is not None}
    elements = [_describe_number(program, name) for name in argument.constants if name in containers]
    numbers = [name for name in argument.constants if name not in containers]
    return " and ".join([*elements, *([_format_names(numbers, defaults)] if numbers else [])])


def _describe_number(program: Program, text: str) -> str:
    """Return what to change for an argument that is in the data: a number, or an element of an array."""
    is_container = any(declared.name == text and not declared.is_scalar for declared in program.data)
    return f"an element such as `{text}[1]`" if is_container else f"`{text}`"


def _format_names(names: Iterable[str], values: Mapping[str, float] | None = None) -> str:
    """Return names in backticks as a list in a sentence, each with its present value if it has one."""
    present = values or {}
    *first, last = (f"`{name}`" + (f" (now {present[name]:g})" if name in present else "") for name in names)
    return f"{', '.join(first)} and {last}" if first else last
