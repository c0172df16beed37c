"""The program that predicts: it has no density to sample from, and computes what belongs to given draws.

It holds the author's data twice, as the fit had them and for the new rows, where statistics of all rows are
used. Its generated quantities are the author's, the log density of each observation, the replicates, the mean
of each outcome, and elements that the fit does not know.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from workbench.program.analysis import join_entries, judge_terms, require_countable
from workbench.program.instrument import (
    declare_constants,
    declare_densities,
    declare_roles,
    lift_constants,
)
from workbench.program.model import Program
from workbench.program.predictive.draw_replicates import (
    declare_switch,
    define_guarded_generators,
    draw_replicates,
)
from workbench.program.predictive.frozen_statistics import FrozenStatistics, freeze_statistics
from workbench.program.predictive.joint_outcomes import (
    JointOutcome,
    declare_joint_outcomes,
    define_conditional_draws,
    draw_joint_outcome,
    find_joint_outcomes,
)
from workbench.program.predictive.log_lik_order import Order, find_log_lik_order
from workbench.program.predictive.new_elements import (
    NewElements,
    declare_new_elements,
    draw_new_elements,
    plan_new_elements,
    start_new_elements,
)
from workbench.program.predictive.outcome_draws import OutcomeDraw
from workbench.program.predictive.replicates import (
    Replicate,
    ReplicationPlan,
    plan_replication,
    plan_term_draws,
    rename_variables,
    restrict_replication,
)
from workbench.program.predictive.row_axes import RowAxes, find_derived_sizes
from workbench.program.rewrite.log_densities import (
    ROLE_CODES,
    format_is_likelihood,
    record_functions,
    record_log_densities,
)
from workbench.program.rewrite.lp_functions import call_for_value
from workbench.program.rewrite.observation_count import count_observations
from workbench.program.rewrite.plan import RewritePlan, plan_rewrite
from workbench.program.rewrite.shapes import collect_declared_types
from workbench.program.rewrite.splice import remove_braces, splice, splice_out
from workbench.program.syntax import nodes as n
from workbench.program.syntax import traverse as t
from workbench.program.syntax.declarations import collect_declarations
from workbench.program.syntax.identifiers import FreshNames
from workbench.program.syntax.printer import to_text
from workbench.program.terms.densities import normalise
from workbench.program.terms.summands import adds_to_target
from workbench.program.terms.terms import Term

_OF_ALL_ROWS = frozenset({"multinomial", "multinomial_logit", "dirichlet_multinomial"})
"""Distributions of a whole column: its rows are the categories of one outcome."""


@dataclass(frozen=True)
class PredictiveProgram:
    """The program that predicts, and the data that it needs besides the author's.

    Attributes
    ----------
    source
        The Stan program.
    program
        The author's program with its statistics frozen; its declarations are those of the data.
    copies
        By data variable: the one that holds it as the fit had it.
    replicates
        The outcomes, and how each is replicated.
    log_lik
        The quantity with one log density for each observation; empty if the data do not tell their number.
    log_lik_order
        The outcomes in the order of that, a group for each statement or loop; empty if that is not known.
    added
        Further generated quantities that are not the author's.
    means
        By outcome: the quantity that holds its mean.
    new_elements
        Variables that can have elements which the fit does not know.
    joint
        Outcomes with one multivariate normal density for all rows.
    flags
        By size: the data that say which elements along it are new.
    switches
        The names of the data that say whether to draw replicates, means and new elements; and the roles.
    """

    source: str = field(repr=False)
    program: Program = field(repr=False)
    copies: Mapping[str, str]
    replicates: tuple[Replicate, ...]
    log_lik: str
    log_lik_order: Order
    added: tuple[str, ...]
    means: Mapping[str, str]
    new_elements: tuple[NewElements, ...]
    joint: tuple[JointOutcome, ...]
    flags: Mapping[str, str]
    switches: Switches

    @property
    def outcomes_of_all_rows(self) -> frozenset[str]:
        """The outcomes whose categories are the rows of the table, where all are such.

        Counts with a second index have their categories there, and are of one row each.
        """
        distributions = {name for item in self.replicates for name in item.distributions}
        outcomes = {item.density_of or item.outcome for item in self.replicates}
        declared = (*self.program.data, *self.program.transformed_data)
        is_flat = all(len(item.axes) == 1 for item in declared if item.name in outcomes)
        is_joint = bool(distributions) and distributions <= _OF_ALL_ROWS
        return frozenset(outcomes) if is_joint and is_flat else frozenset()

    def make_data(
        self,
        constants: Mapping[str, float],
        new: Mapping[str, Sequence[int]],
        *,
        replicating: bool = False,
        adding: bool = False,
    ) -> dict[str, Any]:
        """Return the data that it needs besides the author's and their copies.

        Parameters
        ----------
        constants
            Values of constants of priors, by name, where they are not those of the program.
        new
            By size: 1 for each element along it that the fit does not know.
        replicating
            Whether to draw replicates and compute means.
        adding
            Whether to draw new elements.
        """
        switches = self.switches
        data: dict[str, Any] = {switches.roles: [ROLE_CODES[term.role] for term in self.program.terms]}
        if switches.replicating:
            data[switches.replicating] = int(replicating)
        data[switches.averaging] = int(replicating)
        if self.flags:
            data[switches.adding] = int(adding)
        lifted = [item for item in self.program.hyperparameters if not item.is_user_data]
        data |= {item.data_name: constants.get(item.name, item.default) for item in lifted}
        return data | {self.flags[size]: list(new[size]) for size in self.flags}


@dataclass(frozen=True)
class Switches:
    """The names of data: the roles of terms, and whether to draw replicates, compute means, add elements."""

    roles: str
    replicating: str
    averaging: str
    adding: str


@dataclass(frozen=True)
class _Draft:
    """What the predictive program is made from."""

    program: Program
    frozen: FrozenStatistics
    plan: RewritePlan
    replication: ReplicationPlan
    switches: Switches
    means: Mapping[int, tuple[OutcomeDraw, ...]]
    mean_names: Mapping[str, str]
    new_elements: tuple[NewElements, ...]
    joint: tuple[JointOutcome, ...]
    flags: Mapping[str, str]

    @property
    def without_new(self) -> _Draft:
        """The same without elements that the fit does not know."""
        return replace(self, new_elements=(), joint=(), flags={})


def iterate_predictive_programs(program: Program, sizes: frozenset[str]) -> Iterator[PredictiveProgram]:
    """Yield the program that predicts new rows, then ever plainer ones for where stanc rejects it.

    Parameters
    ----------
    program
        The author's program, its roles settled as the fit had them.
    sizes
        The data that count rows, or groups of rows.
    """
    draft = _plan(program, sizes)
    without_means = replace(draft, means={}, mean_names={})
    yield _finish(draft)
    if draft.new_elements or draft.joint:
        yield _finish(draft.without_new)
    if draft.means:
        yield _finish(without_means)
        yield _finish(without_means.without_new)
    if draft.replication.drawn_by_workbench:
        reason = "stanc does not accept the statements that draw it"
        replication = restrict_replication(draft.replication, [], reason)
        yield _finish(replace(without_means.without_new, replication=replication))


def _plan(program: Program, sizes: frozenset[str]) -> _Draft:
    frozen = freeze_statistics(program.tree, sizes)
    settled = tuple(replace(term, is_settled=True) for term in program.terms)
    places = program.places
    judged = judge_terms(
        replace(
            program,
            tree=frozen.tree,
            terms=settled,
            data=collect_declarations(frozen.tree.get_block("data"), places),
            transformed_data=collect_declarations(frozen.tree.get_block("transformed data"), places),
        )
    )
    program, names = judged.program, judged.names
    tree = program.tree
    plan = plan_rewrite(tree, program.terms, judged.maybe_likelihood, program.hyperparameters, names)
    replication = plan_replication(tree, plan, judged.maybe_likelihood, names)
    replication = replace(replication, replicates=_mark_conditional(replication.replicates, program.terms))
    plan, _ = require_countable(tree, join_entries(tree, plan, names))
    means, mean_names = _plan_means(tree, plan, replication, names)
    axes = RowAxes(sizes | find_derived_sizes(tree, sizes), collect_declared_types(tree))
    elements = _plan_elements(tree, plan, replication, axes, names)
    joint = _plan_joint(plan, replication, axes, names)
    grown = {size for item in elements if item.quantity for size in item.sizes} | {
        item.size for item in joint
    }
    flags = {size: names.take(f"is_new_{size}") for size in sorted(grown & sizes)}
    switches = Switches(
        plan.roles,
        replication.names.flag if replication.drawn_by_workbench or replication.repeated else "",
        names.take("averaging"),
        names.take("adding"),
    )
    return _Draft(program, frozen, plan, replication, switches, means, mean_names, elements, joint, flags)


def _mark_conditional(replicates: Sequence[Replicate], terms: Sequence[Term]) -> tuple[Replicate, ...]:
    """Return the replicates with whether their densities are given other values of the outcome, by any way.

    It does not matter who draws them: a replicate of the author's reads those values too.
    """
    given: dict[str, set[str]] = {}
    for term in terms:
        if term.role == "likelihood":
            for item in term.contributions:
                for density in item.value.densities:
                    for outcome in density.outcome:
                        names = {use.name for use in density.given if use.via != "size"}
                        given.setdefault(outcome.name, set()).update(names)
    return tuple(
        replace(item, is_conditional=item.is_conditional or name in given.get(name, set()))
        for item in replicates
        for name in (item.density_of or item.outcome,)
    )


def _plan_elements(
    tree: n.Tree,
    plan: RewritePlan,
    replication: ReplicationPlan,
    axes: RowAxes,
    names: FreshNames,
) -> tuple[NewElements, ...]:
    """Return how new elements are drawn."""
    conditional = [item.outcome for item in replication.replicates if item.is_conditional]
    declared = [item for item in tree.get_block("parameters") if isinstance(item, n.Declare)]
    growing = [name for item in declared for name, _ in item.variables if axes.is_growing(name)]
    quantities = {name: names.take(f"{name}_new") for name in (*growing, *conditional)}
    elements = plan_new_elements(
        tree, plan, replication.names, axes, quantities, conditional, replication.renamed
    )
    return tuple(
        replace(item, density=names.take(f"{item.name}_density"))
        if item.name in conditional and item.quantity and item.has_density
        else item
        for item in elements
    )


def _plan_joint(
    plan: RewritePlan, replication: ReplicationPlan, axes: RowAxes, names: FreshNames
) -> tuple[JointOutcome, ...]:
    """Return the outcomes with one density for all rows."""
    taken = {
        item.outcome: (names.take(f"{item.outcome}_joint"), f"{names.take(f'{item.outcome}_given_rows')}_rng")
        for item in replication.replicates
        if axes.is_growing(item.outcome)
    }
    return find_joint_outcomes(plan, axes, replication.renamed, taken)


def _plan_means(
    tree: n.Tree, plan: RewritePlan, replication: ReplicationPlan, names: FreshNames
) -> tuple[dict[int, tuple[OutcomeDraw, ...]], dict[str, str]]:
    """Return what computes the mean of each outcome, by the index of a term, and the quantities' names.

    An outcome of which any density has no known mean has none.
    """
    types = _collect_types(tree)
    found: dict[int, tuple[OutcomeDraw, ...]] = {}
    without: set[str] = set()
    for term in plan.terms:
        if term.index not in plan.log_lik_terms and term.role != "likelihood":
            continue
        draws = plan_term_draws(term, tree, plan, replication.names, replication.renamed, types)
        if isinstance(draws, str):
            without |= {*term.outcomes, *(term.data if term.distribution is None else ())}
            continue
        without |= {draw.elements.name for draw in draws if not draw.mean}
        found[term.index] = draws
    kept = {
        index: tuple(d for d in draws if d.elements.name not in without) for index, draws in found.items()
    }
    outcomes = sorted({draw.elements.name for draws in kept.values() for draw in draws})
    return {index: draws for index, draws in kept.items() if draws}, {
        name: names.take(f"{name}_mean") for name in outcomes
    }


def _collect_types(tree: n.Tree) -> dict[str, n.Sized]:
    blocks = (*tree.get_block("data"), *tree.get_block("transformed data"))
    declared = (item for item in blocks if isinstance(item, n.Declare))
    return {name: item.sized for item in declared for name, _ in item.variables}


def _assemble(draft: _Draft) -> str:
    """Return the program's text, not yet formatted."""
    plan, replication, switches = draft.plan, draft.replication, draft.switches
    tree = lift_constants(draft.program.tree, plan)
    lifted = tuple(item for item in draft.program.hyperparameters if not item.is_user_data)
    flags = [
        n.Raw(f"array[{size}] int<lower=0, upper=1> {flag}; // 1 for what the fit does not know")
        for size, flag in draft.flags.items()
    ]
    if draft.flags:
        flags.append(n.Raw(f"int<lower=0, upper=1> {switches.adding}; // whether to draw new elements"))
    changed = tree.replace(
        functions=(
            *tree.get_block("functions"),
            *record_functions(plan),
            *define_guarded_generators(_join_draws(draft)),
            *define_conditional_draws(draft.joint),
        ),
        data=(
            *tree.get_block("data"),
            *declare_roles(plan),
            *declare_constants(lifted),
            *declare_switch(replication),
            n.Raw(f"int<lower=0, upper=1> {switches.averaging}; // whether to compute means"),
            *flags,
        ),
        transformed_data=(
            *tree.get_block("transformed data"),
            *(count_observations(tree, plan) if plan.log_lik_terms else ()),
        ),
        generated_quantities=(
            *declare_densities(plan),
            *(record_log_densities(tree, plan) if plan.terms else ()),
            *_add_elements(
                tree, draft
            ),  # before anything else is drawn: their random numbers depend on nothing
            *_list_authors_quantities(tree, draft),
            *_compute_means(tree, draft),
        ),
    )
    without_model = n.Tree(tuple(item for item in changed.blocks if item[0] != "model"))
    title = "".join(letter if letter.isprintable() else "_" for letter in draft.program.path.name)
    return f"// {title}, for predictions from given draws.\n{to_text(without_model)}\n"


