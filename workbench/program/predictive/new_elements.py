"""Elements that the fit does not know, drawn from their own densities: levels of new groups, later outcomes.

A parameter with an element for each group has none for a new group; what the program states of it, such as
`theta ~ normal(mu, tau)`, says how such an element is distributed given the rest. It is drawn where its
density stands, after the elements before it, so that `level[t] ~ normal(level[t - 1], s)` goes on.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from workbench.program.predictive.dependence import find_dependent
from workbench.program.predictive.outcome_draws import OutcomeDraw, ReplicateNames
from workbench.program.predictive.replicates import are_disjoint, plan_term_draws
from workbench.program.predictive.row_axes import FIXED, RowAxes
from workbench.program.rewrite.plan import RewritePlan
from workbench.program.syntax import nodes as n
from workbench.program.syntax.printer import get_type_keyword, to_text
from workbench.program.terms.terms import Term

_TRIES = 1000
"""Draws after which an element outside the declared bounds counts as missing."""

_JOINT_KINDS = frozenset({
    "simplex", "unit_vector", "ordered", "positive_ordered", "sum_to_zero_vector", "sum_to_zero_matrix",
    "cov_matrix", "corr_matrix", "cholesky_factor_cov", "cholesky_factor_corr",
    "row_stochastic_matrix", "column_stochastic_matrix",
})  # fmt: skip
"""Types whose elements constrain each other, so that none can be added."""


@dataclass(frozen=True)
class NewElements:
    """A variable some of whose elements are new, and how these are drawn.

    Attributes
    ----------
    name
        A parameter, or an outcome that is drawn given earlier values of itself.
    quantity
        The generated quantity that holds it with its new elements; empty if they cannot be drawn.
    sizes
        For each axis the size that it grows with; empty text for one that does not.
    reason
        Why its new elements cannot be drawn, as the rest of a sentence that begins with its name.
    is_sequential
        Whether an element is drawn given earlier ones.
    parents
        Variables with new elements that must be drawn before.
    draws
        What draws it, by the index of the term.
    density
        Of an outcome: the generated quantity that holds the log density of what was observed, given the
        elements drawn before it; empty where it is not known.
    """

    name: str
    quantity: str
    sizes: tuple[str, ...]
    reason: str = ""
    is_sequential: bool = False
    parents: frozenset[str] = frozenset()
    draws: Mapping[int, tuple[OutcomeDraw, ...]] = field(default_factory=dict, repr=False)
    density: str = ""

    @property
    def has_density(self) -> bool:
        """Whether everything that draws it says how likely a single number is."""
        draws = [draw for item in self.draws.values() for draw in item]
        return bool(draws) and all(draw.density[0] for draw in draws)


def plan_new_elements(
    tree: n.Tree,
    plan: RewritePlan,
    names: ReplicateNames,
    axes: RowAxes,
    quantities: Mapping[str, str],
    outcomes: Sequence[str],
    renamed: Mapping[str, str],
) -> tuple[NewElements, ...]:
    """Return how new elements are drawn: of parameters that grow with the table, and of some outcomes.

    Parameters
    ----------
    tree, plan, names
        The program, its plan, and the names that drawing adds.
    axes
        Knows which variables grow.
    quantities
        The names of the quantities that will hold them, by variable.
    outcomes
        Outcomes that are drawn given earlier values of themselves.
    renamed
        New names for variables of the model block.
    """
    parameters = _find_types(tree.get_block("parameters"))
    growing = {name: item for name, item in parameters.items() if axes.is_growing(name)}
    data = _find_types((*tree.get_block("data"), *tree.get_block("transformed data")))
    wanted = growing | {name: data[name] for name in outcomes if name in data}
    types = {name: declare.sized for name, declare in wanted.items()}
    drawn = {
        term.index: draws
        for term in plan.terms
        if not term.is_constant
        and set(term.outcomes) & wanted.keys()
        and not isinstance(draws := plan_term_draws(term, tree, plan, names, renamed, types), str)
    }
    found = [
        _plan_variable(name, declare, tree, plan.terms, drawn, axes, quantities[name], frozenset(wanted))
        for name, declare in wanted.items()
    ]
    return tuple(found)


def _plan_variable(
    name: str,
    declare: n.Declare,
    tree: n.Tree,
    terms: Sequence[Term],
    drawn: Mapping[int, tuple[OutcomeDraw, ...]],
    axes: RowAxes,
    quantity: str,
    wanted: frozenset[str],
) -> NewElements:
    sizes = axes.label_sizes(declare.sized)
    about = [term for term in terms if name in term.outcomes and not term.is_constant]
    draws = {
        term.index: own
        for term in about
        if (own := tuple(draw for draw in drawn.get(term.index, ()) if draw.elements.name == name))
    }
    given = {term.index: _find_given(term, name) for term in about}
    reason = _find_reason(declare, about, draws, sizes, axes.sizes)
    if not reason and name not in {item for term in terms for item in term.data}:
        reason = _find_other_density(name, about, terms)
    for term in about:
        if (
            not reason
            and name in given[term.index]
            and not any(_mentions(d, name) for d in draws[term.index])
        ):
            reason = _describe_detour(name, term, tree)
    placed = [(term.model_statement, draw) for term in about for draw in draws.get(term.index, ())]
    if not reason and not are_disjoint(placed, tree):
        reason = "has several densities"
    limits = _format_bounds(declare.constraint)
    bounded = {
        index: tuple(replace(draw, limits=_join_limits(draw.limits, limits)) for draw in item)
        for index, item in draws.items()
    }
    everything = frozenset(other for item in given.values() for other in item)
    return NewElements(
        name,
        "" if reason else quantity,
        sizes,
        reason,
        name in everything,
        everything & wanted - {name},
        {} if reason else bounded,
    )


def _describe_detour(name: str, term: Term, tree: n.Tree) -> str:
    """Return the reason of a density that is given earlier elements through other variables."""
    made = find_dependent(tree, {name}) - {name}
    used = sorted(made & set(re.findall(r"\w+", term.text)))
    through = f"`{used[0]}`" if used else "other variables"
    return (
        f"depends on its earlier values through {through}, computed from them outside of the statement "
        f"`{term.text}`"
    )


def _find_given(term: Term, name: str) -> frozenset[str]:
    """Return what the densities of a variable in a term are given."""
    return frozenset(
        use.name
        for item in term.contributions
        for density in item.value.densities
        if any(outcome.name == name for outcome in density.outcome)
        for use in density.given
        if use.via != "size"
    )


def _find_reason(
    declare: n.Declare,
    about: Sequence[Term],
    draws: Mapping[int, tuple[OutcomeDraw, ...]],
    sizes: Sequence[str],
    known: frozenset[str],
) -> str:
    """Return why new elements cannot be drawn; empty if they can."""
    keyword = get_type_keyword(declare.sized, declare.constraint)
    if keyword in _JOINT_KINDS and sizes[-1]:
        return f"is a `{keyword}`, whose elements depend on each other"
    if any(size and size not in known for size in sizes):
        return "grows with the rows in another way than one element for each"
    if not about:
        return "has no density of its own, which would say how a new element is distributed"
    for term in about:
        if term.index not in draws:
            return f"has the density `{term.text}`, from which no single element can be drawn"
        if any(_is_joint(draw, sizes) for draw in draws[term.index]):
            return f"has one density for all its elements together: `{term.text}`"
        is_bounded = any(_format_bounds(declare.constraint))
        if is_bounded and any(draw.rank for draw in draws[term.index]):
            return f"has bounds, and several elements in one density: `{term.text}`"
    return ""


def _find_other_density(name: str, about: Sequence[Term], terms: Sequence[Term]) -> str:
    """Return why the stated densities of a parameter are not all that is known of it; empty if they are."""
    for term in about:
        if re.match(r"\s*\w+\(", term.outcome or "") and not re.match(
            r"\s*to_(vector|array|row)", term.outcome or ""
        ):
            return f"has a density of a function of it, `{term.text}`"
    for term in terms:
        if term.role == "likelihood" or term in about or name not in term.parameters:
            continue
        if any(use.name == name for item in term.contributions for use in item.value.uses):
            return f"has a further density, `{term.text}`"
    return ""


def _is_joint(draw: OutcomeDraw, sizes: Sequence[str]) -> bool:
    """Return whether one draw holds several elements along an axis that grows."""
    opened = "".join(index for index, size in zip(draw.elements.indices, sizes, strict=True) if size)
    return any(int(number) >= bool(draw.count) for number in re.findall(r"@(\d)", opened))


def _mentions(draw: OutcomeDraw, name: str) -> bool:
    expressions = (declaration.partition(" = ")[2] for declaration in draw.declarations)
    return bool(re.search(rf"\b{name}\b", " ".join((draw.value, *expressions))))


def _format_bounds(constraint: n.Constraint) -> tuple[str, str]:
    bounds = dict(constraint.arguments) if constraint.kind == "bounds" else {}
    return tuple(to_text(bounds[key]) if key in bounds else "" for key in ("lower", "upper"))  # type: ignore[return-value]


def _join_limits(stated: tuple[str, str], declared: tuple[str, str]) -> tuple[str, str]:
    """Return the limits of a truncated density, or else those of the declaration."""
    return stated[0] or declared[0], stated[1] or declared[1]


def _find_types(statements: Sequence[n.Stmt]) -> dict[str, n.Declare]:
    return {name: item for item in statements if isinstance(item, n.Declare) for name, _ in item.variables}


def declare_new_elements(tree: n.Tree, elements: Sequence[NewElements], flag: str) -> Iterator[n.Stmt]:
    """Yield the declarations of the quantities: empty unless they are drawn, the known elements first."""
    types = _find_types([item for _, body in tree.blocks for item in body])
    for item in elements:
        if item.quantity:
            sized = types[item.name].sized
            dims, sizes = [to_text(size) for size in sized.dims], [to_text(size) for size in sized.sizes]
            if types[item.name].constraint.kind in {"cov_matrix", "corr_matrix"}:
                sizes = sizes * 2
            array = f"array[{', '.join([flag, *dims])}] "
            inner = f"[{', '.join(sizes)}]" if sizes else ""
            yield n.Raw(f"{array}{sized.base}{inner} {item.quantity}; // `{item.name}` with its new elements")
            if item.density:
                base = "real" if sized.base == "int" else sized.base
                yield n.Raw(f"{array}{base}{inner} {item.density}; // log density of new `{item.name}`")


def start_new_elements(elements: Sequence[NewElements]) -> Iterator[n.Stmt]:
    """Yield the statements that take over the known elements."""
    for item in elements:
        if item.quantity:
            yield n.Raw(f"{item.quantity}[1] = {item.name};")


def draw_new_elements(
    term: Term,
    elements: Sequence[NewElements],
    names: ReplicateNames,
    flags: Mapping[str, str],
    plan: RewritePlan,
) -> Iterator[str]:
    """Yield the statements that draw new elements where a term stands, as Stan.

    Parameters
    ----------
    term
        The term.
    elements, names, plan
        What can be drawn, and the names for it.
    flags
        By size, the data that say which elements along it are new.
    """
    for item in elements:
        for draw in item.draws.get(term.index, ()):
            yield from _draw_element(draw, item, names, flags, plan)


def _draw_element(
    draw: OutcomeDraw, item: NewElements, names: ReplicateNames, flags: Mapping[str, str], plan: RewritePlan
) -> Iterator[str]:
    own = _inline_holders(draw, item) if item.is_sequential else draw
    elements = names.elements[: own.rank]
    positions = [plan.element] if own.count else []
    yield "{"
    yield from own.declarations
    if own.count:
        yield f"for ({plan.element} in 1:{own.count}) {{"
    target = [_fill(index, [*positions, *elements]) for index in own.elements.indices]
    tests = [
        f"{flags[size]}[{target[axis]}]"
        for axis, size in enumerate(item.sizes)
        if size != FIXED and size in flags
    ]
    yield f"if ({' || '.join(tests)}) {{"
    yield f"{own.type} {names.drawn} = {own.value};"
    lower, upper = own.limits
    ends = [f"{names.drawn} >= {lower}"] if lower else []
    ends += [f"{names.drawn} <= {upper}"] if upper else []
    if ends and not own.rank:
        within = " && ".join(ends)
        yield f"int {names.tries} = 1;"
        yield f"while (!({within}) && {names.tries} < {_TRIES}) {{"
        yield f"{names.drawn} = {own.value}; {names.tries} += 1; }}"
        if own.type == "real":
            yield f"if (!({within})) {{ {names.drawn} = not_a_number(); }}"
    sizes = (
        [f"rows({names.drawn})", f"cols({names.drawn})"]
        if own.rank == 2
        else [f"num_elements({names.drawn})"]
    )
    for element, size in zip(elements, sizes, strict=False):
        yield f"for ({element} in 1:{size}) {{"
    index = f"[{', '.join(elements)}]" if elements else ""
    if item.density:
        function, arguments = own.density
        observed = f"{item.name}[{', '.join(target)}]"
        yield f"{item.density}[1, {', '.join(target)}] = {function}({observed} | {arguments});"
    yield f"{item.quantity}[1, {', '.join(target)}] = {names.drawn}{index};"
    yield "}" * (len(elements) + 1 + bool(own.count) + 1)


def _inline_holders(draw: OutcomeDraw, item: NewElements) -> OutcomeDraw:
    """Return a draw that reads the elements drawn so far, and keeps no argument computed before them."""
    value, limits, (function, arguments) = draw.value, draw.limits, draw.density
    kept: list[str] = []
    for declaration in draw.declarations:
        head, _, expression = declaration.rstrip(";").partition(" = ")
        holder = head.split()[-1]
        if re.search(rf"\b{item.name}\b", expression):
            value, arguments = (
                re.sub(rf"\b{holder}\b", lambda _, text=expression: f"({text})", old)  # type: ignore[misc]
                for old in (value, arguments)
            )
        else:
            kept.append(declaration)
    own = f"{item.quantity}[1]"
    value, arguments = (re.sub(rf"\b{item.name}\b", lambda _: own, old) for old in (value, arguments))
    lower, upper = (re.sub(rf"\b{item.name}\b", lambda _: own, limit) for limit in limits)
    return replace(
        draw,
        value=value,
        limits=(lower, upper),
        declarations=tuple(kept),
        density=(function, arguments),
    )


def _fill(index: str, positions: Sequence[str]) -> str:
    for number, position in enumerate(positions):
        index = index.replace(f"@{number}", position)
    return index
