"""Prior, latent or likelihood: the rules, for one density and for one summand."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, TypeAlias

from workbench.program.syntax import nodes as n
from workbench.program.syntax import traverse as t
from workbench.program.terms.values import Contribution, Density, Flow, Use

Role: TypeAlias = Literal["prior", "latent", "likelihood", "unplaced"]
ROLES: tuple[Role, ...] = ("prior", "latent", "likelihood", "unplaced")
Confidence: TypeAlias = Literal["certain", "inferred", "ask"]


@dataclass(frozen=True)
class Judgement:
    """A role, how sure it is, and why."""

    role: Role
    confidence: Confidence
    reason: str


CONSTANT = Judgement("unplaced", "certain", "a constant: it moves no parameter")


@dataclass(frozen=True)
class Rules:
    """What the rules need to know about the program.

    Attributes
    ----------
    flow
        What flows where.
    containers
        Data that hold many values, which observations do and settings seldom do.
    scales
        Parameters that multiply others to set their spread: positive ones and Cholesky factors.
    probabilities
        Parameters that are probabilities.
    sizes
        Data that declare how long other data or parameters are.
    """

    flow: Flow
    containers: frozenset[str]
    scales: frozenset[str]
    probabilities: frozenset[str]
    sizes: frozenset[str]

    def parameters(self, uses: Iterable[Use]) -> frozenset[str]:
        """Return the parameters among the uses, however they enter."""
        return frozenset(use.name for use in uses) & self.flow.parameters

    def data(self, uses: Iterable[Use], *vias: str) -> frozenset[str]:
        """Return the data among the uses that enter in one of these ways."""
        return frozenset(use.name for use in uses if use.via in vias) & self.flow.data

    def outcomes(self) -> frozenset[str]:
        """Return the data that some density has as its outcome."""
        found = (self.data(density.outcome, "value") for density in self.densities())
        return frozenset[str]().union(*found)

    def densities(self) -> Iterable[Density]:
        """Yield every density that reaches ``target``."""
        for contribution in self.flow.contributions.values():
            yield from contribution.value.densities

    def is_scaled(self, names: frozenset[str]) -> bool:
        """Whether the program multiplies one of these parameters by a scale parameter."""
        return any(
            names & linear and any(self.is_scale(use) for use in other if use.name not in names)
            for linear, other in self.flow.products
        )

    def is_scale(self, use: Use) -> bool:
        """Whether a parameter sets a spread where it enters: a scale by declaration, or exponentiated."""
        return use.name in self.scales or use.via == "exp"


def judge_density(rules: Rules, density: Density, node: object = None) -> Judgement:
    """Return the role of one density by what its outcome and its arguments are made of."""
    if rules.parameters(density.outcome):
        return _of_parameters(rules, density, node)
    given = rules.parameters(density.given)
    observed = rules.data(density.outcome, "value", "factor")
    if density.is_user_defined and len(_inner_roles(rules, density)) > 1:
        kinds = " and ".join(sorted(_inner_roles(rules, density)))
        return Judgement("unplaced", "ask", f"the program's own density, with {kinds} densities inside it")
    if not given:
        return CONSTANT
    if observed:
        return Judgement("likelihood", "certain", f"density of data: {_listed(observed)}")
    if density.suffix == "lpmf":
        return Judgement("likelihood", "inferred", "probability of a given outcome")
    if density.suffix in {"lcdf", "lccdf"}:
        return Judgement("unplaced", "ask", "distribution function at a constant: it normalises something")
    return Judgement(
        "unplaced", "ask", "density of a constant: a soft constraint on parameters, or an observed value?"
    )


def _inner_roles(rules: Rules, density: Density) -> set[Role]:
    found = {judge_density(rules, inner) for inner in density.inner}
    return {item.role for item in found - {CONSTANT}}


def _of_parameters(rules: Rules, density: Density, node: object) -> Judgement:
    outcome, given = rules.parameters(density.outcome), rules.parameters(density.given)
    observed = rules.data(density.outcome, "value")
    name = _listed(outcome)
    if observed:
        reason = f"density of {_listed(observed)} together with {name}: a residual, or data with gaps"
        return Judgement("likelihood", "inferred", reason)
    if given:
        return Judgement("latent", "certain", f"density of {name} given {_listed(given)}")
    if density.is_user_defined and rules.data(density.inner_uses, "value", "factor") & rules.containers:
        reason = f"the program's own density of {name}, which also receives data"
        return Judgement("unplaced", "ask", reason)
    if outcome & rules.scales == frozenset() and rules.is_scaled(outcome):
        if _is_standard_normal(density, node):
            return Judgement("latent", "inferred", f"standard normal {name}, scaled by another parameter")
        if density.is_user_defined and not density.inner:
            return Judgement("latent", "inferred", f"the program's own density of {name}, which is scaled")
    shown = rules.data(density.given, "value", "factor") & rules.outcomes()
    if shown:
        reason = f"density of {name} given constants that depend on the data {_listed(shown)}"
        return Judgement("prior", "inferred", reason)
    return Judgement("prior", "certain", f"density of {name} given constants")


def _is_standard_normal(density: Density, node: object) -> bool:
    if density.name == "std_normal":
        return True
    arguments = _arguments(node)
    return density.name == "normal" and [_literal(item) for item in arguments] == [0.0, 1.0]


def _arguments(node: object) -> tuple[n.Expr, ...]:
    if isinstance(node, n.Tilde):
        return node.arguments
    if isinstance(node, n.Call) and node.is_conditional:
        return node.arguments[1:]
    return ()


def _literal(node: n.Expr) -> float | None:
    inner = t.bare(node)
    return float(inner.text) if isinstance(inner, n.Numeral) and not inner.text.endswith("i") else None


def judge(rules: Rules, contribution: Contribution) -> Judgement:
    """Return the role of one summand.

    Raises nothing: what the rules cannot place is `unplaced`, with the question to ask.
    """
    value = contribution.value
    if not rules.parameters(value.all_uses):
        return CONSTANT
    node = contribution.summand.node
    found = {judge_density(rules, density, node) for density in value.densities} - {CONSTANT}
    roles = {item.role for item in found}
    if not found:
        return _hand_written(rules, contribution)
    if len(roles) > 1 and roles <= {"prior", "latent"}:
        return Judgement("latent", "inferred", "densities of parameters, some given other parameters")
    if len(roles) > 1:
        kinds = " and ".join(sorted(roles - {"unplaced"})) or "unplaced"
        return Judgement("unplaced", "ask", f"{kinds} densities inside one expression")
    first = min(found, key=lambda item: (item.confidence, item.reason))
    chosen_by = rules.data(contribution.branch, "branch") & rules.containers
    if first.role == "unplaced" and chosen_by:
        return Judgement("likelihood", "inferred", f"stands in a branch that {_listed(chosen_by)} chose")
    is_plain = len(value.densities) == 1 and not value.uses
    return first if is_plain else _within_expression(rules, contribution, first)


def _within_expression(rules: Rules, contribution: Contribution, inner: Judgement) -> Judgement:
    """Judge an expression around densities that all have one role."""
    around = contribution.value.uses
    extra = rules.parameters(around)
    if inner.role == "prior" and rules.data(around, "value") & rules.containers:
        return Judgement("unplaced", "ask", "a density of parameters and data inside one expression")
    if inner.role == "prior" and extra:
        return Judgement("latent", "inferred", f"{inner.reason}, in an expression of {_listed(extra)}")
    if inner.confidence == "ask":
        return inner
    densities = contribution.value.densities
    if len(densities) == 1:
        return inner
    about = frozenset[str]().union(*(_about(rules, density) for density in densities))
    return Judgement(inner.role, "inferred", f"{len(densities)} densities of {_listed(about)}")


def _about(rules: Rules, density: Density) -> frozenset[str]:
    return rules.parameters(density.outcome) or rules.data(density.outcome, "value", "factor")


def _hand_written(rules: Rules, contribution: Contribution) -> Judgement:
    """Judge an expression without any density function in it."""
    uses = contribution.value.uses
    touched = rules.parameters(uses)
    data = rules.data(uses, "value", "factor") - rules.sizes
    chosen_by = rules.data(contribution.branch, "branch") & rules.containers
    if chosen_by:
        return Judgement("likelihood", "inferred", f"stands in a branch that {_listed(chosen_by)} chose")
    if data & (rules.outcomes() | rules.containers):
        return Judgement("likelihood", "inferred", f"hand-written, with the data {_listed(data)}")
    if data:
        reason = f"hand-written, with {_listed(data)}: an observation or a setting of the prior?"
        return Judgement("unplaced", "ask", reason)
    picked = rules.data(uses, "index") & rules.containers
    if picked and touched & rules.probabilities:
        return Judgement("likelihood", "inferred", f"probabilities picked by the data {_listed(picked)}")
    if rules.is_scaled(touched):
        return Judgement("latent", "inferred", f"hand-written, of {_listed(touched)} that is scaled")
    if len(touched) > 1 and touched & rules.scales:
        reason = f"hand-written, of {_listed(touched - rules.scales)} given {_listed(touched & rules.scales)}"
        return Judgement("latent", "inferred", reason)
    return Judgement("prior", "inferred", f"hand-written, of {_listed(touched)} alone")


def _listed(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in sorted(names))
