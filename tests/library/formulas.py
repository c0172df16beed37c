"""The statements of the bundled models as mathematics: `docs/formulas.json`, made from the programs.

Usage: python -m tests.library.formulas

A test makes them again and fails where they differ, so that no formula says what its program does not.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from tests.conftest import ROOT
from tests.library.typesetting import MULTIVARIATE, NoRow, Typesetter
from workbench import library, toolchain
from workbench.library.catalogue import BundledModel
from workbench.program import Program
from workbench.program.syntax import nodes as n
from workbench.program.syntax import traverse as t
from workbench.program.syntax.printer import to_text
from workbench.toolchain import Toolchain
from workbench.workflow.read_program import read_program

RECORD = ROOT / "docs" / "formulas.json"
"""The formulas: of each model, rows with a role, a formula, and the statement that it is made from."""

Row = dict[str, str]

ORDER = ("likelihood", "definition", "latent", "prior")
"""The order of rows by role."""

SUPPORTS = {"ordered": "increasing", "sum_to_zero_vector": "the sum is 0"}
"""What else the type of a parameter states, in words."""

UNBOUNDED = frozenset({"normal", "std_normal", "cauchy", "student_t", "double_exponential"})
"""Distributions on the whole line: where the parameter has bounds, they are stated beside."""


def main() -> None:
    """Write the formulas of all models."""
    tools = toolchain.provision()
    record = {model.name: make_rows(model, tools) for model in library.list_models()}
    RECORD.write_text(format_record(record), encoding="utf-8")


def format_record(record: Mapping[str, list[Row]]) -> str:
    """Return the record as JSON, a row a line."""
    models = []
    for name, rows in sorted(record.items()):
        lines = ",\n".join(f"  {json.dumps(row, ensure_ascii=False)}" for row in rows)
        models.append(f' "{name}": [\n{lines}\n ]')
    return "{\n" + ",\n".join(models) + "\n}\n"


def make_rows(model: BundledModel, tools: Toolchain) -> list[Row]:
    """Return what a program states, the likelihood first, then what its names stand for."""
    program = read_program(model.program, {}, tools)
    defaults = {name: f"{value:g}" for name, value in model.card.hyperparameters.items()}
    return sorted(_Statements(program, defaults).iterate_rows(), key=lambda row: ORDER.index(row["role"]))


@dataclass(frozen=True)
class _Place:
    """A statement with the loops and conditions around it, outermost first."""

    statement: n.Stmt
    loops: tuple[n.For, ...] = ()
    conditions: tuple[tuple[n.Expr, bool], ...] = ()


class _Statements:
    """The statements of a program, and how they are written."""

    def __init__(self, program: Program, values: Mapping[str, str]) -> None:
        self.program = program
        shown = [
            body for name, body in program.tree.blocks if name not in ("functions", "generated quantities")
        ]
        self.places = [place for body in shown for place in _walk(body, _Place(n.Jump("")))]
        declared = [place.statement for place in self.places if isinstance(place.statement, n.Declare)]
        axes = {
            name: (*each.sized.dims, *each.sized.sizes) for each in declared for name, _ in each.variables
        }
        self.definitions = dict(self._find_definitions())
        self.set = Typesetter(axes, values, self._find_squares())

    def iterate_rows(self) -> Iterator[Row]:
        """Yield the rows in the order of the program."""
        roles = {term.statement: term.role for term in self.program.terms}
        used: set[str] = set()
        for place in self.places:
            statement = place.statement
            if isinstance(statement, n.Tilde):
                formula = self._show_tilde(statement)
            elif isinstance(statement, n.Increment):
                formula = self._show_increment(statement, place)
            else:
                continue
            used |= t.find_names(statement)
            formula += self._show_condition(place)
            yield {"role": roles[statement.id], "formula": formula, "statement": to_text(statement)}
        for name, places in self.definitions.items():
            if name in self._close(used) and name not in self._roots():
                for place in places:
                    yield self._define(place)

    def _close(self, names: set[str]) -> set[str]:
        """Return names with all that they are made from."""
        found, waiting = set(), list(names)
        while waiting:
            name = waiting.pop()
            if name not in found:
                found.add(name)
                for place in self.definitions.get(name, ()):
                    waiting += t.find_names(place.statement)
        return found

    def _find_definitions(self) -> Iterator[tuple[str, list[_Place]]]:
        """Yield the statements that give each variable its value, in the order of the program."""
        found: dict[str, list[_Place]] = {}
        for place in self.places:
            match place.statement:
                case n.Declare(variables=((name, value),)) if value is not None:
                    found.setdefault(name, []).append(place)
                case n.Assignment(left=left):
                    base = left.base if isinstance(left, n.Indexed) else left
                    if isinstance(base, n.Variable):
                        found.setdefault(base.name, []).append(place)
        yield from found.items()

    def _find_squares(self) -> frozenset[str]:
        return frozenset(f"{name}2" for name in self._roots())

    def _roots(self) -> set[str]:
        """Return the variables that are nothing but the root of one named like them: sigma of sigma2."""
        return {
            name
            for name, (place, *_) in self.definitions.items()
            if isinstance(place.statement, n.Declare)
            and to_text(place.statement.variables[0][1]) == f"sqrt({name}2)"
        }

    def _define(self, place: _Place) -> Row:
        left, value = _split(place.statement)
        text = f"{to_text(left)} = {to_text(value)};"
        try:
            is_whole = isinstance(left, n.Variable) and value.type.base == "matrix"
            row = None if is_whole else self.set.list_axes(left)
            formula = f"{self.set.show(left, row)} = {self.set.show(value, row)}"
        except NoRow:
            formula = f"{self.set.show(left)} = {self.set.show(value)}"
        return {"role": "definition", "formula": formula, "statement": text}

    def _show_tilde(self, tilde: n.Tilde) -> str:
        row = self.set.list_axes(tilde.outcome, tilde.distribution in MULTIVARIATE)
        if tilde.is_truncated:
            raise NoRow("a truncated distribution")
        shown = self.set.show_distribution(tilde.distribution, tilde.arguments, row)
        return rf"{self._show_outcome(tilde.outcome, row)} \sim {shown}{self._show_bounds(tilde)}"

    def _show_outcome(self, outcome: n.Expr, row: tuple[str, ...]) -> str:
        if isinstance(outcome, n.Variable):
            return self.set.name(outcome.name, *row)
        return self.set.show(outcome, row or None)

    def _show_bounds(self, tilde: n.Tilde) -> str:
        names = t.find_names(tilde.outcome)
        found = [each for each in self.program.parameters if each.name in names]
        if tilde.distribution not in UNBOUNDED or len(found) != 1:
            return ""
        if found[0].kind in SUPPORTS:
            return rf",\quad \text{{{SUPPORTS[found[0].kind]}}}"
        lower, upper = (side and side.literal for side in (found[0].lower, found[0].upper))
        shown = self.set.name(found[0].name)
        if lower is not None and upper is not None:
            return rf",\quad {lower:g} \le {shown} \le {upper:g}"
        if lower is not None or upper is not None:
            return rf",\quad {shown} \ge {lower:g}" if upper is None else rf",\quad {shown} \le {upper:g}"
        return ""

    def _show_increment(self, increment: n.Increment, place: _Place) -> str:
        row = tuple(loop.variable for loop in place.loops)
        return f"p_{{{','.join(row)}}} = {self.set.show_factor(increment.value, row)}"

    def _show_condition(self, place: _Place) -> str:
        found = [
            rf"{loop.variable} \ge {self.set.show(loop.lower)}"
            for loop in place.loops
            if to_text(loop.lower) != "1"
        ]
        for condition, is_met in place.conditions:
            found.append(rf"\text{{if }} {self.set.show(condition)}" if is_met else r"\text{otherwise}")
        return "".join(rf",\quad {each}" for each in found)


def _split(statement: n.Stmt) -> tuple[n.Expr, n.Expr]:
    """Return both sides of a definition."""
    if isinstance(statement, n.Declare):
        name, value = statement.variables[0]
        assert value is not None
        return n.Variable(name, type=value.type), value
    assert isinstance(statement, n.Assignment)
    assert not isinstance(statement.left, n.Pack)
    return statement.left, statement.right


def _walk(body: Any, around: _Place) -> Iterator[_Place]:
    """Yield the statements of a block with what is around each."""
    for statement in body if isinstance(body, tuple) else (body,):
        match statement:
            case n.Block(body=inner) | n.Profile(body=inner):
                yield from _walk(inner, around)
            case n.For(body=inner):
                yield from _walk(inner, _Place(statement, (*around.loops, statement), around.conditions))
            case n.If(condition=condition, yes=yes, no=no):
                for branch, is_met in ((yes, True), (no, False)):
                    inside = _Place(statement, around.loops, (*around.conditions, (condition, is_met)))
                    yield from _walk(() if branch is None else branch, inside)
            case _:
                yield _Place(statement, around.loops, around.conditions)


if __name__ == "__main__":
    main()
