"""Prior sensitivity from two files, or from a run: a study directory comes out."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from workbench import tables, toolchain
from workbench.diagnostics import diagnose
from workbench.errors import RequestError, RunNotFound, StoreError
from workbench.estimation import Fit, store
from workbench.estimation import fit as estimate
from workbench.estimation.fit import believed
from workbench.methods import Nuts
from workbench.pipeline.fitting import Builds, Options, default_folder, prepare
from workbench.pipeline.reading import check_exists, read_program
from workbench.program import Program
from workbench.progress import SILENT, Progress
from workbench.provenance import hash_parts, hash_text
from workbench.report import render
from workbench.report.study_report import study_report
from workbench.request import FitRequest
from workbench.studies import (
    Axis,
    Plan,
    Point,
    Study,
    Variant,
    Workshop,
    distinct,
    form_key,
    points_of,
    with_forms,
)
from workbench.studies import store as studies
from workbench.studies import study as work_out
from workbench.studies.decision import parse_decision
from workbench.studies.kept import remembered_record, remembered_tree
from workbench.studies.plan import METHODS, REFITS
from workbench.toolchain import Toolchain


@dataclass(frozen=True)
class Asked:
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


def study_files(
    model: Path, data: Path, options: Options, asked: Asked, progress: Progress = SILENT
) -> Study:
    """Fit a program to a table and study how far the conclusions depend on its priors.

    Parameters
    ----------
    model, data
        A `.stan` file and a table.
    options
        About the base fit.
    asked
        About the study.
    progress
        Where to report.

    Raises
    ------
    WorkbenchError
        Any of the tree in `workbench.errors`. What a stopped study had finished is used by the next.
    """
    check_exists(model)
    tools = toolchain.provision(options.toolchain, progress)
    request = prepare(read_program(model, options.roles, tools), tables.read(data), options)
    folder = asked.output or default_folder(request).with_name(f"{default_folder(request).name}-study")
    _check_folder(folder)
    builds = Builds(request, tools, progress)
    fitted = _fitted(request, builds, folder / studies.KEPT, options, progress)
    return _study(fitted, request, builds, folder, asked, progress)


def study_run(run: Path, asked: Asked, options: Options | None = None, progress: Progress = SILENT) -> Study:
    """Study how far the conclusions of a run depend on its priors, without fitting it again.

    Parameters
    ----------
    run
        A run directory; program and table must still be where they were, and as they were.
    asked
        About the study.
    options
        The toolchain; and whatever of the binding the run does not tell by itself.
    progress
        Where to report.

    Raises
    ------
    WorkbenchError
        Any of the tree in `workbench.errors`.
    """
    fitted = store.read(run)
    tools = toolchain.provision((options or Options()).toolchain, progress)
    request = _request_of(fitted, run, options or Options(), tools)
    folder = asked.output or run / "study"
    _check_folder(folder)
    return _study(fitted, request, Builds(request, tools, progress), folder, asked, progress)


def redraw(folder: Path) -> Path:
    """Draw a study's report anew from its files alone; return the report."""
    found = studies.read(folder)
    studies.write(found, render(study_report(found)), folder)
    return folder / studies.REPORT


def plan_of(asked: Asked, fitted: Fit) -> Plan:
    """Return what is asked as a plan for a fit.

    Raises
    ------
    RequestError
        A method, a decision or a design that there is not.
    """
    for method in asked.methods:
        if method not in METHODS:
            raise RequestError(f"--methods was expected to be among {', '.join(METHODS)}, found `{method}`.")
    if asked.refit not in REFITS:
        raise RequestError(f"--refit was expected to be one of {', '.join(REFITS)}, found `{asked.refit}`.")
    nuts = fitted.record["nuts"]
    if nuts["status"] != "ok":
        raise RequestError(f"a study needs posterior draws to start from: {nuts.get('reason', '')}")
    labels = {one["label"]: name for name, one in nuts["estimates"].items() if "label" in one}
    level = float(fitted.record["interval"]["level"])
    points = points_of(asked.axes, asked.design, asked.points, int(fitted.record["seed"]))
    forms = tuple(Point(forms={name: form}) for name, form in asked.forms)
    return Plan(
        axes=asked.axes,
        points=distinct([*points, *forms, *asked.scenarios]),
        design=asked.design,
        methods=asked.methods,
        decisions=tuple(parse_decision(text, level, labels) for text in asked.decisions),
        above=asked.above,
        refit=asked.refit,
        parameters=asked.parameters,
        sampler=_sampler(nuts),
        with_prior=asked.with_prior,
    )


def _sampler(nuts: Mapping[str, Any]) -> Nuts:
    """Return the sampler that made a posterior."""
    known = nuts.get("settings") or {key: nuts[key] for key in ("chains", "draws", "warmup")}
    return replace(Nuts(**known), init="random", save_warmup=False)


