"""How one density of data draws its outcome: what stands in its place in generated quantities."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from workbench.program.predictive.outcome_elements import Cells, cells_of
from workbench.program.predictive.rng_functions import GUARDED, INVERSES, OF_PREDICTOR, generator
from workbench.program.rewrite.observations import hold, indexable, opened_arguments
from workbench.program.rewrite.weights import Plan
from workbench.program.syntax import nodes as n
from workbench.program.syntax import traverse as t
from workbench.program.syntax.identifiers import Names
from workbench.program.syntax.printer import to_text
from workbench.program.terms.densities import CalledDensity, density_of
from workbench.program.terms.distributions import DISTRIBUTIONS


@dataclass(frozen=True)
class Generators:
    """Names that drawing adds to a program.

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
    def fresh(cls, names: Names) -> Generators:
        """Return names that are free in a program."""
        guarded = {kind: f"{names.fresh(f'drawn_{kind}')}_rng" for kind in GUARDED}
        elements = (names.fresh("i"), names.fresh("j"))
        return cls(names.fresh("replicating"), guarded, names.fresh("drawn"), names.fresh("tries"), elements)


@dataclass(frozen=True)
class Drawing:
    """What one density draws.

    Attributes
    ----------
    cells
        Where the draws go, in the variable that is replicated.
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
    held
        Declarations of variables that hold long arguments.
    limits
        The lower and the upper limit of a truncated density; empty where there is none.
    """

    cells: Cells
    value: str
    is_integer: bool
    type: str
    rank: int = 0
    count: str = ""
    held: tuple[str, ...] = ()
    limits: tuple[str, str] = ("", "")


@dataclass(frozen=True)
class _Opened:
    """A density at one observation: its outcome and its arguments as Stan."""

    observed: str
    texts: tuple[str, ...]
    count: str
    held: tuple[str, ...]


def drawing(node: n.Expr | n.Tilde, tree: n.Tree, plan: Plan, names: Generators) -> Drawing | str:
    """Return how a summand of the likelihood draws its outcome, or why it does not."""
    density = density_of(node)
    if density is None or not density.suffix.startswith("lp"):
        return _not_a_density(node, density)
    outcome, way_back = untransformed(density)
    cells = cells_of(outcome)
    if cells is None:
        return f"is a density of `{to_text(density.outcome)}`, which is not data as they are"
    density = replace(density, arguments=(outcome, *density.arguments[1:]))
    if density.distribution not in DISTRIBUTIONS:
        return _by_own_generator(density, cells, tree)
    found = _by_generator(density, cells, plan, names)
    if isinstance(found, Drawing) and way_back:
        if found.rank or any(found.limits):
            return "is a density of a function of data, jointly or between limits"
        return replace(found, value=way_back.format(found.value))
    return found


def _not_a_density(node: n.Expr | n.Tilde, density: CalledDensity | None) -> str:
    if density is not None:
        return "gives the probability of censored values, not a density of values"
    inner = t.bare(node) if isinstance(node, n.Expr) else node
    if isinstance(inner, n.Call) and inner.name in {"log_mix", "log_sum_exp"}:
        return "is a sum over cases, a mixture"
    if isinstance(inner, n.Call) and inner.name.startswith("reduce_sum"):
        return "is a sum in slices"
    return "is written by hand, not as a density"


def untransformed(density: CalledDensity) -> tuple[n.Expr, str]:
    """Return the outcome without the function around it, and the text that takes a draw back."""
    outcome = t.bare(density.outcome)
    if isinstance(outcome, n.Call) and outcome.name in INVERSES and len(outcome.arguments) == 1:
        return t.bare(outcome.arguments[0]), INVERSES[outcome.name]
    return outcome, ""


def _by_own_generator(density: CalledDensity, cells: Cells, tree: n.Tree) -> Drawing | str:
    """Return how the program's own generator draws: `foo_rng` beside `foo_lpdf`."""
    name = f"{density.distribution}_rng"
    given = density.arguments[1:]
    functions = [item for item in tree.block("functions") if isinstance(item, n.Function)]
    fitting = [item for item in functions if item.name == name and len(item.arguments) == len(given)]
    if not fitting:
        return f"is the program's own density, without a `{name}` to draw from it"
    returns = fitting[0].returns
    rank = _rank(returns) if returns is not None else -1
    if rank != cells.rank or returns is None or density.is_truncated:
        return f"is the program's own density, and `{name}` returns another shape than `{cells.name}` has"
    texts = [to_text(argument) for argument in given]
    whole = to_text(density.outcome)
    kind = returns.base if returns.base in {"int", "real"} else "real"
    type_ = _typed(kind, rank, whole, returns.base if not returns.depth else "")
    is_integer = density.suffix == "lpmf" and kind == "int"
    return Drawing(cells, f"{name}({', '.join(texts)})", is_integer, type_, rank)


