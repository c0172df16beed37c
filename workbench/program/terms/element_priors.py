"""Which elements of each parameter have a prior: `b[1] ~ normal(0, 1)` leaves the other elements of `b` flat.

The model block is followed with the data as far as sizes, loops, conditions and indices depend on them. Every
element of every parameter has a number; an outcome is evaluated on these numbers instead of values, so that
`b[2:K]`, `to_vector(M)` and `head(b, n)` give the elements that they select.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from typing import Any

import numpy as np
from numpy.typing import NDArray

from workbench.errors import ProgramError
from workbench.program.syntax import nodes as n
from workbench.program.syntax import traverse as t
from workbench.program.syntax.declarations import Declaration
from workbench.program.syntax.expression import evaluate
from workbench.program.terms.densities import DensityCall, parse_density
from workbench.program.terms.terms import Term

Numbers = NDArray[np.int64]
"""The numbers of elements."""

Mask = NDArray[np.bool_]
"""Whether something holds, by element."""

PROPER_KINDS = frozenset({
    "simplex", "unit_vector", "cholesky_factor_corr", "corr_matrix", "row_stochastic_matrix",
    "column_stochastic_matrix",
})  # fmt: skip
"""Types on whose support a uniform density is proper."""

_FLATTENING = frozenset({"to_vector", "to_row_vector", "to_array_1d"})
"""Functions that return all elements of a container in one dimension."""

_UNMIXING = frozenset({
    "log", "log1p", "log1m", "log10", "log2", "exp", "expm1", "sqrt", "cbrt", "square", "cube", "inv",
    "inv_sqrt", "inv_square", "logit", "inv_logit", "log_inv_logit", "abs", "fabs", "Phi", "inv_Phi", "sinh",
    "asinh", "tan", "atan", "tanh", "atanh",
})  # fmt: skip
"""Functions of one argument that work on each element by itself."""

_ELEMENTWISE = frozenset({"+", "-", ".*", "./", "*", "/"})
"""Operators that work on each element by itself, the last two if one side is a number."""

_JOINT = ("multi_", "dirichlet", "lkj", "wishart", "inv_wishart", "gaussian_dlm", "matrix_")
"""How the names of distributions begin of which each element of the outcome depends on all arguments."""

_MOST_ELEMENTS = 1_000_000
"""Elements of parameters, and of data in an index or a condition, beyond which nothing is followed."""

_MOST_STEPS = 200_000
"""Steps of loops beyond which their bodies are not followed one by one."""

_EMPTY: Numbers = np.empty(0, dtype=np.int64)
"""No element."""


class _UnknownPlaceError(Exception):
    """An index, a size or a condition cannot be evaluated here."""


class _NotVectorizedError(Exception):
    """A loop must be followed step by step."""


@dataclass(frozen=True)
class ElementPriors:
    """What the program states about each element of a parameter before the data.

    Attributes
    ----------
    name
        The parameter.
    stated
        The elements that are by themselves the outcome of a prior or latent density.
    involved
        The elements that a prior or latent term may be about in another way: in a hand-written term, a
        function of several elements, or at an index or under a condition that is not known.
    flat
        The elements that no such term is about, and whose range is unbounded.
    terms
        By the index of a term: the elements that are its outcome, or that it may involve.
    counts
        By the index of a term: how often each element is its outcome, or may be involved.
    is_circular
        Whether elements depend on themselves, directly or by others: `b[1] ~ normal(b[2], 1)` and reversed.
        Known only where orders are followed.
    """

    name: str
    stated: Mask
    involved: Mask
    flat: Mask
    terms: Mapping[int, Mask]
    counts: Mapping[int, Numbers]
    is_circular: bool = False

    def name_flat(self, *, is_open: bool = False) -> tuple[str, ...]:
        """Return the flat elements in Stan's notation, neighbours together: `b[2]`, `b[4:9]`, `M[1]`, or `b`.

        Parameters
        ----------
        is_open
            Whether to write `b[4:]` for all elements from the fourth to the last.
        """
        return name_elements(self.name, self.flat, is_open=is_open)


def locate_priors(
    declarations: Sequence[Declaration],
    terms: Sequence[Term],
    tree: n.Tree,
    values: Mapping[str, Any],
    *,
    are_sizes_tried: bool = False,
    is_order_followed: bool = False,
) -> dict[str, ElementPriors]:
    """Return by parameter which of its elements have a prior; tuples and unknown sizes are left out.

    Parameters
    ----------
    declarations
        The parameters.
    terms
        The terms of the program.
    tree
        The program.
    values
        The data.
    are_sizes_tried
        Whether the data are only numbers to try for sizes: no condition then counts as known.
    is_order_followed
        Whether to find elements that depend on themselves: loops of random walks take more time then.
    """
    environment = _Environment(tree, values, are_sizes_tried=are_sizes_tried)
    shapes = {item.name: environment.find_shape(item) for item in declarations if not item.members}
    known = {name: shape for name, shape in shapes.items() if shape is not None}
    follower = _Follower(environment, known, terms, is_order_followed=is_order_followed)
    follower.follow(tree.get_block("model"), is_certain=True)
    about = _group_by_parameter(follower)
    counted = follower.count_executions()
    return {
        item.name: _summarise(item, known[item.name], follower, about.get(item.name, ()), counted)
        for item in declarations
        if item.name in known
    }


def _group_by_parameter(follower: _Follower) -> dict[str, list[int]]:
    """Return by parameter the terms about some of its elements: there may be thousands of both."""
    names, starts = list(follower.first), np.array(list(follower.first.values()))
    terms: dict[str, list[int]] = {}
    for index, mask in follower.masks.items():
        for owner in np.unique(np.searchsorted(starts, np.flatnonzero(mask), side="right") - 1):
            terms.setdefault(names[owner], []).append(index)
    return terms


def _summarise(
    declaration: Declaration,
    shape: tuple[int, ...],
    follower: _Follower,
    indices: Sequence[int],
    counted: Mapping[int, Numbers],
) -> ElementPriors:
    first = follower.first[declaration.name]
    inside = slice(first, first + int(np.prod(shape)))
    stated, involved = follower.stated[inside].reshape(shape), follower.involved[inside].reshape(shape)
    terms = {index: follower.masks[index][inside].reshape(shape) for index in indices}
    counts = {index: counted[index][inside].reshape(shape) for index in indices}
    numbers = range(inside.start, inside.stop)
    flat = _find_free_elements(declaration, stated | involved)
    if is_proper_when_flat(declaration):
        flat = np.zeros_like(flat)
    return ElementPriors(
        declaration.name,
        stated,
        involved & ~stated,
        flat,
        terms,
        counts,
        _has_circle([pair for pair in follower.given if pair[0].size and pair[0][0] in numbers]),
    )


def _has_circle(pairs: Sequence[tuple[Numbers, Numbers]]) -> bool:
    """Return whether elements depend on themselves; a pair holds elements and those they depend on."""
    sorter: TopologicalSorter[int] = TopologicalSorter()
    for outcomes, given in pairs:
        for outcome, needed in zip(outcomes.tolist(), given.tolist(), strict=True):
            if outcome == needed:
                return True
            sorter.add(outcome, needed)
    try:
        sorter.prepare()
    except CycleError:
        return True
    return False


def is_proper_when_flat(declaration: Declaration) -> bool:
    """Return whether a uniform density on the declared support is proper."""
    if declaration.members:
        return all(is_proper_when_flat(member) for member in declaration.members)
    limits = [limit.literal for limit in (declaration.lower, declaration.upper) if limit is not None]
    is_bounded = len(limits) == 2 and not any(limit in {float("inf"), float("-inf")} for limit in limits)
    return declaration.kind in PROPER_KINDS or is_bounded


def _find_free_elements(declaration: Declaration, covered: Mask) -> Mask:
    """Return the elements that are not covered and that no covered ones determine."""
    free = ~covered
    if declaration.kind == "cov_matrix":
        free = free & np.swapaxes(free, -1, -2)
    elif declaration.kind == "cholesky_factor_cov":
        free = np.tril(free)
    elif declaration.kind == "sum_to_zero_vector":
        free = free & (free.sum(axis=-1, keepdims=True) > 1)
    elif declaration.kind == "sum_to_zero_matrix" and covered.any():
        free = np.zeros_like(free)
    return free


# --- the data ---------------------------------------------------------------------------------------------


class _Environment:
    """The data, and transformed data that are declared by an expression of them."""

    def __init__(self, tree: n.Tree, values: Mapping[str, Any], *, are_sizes_tried: bool) -> None:
        self.data = values
        self.are_sizes_tried = are_sizes_tried
        self.plain: dict[str, Any] = {}
        declared = (item for item in tree.get_block("transformed data") if isinstance(item, n.Declare))
        self.computed = {
            name: value for item in declared for name, value in item.variables if value is not None
        }
        self.assigned = _find_assigned_names(tree.get_block("transformed data"))

    def find_shape(self, declaration: Declaration) -> tuple[int, ...] | None:
        """Return the shape of a parameter; `None` where it is not known or too large."""
        try:
            shape = tuple(int(self.evaluate(size.node, {})) for size in declaration.axes)
        except _UnknownPlaceError:
            return None
        if declaration.kind.startswith("complex") or min(shape, default=0) < 0:
            return None
        return shape if np.prod(shape) <= _MOST_ELEMENTS else None

    def evaluate(self, node: n.Expr, local: Mapping[str, Any]) -> Any:
        """Return the value of an expression of data and loop variables; of a loop taken whole, all values.

        Raises
        ------
        _UnknownPlaceError
            It has no value that is known here.
        _NotVectorizedError
            It has none for all steps of a loop together.
        """
        needed = t.find_names(node)
        is_vectorized = any(isinstance(local.get(name), np.ndarray) for name in needed)
        values = {name: local[name] if name in local else self._look_up(name) for name in needed}
        try:
            return evaluate(node, values)
        except ProgramError as reason:
            raise (_NotVectorizedError if is_vectorized else _UnknownPlaceError) from reason

    def decide(self, condition: n.Expr, local: Mapping[str, Any]) -> bool:
        """Return whether a condition holds; it raises as `evaluate` does."""
        if self.are_sizes_tried and not t.find_names(condition) <= local.keys():
            raise _UnknownPlaceError
        return bool(_require_number(self.evaluate(condition, local)))

    def _look_up(self, name: str) -> Any:
        if name not in self.plain:
            if name in self.data:
                value = self.data[name]
                if isinstance(value, Mapping) or np.size(value) > _MOST_ELEMENTS:
                    raise _UnknownPlaceError
                self.plain[name] = np.asarray(value).tolist()
            elif name in self.computed and name not in self.assigned:
                self.plain[name] = self.evaluate(self.computed[name], {})
            else:
                raise _UnknownPlaceError
        return self.plain[name]


def _require_number(value: Any) -> Any:
    """Return a value that is the same in all steps of a loop."""
    if isinstance(value, np.ndarray):
        raise _NotVectorizedError
    return value


def _find_assigned_names(statements: Sequence[n.Stmt]) -> frozenset[str]:
    """Return the variables that statements assign to, in whole or in part."""
    assignments = (item for item in t.walk(tuple(statements)) if isinstance(item, n.Assignment))
    return frozenset(name for item in assignments for name in t.find_names(item.left))


# --- the model block --------------------------------------------------------------------------------------


class _Follower:
    """Follows the statements of the model block, and marks the elements that their terms are about.

    Attributes
    ----------
    first
        The number of each parameter's first element.
    stated, involved
        By the number of an element: as in `ElementPriors`.
    masks
        By the index of a term: the elements that it is about.
    executed
        The index of a term, the elements of one execution of it, and how often those are executed.
    given
        Elements of a parameter, and for each of them one that its density depends on.
    """

    def __init__(
        self,
        environment: _Environment,
        shapes: Mapping[str, tuple[int, ...]],
        terms: Sequence[Term],
        *,
        is_order_followed: bool = False,
    ) -> None:
        self.environment = environment
        self.is_order_followed = is_order_followed
        self.executed: list[tuple[int, Numbers, int]] = []
        self.given: list[tuple[Numbers, Numbers]] = []
        sizes = [int(np.prod(shape)) for shape in shapes.values()]
        starts = np.cumsum([0, *sizes])
        self.first = dict(zip(shapes, starts[:-1].tolist(), strict=True))
        self.elements = {
            name: self.first[name] + np.arange(size, dtype=np.int64).reshape(shapes[name])
            for name, size in zip(shapes, sizes, strict=True)
        }
        self.stated: Mask = np.zeros(int(starts[-1]), dtype=bool)
        self.involved: Mask = np.zeros(int(starts[-1]), dtype=bool)
        self.masks: dict[int, Mask] = {}
        self.steps = 0
        self.by_statement: dict[int, list[Term]] = {}
        for term in terms:
            if not term.is_constant and term.role in {"prior", "latent", "unplaced"}:
                self.by_statement.setdefault(term.model_statement, []).append(term)

    def follow(
        self, statements: Iterable[n.Stmt], *, is_certain: bool, local: Mapping[str, Any] | None = None
    ) -> None:
        """Follow statements in order; not `is_certain` if it is unknown whether they are executed."""
        local = local or {}
        for statement in statements:
            if isinstance(statement, n.Block | n.Profile):
                self.follow(statement.body, is_certain=is_certain, local=local)
            elif statement.id in self.by_statement:
                for term in self.by_statement[statement.id]:
                    self._mark(term, local, is_certain=is_certain)
            elif isinstance(statement, n.If | n.For | n.ForEach | n.While) and self._holds_term(statement):
                self._follow_control(statement, local, is_certain=is_certain)

    def _holds_term(self, statement: n.Stmt) -> bool:
        return any(isinstance(item, n.Stmt) and item.id in self.by_statement for item in t.walk(statement))

    def _follow_control(
        self, statement: n.If | n.For | n.ForEach | n.While, local: Mapping[str, Any], *, is_certain: bool
    ) -> None:
        if isinstance(statement, n.If):
            self._follow_branches(statement, local, is_certain=is_certain)
        elif isinstance(statement, n.For) and not _has_jump(statement):
            self._follow_loop(statement, local, is_certain=is_certain)
        else:
            self._follow_unknown(statement.body, local, getattr(statement, "variable", ""))

    def _follow_unknown(self, body: n.Stmt, local: Mapping[str, Any], variable: str) -> None:
        """Follow a body that is executed for an unknown number of steps."""
        outer = {name: value for name, value in local.items() if name != variable}
        self.follow((body,), is_certain=False, local=outer)

    def _follow_branches(self, statement: n.If, local: Mapping[str, Any], *, is_certain: bool) -> None:
        branches = [branch for branch in (statement.yes, statement.no) if branch is not None]
        try:
            is_met = self.environment.decide(statement.condition, local)
        except _UnknownPlaceError:
            self.follow(branches, is_certain=False, local=local)
            return
        chosen = statement.yes if is_met else statement.no
        self.follow([] if chosen is None else [chosen], is_certain=is_certain, local=local)

    def _follow_loop(self, loop: n.For, local: Mapping[str, Any], *, is_certain: bool) -> None:
        try:
            ends = [self.environment.evaluate(end, local) for end in (loop.lower, loop.upper)]
            lower, upper = (int(_require_number(end)) for end in ends)
        except _UnknownPlaceError:
            self._follow_unknown(loop.body, local, loop.variable)
            return
        steps = range(lower, upper + 1)
        if not steps:
            return
        executed, given = len(self.executed), len(self.given)
        try:
            values = np.arange(steps.start, steps.stop)
            self.follow((loop.body,), is_certain=is_certain, local={**local, loop.variable: values})
        except _NotVectorizedError:
            del self.executed[executed:], self.given[given:]
            if any(isinstance(value, np.ndarray) for value in local.values()):
                raise  # first the outer loop, step by step
            self.steps += len(steps)
            if self.steps > _MOST_STEPS:
                self._follow_unknown(loop.body, local, loop.variable)
                return
            for step in steps:
                self.follow((loop.body,), is_certain=is_certain, local={**local, loop.variable: step})

    # --- terms

    def count_executions(self) -> dict[int, Numbers]:
        """Return by term how often each element of all parameters is its outcome."""
        counts: dict[int, Numbers] = {}
        for index, numbers, times in self.executed:
            total = counts.setdefault(index, np.zeros(len(self.stated), dtype=np.int64))
            np.add.at(total, numbers, times)
        return counts

    def _mark(self, term: Term, local: Mapping[str, Any], *, is_certain: bool) -> None:
        """Mark the elements that a term is about."""
        names = term.outcomes or term.parameters
        seen: set[str] = set()
        if not term.calls:
            for item in term.contributions:
                density = parse_density(item.summand.node)
                node = item.summand.node if density is None else density.outcome
                is_plain = density is not None and term.role != "unplaced" and self._is_unmixed(node)
                try:
                    about = self._select(node, local, names, seen)
                    if self.is_order_followed and density is not None and about.size:
                        self._follow_order(density, about.ravel(), local, names)
                except _UnknownPlaceError:
                    self._mark_whole(term, [name for name in names if name in t.find_names(node)])
                    seen |= t.find_names(node)
                    continue
                times = _count_other_steps(node, local)
                self._mark_elements(term, about, is_stated=is_plain and is_certain, times=times)
        self._mark_whole(term, [name for name in names if name not in seen])

    def _mark_whole(self, term: Term, names: Iterable[str]) -> None:
        """Mark all elements of parameters as involved."""
        for name in names:
            if name in self.elements:
                self._mark_elements(term, self.elements[name], is_stated=False)

    def _mark_elements(self, term: Term, about: Numbers, *, is_stated: bool, times: int = 1) -> None:
        numbers = about.ravel()
        self.executed.append((term.index, numbers, times))
        (self.stated if is_stated else self.involved)[numbers] = True
        self.masks.setdefault(term.index, np.zeros_like(self.stated))[numbers] = True

    def _follow_order(
        self, density: DensityCall, about: Numbers, local: Mapping[str, Any], names: Sequence[str]
    ) -> None:
        """Keep which elements of the same parameter the density of each element depends on."""
        is_joint = density.distribution.startswith(_JOINT)
        for argument in (*density.arguments[1:], density.lower, density.upper):
            if argument is None or not t.find_names(argument) & set(names):
                continue
            if any(isinstance(value, np.ndarray) for value in local.values()):
                raise _NotVectorizedError
            for given, is_by_element in self._list_given(argument, local, names):
                if is_by_element and not is_joint and given.size == about.size:
                    self.given.append((about, given))
                elif given.size * about.size > _MOST_ELEMENTS:
                    raise _UnknownPlaceError
                else:
                    self.given.append((np.repeat(about, given.size), np.tile(given, about.size)))

    def _list_given(
        self, node: n.Expr, local: Mapping[str, Any], names: Sequence[str]
    ) -> Iterator[tuple[Numbers, bool]]:
        """Yield the elements in an argument, and whether each enters at its own place alone."""
        inner = t.unwrap(node)
        if not t.find_names(inner) & set(names):
            return
        if isinstance(inner, n.Binary) and inner.operator in _ELEMENTWISE:
            are_both = inner.left.type.is_container and inner.right.type.is_container
            if inner.operator not in {"*", "/"} or not are_both:
                yield from self._list_given(inner.left, local, names)
                yield from self._list_given(inner.right, local, names)
                return
        if isinstance(inner, n.Unary) and not inner.is_postfix:
            yield from self._list_given(inner.operand, local, names)
        elif isinstance(inner, n.Call) and inner.name in _UNMIXING and len(inner.arguments) == 1:
            yield from self._list_given(inner.arguments[0], local, names)
        else:
            is_selection = isinstance(inner, n.Variable | n.Indexed)
            yield self._select(inner, local, names, set()).ravel(), is_selection

    def _is_unmixed(self, node: object) -> bool:
        """Whether each element of an outcome depends on one element of a parameter."""
        inner = t.unwrap(node) if isinstance(node, n.Expr) else node
        if isinstance(inner, n.Variable):
            return inner.name in self.elements
        if isinstance(inner, n.Indexed):
            return self._is_unmixed(inner.base)
        if isinstance(inner, n.Unary):
            return self._is_unmixed(inner.operand)
        if isinstance(inner, n.Call) and inner.arguments and not inner.is_user_defined:
            is_elementwise = inner.name in _UNMIXING and len(inner.arguments) == 1
            is_selection = inner.name in _FLATTENING or inner.name in _SELECTING
            return (is_elementwise or is_selection) and self._is_unmixed(inner.arguments[0])
        if isinstance(inner, n.Binary):
            sides = [side for side in (inner.left, inner.right) if self._holds_parameters(side)]
            is_matrix_product = inner.operator in {"*", "/", "\\"} and (
                inner.left.type.is_container and inner.right.type.is_container
            )
            return len(sides) == 1 and not is_matrix_product and self._is_unmixed(sides[0])
        return False

    def _holds_parameters(self, node: n.Expr) -> bool:
        return bool(t.find_names(node) & self.elements.keys())

    # --- expressions

    def _select(
        self, node: object, local: Mapping[str, Any], names: Sequence[str], seen: set[str]
    ) -> Numbers:
        """Return the numbers of the elements that an expression refers to, in its shape where it selects.

        Raises
        ------
        _UnknownPlaceError
            An index is not known.
        """
        inner = t.unwrap(node) if isinstance(node, n.Expr) else node
        if isinstance(inner, n.Variable):
            if inner.name not in names or inner.name not in self.elements:
                return _EMPTY
            seen.add(inner.name)
            elements: Numbers = self.elements[inner.name]
            return elements
        if isinstance(inner, n.Indexed):
            base = self._select(inner.base, local, names, seen)
            return self._index(base, inner.indices, local) if base.size else _EMPTY
        if isinstance(inner, n.Unary) and inner.is_postfix:
            base = self._select(inner.operand, local, names, seen)
            transposed: Numbers = np.swapaxes(base, -1, -2) if base.ndim > 1 else base
            return transposed
        if isinstance(inner, n.Call) and inner.arguments and not inner.is_user_defined:
            if inner.name in _FLATTENING:
                return self._select(inner.arguments[0], local, names, seen).ravel()
            if inner.name in _SELECTING:
                return self._select_by_call(inner, local, names, seen)
        found = [self._select(child, local, names, seen).ravel() for child in t.iterate_children(inner)]
        return np.concatenate(found) if found else _EMPTY

    def _index(self, base: Numbers, indices: Sequence[n.SliceIndex], local: Mapping[str, Any]) -> Numbers:
        """Return what indices select; several of them select every combination."""
        variables = [name for name in t.find_names(tuple(indices)) if isinstance(local.get(name), np.ndarray)]
        used = [item.name for item in t.walk(tuple(indices)) if isinstance(item, n.Variable)]
        if any(used.count(name) > 1 for name in variables):
            raise _NotVectorizedError
        if any(len(t.find_names(index) & set(variables)) > 1 for index in indices):
            raise _NotVectorizedError
        axis = 0
        for index in indices:
            if axis >= base.ndim:
                raise _UnknownPlaceError
            positions = self._find_positions(index, base.shape[axis], local)
            if np.any(positions < 1) or np.any(positions > base.shape[axis]):
                raise _UnknownPlaceError  # Stan would stop here
            taken: Numbers = np.take(base, positions - 1, axis=axis)
            base = np.asarray(taken)
            axis += positions.ndim
        return base

    def _find_positions(self, index: n.SliceIndex, length: int, local: Mapping[str, Any]) -> Numbers:
        """Return the positions that an index selects, from 1; a single number has no dimension."""
        lower = 1 if index.lower is None else self.environment.evaluate(index.lower, local)
        if index.is_single:
            return np.asarray(lower, dtype=np.int64)
        upper = length if index.upper is None else self.environment.evaluate(index.upper, local)
        return np.arange(int(_require_number(lower)), int(_require_number(upper)) + 1)

    def _select_by_call(
        self, call: n.Call, local: Mapping[str, Any], names: Sequence[str], seen: set[str]
    ) -> Numbers:
        base = self._select(call.arguments[0], local, names, seen)
        if not base.size:
            return base
        given = [self.environment.evaluate(argument, local) for argument in call.arguments[1:]]
        values = [int(_require_number(value)) for value in given]
        try:
            selected: Numbers = _SELECTING[call.name](base, *values)
            return selected
        except (IndexError, TypeError) as reason:
            raise _UnknownPlaceError from reason


_SELECTING: Mapping[str, Any] = {
    "head": lambda base, count: base[:count],
    "tail": lambda base, count: base[len(base) - count :],
    "segment": lambda base, start, count: base[start - 1 : start - 1 + count],
    "row": lambda base, number: base[number - 1],
    "col": lambda base, number: base[:, number - 1],
    "sub_row": lambda base, i, j, count: base[i - 1, j - 1 : j - 1 + count],
    "sub_col": lambda base, i, j, count: base[i - 1 : i - 1 + count, j - 1],
    "block": lambda base, i, j, rows, columns: base[i - 1 : i - 1 + rows, j - 1 : j - 1 + columns],
    "diagonal": lambda base: np.diagonal(base),
    "reverse": lambda base: base[::-1],
}
"""Functions that select elements of their first argument, by the values of the others."""


def _count_other_steps(node: object, local: Mapping[str, Any]) -> int:
    """Return how many steps the loops have, taken whole, whose variables are not in an outcome."""
    names = t.find_names(node)
    sizes = [
        len(value) for name, value in local.items() if isinstance(value, np.ndarray) and name not in names
    ]
    return int(np.prod(sizes, dtype=np.int64))


def _has_jump(loop: n.For) -> bool:
    """Whether the number of a loop's steps, or what they execute, depends on `break` or `continue`."""
    return any(isinstance(item, n.Jump) and item.keyword for item in t.walk(loop))


