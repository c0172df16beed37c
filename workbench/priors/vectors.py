"""A number of its own for each element of a parameter, where the program has one number for all of them."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, TypeGuard

import numpy as np

from workbench.errors import PriorError
from workbench.priors.forms import replace_statements
from workbench.program import Declaration, Hyperparameter, Program, ReplacedPrior, Stanc, Term
from workbench.program.syntax import nodes as n
from workbench.program.syntax import traverse as t
from workbench.program.syntax.printer import to_text
from workbench.program.terms.densities import parse_density

_OPTION = "--prior"
"""The option that requests vectors."""

_WRITTEN = {"vector": "[{}]'", "row_vector": "[{}]", "real": "{{{}}}"}
"""By the type of a parameter, `real` for an array: how Stan writes its values."""


def is_vector(value: Any) -> TypeGuard[Sequence[float]]:
    """Return whether a value is a list of numbers."""
    return np.ndim(value) == 1


def check_finite(name: str, value: float | Sequence[float]) -> None:
    """Refuse a hyperparameter that is not a number, or is infinite: its prior would be none.

    Raises
    ------
    PriorError
        One of the numbers is NaN or infinite.
    """
    wrong = [number for number in np.atleast_1d(value).tolist() if not math.isfinite(number)]
    if wrong:
        raise PriorError(f"`{name}` was expected to be a finite number, found {wrong[0]:g}.")


def list_elements(program: Program, name: str) -> list[str]:
    """Return the hyperparameters that are the elements of an argument written out: `beta.mu[1]` ...

    Constants of an expression, such as the 2 of `2 * s`, are none.
    """
    own = [hyper for hyper in program.hyperparameters if hyper.name.startswith(f"{name}[")]
    for hyper in own[:1]:
        items = [id(node) for argument in _list_arguments(hyper) for node in _list_items(argument)]
        if items and all(id(node) in items for element in own for node in element.nodes):
            return [element.name for element in own]
    return []


def _list_arguments(hyper: Hyperparameter) -> Sequence[n.Expr]:
    density = parse_density(hyper.calls[0]) if hyper.calls else None
    return () if density is None else density.arguments[1:]


def _list_items(argument: n.Expr) -> Sequence[n.Expr]:
    """Return the elements of a vector or array that is written out."""
    inner = t.unwrap(argument)
    if isinstance(inner, n.Unary) and inner.is_postfix:
        inner = t.unwrap(inner.operand)
    if not isinstance(inner, n.Elements) or inner.bracket == "(":
        return ()
    items = {id(node): node for item in inner.items for node in t.walk(item) if isinstance(node, n.Expr)}
    return tuple(items.values())


def write_vectors(program: Program, values: Mapping[str, Sequence[float]], stanc: Stanc) -> Program:
    """Return a program with vectors written out in its priors, where it has single numbers.

    Each element is then a hyperparameter of its own: `beta.mu[1]`, `beta.mu[2]` ... A name that the program
    does not have, or that is no single number in it, is left to `settle`.

    Parameters
    ----------
    program
        The program.
    values
        By hyperparameter: the numbers, one for each element of the parameter.
    stanc
        Reads the new program.

    Raises
    ------
    PriorError
        The parameter is a single number itself; or Stan does not accept a vector in that place.
    """
    known = {hyper.name: hyper for hyper in program.hyperparameters if not hyper.is_user_data}
    literals: dict[int, n.Expr] = {}
    terms: dict[int, Term] = {}
    for name, numbers in values.items():
        if name not in known:
            continue
        hyper = known[name]
        check_finite(name, numbers)
        if hyper.is_positive and not all(number > 0 for number in numbers):
            raise PriorError(f"`{name}` must be positive, but {min(numbers):g} is among the numbers given.")
        term = next(term for term in program.terms if term.index == hyper.term)
        text = _write_values(_find_parameter(program, name, term), name, numbers)
        literals |= {id(node): n.Variable(text) for node in hyper.nodes}
        terms[term.statement] = term
    if not terms:
        return program
    nodes = {node.id: node for node in t.walk(program.tree.get_block("model")) if isinstance(node, n.Stmt)}
    statements = {number: to_text(t.substitute(nodes[number], literals)) for number in terms}
    replaced = [
        ReplacedPrior(term.outcome or "", statements[number], term.text, term.line, _OPTION)
        for number, term in terms.items()
    ]
    return replace_statements(program, statements, (), stanc, replaced)


def _find_parameter(program: Program, name: str, term: Term) -> Declaration:
    """Return the parameter that a hyperparameter is about.

    Raises
    ------
    PriorError
        The prior is not about a whole parameter, or that is a single number.
    """
    declared = {item.name: item for item in program.parameters}
    parameter = declared.get(term.outcome or "")
    if parameter is None or not parameter.sizes or parameter.kind not in _WRITTEN:
        what = f"`{term.text}` in `{program.path.name}`, line {term.line}"
        raise PriorError(f"`{name}` is a single number: it stands in {what}.", hint="give it one number")
    return parameter


def _write_values(parameter: Declaration, name: str, numbers: Sequence[float]) -> str:
    if len(parameter.sizes) != 1:
        raise PriorError(
            f"`{name}` cannot be a vector: `{parameter.name}` is declared `{parameter.text}`.",
            hint=f"write the whole prior: --prior-form '{parameter.name}=DISTRIBUTION'",
        )
    return _WRITTEN[parameter.kind].format(", ".join(_format_real(number) for number in numbers))


def _format_real(number: float) -> str:
    """Return a number as a real of Stan, with all of its digits.

    >>> _format_real(-0.72), _format_real(3)
    ('-0.72', '3.0')
    """
    return repr(float(number))


def check_lengths(program: Program, shapes: Mapping[str, tuple[int | None, ...]]) -> PriorError | None:
    """Return the error for a vector in a prior that is longer or shorter than its parameter.

    Parameters
    ----------
    program
        The program with vectors written out.
    shapes
        By parameter: its shape, as far as it is known.
    """
    for prior in program.replaced_priors:
        if prior.option != _OPTION or None in shapes.get(prior.parameter, (None,)):
            continue
        wanted = shapes[prior.parameter][0]
        term = next(term for term in program.terms if term.text == prior.statement)
        for hyper in program.hyperparameters:
            if hyper.term == term.index and hyper.name.endswith("[1]"):
                name = hyper.name.removesuffix("[1]")
                count = len(list_elements(program, name))
                if count and count != wanted:
                    return PriorError(
                        f"--prior gives `{name}` {count} numbers, but `{prior.parameter}` has {wanted} "
                        "elements.",
                        hint="give one number for each element, or one for all",
                    )
    return None
