"""Programs that simulate: one draws parameters from the prior, another outcomes given parameters.

Each variable is drawn where a density of it stands, by the random number generator of that density, and after
everything that this density is given. A program runs through the model block once for each set of variables
that can be drawn together, and keeps of it only the statements that these need.
"""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from workbench.program.analysis import judge_terms
from workbench.program.instrument import declare_constants, lift_constants
from workbench.program.model import Program
from workbench.program.predictive.authors_replicates import list_sizes, match_authors_replicates
from workbench.program.predictive.outcome_draws import OutcomeDraw, ReplicateNames
from workbench.program.predictive.replicates import (
    are_disjoint,
    find_censoring,
    plan_term_draws,
    rename_variables,
)
from workbench.program.predictive.rng_functions import GUARDED, MISSING
from workbench.program.rewrite.lp_functions import call_for_value, copy_for_value
from workbench.program.rewrite.plan import RewritePlan, plan_rewrite
from workbench.program.rewrite.slices import (
    find_dependent_names,
    find_made_names,
    find_read_names,
    slice_statements,
)
from workbench.program.rewrite.splice import remove_braces, splice, splice_out
from workbench.program.syntax import nodes as n
from workbench.program.syntax import traverse as t
from workbench.program.syntax.identifiers import FreshNames
from workbench.program.syntax.printer import format_type, get_type_keyword, to_text
from workbench.program.terms.densities import normalise
from workbench.program.terms.hyperparameters import Hyperparameter
from workbench.program.terms.summands import adds_to_target
from workbench.program.terms.terms import Term

TRIES = 100_000
"""Draws after which a number within limits counts as impossible to draw: they hold less than about 1e-4."""

_OUTCOME_TRIES = 1000
"""Draws after which a truncated outcome counts as missing, as in replicates of the data."""

OUT_OF_LIMITS = MISSING + 1
"""The integer for an outcome of which no draw is within its limits; among reals it is not a number."""

_FARTHEST_DRAW, _HALVINGS = 1_000_000_000, 100
"""How far from its limit a truncated draw is sought, which an integer holds; and how often that is halved,
until double precision ends. Ours."""

_NO_NUMBER = frozenset({"tuple", "complex", "complex_vector", "complex_row_vector", "complex_matrix"})
"""Types whose values are not drawn."""


_JOINT = frozenset({"ordered", "positive_ordered", "sum_to_zero_vector"})
"""Types of data whose elements know of each other, which independent draws do not."""

_OF_TOTALS = frozenset({"multinomial", "multinomial_logit", "dirichlet_multinomial"})
"""Distributions of counts whose total is given."""


_WITH_CENSORING = "is drawn with its censoring"
"""Why no statement draws an outcome that the author draws together with what decides its censoring."""


class CannotSimulateError(Exception):
    """Why a program cannot be written that draws some variables; the message is a sentence.

    Attributes
    ----------
    hint
        What would let it be written; empty if that is not known.
    """

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint


@dataclass(frozen=True)
class SimulatingProgram:
    """A program that draws some variables in its generated quantities, and the data that it needs.

    Attributes
    ----------
    source
        The Stan program.
    drawn
        By variable: the generated quantity that holds it, drawn.
    counts
        By variable: the quantity that counts how often each of its elements is drawn, an array of one for a
        single number; empty unless `flag` is 1.
    flag
        The name of the data that say whether to count.
    constants
        The constants of priors that are data here.
    unused
        The one parameter of a program that draws parameters itself: Stan wants one. Empty for others.
    is_integer
        The variables that are integers.
    totals
        The outcomes whose totals are those of the data: multinomial counts.
    by_author
        The outcomes that the author's own statements draw, with the quantity that these make.
    derived
        Transformed parameters among the generated quantities.
    holding
        The name of the data that say which parameters are held at a value instead of drawn: for each the
        position of its first number, or 0. Empty where outcomes are drawn.
    held
        The names of the data that hold these values: how many numbers there are, and the numbers.
    before
        The name of the data that say which number each parameter holds before it is drawn, which nothing may
        depend on. Empty where outcomes are drawn.
    """

    source: str = field(repr=False)
    drawn: Mapping[str, str]
    counts: Mapping[str, str]
    flag: str
    constants: tuple[Hyperparameter, ...] = field(repr=False)
    unused: str = ""
    is_integer: frozenset[str] = frozenset()
    totals: frozenset[str] = frozenset()
    by_author: Mapping[str, str] = field(default_factory=dict)
    derived: tuple[str, ...] = ()
    holding: str = ""
    held: tuple[str, str] = ("", "")
    before: str = ""

    def make_data(
        self,
        constants: Mapping[str, Any],
        *,
        held: Mapping[str, Any] = {},
        counting: bool = False,
        before: float = math.nan,
    ) -> dict[str, Any]:
        """Return the data that it needs besides the author's.

        Parameters
        ----------
        constants
            Values of constants of priors, by name, where they are not those of the program.
        held
            Values of parameters that are not drawn; others are drawn given these.
        counting
            Whether to count draws.
        before
            What parameters hold before they are drawn.
        """
        data = {item.data_name: constants.get(item.name, item.default) for item in self.constants}
        data[self.flag] = int(counting)
        if self.holding:
            numbers = [np.asarray(held[name], dtype=float).ravel() for name in self.drawn if name in held]
            starts = np.cumsum([1, *(len(item) for item in numbers)]).tolist()
            data[self.holding] = [starts.pop(0) if name in held else 0 for name in self.drawn]
            values = np.concatenate([np.empty(0), *numbers])
            data |= dict(zip(self.held, (len(values), values), strict=True))
            data[self.before] = before
        return data


