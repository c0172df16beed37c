"""Which outcomes can be replicated, and from which of their densities.

A likelihood term that is a density of data also says how such data arise: `y ~ normal(mu, sigma)` draws `y`
with `normal_rng(mu, sigma)`. A variable is replicated if that holds for every term of which it is an outcome;
otherwise nothing is drawn for it, and the reason is given.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias, TypeVar

from workbench.program.predictive.authors_replicates import AuthorsReplicate, match_authors_replicates
from workbench.program.predictive.outcome_draws import OutcomeDraw, Reason, ReplicateNames, plan_draw
from workbench.program.rewrite.plan import RewritePlan
from workbench.program.syntax import nodes as n
from workbench.program.syntax import traverse as t
from workbench.program.syntax.identifiers import FreshNames
from workbench.program.terms.terms import Term

_NOT_REAL = frozenset({"tuple", "complex", "complex_vector", "complex_row_vector", "complex_matrix"})
"""Types of variables that are not replicated: they do not consist of real numbers or integers."""

Draws: TypeAlias = tuple[OutcomeDraw, ...]
"""What a term draws: one outcome for each of its densities."""

_Node = TypeVar("_Node", bound=n.Node)
"""A node of some kind."""


@dataclass(frozen=True)
class Replicate:
    """A variable of generated quantities that replicates an outcome.

    Attributes
    ----------
    name
        Its name; empty if there is none, for the reason given.
    outcome
        The data variable that it replicates.
    distributions
        The distributions of that variable's likelihood.
    is_integer
        Whether it holds integers.
    is_drawn_by_author
        Whether the author's program draws it.
    is_conditional
        Whether its densities depend on other values of the outcome, such as the previous one.
    reason
        Why there is none.
    line
        The line of the statement that prevents it; 0 if no single statement does.
    observed
        For an outcome computed in transformed data: the quantity that repeats it. Empty for declared data.
    density_of
        Where the author's program replicates a column, and the likelihood is a density of a variable made
        from it: that variable.
    prediction
        A quantity of the author that draws the outcome, although it is not comparable with the data.
    """

    name: str
    outcome: str
    distributions: tuple[str, ...]
    is_integer: bool
    is_drawn_by_author: bool = False
    is_conditional: bool = False
    reason: str = ""
    line: int = 0
    observed: str = ""
    density_of: str = ""
    prediction: str = ""

    @property
    def is_drawn_by_workbench(self) -> bool:
        """Whether only the instrumented program draws it."""
        return bool(self.name) and not self.is_drawn_by_author


@dataclass(frozen=True)
class ReplicationPlan:
    """All replicates, and how they are drawn.

    Attributes
    ----------
    replicates
        One for each outcome.
    draws
        By the index of a term: what is drawn in its place.
    renamed
        New names for variables of the model block that the generated quantities declare as well.
    names
        The names that drawing adds to the program.
    """

    replicates: tuple[Replicate, ...]
    draws: Mapping[int, Draws]
    renamed: Mapping[str, str]
    names: ReplicateNames

    @property
    def drawn_by_workbench(self) -> list[Replicate]:
        """The replicates that the instrumented program draws."""
        return [replicate for replicate in self.replicates if replicate.is_drawn_by_workbench]

    @property
    def repeated(self) -> list[Replicate]:
        """The replicates of outcomes computed in transformed data, which the program repeats."""
        return [replicate for replicate in self.replicates if replicate.observed]


@dataclass(frozen=True)
class _Attempt:
    """A term of the likelihood, and what it draws, or why it draws nothing."""

    term: Term
    draws: Draws | Reason

    @property
    def outcomes(self) -> frozenset[str]:
        """The variables that the term is a density of."""
        if isinstance(self.draws, str):
            return frozenset(self.term.outcomes)
        return frozenset(draw.elements.name for draw in self.draws)

    @property
    def possible_outcomes(self) -> frozenset[str]:
        """The variables that the term may be a density of: all its data if it is hand-written."""
        is_hand_written = isinstance(self.draws, str) and self.term.distribution is None
        return frozenset((*self.term.outcomes, *self.term.data)) if is_hand_written else self.outcomes


def plan_replication(
    tree: n.Tree, plan: RewritePlan, maybe_likelihood: frozenset[int], names: FreshNames
) -> ReplicationPlan:
    """Return which outcomes are replicated, and how.

    Parameters
    ----------
    tree, plan
        The program, and the plan of the instrumented program.
    maybe_likelihood
        The indices of terms that are likelihood, or may yet be settled as likelihood.
    names
        Provides names that are not in use.
    """
    computed = _declared_types(tree, "transformed data")
    data = _declared_types(tree, "data") | {
        name: sized for name, sized in computed.items() if sized.base not in _NOT_REAL
    }
    replicate_names = ReplicateNames.take(names)
    renamed = {name: names.take(name) for name in sorted(_find_redeclared_names(tree))}
    terms = [term for term in plan.terms if term.index in maybe_likelihood and not term.is_constant]
    attempts = [
        _Attempt(term, plan_term_draws(term, tree, plan, replicate_names, renamed, data)) for term in terms
    ]
    authors = match_authors_replicates(tree, data, terms)
    replicates = tuple(
        _build_replicate(
            name, [item for item in attempts if name in item.possible_outcomes], terms, tree, authors, names
        )
        for name in data
        if any(name in item.outcomes for item in attempts)
    )
    replicates = tuple(
        replace(replicate, observed=names.take(f"{replicate.density_of or replicate.outcome}_observed"))
        if (replicate.density_of or replicate.outcome) in computed
        else replicate
        for replicate in replicates
    )
    added = {replicate.outcome for replicate in replicates if replicate.is_drawn_by_workbench}
    draws = {
        item.term.index: tuple(draw for draw in item.draws if draw.elements.name in added)
        for item in attempts
        if not isinstance(item.draws, str)
    }
    return ReplicationPlan(
        replicates, {index: kept for index, kept in draws.items() if kept}, renamed, replicate_names
    )


def find_authors_replicates(tree: n.Tree, terms: Sequence[Term]) -> tuple[Replicate, ...]:
    """Return the replicates that the author's program draws, for a program that is run as written."""
    likelihood = [term for term in terms if term.role == "likelihood"]
    authors = match_authors_replicates(tree, _declared_types(tree, "data"), likelihood)
    return tuple(
        Replicate(name, outcome, _distributions_of(outcome, terms), is_integer, is_drawn_by_author=True)
        for name, outcome, is_integer in authors.values()
    )


