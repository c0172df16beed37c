"""A Stan program as this room knows it, and what prevents the workbench from using all of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from workbench.program.instrument import InstrumentedProgram
from workbench.program.predictive.outcome_maps import OutcomeMap
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
        What cannot be done: ``instrumenting``, ``log_lik``, ``loo``, ``predictive`` or ``roles``; or, as a
        remark, ``rows``: several entries of `log_lik` belong to one observation; ``order``: which entry
        belongs to which row is not known; ``weighted``: the program multiplies the log density of a row.
    message
        The reason in one sentence, naming the statement.
    line
        The line of that statement, counted from 1; `None` if there is no single one.
    """

    feature: str
    message: str
    line: int | None = None


@dataclass(frozen=True)
class ReplacedPrior:
    """A prior statement that stands in place of the author's, or is added to the author's.

    Attributes
    ----------
    parameter
        The parameter.
    statement
        The new statement; empty if the prior is removed.
    original
        What the author wrote; empty if there was no prior statement.
    line
        The line of that, counted from 1.
    option
        The option that requests it.
    """

    parameter: str
    statement: str
    original: str = ""
    line: int | None = None
    option: str = "--prior-form"


@dataclass(frozen=True)
class Program:
    """A Stan program and all that is known about it before any data.

    Attributes
    ----------
    name
        The stem of the file, as an identifier.
    path
        The file.
    source
        Its text.
    sha256
        The hash of the text and of every included file.
    includes
        The included files, in the order in which they are first met.
    data, transformed_data, parameters, transformed_parameters, generated_quantities
        The variables that each block declares.
    terms
        Every contribution to the log density, with its role.
    hyperparameters
        The constants of its priors.
    arguments
        The arguments of its priors that hold some of its own data; their names can stand for these.
    instrumented
        The program that serves every estimator; `None` if that is not possible.
    replicates
        Its outcomes, each replicated by the program itself, by the instrumented program, or not at all.
    outcome_maps
        What its likelihood is a density of: each outcome variable, and the map from the data to it.
    obstacles
        What cannot be done with this program, and why.
    replaced_priors
        Priors that are not those of the file.
    is_optimised
        Whether loops are vectorised in the instrumented program, where that is possible.
    is_shared
        Whether the rows of likelihoods are to be shared out among threads in the instrumented program.
    tree, places
        Its syntax tree, and the place of each numbered statement.
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
    instrumented: InstrumentedProgram | None = None
    replicates: tuple[Replicate, ...] = ()
    outcome_maps: tuple[OutcomeMap, ...] = ()
    obstacles: tuple[Obstacle, ...] = ()
    replaced_priors: tuple[ReplacedPrior, ...] = ()
    is_optimised: bool = False
    is_shared: bool = False
    tree: n.Tree = field(default=n.Tree(()), repr=False, compare=False)
    places: Mapping[int, Place] = field(default_factory=dict, repr=False, compare=False)

    @property
    def untouched_by_likelihood(self) -> tuple[str, ...]:
        """The parameters in no likelihood or latent term: their density is flat without the priors."""
        touched = {name for term in self.terms if term.role != "prior" for name in term.parameters}
        return tuple(item.name for item in self.parameters if item.name not in touched)
