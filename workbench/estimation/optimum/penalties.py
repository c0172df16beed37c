"""Priors as penalties: a normal prior is a ridge penalty, a double-exponential prior a lasso penalty."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import numpy as np

from workbench.program import Term
from workbench.request import FitRequest

_KINDS = {"normal": "ridge", "std_normal": "ridge", "double_exponential": "lasso"}
"""The penalty that each distribution of a prior amounts to."""

_LINEAR = ("normal", "normal_id_glm")
"""Likelihoods whose deviance is a residual sum of squares."""

_NORMAL_CALL = re.compile(
    r"\b(?:normal|normal_lpdf|normal_lupdf|normal_id_glm|normal_id_glm_lpdf|normal_id_glm_lupdf)\s*\("
)
"""A normal density written as a call."""


def find_penalties(request: FitRequest, estimates: Mapping[str, float]) -> list[dict[str, Any]]:
    """Return each prior that is a penalty on coefficients, with its lambda, as `run.json` holds it.

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
    residual = _find_residual_scale(request, likelihoods[0], estimates)
    entries = [
        _describe_penalty(request, term, likelihoods[0], residual)
        for term in request.program.terms
        if _is_penalty(term, likelihoods[0])
    ]
    return [entry for entry in entries if entry is not None]


def _is_penalty(term: Term, likelihood: Term) -> bool:
    return (
        term.role == "prior"
        and term.distribution in _KINDS
        and len(term.outcomes) == 1
        and term.parameters == term.outcomes
        and not term.is_transformed
        and term.outcomes[0] in likelihood.parameters
    )


def _describe_penalty(
    request: FitRequest, term: Term, likelihood: Term, residual: float | None
) -> dict[str, Any] | None:
    """Return the entry of a prior; `None` if its parameter is bounded or its scale is not one number."""
    name, kind = term.outcomes[0], _KINDS[str(term.distribution)]
    declaration = next((item for item in request.program.parameters if item.name == name), None)
    constants = _find_constants(request, term)
    scale, centre = constants.get("sigma"), constants.get("mu")
    if declaration is None or declaration.lower or declaration.upper:
        return None
    if scale is None or centre is None:
        return None
    is_linear = likelihood.distribution in _LINEAR and residual is not None
    strength, formula = _compute_strength(kind, scale, residual if is_linear else None)
    target = "the residual sum of squares" if is_linear else "minus the log-likelihood"
    distance = f"`{name}`" if centre == 0 else f"`{name}` - {centre:g}"
    size = f"the sum of squares of {distance}" if kind == "ridge" else f"the sum of |{distance}|"
    words = (
        f"`{term.text.rstrip('; ')}` is a {kind} penalty: the MAP minimises {target} plus lambda times "
        f"{size}, with lambda = {formula} = {strength:.6g}."
    )
    return {
        "parameter": name,
        "statement": term.text,
        "kind": kind,
        "lambda": strength,
        "scale": scale,
        "residual_scale": residual if is_linear else None,
        "words": words,
    }


def _compute_strength(kind: str, scale: float, residual: float | None) -> tuple[float, str]:
    """Return lambda and its formula; `residual` is the residual scale of a normal linear likelihood."""
    if kind == "ridge":
        if residual is None:
            return 1 / (2 * scale**2), f"1 / (2 x {scale:g}^2)"
        return residual**2 / scale**2, f"{residual:.4g}^2 / {scale:g}^2"
    if residual is None:
        return 1 / scale, f"1 / {scale:g}"
    return 2 * residual**2 / scale, f"2 x {residual:.4g}^2 / {scale:g}"


def _find_constants(request: FitRequest, term: Term) -> dict[str, float]:
    """Return the arguments of a prior that are single numbers, by Stan's names for them."""
    if term.distribution == "std_normal":
        return {"mu": 0.0, "sigma": 1.0}
    constants: dict[str, float] = {}
    for hyper in request.program.hyperparameters:
        if hyper.term == term.index and hyper.is_whole:
            values = request.data.values if hyper.is_user_data else request.priors.values
            value = values.get(hyper.name, hyper.default)
            if value is not None and np.ndim(value) == 0:
                constants[hyper.argument] = float(value)
    return constants


def _find_residual_scale(
    request: FitRequest, likelihood: Term, estimates: Mapping[str, float]
) -> float | None:
    """Return the last argument of a normal likelihood, if it is one number: a parameter, datum or value."""
    if likelihood.distribution not in _LINEAR:
        return None
    call = _NORMAL_CALL.search(likelihood.text)
    inside = likelihood.text[call.end() :].rstrip("; \n").removesuffix(")") if call else ""
    argument = inside.rpartition(",")[2].strip()
    if argument in estimates:
        return estimates[argument]
    value = request.data.values.get(argument)
    if value is not None and np.ndim(value) == 0:
        return float(value)
    try:
        return float(argument)
    except ValueError:
        return None
