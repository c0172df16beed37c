"""The terms of a program: every contribution to ``target``, with its role, the reason, and its place."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import groupby
from pathlib import Path

from workbench.program.syntax import nodes as n
from workbench.program.syntax import traverse as t
from workbench.program.syntax.printer import to_text
from workbench.program.syntax.source import Place
from workbench.program.terms.densities import parse_density
from workbench.program.terms.roles import (
    CONSTANT,
    Confidence,
    Role,
    RoleContext,
    RoleJudgement,
    judge_summand,
)
from workbench.program.terms.summands import format_sum
from workbench.program.terms.values import Contribution, DataFlow, Density


@dataclass(frozen=True)
class Term:
    """A part of the log density that has a weight of its own.

    Attributes
    ----------
    index
        Its number, counted from 1, which is its position among the weights of the instrumented program.
    path, line, last_line
        Where the statement stands, counted from 1.
    text
        The statement, or those of its summands that belong to this term.
    role, confidence, reason
        What it is, how sure that is, and why; a role that the user settled is certain.
    parameters, data
        The parameters and the data that it involves.
    distribution
        The distribution, if the term is a single density.
    outcomes
        The variables that it is a density of.
    outcome
        The outcome as written: ``log(tau)``.
    is_constant
        Whether it involves no parameter, so that its weight has no effect.
    is_transformed
        Whether it is a prior of a function of parameters.
    depends_on_data
        For a prior: the data among its arguments that are also outcomes.
    is_settled
        Whether the user gave it its role.
    called_from
        For a term that a function adds: the lines of the calls that lead to it.
    contributions
        The summands that it consists of.
    """

    index: int
    path: Path
    line: int
    last_line: int
    text: str
    role: Role
    confidence: Confidence
    reason: str
    parameters: tuple[str, ...]
    data: tuple[str, ...]
    distribution: str | None = None
    outcomes: tuple[str, ...] = ()
    outcome: str | None = None
    is_constant: bool = False
    is_transformed: bool = False
    depends_on_data: tuple[str, ...] = ()
    is_settled: bool = False
    called_from: tuple[int, ...] = ()
    contributions: tuple[Contribution, ...] = field(default=(), repr=False, compare=False)

    @property
    def statement(self) -> int:
        """The number of its statement in the program's tree."""
        return self.contributions[0].path[-1]

    @property
    def model_statement(self) -> int:
        """The number of the statement in the model block that adds it, by itself or by a call."""
        return self.contributions[0].path[0]

    @property
    def calls(self) -> tuple[int, ...]:
        """The numbers of the statements whose calls lead to it, outermost first; none in the model block."""
        return self.contributions[0].path[:-1]


_Judged = tuple[RoleJudgement, Contribution]
"""A summand and its role."""


def find_terms(
    context: RoleContext, statements: Mapping[int, n.Stmt], places: Mapping[int, Place]
) -> tuple[Term, ...]:
    """Return the terms of a program, in the order of its statements."""
    terms: list[Term] = []
    contributions = sorted(context.flow.contributions.values(), key=lambda item: item.path)
    for _, group in groupby(contributions, key=lambda item: item.path):
        for judgement, members in _group_by_role(context, list(group)):
            terms.append(_build_term(context, len(terms) + 1, judgement, members, statements, places))
    latent = _find_latent_parameters(terms)
    extended = [_extend_latent(term, latent) for term in terms]
    residuals = [term for term in terms if _is_of_residual(term)]
    placed = [_place_jacobian(term, residuals, statements) for term in extended]
    return tuple(_question_priors(context, [_question_normaliser(term, terms) for term in placed]))


def _is_of_residual(term: Term) -> bool:
    """Whether a likelihood is the density of data and parameters together: its Jacobian stands elsewhere."""
    return term.role == "likelihood" and bool(set(term.outcomes) & set(term.parameters))


def may_complete_residual(term: Term, terms: Sequence[Term]) -> bool:
    """Whether a term whose role is unclear may be the Jacobian of a residual among the likelihoods."""
    return (
        term.confidence == "ask"
        and _is_hand_written(term)
        and any(_is_of_residual(other) and set(term.parameters) <= set(other.outcomes) for other in terms)
    )


def _place_jacobian(term: Term, residuals: Sequence[Term], statements: Mapping[int, n.Stmt]) -> Term:
    """Return a hand-written prior of parameters in a residual as what it may be: the Jacobian of that.

    `(y[n] - mu) / sigma ~ std_normal(); target += -log(sigma);` is one density of `y[n]`.
    """
    if term.role != "prior" or not _is_hand_written(term):
        return term
    for other in residuals:
        if not set(term.parameters) <= set(other.outcomes):
            continue
        if _find_loops_around(term, statements) & _find_loops_around(other, statements):
            reason = f"hand-written, in one loop with the density of a residual on line {other.line}"
            return replace(term, role="likelihood", confidence="inferred", reason=reason)
        reason = f"it may be the Jacobian of the residual on line {other.line}, or a prior"
        return replace(term, role="unplaced", confidence="ask", reason=reason)
    return term