@dataclass(frozen=True)
class _Simulation:
    """A program that is taken apart, and the names that simulating adds."""

    program: Program
    tree: n.Tree
    plan: RewritePlan
    names: ReplicateNames
    fresh: FreshNames
    flag: str

    @classmethod
    def take(cls, program: Program) -> _Simulation:
        """Return the draft of a program whose roles are settled."""
        settled = tuple(replace(term, is_settled=True) for term in program.terms)
        judged = judge_terms(replace(program, terms=settled))
        program, names = judged.program, judged.names
        plan = plan_rewrite(
            program.tree, program.terms, judged.maybe_likelihood, program.hyperparameters, names
        )
        return cls(
            program,
            lift_constants(program.tree, plan),
            plan,
            ReplicateNames.take(names),
            names,
            names.take("counting"),
        )

    @property
    def lifted(self) -> tuple[Hyperparameter, ...]:
        return tuple(item for item in self.program.hyperparameters if not item.is_user_data)

    def declare(self, block: str) -> dict[str, n.Declare]:
        """Return the declarations of a block by the variable."""
        found = (item for item in self.tree.get_block(block) if isinstance(item, n.Declare))
        return {name: item for item in found for name, _ in item.variables}


@dataclass(frozen=True)
class _Variable:
    """A variable that is drawn.

    Attributes
    ----------
    name
        The author's name.
    quantity, count
        The generated quantities that hold it, and that count its draws.
    declare
        Its declaration.
    draws
        By the index of a term, what draws elements of it.
    given
        The other variables that its densities are given.
    tries
        Draws after which a number within limits cannot be drawn.
    """

    name: str
    quantity: str
    count: str
    declare: n.Declare
    draws: Mapping[int, tuple[OutcomeDraw, ...]]
    given: frozenset[str]
    tries: int

    @property
    def keyword(self) -> str:
        """The keyword of its type."""
        return get_type_keyword(self.declare.sized, self.declare.constraint)

    @property
    def is_integer(self) -> bool:
        """Whether it holds integers."""
        return self.declare.sized.base == "int"


# --- parameters from the prior ------------------------------------------------------------------------------


def write_prior_program(program: Program, uniform: Collection[str]) -> SimulatingProgram:
    """Return the program that draws parameters from their prior.

    It is right only for a prior that is a product of densities, each of which integrates to a constant over
    the declared constraints and is given nothing that comes later.

    Parameters
    ----------
    program
        The author's program, with its roles settled.
    uniform
        Parameters of which some elements have no prior statement, within finite bounds or on a simplex.

    Raises
    ------
    CannotSimulateError
        A statement of the prior draws nothing, or priors depend on each other.
    """
    draft = _Simulation.take(program)
    declared = draft.declare("parameters")
    _refuse_types(declared)
    types = {name: item.sized for name, item in declared.items()}
    draws: dict[int, tuple[OutcomeDraw, ...]] = {}
    for term in draft.plan.terms:
        if term.role in {"prior", "latent"} and not term.is_constant:
            found = plan_term_draws(
                _without_normalisers(term), draft.program.tree, draft.plan, draft.names, {}, types
            )
            if isinstance(found, str):
                raise CannotSimulateError(f"the prior `{term.text}` on line {term.line} {found}.")
            draws[term.index] = found
    variables = []
    for name, declare in declared.items():
        own = {
            index: kept
            for index, item in draws.items()
            if (kept := tuple(draw for draw in item if draw.elements.name == name))
        }
        given = frozenset(
            other
            for term in draft.plan.terms
            if term.index in own
            for other in set(term.parameters) - set(term.outcomes)
        )
        count = draft.fresh.take(f"{name}_count")
        variables.append(_Variable(name, name, count, declare, own, given, TRIES))
    levels = _order(variables)
    transformed = draft.tree.get_block("transformed parameters")
    outcomes = {name for term in draft.plan.terms if term.role == "likelihood" for name in term.outcomes}
    outcomes -= types.keys()
    dependent = _find_dependent(draft, outcomes)
    derived = tuple(
        name
        for name, item in draft.declare("transformed parameters").items()
        if name not in dependent and item.sized.base not in _NO_NUMBER
    )
    unused, before = draft.fresh.take("unused"), draft.fresh.take("before")
    body: list[n.Stmt] = [
        *(_declare_drawn(item, draft.flag) for item in variables),
        *(_fill(item, before) for item in variables),
        *(stmt for item in variables if item.name in uniform for stmt in _draw_uniform(item)),
    ]
    holding = draft.fresh.take("holding")
    held = draft.fresh.take("n_held"), draft.fresh.take("held_values")
    numbers = {item.name: number for number, item in enumerate(variables, start=1)}
    for level in levels:
        body += _write_level(level, draft, {})
        body += [_hold(item, f"{holding}[{numbers[item.name]}]", held[1], draft) for item in level]
    body += [_without_affine(item) for item in slice_statements(transformed, frozenset(derived))]
    draft = _strip_outcomes(draft, frozenset(list_outcomes(program)), body)  # their values are not used
    own_data = (
        n.Raw(f"array[{len(variables)}] int<lower=0> {holding}; // where the values of what is held begin"),
        n.Raw(f"int<lower=0> {held[0]};\nvector[{held[0]}] {held[1]};"),
        n.Raw(f"real {before}; // what parameters hold before they are drawn"),
    )
    source = _assemble(draft, body, (n.Raw(f"real<lower=0, upper=1> {unused};"),), own_data=own_data)
    return SimulatingProgram(
        source,
        {item.name: item.quantity for item in variables},
        {item.name: item.count for item in variables},
        draft.flag,
        draft.lifted,
        unused,
        derived=derived,
        holding=holding,
        held=held,
        before=before,
    )


