"""A Stan program, read: the noun of this room."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from workbench.program.instrument import Instrumented
from workbench.program.predictive.replicates import Replicate
from workbench.program.syntax import nodes as n
from workbench.program.syntax.declarations import Declaration
from workbench.program.syntax.source import Place
from workbench.program.terms.hyperparameters import Hyperparameter, PriorArgument
from workbench.program.terms.terms import Term


@dataclass(frozen=True)
class Obstacle:
    """Why something cannot be done with a program.

    Attributes
    ----------
    feature
        What is lost: ``instrumenting``, ``log_lik``, ``loo``, ``predictive`` or ``roles``; or what to know:
        ``rows`` where several entries of `log_lik` belong to one observation.
    message
        The reason in one sentence, naming the statement.
    line
        Where that statement stands, counted from 1; `None` where no single one is the cause.
    """

    feature: str
    message: str
    line: int | None = None


@dataclass(frozen=True)
class Program:
    """A Stan program and all that is known about it before any data.

    Attributes
    ----------
    name
        The file's stem, made an identifier.
    path
        The file.
    source
        Its text.
    sha256
        Of the text and of every included file.
    includes
        The included files, in the order they are met.
    data, transformed_data, parameters, transformed_parameters, generated_quantities
        What each block declares.
    terms
        Every contribution to the log density, with its role.
    hyperparameters
        The constants of its priors.
    arguments
        The arguments of its priors that hold some of its own data: names by which those may be meant.
    instrumented
        The program that serves every estimator; `None` where that is not possible.
    replicates
        Its outcomes as drawn anew: by itself, by the instrumented program, or not at all.
    obstacles
        What cannot be done with this program, and why.
    tree, places
        Its syntax tree, and where each numbered statement of it stands.
    """

    name: str
    path: Path
    source: str = field(repr=False)
    sha256: str
    includes: tuple[Path, ...]
    data: tuple[Declaration, ...]
    transformed_data: tuple[Declaration, ...]
    parameters: tuple[Declaration, ...]
    transformed_parameters: tuple[Declaration, ...]
    generated_quantities: tuple[Declaration, ...]
    terms: tuple[Term, ...] = ()
    hyperparameters: tuple[Hyperparameter, ...] = ()
    arguments: tuple[PriorArgument, ...] = ()
    instrumented: Instrumented | None = None
    replicates: tuple[Replicate, ...] = ()
    obstacles: tuple[Obstacle, ...] = ()
    tree: n.Tree = field(default=n.Tree(()), repr=False, compare=False)
    places: Mapping[int, Place] = field(default_factory=dict, repr=False, compare=False)

    @property
    def untouched_by_likelihood(self) -> tuple[str, ...]:
        """The parameters that no likelihood or latent term reaches: flat once the prior is off."""
        kept = {name for term in self.terms if term.role != "prior" for name in term.parameters}
        return tuple(item.name for item in self.parameters if item.name not in kept)
