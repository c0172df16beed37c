"""Which data a program can draw anew, and from which of its densities.

A likelihood term that is a density of data also says how such data arise: `y ~ normal(mu, sigma)` draws `y`
by `normal_rng(mu, sigma)`. A variable is replicated when that holds for every term it is an outcome of;
otherwise the reason is said, and nothing is drawn for it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

from workbench.program.predictive.outcome_draws import Drawing, Generators, drawing
from workbench.program.rewrite.weights import Plan
from workbench.program.syntax import nodes as n
from workbench.program.syntax import traverse as t
from workbench.program.syntax.identifiers import Names
from workbench.program.syntax.printer import to_text
from workbench.program.terms.terms import Term

PREDICTIVE = ("y_rep", "y_pred", "y_tilde", "y_new", "y_hat_rep")
"""Names under which programs keep replicated data, besides any name that ends in `_rep`."""

_NO_NUMBERS = frozenset({"tuple", "complex", "complex_vector", "complex_row_vector", "complex_matrix"})

Drawn = tuple[Drawing, ...]
N = TypeVar("N", bound=n.Node)


@dataclass(frozen=True)
class Replicate:
    """A variable of generated quantities that is data drawn anew.

    Attributes
    ----------
    name
        Its name; empty where there is none, for the reason given.
    outcome
        The data variable it mirrors.
    distributions
        The distributions of that variable's likelihood.
    is_integer
        Whether it holds integers.
    is_own
        Whether the program draws it itself.
    is_conditional
        Whether its densities are given other values of the outcome, such as the one before.
    reason
        Why there is none.
    line
        The line of the statement that stands against it; 0 where no single one does.
    observed
        For an outcome that transformed data make: the quantity that repeats it. Empty for declared data.
    """

    name: str
    outcome: str
    distributions: tuple[str, ...]
    is_integer: bool
    is_own: bool = False
    is_conditional: bool = False
    reason: str = ""
    line: int = 0
    observed: str = ""

    @property
    def is_ours(self) -> bool:
        """Whether the instrumented program draws it."""
        return bool(self.name) and not self.is_own


@dataclass(frozen=True)
class Replication:
    """All that is drawn anew, and how.

    Attributes
    ----------
    replicates
        One for each outcome.
    drawings
        By the index of a term: what is drawn where it stands.
    renamed
        New names for variables of the model block that the generated quantities declare once more.
    names
        The names it adds to the program.
    """

    replicates: tuple[Replicate, ...]
    drawings: Mapping[int, Drawn]
    renamed: Mapping[str, str]
    names: Generators


def is_predictive(name: str) -> bool:
    """Return whether a generated quantity is, by its name, a draw of new data.

    >>> is_predictive("weight_rep"), is_predictive("y_hat")
    (True, False)
    """
    return name in PREDICTIVE or name.endswith("_rep")


def replication(tree: n.Tree, plan: Plan, maybe_likelihood: frozenset[int], names: Names) -> Replication:
    """Return what can be drawn anew.

    Parameters
    ----------
    tree, plan
        The program, and what the rewriting adds to it.
    maybe_likelihood
        The indices of terms that are, or may yet count as, likelihood.
    names
        Hands out names that are free.
    """
    made = _declared(tree, "transformed data")
    data = _declared(tree, "data") | {name: one for name, one in made.items() if one.base not in _NO_NUMBERS}
    generators = Generators.fresh(names)
    renamed = {name: names.fresh(name) for name in sorted(_declared_twice(tree))}
    terms = [term for term in plan.terms if term.index in maybe_likelihood and not term.is_constant]
    tried = [(term, _drawn(term, tree, plan, generators, renamed, data)) for term in terms]
    own = _own(tree, data, terms)
    found = [
        _replicate(name, [pair for pair in tried if name in _touched(*pair)], terms, tree, own, names)
        for name in data
        if any(name in _outcomes(*pair) for pair in tried)
    ]
    ours = {one.outcome for one in found if one.is_ours}
    drawings = {
        term.index: kept
        for term, drawn in tried
        if not isinstance(drawn, str) and (kept := tuple(one for one in drawn if one.cells.name in ours))
    }
    return Replication(tuple(found), drawings, renamed, generators)


def own_replicates(tree: n.Tree, terms: Sequence[Term]) -> tuple[Replicate, ...]:
    """Return the replicates that a program draws itself, for one that is run as it is written."""
    own = _own(tree, _declared(tree, "data"), [term for term in terms if term.role == "likelihood"])
    return tuple(
        Replicate(name, outcome, _distributions(outcome, terms), is_integer, is_own=True)
        for outcome, (name, is_integer) in own.items()
    )


def _distributions(outcome: str, terms: Iterable[Term]) -> tuple[str, ...]:
    found = (term.distribution for term in terms if outcome in term.outcomes)
    return tuple(dict.fromkeys(name for name in found if name))


def only(found: Replication, outcomes: Collection[str], reason: str) -> Replication:
    """Return a replication that draws some of its outcomes, and none of the others for one reason.

    What the program draws itself stays.
    """
    replicates = tuple(
        replace(one, name="", reason=reason) if one.is_ours and one.outcome not in outcomes else one
        for one in found.replicates
    )
    drawings = {
        index: tuple(one for one in drawn if one.cells.name in outcomes)
        for index, drawn in found.drawings.items()
    }
    return replace(found, replicates=replicates, drawings=drawings)


def _declared(tree: n.Tree, block: str) -> dict[str, n.Sized]:
    """Return the types of what a block declares at its top level."""
    declarations = [item for item in tree.block(block) if isinstance(item, n.Declare)]
    return {name: item.sized for item in declarations for name, _ in item.variables}


def _declared_twice(tree: n.Tree) -> frozenset[str]:
    """Return the names that both the model block and the generated quantities declare."""
    theirs = _declared(tree, "generated quantities")
    return frozenset(name for name in _local_names(tree.block("model")) if name in theirs)


def _local_names(statements: Sequence[n.Stmt]) -> Iterator[str]:
    for item in t.walk(tuple(statements)):
        if isinstance(item, n.Declare):
            yield from (name for name, _ in item.variables)
        elif isinstance(item, n.For | n.ForEach):
            yield item.variable


def in_new_names(node: N, renamed: Mapping[str, str]) -> N:
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

    found: N = t.rebuild(node, change)
    return found


def _drawn(
    term: Term,
    tree: n.Tree,
    plan: Plan,
    generators: Generators,
    renamed: Mapping[str, str],
    data: Mapping[str, n.Sized],
) -> Drawn | str:
    """Return what a term draws, one drawing for each of its densities; or why it draws nothing."""
    if term.calls:
        return "is added inside a function"
    found: list[Drawing] = []
    for part in term.parts:
        chosen_by = sorted({use.name for use in part.branch} & set(term.outcomes) & data.keys())
        if chosen_by:
            return f"holds or not depending on `{chosen_by[0]}` itself"
        if part.summand.sign == "-":
            return "is subtracted in part: limited by hand, or no density"
        node = in_new_names(t.substitute(part.summand.node, plan.lifted), renamed)
        one = drawing(node, tree, plan, generators)
        if isinstance(one, str):
            return one
        if one.cells.name not in data:
            written = {new: old for old, new in renamed.items()}.get(one.cells.name, one.cells.name)
            return f"is a density of `{written}`, which is not declared as data"
        found.append(one)
    return tuple(found)


def _outcomes(term: Term, drawn: Drawn | str) -> frozenset[str]:
    """Return what a term is a density of."""
    return frozenset(term.outcomes) if isinstance(drawn, str) else frozenset(one.cells.name for one in drawn)


def _touched(term: Term, drawn: Drawn | str) -> frozenset[str]:
    """Return what a term may be a density of: all its data where it is written by hand."""
    is_plain = not isinstance(drawn, str) or term.distribution is not None
    return _outcomes(term, drawn) if is_plain else frozenset((*term.outcomes, *term.data))


def _own(tree: n.Tree, data: Mapping[str, n.Sized], terms: Sequence[Term]) -> dict[str, tuple[str, bool]]:
    """Return by outcome the replicate that the program draws itself, and whether that holds integers.

    It has the outcome's size and bears its name with `_rep`, or any such name where there is one outcome.
    """
    quantities = _declared(tree, "generated quantities")
    declared = {name: sized for name, sized in quantities.items() if is_predictive(name)}
    outcomes = sorted({name for term in terms for name in term.outcomes if name in data})
    found: dict[str, tuple[str, bool]] = {}
    for outcome in outcomes:
        alike = [name for name, sized in declared.items() if _size(sized) == _size(data[outcome])]
        named = [name for name in alike if name == f"{outcome}_rep"]
        for name in (named or (alike if len(outcomes) == 1 else []))[:1]:
            found[outcome] = (name, declared[name].base == "int")
    return found


def _size(sized: n.Sized) -> list[str]:
    return [to_text(size) for size in (*sized.dims, *sized.sizes)]


def _replicate(
    outcome: str,
    tried: Sequence[tuple[Term, Drawn | str]],
    others: Sequence[Term],
    tree: n.Tree,
    own: Mapping[str, tuple[str, bool]],
    names: Names,
) -> Replicate:
    """Return the replicate of one outcome, given the terms that may be densities of it, and all others."""
    about = [term for term, drawn in tried if outcome in _outcomes(term, drawn)]
    distributions = tuple(dict.fromkeys(term.distribution for term in about if term.distribution))
    if outcome in own:
        name, is_integer = own[outcome]
        censored = _censored(distributions, others)
        if censored is None:
            return Replicate(name, outcome, distributions, is_integer, is_own=True)
        reason = f"`{censored.text}` tells of censored values, whose replicates are another thing"
        return Replicate("", outcome, distributions, is_integer, reason=reason, line=censored.line)
    places = [
        (term.site, one)
        for term, drawn in tried
        if not isinstance(drawn, str)
        for one in drawn
        if one.cells.name == outcome
    ]
    is_integer = all(one.is_integer for _, one in places)
    for term, drawn in tried:
        if isinstance(drawn, str):
            reason = f"`{term.text}` {drawn}"
            return Replicate("", outcome, distributions, is_integer, reason=reason, line=term.line)
    censored = _censored(distributions, others)
    if censored is not None:
        reason = f"`{censored.text}` tells of values that are not among it"
        return Replicate("", outcome, distributions, is_integer, reason=reason, line=censored.line)
    if not _are_apart(places, tree):
        reason = "it has several densities"
        return Replicate("", outcome, distributions, is_integer, reason=reason, line=tried[-1][0].line)
    is_conditional = any(_is_given(outcome, term) for term, _ in tried)
    name = names.fresh(f"{outcome}_rep")
    observed = names.fresh(f"{outcome}_observed") if outcome in _declared(tree, "transformed data") else ""
    return Replicate(
        name, outcome, distributions, is_integer, is_conditional=is_conditional, observed=observed
    )


def _censored(distributions: Sequence[str], terms: Sequence[Term]) -> Term | None:
    """Return a term that adds a distribution function of one of these distributions: of censored values.

    One that is subtracted only normalises a density between limits.
    """
    for term in terms:
        added = [part for part in term.parts if part.summand.sign == "+"]
        densities = [density for part in added for density in part.value.densities]
        if any(one.suffix in {"lcdf", "lccdf"} and one.name in distributions for one in densities):
            return term
    return None


def _is_given(outcome: str, term: Term) -> bool:
    """Whether an outcome is also among the arguments of its densities."""
    densities = [density for part in term.parts for density in part.value.densities]
    return any(
        use.name == outcome and use.via in {"value", "factor"} for one in densities for use in one.given
    )


def _are_apart(places: Sequence[tuple[int, Drawing]], tree: n.Tree) -> bool:
    """Whether no cell of an outcome is drawn twice, as far as the text tells."""
    return all(
        _is_elsewhere(one, other) or _exclude(tree, site, other_site)
        for number, (site, one) in enumerate(places)
        for other_site, other in places[number + 1 :]
    )


def _is_elsewhere(one: Drawing, other: Drawing) -> bool:
    texts = [" ".join(item.cells.indices) for item in (one, other)]
    return texts[0] != texts[1] and not any(item.cells.is_whole for item in (one, other))


def _exclude(tree: n.Tree, site: int, other: int) -> bool:
    """Whether two statements stand in different branches of one condition."""
    choices = [item for item in t.walk(tree.block("model")) if isinstance(item, n.If) and item.no is not None]
    for item in choices:
        branches = [
            {one.id for one in t.walk(part) if isinstance(one, n.Stmt)} for part in (item.yes, item.no)
        ]
        if any(site in first and other in last for first, last in (branches, branches[::-1])):
            return True
    return False