def _find_dependent(draft: _Simulation, names: Collection[str]) -> frozenset[str]:
    """Return the variables outside of the model block that depend on the values of some data, and these."""
    blocks = ("transformed data", "transformed parameters")
    statements = tuple(item for block in blocks for item in draft.tree.get_block(block))
    return find_dependent_names(statements, frozenset(names))


def _refuse_types(declared: Mapping[str, n.Declare]) -> None:
    for name, item in declared.items():
        if item.sized.base in _NO_NUMBER:
            raise CannotSimulateError(f"`{name}` is a `{item.sized.base}`, which is not drawn.")


def _without_normalisers(term: Term) -> Term:
    """Return a prior without what is subtracted from it: the probability within its limits.

    That it is nothing else has been checked where the integral of the prior was.
    """
    added = tuple(item for item in term.contributions if item.summand.sign == "+")
    return replace(term, contributions=added or term.contributions)


def _order(variables: Sequence[_Variable]) -> list[list[_Variable]]:
    """Return variables in the order in which they can be drawn, those that depend on each other together."""
    waiting = {item.name: item for item in variables}
    levels: list[list[_Variable]] = []
    while waiting:
        ready = [item for item in waiting.values() if not (item.given - {item.name}) & waiting.keys()]
        if not ready:
            ready = _find_circle(waiting)
        levels.append(ready)
        for item in ready:
            del waiting[item.name]
    return levels


def _find_circle(waiting: Mapping[str, _Variable]) -> list[_Variable]:
    """Return variables that depend on each other, and on nothing else that is still to be drawn."""
    reached = {name: _reach(name, waiting) for name in waiting}
    name = min(reached, key=lambda item: (len(reached[item]), list(waiting).index(item)))
    return [waiting[other] for other in waiting if other in reached[name] | {name}]


def _reach(name: str, waiting: Mapping[str, _Variable]) -> set[str]:
    found: set[str] = set()
    todo = [name]
    while todo:
        for other in waiting[todo.pop()].given & waiting.keys():
            if other not in found:
                found.add(other)
                todo.append(other)
    return found


def _hold(item: _Variable, start: str, values: str, draft: _Simulation) -> n.Stmt:
    """Return the statement that gives a parameter its value, row by row, where it is held."""
    place = draft.names.tries
    loops, index = _loop_over_elements(item)
    return n.Raw(
        f"if ({start}) {{ int {place} = {start}; "
        f"{loops} {{ {item.quantity}{index} = {values}[{place}]; {place} += 1; }} }}"
    )


def _fill(item: _Variable, value: str) -> n.Stmt:
    """Return the statement that gives all elements of a parameter the same number, before it is drawn."""
    loops, index = _loop_over_elements(item)
    return n.Raw(f"{loops} {{ {item.quantity}{index} = {value}; }}")


def _loop_over_elements(item: _Variable) -> tuple[str, str]:
    """Return the heads of the loops over all elements of a variable, row by row, and the index of one."""
    sizes = [to_text(size) for size in item.declare.sized.dims] + _list_sizes(item.declare)
    indices = [f"i_{item.name}_{number}" for number in range(1, len(sizes) + 1)]
    loops = " ".join(f"for ({name} in 1:{size})" for name, size in zip(indices, sizes, strict=True))
    return loops, f"[{', '.join(indices)}]" if indices else ""


def _draw_uniform(item: _Variable) -> Iterator[n.Stmt]:
    """Yield the statements that draw a whole parameter uniformly; statements of priors draw over them."""
    declare = item.declare
    bounds = dict(declare.constraint.arguments)
    sizes = [to_text(size) for size in declare.sized.dims]
    if item.keyword == "simplex":
        value = f"dirichlet_rng(rep_vector(1, {to_text(declare.sized.sizes[0])}))"
    elif declare.constraint.kind == "bounds" and {"lower", "upper"} <= bounds.keys():
        sizes += _list_sizes(declare)
        value = ""
    else:
        raise CannotSimulateError(f"`{item.name}` has no prior, and no finite bounds.")
    indices = [f"i_{item.name}_{number}" for number in range(1, len(sizes) + 1)]
    index = f"[{', '.join(indices)}]" if indices else ""
    if not value:
        lower, upper = (_format_bound(bounds[key], index) for key in ("lower", "upper"))
        value = f"uniform_rng({lower}, {upper})"
    loops = " ".join(f"for ({name} in 1:{size})" for name, size in zip(indices, sizes, strict=True))
    yield n.Raw(f"{loops} {{ {item.quantity}{index} = {value}; }}")