def _find_loops_around(term: Term, statements: Mapping[int, n.Stmt]) -> set[int]:
    """Return the numbers of the loops around the statement of a term, in the model block."""
    return {
        number
        for number, loop in statements.items()
        if isinstance(loop, n.For | n.ForEach | n.While)
        and any(isinstance(item, n.Stmt) and item.id == term.model_statement for item in t.walk(loop.body))
    }


def _question_priors(context: RoleContext, terms: Sequence[Term]) -> list[Term]:
    """Return priors that compute something of data as questions where the program has no likelihood.

    `theta ~ beta(1 + sum(y), 1 + N - sum(y))` is a posterior: as a prior it would have seen no data.
    """
    if any(term.role in {"likelihood", "unplaced"} and not term.is_constant for term in terms):
        return list(terms)
    return [_question_prior(context, term, terms) for term in terms]


def _question_prior(context: RoleContext, term: Term, terms: Sequence[Term]) -> Term:
    """Return a prior as a question unless its data are arguments as they are, such as a prior mean."""
    data = set(term.data) & context.containers - context.sizes
    is_alone = not any(other is not term and set(other.outcomes) & set(term.outcomes) for other in terms)
    if is_alone:
        data -= _find_plain_arguments(term)
    if term.role != "prior" or not data:
        return term
    listed = ", ".join(f"`{name}`" for name in sorted(data))
    reason = (
        f"it depends on the data {listed}, and no other statement is a likelihood: are these observations?"
    )
    return replace(term, role="unplaced", confidence="ask", reason=reason)


def _find_plain_arguments(term: Term) -> set[str]:
    """Return the variables that are arguments of a term's densities, as they are or by their elements."""
    densities = (parse_density(item.summand.node) for item in term.contributions)
    arguments = [t.unwrap(node) for found in densities if found is not None for node in found.arguments[1:]]
    bases = [t.unwrap(node.base) if isinstance(node, n.Indexed) else node for node in arguments]
    return {node.name for node in bases if isinstance(node, n.Variable)}


def _question_normaliser(term: Term, terms: Sequence[Term]) -> Term:
    """Return a hand-written prior as a question if it may normalise another hand-written density."""
    if term.role == "prior" and _is_hand_written(term):
        own = set(term.parameters)
        for other in terms:
            around = set(other.parameters) if other.role != "prior" and _is_hand_written(other) else set()
            if own < around or (own == around and other.role != "latent"):
                reason = f"it may normalise the hand-written density on line {other.line}, or be a prior"
                return replace(term, role="unplaced", confidence="ask", reason=reason)
    return term


def _is_hand_written(term: Term) -> bool:
    return not any(item.value.densities for item in term.contributions)


def _find_latent_parameters(terms: Iterable[Term]) -> frozenset[str]:
    """Return the parameters that latent terms are about."""
    latent = (term.outcomes or term.parameters for term in terms if term.role == "latent")
    return frozenset(name for names in latent for name in names)


def _extend_latent(term: Term, latent: frozenset[str]) -> Term:
    """Return a term as latent if it constrains latent parameters, for example their sum to zero."""
    if term.role != "prior" or not term.is_transformed or not set(term.outcomes) <= latent:
        return term
    reason = f"{term.reason}; other terms make these parameters latent"
    return replace(term, role="latent", confidence="inferred", reason=reason, is_transformed=False)


def _group_by_role(
    context: RoleContext, contributions: list[Contribution]
) -> Iterable[tuple[RoleJudgement, tuple[Contribution, ...]]]:
    """Yield the summands of one statement, grouped by their role."""
    judged = [(judge_summand(context, item), item) for item in contributions]
    densities = [(judgement, item) for judgement, item in judged if _has_outcome(context, item)]
    others = [(judgement, item) for judgement, item in judged if not _has_outcome(context, item)]
    roles = {judgement.role for judgement, _ in densities if judgement != CONSTANT}
    if len(roles) == 1 and others and _are_completing(context, others, densities, roles):
        main = next(judgement for judgement, _ in densities if judgement != CONSTANT)
        yield main, tuple(contributions)
        return
    groups: dict[Role, list[_Judged]] = {}
    for judgement, item in [*densities, *_judge_together(context, others, bool(densities))]:
        groups.setdefault(judgement.role, []).append((judgement, item))
    for members in groups.values():
        first = min((judgement for judgement, _ in members), key=lambda judgement: judgement == CONSTANT)
        yield first, tuple(item for _, item in members)


