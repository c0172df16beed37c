"""The options of a study: checked before anything is run, and made a plan once there is a fit."""

from __future__ import annotations

import difflib
import math
import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import cast

import numpy as np

from workbench import card
from workbench.errors import RequestError
from workbench.execution import Executor
from workbench.methods import Nuts
from workbench.priors import check_value, get_value, resolve_name
from workbench.priors.forms import check_form, find_prior_statement, list_flat_parameters
from workbench.program import Declaration, Program
from workbench.request import FitRequest
from workbench.results import Fit
from workbench.results.sampling_command import explain_no_chains, suggest_sampling
from workbench.results.saved_request import restore_method
from workbench.results.view import NutsResult
from workbench.studies import Axis, Plan, Point, drop_repeated_points, make_points, parse_axis
from workbench.studies.fits.point_request import compute_term_weights, set_constants
from workbench.studies.plan.decision import parse_decision
from workbench.studies.plan.plan import METHODS, REFITS, is_power
from workbench.workflow.method_settings import check_installed

_DEFAULT_FACTORS = (0.25, 0.5, 2.0, 4.0)
"""Factors of a positive hyperparameter's own value that are tried if nothing else is requested. Ours."""


@dataclass(frozen=True)
class StudyOptions:
    """The options of a study.

    Attributes
    ----------
    axes, design, points
        What is varied, how the axes make points, and how many points a Latin hypercube has.
    forms
        Whole prior statements to try, each by itself: (parameter, distribution).
    scenarios
        Named settings.
    methods, decisions, above, refit, parameters, with_prior
        As in `Plan`; decisions as text.
    jobs
        Processes at a time.
    executor
        Who runs what can run elsewhere; `None` for this machine's cores.
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
    executor: Executor | None = None
    output: Path | None = None

    @property
    def all_forms(self) -> tuple[tuple[str, str], ...]:
        """Every prior statement that is tried, those of scenarios too."""
        in_scenarios = (pair for scenario in self.scenarios for pair in scenario.forms.items())
        return (*self.forms, *in_scenarios)


def resolve_names(options: StudyOptions, request: FitRequest) -> StudyOptions:
    """Return the options with each hyperparameter under the one name that reports use.

    Raises
    ------
    PriorError
        A name is not a hyperparameter, or may mean several.
    """
    known = request.priors.values

    def resolve(name: str) -> str:
        return name if is_power(name) else resolve_name(request.program, name, known)

    return replace(
        options,
        axes=tuple(replace(axis, name=resolve(axis.name)) for axis in options.axes),
        scenarios=tuple(_resolve_scenario(point, resolve) for point in options.scenarios),
    )


def check_options(options: StudyOptions, request: FitRequest) -> None:
    """Refuse what can be seen to be wrong before anything is run.

    Raises
    ------
    RequestError
        A method, design, decision, hyperparameter, power or prior does not exist or cannot be used.
    """
    for method in options.methods:
        if method not in METHODS:
            raise RequestError(f"--methods was expected to be among {', '.join(METHODS)}, found `{method}`.")
    if options.refit not in REFITS:
        raise RequestError(f"--refit was expected to be one of {', '.join(REFITS)}, found `{options.refit}`.")
    decided = [name for text in options.decisions for name in parse_decision(text).names]
    for name in (*options.parameters, *decided):
        _check_quantity(request.program, name)
    for name in decided:
        _check_single(request.program, name)
    for point in (*_make_design_points(options, request), *options.scenarios):
        _check_point(point, request)
    if not math.isfinite(options.above):
        raise RequestError(f"--above was expected to be a number, found {options.above}.")
    for name, form in options.all_forms:
        find_prior_statement(request.program, name)
        check_form(name, form)


def check_chains(fit: Fit) -> None:
    """Refuse a fit that has no draws by NUTS.

    Raises
    ------
    RequestError
        NUTS was not run, or failed.
    """
    if not fit.results.nuts.is_ok:
        message = f"a study starts from draws by NUTS, which this run lacks: {explain_no_chains(fit.results)}"
        is_skipped = fit.results.nuts.status == "skipped"
        hint = f"{suggest_sampling(fit.results)} makes a run that can be studied" if is_skipped else None
        raise RequestError(message, hint=hint)


def make_plan(options: StudyOptions, fit: Fit, request: FitRequest) -> Plan:
    """Return the plan of a study of a fit.

    Raises
    ------
    RequestError
        The fit has no posterior draws, or there is nothing to vary.
    """
    check_chains(fit)
    nuts, level = fit.results.nuts, fit.results.interval.level
    if not (options.axes or options.forms or options.scenarios):
        options = replace(options, axes=_choose_axes(request), design="one")
    stan_names = {estimate.label: name for name, estimate in nuts.estimates.items() if estimate.label}
    forms = (Point(forms={name: form}) for name, form in options.forms)
    points = (*_make_design_points(options, request), *forms, *options.scenarios)
    return Plan(
        axes=options.axes,
        points=drop_repeated_points([_drop_base_values(point, request) for point in points]),
        design=options.design,
        methods=options.methods,
        decisions=tuple(parse_decision(text, level, stan_names) for text in options.decisions),
        above=options.above,
        refit=options.refit,
        parameters=options.parameters,
        sampler=read_sampler(nuts),
        with_prior=options.with_prior,
    )


def read_sampler(nuts: NutsResult) -> Nuts:
    """Return the sampler that made a posterior.

    Raises
    ------
    RunIncomplete
        Its settings are not those of a sampler.
    """
    settings = nuts.settings or {"chains": nuts.chains, "draws": nuts.draws, "warmup": nuts.warmup}
    sampler = cast("Nuts", restore_method(Nuts.__name__, settings))
    check_installed(sampler)
    return replace(sampler, init="random", save_warmup=False)


def _resolve_scenario(point: Point, resolve: Callable[[str], str]) -> Point:
    """Return a scenario with resolved names; hyperparameters of another form keep the names of that form."""
    values: dict[str, float] = {}
    written: dict[str, str] = {}
    for name, value in point.values.items():
        resolved = name if name.rpartition(".")[0] in point.forms else resolve(name)
        if resolved in values:
            both = f"`{written[resolved]}` and `{name}` are the same"
            raise RequestError(f"[{point.name}] gives `{resolved}` two values: {both}.")
        values[resolved], written[resolved] = value, name
    return replace(point, values=values)


def _check_point(point: Point, request: FitRequest) -> None:
    """Refuse a hyperparameter or a power that does not exist, or a value that it cannot take."""
    if not point.forms:  # another form may have other constants
        set_constants(request, point.constants)
        for name, value in point.constants.items():
            check_value(request.program, name, value)
    compute_term_weights(request.program, point.powers)
    for name, power in point.powers.items():
        if power < 0:
            raise RequestError(f"power({name}) was expected to be 0 or more, found {power:g}.")


def _list_declarations(program: Program) -> list[Declaration]:
    blocks = (program.parameters, program.transformed_parameters, program.generated_quantities)
    return [declaration for block in blocks for declaration in block]


def _check_quantity(program: Program, name: str) -> None:
    """Refuse a quantity whose variable the program does not have; its elements are known after the fit."""
    known = [declaration.name for declaration in _list_declarations(program)]
    variable = re.split(r"[\[.:]", name)[0]
    if known and variable not in known:
        close = difflib.get_close_matches(variable, known, 1)
        listed = ", ".join(f"`{quantity}`" for quantity in known)
        raise RequestError(
            f"`{name}` is not a quantity of `{program.path.name}`; it has {listed}.",
            hint=f"did you mean `{close[0]}`?" if close else None,
        )


def _check_single(program: Program, name: str) -> None:
    """Refuse a decision about a whole container; the labels of its elements are known after the fit."""
    for declaration in _list_declarations(program):
        if declaration.name == name and not declaration.is_scalar:
            raise RequestError(
                f"a decision is about single numbers, and `{name}` is declared `{declaration.text}`.",
                hint=f"name one of its elements, such as `{name}[1]`",
            )


def _make_design_points(options: StudyOptions, request: FitRequest) -> tuple[Point, ...]:
    return make_points(options.axes, options.design, options.points, request.seed)


def _drop_base_values(point: Point, request: FitRequest) -> Point:
    """Return a point without the values that are the base's own."""
    if point.forms:
        return point
    values = {
        name: value
        for name, value in point.values.items()
        if value != (1.0 if is_power(name) else get_value(request.priors.values, name))
    }
    return replace(point, values=values)


