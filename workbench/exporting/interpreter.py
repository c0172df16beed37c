"""A program run once for all draws, with formulas in the place of what belongs to a row.

Transformed data, transformed parameters and local variables are computed; a statement that cannot be is no
error, as long as nothing that is exported needs what it sets.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from workbench.exporting import functions
from workbench.exporting.linear import Floats, Linear, NotLinear, make_constant, make_effects
from workbench.exporting.values import (
    ByRow,
    EveryRow,
    Known,
    Linked,
    Refused,
    RowCount,
    Value,
    combine_known,
    count_axes,
    dot,
    is_true,
    keep_axes,
    make_element,
    minus,
    multiply_matrices,
    negate,
    over,
    plus,
    read_integer,
    times,
    to_by_row,
    transpose,
)
from workbench.program.syntax import nodes as n
from workbench.program.syntax import traverse as t
from workbench.program.syntax.printer import to_text
from workbench.program.terms.densities import DensityCall, parse_density

_MOST_ROUNDS = 1_000_000
"""The most rounds of a program's loops that are gone through. Ours: a few seconds."""

_COMPARISONS: Mapping[str, Callable[[Any, Any], Any]] = {
    "==": np.equal, "!=": np.not_equal, "<": np.less, "<=": np.less_equal, ">": np.greater,
    ">=": np.greater_equal, "&&": np.logical_and, "||": np.logical_or,
    "%": np.mod, "%/%": np.floor_divide,
}  # fmt: skip
"""Operators of what is the same in every row alone."""

_LARGEST_POWER = 4
"""The largest power of a predictor that is multiplied out. Ours."""


@dataclass(frozen=True)
class Likelihood:
    """A density of an outcome, met in the model block.

    Attributes
    ----------
    outcome
        The variable.
    density
        What it is a density of; `None` where the statement is more than one.
    statement
        Its text.
    environment
        Every variable where it was met.
    reason
        Why it cannot be used; empty where it can.
    """

    outcome: str
    density: DensityCall | None
    statement: str
    environment: Mapping[str, Value | Refused] = field(repr=False)
    reason: str = ""