def _list_sizes(declare: n.Declare) -> list[str]:
    """Return the sizes of a vector or matrix; a square type is declared with one."""
    sizes = [to_text(size) for size in declare.sized.sizes]
    return sizes * 2 if declare.sized.base == "matrix" and len(sizes) == 1 else sizes


def _format_bound(bound: n.Expr, index: str) -> str:
    """Return the bound of one element: its own, where there is one for each."""
    return f"({to_text(bound)}){index}" if bound.type.is_container else to_text(bound)


# --- outcomes given parameters ------------------------------------------------------------------------------


def write_outcome_program(program: Program) -> SimulatingProgram:
    """Return the program that draws outcomes given parameters.

    Elements of outcomes that no statement is a density of keep the values of the data.

    Parameters
    ----------
    program
        The author's program, with its roles settled.

    Raises
    ------
    CannotSimulateError
        An outcome cannot be drawn.
    """
    draft = _Simulation.take(program)
    declared = draft.declare("data")
    outcomes = _plan_outcomes(draft, declared)
    renamed = {item.name: item.quantity for item in outcomes}
    transformed = draft.tree.get_block("transformed parameters")
    is_apart = not t.find_names(transformed) & _find_dependent(draft, renamed)
    if is_apart:
        draft = replace(draft, tree=draft.tree.replace(transformed_parameters=()))
    authors = {item.name: item for item in outcomes if not item.draws}
    by_author = _find_authors(draft, authors, _list_types(declared))
    body: list[n.Stmt] = [_declare_outcome(item, draft.flag) for item in outcomes]
    for level in _order([item for item in outcomes if item.draws]):
        body += _write_level(level, draft, renamed)
    if by_author:
        drawn = {quantity: authors[name] for name, quantity in by_author.items()}
        body.append(_copy_authors(drawn, draft, renamed))
    _refuse_computed(draft, renamed, body)
    draft = _strip_outcomes(draft, frozenset(renamed), body)
    # Offsets and multipliers may be computed from outcomes, and only matter while sampling.
    parameters = tuple(_without_affine(item) for item in draft.tree.get_block("parameters"))
    return SimulatingProgram(
        _assemble(draft, body, parameters, transformed if is_apart else ()),
        renamed,
        {item.name: item.count for item in outcomes if item.draws},
        draft.flag,
        draft.lifted,
        is_integer=frozenset(item.name for item in outcomes if item.is_integer),
        totals=_find_totals(draft),
        by_author=by_author,
    )


def _find_totals(draft: _Simulation) -> frozenset[str]:
    """Return the outcomes whose totals are given, as those of multinomial counts are."""
    return frozenset(
        name
        for term in draft.plan.terms
        if term.role == "likelihood" and term.distribution in _OF_TOTALS
        for name in term.outcomes
    )


def list_outcomes(program: Program) -> tuple[str, ...]:
    """Return the variables of the data block that the likelihood is a density of."""
    data = {item.name for item in program.data}
    found = [name for term in program.terms if term.role == "likelihood" for name in term.outcomes]
    found += _list_replicated(program)
    return tuple(name for name in dict.fromkeys(found) if name in data)


def _list_replicated(program: Program) -> list[str]:
    """Return the replicated variables that a likelihood reads; a role may be settled as prior."""
    read = {
        name for term in program.terms if term.role == "likelihood" for name in (*term.outcomes, *term.data)
    }
    settled = {name for term in program.terms for name in term.outcomes} - read
    return [item.outcome for item in program.replicates if item.outcome not in settled]


def _plan_outcomes(draft: _Simulation, declared: Mapping[str, n.Declare]) -> list[_Variable]:
    """Return the outcomes; those without draws are drawn by the author, or not at all."""
    terms = [item for item in draft.plan.terms if item.role == "likelihood" and not item.is_constant]
    if not terms:
        raise CannotSimulateError("no statement of the program is a likelihood: it has no outcomes.")
    types = _list_types(declared)
    tree, plan = draft.program.tree, draft.plan
    reasons: dict[str, str] = {}
    drawn: set[str] = set()
    for term in terms:
        found = plan_term_draws(term, tree, plan, draft.names, {}, types)
        if isinstance(found, str):
            about = [name for name in term.outcomes if name in types]
            if term.distribution is None:
                about += [name for name in term.data if _is_replicated(name, draft)]
            reasons |= dict.fromkeys(about or [""], f"`{term.text}` on line {term.line} {found}")
        else:
            drawn |= {draw.elements.name for draw in found}
    replicated = {name for name in _list_replicated(draft.program) if name in types}
    if "" in reasons and not replicated:
        raise CannotSimulateError(f"{reasons['']}.")
    for deciding in _list_censored(terms, draft, types).values():
        reasons |= dict.fromkeys(deciding, _WITH_CENSORING)
    outcomes = [name for name in types if name in drawn | replicated | reasons.keys()]
    _refuse_apart(terms, draft, outcomes)
    quantities = {name: draft.fresh.take(f"{name}_drawn") for name in outcomes}
    own_types = {quantities[name]: types[name] for name in outcomes}
    draws: dict[int, tuple[OutcomeDraw, ...]] = {}
    for term in terms:
        found = plan_term_draws(term, tree, plan, draft.names, quantities, own_types)
        if not isinstance(found, str):
            draws[term.index] = found
    return [
        _plan_outcome(
            name, declared[name], quantities[name], draws, terms, draft, reasons, frozenset(outcomes)
        )
        for name in outcomes
    ]


