"""A program that fits data and a replicate of them together: its likelihood stands there twice.

Priors, latent variables and everything computed from the data stay those of the data; the second likelihood
is that of the replicate. It is the program of posterior SBC where rows cannot be appended, because priors or
the number of parameters depend on them.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import Any

from workbench.errors import ProgramError
from workbench.program.model import Program
from workbench.program.predictive.replicates import rename_variables
from workbench.program.read import read_text, settle_roles
from workbench.program.rewrite.slices import find_dependent_names, slice_statements
from workbench.program.rewrite.splice import remove_braces, splice_out
from workbench.program.simulating_program import as_local
from workbench.program.syntax import nodes as n
from workbench.program.syntax import traverse as t
from workbench.program.syntax.identifiers import FreshNames
from workbench.program.syntax.printer import to_text
from workbench.program.syntax.stanc import Stanc
from workbench.program.terms.roles import Role
from workbench.program.terms.summands import adds_to_target


@dataclass(frozen=True)
class RepeatedLikelihood:
    """A program with its likelihood twice.

    Attributes
    ----------
    program
        The program. It has the parameters of the author's, and the priors.
    replicates
        By outcome: the name of the data that hold its replicate.
    """

    program: Program
    replicates: Mapping[str, str]


def repeat_likelihood(program: Program, outcomes: Collection[str], stanc: Stanc) -> RepeatedLikelihood:
    """Return a program whose likelihood is that of the data multiplied by that of a replicate.

    Parameters
    ----------
    program
        The author's program, with its roles settled.
    outcomes
        The data that are replicated.
    stanc
        Reads the new program.

    Raises
    ------
    ProgramError
        Statements of the model block cannot be told apart; the message names the first.
    """
    names = FreshNames(program.tree)
    replicates = {name: names.take(f"{name}_replicate") for name in outcomes}
    model = program.tree.get_block("model")
    computed, renamed = _compute_again(program, replicates, names)
    changed = program.tree.replace(
        data=(*program.tree.get_block("data"), *_declare(program, replicates)),
        model=(n.Block(model), n.Block((*computed, *_keep_likelihood(program, renamed)))),
    )
    repeated = read_text(program, to_text(changed) + "\n", stanc)
    return RepeatedLikelihood(_settle(program, repeated, stanc), replicates)


def _declare(program: Program, replicates: Mapping[str, str]) -> list[n.Stmt]:
    """Return the declarations of replicates: each as its outcome, which may be bounded by another."""
    declared = {
        name: item
        for item in program.tree.get_block("data")
        if isinstance(item, n.Declare)
        for name, _ in item.variables
    }
    single = {name: replace(declared[name], variables=((name, None),)) for name in replicates}
    return [rename_variables(item, replicates) for item in single.values()]


def _compute_again(
    program: Program, replicates: Mapping[str, str], names: FreshNames
) -> tuple[tuple[n.Stmt, ...], Mapping[str, str]]:
    """Return transformed parameters that read outcomes, as locals of the replicate; and what is renamed."""
    transformed = program.tree.get_block("transformed parameters")
    dependent = find_dependent_names(transformed, frozenset(replicates)) - replicates.keys()
    if not dependent:
        return (), replicates
    kept = slice_statements(transformed, dependent)
    made = [name for item in kept if isinstance(item, n.Declare) for name, _ in item.variables]
    renamed = {**replicates, **{name: names.take(f"{name}_replicate") for name in made}}
    return tuple(rename_variables(as_local(item), renamed) for item in kept), renamed


def _keep_likelihood(program: Program, renamed: Mapping[str, str]) -> tuple[n.Stmt, ...]:
    """Return the model block with nothing but the likelihood, of replicates."""
    roles: dict[int, set[Role]] = {}
    for term in program.terms:
        roles.setdefault(term.model_statement, set()).add(term.role)

    def change(node: Any) -> Any:
        if not isinstance(node, n.Stmt) or node.id not in roles:
            return node
        found = roles[node.id]
        if found == {"likelihood"}:
            return node
        if "likelihood" in found or not (adds_to_target(node) or isinstance(node, n.CallStatement)):
            line = program.places[node.id].first
            raise ProgramError(
                f"the statement on line {line} adds to the likelihood and to other densities together, or "
                "computes a value with them; write a statement for each.",
                path=program.path,
            )
        return splice_out()

    model = n.Block(program.tree.get_block("model"))
    return remove_braces(t.rebuild(rename_variables(model, renamed), change).body)


def _settle(program: Program, repeated: Program, stanc: Stanc) -> Program:
    """Return the new program with the roles of the author's, and likelihood as the role of what is added."""
    wanted: list[Role] = [term.role for term in program.terms]
    wanted += [role for role in wanted if role == "likelihood"]
    if len(repeated.terms) != len(wanted):
        raise ProgramError(
            f"`{program.path.name}` cannot be written with its likelihood twice: its terms are others then.",
            path=program.path,
        )
    settled: dict[str | int, Role] = {
        term.index: role for term, role in zip(repeated.terms, wanted, strict=True) if term.role != role
    }
    return settle_roles(repeated, settled, stanc) if settled else repeated