@dataclass
class Interpreter:
    """Runs a program.

    Attributes
    ----------
    environment
        Every variable that has a value.
    stored
        Draws of transformed parameters: they stand in for those that cannot be computed here.
    outcomes
        The variables whose densities are looked for.
    effects
        By the feature that numbers the levels of a group: how many levels there are.
    derived
        By the name of a feature that is a function of others: the function, and of what.
    found
        The densities that were met.
    """

    environment: dict[str, Value | Refused]
    stored: Mapping[str, Known]
    outcomes: frozenset[str]
    effects: Mapping[str, int]
    derived: dict[str, tuple[str, Linear]] = field(default_factory=dict)
    found: list[Likelihood] = field(default_factory=list)
    _rounds: int = 0

    # --- statements ---------------------------------------------------------------------------------------

    def run(self, statements: Iterable[n.Stmt]) -> None:
        """Run statements; what one of them cannot set has a reason in the place of a value."""
        for statement in statements:
            try:
                self._run(statement)
            except NotLinear as reason:
                self._refuse(statement, str(reason))

    def _run(self, statement: n.Stmt) -> None:
        rule = _STATEMENTS.get(type(statement))
        if rule is None:
            raise NotLinear("is no assignment and no density")
        rule(self, statement)

    def _refuse(self, statement: n.Stmt, reason: str) -> None:
        """Note that what a statement sets is not known, and so for the outcomes in it."""
        text = shorten(to_text(statement))
        why = reason if reason.startswith("`") else f"`{text}` {reason}"
        for item in t.walk(statement):
            targets = [name for name, _ in item.variables] if isinstance(item, n.Declare) else []
            if isinstance(item, n.Assignment):
                targets = [find_target(item.left)]
            for name in targets:
                self.environment[name] = self.stored.get(name, Refused(why))
        densities = (n.Tilde, n.Increment)
        if any(isinstance(item, densities) for item in t.walk(statement)):
            for name in sorted(self.outcomes & t.find_names(statement)):
                self.found.append(Likelihood(name, None, text, {}, why))

    def _declare(self, statement: n.Declare) -> None:
        for name, value in statement.variables:
            if value is not None:
                self.environment[name] = self._convert(self.evaluate(value), statement.sized)
            else:
                self.environment[name] = self._make_empty(statement.sized)

    def _convert(self, value: Value, sized: n.Sized) -> Value:
        """Return a value with the type that is declared: a number that stanc promotes, for example."""
        kind = n.Type(sized.base, len(sized.dims))
        if isinstance(value, Known | ByRow) and count_axes(kind) == count_axes(value.type):
            return replace(value, type=kind)
        return value

    def _make_empty(self, sized: n.Sized) -> Value:
        """Return a variable whose elements are assigned later."""
        kind = n.Type(sized.base, len(sized.dims))
        sizes = [self.evaluate(size) for size in (*sized.dims, *sized.sizes)]
        if sized.base not in ("int", "real", "vector", "row_vector", "matrix"):
            raise NotLinear(f"declares a `{sized.base}`")
        has_axis = bool(sizes) and isinstance(sizes[0], RowCount)
        lengths = [read_integer(size) for size in sizes[has_axis:]]
        if has_axis:
            return ByRow(kind, np.full(lengths, None, dtype=object), has_axis=True)
        return Known(kind, np.full((1, *lengths), np.nan))

    def _assign(self, statement: n.Assignment) -> None:
        if not isinstance(statement.left, n.Expr):
            raise NotLinear("unpacks a tuple")
        name = find_target(statement.left)
        value = self.evaluate(statement.right)
        if statement.operator != "=":
            operator = statement.operator.removesuffix("=")
            value = self._operate(operator, self.evaluate(statement.left), value)
        left = t.unwrap(statement.left)
        if isinstance(left, n.Variable):
            self.environment[name] = self._keep_type(name, value)
        elif isinstance(left, n.Indexed) and isinstance(t.unwrap(left.base), n.Variable):
            self.environment[name] = self._set_elements(self._read(name), left.indices, value)
        else:
            raise NotLinear("assigns to a part of a part")

    def _keep_type(self, name: str, value: Value) -> Value:
        """Return a value with the type of the variable that it is assigned to."""
        before = self.environment.get(name)
        if isinstance(before, Known | ByRow) and isinstance(value, Known | ByRow):
            return replace(value, type=before.type)
        return value

    def _set_elements(self, whole: Value, indices: tuple[n.SliceIndex, ...], value: Value) -> Value:
        """Return a variable with some of its elements set."""
        if isinstance(whole, Linked):
            whole = ByRow(whole.type, np.empty((), dtype=object), has_axis=True)
        if isinstance(whole, ByRow) and whole.has_axis:
            self._require_every_row(indices[0])
            rest = self._find_places(indices[1:])
            if isinstance(value, Linked) and not whole.elements.shape:
                return replace(value, type=whole.type, has_axis=True)
            given = to_by_row(value)
            elements = whole.elements.copy()
            elements[rest] = given.elements if given.elements.shape else given.only
            return replace(whole, elements=elements, is_data=whole.is_data and given.is_data)
        if not isinstance(whole, Known) or not isinstance(value, Known):
            raise NotLinear("sets elements that no row has to what belongs to a row")
        draws = max(len(whole.values), len(value.values))
        values = np.broadcast_to(whole.values, (draws, *whole.values.shape[1:])).copy()
        values[(slice(None), *self._find_places(indices))] = value.values
        return replace(whole, values=values, is_data=whole.is_data and value.is_data)

    def _require_every_row(self, index: n.SliceIndex) -> None:
        """Refuse an index that does not go through all rows in their order."""
        if index.lower is None and index.upper is None:
            return
        if index.is_single and index.lower is not None and isinstance(self.evaluate(index.lower), EveryRow):
            return
        if not index.is_single and index.upper is not None:
            is_first = index.lower is None or to_text(index.lower) == "1"
            if is_first and isinstance(self.evaluate(index.upper), RowCount):
                return
        raise NotLinear("picks some of the rows")

    def _find_places(self, indices: Iterable[n.SliceIndex]) -> tuple[Any, ...]:
        return tuple(self._find_place(index) for index in indices)

    def _find_place(self, index: n.SliceIndex) -> Any:
        """Return an index as NumPy has it."""
        if index.is_single and index.lower is not None:
            value = self.evaluate(index.lower)
            if isinstance(value, Known) and value.values.ndim == 2 and len(value.values) == 1:
                return np.asarray(value.values[0], dtype=int) - 1
            return read_integer(value) - 1
        lower = None if index.lower is None else read_integer(self.evaluate(index.lower)) - 1
        upper = None if index.upper is None else read_integer(self.evaluate(index.upper))
        return slice(lower, upper)

    def _loop(self, statement: n.For) -> None:
        upper = self.evaluate(statement.upper)
        if isinstance(upper, RowCount):
            if read_integer(self.evaluate(statement.lower)) != 1:
                raise NotLinear("leaves out rows")
            rounds: Iterable[Value] = [EveryRow()]
        else:
            last = read_integer(upper)
            numbers = range(read_integer(self.evaluate(statement.lower)), last + 1)
            rounds = (Known(n.INT, np.array([number])) for number in numbers)
        for number in rounds:
            self._rounds += 1
            if self._rounds > _MOST_ROUNDS:
                raise NotLinear("has a loop of very many rounds")
            self.environment[statement.variable] = number
            self._run(statement.body)
        self.environment.pop(statement.variable, None)

    def _branch(self, statement: n.If) -> None:
        if is_true(self.evaluate(statement.condition)):
            self._run(statement.yes)
        elif statement.no is not None:
            self._run(statement.no)

    def _run_body(self, statement: n.Block | n.Profile) -> None:
        for item in statement.body:
            self._run(item)

    def _note_density(self, statement: n.Tilde | n.Increment) -> None:
        """Note a density of an outcome; those of parameters do not matter."""
        named = self.outcomes & t.find_names(statement)
        density = parse_density(statement if isinstance(statement, n.Tilde) else statement.value)
        text = shorten(to_text(statement))
        if density is not None:
            named &= t.find_names(density.outcome)
        for name in sorted(named):
            reason = "" if density is not None else f"`{text}` is more than a density of `{name}`"
            self.found.append(Likelihood(name, density, text, dict(self.environment), reason))

    # --- expressions --------------------------------------------------------------------------------------

    def _read(self, name: str) -> Value:
        value = self.environment.get(name)
        if value is None:
            raise NotLinear(f"reads `{name}`, which is not known")
        if isinstance(value, Refused):
            raise NotLinear(value.reason)
        return value

    def evaluate(self, node: n.Expr) -> Value:
        """Return the value of an expression.

        Raises
        ------
        NotLinear
            It is none of those that are known here.
        """
        rule = _EXPRESSIONS.get(type(node))
        if rule is None:
            raise NotLinear(f"holds `{shorten(to_text(node))}`")
        return rule(self, node)

    def _evaluate_numeral(self, node: n.Numeral) -> Value:
        is_real = any(letter in node.text for letter in ".eE")
        if node.text.endswith("i"):
            raise NotLinear("holds a complex number")
        return Known(n.REAL if is_real else n.INT, np.array([float(node.text.replace("_", ""))]))

    def _evaluate_unary(self, node: n.Unary) -> Value:
        value = self.evaluate(node.operand)
        if node.is_postfix:
            return transpose(value)
        if node.operator == "!":
            return Known(n.INT, np.array([float(not is_true(value))]))
        return negate(value) if node.operator == "-" else value

    def _evaluate_binary(self, node: n.Binary) -> Value:
        return self._operate(node.operator, self.evaluate(node.left), self.evaluate(node.right))

    def _operate(self, operator: str, first: Value, second: Value) -> Value:
        rules = {"+": plus, "-": minus, "*": multiply_matrices, ".*": times, "./": over}
        if operator in rules:
            return rules[operator](first, second)
        if operator == "/":
            return self._divide(first, second)
        if operator in ("^", ".^"):
            return self._raise_to(first, second)
        if operator in _COMPARISONS and isinstance(first, Known) and isinstance(second, Known):
            return replace(combine_known(first, second, _COMPARISONS[operator]), type=n.INT)
        raise NotLinear(f"takes `{operator}` of what varies between rows")

    def _divide(self, first: Value, second: Value) -> Value:
        kinds = [getattr(item, "type", n.REAL) for item in (first, second)]
        if kinds[1].base == "matrix":
            if not isinstance(second, Known):
                raise NotLinear("divides by a matrix of rows")
            inverse = replace(second, values=np.linalg.inv(second.values))
            return multiply_matrices(first, inverse)
        if kinds == [n.INT, n.INT] and isinstance(first, Known) and isinstance(second, Known):
            return combine_known(first, second, lambda a, b: np.trunc(a / b))
        return over(first, second)

    def _raise_to(self, base: Value, power: Value) -> Value:
        if isinstance(base, Known) and isinstance(power, Known):
            kind = base.type if base.type != n.INT else n.REAL
            return replace(combine_known(base, power, np.power), type=kind)
        exponent = read_integer(power)
        if not 1 <= exponent <= _LARGEST_POWER:
            raise NotLinear(f"takes the power {exponent} of what varies between rows")
        result = base
        for _ in range(exponent - 1):
            result = times(result, base)
        return result

    def _choose(self, node: n.Ternary) -> Value:
        return self.evaluate(node.yes if is_true(self.evaluate(node.condition)) else node.no)

    def _evaluate_elements(self, node: n.Elements) -> Value:
        items = [self.evaluate(item) for item in node.items]
        if node.bracket == "(" or not items:
            raise NotLinear("makes a tuple")
        kind = n.Type("row_vector") if node.bracket == "[" else None
        if all(isinstance(item, Known) for item in items):
            known = [item for item in items if isinstance(item, Known)]
            draws = max(len(item.values) for item in known)
            stacked = np.stack(
                [np.broadcast_to(item.values, (draws, *item.values.shape[1:])) for item in known], 1
            )
            inner = known[0].type
            if kind is None or inner.base == "row_vector":
                kind = n.Type("matrix") if kind else n.Type(inner.base, inner.depth + 1)
            return Known(kind, stacked, all(item.is_data for item in known))
        rows = [to_by_row(item) for item in items]
        if any(item.has_axis or item.elements.shape for item in rows):
            raise NotLinear("makes an array of rows")
        elements = np.empty(len(rows), dtype=object)
        elements[:] = [item.only for item in rows]
        is_data = all(item.is_data for item in rows)
        return ByRow(kind or n.Type("real", 1), elements, has_axis=False, is_data=is_data)

    # --- elements -----------------------------------------------------------------------------------------

    def _index(self, node: n.Indexed) -> Value:
        base = self.evaluate(node.base)
        if isinstance(base, ByRow):
            return self._index_rows(base, node.indices)
        if isinstance(base, Linked) and base.has_axis and len(node.indices) == 1:
            return self._index_linked(base, node.indices[0])
        if not isinstance(base, Known):
            raise NotLinear("takes elements of a number")
        choosing = [
            (axis, value)
            for axis, value in enumerate(self._list_single(node.indices))
            if isinstance(value, ByRow)
        ]
        if choosing:
            return self._choose_effects(base, node.indices, choosing)
        places = self._find_places(node.indices)
        values = base.values
        for axis in reversed(range(len(places))):  # one axis at a time, as Stan does
            values = values[(slice(None),) * (axis + 1) + (places[axis],)]
        kept = [not isinstance(place, int) for place in places]
        return Known(keep_axes(base.type, kept), values, base.is_data)

    def _list_single(self, indices: Iterable[n.SliceIndex]) -> Iterator[Value | None]:
        for index in indices:
            yield self.evaluate(index.lower) if index.is_single and index.lower is not None else None

    def _index_rows(self, base: ByRow, indices: tuple[n.SliceIndex, ...]) -> Value:
        rest = indices
        kept: list[bool] = []
        has_axis = base.has_axis
        if base.has_axis:
            self._require_every_row(indices[0])
            rest, has_axis = indices[1:], not indices[0].is_single
            kept = [has_axis]
        places = self._find_places(rest)
        elements = base.elements
        for axis in reversed(range(len(places))):
            elements = elements[(slice(None),) * axis + (places[axis],)]
        if not isinstance(elements, np.ndarray):
            elements = np.array(elements, dtype=object)
        kept += [not isinstance(place, int) for place in places]
        return ByRow(keep_axes(base.type, kept), elements, has_axis, base.is_data)

    def _index_linked(self, base: Linked, index: n.SliceIndex) -> Value:
        self._require_every_row(index)
        return replace(base, type=n.REAL, has_axis=False) if index.is_single else base

    def _choose_effects(
        self, base: Known, indices: tuple[n.SliceIndex, ...], choosing: list[tuple[int, ByRow]]
    ) -> Value:
        """Return the elements that the groups of a row choose, such as `alpha[group]`."""
        has_axis = any(value.has_axis for _, value in choosing)
        if has_axis and len(choosing) > 1:
            raise NotLinear("takes elements by two columns at a time")
        groups = [self._find_group(value) for _, value in choosing]
        if len(set(groups)) < len(groups):
            raise NotLinear("takes elements by the same column twice")
        axes = [axis for axis, _ in choosing]
        every = [*indices, *[n.SliceIndex()] * (count_axes(base.type) - len(indices))]
        values = base.values
        for axis in reversed(range(len(every))):
            if axis not in axes:
                values = values[(slice(None),) * (axis + 1) + (self._find_place(every[axis]),)]
        kept = [
            axis in axes and has_axis if axis in axes else not every[axis].is_single
            for axis in range(len(every))
        ]
        moved = [axis - sum(not kept[k] and k not in axes for k in range(axis)) for axis in axes]
        if has_axis and moved != [0]:
            raise NotLinear("puts rows along the second axis")
        order = sorted(range(len(groups)), key=lambda place: groups[place])
        values = np.moveaxis(values, [moved[place] + 1 for place in order], range(1, len(order) + 1))
        for place, group in zip(range(len(order)), sorted(groups), strict=True):
            if values.shape[place + 1] != self.effects[group]:
                raise NotLinear(f"takes elements by `{group}`, which has another number of levels")
        return self._make_effects(base, values, sorted(groups), keep_axes(base.type, kept), has_axis=has_axis)

    def _make_effects(
        self, base: Known, values: NDArray[Any], groups: list[str], kind: n.Type, *, has_axis: bool
    ) -> Value:
        rest = values.shape[len(groups) + 1 :]
        elements = np.empty(rest, dtype=object)
        for place in np.ndindex(rest):
            chosen: Floats = np.asarray(values[(..., *place)], dtype=float)
            elements[place] = make_effects(groups, chosen)
        return ByRow(kind, elements, has_axis, base.is_data)

    def _find_group(self, value: ByRow) -> str:
        """Return the feature that numbers the levels of a group."""
        single = "" if value.elements.shape else value.only.single_feature
        if single not in self.effects:
            raise NotLinear("takes elements by what is no column of groups")
        return str(single)

    # --- functions ----------------------------------------------------------------------------------------

    def _call(self, node: n.Call) -> Value:
        if node.is_user_defined:
            raise NotLinear(f"calls `{node.name}`, a function of the program's own")
        if node.name in _REPEATED:
            return self._repeat(node)
        arguments = [self.evaluate(item) for item in node.arguments]
        if node.name == "fma":
            return plus(multiply_matrices(arguments[0], arguments[1]), arguments[2])
        if node.name in ("dot_product", "rows_dot_product"):
            return dot(arguments[0], arguments[1], by_row=node.name == "rows_dot_product")
        if node.name in _OPERATORS:
            return self._operate(_OPERATORS[node.name], arguments[0], arguments[1])
        if all(isinstance(item, Known) for item in arguments):
            return functions.call(node.name, [item for item in arguments if isinstance(item, Known)])
        if len(arguments) == 1:
            return self._call_of_rows(node.name, arguments[0])
        if node.name in ("col", "row"):
            return self._take_line(node.name, arguments[0], arguments[1])
        if node.name == "append_col":
            return self._append_columns(to_by_row(arguments[0]), to_by_row(arguments[1]))
        raise NotLinear(f"calls `{node.name}` of what varies between rows")

    def _repeat(self, node: n.Call) -> Value:
        """Return something repeated: once for each row, or as often as is said."""
        sizes = [self.evaluate(item) for item in node.arguments[1:]]
        value = self.evaluate(node.arguments[0])
        if not sizes or not isinstance(sizes[0], RowCount):
            known = [item for item in (value, *sizes) if isinstance(item, Known)]
            if len(known) != len(sizes) + 1:
                raise NotLinear(f"calls `{node.name}` of what varies between rows")
            return functions.call(node.name, known)
        single = to_by_row(value)
        if len(sizes) > 1 or single.has_axis or single.type.base not in ("real", "int", "row_vector"):
            raise NotLinear(f"calls `{node.name}` with another shape than one value for each row")
        kind = n.Type(node.name.removeprefix("rep_")) if node.name != "rep_array" else n.Type("real", 1)
        return ByRow(kind, single.elements, has_axis=True, is_data=single.is_data)

    def _call_of_rows(self, name: str, value: Value) -> Value:
        """Return a function of what each row has: a link, a shape, or a function of data alone."""
        if name in ("to_vector", "to_array_1d") and isinstance(value, ByRow) and not value.elements.shape:
            kind = n.Type("vector") if name == "to_vector" else n.Type("real", 1)
            return replace(value, type=kind)
        if name in ("to_vector", "to_row_vector") and isinstance(value, ByRow) and not value.has_axis:
            return replace(value, type=n.Type(name.removeprefix("to_")))
        if name in ("to_vector", "to_array_1d") and isinstance(value, Linked):
            return replace(value, type=n.Type("vector"))
        if name == "sum" and isinstance(value, ByRow) and not value.has_axis:
            ones = Known(n.Type("vector"), np.ones((1, *value.elements.shape)))
            return dot(replace(value, type=n.Type("vector")), ones, by_row=False)
        if name == "square":
            return times(value, value)
        if name == "inv":
            return over(Known(n.REAL, np.ones(1)), value)
        single = to_by_row(value)
        if name in functions.ELEMENTWISE and single.is_data:
            return self._derive(name, single)
        links = {"exp": "log", "inv_logit": "logit"}
        if name in links and not single.elements.shape:
            one = make_constant(np.ones(1))
            return Linked(single.type, links[name], single.only, one, single.has_axis)  # type: ignore[arg-type]
        raise NotLinear(f"calls `{name}` of what varies between rows")

    def _derive(self, function: str, value: ByRow) -> Value:
        """Return a function of columns as a feature of its own, such as the logarithm of an exposure."""
        if function not in DERIVED:
            raise NotLinear(f"calls `{function}` of what varies between rows")
        elements = np.empty(value.elements.shape, dtype=object)
        for place in np.ndindex(elements.shape):
            linear = value.take(place)
            if any(groups for _, groups in linear.terms):
                raise NotLinear(f"calls `{function}` of what belongs to a group")
            name = next(
                (
                    known
                    for known, (own, of) in self.derived.items()
                    if own == function and _are_equal(of, linear)
                ),
                "",
            )
            if not name:
                plain = linear.single_feature
                name = f"{function}({plain})" if plain else f"{function}:{len(self.derived) + 1}"
                self.derived[name] = (function, linear)
            elements[place] = Linear({((name,), ()): np.ones(1)})
        return replace(value, elements=elements)

    def _take_line(self, name: str, matrix: Value, place: Value) -> Value:
        if not isinstance(matrix, ByRow) or not matrix.has_axis or matrix.type != n.Type("matrix"):
            raise NotLinear(f"calls `{name}` of what is no matrix of rows")
        if name == "row":
            if not isinstance(place, EveryRow):
                raise NotLinear("picks some of the rows")
            return ByRow(n.Type("row_vector"), matrix.elements, has_axis=False, is_data=matrix.is_data)
        element = matrix.elements[read_integer(place) - 1]
        return make_element(element, n.Type("vector"), has_axis=True, is_data=matrix.is_data)

    def _append_columns(self, first: ByRow, second: ByRow) -> Value:
        if not first.has_axis or not second.has_axis:
            raise NotLinear("puts columns beside what has no rows")
        elements = np.concatenate([np.atleast_1d(first.elements), np.atleast_1d(second.elements)])
        is_data = first.is_data and second.is_data
        return ByRow(n.Type("matrix"), elements, has_axis=True, is_data=is_data)