# --- names ------------------------------------------------------------------------------------------------


def name_elements(variable: str, mask: Mask, *, is_open: bool = False) -> tuple[str, ...]:
    """Return the elements that a mask marks, in Stan's notation, neighbours together.

    >>> name_elements("b", np.array([False, True, False, True, True]))
    ('b[2]', 'b[4:5]')
    """
    return tuple(_name_elements(variable, (), mask, is_open=is_open))


def _name_elements(variable: str, outer: tuple[str, ...], mask: Mask, *, is_open: bool) -> Iterator[str]:
    """Yield the elements that a mask marks, in Stan's notation, neighbours together."""
    if not mask.any():
        return
    if mask.all():
        yield f"{variable}[{','.join(outer)}]" if outer else variable
        return
    whole: Mask = np.asarray(mask.reshape(len(mask), -1).all(axis=1))
    for start, end in _find_runs(whole):
        last = "" if is_open and end == len(mask) else str(end)
        place = str(end) if end == start + 1 else f"{start + 1}:{last}"
        yield f"{variable}[{','.join((*outer, place))}]"
    if mask.ndim > 1:
        for row in np.flatnonzero(~whole):
            yield from _name_elements(variable, (*outer, str(row + 1)), mask[row], is_open=is_open)


def _find_runs(mask: Mask) -> Iterator[tuple[int, int]]:
    """Yield the runs of marked elements: the first of each, and the one after its last."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], mask, [False]]).astype(np.int8)))
    yield from ((int(start), int(end)) for start, end in zip(edges[::2], edges[1::2], strict=True))
