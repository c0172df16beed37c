"""What a study asks, checked before anything is run and made a plan once there is a fit."""

from __future__ import annotations

import difflib
import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from workbench import card
from workbench.errors import RequestError
from workbench.methods import Nuts
from workbench.priors import check_value, get_value, resolve_name
from workbench.program import Program
from workbench.request import FitRequest
from workbench.results import Fit
from workbench.studies import Axis, Plan, Point, drop_repeated_points, make_points
from workbench.studies.fits.context import compute_term_weights, set_constants
from workbench.studies.plan.decision import parse_decision
from workbench.studies.plan.forms import check_form, find_prior_statement, list_flat_parameters
from workbench.studies.plan.plan import METHODS, REFITS, parse_axis


@dataclass(frozen=True)
class StudyOptions:
    """What can be said about a study.

    Attributes
    ----------
    axes, design, points
        What is varied, how the axes make points, and how many for a Latin hypercube.
    forms
        Whole prior statements to try, each by itself: (parameter, distribution).
    scenarios
        Named settings.
    methods, decisions, above, refit, parameters, with_prior
        As in `Plan`; decisions as text.
    jobs
        Processes at a time.
    output
        The study directory; `None` for one in `reports/`.
    """

    axes: tuple[Axis, ...] = ()
    design: str = "grid"
    points: int = 25
    forms: tuple[tuple[str, str], ...] = ()
    scenarios: tuple[Point, ...] = ()
    methods: tuple[str, ...] = METHODS
    decisions: tuple[str, ...] = ()
    above: float = 0.0
    refit: str = "needed"
    parameters: tuple[str, ...] = ()
    with_prior: bool = True
    jobs: int = 1
    output: Path | None = None


def resolve_names(asked: StudyOptions, request: FitRequest) -> StudyOptions:
    """Return what is asked with each hyperparameter under the one name that reports use.

    Raises
    ------
    PriorError
        A name is none, or may mean several things.
    """

    def own(name: str) -> str:
        return name if name.startswith("power(") else resolve_name(request.program, name, known)

    known = request.priors.values
    axes = tuple(replace(one, name=own(one.name)) for one in asked.axes)
    return replace(asked, axes=axes, scenarios=tuple(_named(point, own) for point in asked.scenarios))


def _named(point: Point, own: Callable[[str], str]) -> Point:
    """Return a scenario with names of its own; those of a prior that has another form there stay."""
    values: dict[str, float] = {}
    written: dict[str, str] = {}
    for name, value in point.values.items():
        known = name if name.rpartition(".")[0] in point.forms else own(name)
        if known in values:
            both = f"`{written[known]}` and `{name}` both mean it"
            raise RequestError(f"[{point.name}] gives `{known}` two values: {both}.")
        values[known], written[known] = value, name
    return replace(point, values=values)


def check_question(asked: StudyOptions, request: FitRequest) -> None:
    """Refuse what can be seen to be wrong before anything is run.

    Raises
    ------
    RequestError
        A method, a design, a decision, a hyperparameter, a power or a prior that there is not.
    """
    for method in asked.methods:
        if method not in METHODS:
            raise RequestError(f"--methods was expected to be among {', '.join(METHODS)}, found `{method}`.")
    if asked.refit not in REFITS:
        raise RequestError(f"--refit was expected to be one of {', '.join(REFITS)}, found `{asked.refit}`.")
    decided = [name for text in asked.decisions for name in parse_decision(text).names]
    for name in (*asked.parameters, *decided):
        _check_quantity(request.program, name)
    for name in decided:
        _check_single(request.program, name)
    for point in (*_points(asked, request), *asked.scenarios):
        _check_point(point, request)
    if not math.isfinite(asked.above):
        raise RequestError(f"--above was expected to be a number, found {asked.above}.")
    for name, form in (*asked.forms, *(pair for one in asked.scenarios for pair in one.forms.items())):
        find_prior_statement(request.program, name)
        check_form(name, form)


def _check_point(point: Point, request: FitRequest) -> None:
    """Refuse a hyperparameter or a power that there is not, or a value that it cannot take."""
    if not point.forms:  # another form may have other constants
        set_constants(request, point.constants)
        for name, value in point.constants.items():
            check_value(request.program, name, value)
    compute_term_weights(request.program, point.powers)
    for name, power in point.powers.items():
        if power < 0:
            raise RequestError(f"power({name}) was expected to be 0 or more, found {power:g}.")


def _check_quantity(program: Program, name: str) -> None:
    """Refuse a quantity whose variable the program does not have; its elements show later."""
    blocks = (program.parameters, program.transformed_parameters, program.generated_quantities)
    known = [one.name for block in blocks for one in block]
    owner = re.split(r"[\[.:]", name)[0]
    if known and owner not in known:
        close = difflib.get_close_matches(owner, known, 1)
        listed = ", ".join(f"`{one}`" for one in known)
        raise RequestError(
            f"`{name}` is no quantity of `{program.path.name}`; it has {listed}.",
            hint=f"did you mean `{close[0]}`?" if close else None,
        )