def _list_types(declared: Mapping[str, n.Declare]) -> dict[str, n.Sized]:
    """Return the types of data that hold numbers."""
    return {name: item.sized for name, item in declared.items() if item.sized.base not in _NO_NUMBER}


def _list_censored(
    terms: Sequence[Term], draft: _Simulation, types: Mapping[str, n.Sized]
) -> dict[str, tuple[str, ...]]:
    """Return the outcomes that may be censored and are drawn so by the author.

    Each with itself and the data that decide which of its values are censored: the author draws them all,
    under their names with `_rep`.
    """
    authors = draft.declare("generated quantities")
    found = {}
    for name in types:
        about = [term for term in terms if name in term.outcomes]
        if _find_censoring(about, terms) is not None:
            deciding = _list_deciding(name, about, terms, types)
            if len(deciding) > 1 and all(_is_replicate_of(item, authors, types) for item in deciding):
                found[name] = deciding
    return found


def _list_deciding(
    name: str, about: Sequence[Term], terms: Sequence[Term], types: Mapping[str, n.Sized]
) -> tuple[str, ...]:
    """Return an outcome, and the data of several numbers that decide which density it has."""
    censoring = _find_censoring(about, terms)
    uses = {
        use.name
        for term in (*about, *([] if censoring is None else [censoring]))
        for item in term.contributions
        for use in item.branch
        if use.via != "size"
    }
    return (name, *(item for item in types if item in uses - {name} and list_sizes(types[item])))


def _is_replicate_of(name: str, authors: Mapping[str, n.Declare], types: Mapping[str, n.Sized]) -> bool:
    own = authors.get(f"{name}_rep")
    return own is not None and list_sizes(own.sized) == list_sizes(types[name])


def _find_censoring(about: Sequence[Term], terms: Sequence[Term]) -> Term | None:
    """Return the one of all terms that is about censored values of what these terms are densities of."""
    return find_censoring([term.distribution for term in about if term.distribution], terms)


def _refuse_apart(terms: Sequence[Term], draft: _Simulation, outcomes: Collection[str]) -> None:
    """Refuse a likelihood that reads no outcome: nothing is drawn from it, and no data set is its own."""
    dependent = _find_dependent(draft, outcomes)
    for term in terms:
        branches = {use.name for item in term.contributions for use in item.branch}
        if outcomes and not dependent & {*term.outcomes, *term.data, *branches}:
            raise CannotSimulateError(
                f"`{term.text}` on line {term.line} counts as likelihood and reads no outcome, so that "
                f"nothing is drawn from it; if it is a prior, `--role 'line {term.line}=prior'` says so."
            )


def _is_replicated(name: str, draft: _Simulation) -> bool:
    """Return whether the program replicates a variable that a hand-written likelihood holds."""
    return any(item.outcome == name for item in draft.program.replicates)


def _plan_outcome(
    name: str,
    declare: n.Declare,
    quantity: str,
    draws: Mapping[int, tuple[OutcomeDraw, ...]],
    terms: Sequence[Term],
    draft: _Simulation,
    reasons: Mapping[str, str],
    outcomes: frozenset[str],
) -> _Variable:
    own = {
        index: kept
        for index, item in draws.items()
        if (kept := tuple(draw for draw in item if draw.elements.name == quantity))
    }
    about = [term for term in terms if term.index in own]
    censoring = _find_censoring(about, terms)
    if censoring is not None and reasons.get(name) != _WITH_CENSORING:
        deciding = _list_deciding(name, about, terms, _list_types(draft.declare("data")))
        listed = " and ".join(f"`{item}_rep`" for item in deciding)
        raise CannotSimulateError(
            f"`{name}` cannot be drawn: `{censoring.text}` on line {censoring.line} is about censored "
            "values, and the program does not say when they are censored.",
            hint=f"let its generated quantities draw {listed}, together" if len(deciding) > 1 else "",
        )
    placed = [(term.model_statement, draw) for term in about for draw in own[term.index]]
    if name not in reasons and not are_disjoint(placed, draft.program.tree):
        raise CannotSimulateError(f"`{name}` cannot be drawn: it has several densities.")
    keyword = get_type_keyword(declare.sized, declare.constraint)
    if own and keyword in _JOINT:
        raise CannotSimulateError(
            f"`{name}` cannot be drawn: it is declared `{keyword}`, and its elements are drawn one by one."
        )
    given = frozenset(
        use.name
        for term in about
        for item in term.contributions
        for uses in (item.branch, *(density.given for density in item.value.densities))
        for use in uses
        if use.via != "size"
    )
    count = draft.fresh.take(f"{name}_count")
    trusted = {} if name in reasons else own
    return _Variable(name, quantity, count, declare, trusted, given & outcomes, _OUTCOME_TRIES)


