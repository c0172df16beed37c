"""Prior sensitivity from two files, or from a run: a study directory comes out."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

from workbench import binding, card, priors, tables, toolchain
from workbench.diagnostics import diagnose
from workbench.errors import RequestError, RunNotFound, StoreError
from workbench.estimation.estimate import choose_program
from workbench.program import Program
from workbench.progress import SILENT, Progress
from workbench.provenance import hash_text, hash_texts
from workbench.report.html import render
from workbench.report.pictures import write_pictures
from workbench.report.study.report import study_report
from workbench.request import FitRequest
from workbench.results import Fit, store
from workbench.studies import (
    Study,
    StudyContext,
    Variant,
    include_data_hyperparameters,
    make_form_key,
    replace_priors,
)
from workbench.studies import run_study as work_out
from workbench.studies import store as studies
from workbench.studies.fits.cache import cache_record, cache_tree
from workbench.tables import Table
from workbench.toolchain import Toolchain
from workbench.workflow.builds import Builds
from workbench.workflow.estimate_request import estimate_request
from workbench.workflow.options import FitOptions
from workbench.workflow.prepare_request import choose_folder, prepare_request
from workbench.workflow.read_program import check_program_exists, read_program
from workbench.workflow.study_options import (
    StudyOptions,
    check_question,
    make_plan,
    read_sampler,
    resolve_names,
)


def study_files(
    model: Path, data: Path | Table, options: FitOptions, asked: StudyOptions, progress: Progress = SILENT
) -> Study:
    """Fit a program to a table and study how far the conclusions depend on its priors.

    Parameters
    ----------
    model, data
        A `.stan` file, and a table or the file that holds it.
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
    check_program_exists(model)
    table = data if isinstance(data, Table) else tables.read(data)
    tools = toolchain.provision(options.toolchain, progress)
    request = prepare_request(read_program(model, options.roles, tools), table, options)
    folder = asked.output or choose_folder(request).with_name(f"{choose_folder(request).name}-study")
    _check_folder(folder)
    asked = _checked(asked, request, tools)
    _make_folder(folder)
    builds = Builds(request, tools, progress)
    fitted = _fitted(request, builds, folder / studies.KEPT, options)
    return _study(fitted, request, builds, folder, asked, progress)


def study_run(
    run: Path, asked: StudyOptions, options: FitOptions | None = None, progress: Progress = SILENT
) -> Study:
    """Study how far the conclusions of a run depend on its priors, without fitting it again.

    Parameters
    ----------
    run
        A run directory; program and table must still be where they were, and as they were.
    asked
        About the study.
    options
        The toolchain.
    progress
        Where to report.

    Raises
    ------
    WorkbenchError
        Any of the tree in `workbench.errors`.
    """
    return study_fit(store.read(run), replace(asked, output=asked.output or run / "study"), options, progress)


def study_fit(
    fitted: Fit,
    asked: StudyOptions,
    options: FitOptions | None = None,
    progress: Progress = SILENT,
    table: Table | None = None,
) -> Study:
    """Study how far the conclusions of a fit depend on its priors, without fitting it again.

    Parameters
    ----------
    fitted
        The fit.
    asked
        About the study.
    options
        The toolchain.
    progress
        Where to report.
    table
        The data; `None` where the file that they came from is still there.

    Raises
    ------
    WorkbenchError
        Any of the tree in `workbench.errors`.
    """
    options = options or FitOptions()
    tools = toolchain.provision(options.toolchain, progress)
    request = _request_of(fitted, tools, table)
    folder = asked.output or choose_folder(request).with_name(f"{choose_folder(request).name}-study")
    _check_folder(folder)
    asked = _checked(asked, request, tools)
    _make_folder(folder)
    return _study(fitted, request, Builds(request, tools, progress), folder, asked, progress)


def redraw_study(folder: Path, figures: Path | None = None) -> Path:
    """Draw a study's report anew from its files alone; return the report.

    Parameters
    ----------
    folder
        The study directory.
    figures
        A folder for the report's pictures as files.

    Raises
    ------
    StoreError
        There is no complete study in the folder, or a file cannot be written.
    """
    found = studies.read(folder)
    document = study_report(found)
    studies.write(found, render(document), folder)
    if figures is not None:
        write_pictures(document, figures)
    return folder / studies.REPORT


def _checked(asked: StudyOptions, request: FitRequest, tools: Toolchain) -> StudyOptions:
    """Return what is asked, with every hyperparameter under its own name."""
    complete = include_data_hyperparameters(request)
    named = resolve_names(asked, complete)
    check_question(named, complete)
    forms = [dict([one]) for one in asked.forms] + [one.forms for one in asked.scenarios if one.forms]
    with tempfile.TemporaryDirectory(prefix="workbench-study-") as scratch:
        for number, each in enumerate(forms):
            replace_priors(request.program, each, tools.stanc, Path(scratch) / str(number))
    return named


