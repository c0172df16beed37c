"""The terms of a program: every contribution to ``target``, with its role, its reason and its place."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import groupby
from pathlib import Path

from workbench.program.syntax import nodes as n
from workbench.program.syntax import traverse as t
from workbench.program.syntax.printer import to_text
from workbench.program.syntax.source import Place
from workbench.program.terms.densities import density_of
from workbench.program.terms.roles import CONSTANT, Confidence, Judgement, Role, Rules, judge
from workbench.program.terms.values import Contribution, Density, Flow


@dataclass(frozen=True)
class Term:
    """One weighted piece of the log density.

    Attributes
    ----------
    index
        Its number, counted from 1: its place among the instrumented program's weights.
    path, line, last_line
        Where the statement stands, counted from 1.
    text
        The statement, or those of its summands that belong to this term.
    role, confidence, reason
        What it is, how sure that is, and why; a role the user settled is certain.
    parameters, data
        What it touches.
    distribution
        The distribution, where the term is one density.
    outcomes
        The variables its density is a density of.
    outcome
        The same as written: ``log(tau)``.
    is_constant
        Whether it moves no parameter, so that no weight concerns it.
    is_transformed
        Whether it is a density of a function of parameters.
    depends_on_data
        Outcome data among the arguments of a prior.
    is_settled
        Whether the user gave it its role.
    called_from
        For a term that a function adds: the lines of the calls that lead to it.
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
    parts: tuple[Contribution, ...] = field(default=(), repr=False, compare=False)

    @property
    def statement(self) -> int:
        """The number of its statement in the program's tree."""
        return self.parts[0].path[-1]

    @property
    def site(self) -> int:
        """The number of the statement of the model block that adds it, by itself or by a call."""
        return self.parts[0].path[0]

    @property
    def calls(self) -> tuple[int, ...]:
        """The statements whose calls lead to it, outermost first; none in the model block itself."""
        return self.parts[0].path[:-1]


def find_terms(
    rules: Rules, statements: Mapping[int, n.Stmt], places: Mapping[int, Place]
) -> tuple[Term, ...]:
    """Return the terms of a program in the order of its statements."""
    found: list[Term] = []
    contributions = sorted(rules.flow.contributions.values(), key=lambda item: item.path)
    for _, group in groupby(contributions, key=lambda item: item.path):
        for judgement, parts in _by_role(rules, list(group)):
            found.append(_term(rules, len(found) + 1, judgement, parts, statements, places))
    latent = _latent_names(found)
    return tuple(_may_normalise(_of_latent(term, latent), found) for term in found)


def _may_normalise(term: Term, terms: Sequence[Term]) -> Term:
    """Return a hand-written term as a question if it may belong to a hand-written latent one."""
    is_alone = term.role == "prior" and not any(part.value.densities for part in term.parts)
    for other in terms if is_alone else ():
        is_written = other.role == "latent" and not any(part.value.densities for part in other.parts)
        if is_written and set(term.parameters) < set(other.parameters):
            reason = f"it may normalise the hand-written density in line {other.line}, or be a prior"
            return replace(term, role="unplaced", confidence="ask", reason=reason)
    return term


def _latent_names(terms: Iterable[Term]) -> frozenset[str]:
    """Return the parameters that latent terms are about."""
    named = (term.outcomes or term.parameters for term in terms if term.role == "latent")
    return frozenset(name for names in named for name in names)


def _of_latent(term: Term, latent: frozenset[str]) -> Term:
    """Return a term as latent if it constrains latent parameters, such as their sum held at zero."""
    if term.role != "prior" or not term.is_transformed or not set(term.outcomes) <= latent:
        return term
    reason = f"{term.reason}, which other terms make latent"
    return replace(term, role="latent", confidence="inferred", reason=reason, is_transformed=False)


def _by_role(rules: Rules, parts: list[Contribution]) -> Iterable[tuple[Judgement, tuple[Contribution, ...]]]:
    """Yield the summands of one statement, those of one role together."""
    judged = [(judge(rules, part), part) for part in parts]
    dense = [(judgement, part) for judgement, part in judged if _has_outcome(rules, part)]
    rest = [(judgement, part) for judgement, part in judged if not _has_outcome(rules, part)]
    settled = {item.role for item, _ in dense if item != CONSTANT}
    if len(settled) == 1 and rest and _belong(rules, rest, dense, settled):
        main = next(item for item, _ in dense if item != CONSTANT)
        yield main, tuple(parts)
        return
    groups: dict[Role, list[tuple[Judgement, Contribution]]] = {}
    for judgement, part in [*dense, *_as_one(rest, bool(dense))]:
        groups.setdefault(judgement.role, []).append((judgement, part))
    for members in groups.values():
        first = min((item for item, _ in members), key=lambda item: item == CONSTANT)
        yield first, tuple(part for _, part in members)


