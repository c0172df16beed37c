"""From the data to what a likelihood is a density of: `log(weight)` is made from `weight` by a map.

A log density of `log(weight)` is on another scale than one of `weight`. Where the map is a chain of monotone
steps that the text shows, each density can be put on the scale of the column.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from workbench.program.syntax import nodes as n
from workbench.program.syntax import traverse as t
from workbench.program.syntax.printer import to_text
from workbench.program.terms.densities import DensityCall, parse_density
from workbench.program.terms.summands import Summand
from workbench.program.terms.terms import Term

MONOTONE_FUNCTIONS = frozenset({
    "log", "log1p", "log1m", "log10", "log2", "exp", "expm1", "sqrt", "cbrt", "square", "inv", "inv_sqrt",
    "logit", "inv_logit", "Phi", "inv_Phi", "asinh", "atanh", "atan",
})  # fmt: skip
"""Functions of one argument that can be undone, some of them for positive values only."""

_OPERATORS = {"+": "+", "-": "-", "*": "*", ".*": "*", "/": "/", "./": "/", "^": "^", ".^": "^"}
"""Binary operators that can be undone if one side is constant, by the operator of single numbers."""

AGGREGATES = frozenset(
    {"mean", "sd", "variance", "min", "max", "sum", "prod", "size", "rows", "num_elements"}
)
"""Functions of a whole column whose value counts as a constant of the map."""

_SELECTIONS = frozenset({
    "to_vector", "to_row_vector", "to_array_1d", "head", "tail", "segment", "col", "row", "sub_col",
    "sub_row",
})  # fmt: skip
"""Functions that return elements of their first argument as they are."""

_KEEPING_ORDER = frozenset({"to_vector", "to_row_vector", "to_array_1d"})
"""Those that, of a vector or of an array of numbers, return all elements in their order."""

NEGATION = "neg"
"""The step of a minus sign."""

_FARTHEST = 20
"""Definitions of definitions beyond which a map is not followed."""


@dataclass(frozen=True)
class MapStep:
    """One step of a map.

    Attributes
    ----------
    function
        One of `MONOTONE_FUNCTIONS`, or an operator.
    constant
        The other operand; `None` for a function.
    is_first
        Whether the constant stands on the left.
    """

    function: str
    constant: n.Expr | None = field(default=None, repr=False)
    is_first: bool = False


@dataclass(frozen=True)
class ColumnMap:
    """A chain of monotone steps from a data variable.

    Attributes
    ----------
    column
        The declared data variable.
    text
        The whole map: ``log(weight)``.
    steps
        The steps, the one next to the column first.
    variable_steps
        How many of them lead to the outcome variable; the others stand in the density itself.
    is_selected
        Whether the outcome has elements of the column in another order or number.
    """

    column: str
    text: str
    steps: tuple[MapStep, ...] = ()
    variable_steps: int = 0
    is_selected: bool = False


@dataclass(frozen=True)
class OutcomeMap:
    """What the densities of an outcome variable are densities of.

    Attributes
    ----------
    outcome
        The variable: declared data, or made in transformed data.
    text
        The outcome as the densities have it, such as ``log(y)``.
    maps
        One for each data variable that it can be undone to.
    is_plain
        Whether it is the variable itself, elements of it, or a rearrangement, with nothing added.
    terms
        The indices of the terms with these densities.
    added
        What these terms add of the data alone besides the densities, such as a Jacobian.
    """

    outcome: str
    text: str
    maps: tuple[ColumnMap, ...]
    is_plain: bool
    terms: tuple[int, ...] = ()
    added: tuple[Summand, ...] = field(default=(), repr=False)


def find_outcome_maps(tree: n.Tree, terms: Sequence[Term]) -> tuple[OutcomeMap, ...]:
    """Return the map of each outcome variable; those with densities on different scales have none.

    Parameters
    ----------
    tree
        The program.
    terms
        The terms that are likelihood, or may be.
    """
    reader = OutcomeReader(tree)
    summands = {id(item.summand.node) for term in terms for item in term.contributions}
    elsewhere = [
        density
        for item in t.walk(tree.get_block("model"))
        if isinstance(item, n.Call) and id(item) not in summands
        for density in _parse_densities(item)
    ]
    found: dict[str, list[OutcomeMap]] = {}
    for term in terms:
        for outcome in _read_term(reader, term, elsewhere):
            found.setdefault(outcome.outcome, []).append(outcome)
    return tuple(_combine(maps) for maps in found.values())


def _read_term(reader: OutcomeReader, term: Term, elsewhere: Sequence[DensityCall]) -> Iterator[OutcomeMap]:
    """Yield the map of each density in a term; of a sum kept in variables, those of densities elsewhere."""
    nodes = [item.summand.node for item in term.contributions]
    densities = [density for node in nodes for density in _parse_densities(node)] or elsewhere
    added = tuple(reader.find_added(term))
    for density in [] if term.calls else densities:
        outcome = reader.follow(density.outcome)
        if outcome is not None and density.suffix == "lpmf":
            # Probabilities of whole numbers have no Jacobian.
            yield replace(outcome, maps=(), is_plain=True, terms=(term.index,))
        elif outcome is not None:
            is_mapped = any(item.steps for item in outcome.maps)
            yield replace(
                outcome,
                terms=(term.index,),
                added=added if is_mapped else (),
                is_plain=outcome.is_plain and not (is_mapped and added),
            )


def _parse_densities(node: n.Expr | n.Tilde) -> list[DensityCall]:
    """Return the density that a summand calls, or those inside it, as in a mixture."""
    direct = parse_density(node)
    if direct is not None:
        return [direct]
    calls = (item for item in t.walk(node) if isinstance(item, n.Call) and item.is_conditional)
    return [density for call in calls if (density := parse_density(call)) is not None]


def _combine(maps: Sequence[OutcomeMap]) -> OutcomeMap:
    """Return what the densities of one variable have in common."""
    first, *others = maps
    terms = tuple(dict.fromkeys(index for item in maps for index in item.terms))
    if all(_describe_steps(other) == _describe_steps(first) for other in others):
        return replace(first, terms=terms)
    texts = " and ".join(dict.fromkeys(item.text for item in maps))
    is_plain = all(item.is_plain for item in maps)
    return OutcomeMap(first.outcome, texts, first.maps if is_plain else (), is_plain, terms)


def _describe_steps(outcome: OutcomeMap) -> list[object]:
    """Return what distinguishes the maps of two densities of one variable."""
    return [
        [item.text for item in outcome.added],
        *(
            (
                item.column,
                [
                    (step.function, "" if step.constant is None else to_text(step.constant), step.is_first)
                    for step in item.steps
                ],
            )
            for item in outcome.maps
        ),
    ]


class OutcomeReader:
    """Follows outcomes back to the data, through the variables that are computed from them."""

    def __init__(self, tree: n.Tree) -> None:
        declared, made, model = (tree.get_block(name) for name in ("data", "transformed data", "model"))
        self.data = frozenset(_declared_names(declared))
        self.made = frozenset(_declared_names(made))
        self.parameters = frozenset(
            _declared_names((*tree.get_block("parameters"), *tree.get_block("transformed parameters")))
        )
        self.containers = frozenset(_declared_names((*declared, *made), containers=True))
        self.made_definitions = find_definitions(made)
        self.local_definitions = find_definitions(model)
        loops = (item for item in t.walk(model) if isinstance(item, n.For))
        self.loops = frozenset(loop.variable for loop in loops if to_text(loop.lower) == "1")

    def follow(self, written: n.Expr) -> OutcomeMap | None:
        """Return the outcome variable of a density and its maps; `None` if it is not one of data alone."""
        outcome = _expand(_drop_index(written, self.loops), self.local_definitions)
        sources = self.find_sources(outcome)
        if not sources or t.find_names(outcome) & self.parameters:
            return None
        paths = {name: self.find_path(outcome, name) for name in sources}
        reached = [name for name, path in paths.items() if path is not None] or sources
        variable = next((name for name in reached if name in self.made), reached[0])
        own = paths[variable]
        expanded = _expand(outcome, self.made_definitions)
        return OutcomeMap(
            variable,
            to_text(outcome),
            tuple(self._find_maps(expanded, 0 if own is None else len(own[0]))),
            own is not None and not own[0],
        )

    def find_added(self, term: Term) -> Iterator[Summand]:
        """Yield what a term adds of the data alone, as the Jacobian of a map is."""
        for item in term.contributions:
            if not {use.name for use in item.value.all_uses} & self.parameters:
                node = item.summand.node
                yield (
                    item.summand
                    if isinstance(node, n.Tilde)
                    else Summand(
                        _expand(_drop_index(node, self.loops), self.local_definitions), item.summand.sign
                    )
                )

    def strip(self, written: n.Expr) -> n.Expr:
        """Return the elements of data that an outcome is made from, without the map around them."""
        inner = _expand(written, self.local_definitions)
        sources = [] if t.find_names(inner) & self.parameters else self.find_sources(inner)
        while sources and not isinstance(inner, n.Variable | n.Indexed):
            peeled = self._peel(inner, sources[0])
            if peeled is None:
                return inner
            inner = t.unwrap(peeled[1])
        return inner

    def _find_maps(self, expanded: n.Expr, density_steps: int) -> Iterator[ColumnMap]:
        for name in self.find_sources(expanded):
            path = self.find_path(expanded, name) if name in self.data else None
            if path is not None:
                steps, is_selected = path
                yield ColumnMap(name, to_text(expanded), steps, len(steps) - density_steps, is_selected)

    def find_sources(self, node: object) -> list[str]:
        """Return the data that an expression depends on element by element; numbers only if nothing else."""
        names: dict[str, None] = {}
        waiting: list[object] = [node]
        while waiting:
            item = waiting.pop(0)
            if isinstance(item, n.Variable):
                names.setdefault(item.name)
            elif isinstance(item, n.Indexed):
                waiting.insert(0, item.base)  # an index is no source
            elif not (isinstance(item, n.Call) and item.name in AGGREGATES):
                waiting[:0] = list(t.iterate_children(item))
        data = [name for name in names if name in self.data | self.made]
        return [name for name in data if name in self.containers] or data

    def find_path(self, node: n.Expr, source: str) -> tuple[tuple[MapStep, ...], bool] | None:
        """Return the steps from a variable to an expression, and whether elements are selected on the way.

        It is `None` if a step cannot be undone, or the expression depends on other elements as well.
        """
        steps: list[MapStep] = []
        is_selected = False
        inner = t.unwrap(node)
        while not isinstance(inner, n.Variable):
            if isinstance(inner, n.Indexed | n.Projection):
                is_selected, inner = True, t.unwrap(inner.base)
                continue
            if isinstance(inner, n.Call) and inner.name in _SELECTIONS:
                is_selected |= inner.name not in _KEEPING_ORDER
                inner = t.unwrap(inner.arguments[0])
                continue
            peeled = self._peel(inner, source)
            if peeled is None:
                return None
            step, inside = peeled
            steps += [] if step is None else [step]
            inner = t.unwrap(inside)
        return (tuple(steps[::-1]), is_selected) if inner.name == source else None

    def _peel(self, node: n.Expr, source: str) -> tuple[MapStep | None, n.Expr] | None:
        """Return the outermost step of an expression, and what stands inside it."""
        if isinstance(node, n.Unary):
            if node.is_postfix:
                return None, node.operand
            return (MapStep(NEGATION), node.operand) if node.operator == "-" else None
        if isinstance(node, n.Call) and not node.is_user_defined:
            if node.name in MONOTONE_FUNCTIONS and len(node.arguments) == 1:
                return MapStep(node.name), node.arguments[0]
            if node.name == "pow":
                return self._peel_operator("^", *node.arguments, source=source)
        if isinstance(node, n.Binary) and node.operator in _OPERATORS:
            is_product = node.operator in {"*", "/"} and (
                node.left.type.is_container and node.right.type.is_container
            )
            if not is_product:
                return self._peel_operator(_OPERATORS[node.operator], node.left, node.right, source=source)
        return None

    def _peel_operator(
        self, operator: str, left: n.Expr, right: n.Expr, *, source: str
    ) -> tuple[MapStep | None, n.Expr] | None:
        in_left, in_right = (source in self.find_sources(side) for side in (left, right))
        if in_left == in_right:
            return None
        return MapStep(operator, right if in_left else left, in_right), left if in_left else right


def _drop_index(node: n.Expr, loops: frozenset[str]) -> n.Expr:
    """Return an expression with `y` for `y[n]`: what holds for each row holds for all of them."""

    def change(inner: object) -> object:
        is_row = isinstance(inner, n.Indexed) and [to_text(index) for index in inner.indices] in (
            [[variable] for variable in loops]
        )
        if is_row and isinstance(inner, n.Indexed) and isinstance(inner.base, n.Variable):
            return replace(inner.base, type=inner.type)
        return inner

    changed: n.Expr = t.rebuild(node, change)
    return changed


def _expand(node: n.Expr, definitions: Mapping[str, n.Expr]) -> n.Expr:
    """Return an expression with definitions in the place of variables, and theirs in the place of others."""

    def change(inner: object) -> object:
        if isinstance(inner, n.Variable) and inner.name in definitions:
            value = definitions[inner.name]
            is_sum = isinstance(value, n.Binary | n.Unary | n.Ternary)
            return n.Paren(value, type=value.type) if is_sum else value
        return inner

    for _ in range(_FARTHEST):
        changed: n.Expr = t.rebuild(node, change)
        if changed is node:
            break
        node = changed
    return t.unwrap(node)


def _declared_names(statements: Sequence[n.Stmt], *, containers: bool = False) -> list[str]:
    """Return the declared variables, or only those with elements."""
    return [
        name
        for item in statements
        if isinstance(item, n.Declare) and (not containers or item.sized.dims or item.sized.sizes)
        for name, _ in item.variables
    ]


def find_definitions(statements: Sequence[n.Stmt]) -> dict[str, n.Expr]:
    """Return the expressions of variables that are set once: whole, or element by element in a loop from 1.

    In the latter, `y` stands for `y[n]`.
    """
    found: dict[str, list[n.Expr | None]] = {}
    _collect_definitions(statements, frozenset(), found, is_certain=True)
    return {name: values[0] for name, values in found.items() if len(values) == 1 and values[0] is not None}


def _collect_definitions(
    statements: Sequence[n.Stmt],
    loops: frozenset[str],
    found: dict[str, list[n.Expr | None]],
    *,
    is_certain: bool,
) -> None:
    """Add what sets each variable; `None` for what does not define it, such as one element."""
    for item in statements:
        if isinstance(item, n.Declare):
            for name, value in item.variables:
                if value is not None:
                    found.setdefault(name, []).append(_drop_index(value, loops))
        elif isinstance(item, n.Assignment):
            left = _drop_index(item.left, loops) if isinstance(item.left, n.Expr) else item.left
            is_whole = isinstance(left, n.Variable) and item.operator == "=" and is_certain
            for name in t.find_names(item.left if not is_whole else left):
                found.setdefault(name, []).append(_drop_index(item.right, loops) if is_whole else None)
        elif isinstance(item, n.For) and to_text(item.lower) == "1":
            _collect_definitions((item.body,), loops | {item.variable}, found, is_certain=is_certain)
        else:
            is_plain = isinstance(item, n.Block | n.Profile)
            inside = tuple(child for child in t.iterate_children(item) if isinstance(child, n.Stmt))
            _collect_definitions(inside, loops, found, is_certain=is_certain and is_plain)
