"""What a program's density is made of, and the one program that serves every estimator."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from workbench.errors import ProgramError
from workbench.program.instrument import Instrumented, instrument, plan_for
from workbench.program.model import Obstacle, Program
from workbench.program.predictive.replicates import Replicate, Replication, only, own_replicates, replication
from workbench.program.rewrite.log_densities import is_one_entry, opening_of
from workbench.program.rewrite.lp_functions import refusals
from workbench.program.rewrite.observation_count import undecided
from workbench.program.rewrite.weights import Plan
from workbench.program.syntax import nodes as n
from workbench.program.syntax import traverse as t
from workbench.program.syntax.declarations import Declaration
from workbench.program.syntax.identifiers import Names
from workbench.program.syntax.stanc import Stanc, ask, print_tree
from workbench.program.terms.data_flow import follow
from workbench.program.terms.hyperparameters import find_arguments, find_hyperparameters
from workbench.program.terms.roles import Rules
from workbench.program.terms.terms import Term, find_terms

_SCALE_KINDS = frozenset({"cholesky_factor_corr", "cholesky_factor_cov", "cov_matrix", "positive_ordered"})
_PROBABILITY_KINDS = frozenset({"simplex", "row_stochastic_matrix", "column_stochastic_matrix"})


def taken_apart(program: Program, stanc: Stanc) -> Program:
    """Return a program with its terms, hyperparameters and the instrumented program.

    Roles that the program's terms already have from its user are kept.
    """
    if program.tree.unknown:
        unread = (Obstacle("instrumenting", message) for message in program.tree.unknown)
        return replace(program, obstacles=tuple(unread))
    rules = _rules(program)
    judged = find_terms(rules, _numbered(program.tree), program.places)
    settled = {term.index: term for term in program.terms if term.is_settled}
    terms = tuple(_as_settled(term, settled.get(term.index)) for term in judged)
    names = Names(program.tree)
    priors = {term.index for term in (*judged, *terms) if term.role == "prior"}
    hyperparameters = find_hyperparameters(rules, terms, priors, program.data, names)
    arguments = find_arguments(rules, terms, hyperparameters)
    found = replace(program, terms=terms, hyperparameters=hyperparameters, arguments=arguments)
    maybe = {term.index for term in (*judged, *terms) if term.role in {"likelihood", "unplaced"}}
    refused = tuple(_refusals(found, rules))
    if refused:
        own = own_replicates(program.tree, terms)
        return replace(found, replicates=own, obstacles=(*refused, *_questions(terms)))
    instrumented = _instrumented(found, frozenset(maybe), names, stanc)
    return replace(instrumented, obstacles=(*instrumented.obstacles, *_questions(terms)))


def _as_settled(term: Term, settled: Term | None) -> Term:
    if settled is None:
        return term
    return replace(
        term, role=settled.role, confidence=settled.confidence, reason=settled.reason, is_settled=True
    )


def _numbered(tree: n.Tree) -> dict[int, n.Stmt]:
    return {item.id: item for _, body in tree.blocks for item in t.walk(body) if isinstance(item, n.Stmt)}


def _rules(program: Program) -> Rules:
    flow = follow(program.tree)
    declared = {item.name for item in program.data}
    containers = {item.name for item in program.data if not item.is_scalar} | (flow.data - declared)
    scales = frozenset(
        item.name for item in program.parameters if item.lower is not None or item.kind in _SCALE_KINDS
    )
    probabilities = frozenset(item.name for item in program.parameters if _is_probability(item))
    return Rules(
        flow,
        frozenset(containers),
        frozenset(scales - probabilities),
        frozenset(probabilities),
        _sizes(program),
    )


def _sizes(program: Program) -> frozenset[str]:
    declared = (*program.data, *program.parameters)
    return frozenset(name for item in declared for size in item.sizes for name in size.names)


def _is_probability(declaration: Declaration) -> bool:
    limits = [None if one is None else one.literal for one in (declaration.lower, declaration.upper)]
    return limits == [0, 1] or declaration.kind in _PROBABILITY_KINDS


def _questions(terms: Sequence[Term]) -> Iterator[Obstacle]:
    """Yield what only the user can answer."""
    for term in terms:
        if term.confidence == "ask":
            yield Obstacle("roles", f"`{term.text}` is not placed: {term.reason}.", term.line)


def _instrumented(program: Program, maybe_likelihood: frozenset[int], names: Names, stanc: Stanc) -> Program:
    """Return the program with the instrumented one, or with the reason why there is none.

    Where stanc refuses the replicates, the rest goes on without them.
    """
    drafted = plan_for(program.tree, program.terms, maybe_likelihood, program.hyperparameters, names)
    found = replication(program.tree, drafted, maybe_likelihood, names)
    plan, obstacles = _countable(program.tree, drafted)
    try:
        ours, found = _accepted(program, plan, found, stanc)
    except ProgramError as refused:
        reason = Obstacle("instrumenting", refused.message, refused.line)
        own = own_replicates(program.tree, program.terms)
        return replace(program, replicates=own, obstacles=(reason,))
    obstacles = (*obstacles, *_not_drawn(found.replicates))
    return replace(program, instrumented=ours, replicates=found.replicates, obstacles=obstacles)


def _accepted(
    program: Program, plan: Plan, found: Replication, stanc: Stanc
) -> tuple[Instrumented, Replication]:
    """Return the instrumented program, and of the replicates those that stanc accepts in it.

    Raises
    ------
    ProgramError
        stanc refuses it without any.
    """
    try:
        return _laid_out(program, plan, found, stanc), found
    except ProgramError:
        outcomes = [one.outcome for one in found.replicates if one.is_ours]
        if not outcomes:
            raise
    reason = "stanc does not accept the statements that draw it"
    kept: list[str] = []
    ours = _laid_out(program, plan, only(found, kept, reason), stanc)
    for outcome in outcomes:
        try:
            ours = _laid_out(program, plan, only(found, [*kept, outcome], reason), stanc)
            kept.append(outcome)
        except ProgramError:
            continue
    return ours, only(found, kept, reason)


def _laid_out(program: Program, plan: Plan, found: Replication, stanc: Stanc) -> Instrumented:
    draft = instrument(program.tree, plan, program.hyperparameters, program.path.name, found)
    return replace(draft, source=_formatted(draft.source, stanc))


def _not_drawn(replicates: Sequence[Replicate]) -> Iterator[Obstacle]:
    for one in replicates:
        if not one.name:
            message = f"`{one.outcome}` cannot be drawn anew: {one.reason}."
            yield Obstacle("predictive", message, one.line or None)


def _refusals(program: Program, rules: Rules) -> Iterator[Obstacle]:
    """Yield the statements that cannot be weighted."""
    if rules.flow.reads_target:
        yield Obstacle("instrumenting", "The program reads `target()`, which weights would change.")
    for term, reason in refusals(program.tree, program.terms):
        yield Obstacle("instrumenting", f"`{term.text}` {reason}.", term.line)


def _countable(tree: n.Tree, plan: Plan) -> tuple[Plan, tuple[Obstacle, ...]]:
    """Return the plan, without observations where data alone do not tell how many there are."""
    unknown = undecided(tree, plan) if plan.opened else frozenset()
    if not unknown:
        return plan, (*_joint(tree, plan), *_paired(tree, plan))
    listed = ", ".join(f"`{name}`" for name in sorted(unknown))
    message = f"How many observations there are depends on {listed}, which the data do not give."
    return replace(plan, opened=frozenset()), (Obstacle("log_lik", message),)


def _joint(tree: n.Tree, plan: Plan) -> Iterator[Obstacle]:
    """Yield the likelihood terms that are one entry of `log_lik` though they hold many observations."""
    loops = (item for item in t.walk(tree.block("model")) if isinstance(item, n.While | n.For | n.ForEach))
    repeated = {item.id for loop in loops for item in t.walk(loop) if isinstance(item, n.Stmt)}
    for term in plan.terms:
        is_likelihood = term.role == "likelihood" and not term.is_constant
        if is_likelihood and is_one_entry(term, plan, term.site in repeated):
            message = f"`{term.text}` is one joint density: it does not split into observations."
            yield Obstacle("loo", message, term.line)


def _paired(tree: n.Tree, plan: Plan) -> Iterator[Obstacle]:
    """Yield the likelihood terms that give a second entry of `log_lik` for the same observations."""
    first: dict[tuple[tuple[int, ...], str], Term] = {}
    around = _around(tree)
    for term in plan.terms:
        opening = opening_of(term, plan)
        key = (around.get(term.site, ()), "1" if opening is None else opening.count)
        if term.role != "likelihood" or term.is_constant or key == ((), "1"):
            continue
        if key in first:
            message = f"`{first[key].text}` and `{term.text}` each give an entry for the same observations."
            yield Obstacle("rows", message, term.line)
        first.setdefault(key, term)


def _around(tree: n.Tree) -> dict[int, tuple[int, ...]]:
    """Return for each statement of the model block the loops and the branches that it stands in."""
    found: dict[int, tuple[int, ...]] = {}
    for item in t.walk(tree.block("model")):
        if isinstance(item, n.While | n.For | n.ForEach):
            inside = [(item.id, item.body)]
        elif isinstance(item, n.If):
            inside = [(branch.id, branch) for branch in (item.yes, item.no) if branch is not None]
        else:
            continue
        for number, body in inside:
            for statement in (one for one in t.walk(body) if isinstance(one, n.Stmt)):
                found[statement.id] = (*found.get(statement.id, ()), number)
    return found


def _formatted(source: str, stanc: Stanc) -> str:
    """Return a program as stanc lays it out; stanc also checks it on the way."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "instrumented.stan"
        file.write_text(source, encoding="utf-8")
        print_tree(stanc, file)
        return ask(stanc, ["--auto-format"], file)
