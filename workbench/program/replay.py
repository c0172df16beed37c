"""The model block once more, in generated quantities: each term's log density, each observation's.

The densities are the normalised ones and unweighted, so that they add up to the program's own log density
whatever the weights of the run.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from workbench.program import nodes as n
from workbench.program import traverse as t
from workbench.program.densities import CalledDensity, density_of, normalised_text
from workbench.program.observations import at_observation, opened_arguments
from workbench.program.printer import to_text
from workbench.program.rewrite import SPLICED, Plan, enclosed, spliced, sum_text, summed
from workbench.program.shapes import Declared, shape_of
from workbench.program.terms import Term

LIKELIHOOD = 3  # its code in the data `roles`; prior is 1, latent 2, unplaced 0
ROLE_CODES = {"unplaced": 0, "prior": 1, "latent": 2, "likelihood": LIKELIHOOD}


def replayed(tree: n.Tree, plan: Plan) -> tuple[n.Stmt, ...]:
    """Return the statements that fill in the generated quantities."""

    def change(node: Any) -> Any:
        if isinstance(node, n.Tilde) or (isinstance(node, n.Increment) and node.accumulator == "target"):
            return n.Block(tuple(_recorded(node, plan)), id=SPLICED)
        if isinstance(node, n.Message):
            return n.Jump("", id=SPLICED)
        return normalised(node)

    start = [n.Raw(f"int {plan.counter} = 0;")] if plan.opened else []
    body: tuple[n.Stmt, ...] = t.rebuild(tree.block("model"), change)
    return (n.Block((*start, *spliced(body))),)


def _recorded(statement: n.Tilde | n.Increment, plan: Plan) -> Iterable[n.Stmt]:
    for term in plan.of_statement(statement):
        if term.index in plan.opened:
            yield from _observed(term, plan)
        else:
            yield n.Raw(f"{plan.densities}[{term.index}] += {density_text(term, plan)};")


def density_text(term: Term, plan: Plan) -> str:
    """Return a term's normalised density as Stan."""
    texts = []
    for part in term.parts:
        node = t.substitute(part.summand.node, plan.lifted)
        density = density_of(node)
        if isinstance(node, n.Tilde) and density is not None:
            text = normalised_text(density)
        else:
            text = to_text(t.rebuild(summed(node), normalised))
        texts.append(f"-{enclosed(text)}" if part.summand.sign == "-" else text)
    return sum_text(texts)


def normalised(node: Any) -> Any:
    """Return a node with densities without their constants made whole, for blocks where Stan wants that."""
    if isinstance(node, n.Variable | n.Call) and node.name.endswith(("_lupdf", "_lupmf")):
        return replace(node, name=node.name.replace("_lupdf", "_lpdf").replace("_lupmf", "_lpmf"))
    return node


def _observed(term: Term, plan: Plan) -> Iterable[n.Stmt]:
    """Yield statements that record a term, and its observations while it counts as likelihood."""
    count, total = observation_count(term, plan.declared), f"{plan.densities}[{term.index}]"
    density = density_of(t.substitute(term.parts[0].summand.node, plan.lifted))
    if count is None or density is None:
        held = plan.value
        yield n.Raw(f"{{ real {held} = {density_text(term, plan)};")
        yield n.Raw(f"{_stored(term, plan, held)} {total} += {held}; }}")
        return
    opened, declared = _held(density, count, plan)
    yield n.Raw(" ".join(["{" if declared else "", *declared]))
    yield n.Raw(f"for ({plan.element} in 1:{count}) {{")
    yield n.Raw(f"real {plan.value} = {at_observation(opened, plan.element)};")
    yield n.Raw(f"{_stored(term, plan, plan.value)} {total} += {plan.value}; }}{' }' if declared else ''}")


def _held(density: CalledDensity, count: str, plan: Plan) -> tuple[CalledDensity, list[str]]:
    """Return a density with its longer arguments held in variables, and the declarations of those.

    Indexing `X * beta` in a loop would multiply the whole matrix once for each observation.
    """
    arguments, declared = list(density.arguments), []
    for position in opened_arguments(density):
        argument = arguments[position]
        word = _holder(argument.type)
        if word and not isinstance(t.bare(argument), n.Variable):
            name = plan.names.fresh(f"{plan.value}_{position}")
            declared.append(f"{word.format(count)} {name} = {to_text(argument)};")
            arguments[position] = n.Variable(name, type=argument.type)
    return replace(density, arguments=tuple(arguments)), declared


def _holder(kind: n.Type) -> str | None:
    """Return the declared type of a variable that holds one number for each observation."""
    if kind.base in {"vector", "row_vector"} and not kind.depth:
        return f"{kind.base}[{{}}]"
    return f"array[{{}}] {kind.base}" if kind.depth == 1 and kind.base in {"int", "real"} else None


def _stored(term: Term, plan: Plan, value: str) -> str:
    counter = plan.counter
    is_likelihood = f"{plan.roles}[{term.index}] == {LIKELIHOOD}"
    return f"if ({is_likelihood}) {{ {counter} += 1; {plan.log_lik}[{counter}] = {value}; }}"


def counted_arguments(term: Term) -> tuple[n.Expr, ...]:
    """Return the arguments with one element for each observation; none where the term is a single one."""
    if len(term.parts) != 1 or term.parts[0].summand.sign == "-":
        return ()
    density = density_of(term.parts[0].summand.node)
    return () if density is None else tuple(density.arguments[at] for at in opened_arguments(density))


def observation_count(term: Term, declared: Declared) -> str | None:
    """Return how many observations a term opens into, as Stan; `None` where it is a single one."""
    arguments = counted_arguments(term)
    for argument in arguments:
        shape = shape_of(argument, declared)
        if shape:
            return shape[0]
    if not arguments:
        return None
    is_matrix = arguments[0].type.base == "matrix" and not arguments[0].type.depth
    return f"{'rows' if is_matrix else 'size'}({to_text(arguments[0])})"


def is_one_entry(term: Term, is_repeated: bool) -> bool:
    """Whether a term holds many observations and still gives a single entry each time it is met."""
    if counted_arguments(term):
        return False
    density = density_of(term.parts[0].summand.node) if len(term.parts) == 1 else None
    if density is not None:
        return density.outcome.type.is_container and not is_repeated
    return not is_repeated
