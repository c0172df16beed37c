"""How a density of data draws its outcome: what stands in its place in generated quantities."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

from workbench.program.predictive.means import format_mean
from workbench.program.predictive.outcome_elements import (
    OutcomeElements,
    count_dimensions,
    find_elements,
)
from workbench.program.predictive.rng_functions import GUARDED, INVERSES, format_rng_call
from workbench.program.rewrite.observations import find_split_arguments, format_indexable, hold
from workbench.program.rewrite.plan import RewritePlan
from workbench.program.syntax import nodes as n
from workbench.program.syntax import traverse as t
from workbench.program.syntax.identifiers import FreshNames
from workbench.program.syntax.printer import to_text
from workbench.program.terms.densities import DensityCall, format_limit, parse_density
from workbench.program.terms.distributions import DISTRIBUTIONS, GLM_DISTRIBUTIONS

Reason: TypeAlias = str
"""Why a statement does not draw its outcome: the rest of a sentence that begins with the statement."""


@dataclass(frozen=True)
class ReplicateNames:
    """The names that drawing adds to a program.

    Attributes
    ----------
    flag
        Data: whether anything is drawn.
    guarded
        Functions: a name for each of the guarded generators.
    drawn, tries, elements
        Variables: a draw, how often it was tried, and the indices of its elements.
    """

    flag: str
    guarded: Mapping[str, str]
    drawn: str
    tries: str
    elements: tuple[str, str]

    @classmethod
    def take(cls, names: FreshNames) -> ReplicateNames:
        """Return names that are not in use."""
        guarded = {kind: f"{names.take(f'drawn_{kind}')}_rng" for kind in GUARDED}
        elements = (names.take("i"), names.take("j"))
        return cls(names.take("replicating"), guarded, names.take("drawn"), names.take("tries"), elements)


@dataclass(frozen=True)
class OutcomeDraw:
    """How one density draws its outcome.

    Attributes
    ----------
    elements
        The elements of the replicated variable that the draws fill.
    value
        The draw of one observation, as Stan.
    is_integer
        Whether the draws are integers.
    type
        The declared type of one draw.
    rank
        How many dimensions one draw has.
    count
        How many observations there are, as Stan; empty for a single one.
    declarations
        The declarations of variables that hold long arguments.
    limits
        The lower and the upper limit of a truncated density; empty where there is none.
    mean
        The mean of one observation, as Stan; empty where it is not known in closed form.
    density
        The function that is the log density of one number, and its arguments, as Stan; empty for vectors, and
        where the density is truncated or of a function of the outcome.
    truncated
        The distribution of one number that is truncated, and its arguments, as Stan; empty for all others.
    """

    elements: OutcomeElements
    value: str
    is_integer: bool
    type: str
    rank: int = 0
    count: str = ""
    declarations: tuple[str, ...] = ()
    limits: tuple[str, str] = ("", "")
    mean: str = ""
    density: tuple[str, str] = ("", "")
    truncated: tuple[str, str] = ("", "")


@dataclass(frozen=True)
class _Observation:
    """A density at one of its observations: the outcome and the arguments as Stan."""

    outcome: str
    arguments: tuple[str, ...]
    count: str
    declarations: tuple[str, ...]


def plan_draw(
    node: n.Expr | n.Tilde, tree: n.Tree, plan: RewritePlan, names: ReplicateNames
) -> OutcomeDraw | Reason:
    """Return how a summand of the likelihood draws its outcome, or why it does not."""
    density = parse_density(node)
    if density is None or not density.suffix.startswith("lp"):
        return _explain_no_density(node, density)
    outcome, inverse = untransform(density)
    elements = find_elements(outcome)
    if elements is None:
        text = to_text(density.outcome)
        return f"is a density of `{text}`, which is neither a data variable nor elements of one"
    density = replace(density, arguments=(outcome, *density.arguments[1:]))
    if density.distribution not in DISTRIBUTIONS:
        return _draw_by_author(density, elements, tree)
    draw = _draw_by_stan(density, elements, plan, names)
    if isinstance(draw, OutcomeDraw) and inverse:
        if draw.rank or any(draw.limits):
            return "is a joint or truncated density of a function of data"
        return replace(draw, value=inverse.format(draw.value), mean="", density=("", ""))
    return draw


def _explain_no_density(node: n.Expr | n.Tilde, density: DensityCall | None) -> Reason:
    if density is not None:
        return "is the probability of censored values, not a density"
    inner = t.unwrap(node) if isinstance(node, n.Expr) else node
    if isinstance(inner, n.Call) and inner.name in {"log_mix", "log_sum_exp"}:
        return "is a sum over cases, as in a mixture"
    if isinstance(inner, n.Call) and inner.name.startswith("reduce_sum"):
        return "is a sum over slices"
    return "is hand-written, not a single density function"


def untransform(density: DensityCall) -> tuple[n.Expr, str]:
    """Return the outcome without the function around it, and the inverse of that function as Stan."""
    outcome = t.unwrap(density.outcome)
    if isinstance(outcome, n.Call) and outcome.name in INVERSES and len(outcome.arguments) == 1:
        return t.unwrap(outcome.arguments[0]), INVERSES[outcome.name]
    return outcome, ""


def _draw_by_author(density: DensityCall, elements: OutcomeElements, tree: n.Tree) -> OutcomeDraw | Reason:
    """Return how the program's own generator draws: `foo_rng` beside `foo_lpdf`."""
    name = f"{density.distribution}_rng"
    given = density.arguments[1:]
    functions = [item for item in tree.get_block("functions") if isinstance(item, n.Function)]
    fitting = [item for item in functions if item.name == name and len(item.arguments) == len(given)]
    if not fitting:
        return f"is the program's own density, and the program has no `{name}` to draw from it"
    returns = fitting[0].returns
    rank = count_dimensions(returns) if returns is not None else -1
    if rank != elements.rank or returns is None or density.is_truncated:
        return f"is the program's own density, and `{name}` does not return the shape of `{elements.name}`"
    texts = [to_text(argument) for argument in given]
    base = returns.base if returns.base in {"int", "real"} else "real"
    type_ = _format_draw_type(base, rank, to_text(density.outcome), returns.base if not returns.depth else "")
    is_integer = density.suffix == "lpmf" and base == "int"
    return OutcomeDraw(elements, f"{name}({', '.join(texts)})", is_integer, type_, rank)