def _refuse_computed(draft: _Simulation, outcomes: Collection[str], body: Sequence[n.Stmt]) -> None:
    """Refuse data that are computed from outcomes and enter what is drawn: they would stay as they are."""
    dependent = _find_dependent(draft, outcomes)
    made = {name for item in draft.tree.get_block("transformed data") for name in _list_declared(item)}
    used = {name for item in body for name in find_read_names(item)}
    listed = ", ".join(f"`{name}`" for name in sorted(outcomes))
    for name in sorted(made & dependent & used):
        raise CannotSimulateError(
            f"`{name}` is computed from the outcome {listed} in transformed data, and the model reads "
            "it: simulated data would leave it as it is."
        )


def find_parameter_by_outcome(program: Program) -> tuple[str, str]:
    """Return a parameter whose bounds or size depend on outcomes, and these as text; empty if none."""
    outcomes = list_outcomes(program)
    blocks = ("transformed data", "transformed parameters")
    statements = tuple(item for block in blocks for item in program.tree.get_block(block))
    dependent = find_dependent_names(statements, frozenset(outcomes))
    for item in program.tree.get_block("parameters"):
        if isinstance(item, n.Declare):
            bounds = item.constraint if item.constraint.kind != "affine" else n.Constraint()
            if t.find_names((item.sized, bounds)) & dependent:
                return item.variables[0][0], ", ".join(f"`{name}`" for name in outcomes)
    return "", ""


def _list_declared(statement: n.Stmt) -> frozenset[str]:
    return find_made_names(statement) if isinstance(statement, n.Declare) else frozenset()


def _find_authors(
    draft: _Simulation, wanted: Mapping[str, _Variable], types: Mapping[str, n.Sized]
) -> dict[str, str]:
    """Return the author's quantities that replicate outcomes which no statement of the model draws."""
    if not wanted:
        return {}
    data = {name: item.sized for name, item in draft.declare("data").items()}
    data |= {name: item.sized for name, item in draft.declare("transformed data").items()}
    likelihood = [term for term in draft.plan.terms if term.role == "likelihood"]
    found = {
        item.outcome: item.name
        for item in match_authors_replicates(draft.program.tree, data, likelihood).values()
    }
    for deciding in _list_censored(likelihood, draft, types).values():
        found |= {name: f"{name}_rep" for name in deciding}
    for name in wanted:
        if name not in found:
            reason = next((item.reason for item in draft.program.replicates if item.outcome == name), "")
            about = next((term for term in likelihood if name in term.outcomes), None)
            if not reason and about is not None:
                reason = f"`{about.text}` on line {about.line} is a density of what is computed from it"
            raise CannotSimulateError(
                f"`{name}` cannot be drawn: {reason or 'no statement is a density of it'}.",
                hint=f"let its generated quantities draw `{name}_rep`",
            )
    return {name: found[name] for name in wanted}


def _copy_authors(items: Mapping[str, _Variable], draft: _Simulation, renamed: Mapping[str, str]) -> n.Stmt:
    """Return the author's statements that draw outcomes, by the quantity, and those that take them over.

    They stand in one block: outcomes may share what is drawn for them.
    """
    statements = (
        *draft.tree.get_block("transformed parameters"),
        *draft.tree.get_block("generated quantities"),
        *(_take_over(item, quantity, draft) for quantity, item in items.items()),
    )
    return n.Block(slice_statements([rename_variables(as_local(each), renamed) for each in statements]))


def _take_over(item: _Variable, quantity: str, draft: _Simulation) -> n.Stmt:
    """Return the statement that gives an outcome the value of an author's quantity."""
    own = draft.declare("generated quantities")[quantity].sized
    wanted = item.declare.sized
    value = quantity
    if own.base != wanted.base or len(own.dims) != len(wanted.dims):
        flat = {("vector", 0): "to_vector", ("row_vector", 0): "to_row_vector", ("real", 1): "to_array_1d"}
        shape = (wanted.base, len(wanted.dims))
        if shape not in flat:
            raise CannotSimulateError(f"`{item.name}` cannot be drawn: `{quantity}` has another type.")
        value = f"{flat[shape]}({quantity})"
    return n.Raw(f"{item.quantity} = {value};")


def _strip_outcomes(draft: _Simulation, outcomes: frozenset[str], body: Sequence[n.Stmt]) -> _Simulation:
    """Return a draft that takes any values of outcomes: they may be missing, or out of place.

    They are declared without bounds, and what transformed data compute or demand of them is left out, but for
    what `body` and the transformed parameters read.
    """

    def strip(item: n.Stmt) -> Any:
        is_outcome = isinstance(item, n.Declare) and outcomes & {name for name, _ in item.variables}
        return as_local(item) if is_outcome else item

    stripped = tuple(strip(item) for item in draft.tree.get_block("data"))
    dependent = _find_dependent(draft, outcomes)
    block = draft.tree.get_block("transformed data")
    read = find_read_names((tuple(body), draft.tree.get_block("transformed parameters")))
    read |= find_read_names(slice_statements(block, read))
    kept: list[n.Stmt] = []
    made = frozenset(name for item in block for name in _list_declared(item))
    for item in block:
        is_apart = not find_read_names(item) & dependent
        kept += [item] if is_apart else slice_statements([item], made - (dependent - read))
    return replace(draft, tree=draft.tree.replace(data=stripped, transformed_data=tuple(kept)))


# --- both ---------------------------------------------------------------------------------------------------