DERIVED = ("exp", "log", "log1p", "sqrt")
"""Functions of columns that an export can hold."""

_REPEATED = ("rep_vector", "rep_matrix", "rep_array")
"""Functions that repeat a value."""

_OPERATORS = {
    "multiply": "*", "add": "+", "subtract": "-", "elt_multiply": ".*", "elt_divide": "./", "divide": "/",
    "pow": "^",
}  # fmt: skip
"""Functions that are operators."""

_STATEMENTS: Mapping[type, Callable[[Interpreter, Any], None]] = {
    n.Declare: Interpreter._declare,
    n.Assignment: Interpreter._assign,
    n.For: Interpreter._loop,
    n.If: Interpreter._branch,
    n.Block: Interpreter._run_body,
    n.Profile: Interpreter._run_body,
    n.Tilde: Interpreter._note_density,
    n.Increment: Interpreter._note_density,
    n.Message: lambda *_: None,
}
"""What is done with each kind of statement."""

_EXPRESSIONS: Mapping[type, Callable[[Interpreter, Any], Value]] = {
    n.Variable: lambda self, node: self._read(node.name),
    n.Numeral: Interpreter._evaluate_numeral,
    n.Unary: Interpreter._evaluate_unary,
    n.Binary: Interpreter._evaluate_binary,
    n.Ternary: Interpreter._choose,
    n.Call: Interpreter._call,
    n.Elements: Interpreter._evaluate_elements,
    n.Paren: lambda self, node: self.evaluate(node.inner),
    n.Promotion: lambda self, node: self.evaluate(node.inner),
    n.Indexed: Interpreter._index,
}
"""What each kind of expression is."""


def find_target(left: n.Expr | n.Pack) -> str:
    """Return the variable that an assignment sets, in whole or in part."""
    node: Any = left
    while isinstance(node, n.Indexed | n.Projection | n.Paren):
        node = node.inner if isinstance(node, n.Paren) else node.base
    return node.name if isinstance(node, n.Variable) else ""


def shorten(text: str) -> str:
    """Return a text in one line, its middle left out where it is long."""
    line = " ".join(text.split())
    return line if len(line) <= 90 else f"{line[:60]} ... {line[-25:]}"


def _are_equal(first: Linear, second: Linear) -> bool:
    return set(first.terms) == set(second.terms) and all(
        np.array_equal(values, second.terms[key]) for key, values in first.terms.items()
    )