def _has_outcome(context: RoleContext, contribution: Contribution) -> bool:
    """Whether a summand is more than a distribution function at a constant, which only completes others."""
    flow = context.flow
    return any(
        density.suffix in {"lpdf", "lpmf"}
        or any(use.name in flow.parameters | flow.data for use in density.outcome)
        for density in contribution.value.densities
    )


def _are_completing(
    context: RoleContext, others: list[_Judged], densities: list[_Judged], roles: set[Role]
) -> bool:
    """Whether summands without an outcome only complete the densities beside them."""
    involved = context.select_parameters(use for _, item in densities for use in item.value.all_uses)
    return all(
        judgement.role in roles or context.select_parameters(item.value.all_uses) <= involved
        for judgement, item in others
    )


def _judge_together(context: RoleContext, others: list[_Judged], beside_densities: bool) -> list[_Judged]:
    """Give summands without an outcome one role: they may be pieces of one hand-written density."""
    judgements = [judgement for judgement, _ in others if judgement != CONSTANT]
    if not judgements:
        return others
    order = ("likelihood", "unplaced", "latent", "prior")
    main = min(judgements, key=lambda judgement: order.index(judgement.role))
    if main.role == "unplaced" and not beside_densities:
        main = judge_summand(context, _join([item for _, item in others]))
    if beside_densities:
        reason = "summand beside a density, with parameters that the density does not involve"
        main = RoleJudgement("unplaced", "ask", reason)
    return [(main, item) for _, item in others]


def _join(contributions: list[Contribution]) -> Contribution:
    """Return summands as one, whose node is that of the first."""
    joined = contributions[0]
    for other in contributions[1:]:
        joined = replace(joined, value=joined.value | other.value, branch=joined.branch | other.branch)
    return joined


def _build_term(
    context: RoleContext,
    index: int,
    judgement: RoleJudgement,
    contributions: tuple[Contribution, ...],
    statements: Mapping[int, n.Stmt],
    places: Mapping[int, Place],
) -> Term:
    *calls, statement = contributions[0].path
    densities = [density for item in contributions for density in item.value.densities]
    uses = [use for item in contributions for use in item.value.all_uses]
    outcome_uses = [use for density in densities for use in density.outcome]
    given_uses = [use for density in densities for use in density.given]
    outcome, distribution = _find_single_density(context.flow, densities)
    is_prior = judgement.role == "prior"
    outcomes_given: frozenset[str] = frozenset()
    if is_prior:
        outcomes_given = context.select_data(given_uses, "value", "factor") & context.find_outcomes()
    return Term(
        index=index,
        path=places[statement].path,
        line=places[statement].first,
        last_line=places[statement].last,
        text=_format_term(contributions, statements[statement]),
        role=judgement.role,
        confidence=judgement.confidence,
        reason=judgement.reason,
        parameters=tuple(sorted(context.select_parameters(uses))),
        data=tuple(sorted(context.select_data(uses, "value", "factor"))),
        distribution=distribution,
        outcomes=tuple(
            sorted(context.select_parameters(outcome_uses) | context.select_data(outcome_uses, "value"))
        ),
        outcome=None if outcome is None else to_text(outcome),
        is_constant=judgement == CONSTANT,
        is_transformed=is_prior and outcome is not None and not _is_plain_parameter(outcome, context.flow),
        depends_on_data=tuple(sorted(outcomes_given)),
        called_from=tuple(places[call].first for call in calls),
        contributions=contributions,
    )


def _format_term(contributions: tuple[Contribution, ...], statement: n.Stmt) -> str:
    if isinstance(statement, n.Tilde):
        return to_text(statement)
    return f"target += {format_sum([item.summand.text for item in contributions])};"


def _find_single_density(flow: DataFlow, densities: Sequence[Density]) -> tuple[n.Expr | None, str | None]:
    """Return the outcome and the distribution of a term with one density, apart from its normaliser."""
    main = [density for density in densities if density.suffix in {"lpdf", "lpmf"}] or densities
    if len(main) != 1:
        return None, None
    node = flow.density_calls.get(main[0].node)
    density = None if node is None else parse_density(node)
    return None if density is None else density.outcome, main[0].name


def _is_plain_parameter(outcome: n.Expr, flow: DataFlow) -> bool:
    """Whether an outcome is a parameter itself, or elements of one."""
    inner = t.unwrap(outcome)
    while isinstance(inner, n.Indexed | n.Projection):
        inner = inner.base
    if isinstance(inner, n.Call) and inner.name in {"to_vector", "to_array_1d", "to_row_vector"}:
        return _is_plain_parameter(inner.arguments[0], flow)
    return isinstance(inner, n.Variable) and inner.name in flow.parameters
