"""What cuts the support of a prior elsewhere than by the declarations of parameters.

`real<lower=0> d = a - b` among the transformed parameters, an `if` on parameters, or `reject(...)` take
a part of the prior away that no declaration tells of.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence

from workbench.errors import ProgramError
from workbench.program import Program
from workbench.program.syntax import nodes as n
from workbench.program.syntax import traverse as t
from workbench.program.syntax.expression import evaluate
from workbench.program.syntax.printer import to_text
from workbench.program.terms.undeclared_ranges import find_undeclared_ranges

Range = tuple[float, float]
"""The least and the largest value that an expression may have."""

_ANY: Range = (-math.inf, math.inf)
"""The range of an expression that nothing is known about."""

_RANGES: Mapping[str, Range] = {
    **dict.fromkeys(
        ("exp", "square", "sqrt", "abs", "fabs", "inv_square", "inv_sqrt", "log1p_exp", "squared_distance",
         "variance", "sd", "dot_self", "norm1", "norm2"), (0.0, math.inf)
    ),
    **dict.fromkeys(("inv_logit", "Phi", "Phi_approx", "softmax", "inv_cloglog"), (0.0, 1.0)),
    "tanh": (-1.0, 1.0),
}  # fmt: skip
"""The range of functions, whatever their arguments are."""

_KEEPING = frozenset({
    "to_vector", "to_row_vector", "to_array_1d", "head", "tail", "segment", "row", "col", "sub_row",
    "sub_col", "block", "diagonal", "reverse", "rep_vector", "rep_row_vector", "rep_matrix", "rep_array",
    "min", "max", "mean", "sort_asc", "sort_desc",
})  # fmt: skip
"""Functions whose values are within the range of their first argument."""

_KIND_RANGES: Mapping[str, Range] = {"simplex": (0.0, 1.0), "positive_ordered": (0.0, math.inf)}
"""The range of the elements of constrained types."""

_INCREASING = frozenset({"logit", "log", "exp", "inv_logit", "sqrt", "inv_Phi", "Phi"})
"""Functions of each element that keep the order of elements."""

_IMPOSSIBLE = frozenset({"negative_infinity", "not_a_number"})
"""Functions whose values make a density zero."""


def find_cut(program: Program) -> str:
    """Return what cuts the support of the prior elsewhere than by declared parameters, as a clause.

    Returns
    -------
    The clause, which names the line; empty where there is nothing of the kind.
    """
    return next(_list_cuts(program), "")


def find_dependent_names(program: Program, names: Sequence[str]) -> frozenset[str]:
    """Return the variables of the transformed parameters and the model that depend on some variables."""
    found = frozenset(names)
    sources = list(_list_sources(program))
    while more := {name for name, needed in sources if name not in found and needed & found}:
        found |= more
    return found


def _list_sources(program: Program) -> Iterator[tuple[str, frozenset[str]]]:
    """Yield each variable that is computed from parameters or data, with the names in the expression."""
    for node in t.walk(_get_statements(program)):
        if isinstance(node, n.Declare):
            yield from ((name, t.find_names(value)) for name, value in node.variables if value is not None)
        elif isinstance(node, n.Assignment):
            needed = t.find_names((node.left, node.right))
            yield from ((name, needed - {name}) for name in _find_assigned(node.left))
        elif isinstance(node, n.ForEach):
            yield node.variable, t.find_names(node.container)


def _find_assigned(left: object) -> frozenset[str]:
    """Return the variables that an assignment changes: those on its left that are no indices."""
    if isinstance(left, n.Indexed | n.Projection):
        return _find_assigned(left.base)
    if isinstance(left, n.Pack):
        return frozenset[str]().union(*(_find_assigned(item) for item in left.items))
    return t.find_names(left)


def _get_statements(program: Program) -> tuple[n.Stmt, ...]:
    return (*program.tree.get_block("transformed parameters"), *program.tree.get_block("model"))


def _list_cuts(program: Program) -> Iterator[str]:
    yield from _list_conditions(program)
    yield from _list_functions(program)
    for item in find_undeclared_ranges(program.parameters, program.terms):
        yield (
            f"line {item.line} is without a density where `{item.parameter}` is outside of {item.missing}, "
            "which its declaration allows"
        )
    ranges = _Ranges(program)
    for statement in program.tree.get_block("transformed parameters"):
        if isinstance(statement, n.Declare):
            for name, value in statement.variables:
                if not ranges.holds(name, statement, value):
                    yield (
                        f"the constraint of the transformed parameter `{name}` on line "
                        f"{_find_line(program, statement)} may cut off a part of it"
                    )


def _list_conditions(program: Program) -> Iterator[str]:
    """Yield conditions on parameters, and statements that make the density zero."""
    dependent = find_dependent_names(program, [item.name for item in program.parameters])
    for node in t.walk(_get_statements(program)):
        if isinstance(node, n.If | n.While):
            reads_target = any(isinstance(item, n.Target) for item in t.walk(node.condition))
            if reads_target or t.find_names(node.condition) & dependent:
                word = "if" if isinstance(node, n.If) else "while"
                yield f"the `{word}` on line {_find_line(program, node)} depends on parameters"
        elif isinstance(node, n.Increment) and _is_impossible(node):
            yield f"the statement on line {_find_line(program, node)} makes the density zero"
        elif (
            isinstance(node, n.Ternary)
            and _is_impossible((node.yes, node.no))
            and t.find_names(node.condition) & dependent
        ):
            yield f"`{to_text(node.condition)} ?` makes the density zero for some parameters"


def _is_impossible(node: object) -> bool:
    """Return whether an infinite or missing value is called by name."""
    return any(isinstance(item, n.Call) and item.name in _IMPOSSIBLE for item in t.walk(node))


def _list_functions(program: Program) -> Iterator[str]:
    """Yield functions of the density that may reject their arguments, or add to it by conditions."""
    functions = [item for item in program.tree.get_block("functions") if isinstance(item, n.Function)]
    called: set[str] = set()
    waiting = _find_calls(_get_statements(program))
    while waiting:
        called |= waiting
        bodies = tuple(item.body for item in functions if item.name in waiting)
        waiting = _find_calls(bodies) - called
    for function in functions:
        if function.name not in called:
            continue
        for node in t.walk(function.body):
            is_reject = isinstance(node, n.Message) and node.keyword in {"reject", "fatal_error"}
            if is_reject or (isinstance(node, n.If) and function.name.endswith("_lp")):
                yield (
                    f"line {_find_line(program, node)} of the function `{function.name}` may make the "
                    "density zero"
                )


def _find_calls(node: object) -> set[str]:
    """Return the names of the functions that are called, or passed to others."""
    names = {item.name for item in t.walk(node) if isinstance(item, n.Call | n.CallStatement | n.Variable)}
    densities = {
        f"{item.distribution}_{suffix}"
        for item in t.walk(node)
        if isinstance(item, n.Tilde)
        for suffix in ("lpdf", "lpmf")
    }
    spelt = {name.replace("_lupdf", "_lpdf").replace("_lupmf", "_lpmf") for name in names}
    return spelt | densities


def _find_line(program: Program, statement: n.Stmt) -> int:
    place = program.places.get(statement.id)
    return place.first if place else 0


class _Ranges:
    """The ranges of expressions, as far as declarations and functions tell."""

    def __init__(self, program: Program) -> None:
        self.kinds: dict[str, str] = {}
        self.ranges: dict[str, Range] = {}
        for item in (*program.data, *program.parameters):
            self.kinds[item.name] = item.kind
            lower, upper = item.lower, item.upper
            self.ranges[item.name] = _KIND_RANGES.get(item.kind) or (
                -math.inf if lower is None or lower.literal is None else lower.literal,
                math.inf if upper is None or upper.literal is None else upper.literal,
            )
        self.assigned: dict[str, list[n.Assignment]] = {}
        for node in t.walk(program.tree.get_block("transformed parameters")):
            if isinstance(node, n.Assignment):
                for name in _find_assigned(node.left):
                    self.assigned.setdefault(name, []).append(node)

    def holds(self, name: str, declared: n.Declare, value: n.Expr | None) -> bool:
        """Return whether a transformed parameter fulfils its constraint for every value of the parameters."""
        constraint, sized = declared.constraint, declared.sized
        assignments = self.assigned.get(name, [])
        values = [item.right for item in assignments] + ([] if value is None else [value])
        wanted = dict(constraint.arguments)
        if constraint.members or sized.members:
            return not any(item.kind for item in _list_members(constraint))
        if constraint.kind in {"", "affine"}:
            return True
        is_plain = all(item.operator == "=" and not isinstance(item.left, n.Pack) for item in assignments)
        if not values or not is_plain:
            return False
        if constraint.kind == "bounds":
            lower, upper = (_evaluate_limit(wanted.get(key), end) for key, end in _ENDS)
            if lower is None or upper is None:
                return False
            found = [self.find(item) for item in values]
            is_within = all(lower <= low and high <= upper for low, high in found)
            if is_within:
                self.ranges[name] = (lower, upper)
            return is_within
        whole = [item for item in assignments if not isinstance(item.left, n.Variable)]
        if whole or sized.dims:
            return False
        return all(self._is_of_kind(t.unwrap(item), constraint.kind) for item in values)

    def find(self, node: n.Expr) -> Range:
        """Return the range of an expression, or of its elements."""
        inner = t.unwrap(node)
        if isinstance(inner, n.Variable):
            return self.ranges.get(inner.name, _ANY)
        if isinstance(inner, n.Numeral):
            value = _evaluate_limit(inner, 0.0)
            return _ANY if value is None else (value, value)
        if isinstance(inner, n.Indexed):
            return self.find(inner.base)
        if isinstance(inner, n.Unary):
            low, high = self.find(inner.operand)
            return (-high, -low) if inner.operator == "-" else (low, high) if inner.is_postfix else _ANY
        if isinstance(inner, n.Ternary):
            return _join(self.find(inner.yes), self.find(inner.no))
        if isinstance(inner, n.Binary):
            return self._find_binary(inner)
        return self._find_call(inner) if isinstance(inner, n.Call) and not inner.is_user_defined else _ANY

    def _find_call(self, call: n.Call) -> Range:
        if call.name in _RANGES:
            return _RANGES[call.name]
        if call.name in _KEEPING and call.arguments:
            first, *others = [self.find(item) for item in call.arguments]
            return _join(first, others[0]) if others and call.name in {"min", "max"} else first
        if call.name in {"inv", "sum", "cumulative_sum"} and self.find(call.arguments[0])[0] >= 0:
            return (0.0, math.inf)
        return _ANY

    def _find_binary(self, node: n.Binary) -> Range:
        (a, b), (c, d) = self.find(node.left), self.find(node.right)
        if node.operator in {"+", ".+"}:
            return a + c, b + d
        if node.operator == "-":
            return a - d, b - c
        if node.operator in {"*", ".*", "/", "./"} and a >= 0 and c >= 0:
            is_element = node.operator == ".*" or not (
                node.left.type.is_container and node.right.type.is_container
            )
            is_product = node.operator in {"*", ".*"} and is_element
            return 0.0, (b * d if is_product and b and d else math.inf)
        if node.operator in {"^", ".^"} and a >= 0:
            return 0.0, math.inf
        return _ANY

    def _is_of_kind(self, node: n.Expr, kind: str) -> bool:
        """Return whether an expression always is of a constrained type."""
        if isinstance(node, n.Variable):
            return self.kinds.get(node.name) == kind
        if kind in {"ordered", "positive_ordered"}:
            return self._is_increasing(node) and (kind == "ordered" or self.find(node)[0] >= 0)
        return kind == "simplex" and isinstance(node, n.Call) and node.name == "softmax"

    def _is_increasing(self, node: n.Expr) -> bool:
        """Return whether the elements of an expression increase."""
        inner = t.unwrap(node)
        if isinstance(inner, n.Variable):
            return self.kinds.get(inner.name) in {"ordered", "positive_ordered"}
        if isinstance(inner, n.Indexed):
            return (
                len(inner.indices) == 1 and not inner.indices[0].is_single and self._is_increasing(inner.base)
            )
        if not isinstance(inner, n.Call) or inner.is_user_defined or len(inner.arguments) != 1:
            return False
        if inner.name == "cumulative_sum":
            return self.find(inner.arguments[0])[0] >= 0
        return inner.name in _INCREASING and self._is_increasing(inner.arguments[0])


_ENDS = (("lower", -math.inf), ("upper", math.inf))
"""The limits of a declaration, and their values where they are absent."""


def _list_members(constraint: n.Constraint) -> Iterator[n.Constraint]:
    yield constraint
    for member in constraint.members:
        yield from _list_members(member)


def _join(first: Range, second: Range) -> Range:
    return min(first[0], second[0]), max(first[1], second[1])


def _evaluate_limit(node: n.Expr | None, absent: float) -> float | None:
    """Return the value of a limit; `None` where it takes data."""
    if node is None:
        return absent
    try:
        return float(evaluate(node, {}))
    except ProgramError:
        return None
