"""Analyse a program: the terms of its density, the constants of its priors, and the instrumented program."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace

from workbench.errors import ProgramError
from workbench.files import make_scratch
from workbench.program.instrument import InstrumentedProgram, instrument
from workbench.program.model import Obstacle, Program
from workbench.program.predictive.log_lik_order import find_log_lik_order
from workbench.program.predictive.outcome_maps import find_outcome_maps
from workbench.program.predictive.replicates import (
    Replicate,
    ReplicationPlan,
    find_authors_replicates,
    plan_replication,
    restrict_replication,
)
from workbench.program.rewrite.log_densities import is_joint_density, split_term
from workbench.program.rewrite.lp_functions import find_unsupported_terms
from workbench.program.rewrite.observation_count import find_unknown_names
from workbench.program.rewrite.partial_sums import PartialSum, uses_threads
from workbench.program.rewrite.plan import RewritePlan, plan_rewrite
from workbench.program.rewrite.row_entries import find_joining_loops
from workbench.program.rewrite.vectorise.statements import Vectorised, vectorise
from workbench.program.syntax import nodes as n
from workbench.program.syntax import traverse as t
from workbench.program.syntax.declarations import Declaration
from workbench.program.syntax.identifiers import FreshNames
from workbench.program.syntax.source import trace_lines
from workbench.program.syntax.stanc import Stanc, dump_tree, run_stanc
from workbench.program.terms.data_flow import trace_data_flow
from workbench.program.terms.hyperparameters import find_arguments, find_hyperparameters
from workbench.program.terms.roles import RoleContext
from workbench.program.terms.terms import Term, find_terms, may_complete_residual
from workbench.program.terms.weighted import find_indicators, is_weighted

_SCALE_KINDS = frozenset({"cholesky_factor_corr", "cholesky_factor_cov", "cov_matrix", "positive_ordered"})
"""Types of parameters that can set the spread of others, besides those with a lower bound."""

_PROBABILITY_KINDS = frozenset({"simplex", "row_stochastic_matrix", "column_stochastic_matrix"})
"""Types of parameters that are probabilities, besides those between 0 and 1."""


def analyse(program: Program, stanc: Stanc) -> Program:
    """Return a program with its terms, its hyperparameters and the instrumented program.

    Roles that the user settled are kept.
    """
    if program.tree.undecoded:
        obstacles = (Obstacle("instrumenting", message) for message in program.tree.undecoded.values())
        return replace(program, obstacles=tuple(obstacles))
    judged = judge_terms(program)
    program = judged.program
    questions = tuple(_find_questions(program.terms))
    unsupported = tuple(_find_unsupported(program, judged.context))
    if unsupported:
        replicates = find_authors_replicates(program.tree, program.terms)
        return replace(program, replicates=replicates, obstacles=(*unsupported, *questions))
    program = _add_instrumented(program, judged.maybe_likelihood, judged.names, stanc)
    return replace(program, obstacles=(*program.obstacles, *questions))


@dataclass(frozen=True)
class JudgedProgram:
    """A program whose terms have their roles, before anything is added to it.

    Attributes
    ----------
    program
        It, with its terms, the constants of its priors, and its outcome maps.
    context
        What the rules for roles know about it.
    maybe_likelihood
        The indices of the terms that are likelihood, or may yet be settled as likelihood.
    names
        Provides names that are not in use.
    """

    program: Program
    context: RoleContext
    maybe_likelihood: frozenset[int]
    names: FreshNames


def judge_terms(program: Program) -> JudgedProgram:
    """Return a program with the terms of its density; roles that the user settled are kept."""
    context = _collect_context(program)
    judged = find_terms(context, _number_statements(program.tree), program.places)
    settled = {term.index: term for term in program.terms if term.is_settled}
    terms = tuple(_keep_settled(term, settled.get(term.index)) for term in judged)
    names = FreshNames(program.tree)
    priors = {term.index for term in (*judged, *terms) if term.role == "prior"}
    hyperparameters = find_hyperparameters(context, terms, priors, program.data, names)
    arguments = find_arguments(context, terms, hyperparameters)
    likelihood = [term for term in terms if term.role == "likelihood" and not term.is_constant]
    program = replace(
        program,
        terms=terms,
        hyperparameters=hyperparameters,
        arguments=arguments,
        outcome_maps=find_outcome_maps(program.tree, likelihood),
    )
    maybe = {term.index for term in (*judged, *terms) if term.role in {"likelihood", "unplaced"}}
    return JudgedProgram(program, context, frozenset(maybe), names)


def judge_only(program: Program) -> Program:
    """Return a program with its terms and what prevents adding to it, without the instrumented program."""
    if program.tree.undecoded:
        obstacles = (Obstacle("instrumenting", message) for message in program.tree.undecoded.values())
        return replace(program, obstacles=tuple(obstacles))
    judged = judge_terms(program)
    return replace(judged.program, obstacles=tuple(_find_unsupported(judged.program, judged.context)))


def keep_loops(program: Program, stanc: Stanc) -> Program:
    """Return a program whose instrumented one has the author's loops, whatever was wanted."""
    kept = analyse(replace(program, is_optimised=False, is_shared=False), stanc)
    return replace(kept, is_optimised=program.is_optimised)


