"""A fit to each group of a table: one program, compiled once; a folder of runs, their index and a report."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from workbench import card, files, tables
from workbench.errors import RequestError, StoreError, WorkbenchError
from workbench.execution import Executor, LocalExecutor, Shared, Task, TaskOutcome, name_function
from workbench.execution.processes import ProcessExecutor
from workbench.late_imports import LateModule, import_while_waiting
from workbench.methods import Nuts
from workbench.program import Program
from workbench.progress import SILENT, Progress
from workbench.provenance import hash_bytes, hash_texts, read_workbench_version
from workbench.report.html import render
from workbench.report.segments.report import build_segments_report
from workbench.results import run_directory
from workbench.segments import QuantityEstimate, SegmentRow, Segments, SegmentsRecord, make_row, name_run
from workbench.segments import folder as segments
from workbench.segments.names import name_stem
from workbench.segments.row import make_failure
from workbench.segments.shared_prior import estimate_shared_priors, is_positive, list_hints
from workbench.studies.fits.progress_message import describe_progress
from workbench.tables import GroupedTable, RowGroup, Table
from workbench.thresholds import FEWEST_COMPARED_GROUPS
from workbench.toolchain import Toolchain, provision
from workbench.workflow.builds import Builds
from workbench.workflow.dry_run import settle_priors
from workbench.workflow.fit_group import GroupSettings, GroupTask, fit_group, share_settings
from workbench.workflow.inputs import check_program_exists
from workbench.workflow.options import FitOptions
from workbench.workflow.prepare_request import prepare_request, to_folder_name
from workbench.workflow.prior_options import apply_prior_options
from workbench.workflow.read_program import read_program

if TYPE_CHECKING:
    import pyarrow as pa
else:
    pa = LateModule("pyarrow")

_MOST_TRIED = 20
"""Groups that are tried, the largest first, before it is said that none suits the program. Ours."""

_MANY = 8
"""Groups for each core from which fits run in helper processes, which take two seconds to start. Ours."""

_LARGE = 100_000
"""Rows of a group from this size on go to workers directly, not through the scheduler [bytes]. Ours."""

_LONG_NAME = 60
"""The most characters of a column in the name of a folder. Ours."""


@dataclass(frozen=True)
class EachOptions:
    """What fits to each group need besides the options of a fit.

    Attributes
    ----------
    by
        The columns by which groups are made.
    executor
        Where fits run; `None` for this machine.
    shares_prior
        Whether hyperparameters are estimated from all groups, and each is fitted again with them.
    """

    by: tuple[str, ...]
    executor: Executor | None = None
    shares_prior: bool = False


def fit_each_group(
    model: Path,
    data: Path | Table,
    options: FitOptions,
    each: EachOptions,
    progress: Progress = SILENT,
    *,
    on_tips: Callable[[tuple[str, ...]], None] | None = None,
) -> Segments:
    """Fit a program to each group of a table, and write a folder of runs.

    Parameters
    ----------
    model, data
        A `.stan` file, and a table or the file that holds it.
    options
        Everything about a fit; `output` is the folder.
    each
        Groups, and where they are fitted.
    progress
        Where to report.
    on_tips
        Receives tips about the table, before anything is compiled.

    Returns
    -------
    The fits. A group that cannot be fitted is a row that says why.

    Raises
    ------
    WorkbenchError
        Any of the tree in `workbench.errors`, where it concerns all groups. What is finished is kept, and
        used by the next command.
    """
    check_program_exists(model)
    if not each.by:
        raise RequestError("at least one column to make groups by was expected: --by COLUMN.")
    if options.output is not None:
        segments.check_place(options.output)
    with files.make_scratch() as scratch:
        with progress.stage("Reading program and table"):
            mapped = None if isinstance(data, Table) else tables.read_mapped(data, scratch)
            table = mapped or (data if isinstance(data, Table) else tables.read(data))
            grouped = tables.group_rows(
                table,
                each.by,
                drops_missing=options.missing == "drop",
                folder=None if mapped is None else scratch,
            )
        return _fit_groups(model, grouped, options, each, progress, on_tips)


def _fit_groups(
    model: Path,
    grouped: GroupedTable,
    options: FitOptions,
    each: EachOptions,
    progress: Progress,
    on_tips: Callable[[tuple[str, ...]], None] | None,
) -> Segments:
    """Fit a program to each group of a table that has been read."""
    if each.shares_prior:
        _check_sharing(grouped, options)
    folder = options.output or choose_folder(model, grouped.table, each.by)
    segments.check_place(folder)
    tools = provision(options.toolchain, progress).limit(options.timeout)
    with progress.stage("Reading program and table"):
        program = read_program(model, options.roles, tools, is_optimised=options.is_optimised)
    with progress.stage("Preparing the fits"):
        program, options = apply_prior_options(program, options, tools.stanc)
        trial = find_trial(program, grouped, options)
    if on_tips is not None:
        on_tips(_list_tips(grouped))
    import_while_waiting()
    question = _Question(program, grouped, trial, options, each, tools, progress)
    if not each.shares_prior:
        return _fit_once(question, folder)
    return _fit_twice(question, folder)


@dataclass(frozen=True)
class _Question:
    """What is asked.

    Attributes
    ----------
    program, grouped
        The program as read, and the table by groups.
    trial
        A group that suits the program.
    options, each
        The options.
    tools
        Stan.
    progress
        Where to report.
    """

    program: Program
    grouped: GroupedTable
    trial: RowGroup
    options: FitOptions
    each: EachOptions
    tools: Toolchain
    progress: Progress

    @property
    def hyperparameters(self) -> Mapping[str, Any]:
        """The numbers of the priors in force."""
        return settle_priors(self.program, card.read(self.program.path), self.options).values


def _fit_once(question: _Question, folder: Path, first: Segments | None = None, **facts: Any) -> Segments:
    """Fit each group and write the folder.

    Parameters
    ----------
    question, folder
        What is asked, and the folder.
    first
        The fits before a prior was shared.
    facts
        What the record says about sharing.
    """
    started = time.monotonic()
    grouped, program = question.grouped, question.program
    settings = _build(question, folder)
    record = msgspec.structs.replace(_start_record(settings, grouped, question.options), **facts)
    with files.explained(folder):
        folder.mkdir(parents=True, exist_ok=True)
    executor = _choose_executor(question.each, question.options, len(grouped.groups))
    fits = GroupFits(settings, grouped, executor, question.trial, question.progress)
    earlier = _read_finished(folder, record)
    places = {group.values: place for place, group in enumerate(grouped.groups)}
    rows = fits.fit_all(lambda: segments.write_record(folder, record))
    rows.sort(key=lambda row: places[row.values])
    if (
        earlier is not None
        and not fits.fitted
        and [row.key for row in earlier.rows] == [row.key for row in rows]
        and [row.estimates for row in earlier.rows] == [row.estimates for row in rows]
    ):
        return earlier
    if first is None:
        hints = list_hints(program, question.hyperparameters, rows)
        record = msgspec.structs.replace(record, hints=tuple(hints))
    else:
        before = {
            row.values: {label: QuantityEstimate(one.mean, one.sd) for label, one in row.estimates.items()}
            for row in first.rows
        }
        rows = [msgspec.structs.replace(row, unshared=before.get(row.values, {})) for row in rows]
    record = _finish_record(record, rows, program, time.monotonic() - started)
    segments.remove_stale(folder, [row.run for row in rows])
    result = Segments(record, rows, folder, fits.fitted)
    with question.progress.stage("Writing the report"):
        return segments.write(result, _make_keys(grouped), render(build_segments_report(result)))


def _fit_twice(question: _Question, folder: Path) -> Segments:
    """Fit each group, estimate priors from all of them, and fit each again; the first fits stay beside."""
    with files.explained(folder):
        folder.mkdir(parents=True, exist_ok=True)
    if not segments.is_segments(folder):  # by this it is told what the folder is, if the first fits are ended
        segments.write_record(folder, _make_record(question.program, question.grouped, question.options))
    first = _fit_once(question, folder / segments.UNSHARED)
    found = estimate_shared_priors(question.program, question.hyperparameters, first.rows)
    with question.progress.stage("Sharing the prior"):
        program, options = apply_prior_options(
            question.program, replace(question.options, prior_forms=found.forms), question.tools.stanc
        )
    again = replace(question, program=program, options=options)
    return _fit_once(again, folder, first, shared=found.shared, unshared=found.reasons)


def _check_sharing(grouped: GroupedTable, options: FitOptions) -> None:
    """Refuse to share a prior among few groups, or where another prior stands in the place of all.

    Raises
    ------
    RequestError
        The message says why.
    """
    if len(grouped.groups) < FEWEST_COMPARED_GROUPS:
        raise RequestError(
            f"--share-prior needs at least {FEWEST_COMPARED_GROUPS} groups, found {len(grouped.groups)}.",
            hint="with few groups, state a prior, or fit a hierarchical model",
        )
    if options.carried is not None or options.standardize:
        raise RequestError(
            "--share-prior cannot be had with a carried posterior or --standardize, which have priors on "
            "another scale."
        )


def _choose_executor(each: EachOptions, options: FitOptions, groups: int) -> Executor:
    """Return where fits run: on this machine, in processes of their own where there are many short ones."""
    executor = each.executor or LocalExecutor(options.jobs)
    if type(executor) is LocalExecutor and executor.cores > 1 and groups >= _MANY * executor.cores:
        return ProcessExecutor(executor.cores)
    return executor


def choose_folder(model: Path, table: Table, by: Sequence[str]) -> Path:
    """Return `reports/<model>-<data>-by-<columns>`: the same for the same question, whatever the rows are."""
    names = [to_folder_name(path.stem)[:_LONG_NAME] for path in (model, table.path)]
    return Path("reports") / "-".join([*names, "by", name_stem(by)[:_LONG_NAME]])


def find_trial(program: Program, grouped: GroupedTable, options: FitOptions) -> RowGroup:
    """Return a group that suits the program: the largest, or one of those that follow.

    Raises
    ------
    RequestError
        None of the largest groups does; the message is that of the largest.
    """
    first: RequestError | None = None
    largest = sorted(grouped.groups, key=lambda group: -group.rows)[:_MOST_TRIED]
    for group in largest:
        try:
            prepare_request(program, grouped.take(group), options)
        except RequestError as reason:
            first = first or reason
        else:
            return group
    assert first is not None  # noqa: S101 - there is at least one group
    count = "the only group" if len(largest) == 1 else f"none of the {len(largest)} largest groups"
    verb = "cannot be fitted" if len(largest) == 1 else "can be fitted"
    raise type(first)(f"{count} {verb}; the first, `{largest[0].label}`: {first.message}", hint=first.hint)


@dataclass
class GroupFits:
    """The fits of all groups, by one set of settings.

    Attributes
    ----------
    settings, grouped
        What the fits share, and the table by groups.
    executor
        Where they run.
    trial
        A group that suits the program.
    progress
        Where to report.
    fitted
        How many groups were fitted, not found finished.
    title
        What the stage is called.
    """

    settings: GroupSettings
    grouped: GroupedTable
    executor: Executor
    trial: RowGroup
    progress: Progress
    fitted: int = 0
    title: str = "Fitting groups"
    waiting: dict[str, GroupTask] = field(default_factory=dict)

    def fit_all(self, on_first: Callable[[], None]) -> list[SegmentRow]:
        """Return the row of each group, in any order.

        Parameters
        ----------
        on_first
            Called before a first group is fitted.
        """
        folder, key = self.settings.folder, self.settings.key
        kept, failures = segments.list_runs(folder), segments.read_failures(folder)
        rows: list[SegmentRow] = []
        total = len(self.grouped.groups)

        def choose() -> Iterator[Task]:
            shared = share_settings(self.settings, tables.write_settled(self.grouped.take(self.trial)))
            for group in self.grouped.groups:
                task = self._make_task(group, key)
                found = failures.get(task.key) or self._find_row(task, kept)
                if found is not None:
                    rows.append(found)
                    continue
                self.waiting[task.key] = task
                yield self._describe_task(task, shared)

        started = time.monotonic()
        with self.progress.stage(self.title, float(total)) as stage:
            for outcome in self.executor.map(self._announce(choose(), on_first), folder):
                row = self._take(outcome)
                rows.append(row)
                if row.is_final and not row.run:
                    segments.write_failures(folder, rows)
                message = describe_progress(started, self.fitted, total - len(rows) + self.fitted, "groups")
                failed = sum(bool(row.failure) for row in rows)
                stage.update(float(len(rows)), message + (f", {failed} failed" if failed else ""))
        if self.fitted:
            segments.write_failures(folder, rows)
        return rows

    def _announce(self, chosen: Iterator[Task], on_first: Callable[[], None]) -> Iterator[Task]:
        for number, task in enumerate(chosen):
            if not number:
                on_first()
            yield task

    def _make_task(self, group: RowGroup, key: str) -> GroupTask:
        table = self.grouped.take(group)
        content = tables.write_settled(table)
        own = hash_texts(key, hash_bytes(content), *self.settings.by, *group.values)
        return GroupTask(group.values, own, name_run(group.values, own), table.row_numbers, content)

    def _describe_task(self, group: GroupTask, shared: Shared) -> Task:
        content = group.content or b""
        values: tuple[Shared, ...] = (shared,)
        if len(content) > _LARGE:
            values = (shared, Shared(hash_texts("rows", hash_bytes(content)), content))
            group = replace(group, content=None)
        return Task(group.key, name_function(fit_group), (group,), values, (group.run,), self._count_cores())

    def _count_cores(self) -> int:
        """Return how many chains of a fit run at a time: one, where there are groups for all cores."""
        options = self.settings.options
        if len(self.grouped.groups) >= 2 * options.jobs:
            return 1
        chains = [method.chains for method in options.methods if isinstance(method, Nuts)]
        return max(chains, default=1)

    def _take(self, outcome: TaskOutcome) -> SegmentRow:
        """Return the row of a group that was fitted now, or by another worker whose answer was lost."""
        group = self.waiting.pop(outcome.key)
        self.fitted += 1
        if isinstance(
            outcome.failure, StoreError
        ):  # there is no room, or no right to write: so for all groups
            raise outcome.failure
        if outcome.failure is not None:
            is_final = isinstance(outcome.failure, RequestError)
            return make_failure(
                outcome.failure, group.values, len(group.numbers), group.key, is_final=is_final
            )
        if isinstance(outcome.record, SegmentRow):
            return outcome.record
        return self._read_row(group)

    def _find_row(self, group: GroupTask, kept: set[str]) -> SegmentRow | None:
        """Return the row of a group that an earlier command fitted; `None` where it has to be fitted."""
        if group.run not in kept:
            return None
        try:
            row = self._read_row(group)
            run_directory.read(self.settings.folder / group.run, ())  # looks at the draws, and reads none
        except WorkbenchError:  # it is damaged
            segments.clear_run(self.settings.folder / group.run)
            return None
        if row.failure and self._has_other_limit(group):
            segments.clear_run(self.settings.folder / group.run)
            return None
        return row

    def _read_row(self, group: GroupTask) -> SegmentRow:
        fit = run_directory.read_without_draws(self.settings.folder / group.run)
        return make_row(fit, group.values, len(group.numbers), group.key, group.run)

    def _has_other_limit(self, group: GroupTask) -> bool:
        """Return whether a fit that failed had another time limit than this command gives."""
        saved = run_directory.read_without_draws(self.settings.folder / group.run).results.request
        return saved is not None and saved.timeout != self.settings.options.timeout


def _build(question: _Question, folder: Path) -> GroupSettings:
    """Return what the fits of all groups share, with the executables of the program."""
    program, grouped, options, tools = question.program, question.grouped, question.options, question.tools
    request = prepare_request(program, grouped.take(question.trial), options)
    builds, executable, original = Builds(request, tools, question.progress).build_or_keep_loops()
    built = builds.request.program
    like = replace(grouped.table, cells=pa.table({}), row_numbers=None)
    return GroupSettings(
        replace(program, instrumented=built.instrumented, obstacles=built.obstacles),
        replace(options, output=None, figures=None, has_report=False),
        executable,
        original,
        tools,
        like,
        grouped.by,
        folder,
        program.path,
    )


def _list_tips(grouped: GroupedTable) -> tuple[str, ...]:
    if not grouped.dropped:
        return ()
    count = f"{grouped.dropped:,} rows were" if grouped.dropped > 1 else "1 row was"
    return (f"{count} left out because their group is missing.",)


def _start_record(settings: GroupSettings, grouped: GroupedTable, options: FitOptions) -> SegmentsRecord:
    record = _make_record(settings.program, grouped, options)
    executable = settings.executable
    return msgspec.structs.replace(
        record,
        settings={**record.settings, "key": settings.key},
        versions={"stan": executable.stan_version, "compiler": executable.compiler},
    )


def _make_record(program: Program, grouped: GroupedTable, options: FitOptions) -> SegmentsRecord:
    table = grouped.table
    return SegmentsRecord(
        schema=segments.SCHEMA,
        workbench=read_workbench_version(),
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        is_finished=False,
        command=options.command,
        by=grouped.by,
        model=program.name,
        model_path=str(program.path),
        model_sha256=program.sha256,
        data=str(table.path),
        data_sha256=table.sha256,
        rows=table.rows,
        dropped=grouped.dropped,
        groups=len(grouped.groups),
        level=options.level,
        settings={"methods": [method.name for method in options.methods], "seed": options.seed},
    )


def _finish_record(
    record: SegmentsRecord, rows: Sequence[SegmentRow], program: Program, seconds: float
) -> SegmentsRecord:
    positive = {one.name for one in program.parameters if is_positive(one)}
    verdicts = [row.verdict for row in rows if row.verdict]
    quantities = segments.list_quantities(rows)
    return msgspec.structs.replace(
        record,
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        is_finished=True,
        failed=sum(bool(row.failure) for row in rows),
        verdicts={verdict: verdicts.count(verdict) for verdict in ("ok", "caution", "fail")},
        quantities=quantities,
        positive=tuple(label for label in quantities if label.partition("[")[0] in positive),
        seconds=seconds,
    )


def _read_finished(folder: Path, record: SegmentsRecord) -> Segments | None:
    """Return what an earlier command finished by the same settings; `None` where there is nothing."""
    try:
        found = segments.read(folder)
    except WorkbenchError:
        return None
    same = ("by", "model_sha256", "data", "settings", "level", "workbench")
    return found if all(getattr(found.record, name) == getattr(record, name) for name in same) else None


def _make_keys(grouped: GroupedTable) -> Mapping[str, Any]:
    """Return the values of each group by column: numbers as numbers, everything else as text."""
    firsts = pa.array([group.start for group in grouped.groups])
    keys = {}
    for place, name in enumerate(grouped.by):
        cells = grouped.table.cells.column(name)
        is_plain = pa.types.is_integer(cells.type) or pa.types.is_floating(cells.type)
        texts = pa.array([group.values[place] for group in grouped.groups], pa.string())
        keys[name] = cells.take(firsts).combine_chunks() if is_plain else texts
    return keys
