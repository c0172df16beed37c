"""Where a study is worked out: the programs, the backend, and what earlier work left."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from workbench.backends import Backend
from workbench.errors import PriorError, RequestError
from workbench.estimation.context import FitContext
from workbench.priors import get_value, replace_values, unknown_hyperparameter
from workbench.program import Program
from workbench.progress import SILENT, Progress
from workbench.provenance import derive_seeds, hash_parts
from workbench.request import FitRequest
from workbench.results.json_values import to_json_values
from workbench.studies.plan.plan import Plan, Point
from workbench.toolchain import CompiledModel

_ALWAYS = ("prior", "unplaced")
"""Roles whose terms hyperparameters can move: constants that other terms use are no hyperparameters."""


@dataclass(frozen=True)
class Variant:
    """A program with one set of prior statements: the question as first asked, and its executable."""

    request: FitRequest
    model: CompiledModel


@dataclass(frozen=True)
class StudyContext:
    """The place where a study is worked out.

    Attributes
    ----------
    plan
        What is asked.
    variants
        By forms of priors, as `make_form_key` writes them; the program as it stands is the empty one.
    backend
        Who runs the executables.
    kept
        The folder of finished pieces, by content.
    scratch
        A folder for Stan's files.
    progress
        Where to report.
    jobs
        Processes at a time; it changes no number.
    is_split
        Whether log densities may leave out the terms that no point moves.
    """

    plan: Plan
    variants: Mapping[str, Variant]
    backend: Backend
    kept: Path
    scratch: Path
    progress: Progress = field(default=SILENT)
    jobs: int = 1
    is_split: bool = False

    @property
    def base(self) -> Variant:
        """The program as it stands."""
        return self.variants[make_form_key({})]

    @property
    def program(self) -> Program:
        """The program as it stands."""
        return self.base.request.program

    def key(self, kind: str, *parts: str) -> str:
        """Return the address of a finished piece: a hash of all that decides it."""
        return hash_parts(kind, self.base.request.key, self.base.model.key, *parts)

    def variant(self, point: Point) -> Variant:
        """Return the program of a point."""
        return self.variants[make_form_key(point.forms)]

    def setting(self, request: FitRequest, exe: Path, name: str) -> FitContext:
        """Return where a single piece is worked out, in a folder of its own."""
        folder = self.scratch / name
        folder.mkdir(parents=True, exist_ok=True)
        return FitContext(request, exe, self.backend, folder, SILENT)


def make_form_key(forms: Mapping[str, str]) -> str:
    """Return alternative prior statements as one text.

    >>> make_form_key({"b": "cauchy(0,1)"})
    '[["b", "cauchy(0,1)"]]'
    """
    return json.dumps(sorted(forms.items()))


def make_request(shop: StudyContext, point: Point, *, seeded: str = "") -> FitRequest:
    """Return the question that a point asks: other constants and powers, and seeds of its own."""
    request = shop.variant(point).request
    mixed = hash_parts(point.key, seeded, str(request.seed))
    return replace(
        set_constants(request, point.constants),
        weights={**request.weights, **compute_term_weights(request.program, point.powers)},
        seed=derive_seeds(int(mixed[:12], 16), 1)[0],
    )


def set_constants(request: FitRequest, constants: Mapping[str, float]) -> FitRequest:
    """Return a question with other values of its hyperparameters.

    Raises
    ------
    PriorError
        A name is no hyperparameter of the program, or one that is no single number.
    """
    known = request.priors.values
    for name in constants:
        if get_value(known, name) is None:
            raise _not_single(request, name)
    values = replace_values(known, constants)
    changed = {name.partition("[")[0] for name in constants}
    variables = tuple(
        replace(one, value=values[one.name], origin="study") if one.name in changed else one
        for one in request.data.variables
    )
    return replace(
        request,
        priors=replace(request.priors, values=values),
        data=replace(request.data, variables=variables),
    )


def _not_single(request: FitRequest, name: str) -> PriorError:
    known = request.priors.values
    if name in known:
        shape = np.shape(known[name])
        ends = ",".join("1" for _ in shape), ",".join(str(size) for size in shape)
        return PriorError(
            f"`{name}` holds {np.size(known[name])} numbers; only a single one can be varied.",
            hint=f"its elements are `{name}[{ends[0]}]` to `{name}[{ends[1]}]`",
        )
    owner = name.partition("[")[0]
    if owner in known:
        size = " x ".join(str(size) for size in np.shape(known[owner])) or "1"
        return PriorError(f"`{name}` is no element of `{owner}`, whose size is {size}.")
    hint = "a power is power(prior), power(likelihood) or power(NAME)"
    return unknown_hyperparameter(request.program, name, list(known), hint)


def include_data_hyperparameters(request: FitRequest) -> FitRequest:
    """Return a question whose priors know every hyperparameter: also those that the user's data give."""
    values, priors = request.data.values, request.priors
    own = [one.name for one in request.program.hyperparameters if one.is_user_data and one.name in values]
    found = {name: to_json_values(values[name]) for name in own if name not in priors.values}
    return replace(
        request,
        priors=replace(
            priors,
            values={**priors.values, **found},
            origins={**priors.origins, **dict.fromkeys(found, "the data")},
            data_names=(*priors.data_names, *found),
        ),
    )


def compute_term_weights(program: Program, powers: Mapping[str, float]) -> dict[str | int, float]:
    """Return the weight of each term that a power raises.

    Raises
    ------
    RequestError
        The program could not be taken apart, or nothing in it has that name.
    """
    weights: dict[str | int, float] = {}
    for name, power in powers.items():
        terms = find_powered_terms(program, name)
        weights |= {index: weights.get(index, 1.0) * power for index in terms}
    return weights


def find_powered_terms(program: Program, name: str) -> list[int]:
    """Return the terms that `power(name)` raises."""
    if program.instrumented is None:
        raise RequestError(f"power({name}) needs a program that can be taken apart; this one cannot.")
    terms = _terms_of(program, name)
    if not terms:
        priors = sorted({one for term in program.terms if term.role == "prior" for one in term.outcomes})
        roles = {term.role for term in program.instrumented.terms}
        whole = [role for role in ("prior", "latent", "likelihood") if role in roles]
        known = ", ".join(f"power({one})" for one in (*whole, *priors))
        raise RequestError(
            f"power({name}) names no part of `{program.path.name}`.", hint=f"there are {known}"
        )
    return terms


def _terms_of(program: Program, name: str) -> list[int]:
    """Return the terms that `power(name)` raises; none where nothing has that name."""
    return [
        term.index
        for term in (program.instrumented.terms if program.instrumented else ())
        if name in (term.role, f"line {term.line}", f"term {term.index}")
        or (term.role == "prior" and name in term.outcomes)
    ]


def drop_fixed_terms(shop: StudyContext, request: FitRequest) -> FitRequest:
    """Return a question without the terms that no point of the study moves: it is quick to evaluate."""
    instrumented = request.program.instrumented
    if instrumented is None or not shop.is_split:
        return request
    raised = {name for point in shop.plan.points for name in point.powers}
    raised |= {name for axis in shop.plan.axes for name in Point({axis.name: 1.0}).powers}
    # A program with another form may have nothing that one of the powers raises.
    moving = {index for name in raised for index in _terms_of(request.program, name)}
    moving |= {term.index for term in instrumented.terms if term.role in _ALWAYS}
    still: dict[str | int, Any] = {term.index: 0.0 for term in instrumented.terms if term.index not in moving}
    return replace(request, weights={**request.weights, **still})