def share_rows(program: Program, stanc: Stanc) -> Program:
    """Return a program whose instrumented one shares out the rows of likelihoods among threads.

    The program itself is returned where that cannot be done, with the reason among its obstacles; also where
    it shares out work by itself.
    """
    if program.instrumented is None or program.is_shared or uses_threads(program.tree):
        return program
    shared = analyse(replace(program, is_shared=True), stanc)
    instrumented = shared.instrumented
    if instrumented is not None and instrumented.is_shared:
        return shared
    found = () if instrumented is None else instrumented.partial_sums
    reason = (
        f": {found[0].reason}, in `{found[0].text}`" if found else ": no likelihood statement is about rows"
    )
    message = f"rows are not shared out among threads{reason}."
    return replace(program, obstacles=(*program.obstacles, Obstacle("threads", message)))


def keep_rows(program: Program, stanc: Stanc) -> Program:
    """Return a program whose instrumented one has its rows in one sum."""
    return analyse(replace(program, is_shared=False), stanc)


def _keep_settled(term: Term, settled: Term | None) -> Term:
    """Return a term with the role that the user gave it, if there is one."""
    if settled is None:
        return term
    return replace(
        term, role=settled.role, confidence=settled.confidence, reason=settled.reason, is_settled=True
    )


def _number_statements(tree: n.Tree) -> dict[int, n.Stmt]:
    """Return the statements of a program by their number."""
    return {item.id: item for _, body in tree.blocks for item in t.walk(body) if isinstance(item, n.Stmt)}


def _collect_context(program: Program) -> RoleContext:
    """Return what the rules for roles need to know about a program."""
    flow = trace_data_flow(program.tree)
    scalars = {item.name for item in program.data if item.is_scalar}
    scales = frozenset(
        item.name for item in program.parameters if item.lower is not None or item.kind in _SCALE_KINDS
    )
    probabilities = frozenset(item.name for item in program.parameters if _is_probability(item))
    declared = (*program.data, *program.parameters)
    sizes = frozenset(name for item in declared for size in item.sizes for name in size.names)
    return RoleContext(flow, flow.data - scalars, scales - probabilities, probabilities, sizes)


def _is_probability(declaration: Declaration) -> bool:
    bounds = (declaration.lower, declaration.upper)
    is_between_0_and_1 = [None if bound is None else bound.literal for bound in bounds] == [0, 1]
    return is_between_0_and_1 or declaration.kind in _PROBABILITY_KINDS


def _find_questions(terms: Sequence[Term]) -> Iterator[Obstacle]:
    """Yield the roles that only the user can settle."""
    for term in terms:
        if term.confidence == "ask":
            end = "" if term.reason.endswith("?") else "."
            yield Obstacle("roles", f"The role of `{term.text}` is unclear: {term.reason}{end}", term.line)


def _find_unsupported(program: Program, context: RoleContext) -> Iterator[Obstacle]:
    """Yield the statements that cannot be weighted."""
    if context.flow.reads_target:
        yield Obstacle("instrumenting", "The program reads `target()`, which weights would change.")
    for term, reason in find_unsupported_terms(program.tree, program.terms):
        yield Obstacle("instrumenting", f"`{term.text}` {reason}.", term.line)


def _add_instrumented(
    program: Program, maybe_likelihood: frozenset[int], names: FreshNames, stanc: Stanc
) -> Program:
    """Return the program with the instrumented one, or with the reason why there is none."""
    plan = plan_rewrite(program.tree, program.terms, maybe_likelihood, program.hyperparameters, names)
    replication = plan_replication(program.tree, plan, maybe_likelihood, names)
    plan = join_entries(program.tree, plan, names)
    plan, obstacles = require_countable(program.tree, plan)
    if plan.log_lik_terms:
        plan = replace(plan, pointwise=names.take("pointwise"))
    try:
        instrumented, replication, vectorised = _instrument_vectorised(
            program, plan, replication, names, stanc
        )
    except ProgramError as rejection:
        obstacle = Obstacle("instrumenting", rejection.message, rejection.line)
        replicates = find_authors_replicates(program.tree, program.terms)
        return replace(program, replicates=replicates, obstacles=(obstacle,))
    if program.is_shared:
        instrumented = _share(program, plan, replication, vectorised, names, stanc, instrumented)
    obstacles = (*obstacles, *_find_weighted(program), *_find_not_replicated(replication.replicates))
    return replace(program, instrumented=instrumented, replicates=replication.replicates, obstacles=obstacles)