def _distributions_of(outcome: str, terms: Iterable[Term]) -> tuple[str, ...]:
    distributions = (term.distribution for term in terms if outcome in term.outcomes)
    return tuple(dict.fromkeys(name for name in distributions if name))


def restrict_replication(
    replication: ReplicationPlan, outcomes: Collection[str], reason: Reason
) -> ReplicationPlan:
    """Return a plan that draws only some outcomes, and gives the others one reason.

    What the author's program draws stays.
    """
    replicates = tuple(
        replace(replicate, name="", reason=reason)
        if replicate.is_drawn_by_workbench and replicate.outcome not in outcomes
        else replicate
        for replicate in replication.replicates
    )
    draws = {
        index: tuple(draw for draw in term_draws if draw.elements.name in outcomes)
        for index, term_draws in replication.draws.items()
    }
    return replace(replication, replicates=replicates, draws=draws)


def _declared_types(tree: n.Tree, block: str) -> dict[str, n.Sized]:
    """Return the types of the variables that a block declares at its top level."""
    declarations = [item for item in tree.get_block(block) if isinstance(item, n.Declare)]
    return {name: item.sized for item in declarations for name, _ in item.variables}


def _find_redeclared_names(tree: n.Tree) -> frozenset[str]:
    """Return the names that both the model block and the generated quantities declare."""
    quantities = _declared_types(tree, "generated quantities")
    return frozenset(name for name in _find_local_names(tree.get_block("model")) if name in quantities)


def _find_local_names(statements: Sequence[n.Stmt]) -> Iterator[str]:
    for item in t.walk(tuple(statements)):
        if isinstance(item, n.Declare):
            yield from (name for name, _ in item.variables)
        elif isinstance(item, n.For | n.ForEach):
            yield item.variable


def rename_variables(node: _Node, renamed: Mapping[str, str]) -> _Node:
    """Return a node of the model block with its variables renamed."""

    def change(inner: n.Node) -> n.Node:
        if isinstance(inner, n.Variable) and inner.name in renamed:
            return replace(inner, name=renamed[inner.name])
        if isinstance(inner, n.For | n.ForEach) and inner.variable in renamed:
            return replace(inner, variable=renamed[inner.variable])
        if isinstance(inner, n.Declare):
            variables = tuple((renamed.get(name, name), value) for name, value in inner.variables)
            return inner if variables == inner.variables else replace(inner, variables=variables)
        return inner

    changed: _Node = t.rebuild(node, change)
    return changed


def plan_term_draws(
    term: Term,
    tree: n.Tree,
    plan: RewritePlan,
    names: ReplicateNames,
    renamed: Mapping[str, str],
    data: Mapping[str, n.Sized],
) -> Draws | Reason:
    """Return what a term draws, one outcome for each of its densities; or why it draws nothing.

    Parameters
    ----------
    term, tree, plan
        The term, its program and the plan of that.
    names, renamed
        The names that drawing adds, and new names for variables of the model block.
    data
        The types of what can be drawn: data that are outcomes, or parameters.
    """
    if term.calls:
        return "is added inside a function"
    draws: list[OutcomeDraw] = []
    for item in term.contributions:
        chosen_by = sorted({use.name for use in item.branch} & set(term.outcomes) & data.keys())
        if chosen_by:
            return f"applies or not, depending on `{chosen_by[0]}` itself"
        if item.summand.sign == "-":
            return "is partly subtracted: a density truncated by hand, or not a density"
        node = rename_variables(t.substitute(item.summand.node, plan.lifted), renamed)
        draw = plan_draw(node, tree, plan, names)
        if isinstance(draw, str):
            return draw
        name = draw.elements.name
        if name not in data:
            author_name = {new: old for old, new in renamed.items()}.get(name, name)
            return f"is a density of `{author_name}`, which is not declared as data"
        draws.append(draw)
    return tuple(draws)


