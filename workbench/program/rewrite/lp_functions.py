"""Functions that add to ``target``: each call of one is replaced by calls of copies.

Stan forbids such functions in generated quantities, and unnormalised densities inside them. In the model
block a copy therefore adds its terms weighted and normalised, so that the log density differs from the
original one by a constant. In generated quantities one copy returns the log densities of its terms; where the
value of the function is used, another copy computes only that value.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from workbench.program.syntax import nodes as n
from workbench.program.syntax import traverse as t
from workbench.program.syntax.identifiers import FreshNames
from workbench.program.terms.summands import adds_to_target
from workbench.program.terms.terms import Term

_CALLING = (n.Assignment, n.Declare, n.CallStatement)
"""Statements in which a call of such a function can be replaced."""

_VECTOR = n.Type("vector")
"""The type of the weights, and of the log densities of terms."""


@dataclass(frozen=True)
class LpCall:
    """A statement of the model block that calls a function which adds to ``target``.

    Attributes
    ----------
    statement
        The number of the calling statement.
    function
        The function that it calls.
    terms
        The terms that the call adds.
    weighted_name, terms_name, value_name
        The names of the copies: the one with weights in the model block; in generated quantities the one that
        returns the terms, and the one that returns the value of the function.
    """

    statement: int
    function: n.Function
    terms: tuple[Term, ...]
    weighted_name: str
    terms_name: str
    value_name: str

    @property
    def body(self) -> tuple[n.Stmt, ...]:
        """The statements of the function."""
        body = self.function.body
        return body.body if isinstance(body, n.Block) else (body,)


def find_lp_calls(tree: n.Tree, terms: Sequence[Term], names: FreshNames) -> tuple[LpCall, ...]:
    """Return the calls that add terms, given that `find_unsupported_terms` finds none."""
    functions = {function.name: function for function in _defined_functions(tree)}
    return tuple(
        _to_lp_call(statement, functions, terms, names)
        for statement in t.walk(tree.get_block("model"))
        if isinstance(statement, _CALLING) and any(term.calls == (statement.id,) for term in terms)
    )


def _to_lp_call(
    statement: n.Stmt, functions: dict[str, n.Function], terms: Sequence[Term], names: FreshNames
) -> LpCall:
    (call,) = _find_calls(statement)
    base = call.name.removesuffix("_lp")
    return LpCall(
        statement.id,
        functions[call.name],
        tuple(term for term in terms if term.calls == (statement.id,)),
        f"{names.take(f'{base}_weighted')}_lp",
        names.take(f"{base}_terms"),
        names.take(f"{base}_value"),
    )


def find_unsupported_terms(tree: n.Tree, terms: Sequence[Term]) -> Iterator[tuple[Term, str]]:
    """Yield the terms whose functions cannot be copied, with the reason."""
    defined = [function.name for function in _defined_functions(tree)]
    calling = {item.id: item for item in t.walk(tree.get_block("model")) if isinstance(item, _CALLING)}
    for term in terms:
        if not term.calls:
            continue
        calls = _find_calls(calling[term.calls[0]]) if term.calls[0] in calling else []
        if len(term.calls) > 1:
            yield term, "is added by a function that another such function calls"
        elif len(calls) != 1:
            yield term, "is added by a function called outside a plain statement of the model block"
        elif defined.count(calls[0].name) != 1:
            yield term, "is added by a function that is defined more than once"


def _defined_functions(tree: n.Tree) -> list[n.Function]:
    """Return the functions of a program, without forward declarations."""
    functions = (item for item in tree.get_block("functions") if isinstance(item, n.Function))
    return [function for function in functions if not isinstance(function.body, n.Jump)]


def _find_calls(statement: n.Stmt) -> list[n.Call | n.CallStatement]:
    """Return the calls in a statement of functions that add to ``target``."""
    return [
        item
        for item in t.walk(statement)
        if isinstance(item, n.Call | n.CallStatement) and item.kind == "FnTarget"
    ]


def call_weighted(statement: n.Stmt, call: LpCall, weights: str) -> n.Stmt:
    """Return the calling statement with a call of the weighted copy."""

    def change(node: Any) -> Any:
        if isinstance(node, n.Call | n.CallStatement) and node.kind == "FnTarget":
            return replace(node, name=call.weighted_name, arguments=(*node.arguments, n.Variable(weights)))
        return node

    changed: n.Stmt = t.rebuild(statement, change)
    return changed


def call_for_value(statement: n.Stmt, call: LpCall) -> n.Stmt | None:
    """Return the calling statement with a call that adds nothing; `None` if the call has no value."""

    def change(node: Any) -> Any:
        if isinstance(node, n.Call) and node.kind == "FnTarget":
            return replace(node, name=call.value_name, kind="FnPlain")
        return node

    return None if isinstance(statement, n.CallStatement) else t.rebuild(statement, change)


def call_for_terms(statement: n.Stmt, call: LpCall) -> n.Call:
    """Return the expression for the log densities of the terms that a call adds."""
    (original,) = _find_calls(statement)
    return n.Call(call.terms_name, original.arguments, type=_VECTOR)


def copy_weighted(call: LpCall, weights: str, body: Iterable[n.Stmt]) -> n.Function:
    """Return the copy for the model block, given its rewritten body."""
    arguments = (*call.function.arguments, n.Argument(weights, _VECTOR, is_data=True))
    return replace(call.function, name=call.weighted_name, arguments=arguments, body=n.Block(tuple(body)))


def copy_for_terms(call: LpCall, densities: str, count: int, body: Iterable[n.Stmt]) -> n.Function:
    """Return the copy that returns the log densities of the terms.

    Parameters
    ----------
    call
        The call.
    densities
        The variable that holds them.
    count
        How many terms the program has.
    body
        The statements that record the terms in that variable.
    """

    def change(node: Any) -> Any:
        return n.Return(n.Variable(densities)) if isinstance(node, n.Return) else node

    start = n.Raw(f"vector[{count}] {densities} = zeros_vector({count});")
    recording = t.rebuild(tuple(body), change)
    end = n.Return(n.Variable(densities))
    return replace(
        call.function, name=call.terms_name, returns=_VECTOR, body=n.Block((start, *recording, end))
    )


def copy_for_value(call: LpCall) -> n.Function:
    """Return the copy that computes the value and adds nothing."""

    def change(node: Any) -> Any:
        return n.Jump("") if adds_to_target(node) or isinstance(node, n.Message) else node

    return replace(call.function, name=call.value_name, body=t.rebuild(call.function.body, change))