def _instrument_vectorised(
    program: Program, plan: RewritePlan, replication: ReplicationPlan, names: FreshNames, stanc: Stanc
) -> tuple[InstrumentedProgram, ReplicationPlan, Vectorised]:
    """Return the instrumented program, with its loops vectorised if that is wanted and stanc accepts them.

    Raises
    ------
    ProgramError
        stanc rejects it even without replicates.
    """
    if not program.is_optimised:
        vectorised = Vectorised(program.tree)
        return *_instrument_accepted(program, plan, replication, vectorised, stanc), vectorised
    vectorised = vectorise(program.tree, names)
    changed = [item.statement for item in vectorised.statements if item.vectorised]
    if changed:
        with suppress(ProgramError):
            return _instrument(program, plan, replication, vectorised, stanc), replication, vectorised
        kept = dict(_find_rejected(program, plan, replication, names, stanc, changed))
        vectorised = vectorise(program.tree, names, kept)
    return *_instrument_accepted(program, plan, replication, vectorised, stanc), vectorised


def _share(
    program: Program,
    plan: RewritePlan,
    replication: ReplicationPlan,
    vectorised: Vectorised,
    names: FreshNames,
    stanc: Stanc,
    instrumented: InstrumentedProgram,
) -> InstrumentedProgram:
    """Return the instrumented program with its rows shared out; as it is if stanc refuses that."""
    try:
        return _instrument(program, plan, replication, vectorised, stanc, names)
    except ProgramError:
        refused = PartialSum("the model block", "stanc does not accept its partial sums")
        return replace(instrumented, partial_sums=(refused,))


def _find_rejected(
    program: Program,
    plan: RewritePlan,
    replication: ReplicationPlan,
    names: FreshNames,
    stanc: Stanc,
    statements: Sequence[int],
) -> Iterator[tuple[int, str]]:
    """Yield the statements whose vectorised form stanc does not accept, each tried alone, with the reason."""
    bare = restrict_replication(replication, [], "not tried")
    for statement in statements:
        others = {item: "not tried" for item in statements if item != statement}
        try:
            _instrument(program, plan, bare, vectorise(program.tree, names, others), stanc)
        except ProgramError:
            yield statement, "stanc does not accept its vectorised form"


def _instrument_accepted(
    program: Program,
    plan: RewritePlan,
    replication: ReplicationPlan,
    vectorised: Vectorised,
    stanc: Stanc,
) -> tuple[InstrumentedProgram, ReplicationPlan]:
    """Return the instrumented program with those replicates that stanc accepts in it.

    Raises
    ------
    ProgramError
        stanc rejects it even without replicates.
    """
    try:
        return _instrument(program, plan, replication, vectorised, stanc), replication
    except ProgramError:
        outcomes = [replicate.outcome for replicate in replication.drawn_by_workbench]
        if not outcomes:
            raise
    reason = "stanc does not accept the statements that draw it"
    accepted: list[str] = []
    instrumented = _instrument(
        program, plan, restrict_replication(replication, accepted, reason), vectorised, stanc
    )
    for outcome in outcomes:
        candidate = restrict_replication(replication, [*accepted, outcome], reason)
        try:
            instrumented = _instrument(program, plan, candidate, vectorised, stanc)
        except ProgramError:
            continue
        accepted.append(outcome)
    return instrumented, restrict_replication(replication, accepted, reason)


def _instrument(
    program: Program,
    plan: RewritePlan,
    replication: ReplicationPlan,
    vectorised: Vectorised,
    stanc: Stanc,
    names: FreshNames | None = None,
) -> InstrumentedProgram:
    """Return the instrumented program, formatted and checked by stanc; with names, rows are shared out."""
    # It stands in a comment, which a line break in it would end.
    name = "".join(letter if letter.isprintable() else "_" for letter in program.path.name)
    draft = instrument(program.tree, plan, program.hyperparameters, name, replication, vectorised, names)
    with make_scratch() as folder:
        file = folder / "instrumented.stan"
        file.write_text(draft.source, encoding="utf-8")
        dump_tree(stanc, file)
        source = run_stanc(stanc, ["--auto-format"], file)
    return replace(draft, source=source, lines=trace_lines(source, draft.origins, program.places), origins=())


def _find_weighted(program: Program) -> Iterator[Obstacle]:
    """Yield the likelihoods whose log densities the program multiplies, so that they are none of a row."""
    indicators = find_indicators(program.data)
    for term in program.terms:
        if term.role == "likelihood" and is_weighted(term, indicators):
            message = f"`{term.text}` weights log densities: their sum is no log density of the data."
            yield Obstacle("weighted", message, term.line)