def _write_level(
    level: Sequence[_Variable], draft: _Simulation, renamed: Mapping[str, str]
) -> Iterator[n.Stmt]:
    """Yield the block that draws some variables: what they need of the model, with draws for densities."""
    plan = draft.plan

    def change(node: Any) -> Any:
        if adds_to_target(node):
            texts = (
                text
                for term in plan.select_terms(node)
                for item in level
                for draw in item.draws.get(term.index, ())
                for text in _draw(draw, item, draft)
            )
            return splice((n.Raw(text) for text in (" ".join(texts),) if text), node.id)
        if isinstance(node, n.Message):
            return splice_out()
        call = plan.find_lp_call(node)
        return normalise(node) if call is None else call_for_value(node, call) or splice_out()

    model = t.rebuild(tuple(draft.tree.get_block("model")), change)
    transformed = tuple(as_local(item) for item in draft.tree.get_block("transformed parameters"))
    statements = [rename_variables(item, renamed) for item in (*transformed, *model)]
    yield n.Block(remove_braces(slice_statements(statements)))
    for item in level:
        yield from _finish_variable(item)


def _draw(draw: OutcomeDraw, item: _Variable, draft: _Simulation) -> Iterator[str]:
    """Yield the statements that draw the outcome of one density, as Stan."""
    names, plan = draft.names, draft.plan
    own = _inline_holders(draw, item.quantity)
    elements = names.elements[: own.rank]
    yield "{"
    yield from own.declarations
    if own.count:
        yield f"for ({plan.element} in 1:{own.count}) {{"
    target = own.elements.format_index(*([plan.element] if own.count else []), *elements)
    yield f"{own.type} {names.drawn} = {own.value};"
    within = _format_within(own, item, target, names.drawn)
    if within and not own.rank:
        yield f"int {names.tries} = 1;"
        yield f"while (!({within}) && {names.tries} < {item.tries}) {{"
        yield f"{names.drawn} = {own.value}; {names.tries} += 1; }}"
        yield from _invert(own, within, names)
        impossible = f"{OUT_OF_LIMITS}" if own.type == "int" else "not_a_number()"
        yield f"if (!({within})) {{ {names.drawn} = {impossible}; }}"
    sizes = (
        [f"rows({names.drawn})", f"cols({names.drawn})"]
        if own.rank == 2
        else [f"num_elements({names.drawn})"] * own.rank
    )
    for element, size in zip(elements, sizes, strict=True):
        yield f"for ({element} in 1:{size}) {{"
    index = f"[{', '.join(elements)}]" if elements else ""
    if re.search(rf"\b{item.quantity}\b", target):  # Stan does not assign to elements at places read from it
        texts = own.elements.format_indices(*([plan.element] if own.count else []), *elements)
        places = [f"{names.tries}_{number}" for number in range(1, len(texts) + 1)]
        yield from (f"int {place} = {text};" for place, text in zip(places, texts, strict=True))
        target = f"[{', '.join(places)}]"
    yield f"{item.quantity}{target} = {names.drawn}{index};"
    yield f"if ({draft.flag}) {{ {item.count}{target or '[1]'} += 1; }}"
    yield "}" * (len(elements) + bool(own.count) + 1)


def _invert(draw: OutcomeDraw, within: str, names: ReplicateNames) -> Iterator[str]:
    """Yield statements that draw within limits which hold too little to be met by chance.

    The probability of larger numbers, on the log scale, is that at the lower limit times a uniform number;
    the number that has it is found by bisection. Stan has these functions for each density that it truncates.
    Where there is no lower limit, a bracket would leave the support of some of them.
    """
    distribution, arguments = draw.truncated
    lower, upper = draw.limits
    if not distribution or not lower or upper:
        return
    drawn, near, far, middle = (f"{names.tries}_{name}" for name in ("drawn", "near", "far", "middle"))
    is_integer = draw.type == "int"
    first = f"({lower}) - 1" if is_integer else lower
    half = "%/% 2" if is_integer else "/ 2"

    def beyond(place: str) -> str:
        return f"{distribution}_lccdf({place} | {arguments})"

    yield f"if (!({within})) {{"
    yield f"{draw.type} {near} = {first}; {draw.type} {far} = {near} + 1;"
    yield f"real {drawn} = {beyond(near)} + log(uniform_rng(0, 1));"
    yield f"if ({drawn} > negative_infinity()) {{"
    yield f"while ({beyond(far)} > {drawn} && {far} - {near} < {_FARTHEST_DRAW}) {{"
    yield f"{far} += {far} - {near}; }}"
    yield f"for (i_{names.tries} in 1:{_HALVINGS}) {{"
    yield f"{draw.type} {middle} = {near} + ({far} - {near}) {half};"
    yield f"if ({beyond(middle)} > {drawn}) {near} = {middle}; else {far} = {middle}; }}"
    yield f"{names.drawn} = {far}; }}}}"


def _format_within(draw: OutcomeDraw, item: _Variable, target: str, drawn: str) -> str:
    """Return the condition that a draw is within its limits: those of the statement, or the declared ones."""
    bounds = dict(item.declare.constraint.arguments) if item.declare.constraint.kind == "bounds" else {}
    if item.quantity != item.name:  # the declared bounds of data do not cut a density
        bounds = {}
    if item.keyword == "positive_ordered":
        bounds = {"lower": n.Numeral("0")}
    lower, upper = (
        stated or (_format_bound(bounds[key], target) if key in bounds else "")
        for stated, key in zip(draw.limits, ("lower", "upper"), strict=True)
    )
    ends = ([f"{drawn} >= {lower}"] if lower else []) + ([f"{drawn} <= {upper}"] if upper else [])
    return " && ".join(ends)


