"""The priors in force: which value each hyperparameter has, and who said so."""

from __future__ import annotations

import contextlib
import difflib
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from workbench.errors import PriorError
from workbench.program import PriorArgument, Program

_ELEMENT = re.compile(r"^(\w+)\[(\d+(?:,\d+)*)\]$")


@dataclass(frozen=True)
class Priors:
    """Hyperparameters by name, with their values and origins.

    Attributes
    ----------
    values
        Every hyperparameter of the program: `beta.sigma` for a literal of a prior statement, the Stan name
        for one the author declared in the data block.
    origins
        Where each value came from: the command line, the model's card, or the program itself.
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
        """The values of literals lifted out of prior statements."""
        return {name: value for name, value in self.values.items() if name not in self.data_names}


def settle(
    program: Program, asked: Mapping[str, float], defaults: Mapping[str, Any], defaults_from: str
) -> Priors:
    """Return the priors in force: what was asked, then the card's defaults, then the program's literals.

    What is asked may be named as `resolve_name` understands it.

    Raises
    ------
    PriorError
        A name is not a hyperparameter of this program.
    """
    declared = {declaration.name for declaration in program.data}
    in_program = {hyper.name: hyper for hyper in program.hyperparameters}
    known = [*in_program, *(name for name in defaults if name not in in_program)]
    asked = _by_own_name(program, asked, known)
    values: dict[str, Any] = {}
    origins: dict[str, str] = {}
    for name in known:
        if name in asked:
            values[name], origins[name] = asked[name], "--prior"
        elif name in defaults and name in declared:
            values[name], origins[name] = defaults[name], defaults_from
        elif name in in_program and in_program[name].default is not None:
            values[name], origins[name] = in_program[name].default, program.path.name
    return Priors(values, origins, tuple(name for name in values if name in declared))


def unknown_hyperparameter(
    program: Program, name: str, known: list[str], hint: str | None = None, others: Sequence[str] = ()
) -> PriorError:
    """Return the error that names the hyperparameters there are, and in its hint the nearest of them."""
    close = difflib.get_close_matches(name, [*known, *others], 1)
    listed = ", ".join(f"`{one}`" for one in known) or "none"
    message = f"`{name}` is not a hyperparameter of `{program.path.name}`; it has {listed}."
    return PriorError(message, hint=f"did you mean `{close[0]}`?" if close else hint)


def resolve_name(program: Program, name: str, known: Collection[str]) -> str:
    """Return the one name under which a hyperparameter is reported.

    Where the program passes its own data as an argument of a prior, as in `beta ~ normal(0, beta_prior_sd)`,
    the argument is a second name for them: `beta.sigma` is `beta_prior_sd`.

    Parameters
    ----------
    program
        The program.
    name
        As somebody wrote it.
    known
        The names of its hyperparameters.

    Raises
    ------
    PriorError
        There is no such hyperparameter; the argument is an expression, such as `2 * s`; or what stands there
        sets other arguments too.
    """
    element = _ELEMENT.match(name.replace(" ", ""))
    if name in known or (element and element[1] in known):
        return name.replace(" ", "") if element and name not in known else name
    meant = {one.text: one for one in program.arguments if one.name == name}
    if not meant:
        others = [other for found in list_aliases(program).values() for other in found]
        raise unknown_hyperparameter(program, name, list(known), others=others)
    if len(meant) > 1:
        texts = _listed(meant)
        raise PriorError(
            f"`{name}` is {texts} in `{program.path.name}`: which of them is meant?",
            hint=f"name one of {_listed(_constants(meant.values()))}",
        )
    (one,) = meant.values()
    if not one.is_plain:
        raise PriorError(
            f"`{name}` is the expression `{one.text}` in `{program.path.name}`, no constant by itself.",
            hint=f"what can be changed in it is {_changeable(program, one)}",
        )
    shared = [other.name for other in program.arguments if _overlap(one, other)]
    if shared:
        raise PriorError(
            f"`{name}` is `{one.text}` in `{program.path.name}`, which also sets {_listed(shared)}.",
            hint=f"{_together(program, one.text)} changes them together",
        )
    return one.text.replace(" ", "")


def list_aliases(program: Program) -> dict[str, list[str]]:
    """Return the second names that `resolve_name` understands, by the name that reports use."""
    known = [one.name for one in program.hyperparameters]
    found: dict[str, list[str]] = {}
    for name in dict.fromkeys(one.name for one in program.arguments if one.name not in known):
        with contextlib.suppress(PriorError):
            found.setdefault(resolve_name(program, name, known), []).append(name)
    return found


def get_value(values: Mapping[str, Any], name: str) -> float | None:
    """Return the single number that a hyperparameter or an element of one holds; `None` where there is none.

    >>> get_value({"s": 2, "m": [0.5, 1.5]}, "m[2]"), get_value({"s": 2, "m": [0.5, 1.5]}, "m")
    (1.5, None)
    """
    if name in values:
        value = values[name]
        return float(value) if np.ndim(value) == 0 else None
    element = _ELEMENT.match(name)
    if element is None or element[1] not in values:
        return None
    whole, place = np.asarray(values[element[1]], dtype=float), _place(element[2])
    inside = len(place) == whole.ndim and all(0 <= at < n for at, n in zip(place, whole.shape, strict=True))
    return float(whole[place]) if inside else None


def check_value(program: Program, name: str, value: float) -> None:
    """Refuse a value that a hyperparameter cannot take.

    Raises
    ------
    PriorError
        It must be positive and is not, or lies outside its declared bounds.
    """
    owner = name if name in {one.name for one in program.hyperparameters} else name.partition("[")[0]
    for one in program.hyperparameters:
        if one.name == owner and one.is_positive and not value > 0:
            raise PriorError(f"`{name}` must be positive, but {value:g} was given.")
    for declared in program.data:
        if declared.name == owner:
            low, high = (None if one is None else one.literal for one in (declared.lower, declared.upper))
            if (low is not None and value < low) or (high is not None and value > high):
                place = f"declared `{declared.text}` in `{program.path.name}`"
                raise PriorError(f"`{name}` is {place}, but {value:g} was given.")


def replace_values(values: Mapping[str, Any], changes: Mapping[str, float]) -> dict[str, Any]:
    """Return hyperparameters of which some, or some elements, have other values.

    >>> replace_values({"s": 2, "m": [0.5, 1.5]}, {"m[2]": 3.0})
    {'s': 2, 'm': [0.5, 3.0]}
    """
    found = dict(values)
    for name, value in changes.items():
        element = None if name in found else _ELEMENT.match(name)
        if element is None:
            found[name] = value
            continue
        whole = np.array(found[element[1]], dtype=float)
        whole[_place(element[2])] = value
        found[element[1]] = whole.tolist()
    return found


def _place(indices: str) -> tuple[int, ...]:
    return tuple(int(one) - 1 for one in indices.split(","))


def _by_own_name(program: Program, asked: Mapping[str, float], known: Collection[str]) -> dict[str, float]:
    found: dict[str, float] = {}
    written: dict[str, str] = {}
    for name, value in asked.items():
        own = resolve_name(program, name, known)
        if own not in known:
            owner = own.partition("[")[0]
            raise PriorError(
                f"`{own}` is one element of `{owner}`, which --prior cannot set by itself.",
                hint=f"the data, or --set {owner}=..., give all of its elements",
            )
        if own in found:
            raise PriorError(f"--prior gives `{own}` two values: `{written[own]}` and `{name}` both mean it.")
        found[own], written[own] = value, name
    return found


def _overlap(one: PriorArgument, other: PriorArgument) -> bool:
    """Return whether changing one argument's data changes another argument."""
    if one.name == other.name or not set(one.constants) & set(other.constants):
        return False
    are_elements = "[" in one.text and "[" in other.text
    return not (are_elements and one.is_plain and other.is_plain and one.text != other.text)


def _constants(arguments: Iterable[PriorArgument]) -> list[str]:
    return list(dict.fromkeys(name for one in arguments for name in one.constants))


def _changeable(program: Program, argument: PriorArgument) -> str:
    """Return what can be varied in an expression, in words."""
    containers = {one.name for one in program.data if not one.is_scalar}
    first = [_together(program, name) for name in argument.constants if name in containers]
    rest = [name for name in argument.constants if name not in containers]
    return " and ".join([*first, *([_listed(rest, _defaults(program))] if rest else [])])


def _defaults(program: Program) -> dict[str, float]:
    """Return the literals of a program's priors, by name."""
    return {one.name: one.default for one in program.hyperparameters if one.default is not None}


def _together(program: Program, text: str) -> str:
    """Return what to vary in the place of an argument that shares its data: a number, or one of several."""
    is_container = any(one.name == text and not one.is_scalar for one in program.data)
    return f"an element such as `{text}[1]`" if is_container else f"`{text}`"


def _listed(names: Iterable[str], values: Mapping[str, float] | None = None) -> str:
    found = values or {}
    *first, last = (f"`{one}`" + (f" (now {found[one]:g})" if one in found else "") for one in names)
    return f"{', '.join(first)} and {last}" if first else last
