"""How much memory a gradient takes at least: Stan Math keeps every operation on parameters until it ends."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from math import prod
from typing import Any

import numpy as np

from workbench.errors import ProgramError
from workbench.program.model import Program
from workbench.program.rewrite.shapes import DeclaredTypes, collect_declared_types, infer_shape
from workbench.program.syntax import nodes as n
from workbench.program.syntax import traverse as t
from workbench.program.syntax.expression import evaluate
from workbench.program.syntax.printer import to_text

NODE = 32
"""Bytes of one number that depends on parameters: its value, its derivative, the way to compute it, and a
place on the stack. Stan Math's `vari` has no fewer; most operations keep their operands as well."""

EDGE = 16
"""Bytes that a density keeps for each number that depends on parameters: a derivative, and whose it is."""


@dataclass(frozen=True)
class GradientMemory:
    """What a gradient keeps in memory.

    Attributes
    ----------
    total
        Bytes, at least.
    largest
        The statement, or the head of the loop, that keeps most; empty if nothing does.
    largest_bytes
        How much that is.
    """

    total: int = 0
    largest: str = ""
    largest_bytes: int = 0


def estimate_gradient_memory(program: Program, values: Mapping[str, Any]) -> GradientMemory:
    """Return what a gradient of the program as written takes at least.

    What sizes and the number of rounds of loops do not tell counts as nothing.

    Parameters
    ----------
    program
        The program.
    values
        Its data by name.
    """
    counter = _Counter(collect_declared_types(program.tree), values)
    blocks = (*program.tree.get_block("transformed parameters"), *program.tree.get_block("model"))
    costs = [(counter.count(item), item) for item in _list_statements(blocks)]
    total = sum(cost for cost, _ in costs)
    if not total:
        return GradientMemory()
    largest, statement = max(costs, key=lambda item: item[0])
    is_loop = isinstance(statement, n.For | n.ForEach)
    head = to_text(_cut_body(statement)) if is_loop else to_text(statement)
    return GradientMemory(total, head.rstrip(" ;"), largest)


def _cut_body(statement: n.Stmt) -> n.Stmt:
    if isinstance(statement, n.For):
        return n.For(statement.variable, statement.lower, statement.upper, n.Jump(""))
    return statement


def _list_statements(statements: Iterable[n.Stmt]) -> Iterable[n.Stmt]:
    for item in statements:
        if isinstance(item, n.Block | n.Profile):
            yield from _list_statements(item.body)
        else:
            yield item


@dataclass
class _Counter:
    """Counts the bytes of statements."""

    declared: DeclaredTypes
    values: Mapping[str, Any]
    sizes: dict[str, int] = field(default_factory=dict)

    def count(self, statement: n.Stmt) -> int:
        """Return the bytes that a statement keeps."""
        if isinstance(statement, n.For):
            return self._count_rounds(statement) * self.count(statement.body)
        if isinstance(statement, n.ForEach):
            return self._count_elements(statement.container) * self.count(statement.body)
        if isinstance(statement, n.While):
            return 0
        if isinstance(statement, n.If):
            branches = [self.count(statement.yes), 0 if statement.no is None else self.count(statement.no)]
            return min(branches)
        if isinstance(statement, n.Block | n.Profile):
            return sum(self.count(item) for item in statement.body)
        own = sum(self._count_node(item) for item in t.walk(statement) if isinstance(item, n.Expr))
        if isinstance(statement, n.Tilde):
            own += self._count_density((statement.outcome, *statement.arguments))
        return own

    def _count_node(self, node: n.Expr) -> int:
        if node.is_data or not isinstance(node, n.Unary | n.Binary | n.Call):
            return 0
        if isinstance(node, n.Call) and node.is_conditional:
            return self._count_density(node.arguments)
        if isinstance(node, n.Unary) and node.operator != "-":
            return 0
        return NODE * self._count_elements(node)

    def _count_density(self, arguments: Iterable[n.Expr]) -> int:
        varying = [item for item in arguments if not item.is_data]
        return NODE + EDGE * sum(self._count_elements(item) for item in varying) if varying else 0

    def _count_elements(self, node: n.Expr) -> int:
        shape = infer_shape(node, self.declared)
        return 0 if shape is None else prod(self._evaluate(size) for size in shape)

    def _evaluate(self, size: str) -> int:
        """Return a size; 0 where it is no number of the data."""
        if size.isdecimal():
            return int(size)
        value = self.values.get(size)
        return max(0, int(value)) if isinstance(value, int | np.integer) else 0

    def _count_rounds(self, loop: n.For) -> int:
        names = t.find_names((loop.lower, loop.upper))
        known = {
            name: value for name in names if isinstance(value := self.values.get(name), int | np.integer)
        }
        try:
            return max(0, int(evaluate(loop.upper, known)) - int(evaluate(loop.lower, known)) + 1)
        except ProgramError:
            return 1
