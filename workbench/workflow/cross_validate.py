"""Cross-validation by refits: K folds of rows or of whole groups, a group at a time, or rows to come.

Each fold is a fit of the rows outside it by the program of the run: same priors, hyperparameters and
settings, chains that start at the run's last draws with its step sizes and metric, nothing compiled again.
What the program computes of all rows, such as the mean of a predictor, is computed of the fitted rows alone.
Grouping keep their places where they have no row left: their effects are drawn from their distribution.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from workbench import files, toolchain
from workbench.backends.base import DEFAULT_START, Start
from workbench.binding import BoundData
from workbench.comparison.cross_validation import CrossValidation
from workbench.comparison.folds import Division, Folds, divide, divide_alone, hash_folds
from workbench.diagnostics.loo import label_rows
from workbench.errors import RequestError, RunIncomplete, WorkbenchError
from workbench.estimation.sampling.warm_start import extract_warm_start
from workbench.execution import Executor, LocalExecutor, Task, name_function
from workbench.methods import Auto, Nuts
from workbench.prediction.chunk import OpenPredictor
from workbench.prediction.growth import Growth, list_labels
from workbench.prediction.horizon import count_rows
from workbench.prediction.outcomes import is_of_all_rows
from workbench.prediction.predictor import Parameters, RowPredictor
from workbench.progress import SILENT, Progress, Stage
from workbench.request import FitRequest
from workbench.results import Fit
from workbench.results.outcomes import list_outcome_data
from workbench.studies.fits.refit import WARM_UP
from workbench.thresholds import MOST_POINTWISE, khat_limit
from workbench.toolchain import ModelSource, ToolchainSettings
from workbench.workflow.fold_context import FoldContext, share_context, take_data
from workbench.workflow.fold_fit import (
    FoldScores,
    average_densities,
    compute_series_densities,
    iterate_densities,
    name_piece,
    read_piece,
    score_fold,
    score_future,
)
from workbench.workflow.fold_groups import choose_strata, read_groups
from workbench.workflow.fold_notes import describe_folds, measure_sum_error
from workbench.workflow.predict_rows import open_predictor
from workbench.workflow.saved_run import SavedRun, choose_executable, open_run
from workbench.workflow.update_weights import find_obstacle

Floats = NDArray[np.float64]

_MOST_FAILURES = 3
"""Fits in a row that may fail before no further one is tried, where each starts from the rows before it."""

_IN_TIME = "--leave-future-out FIRST leaves later rows out"
"""What is advised where rows cannot be left out one by one."""

_TRIED_DRAWS = 3
"""Draws at which executables are compared on other machines. Ours."""


def cross_validate(
    fit: Fit,
    scheme: Folds,
    settings: ToolchainSettings | None = None,
    *,
    jobs: int = 1,
    executor: Executor | None = None,
    folder: Path,
    progress: Progress = SILENT,
) -> CrossValidation:
    """Return what the program of a run says of rows that are left out of its fit.

    Parameters
    ----------
    fit
        The run.
    scheme
        What is left out.
    settings
        Which Stan and compiler to use.
    jobs
        Processes of this machine at a time.
    executor
        Who runs the fits; by default this machine.
    folder
        Where finished folds are kept, by a hash of all that decides their numbers: none is fitted twice.
    progress
        Where to report.

    Raises
    ------
    WorkbenchError
        Any of the tree in `workbench.errors`: the rows cannot be divided, the program does not treat them one
        by one, or its executable cannot be built. A fold whose fit fails is no error: its units have a reason
        in the place of numbers.
    """
    check_table(fit)
    with open_folds(fit, scheme, settings, jobs, progress) as opened:
        executor = executor or LocalExecutor(jobs)
        files.check_open_folder(folder)
        folder.mkdir(parents=True, exist_ok=True)
        found = _Found.empty(opened.context.division.units)
        with progress.stage(_STAGES[scheme.scoring], total=opened.context.division.count) as stage:
            run = _run_in_time if scheme.scoring == "future" else _run_folds
            run(opened.context, found, executor, folder, stage)
        with progress.stage("Scoring the fit's own rows"):
            known = _average_known(opened)
        return _assemble(fit, opened, found, known)


_STAGES = {
    "rows": "Fitting without each fold",
    "groups": "Fitting without each group",
    "future": "Fitting earlier rows",
}
"""Stages, as they are shown."""


# --- what is refused, and what is shared --------------------------------------------------------------------


@dataclass(frozen=True)
class OpenFolds:
    """The context of the folds, and the run itself as it predicts."""

    context: FoldContext
    predictor: OpenPredictor
    outcomes: tuple[Floats, ...]


def check_table(fit: Fit) -> None:
    """Refuse a run whose data came without a table.

    Raises
    ------
    RequestError
        The data came without a table.
    """
    if not fit.results.data.rules.get("variables"):
        message = (
            "rows cannot be left out: the run was fitted to Stan's own data, which do not say what belongs "
            "to a row."
        )
        raise RequestError(message, hint="fit a table")


@contextmanager
def open_folds(
    fit: Fit,
    scheme: Folds,
    settings: ToolchainSettings | None,
    jobs: int,
    progress: Progress,
    alone: NDArray[np.int64] | None = None,
) -> Iterator[OpenFolds]:
    """Open a run to fit it without some of its rows; with `alone`, without each of these in turn.

    Raises
    ------
    WorkbenchError
        The program does not treat rows one by one, or cannot be built.
    """
    with ExitStack() as stack:
        predictor, is_in_order = _enter_predictor(stack, fit, scheme, settings, progress)
        request, growth = predictor.predictor.request, predictor.predictor.growth
        _check_data(request, growth)
        outcomes = tuple(
            np.asarray(request.data.values[name], dtype=np.float64)
            for name in list_outcome_data(request.program)
        )
        rows = count_rows(request, growth)
        if alone is None:
            groups = read_groups(fit, request, growth, scheme.column) if scheme.column else None
            strata = choose_strata(predictor, scheme, outcomes)
            division = divide(scheme, rows, groups=groups, strata=strata)
        else:
            division = divide_alone(rows, alone)
        run = stack.enter_context(open_run(fit, settings, jobs=jobs, progress=progress))
        context = _make_context(run, predictor, scheme, division, is_series=is_in_order)
        yield OpenFolds(context, predictor, outcomes)


def _enter_predictor(
    stack: ExitStack, fit: Fit, scheme: Folds, settings: ToolchainSettings | None, progress: Progress
) -> tuple[OpenPredictor, bool]:
    """Return a run ready to score rows, tried on its own, and whether these are given those before them.

    Raises
    ------
    RequestError
        The program does not treat rows one by one, nor one after the other where they are left out in time.
    """
    is_future = scheme.scoring == "future"
    try:
        opened = stack.enter_context(open_predictor(fit, "", settings, progress))
    except RequestError as reason:
        if not is_future:
            message = f"rows cannot be left out: {reason.message}"
            raise RequestError(message, hint=f"{_IN_TIME}, where rows follow each other") from reason
        opened = stack.enter_context(open_predictor(fit, "", settings, progress, in_order=True))
        is_in_order = True
    else:
        is_in_order = False
    program = opened.predictor.program
    name = opened.predictor.request.program.path.name
    if program.joint or is_of_all_rows(program):
        message = f"rows cannot be left out: `{name}` has one density for all of them."
        raise RequestError(message, hint="leave-one-out is not defined for it either")
    if not is_in_order and opened.layout is None:
        message = f"rows cannot be left out: `{name}` does not say how likely each row is."
        raise RequestError(message, hint="write the likelihood so that it splits into rows")
    return opened, is_in_order


def _check_data(request: FitRequest, growth: Growth) -> None:
    """Refuse data that are not divided by rows: an outcome of groups, a matrix of pairs of rows.

    Raises
    ------
    RequestError
        The message names the variable.
    """
    outcomes = list_outcome_data(request.program)
    for declared in request.program.data:
        axes = sum(size.text in growth.rows for size in declared.axes)
        if axes > 1:
            message = f"rows cannot be left out: `{declared.name}` is of pairs of rows."
            raise RequestError(message, hint="no scheme of cross-validation divides them")
        if declared.name in outcomes and not axes:
            message = (
                f"rows cannot be left out: the outcome `{declared.name}` does not belong to rows, and would "
                "stay in every fit."
            )
            raise RequestError(message, hint="no scheme of cross-validation divides it")


def _make_context(
    run: SavedRun, opened: OpenPredictor, scheme: Folds, division: Division, *, is_series: bool
) -> FoldContext:
    """Return what the fits of all folds share; programs are built, or found in the cache."""
    request, model = choose_executable(run)
    predictor, builds = opened.predictor, run.builds
    source = ModelSource(f"{builds.request.program.name}_predictive", predictor.program.source)
    (predictive,) = toolchain.build_all(
        (source,),
        builds.tools.limit(request.timeout),
        include_paths=(builds.request.program.path.parent,),
    )
    rows = division.kept(0)[: scheme.first or None]
    start, sampler = _choose_start(run, request, take_data(request, predictor.growth, rows))
    return FoldContext(
        request,
        model,
        predictive,
        predictor.program,
        predictor.growth,
        opened.layout,
        predictor.backend,
        scheme,
        division,
        sampler,
        start,
        is_series,
        opened.parameters.take(slice(0, _TRIED_DRAWS)),
    )


def _choose_start(run: SavedRun, request: FitRequest, data: BoundData) -> tuple[Start, Nuts]:
    """Return where chains start, and the settings of NUTS: with a short warm-up where they start warm.

    Chains start at the run's last draws with its step sizes and metric where the parameters of a fold have
    the same shapes. Draws on the scale of the data are no start on that of standardized predictors.
    """
    fit = run.fit
    nuts = next((method for method in request.methods if isinstance(method, Nuts)), None)
    auto = next((method for method in request.methods if isinstance(method, Auto)), None)
    nuts = nuts or (auto.nuts if auto is not None else Nuts())
    nuts = replace(nuts, save_warmup=False, retry=0, init="random")
    if nuts.sampler != "stan" or not nuts.warmup or find_obstacle(fit, request.program, data):
        return DEFAULT_START, replace(nuts, warmup=nuts.warmup or Nuts().warmup)
    try:
        start = extract_warm_start(fit.tree, request.program)
    except RunIncomplete:
        return DEFAULT_START, nuts
    if len(start.inits) != nuts.chains:
        return DEFAULT_START, nuts
    if fit.results.data.standardized.is_on_data_scale:
        start = replace(start, inits=())
    return start, replace(nuts, warmup=min(nuts.warmup, WARM_UP))


# --- fits ---------------------------------------------------------------------------------------------------


@dataclass
class _Found:
    """What is known of each unit so far, and of the fits."""

    elpd: Floats
    error: Floats
    khat: Floats
    ways: NDArray[np.str_]
    failures: dict[int, str]
    fits: list[FoldScores]

    @classmethod
    def empty(cls, units: int) -> _Found:
        """Return that nothing is known."""
        return cls(
            np.full(units, np.nan),
            np.full(units, np.nan),
            np.full(units, np.nan),
            np.full(units, "left out", dtype="U32"),
            {},
            [],
        )

    def add(self, units: NDArray[np.int64], scores: FoldScores) -> None:
        """Note the scores of some units."""
        self.elpd[units], self.error[units] = scores.elpd, scores.error
        self.khat[units] = scores.khat
        self.ways[units[np.isfinite(scores.khat)]] = "importance weights"
        self.fits.append(scores)

    def fail(self, units: NDArray[np.int64], reason: str) -> None:
        """Note why some units have no number."""
        self.failures |= dict.fromkeys(units.tolist(), reason)


def _run_folds(context: FoldContext, found: _Found, executor: Executor, folder: Path, stage: Stage) -> None:
    """Fit without each fold, and note the scores of its rows."""
    shared, count = (share_context(context),), context.division.count
    cores = 1 if count > 1 else context.sampler.chains
    keys = {context.make_key(fold): fold for fold in range(count)}
    for key in keys:
        read_piece(folder, key)  # a damaged one goes
    tasks = (
        Task(key, name_function(score_fold), (fold, key), shared, (name_piece(key),), cores)
        for key, fold in keys.items()
    )
    for done, outcome in enumerate(executor.map(tasks, folder), 1):
        fold = keys[outcome.key]
        units = np.unique(context.division.unit[context.division.left_out(fold)])
        scores = None if outcome.failure else read_piece(folder, outcome.key)
        if scores is None or len(scores.elpd) != len(units):
            found.fail(units, explain_failure(outcome.failure))
        else:
            found.add(units, scores)
        stage.update(float(done), f"{done} of {count}")


def _run_in_time(context: FoldContext, found: _Found, executor: Executor, folder: Path, stage: Stage) -> None:
    """Fit the first rows and score blocks as far as weights reach; fit all rows before that, and go on."""
    shared, count = (share_context(context),), context.division.units
    block, failed = 0, 0
    while block < count:
        key = context.make_key(block)
        read_piece(folder, key)  # a damaged one goes
        name, cores = name_function(score_future), context.sampler.chains
        task = Task(key, name, (block, key), shared, (name_piece(key),), cores)
        (outcome,) = executor.map([task], folder)
        scores = None if outcome.failure else read_piece(folder, key)
        if scores is None or not 0 < len(scores.elpd) <= count - block:
            failed += 1
            reason = explain_failure(outcome.failure)
            found.fail(np.arange(block, block + 1 if failed < _MOST_FAILURES else count), reason)
            block = block + 1 if failed < _MOST_FAILURES else count
        else:
            failed = 0
            found.add(np.arange(block, block + len(scores.elpd)), scores)
            block += len(scores.elpd)
        stage.update(float(block), f"{block} of {count}")


def explain_failure(failure: WorkbenchError | None) -> str:
    """Return why a fold has no scores."""
    return "its scores are not complete." if failure is None else failure.message


# --- the run itself, and all together -----------------------------------------------------------------------


def _average_known(opened: OpenFolds) -> Floats:
    """Return the log predictive density of each unit under the fit to all rows, `(unit,)`."""
    context, predictor = opened.context, opened.predictor.predictor
    division = context.division
    rows = np.flatnonzero(division.unit >= 0)
    order = rows[np.argsort(division.unit[rows], kind="stable")]
    known = replace(context, request=predictor.request)
    step = max(1, -(-opened.predictor.parameters.count * len(division.unit) // MOST_POINTWISE))
    parameters = opened.predictor.parameters.take(slice(None, None, step))
    found = np.full(division.units, np.nan)
    total, unit = np.zeros(parameters.count), int(division.unit[order[0]])
    for part, log_lik in iterate_known(known, predictor, parameters, order):
        units = division.unit[order[part]]
        starts = np.flatnonzero(np.diff(units, prepend=-1))
        sums = np.add.reduceat(log_lik, starts, axis=1)
        if units[0] == unit:
            sums[:, 0] += total
        complete = units[starts]
        found[complete], _ = average_densities(sums)  # the last may go on in the next part
        total, unit = sums[:, -1], int(complete[-1])
    return found


def iterate_known(
    context: FoldContext, predictor: RowPredictor, parameters: Parameters, rows: NDArray[np.int64]
) -> Iterator[tuple[slice, Floats]]:
    """Yield the log densities of the rows of a fit under itself, `(s, row)`."""
    if not context.is_series:
        yield from iterate_densities(context, predictor, parameters, rows, is_fitted=True)
        return
    total = len(context.division.unit)
    every = compute_series_densities(context, predictor, parameters, total, 0)
    yield slice(0, len(rows)), every[:, rows - (total - every.shape[1])]


def _assemble(fit: Fit, opened: OpenFolds, found: _Found, known: Floats) -> CrossValidation:
    context, division = opened.context, opened.context.division
    return CrossValidation(
        scheme=context.scheme.name,
        folds=hash_folds(context.scheme, division, opened.outcomes),
        elpd=found.elpd,
        p=known - found.elpd,
        khat=found.khat,
        khat_limit=khat_limit(context.sampler.chains * context.sampler.draws),
        ways=found.ways,
        labels=division.labels or _label_rows(fit, opened, division.units),
        rows=division.unit_rows,
        notes=tuple(describe_folds(fit, context, found.fits, found.error)),
        failures=found.failures,
        mcse=found.error,
        sum_mcse=measure_sum_error(found.fits),
    )


def _label_rows(fit: Fit, opened: OpenFolds, rows: int) -> tuple[str, ...]:
    labels = label_rows(fit)
    if len(labels) == rows:
        return tuple(labels)
    request = opened.predictor.predictor.request
    return list_labels(request.data, opened.context.growth) or tuple(str(row) for row in range(1, rows + 1))
