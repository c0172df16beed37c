"""Priors as penalties: a normal prior is a ridge penalty, a double-exponential prior a lasso penalty."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from workbench.backends.base import Floats
from workbench.errors import ProgramError
from workbench.program import Program, Term
from workbench.program.syntax import nodes as n
from workbench.program.syntax import traverse as t
from workbench.program.syntax.expression import evaluate
from workbench.program.syntax.printer import to_text
from workbench.program.terms.densities import DensityCall, parse_density
from workbench.request import FitRequest
from workbench.results.quantities import owner, split_element

_KINDS = {"normal": "ridge", "std_normal": "ridge", "double_exponential": "lasso"}
"""The penalty that each distribution of a prior amounts to."""

_LINEAR = ("normal", "normal_id_glm")
"""Likelihoods whose deviance is a residual sum of squares."""


def find_penalties(request: FitRequest, estimates: Mapping[str, float]) -> list[dict[str, Any]]:
    """Return each prior that is a penalty on coefficients, with its lambda, as `run.json` holds it.

    Intercepts come last. A scale that is an expression of parameters, such as `sigma / sqrt(lambda)`, has its
    value at the MAP; where it is a vector, each element has a lambda of its own.

    With a normal linear likelihood the MAP minimises the residual sum of squares plus the penalty, at the
    MAP of the residual scale. With any other likelihood it minimises minus the log-likelihood plus the
    penalty.

    Parameters
    ----------
    request
        The program and its priors.
    estimates
        The MAP by Stan name.

    References
    ----------
    Hastie, Tibshirani and Friedman (2009), The Elements of Statistical Learning, section 3.4.
    """
    likelihoods = [term for term in request.program.terms if term.role == "likelihood"]
    if len(likelihoods) != 1:
        return []
    point = _Point(request, estimates)
    residual = _find_residual_scale(point, likelihoods[0])
    intercepts = _find_intercepts(request.program, likelihoods[0])
    entries = [
        _describe_penalty(point, term, likelihoods[0], residual, is_intercept=term.outcomes[0] in intercepts)
        for term in request.program.terms
        if _may_be_penalty(term, likelihoods[0])
    ]
    return sorted((entry for entry in entries if entry is not None), key=lambda entry: entry["intercept"])


def _may_be_penalty(term: Term, likelihood: Term) -> bool:
    return (
        term.role in ("prior", "latent")
        and term.distribution in _KINDS
        and len(term.outcomes) == 1
        and not term.is_transformed
        and term.outcomes[0] in likelihood.parameters
    )


def _describe_penalty(
    point: _Point, term: Term, likelihood: Term, residual: float | None, *, is_intercept: bool
) -> dict[str, Any] | None:
    """Return the entry of a prior; `None` if its parameter is bounded or its scale is not known."""
    name, kind = term.outcomes[0], _KINDS[str(term.distribution)]
    declaration = next((item for item in point.program.parameters if item.name == name), None)
    density = _parse_term(term)
    if declaration is None or declaration.lower or declaration.upper or density is None:
        return None
    if density.is_truncated or name in t.find_names(density.arguments[1:]):
        return None
    centre_node, scale_node = density.arguments[1:] or (None, None)
    centre = 0.0 if centre_node is None else point.evaluate(centre_node, with_parameters=False)
    scale = 1.0 if scale_node is None else point.evaluate(scale_node)
    if centre is None or scale is None or np.ndim(centre) != 0 or not np.all(np.asarray(scale) > 0):
        return None
    is_linear = likelihood.distribution in _LINEAR and residual is not None
    used = residual if is_linear else None
    strengths = [_compute_strength(kind, size, used) for size in np.ravel(scale).tolist()]
    is_single = np.ndim(scale) == 0
    target = "the residual sum of squares" if is_linear else "minus the log-likelihood"
    outcome = term.outcome or name
    distance = f"`{outcome}`" if centre == 0 else f"`{outcome}` - {float(centre):g}"
    if is_single:
        size = f"the sum of squares of {distance}" if kind == "ridge" else f"the sum of |{distance}|"
        penalty = f"lambda times {size}"
    else:
        size = f"the square of {distance}" if kind == "ridge" else f"|{distance}|"
        penalty = f"the sum of lambda times {size}, one for each element"
    place = " on the intercept, which regularised regression usually leaves free" if is_intercept else ""
    words = (
        f"`{term.text.rstrip('; ')}` is a {kind} penalty{place}: the MAP minimises {target} plus {penalty}, "
        f"with lambda {_describe_strength(strengths, is_single=is_single)}"
        f"{_explain_scale(point, scale_node, scale)}."
    )
    return {
        "parameter": name,
        "statement": term.text,
        "kind": kind,
        "intercept": is_intercept,
        "lambda": strengths[0][0] if is_single else None,
        "lambdas": [] if is_single else [strength for strength, _ in strengths],
        "scale": float(scale) if is_single else None,
        "residual_scale": used,
        "words": words,
    }


def _describe_strength(strengths: Sequence[tuple[float, str]], *, is_single: bool) -> str:
    if is_single:
        strength, formula = strengths[0]
        return f"= {formula} = {strength:.6g}"
    values = [strength for strength, _ in strengths]
    return f"from {min(values):.6g} to {max(values):.6g}"


def _explain_scale(point: _Point, node: n.Expr | None, scale: Any) -> str:
    """Say what the scale is where it is an expression of parameters."""
    if node is None or np.ndim(scale) != 0 or point.evaluate(node, with_parameters=False) is not None:
        return ""
    return f", where `{to_text(node)}` is {float(scale):.4g} at the MAP"


def _compute_strength(kind: str, scale: float, residual: float | None) -> tuple[float, str]:
    """Return lambda and its formula; `residual` is the residual scale of a normal linear likelihood."""
    if kind == "ridge":
        if residual is None:
            return 1 / (2 * scale**2), f"1 / (2 x {scale:g}^2)"
        return residual**2 / scale**2, f"{residual:.4g}^2 / {scale:g}^2"
    if residual is None:
        return 1 / scale, f"1 / {scale:g}"
    return 2 * residual**2 / scale, f"2 x {residual:.4g}^2 / {scale:g}"


class _Point:
    """The MAP, at which expressions of the program are evaluated."""

    def __init__(self, request: FitRequest, estimates: Mapping[str, float]) -> None:
        self.program = request.program
        self._constants = {
            id(node): n.Variable(hyper.data_name, type=node.type)
            for hyper in request.program.hyperparameters
            if not hyper.is_user_data
            for node in hyper.nodes
        }
        self._data: dict[str, Any] = dict(request.data.values)
        for hyper in request.program.hyperparameters:
            if not hyper.is_user_data:
                self._data[hyper.data_name] = request.priors.values.get(hyper.name, hyper.default)
        self._estimates = estimates

    def evaluate(self, node: n.Expr, *, with_parameters: bool = True) -> Any:
        """Return the value of an expression, a number or an array; `None` if it is not known."""
        products = (item for item in t.walk(node) if isinstance(item, n.Binary))
        if any(item.left.type.is_container and item.right.type.is_container for item in products):
            return None
        substituted = t.substitute(node, self._constants)
        try:
            names = t.find_names(substituted)
            known = {name: self._look_up(name, with_parameters=with_parameters) for name in names}
            return np.asarray(evaluate(substituted, known), dtype=float)[()]
        except (KeyError, ProgramError, ValueError, TypeError):
            return None

    def _look_up(self, name: str, *, with_parameters: bool) -> Any:
        if name in self._data:
            value = np.asarray(self._data[name])
            return value.item() if value.ndim == 0 else value
        if not with_parameters:
            raise KeyError(name)
        if name in self._estimates:
            return self._estimates[name]
        elements = {
            split_element(key)[1]: value for key, value in self._estimates.items() if owner(key) == name
        }
        if not elements:
            raise KeyError(name)
        array: Floats = np.empty(tuple(1 + np.max(list(elements), axis=0)))
        for index, element in elements.items():
            array[index] = element
        return array


def _parse_term(term: Term) -> DensityCall | None:
    """Return the density that a term consists of; `None` if it consists of something else."""
    if len(term.contributions) != 1 or term.calls or term.contributions[0].summand.sign != "+":
        return None
    return parse_density(term.contributions[0].summand.node)


def _find_residual_scale(point: _Point, likelihood: Term) -> float | None:
    """Return the scale of a normal likelihood at the MAP, if it is one number."""
    density = _parse_term(likelihood)
    if density is None or likelihood.distribution not in _LINEAR or density.is_truncated:
        return None
    scale = point.evaluate(density.arguments[-1])
    return float(scale) if scale is not None and np.ndim(scale) == 0 else None


def _find_intercepts(program: Program, likelihood: Term) -> set[str]:
    """Return the parameters that are added to the mean of the likelihood by themselves."""
    density = _parse_term(likelihood)
    if density is None:
        return set()
    if str(likelihood.distribution).endswith("_glm"):
        return set(t.find_names(density.arguments[2]))
    declared = {item.name for item in program.parameters if item.is_scalar}
    return {
        item.name
        for argument in density.arguments[1:2]
        for item in _list_summands(program, argument)
        if isinstance(item, n.Variable) and item.name in declared
    }


def _list_summands(program: Program, node: n.Expr) -> Iterator[n.Expr]:
    """Yield the summands of an expression; a variable that is declared by a sum is followed."""
    inner = t.unwrap(node)
    if isinstance(inner, n.Binary) and inner.operator in {"+", "-"}:
        yield from _list_summands(program, inner.left)
        yield from _list_summands(program, inner.right)
        return
    base = inner.base if isinstance(inner, n.Indexed) else inner
    value = _find_definition(program, base.name) if isinstance(base, n.Variable) else None
    if value is None:
        yield inner
    else:
        yield from _list_summands(program, value)


def _find_definition(program: Program, name: str) -> n.Expr | None:
    """Return the expression by which a block declares a variable."""
    for block in ("transformed parameters", "model"):
        for statement in program.tree.get_block(block):
            for declared, value in statement.variables if isinstance(statement, n.Declare) else ():
                if declared == name and value is not None:
                    return value
    return None