def _points(asked: StudyOptions, request: FitRequest) -> tuple[Point, ...]:
    return make_points(asked.axes, asked.design, asked.points, request.seed)


def _check_single(program: Program, name: str) -> None:
    """Refuse a decision about a whole container; what an element is called shows later."""
    blocks = (program.parameters, program.transformed_parameters, program.generated_quantities)
    for one in (declared for block in blocks for declared in block):
        if one.name == name and not one.is_scalar:
            raise RequestError(
                f"a decision is about single numbers, and `{name}` is declared `{one.text}`.",
                hint=f"name one of them, such as `{name}[1]`",
            )


def make_plan(asked: StudyOptions, fitted: Fit, request: FitRequest) -> Plan:
    """Return what is asked as a plan for a fit.

    Raises
    ------
    RequestError
        There is no posterior, or nothing to vary.
    """
    nuts = fitted.record["nuts"]
    if nuts["status"] != "ok":
        raise RequestError(f"a study needs posterior draws to start from: {nuts.get('reason', '')}")
    labels = {one["label"]: name for name, one in nuts["estimates"].items() if "label" in one}
    level = float(fitted.record["interval"]["level"])
    axes = asked.axes
    if not (axes or asked.forms or asked.scenarios):
        axes = _usual_axes(request)
        asked = replace(asked, axes=axes, design="one")
    forms = (Point(forms={name: form}) for name, form in asked.forms)
    points = (*_points(asked, request), *forms, *asked.scenarios)
    return Plan(
        axes=asked.axes,
        points=drop_repeated_points([_without_base(point, request) for point in points]),
        design=asked.design,
        methods=asked.methods,
        decisions=tuple(parse_decision(text, level, labels) for text in asked.decisions),
        above=asked.above,
        refit=asked.refit,
        parameters=asked.parameters,
        sampler=read_sampler(nuts),
        with_prior=asked.with_prior,
    )


def _without_base(point: Point, request: FitRequest) -> Point:
    """Return a point without the values that are the base's own."""
    if point.forms:
        return point
    values = {
        name: value
        for name, value in point.values.items()
        if value != (1.0 if name.startswith("power(") else get_value(request.priors.values, name))
    }
    return replace(point, values=values)


def _usual_axes(request: FitRequest) -> tuple[Axis, ...]:
    """Return what is varied unasked: the ranges of the model's card.

    A positive hyperparameter without a range goes from a quarter to four times its value.
    """
    ranges = {
        name: parse_axis(f"{name}={text}")
        for name, text in card.read(request.program.path).sweeps.items()
        if get_value(request.priors.values, name) is not None
    }
    own = set(request.priors.data_names)
    parts = {  # of expressions that the program's own data move already: the 2 of `2 * s`
        name for one in request.program.arguments for name in one.constants if name not in own
    }
    scalars = {
        name: float(value)
        for name, value in request.priors.values.items()
        if isinstance(value, int | float) and not isinstance(value, bool) and value > 0
        if name not in parts
    }
    around = {
        name: Axis(name, tuple(value * factor for factor in (0.25, 0.5, 2.0, 4.0)), True)
        for name, value in scalars.items()
    }
    found = tuple((around | ranges).values())
    if not found:
        raise _nothing_usual(request)
    return found


def _nothing_usual(request: FitRequest) -> RequestError:
    """Return what to say where there is nothing to vary unasked."""
    program = request.program
    if any(term.role == "prior" for term in program.terms):
        several = [name for name, value in request.priors.values.items() if np.ndim(value) > 0]
        one = f"--vary '{several[0]}[1]=VALUE,VALUE'" if several else "--vary NAME=VALUE,VALUE"
        return RequestError(
            "no prior of this program has a positive constant to vary by itself.",
            hint=f"{one}, --vary 'power(prior)=0.5,1,2' or --prior-form say what to vary",
        )
    asked = next((term for term in program.terms if term.confidence == "ask"), None)
    if asked is not None:
        return RequestError(
            f"no statement of `{program.path.name}` is known to be a prior; `{asked.text}` is not placed: "
            f"{asked.reason}.",
            hint=f"if it is one, --role 'line {asked.line}=prior' says so",
        )
    flat = list_flat_parameters(program)
    hint = f"--prior-form '{flat[0]}=normal(0, 1)' gives a parameter one" if flat else None
    return RequestError(
        f"`{program.path.name}` states no prior: its parameters are flat where they are declared.", hint=hint
    )


def read_sampler(nuts: Mapping[str, Any]) -> Nuts:
    """Return the sampler that made a posterior."""
    known = nuts.get("settings") or {key: nuts[key] for key in ("chains", "draws", "warmup")}
    return replace(Nuts(**known), init="random", save_warmup=False)
