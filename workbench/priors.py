"""The priors in force: which value each hyperparameter has, and who said so."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from workbench.errors import PriorError
from workbench.program import Program


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

    Raises
    ------
    PriorError
        A name is not a hyperparameter of this program.
    """
    declared = {declaration.name for declaration in program.data}
    in_program = {hyper.name: hyper for hyper in program.hyperparameters}
    known = [*in_program, *(name for name in defaults if name not in in_program)]
    for name in asked:
        if name not in known:
            raise unknown(program, name, known)
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


def unknown(program: Program, name: str, known: list[str], hint: str | None = None) -> PriorError:
    """Return the error that names the hyperparameters there are, and in its hint the nearest of them."""
    close = difflib.get_close_matches(name, known, 1)
    listed = ", ".join(f"`{one}`" for one in known) or "none"
    message = f"`{name}` is not a hyperparameter of `{program.path.name}`; it has {listed}."
    return PriorError(message, hint=f"did you mean `{close[0]}`?" if close else hint)