def _list_authors_quantities(tree: n.Tree, draft: _Draft) -> tuple[n.Stmt, ...]:
    """Return the author's quantities and the replicates; of a joint outcome they read what is not known."""
    if draft.joint:
        return ()
    return (
        *tree.get_block("generated quantities"),
        *draw_replicates(tree, draft.plan, draft.replication),
    )


def _join_draws(draft: _Draft) -> ReplicationPlan:
    """Return the plan of all that is drawn, for the generators that it calls."""
    drawn = dict(draft.replication.draws)
    for item in draft.new_elements:
        for index, draws in item.draws.items():
            drawn[index] = (*drawn.get(index, ()), *draws)
    return replace(draft.replication, draws=drawn)


def _compute_means(tree: n.Tree, draft: _Draft) -> Iterator[n.Stmt]:
    """Yield the declarations of means, and the model block with means in the place of densities."""
    if not draft.mean_names:
        return
    types, flag = _collect_types(tree), draft.switches.averaging
    for outcome, name in draft.mean_names.items():
        sized = types[outcome]
        dims, sizes = [to_text(item) for item in sized.dims], [to_text(item) for item in sized.sizes]
        base = "real" if sized.base == "int" else sized.base
        inner = f"[{', '.join(sizes)}]" if sizes else ""
        yield n.Raw(f"array[{', '.join([flag, *dims])}] {base}{inner} {name}; // mean of `{outcome}`")
    yield n.Raw(f"if ({flag}) {{")
    yield from _replay(tree, draft, lambda term: _average_term(term, draft))
    yield n.Raw("}")