def _study(
    fitted: Fit, request: FitRequest, builds: Builds, folder: Path, asked: Asked, progress: Progress
) -> Study:
    from workbench.backends.cmdstan import CmdStanBackend  # only now: importing it takes a second

    plan = plan_of(asked, fitted)
    backend = CmdStanBackend()
    with tempfile.TemporaryDirectory(prefix="workbench-study-") as scratch:
        forms = {form_key(point.forms): point.forms for point in plan.points}
        variants = {
            key: _variant(request, builds, backend, one, Path(scratch), progress)
            for key, one in forms.items()
        }
        shop = Workshop(
            plan, variants, backend, folder / studies.KEPT, Path(scratch), progress, jobs=asked.jobs
        )
        found = work_out(shop, fitted)
    with progress.stage("Writing the report"):
        return studies.write(found, render(study_report(found)), folder)


def _variant(
    request: FitRequest,
    builds: Builds,
    backend: Any,
    forms: Mapping[str, str],
    scratch: Path,
    progress: Progress,
) -> Variant:
    """Return the program with other forms of priors, read, compiled and proved as the base is."""
    if forms:
        place = scratch / f"form-{hash_text(form_key(forms))[:8]}"
        read = with_forms(request.program, forms, builds.tools.stanc, place)
        values = _values(request, read, forms)
        request = replace(
            request,
            program=read,
            priors=replace(request.priors, values=values, data_names=tuple(request.priors.user_data)),
        )
        builds = Builds(request, builds.tools, progress)
    trusted, model = believed(
        request,
        builds.instrumented(),
        backend,
        original=builds.original(),
        unoptimized=builds.unoptimized,
    )
    return Variant(trusted, model)


def _values(request: FitRequest, read: Program, forms: Mapping[str, str]) -> dict[str, Any]:
    """Return the hyperparameters of a program with other forms: its own where it is other."""
    own = request.priors
    other = {term.index for term in read.terms if forms.keys() & {term.outcome, *term.outcomes}}
    literals = {item.name: item for item in read.hyperparameters if item.default is not None}
    values = {
        name: item.default if item.term in other else own.values.get(name, item.default)
        for name, item in literals.items()
    }
    return {**values, **own.user_data}


def _check_folder(folder: Path) -> None:
    """Refuse a folder that holds something else."""
    ours = {studies.RECORD, studies.TABLE, studies.REPORT, studies.KEPT}
    if folder.is_file() or (folder.is_dir() and any(one.name not in ours for one in _visible(folder))):
        hint = "choose another folder with --output"
        raise StoreError(f"`{folder}` exists and is not a study: nothing was written.", hint=hint)


def _visible(folder: Path) -> Sequence[Path]:
    return [one for one in folder.iterdir() if not one.name.startswith(".")]


def _fitted(request: FitRequest, builds: Builds, kept: Path, options: Options, progress: Progress) -> Fit:
    """Return the base fit with its diagnosis, from an earlier study of the same question if there is one."""
    from workbench.backends.cmdstan import CmdStanBackend

    key = hash_parts("base fit", request.key)
    made: list[Fit] = []

    def fit() -> Fit:
        if not made:
            found = estimate(
                request,
                builds.instrumented(),
                CmdStanBackend(),
                progress,
                original=builds.original(),
                unoptimized=builds.unoptimized,
            )
            found = store.with_entries(found, {"command": options.command})
            made.append(store.with_entries(found, diagnose(found).entries))
        return made[0]

    tree = remembered_tree(kept, key, lambda: fit().tree)
    return Fit(remembered_record(kept, key, lambda: dict(fit().record)), tree)


def _request_of(fitted: Fit, run: Path, options: Options, tools: Toolchain) -> FitRequest:
    """Return the question that a run answered, put again; it must be the same to the last value."""
    record = fitted.record
    model, data = Path(record["model"]["path"]), Path(record["data"]["path"])
    hint = "give the program and the table themselves: workbench sensitivity MODEL.stan DATA.csv"
    for path, what in ((model, "program"), (data, "table")):
        if not path.is_file():
            raise RunNotFound(
                f"the {what} of `{run}` was expected at `{path}`, but there is none.", hint=hint
            )
    nuts = record["nuts"]
    scalars = {name: one for name, one in record["priors"].items() if isinstance(one, int | float)}
    again = replace(
        options,
        priors=scalars,
        seed=int(record["seed"]),
        level=float(record["interval"]["level"]),
        methods=(_sampler(nuts),) if nuts["status"] == "ok" else options.methods,
    )
    request = prepare(read_program(model, again.roles, tools), tables.read(data), again)
    if request.program.sha256 != record["model"]["sha256"]:
        raise RequestError(f"`{model}` is not what `{run}` was fitted with.", hint="fit it again")
    now = [(one.name, one.first) for one in request.data.variables]
    if now != [(one["name"], one["first"]) for one in record["data"]["variables"]]:
        raise RequestError(f"`{data}` does not bind to `{model.name}` as it did for `{run}`.", hint=hint)
    return request
