"""Prior sensitivity from two files, from a run, or from a fit: a study directory comes out."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

from workbench import files, tables, toolchain
from workbench.errors import StoreError
from workbench.execution import LocalExecutor
from workbench.priors import replace_priors
from workbench.progress import SILENT, Progress
from workbench.report.figure_files import write_figures
from workbench.report.html import render
from workbench.report.study.report import build_study_report
from workbench.request import FitRequest
from workbench.results import Fit, run_directory
from workbench.results.store import STUDY, holds_record
from workbench.studies import (
    Study,
    StudyContext,
    include_data_hyperparameters,
    make_form_key,
    run_study,
    study_directory,
)
from workbench.studies import store as studies
from workbench.tables import Table
from workbench.toolchain import Toolchain
from workbench.workflow.builds import Builds
from workbench.workflow.inputs import check_program_exists
from workbench.workflow.options import FitOptions
from workbench.workflow.prepare_request import choose_folder, prepare_request
from workbench.workflow.prior_options import apply_prior_options
from workbench.workflow.read_program import read_program
from workbench.workflow.report import check_report_place
from workbench.workflow.study_base import (
    examine_base,
    fit_base,
    read_unchanged_table,
    rebuild_request,
    use_scale_of_base,
)
from workbench.workflow.study_options import (
    StudyOptions,
    check_chains,
    check_options,
    make_plan,
    resolve_names,
)
from workbench.workflow.study_variants import build_variant


def study_files(
    model: Path,
    data: Path | Table,
    fit_options: FitOptions,
    options: StudyOptions,
    progress: Progress = SILENT,
) -> Study:
    """Fit a program to a table and study how far the conclusions depend on its priors.

    Parameters
    ----------
    model, data
        A `.stan` file, and a table or the file that holds it.
    fit_options
        Options of the base fit.
    options
        Options of the study.
    progress
        Where to report.

    Raises
    ------
    WorkbenchError
        Any of the tree in `workbench.errors`. Work that an interrupted study finished is used by the next.
    """
    if options.output is not None:
        studies.check_place(options.output)
    check_program_exists(model)
    table = data if isinstance(data, Table) else tables.read(data)
    tools = toolchain.provision(fit_options.toolchain, progress).limit(fit_options.timeout)
    is_optimised = fit_options.is_optimised
    program = read_program(model, fit_options.roles, tools, is_optimised=is_optimised)
    program, fit_options = apply_prior_options(program, fit_options, tools.stanc)
    request = prepare_request(program, table, fit_options)
    folder = _choose_study_folder(options, request)
    options = _prepare(options, request, tools, folder)
    builds = Builds(request, tools, progress)
    base = fit_base(request, builds, folder / studies.CACHE, fit_options.command)
    return _study(base, request, builds, folder, options)


def study_run(
    run: Path,
    options: StudyOptions,
    fit_options: FitOptions | None = None,
    progress: Progress = SILENT,
    unpack_limit: int | None = None,
) -> Study:
    """Study how far the conclusions of a run depend on its priors, without fitting it again.

    Parameters
    ----------
    run
        A run directory; program and table must be where they were, and unchanged.
    options
        Options of the study.
    fit_options
        The toolchain, and the threads and the time limit of further fits.
    progress
        Where to report.
    unpack_limit
        As in `tables.read`.

    Raises
    ------
    WorkbenchError
        Any of the tree in `workbench.errors`.
    """
    if options.output is None:
        run_directory.refuse_registered(run)
    output = options.output or run / STUDY
    studies.check_place(output)
    options = replace(options, output=output)
    fit = run_directory.read(run)
    is_read_anew = unpack_limit is not None and fit.results.updated is None
    table = read_unchanged_table(fit.results, unpack_limit) if is_read_anew else None
    return study_fit(fit, options, fit_options, progress, table)


def study_fit(
    fit: Fit,
    options: StudyOptions,
    fit_options: FitOptions | None = None,
    progress: Progress = SILENT,
    table: Table | None = None,
) -> Study:
    """Study how far the conclusions of a fit depend on its priors, without fitting it again.

    Parameters
    ----------
    fit
        The fit.
    options
        Options of the study.
    fit_options
        The toolchain, and the threads and the time limit of further fits.
    progress
        Where to report.
    table
        The data; `None` to read them again from their file.

    Raises
    ------
    WorkbenchError
        Any of the tree in `workbench.errors`.
    """
    check_chains(fit)
    fit_options = fit_options or FitOptions()
    tools = toolchain.provision(fit_options.toolchain, progress).limit(fit_options.timeout)
    request = replace(
        rebuild_request(fit, tools, table), threads=fit_options.threads, timeout=fit_options.timeout
    )
    folder = _choose_study_folder(options, request)
    options = _prepare(options, request, tools, folder)
    return _study(fit, request, Builds(request, tools, progress), folder, options)


def redraw_study(folder: Path, figures: Path | None = None) -> Path:
    """Draw the report of a study again from its files alone; return the report.

    Parameters
    ----------
    folder
        The study directory.
    figures
        A folder for the report's figures as files.

    Raises
    ------
    StoreError
        The folder holds no complete study, or a file cannot be written.
    """
    study = study_directory.read(folder)
    files.check_file_place(folder / studies.REPORT, allows_streams=False)
    check_report_place(folder / studies.REPORT, figures)
    document = build_study_report(study)
    page = render(document)
    if not holds_record(folder / studies.RECORD, study.record):
        message = f"the study in `{folder}` was replaced while its report was drawn."
        raise StoreError(message, hint="draw the report of the new one")
    files.replace_file(folder / studies.REPORT, page)
    if figures is not None:
        write_figures(document, figures)
    return folder / studies.REPORT


def _choose_study_folder(options: StudyOptions, request: FitRequest) -> Path:
    run = choose_folder(request)
    return options.output or run.with_name(f"{run.name}-study")


def _prepare(options: StudyOptions, request: FitRequest, tools: Toolchain, folder: Path) -> StudyOptions:
    """Check everything that can be checked before anything is fitted, and make the study directory.

    Returns
    -------
    The options, with every hyperparameter under the name that reports use.
    """
    studies.check_place(folder)
    complete = include_data_hyperparameters(request)
    options = resolve_names(options, complete)
    check_options(options, complete)
    forms = [{name: form} for name, form in options.forms]
    forms += [dict(scenario.forms) for scenario in options.scenarios if scenario.forms]
    for form in forms:
        replace_priors(request.program, form, tools.stanc)  # refuses what Stan does not accept
    _make_folder(folder)
    return options


def _study(base: Fit, request: FitRequest, builds: Builds, folder: Path, options: StudyOptions) -> Study:
    from workbench.backends.stan import StanBackend  # only here: importing it takes a second

    request = include_data_hyperparameters(request)
    plan = make_plan(options, base, request)
    backend, cache = StanBackend(), folder / studies.CACHE
    with (
        files.make_scratch() as scratch,
        ThreadPoolExecutor(max_workers=1) as pool,
    ):
        examined = pool.submit(examine_base, base, request, cache)  # while other points are fitted
        forms = {make_form_key(point.forms): point.forms for point in plan.points}
        variants = {key: build_variant(request, builds, backend, form) for key, form in forms.items()}
        scaled = use_scale_of_base(base, variants[make_form_key({})], backend, scratch / "scale")
        executor = options.executor or LocalExecutor(options.jobs)
        context = StudyContext(
            plan, variants, scaled, cache, scratch, builds.progress, jobs=options.jobs, executor=executor
        )
        study = run_study(context, base, examined.result)
    with builds.progress.stage("Writing the report"):
        return studies.write(study, render(build_study_report(study)), folder)


def _make_folder(folder: Path) -> None:
    """Make the study directory; finished work is kept there from the start.

    Raises
    ------
    StoreError
        It cannot be made, or finished work would be kept somewhere else.
    """
    if (folder / studies.CACHE).is_symlink():
        hint = "remove the link, or choose another folder with --output"
        raise StoreError(f"`{folder / studies.CACHE}` is a symbolic link: nothing was written.", hint=hint)
    with files.explained(folder):
        (folder / studies.CACHE).mkdir(parents=True, exist_ok=True)