def _study(
    fitted: Fit, request: FitRequest, builds: Builds, folder: Path, asked: StudyOptions, progress: Progress
) -> Study:
    from workbench.backends.cmdstan import CmdStanBackend  # only now: importing it takes a second

    request = include_data_hyperparameters(request)
    plan = make_plan(asked, fitted, request)
    backend = CmdStanBackend()
    with (
        tempfile.TemporaryDirectory(prefix="workbench-study-") as scratch,
        ThreadPoolExecutor(max_workers=1) as aside,
    ):
        examined = aside.submit(_examined, fitted, request, folder / studies.KEPT)  # while others are fitted
        forms = {make_form_key(point.forms): point.forms for point in plan.points}
        variants = {
            key: _variant(request, builds, backend, one, Path(scratch), progress)
            for key, one in forms.items()
        }
        shop = StudyContext(
            plan, variants, backend, folder / studies.KEPT, Path(scratch), progress, jobs=asked.jobs
        )
        found = work_out(shop, fitted, examined.result)
    with progress.stage("Writing the report"):
        return studies.write(found, render(study_report(found)), folder)


def _examined(fitted: Fit, request: FitRequest, kept: Path) -> Fit:
    """Return a base fit with its diagnosis, its own or that of an earlier study of the same question."""
    if "diagnosis" in fitted.record:
        return fitted
    key = hash_texts("base fit examined", request.key)
    entries = cache_record(kept, key, lambda: dict(diagnose(fitted).entries))
    return store.with_entries(fitted, entries)


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
        place = scratch / f"form-{hash_text(make_form_key(forms))[:8]}"
        read = replace_priors(request.program, forms, builds.tools.stanc, place)
        values = _values(request, read, forms)
        request = replace(
            request,
            program=read,
            priors=replace(request.priors, values=values, data_names=tuple(request.priors.user_data)),
        )
        builds = Builds(request, builds.tools, progress)
    executable, original = builds.build_both()
    trusted, model = choose_program(
        request,
        executable,
        backend,
        original=original,
        unoptimized=builds.build_unoptimized,
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


def _make_folder(folder: Path) -> None:
    """Make the study directory; what is finished is kept there from the start."""
    try:
        (folder / studies.KEPT).mkdir(parents=True, exist_ok=True)
    except OSError as reason:
        raise StoreError(f"the study could not be written to `{folder}`: {reason}.") from reason


def _visible(folder: Path) -> Sequence[Path]:
    return [one for one in folder.iterdir() if not one.name.startswith(".")]


def _fitted(request: FitRequest, builds: Builds, kept: Path, options: FitOptions) -> Fit:
    """Return the base fit, from an earlier study of the same question if there is one."""
    key = hash_texts("base fit", request.key)
    made: list[Fit] = []

    def fit() -> Fit:
        if not made:
            estimated = estimate_request(request, builds)
            made.append(store.with_entries(estimated, {"command": options.command}))
        return made[0]

    tree = cache_tree(kept, key, lambda: fit().tree)
    return Fit(cache_record(kept, key, lambda: dict(fit().record)), tree)


def _request_of(fitted: Fit, tools: Toolchain, table: Table | None) -> FitRequest:
    """Return the question that a fit answered, put again: the same program, data, priors and seed."""
    record = fitted.record
    if record["data"].get("standardized"):
        raise RequestError(
            "a study needs draws on the scale they were sampled on; this fit had standardized predictors.",
            hint="fit again without --standardize",
        )
    model = _there(record["model"]["path"], "program")
    table = tables.read(_there(record["data"]["path"], "table")) if table is None else table
    read = read_program(model, _settled_roles(record), tools)
    if read.sha256 != record["model"]["sha256"]:
        raise RequestError(f"`{model}` is not what it was when this fit was made.", hint="fit it again")
    if table.sha256 != record["data"]["sha256"]:
        raise RequestError(f"`{table.path}` is not what it was when this fit was made.", hint="fit it again")
    scalars = {name: one for name, one in record["priors"].items() if isinstance(one, int | float)}
    kept = {name: one for name, one in record["priors"].items() if name not in scalars}
    settled = priors.settle(read, scalars, {**card.read(read.path).hyperparameters, **kept}, "the run")
    data = binding.rebind(record["data"]["rules"], read, table, given=settled.user_data)
    nuts = record["nuts"]
    return FitRequest(
        read,
        data,
        settled,
        (read_sampler(nuts),) if nuts["status"] == "ok" else (),
        int(record["seed"]),
        float(record["interval"]["level"]),
    )


def _there(path: str, what: str) -> Path:
    if not Path(path).is_file():
        hint = "give the program and the table themselves: workbench sensitivity MODEL.stan DATA.csv"
        raise RunNotFound(f"the {what} of this fit was expected at `{path}`, but there is none.", hint=hint)
    return Path(path)


def _settled_roles(record: Mapping[str, Any]) -> dict[str, str]:
    """Return the roles that the user had settled."""
    return {
        f"line {term['line']}": term["role"]
        for term in record["model"]["terms"]
        if term["reason"] == "settled by the user"
    }