def _average_term(term: Term, draft: _Draft) -> Iterator[str]:
    names, plan = draft.replication.names, draft.plan
    for draw in draft.means.get(term.index, ()):
        elements = names.elements[: draw.rank]
        base = "vector" if draw.rank else "real"
        yield f"if ({format_is_likelihood(term, plan)}) {{"
        yield from draw.declarations
        if draw.count:
            yield f"for ({plan.element} in 1:{draw.count}) {{"
        value = f"to_vector({draw.mean})" if draw.rank else draw.mean
        type_ = f"{base}[num_elements({value})]" if draw.rank else base
        yield f"{type_} {names.drawn} = {value};"
        for element in elements:
            yield f"for ({element} in 1:num_elements({names.drawn})) {{"
        index = f"[{elements[0]}]" if elements else ""
        target = draw.elements.format_index(*([plan.element] if draw.count else []), *elements)
        position = f"[1, {target[1:-1]}]" if target else "[1]"
        yield f"{draft.mean_names[draw.elements.name]}{position} = {names.drawn}{index};"
        yield "}" * (len(elements) + bool(draw.count) + 1)


def _add_elements(tree: n.Tree, draft: _Draft) -> Iterator[n.Stmt]:
    """Yield the declarations of variables with new elements, and the model block that draws these."""
    if not draft.flags:
        return
    flag = draft.switches.adding
    yield from declare_new_elements(tree, draft.new_elements, flag)
    yield from declare_joint_outcomes(draft.joint, flag)
    yield n.Raw(f"if ({flag}) {{")
    yield from start_new_elements(draft.new_elements)
    names, plan = draft.replication.names, draft.plan

    def write(term: Term) -> Iterator[str]:
        yield from draw_new_elements(term, draft.new_elements, names, draft.flags, plan)
        yield from draw_joint_outcome(term.index, draft.joint, draft.flags)

    yield from _replay(tree, draft, write)
    yield n.Raw("}")


def _replay(tree: n.Tree, draft: _Draft, write: Any) -> tuple[n.Stmt, ...]:
    """Return the model block with other statements in the place of those that add to ``target``."""
    plan = draft.plan

    def change(node: Any) -> Any:
        if adds_to_target(node):
            texts = [text for term in plan.select_terms(node) for text in write(term)]
            return splice((n.Raw(text) for text in texts), node.id)
        if isinstance(node, n.Message):
            return splice_out()
        call = plan.find_lp_call(node)
        return normalise(node) if call is None else call_for_value(node, call) or splice_out()

    changed = t.rebuild(tuple(tree.get_block("model")), change)
    return remove_braces([rename_variables(item, draft.replication.renamed) for item in changed])


def _finish(draft: _Draft) -> PredictiveProgram:
    return PredictiveProgram(
        _assemble(draft),
        replace(draft.program, replicates=draft.replication.replicates),
        draft.frozen.copies,
        draft.replication.replicates,
        draft.plan.log_lik if draft.plan.log_lik_terms else "",
        find_log_lik_order(draft.program.tree, draft.plan),
        (draft.plan.densities, draft.plan.lprior),
        draft.mean_names,
        draft.new_elements,
        draft.joint,
        draft.flags,
        draft.switches,
    )