def _rank(kind: n.Type) -> int:
    return kind.depth + {"vector": 1, "row_vector": 1, "matrix": 2}.get(kind.base, 0)


def _by_generator(density: CalledDensity, cells: Cells, plan: Plan, names: Generators) -> Drawing | str:
    """Return how one of Stan's own generators draws."""
    distribution = DISTRIBUTIONS[density.distribution]
    positions = opened_arguments(density)
    is_many = 0 in positions
    if positions and not is_many:
        return f"is several densities of one value of `{cells.name}`"
    rank = cells.rank - is_many
    if rank and not (distribution.is_multivariate or distribution.is_joint):
        return "does not split into observations"
    name, one = density.distribution, _opened(density, positions, plan)
    if distribution.is_glm:
        predicted = _of_predictor(density, one, plan)
        if predicted is None:
            return "has no matrix with one row for each observation"
        name, one = OF_PREDICTOR[name], predicted
    value = generator(name, one.texts, one.observed, names.guarded)
    if value is None:
        return f"is a `{name}`, for which Stan has no generator"
    is_integer = density.suffix == "lpmf"
    base = "int" if is_integer else "real"
    type_ = _typed(base, rank, one.observed, "" if is_integer else ("vector", "matrix")[rank - 1])
    limits = tuple("" if item is None else to_text(item) for item in (density.lower, density.upper))
    return Drawing(cells, value, is_integer, type_, rank, one.count, one.held, limits)  # type: ignore[arg-type]


def _typed(base: str, rank: int, observed: str, container: str) -> str:
    """Return the declared type of one draw, with the sizes of what was observed."""
    if rank == 0:
        return base
    if container == "matrix":
        return f"matrix[rows({observed}), cols({observed})]"
    if container:
        return f"{container}[num_elements({observed})]"
    return f"array[num_elements({observed})] {base}"


def _opened(density: CalledDensity, positions: Sequence[int], plan: Plan) -> _Opened:
    """Return a density at one of its observations."""
    if 0 not in positions:
        alone = tuple(to_text(argument) for argument in density.arguments)
        return _Opened(alone[0], alone[1:], "", ())
    count = f"size({to_text(density.outcome)})"
    texts: list[str] = []
    declarations: list[str] = []
    for at, argument in enumerate(density.arguments):
        if at not in positions:
            texts.append(to_text(argument))
            continue
        kept, held = hold(argument, count, f"{plan.holder}_{at}") if at else (argument, ())
        declarations += held
        texts.append(f"{indexable(kept)}[{plan.element}]")
    return _Opened(texts[0], tuple(texts[1:]), count, tuple(declarations))


def _of_predictor(density: CalledDensity, one: _Opened, plan: Plan) -> _Opened | None:
    """Return a generalised linear model as a density given its linear predictor, at one observation."""
    arguments = DISTRIBUTIONS[density.distribution].arguments
    given = dict(zip(arguments, density.arguments[1:], strict=True))
    text = dict(zip(arguments, one.texts, strict=True))
    if given["x"].type != n.Type("matrix") or not one.count:
        return None
    rows, slope = indexable(given["x"]), indexable(given["beta"])
    intercept = f"{text['alpha']} + " if "alpha" in text else ""
    held = one.held
    if given["beta"].type.base == "matrix":
        predictor = f"{intercept}({rows}[{plan.element}] * {slope})'"
    else:
        name = f"{plan.holder}_x"
        held = (*held, f"vector[{one.count}] {name} = {rows} * {slope};")
        predictor = f"{intercept}{name}[{plan.element}]"
    before = [text[key] for key in arguments[: arguments.index("x")]]
    after = [text[key] for key in arguments[arguments.index("x") :] if key not in {"x", "alpha", "beta"}]
    return replace(one, texts=(*before, predictor, *after), held=held)