def _draw_by_stan(
    density: DensityCall, elements: OutcomeElements, plan: RewritePlan, names: ReplicateNames
) -> OutcomeDraw | Reason:
    """Return how one of Stan's own generators draws."""
    distribution = DISTRIBUTIONS[density.distribution]
    positions = find_split_arguments(density)
    is_split = 0 in positions
    if positions and not is_split:
        return f"is the product of several densities of one value of `{elements.name}`"
    rank = elements.rank - is_split
    if rank and not (distribution.is_multivariate or distribution.is_joint):
        return "does not split into observations"
    if density.distribution == "von_mises" and density.is_truncated:
        return "is a truncated `von_mises`, of which a draw may be whole turns away from its interval"
    name, observation = density.distribution, _at_observation(density, positions, plan)
    if distribution.is_glm:
        predicted = _use_predictor(density, observation, plan)
        if predicted is None:
            return "has no design matrix with one row for each observation"
        name, observation = GLM_DISTRIBUTIONS[name], predicted
    value = format_rng_call(name, observation.arguments, observation.outcome, names.guarded)
    if value is None:
        return f"is a `{name}` density, for which Stan has no generator"
    is_integer = density.suffix == "lpmf"
    base = "int" if is_integer else "real"
    container = "" if is_integer else ("vector", "matrix")[rank - 1]
    return OutcomeDraw(
        elements,
        value,
        is_integer,
        _format_draw_type(base, rank, observation.outcome, container),
        rank,
        observation.count,
        observation.declarations,
        (format_limit(density.lower), format_limit(density.upper)),
        "" if density.is_truncated else format_mean(name, observation.arguments, observation.outcome),
        ("", "")
        if density.is_truncated or rank
        else (f"{name}_{density.suffix}", ", ".join(observation.arguments)),
        (name, ", ".join(observation.arguments)) if density.is_truncated and not rank else ("", ""),
    )


def _format_draw_type(base: str, rank: int, observed: str, container: str) -> str:
    """Return the declared type of one draw, with the sizes of what was observed."""
    if rank == 0:
        return base
    if container == "matrix":
        return f"matrix[rows({observed}), cols({observed})]"
    if container:
        return f"{container}[num_elements({observed})]"
    return f"array[num_elements({observed})] {base}"


def _at_observation(density: DensityCall, positions: Sequence[int], plan: RewritePlan) -> _Observation:
    """Return a density at one of its observations."""
    if 0 not in positions:
        outcome, *arguments = (to_text(argument) for argument in density.arguments)
        return _Observation(outcome, tuple(arguments), "", ())
    count = f"size({to_text(density.outcome)})"
    texts: list[str] = []
    declarations: list[str] = []
    for position, argument in enumerate(density.arguments):
        if position not in positions:
            texts.append(to_text(argument))
            continue
        held, declaration = hold(argument, count, f"{plan.holder}_{position}") if position else (argument, ())
        declarations += declaration
        texts.append(f"{format_indexable(held)}[{plan.element}]")
    return _Observation(texts[0], tuple(texts[1:]), count, tuple(declarations))


def _use_predictor(density: DensityCall, observation: _Observation, plan: RewritePlan) -> _Observation | None:
    """Return a generalised linear model at one observation, as a density given its linear predictor."""
    names = DISTRIBUTIONS[density.distribution].arguments
    given = dict(zip(names, density.arguments[1:], strict=True))
    texts = dict(zip(names, observation.arguments, strict=True))
    if given["x"].type != n.Type("matrix") or not observation.count:
        return None
    rows, slope = format_indexable(given["x"]), format_indexable(given["beta"])
    intercept = f"{texts['alpha']} + " if "alpha" in texts else ""
    declarations = observation.declarations
    if given["beta"].type.base == "matrix":
        predictor = f"{intercept}({rows}[{plan.element}] * {slope})'"
    else:
        name = f"{plan.holder}_x"
        declarations = (*declarations, f"vector[{observation.count}] {name} = {rows} * {slope};")
        predictor = f"{intercept}{name}[{plan.element}]"
    before = [texts[key] for key in names[: names.index("x")]]
    after = [texts[key] for key in names[names.index("x") :] if key not in {"x", "alpha", "beta"}]
    return replace(observation, arguments=(*before, predictor, *after), declarations=declarations)