def _has_outcome(rules: Rules, part: Contribution) -> bool:
    """Whether a summand is more than a distribution function at a constant, which only completes others."""
    return any(
        item.suffix in {"lpdf", "lpmf"}
        or any(use.name in rules.flow.parameters | rules.flow.data for use in item.outcome)
        for item in part.value.densities
    )


def _belong(
    rules: Rules,
    rest: list[tuple[Judgement, Contribution]],
    dense: list[tuple[Judgement, Contribution]],
    settled: set[Role],
) -> bool:
    """Whether summands without an outcome only complete the densities beside them."""
    known = rules.parameters(use for _, part in dense for use in part.value.all_uses)
    return all(
        judgement.role in settled or rules.parameters(part.value.all_uses) <= known
        for judgement, part in rest
    )


def _as_one(
    rest: list[tuple[Judgement, Contribution]], beside_densities: bool
) -> list[tuple[Judgement, Contribution]]:
    """Judge summands without a density together: pieces of one hand-written density are not told apart."""
    live = [item for item, _ in rest if item != CONSTANT]
    if not live:
        return rest
    order = ("likelihood", "unplaced", "latent", "prior")
    main = min(live, key=lambda item: order.index(item.role))
    if beside_densities:
        main = Judgement("unplaced", "ask", "summand beside a density, of other parameters than its own")
    return [(main, part) for _, part in rest]


def _term(
    rules: Rules,
    index: int,
    judgement: Judgement,
    parts: tuple[Contribution, ...],
    statements: Mapping[int, n.Stmt],
    places: Mapping[int, Place],
) -> Term:
    *calls, here = parts[0].path
    densities = [density for part in parts for density in part.value.densities]
    uses = [use for part in parts for use in part.value.all_uses]
    own = [use for density in densities for use in density.outcome]
    given = [use for density in densities for use in density.given]
    outcome, distribution = _density_of(rules.flow, densities)
    is_prior = judgement.role == "prior"
    shown = rules.data(given, "value", "factor") & rules.outcomes() if is_prior else ()
    return Term(
        index=index,
        path=places[here].path,
        line=places[here].first,
        last_line=places[here].last,
        text=_text(parts, statements[here]),
        role=judgement.role,
        confidence=judgement.confidence,
        reason=judgement.reason,
        parameters=tuple(sorted(rules.parameters(uses))),
        data=tuple(sorted(rules.data(uses, "value", "factor"))),
        distribution=distribution,
        outcomes=tuple(sorted(rules.parameters(own) | rules.data(own, "value"))),
        outcome=None if outcome is None else to_text(outcome),
        is_constant=judgement == CONSTANT,
        is_transformed=is_prior and outcome is not None and not _is_plain(outcome, rules.flow),
        depends_on_data=tuple(sorted(shown)),
        called_from=tuple(places[call].first for call in calls),
        parts=parts,
    )


def _text(parts: tuple[Contribution, ...], statement: n.Stmt) -> str:
    if isinstance(statement, n.Tilde):
        return to_text(statement)
    return "target += " + " + ".join(part.summand.text for part in parts).replace("+ -", "- ") + ";"


def _density_of(flow: Flow, densities: Sequence[Density]) -> tuple[n.Expr | None, str | None]:
    """Return the outcome and the distribution of a term that is one density, its normaliser apart."""
    main = [density for density in densities if density.suffix in {"lpdf", "lpmf"}] or densities
    if len(main) != 1:
        return None, None
    called = flow.calls.get(main[0].node)
    density = None if called is None else density_of(called)
    return None if density is None else density.outcome, main[0].name


def _is_plain(outcome: n.Expr, flow: Flow) -> bool:
    """Whether an outcome is a parameter itself, or elements of one."""
    inner = t.bare(outcome)
    while isinstance(inner, n.Indexed | n.Projection):
        inner = inner.base
    if isinstance(inner, n.Call) and inner.name in {"to_vector", "to_array_1d", "to_row_vector"}:
        return _is_plain(inner.arguments[0], flow)
    return isinstance(inner, n.Variable) and inner.name in flow.parameters
