"""The regularisation view: a normal prior is a ridge penalty, a double-exponential prior a lasso."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import numpy as np

from workbench.program import Term
from workbench.request import FitRequest

_KINDS = {"normal": "ridge", "std_normal": "ridge", "double_exponential": "lasso"}
_LINEAR = ("normal", "normal_id_glm")
_CALL = re.compile(
    r"\b(?:normal|normal_lpdf|normal_lupdf|normal_id_glm|normal_id_glm_lpdf|normal_id_glm_lupdf)\s*\("
)


def find_penalties(request: FitRequest, modes: Mapping[str, float]) -> list[dict[str, Any]]:
    """Return each prior that is a penalty on coefficients, with its lambda.

    With a normal linear likelihood the MAP minimises the residual sum of squares plus the penalty, at the
    MAP's own residual scale; with any other likelihood, minus the log-likelihood plus the penalty.

    Parameters
    ----------
    request
        The program and its priors.
    modes
        The MAP by Stan name.

    References
    ----------
    Hastie, Tibshirani and Friedman (2009), The Elements of Statistical Learning, section 3.4.
    """
    likelihoods = [term for term in request.program.terms if term.role == "likelihood"]
    if len(likelihoods) != 1:
        return []
    residual = _residual_scale(request, likelihoods[0], modes)
    found = []
    for term in request.program.terms:
        if _is_penalty(term, likelihoods[0]):
            entry = _penalty(request, term, likelihoods[0], residual)
            found += [entry] if entry else []
    return found


def _is_penalty(term: Term, likelihood: Term) -> bool:
    return (
        term.role == "prior"
        and term.distribution in _KINDS
        and len(term.outcomes) == 1
        and term.parameters == term.outcomes
        and not term.is_transformed
        and term.outcomes[0] in likelihood.parameters
    )


def _penalty(
    request: FitRequest, term: Term, likelihood: Term, residual: float | None
) -> dict[str, Any] | None:
    name, kind = term.outcomes[0], _KINDS[str(term.distribution)]
    declared = next((one for one in request.program.parameters if one.name == name), None)
    constants = _constants(request, term)
    scale, centre = constants.get("sigma"), constants.get("mu")
    if declared is None or declared.lower or declared.upper or scale is None or centre is None:
        return None
    is_linear = likelihood.distribution in _LINEAR and residual is not None
    strength, formula = _strength(kind, scale, residual if is_linear else None)
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


def _strength(kind: str, scale: float, residual: float | None) -> tuple[float, str]:
    """Return lambda and its formula; `residual` is that of a normal linear likelihood."""
    if kind == "ridge":
        if residual is None:
            return 1 / (2 * scale**2), f"1 / (2 x {scale:g}^2)"
        return residual**2 / scale**2, f"{residual:.4g}^2 / {scale:g}^2"
    if residual is None:
        return 1 / scale, f"1 / {scale:g}"
    return 2 * residual**2 / scale, f"2 x {residual:.4g}^2 / {scale:g}"


def _constants(request: FitRequest, term: Term) -> dict[str, float]:
    """Return the arguments of a prior that are single numbers, by Stan's names for them."""
    if term.distribution == "std_normal":
        return {"mu": 0.0, "sigma": 1.0}
    found: dict[str, float] = {}
    for hyper in request.program.hyperparameters:
        if hyper.term == term.index and hyper.is_whole:
            values = request.data.values if hyper.is_user_data else request.priors.values
            value = values.get(hyper.name, hyper.default)
            if value is not None and np.ndim(value) == 0:
                found[hyper.argument] = float(value)
    return found


def _residual_scale(request: FitRequest, likelihood: Term, modes: Mapping[str, float]) -> float | None:
    """Return the last argument of a normal likelihood: a parameter at the MAP, a datum, or a number."""
    if likelihood.distribution not in _LINEAR:
        return None
    call = _CALL.search(likelihood.text)
    inside = likelihood.text[call.end() :].rstrip("; \n").removesuffix(")") if call else ""
    argument = inside.rpartition(",")[2].strip()
    if argument in modes:
        return modes[argument]
    value = request.data.values.get(argument)
    if value is not None and np.ndim(value) == 0:
        return float(value)
    try:
        return float(argument)
    except ValueError:
        return None