def _inline_holders(draw: OutcomeDraw, name: str) -> OutcomeDraw:
    """Return a draw whose arguments read the elements drawn so far, instead of those before the first."""
    value, limits, (distribution, arguments) = draw.value, draw.limits, draw.truncated
    kept: list[str] = []
    for declaration in draw.declarations:
        head, _, expression = declaration.rstrip(";").partition(" = ")
        if re.search(rf"\b{name}\b", expression):
            holder = re.compile(rf"\b{head.split()[-1]}\b")
            value, arguments = (
                holder.sub(lambda _, text=expression: f"({text})", each)  # type: ignore[misc]
                for each in (value, arguments)
            )
        else:
            kept.append(declaration)
    truncated = distribution, arguments
    return replace(draw, value=value, limits=limits, truncated=truncated, declarations=tuple(kept))


def _finish_variable(item: _Variable) -> Iterator[n.Stmt]:
    """Yield what makes draws of independent elements draws of a constrained vector."""
    dims = [to_text(size) for size in item.declare.sized.dims]
    indices = [f"i_{item.name}_{number}" for number in range(1, len(dims) + 1)]
    vector = f"{item.quantity}[{', '.join(indices)}]" if indices else item.quantity
    if item.keyword in {"ordered", "positive_ordered"}:
        statement = f"{vector} = sort_asc({vector});"
    elif item.keyword == "sum_to_zero_vector":
        statement = f"{vector} = {vector} - mean({vector});"
    else:
        return
    loops = " ".join(f"for ({name} in 1:{size})" for name, size in zip(indices, dims, strict=True))
    yield n.Raw(f"{loops} {{ {statement} }}")


def _declare_drawn(item: _Variable, flag: str) -> n.Stmt:
    """Return the declaration of a parameter as a generated quantity, and of the counts of its draws."""
    declare = _without_affine(item.declare)
    type_ = format_type(declare.sized, declare.constraint)
    return n.Raw(f"{type_} {item.quantity};\n{_declare_count(item, flag)}")


def _declare_outcome(item: _Variable, flag: str) -> n.Stmt:
    """Return the declaration of an outcome, which begins as the data have it."""
    type_ = format_type(as_local(item.declare).sized, n.Constraint())
    count = f"\n{_declare_count(item, flag)}" if item.draws else ""
    return n.Raw(f"{type_} {item.quantity} = {item.name};{count}")


def _declare_count(item: _Variable, flag: str) -> str:
    sizes = [to_text(size) for size in item.declare.sized.dims] + _list_sizes(item.declare)
    first, *rest = sizes or ["1"]
    dims = ", ".join([f"{flag} ? {first} : 0", *rest])
    return f"array[{dims}] int {item.count} = rep_array(0, {dims});"


def _without_affine(item: Any) -> Any:
    """Return a declaration without offset and multiplier, which only matter while sampling."""
    if isinstance(item, n.Declare) and item.constraint.kind == "affine":
        return replace(item, constraint=n.Constraint())
    return item


def as_local(item: n.Stmt) -> Any:
    """Return a declaration of a block as a local one, without constraints; other statements as they are."""
    if not isinstance(item, n.Declare):
        return item
    sizes = item.sized.sizes
    if item.sized.base == "matrix" and len(sizes) == 1:
        sizes = sizes * 2
    return replace(item, constraint=n.Constraint(), sized=replace(item.sized, sizes=sizes))


def _assemble(
    draft: _Simulation,
    body: Sequence[n.Stmt],
    parameters: Sequence[n.Stmt],
    transformed: Sequence[n.Stmt] = (),
    own_data: Sequence[n.Stmt] = (),
) -> str:
    """Return the program's text.

    Parameters
    ----------
    draft
        The program that it is made from.
    body
        Its generated quantities.
    parameters, transformed
        Its parameters and transformed parameters.
    own_data
        Further data.
    """
    texts = " ".join(word for item in body for word in find_read_names(item))
    guarded = [
        n.Raw(text.format(name=draft.names.guarded[kind], missing=MISSING))
        for kind, text in GUARDED.items()
        if re.search(rf"\b{draft.names.guarded[kind]}\b", texts)
    ]
    values = [copy_for_value(call) for call in draft.plan.lp_calls.values() if call.function.returns]
    blocks = {
        "functions": (*draft.tree.get_block("functions"), *guarded, *values),
        "data": (
            *draft.tree.get_block("data"),
            *declare_constants(draft.lifted),
            *own_data,
            n.Raw(f"int<lower=0, upper=1> {draft.flag}; // whether to count draws"),
        ),
        "transformed data": draft.tree.get_block("transformed data"),
        "parameters": tuple(parameters),
        "transformed parameters": tuple(transformed),
        "generated quantities": tuple(body),
    }
    tree = n.Tree(tuple((name, blocks[name]) for name in n.BLOCKS if blocks.get(name)))
    title = "".join(letter if letter.isprintable() else "_" for letter in draft.program.path.name)
    return f"// {title}, for simulations.\n{to_text(tree)}\n"