def _find_not_replicated(replicates: Sequence[Replicate]) -> Iterator[Obstacle]:
    """Yield the outcomes that nobody replicates."""
    for replicate in replicates:
        if not replicate.name:
            message = f"`{replicate.outcome}` cannot be replicated: {replicate.reason}."
            yield Obstacle("predictive", message, replicate.line or None)


def require_countable(tree: n.Tree, plan: RewritePlan) -> tuple[RewritePlan, tuple[Obstacle, ...]]:
    """Return the plan, without `log_lik` if the data do not tell how many observations there are."""
    unknown = find_unknown_names(tree, plan) if plan.log_lik_terms else frozenset()
    if not unknown:
        return plan, (
            *_find_joint_densities(tree, plan),
            *_find_shared_observations(tree, plan),
            *_find_other_order(tree, plan),
        )
    listed = ", ".join(f"`{name}`" for name in sorted(unknown))
    message = f"The number of observations depends on {listed}, which the data do not determine."
    return replace(plan, log_lik_terms=frozenset(), joined={}), (Obstacle("log_lik", message),)


def join_entries(tree: n.Tree, plan: RewritePlan, names: FreshNames) -> RewritePlan:
    """Return the plan with the loops in which the log densities of a row are added up."""
    terms = [term for term in plan.terms if term.index in plan.log_lik_terms]
    joined = find_joining_loops(tree, terms, lambda term: split_term(term, plan) is None)
    return replace(plan, joined=joined, before=names.take("before")) if joined else plan


def _find_joint_densities(tree: n.Tree, plan: RewritePlan) -> Iterator[Obstacle]:
    """Yield the likelihood terms that are one entry of `log_lik` but about many observations."""
    loops = (
        item for item in t.walk(tree.get_block("model")) if isinstance(item, n.While | n.For | n.ForEach)
    )
    repeated = {item.id for loop in loops for item in t.walk(loop) if isinstance(item, n.Stmt)}
    for term in plan.terms:
        is_likelihood = term.role == "likelihood" and not term.is_constant
        if is_likelihood and is_joint_density(term, plan, term.model_statement in repeated):
            message = f"`{term.text}` is one joint density: it does not split into observations."
            yield Obstacle("loo", message, term.line)
        if may_complete_residual(term, plan.terms):
            message = (
                f"`{term.text}` may be a part of the density of each row, as a Jacobian: its role is unclear."
            )
            yield Obstacle("loo", message, term.line)


def _find_shared_observations(tree: n.Tree, plan: RewritePlan) -> Iterator[Obstacle]:
    """Yield the likelihood terms that give a second entry of `log_lik` for the same observations."""
    first: dict[tuple[tuple[int, ...], str], Term] = {}
    enclosing = _find_enclosing_statements(tree)
    for term in plan.terms:
        pointwise = split_term(term, plan)
        count = "1" if pointwise is None else pointwise.count
        key = (enclosing.get(term.model_statement, ()), count)
        if term.role != "likelihood" or term.is_constant or key == ((), "1"):
            continue
        if term.index in plan.joined_terms:
            continue
        if key in first:
            message = f"`{first[key].text}` and `{term.text}` each give an entry for the same observations."
            yield Obstacle("rows", message, term.line)
        first.setdefault(key, term)


def _find_other_order(tree: n.Tree, plan: RewritePlan) -> Iterator[Obstacle]:
    """Yield that entries of `log_lik` may not be in the order of rows: several statements give some each."""
    terms = [term for term in plan.terms if term.role == "likelihood" and term.index in plan.log_lik_terms]
    loops = [
        {item.id for item in t.walk(loop) if isinstance(item, n.Stmt)}
        for loop in t.walk(tree.get_block("model"))
        if isinstance(loop, n.For | n.ForEach | n.While)
    ]
    places = {
        next((min(loop) for loop in loops if term.model_statement in loop), term.model_statement)
        for term in terms
    }
    if len(places) > 1 and not find_log_lik_order(tree, plan):
        message = "Several statements add the log densities of rows: which is of which row is not known."
        yield Obstacle("order", message, terms[-1].line)


def _find_enclosing_statements(tree: n.Tree) -> dict[int, tuple[int, ...]]:
    """Return for each statement of the model block the numbers of the loops and branches around it."""
    enclosing: dict[int, tuple[int, ...]] = {}
    for item in t.walk(tree.get_block("model")):
        if isinstance(item, n.While | n.For | n.ForEach):
            bodies = [(item.id, item.body)]
        elif isinstance(item, n.If):
            bodies = [(branch.id, branch) for branch in (item.yes, item.no) if branch is not None]
        else:
            continue
        for number, body in bodies:
            for statement in t.walk(body):
                if isinstance(statement, n.Stmt):
                    enclosing[statement.id] = (*enclosing.get(statement.id, ()), number)
    return enclosing
