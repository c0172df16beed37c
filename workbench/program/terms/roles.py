"""The role of a contribution to ``target``: the rules for prior, latent and likelihood."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Literal, TypeAlias

from workbench.program.syntax import nodes as n
from workbench.program.syntax import traverse as t
from workbench.program.terms.values import Contribution, DataFlow, Density, Use

Role: TypeAlias = Literal["prior", "latent", "likelihood", "unplaced"]
"""What a term is; ``unplaced`` if the rules do not tell, or if it is a constant."""

ROLES: tuple[Role, ...] = ("prior", "latent", "likelihood", "unplaced")
"""All roles."""

Confidence: TypeAlias = Literal["certain", "inferred", "ask"]
"""How sure a role is; ``ask`` if only the user can tell."""


@dataclass(frozen=True)
class RoleJudgement:
    """A role, how sure it is, and why."""

    role: Role
    confidence: Confidence
    reason: str


CONSTANT = RoleJudgement("unplaced", "certain", "a constant: it involves no parameter")
"""The judgement of a summand without parameters."""


@dataclass(frozen=True)
class RoleContext:
    """What the rules need to know about the program.

    Attributes
    ----------
    flow
        What flows where.
    containers
        Data that hold many values, as observations do and settings seldom do.
    scales
        Parameters that can set the spread of others: positive ones and Cholesky factors.
    probabilities
        Parameters that are probabilities.
    sizes
        Data that are the declared sizes of other data or of parameters.
    """

    flow: DataFlow
    containers: frozenset[str]
    scales: frozenset[str]
    probabilities: frozenset[str]
    sizes: frozenset[str]

    def select_parameters(self, uses: Iterable[Use]) -> frozenset[str]:
        """Return the parameters among the uses, however they enter."""
        return frozenset(use.name for use in uses) & self.flow.parameters

    def select_data(self, uses: Iterable[Use], *vias: str) -> frozenset[str]:
        """Return the data among the uses that enter in one of these ways."""
        return frozenset(use.name for use in uses if use.via in vias) & self.flow.data

    def find_outcomes(self) -> frozenset[str]:
        """Return the data that some density has as its outcome."""
        return self._outcomes

    @cached_property
    def _outcomes(self) -> frozenset[str]:
        outcomes = (
            self.select_data(density.outcome, "value")
            for contribution in self.flow.contributions.values()
            for density in contribution.value.densities
        )
        return frozenset[str]().union(*outcomes)

    def is_scaled(self, names: frozenset[str]) -> bool:
        """Whether the program multiplies one of these parameters by a scale parameter.

        A residual, such as `(y - mu) / sigma`, is no such product: observations are in it.
        """
        return any(
            names & product.parameters
            and not product.data & self.containers
            and any(self.is_scale(use) for use in product.other if use.name not in names)
            for product in self.flow.products
        )

    def is_scale(self, use: Use) -> bool:
        """Whether a parameter sets a spread where it enters: by declaration, or by being exponentiated."""
        return use.name in self.scales or use.via == "exp"


def judge_density(context: RoleContext, density: Density, node: object = None) -> RoleJudgement:
    """Return the role of a density, given what enters its outcome and its arguments.

    Parameters
    ----------
    context
        What the rules need to know about the program.
    density
        The density.
    node
        The summand that it stands in.
    """
    if context.select_parameters(density.outcome):
        return _judge_parameter_density(context, density, node)
    given = context.select_parameters(density.given)
    observed = context.select_data(density.outcome, "value", "factor")
    inner_roles = _judge_inner(context, density)
    if density.is_user_defined and len(inner_roles) > 1:
        kinds = " and ".join(sorted(inner_roles))
        reason = f"the program's own density, which contains {kinds} densities"
        return RoleJudgement("unplaced", "ask", reason)
    if not given:
        return CONSTANT
    if observed:
        return RoleJudgement("likelihood", "certain", f"density of data: {_list_names(observed)}")
    if density.suffix == "lpmf":
        return RoleJudgement("likelihood", "inferred", "probability of a fixed outcome")
    if density.suffix in {"lcdf", "lccdf"}:
        reason = "distribution function of a constant: it normalises another density"
        return RoleJudgement("unplaced", "ask", reason)
    reason = "density of a constant: a soft constraint on parameters, or an observed value?"
    return RoleJudgement("unplaced", "ask", reason)


def _judge_inner(context: RoleContext, density: Density) -> set[Role]:
    """Return the roles of the densities in the body of a user-defined one."""
    judgements = {judge_density(context, inner) for inner in density.inner}
    return {judgement.role for judgement in judgements - {CONSTANT}}


def _judge_parameter_density(context: RoleContext, density: Density, node: object) -> RoleJudgement:
    outcome, given = context.select_parameters(density.outcome), context.select_parameters(density.given)
    observed = context.select_data(density.outcome, "value")
    name = _list_names(outcome)
    if observed:
        reason = f"density of {_list_names(observed)} together with {name}: a residual, or missing values"
        return RoleJudgement("likelihood", "inferred", reason)
    if given:
        return RoleJudgement("latent", "certain", f"density of {name} given {_list_names(given)}")
    if (
        density.is_user_defined
        and context.select_data(density.inner_uses, "value", "factor") & context.containers
    ):
        reason = f"the program's own density of {name}, which also takes data"
        return RoleJudgement("unplaced", "ask", reason)
    if not outcome & context.scales and context.is_scaled(outcome):
        if _is_standard_normal(density, node):
            reason = f"standard normal {name}, scaled by another parameter"
            return RoleJudgement("latent", "inferred", reason)
        if density.is_user_defined and not density.inner:
            reason = f"the program's own density of {name}, scaled by another parameter"
            return RoleJudgement("latent", "inferred", reason)
    outcomes = context.select_data(density.given, "value", "factor") & context.find_outcomes()
    if outcomes:
        reason = f"density of {name} given constants that depend on the data {_list_names(outcomes)}"
        return RoleJudgement("prior", "inferred", reason)
    return RoleJudgement("prior", "certain", f"density of {name} given constants")


def _is_standard_normal(density: Density, node: object) -> bool:
    if density.name == "std_normal":
        return True
    arguments = _arguments_of(node)
    return density.name == "normal" and [_literal_value(item) for item in arguments] == [0.0, 1.0]


def _arguments_of(node: object) -> tuple[n.Expr, ...]:
    """Return the arguments of a density without its outcome; none for other nodes."""
    if isinstance(node, n.Tilde):
        return node.arguments
    if isinstance(node, n.Call) and node.is_conditional:
        return node.arguments[1:]
    return ()


def _literal_value(node: n.Expr) -> float | None:
    inner = t.unwrap(node)
    return float(inner.text) if isinstance(inner, n.Numeral) and not inner.text.endswith("i") else None


def judge_summand(context: RoleContext, contribution: Contribution) -> RoleJudgement:
    """Return the role of a summand.

    Raises nothing: a summand that the rules cannot judge is `unplaced`, and the reason asks a question.
    """
    value = contribution.value
    if not context.select_parameters(value.all_uses):
        return CONSTANT
    node = contribution.summand.node
    judgements = {judge_density(context, density, node) for density in value.densities} - {CONSTANT}
    if not judgements:
        return _judge_around_constants(context, contribution)
    roles = {judgement.role for judgement in judgements}
    if len(roles) > 1 and roles <= {"prior", "latent"}:
        reason = "densities of parameters, some given other parameters"
        return RoleJudgement("latent", "inferred", reason)
    if len(roles) > 1:
        kinds = " and ".join(sorted(roles - {"unplaced"})) or "unplaced"
        return RoleJudgement("unplaced", "ask", f"{kinds} densities inside one expression")
    first = min(judgements, key=lambda judgement: (judgement.confidence, judgement.reason))
    chosen_by = _find_choosing_data(context, contribution)
    if first.role == "unplaced" and chosen_by:
        return _judge_by_branch(chosen_by)
    is_density_alone = len(value.densities) == 1 and not value.uses
    return first if is_density_alone else _judge_expression(context, contribution, first)


def _judge_around_constants(context: RoleContext, contribution: Contribution) -> RoleJudgement:
    """Judge an expression whose parameters stand in no density, such as a mixture of known components."""
    value = contribution.value
    outcomes = frozenset[str]().union(*(_outcomes_of(context, density) for density in value.densities))
    if not outcomes:
        return _judge_hand_written(context, contribution)
    around = _list_names(context.select_parameters(value.uses))
    reason = f"density of data, {_list_names(outcomes)}, in an expression with {around}"
    return RoleJudgement("likelihood", "inferred", reason)


def _find_choosing_data(context: RoleContext, contribution: Contribution) -> frozenset[str]:
    """Return the data that choose the branch of a summand, or its value, and can be observations."""
    around = contribution.branch | contribution.value.uses
    return context.select_data(around, "branch") & context.containers


def _judge_by_branch(chosen_by: frozenset[str]) -> RoleJudgement:
    reason = f"in a branch chosen by the data {_list_names(chosen_by)}"
    return RoleJudgement("likelihood", "inferred", reason)


def _judge_expression(
    context: RoleContext, contribution: Contribution, inner: RoleJudgement
) -> RoleJudgement:
    """Judge an expression around densities that all have one role."""
    around = contribution.value.uses
    parameters = context.select_parameters(around)
    if inner.role == "prior" and context.select_data(around, "value") & context.containers:
        return RoleJudgement("unplaced", "ask", "a density of parameters and data inside one expression")
    if inner.role == "prior" and parameters:
        reason = f"{inner.reason}, in an expression with {_list_names(parameters)}"
        return RoleJudgement("latent", "inferred", reason)
    if inner.confidence == "ask":
        return inner
    densities = contribution.value.densities
    if len(densities) == 1:
        return inner
    outcomes = frozenset[str]().union(*(_outcomes_of(context, density) for density in densities))
    if not outcomes:
        return RoleJudgement(inner.role, "inferred", f"{len(densities)} probabilities of fixed outcomes")
    return RoleJudgement(inner.role, "inferred", f"{len(densities)} densities of {_list_names(outcomes)}")


def _outcomes_of(context: RoleContext, density: Density) -> frozenset[str]:
    parameters = context.select_parameters(density.outcome)
    return parameters or context.select_data(density.outcome, "value", "factor")


def _judge_hand_written(context: RoleContext, contribution: Contribution) -> RoleJudgement:
    """Judge an expression without any density function in it."""
    uses = contribution.value.uses
    parameters = context.select_parameters(uses)
    data = context.select_data(uses, "value", "factor") - context.sizes
    chosen_by = _find_choosing_data(context, contribution)
    if chosen_by:
        return _judge_by_branch(chosen_by)
    if data & (context.find_outcomes() | context.containers):
        return RoleJudgement("likelihood", "inferred", f"hand-written, with the data {_list_names(data)}")
    if data:
        reason = f"hand-written, with {_list_names(data)}: an observation or a setting of the prior?"
        return RoleJudgement("unplaced", "ask", reason)
    selecting = context.select_data(uses, "index") & context.containers
    linked = {use.name for use in uses if use.via == "link"}
    if selecting and (parameters & context.probabilities or parameters <= linked):
        reason = f"probabilities selected by the data {_list_names(selecting)}"
        return RoleJudgement("likelihood", "inferred", reason)
    if selecting and all(use.via == "value" for use in uses if use.name in parameters):
        reason = f"{_list_names(parameters)} selected by {_list_names(selecting)}: an observation or a prior?"
        return RoleJudgement("unplaced", "ask", reason)
    if context.is_scaled(parameters):
        reason = f"hand-written, of {_list_names(parameters)}, scaled by another parameter"
        return RoleJudgement("latent", "inferred", reason)
    scales = parameters & context.scales
    if len(parameters) > 1 and scales:
        reason = f"hand-written, of {_list_names(parameters - scales)} given {_list_names(scales)}"
        return RoleJudgement("latent", "inferred", reason)
    counts = context.select_data(uses, "value", "factor")
    if counts:
        reason = (
            f"hand-written, with the size {_list_names(counts)}: a part of the likelihood, or of a prior?"
        )
        return RoleJudgement("unplaced", "ask", reason)
    return RoleJudgement("prior", "inferred", f"hand-written, of {_list_names(parameters)} alone")


def _list_names(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in sorted(names))
