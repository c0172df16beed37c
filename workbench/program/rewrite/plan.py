"""The plan of the instrumented program: the names that it adds, and what happens to each term."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

from workbench.program.rewrite.lp_functions import LpCall, find_lp_calls
from workbench.program.rewrite.shapes import DeclaredTypes, collect_declared_types
from workbench.program.syntax import nodes as n
from workbench.program.syntax.identifiers import FreshNames
from workbench.program.terms.hyperparameters import Hyperparameter
from workbench.program.terms.terms import Term


@dataclass(frozen=True)
class RewritePlan:
    """What the instrumented program adds: names that are fresh in the program, and its terms.

    Attributes
    ----------
    weights, roles
        Data: one weight and one role for each term.
    densities, lprior, log_lik
        Generated quantities: the log density of each term, of all priors, and of each observation.
    pointwise
        Data: whether `log_lik` has entries; empty if it always has.
    entry_count
        Transformed data: how many entries `log_lik` has.
    entry, element, value, holder
        Local variables: the position in `log_lik`, the number of an observation in its term, a log density,
        and (with a number) a long argument.
    declared_types
        The declared types of the program's variables.
    lifted
        The data that replace literals, by the `id()` of the literal's node.
    terms
        All terms.
    log_lik_terms
        The indices of the terms that have entries in `log_lik` while their role is likelihood.
    lp_calls
        The statements that call functions which add to ``target``, by their number.
    calls
        The calls that lead to the function that this plan is for; none for the model block.
    sums
        What is added of a term in place of its densities, as Stan, by its index.
    joined
        Loops each of whose iterations has one entry in `log_lik`, and the indices of the terms in them.
    before
        Local variable: the position in `log_lik` before such an iteration.
    """

    weights: str
    roles: str
    densities: str
    lprior: str
    log_lik: str
    entry_count: str
    entry: str
    element: str
    value: str
    holder: str
    declared_types: DeclaredTypes
    lifted: Mapping[int, n.Expr]
    terms: Sequence[Term]
    log_lik_terms: frozenset[int]
    lp_calls: Mapping[int, LpCall] = field(default_factory=dict)
    calls: tuple[int, ...] = ()
    sums: Mapping[int, str] = field(default_factory=dict)
    pointwise: str = ""
    joined: Mapping[int, frozenset[int]] = field(default_factory=dict)
    before: str = ""

    @cached_property
    def joined_terms(self) -> frozenset[int]:
        """The indices of the terms that share the entry of an iteration."""
        return frozenset[int]().union(*self.joined.values())

    def select_terms(self, statement: n.Stmt) -> list[Term]:
        """Return the terms that a statement adds."""
        return self._terms_by_statement.get((statement.id, self.calls), [])

    @cached_property
    def _terms_by_statement(self) -> dict[tuple[int, tuple[int, ...]], list[Term]]:
        """The terms by their statement and the calls that lead to it; they may be thousands."""
        found: dict[tuple[int, tuple[int, ...]], list[Term]] = {}
        for term in self.terms:
            found.setdefault((term.statement, term.calls), []).append(term)
        return found

    def replace_summands(self, summands: Mapping[int, n.Expr | n.Tilde]) -> RewritePlan:
        """Return the plan with other expressions for summands, by the `id()` of the author's node."""

        def change(term: Term) -> Term:
            contributions = tuple(
                replace(item, summand=replace(item.summand, node=summands[id(item.summand.node)]))
                if id(item.summand.node) in summands
                else item
                for item in term.contributions
            )
            return replace(term, contributions=contributions)

        return replace(self, terms=[change(term) for term in self.terms]) if summands else self

    def find_lp_call(self, node: object) -> LpCall | None:
        """Return the call in a statement of a function that adds to ``target``; `None` if there is none."""
        return self.lp_calls.get(node.id) if isinstance(node, n.Stmt) else None

    def enter_function(self, call: LpCall) -> RewritePlan:
        """Return the plan for the body of a function that adds to ``target``, as called from one place."""
        return replace(self, calls=(call.statement,), log_lik_terms=frozenset(), lifted={}, lp_calls={})


def plan_rewrite(
    tree: n.Tree,
    terms: Sequence[Term],
    maybe_likelihood: frozenset[int],
    hyperparameters: Sequence[Hyperparameter],
    names: FreshNames,
) -> RewritePlan:
    """Return the plan of the instrumented program.

    Parameters
    ----------
    tree
        The author's program.
    terms
        Its terms.
    maybe_likelihood
        The indices of the terms that are likelihood, or may yet be settled as likelihood.
    hyperparameters
        The constants of its priors.
    names
        Provides names that are not in use.
    """
    wanted = (
        "weights", "roles", "term_lpdf", "lprior", "log_lik", "n_log_lik", "entry", "n", "one", "held",
    )  # fmt: skip
    weights, roles, densities, lprior, log_lik, entry_count, entry, element, value, holder = (
        names.take(name) for name in wanted
    )
    return RewritePlan(
        weights=weights,
        roles=roles,
        densities=densities,
        lprior=lprior,
        log_lik=log_lik,
        entry_count=entry_count,
        entry=entry,
        element=element,
        value=value,
        holder=holder,
        declared_types=collect_declared_types(tree),
        lifted={id(node): n.Variable(item.data_name) for item in hyperparameters for node in item.nodes},
        terms=terms,
        log_lik_terms=maybe_likelihood - {term.index for term in terms if term.is_constant},
        lp_calls={call.statement: call for call in find_lp_calls(tree, terms, names)},
    )
