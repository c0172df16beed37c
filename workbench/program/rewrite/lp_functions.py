"""Functions that add to ``target``: one clone for each call, its terms weighted as those of the model block.

Stan forbids such functions in generated quantities and densities without constants inside them. So a call is
replaced by three things: in the model block a clone that weights its terms (with all constants, whence the
density differs from the original's by a constant); in generated quantities one function that returns its
terms, and where the value is used, one that only computes that.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from workbench.program.syntax import nodes as n
from workbench.program.syntax import traverse as t
from workbench.program.syntax.identifiers import Names
from workbench.program.terms.terms import Term

_HOSTS = (n.Assignment, n.Declare, n.CallStatement)
_VECTOR = n.Type("vector")


@dataclass(frozen=True)
class Site:
    """One statement of the model block that calls a function which adds to ``target``.

    Attributes
    ----------
    statement
        The calling statement's number.
    function
        What it calls.
    terms
        The terms that the call adds.
    weighted, recorded, valued
        The names of the clones: in the model block, and in generated quantities.
    """

    statement: int
    function: n.Function
    terms: tuple[Term, ...]
    weighted: str
    recorded: str
    valued: str


def sites_of(tree: n.Tree, terms: Sequence[Term], names: Names) -> tuple[Site, ...]:
    """Return the calls that add terms, given that `refusals` has none."""
    functions = {item.name: item for item in _defined(tree)}
    return tuple(
        _site(host, functions, terms, names)
        for host in t.walk(tree.block("model"))
        if isinstance(host, _HOSTS) and any(term.calls == (host.id,) for term in terms)
    )


def _site(host: n.Stmt, functions: dict[str, n.Function], terms: Sequence[Term], names: Names) -> Site:
    (called,) = _calls_in(host)
    base = called.name.removesuffix("_lp")
    return Site(
        host.id,
        functions[called.name],
        tuple(term for term in terms if term.calls == (host.id,)),
        f"{names.fresh(f'{base}_weighted')}_lp",
        names.fresh(f"{base}_terms"),
        names.fresh(f"{base}_value"),
    )


def refusals(tree: n.Tree, terms: Sequence[Term]) -> Iterator[tuple[Term, str]]:
    """Yield the terms that functions add in a way that is not taken apart, with the reason."""
    defined = [item.name for item in _defined(tree)]
    hosts = {item.id: item for item in t.walk(tree.block("model")) if isinstance(item, _HOSTS)}
    for term in terms:
        if not term.calls:
            continue
        calls = _calls_in(hosts[term.calls[0]]) if term.calls[0] in hosts else []
        if len(term.calls) > 1:
            yield term, "is added by a function that another such function calls"
        elif len(calls) != 1:
            yield term, "is added by a function called outside a plain statement of the model block"
        elif defined.count(calls[0].name) != 1:
            yield term, "is added by a function that is defined more than once"


def _defined(tree: n.Tree) -> list[n.Function]:
    """Return the functions that have a body."""
    functions = (item for item in tree.block("functions") if isinstance(item, n.Function))
    return [item for item in functions if not isinstance(item.body, n.Jump)]


def _calls_in(statement: n.Stmt) -> list[n.Call | n.CallStatement]:
    return [
        item
        for item in t.walk(statement)
        if isinstance(item, n.Call | n.CallStatement) and item.kind == "FnTarget"
    ]


def body_of(site: Site) -> tuple[n.Stmt, ...]:
    """Return the statements of the function that is called."""
    body = site.function.body
    return body.body if isinstance(body, n.Block) else (body,)


def weighted_call(statement: n.Stmt, site: Site, weights: str) -> n.Stmt:
    """Return the calling statement with the weighted clone in the function's place."""

    def change(node: Any) -> Any:
        if isinstance(node, n.Call | n.CallStatement) and node.kind == "FnTarget":
            return replace(node, name=site.weighted, arguments=(*node.arguments, n.Variable(weights)))
        return node

    changed: n.Stmt = t.rebuild(statement, change)
    return changed


def valued_call(statement: n.Stmt, site: Site) -> n.Stmt | None:
    """Return the calling statement where nothing may be added; `None` where nothing of it is left."""

    def change(node: Any) -> Any:
        if isinstance(node, n.Call) and node.kind == "FnTarget":
            return replace(node, name=site.valued, kind="FnPlain")
        return node

    return None if isinstance(statement, n.CallStatement) else t.rebuild(statement, change)


def recorded_call(statement: n.Stmt, site: Site) -> n.Call:
    """Return the expression for the vector of terms that a call adds."""
    (called,) = _calls_in(statement)
    return n.Call(site.recorded, called.arguments, type=_VECTOR)


def weighted_clone(site: Site, weights: str, body: Iterable[n.Stmt]) -> n.Function:
    """Return the clone for the model block, given its rewritten body."""
    arguments = (*site.function.arguments, n.Argument(weights, _VECTOR, is_data=True))
    return replace(site.function, name=site.weighted, arguments=arguments, body=n.Block(tuple(body)))


def recorded_clone(site: Site, terms: str, count: int, body: Iterable[n.Stmt]) -> n.Function:
    """Return the clone that returns the terms, given a body that fills them in."""

    def change(node: Any) -> Any:
        return n.Return(n.Variable(terms)) if isinstance(node, n.Return) else node

    start = n.Raw(f"vector[{count}] {terms} = zeros_vector({count});")
    filled = t.rebuild(tuple(body), change)
    end = n.Return(n.Variable(terms))
    return replace(site.function, name=site.recorded, returns=_VECTOR, body=n.Block((start, *filled, end)))


def valued_clone(site: Site) -> n.Function:
    """Return the clone that computes the value and adds nothing."""

    def change(node: Any) -> Any:
        adds = isinstance(node, n.Tilde) or (isinstance(node, n.Increment) and node.accumulator == "target")
        return n.Jump("") if adds or isinstance(node, n.Message) else node

    return replace(site.function, name=site.valued, body=t.rebuild(site.function.body, change))