def _build_replicate(
    outcome: str,
    attempts: Sequence[_Attempt],
    terms: Sequence[Term],
    tree: n.Tree,
    authors: Mapping[str, AuthorsReplicate],
    names: FreshNames,
) -> Replicate:
    """Return the replicate of an outcome.

    Parameters
    ----------
    outcome
        The data variable.
    attempts
        The terms that may be densities of it.
    terms
        All terms of the likelihood.
    tree
        The program.
    authors
        The replicates that the author's program draws.
    names
        Provides names that are not in use.
    """
    about = [item.term for item in attempts if outcome in item.outcomes]
    distributions = tuple(dict.fromkeys(term.distribution for term in about if term.distribution))
    censoring = find_censoring(distributions, terms)
    if outcome in authors:
        name, replicated, is_integer = authors[outcome]
        if censoring is not None:
            reason = (
                f"`{censoring.text}` is about censored values: replicates are not comparable with the data"
            )
            return Replicate(
                "", outcome, distributions, is_integer, reason=reason, line=censoring.line, prediction=name
            )
        density_of = "" if replicated == outcome else outcome
        return Replicate(
            name, replicated, distributions, is_integer, is_drawn_by_author=True, density_of=density_of
        )
    placed = [
        (item.term.model_statement, draw)
        for item in attempts
        if not isinstance(item.draws, str)
        for draw in item.draws
        if draw.elements.name == outcome
    ]
    is_integer = all(draw.is_integer for _, draw in placed)
    reason, line = _find_reason_against(outcome, attempts, censoring, placed, tree)
    if reason:
        return Replicate("", outcome, distributions, is_integer, reason=reason, line=line)
    is_conditional = any(_is_given(outcome, item.term) for item in attempts)
    name = names.take(f"{outcome}_rep")
    return Replicate(name, outcome, distributions, is_integer, is_conditional=is_conditional)


def _find_reason_against(
    outcome: str,
    attempts: Sequence[_Attempt],
    censoring: Term | None,
    placed: Sequence[tuple[int, OutcomeDraw]],
    tree: n.Tree,
) -> tuple[Reason, int]:
    """Return why an outcome cannot be replicated, and the line that prevents it; nothing if it can."""
    for item in attempts:
        if isinstance(item.draws, str):
            return f"`{item.term.text}` {item.draws}", item.term.line
    if censoring is not None:
        return f"`{censoring.text}` is about censored values, which `{outcome}` does not hold", censoring.line
    if not are_disjoint(placed, tree):
        return "it has several densities", attempts[-1].term.line
    return "", 0


def find_censoring(distributions: Sequence[str], terms: Sequence[Term]) -> Term | None:
    """Return a term that adds a distribution function of one of these distributions: of censored values.

    A distribution function that is subtracted only normalises a density between limits.
    """
    for term in terms:
        added = [item for item in term.contributions if item.summand.sign == "+"]
        densities = [density for item in added for density in item.value.densities]
        if any(item.suffix in {"lcdf", "lccdf"} and item.name in distributions for item in densities):
            return term
    return None


def _is_given(outcome: str, term: Term) -> bool:
    """Whether an outcome is also among the arguments of its densities."""
    return any(
        use.name == outcome and use.via in {"value", "factor"}
        for item in term.contributions
        for density in item.value.densities
        for use in density.given
    )


def are_disjoint(placed: Sequence[tuple[int, OutcomeDraw]], tree: n.Tree) -> bool:
    """Whether no element of an outcome is drawn twice, as far as the text tells."""
    return all(
        _are_elsewhere(draw, other) or _exclude_each_other(tree, statement, other_statement)
        for number, (statement, draw) in enumerate(placed)
        for other_statement, other in placed[number + 1 :]
    )


def _are_elsewhere(draw: OutcomeDraw, other: OutcomeDraw) -> bool:
    if draw.elements.is_whole or other.elements.is_whole:
        return False
    return " ".join(draw.elements.indices) != " ".join(other.elements.indices)


def _exclude_each_other(tree: n.Tree, statement: int, other: int) -> bool:
    """Whether two statements stand in different branches of one condition."""
    for item in t.walk(tree.get_block("model")):
        if isinstance(item, n.If) and item.no is not None:
            yes, no = (
                {inner.id for inner in t.walk(branch) if isinstance(inner, n.Stmt)}
                for branch in (item.yes, item.no)
            )
            if (statement in yes and other in no) or (statement in no and other in yes):
                return True
    return False