def _choose_axes(request: FitRequest) -> tuple[Axis, ...]:
    """Return what is varied if nothing is requested: the ranges of the model's card.

    A positive hyperparameter without a range goes from a quarter to four times its value.

    Raises
    ------
    RequestError
        There is nothing to vary.
    """
    ranges = {
        name: parse_axis(f"{name}={text}")
        for name, text in card.read(request.program.path).sweeps.items()
        if get_value(request.priors.values, name) is not None
    }
    from_data = set(request.priors.data_names)
    # Constants of expressions that already change with the program's own data: the 2 of `2 * s`.
    factors = {
        name for argument in request.program.arguments for name in argument.constants if name not in from_data
    }
    positive = {
        name: float(value)
        for name, value in request.priors.values.items()
        if isinstance(value, int | float) and not isinstance(value, bool) and value > 0
        if name not in factors
    }
    default = {
        name: Axis(name, tuple(value * factor for factor in _DEFAULT_FACTORS), True)
        for name, value in positive.items()
    }
    axes = tuple((default | ranges).values())
    if not axes:
        raise _explain_nothing_to_vary(request)
    return axes


def _explain_nothing_to_vary(request: FitRequest) -> RequestError:
    """Return the error of a study that has nothing to vary."""
    program = request.program
    if any(term.role == "prior" for term in program.terms):
        arrays = [name for name, value in request.priors.values.items() if np.ndim(value) > 0]
        option = f"--vary '{arrays[0]}[1]=VALUE,VALUE'" if arrays else "--vary NAME=VALUE,VALUE"
        return RequestError(
            "no prior of this program has a positive constant that could be varied by default.",
            hint=f"say what to vary with {option}, --vary 'power(prior)=0.5,1,2' or --prior-form",
        )
    unclear = next((term for term in program.terms if term.confidence == "ask"), None)
    if unclear is not None:
        return RequestError(
            f"no statement of `{program.path.name}` is known to be a prior; the role of `{unclear.text}` is "
            f"not clear: {unclear.reason}.",
            hint=f"if it is a prior, add --role 'line {unclear.line}=prior'",
        )
    flat = list_flat_parameters(program)
    hint = f"give a parameter a prior with --prior-form '{flat[0]}=normal(0, 1)'" if flat else None
    return RequestError(
        f"`{program.path.name}` states no prior: its parameters are flat where they are declared.", hint=hint
    )
