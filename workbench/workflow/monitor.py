"""A model of a registry watched: each batch of new rows against what its champion predicts of them.

What is predicted of a batch is given all batches before it: the draws of the champion are reweighted by them,
and where the weights will not do, its program is fitted to its rows and those of all batches so far.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec

from workbench.errors import RequestError
from workbench.monitoring import Family
from workbench.monitoring.account import MonitorAccount, make_account
from workbench.monitoring.events import AlarmAcknowledged, MonitorBegun, WindowSuppressed
from workbench.monitoring.folder import MonitorFolder, hash_rows, name_rows
from workbench.monitoring.state import MonitoredBatch, MonitorState, Period
from workbench.prediction.levels import NewGroups
from workbench.progress import SILENT, Progress
from workbench.registry import CHAMPION, ModelRegistry, Version
from workbench.registry.journal import MONITORING
from workbench.results import run_directory
from workbench.tables import Table
from workbench.thresholds import MONITOR_RUN_LENGTH
from workbench.toolchain import ToolchainSettings
from workbench.workflow.monitor_batch import (
    BatchJob,
    BatchSettings,
    check_time_column,
    is_inside,
    list_columns,
    parse_time,
    read_rows,
    score_reference,
)
from workbench.workflow.refit import find_holder

_LONGEST_RUN = 1e9
"""The longest average run length that may be asked for. Ours."""


@dataclass(frozen=True)
class MonitorOptions:
    """Everything about a monitor but its model and a batch.

    Attributes
    ----------
    state
        The folder of its state; by default one in the registry.
    arl
        The average run length [batches]; `None` for that with which the monitor began.
    reference
        Rows of a reference period with outcomes, which batches are compared with.
    families
        What is watched; `None` for what the monitor began with.
    time, time_column
        When the batch is of, or the column of its rows that says so.
    new_groups
        What happens to groups that the fit has not seen.
    seed
        What random numbers derive from; `None` for that with which the monitor began.
    jobs, timeout
        Chains at a time, and the time limit of each process of Stan [s], where all rows are fitted.
    toolchain
        Which Stan and compiler to use.
    """

    state: Path | None = None
    arl: float | None = None
    reference: Path | Table | None = None
    families: tuple[Family, ...] | None = None
    time: str = ""
    time_column: str = ""
    new_groups: NewGroups = "refuse"
    seed: int | None = None
    jobs: int = 1
    timeout: float | None = None
    toolchain: ToolchainSettings = field(default_factory=ToolchainSettings)


def find_folder(registry: ModelRegistry, name: str, state: Path | None = None) -> MonitorFolder:
    """Return the folder of a monitor, which need not exist.

    Raises
    ------
    RequestError, StoreError
        There is no such model, or no registry that can be used.
    """
    registry.read_state().find_model(name)
    return MonitorFolder(state or registry.folder / MONITORING / name, registry.author)


def read_account(registry: ModelRegistry, name: str, state: Path | None = None) -> MonitorAccount:
    """Return where a monitor stands; nothing is written.

    Raises
    ------
    RequestError, StoreError
        There is no such model, nothing was monitored, or the state is not as it was written.
    """
    folder = find_folder(registry, name, state)
    found = folder.read()
    for batch in (batch for period in found.periods for batch in period.batches):
        folder.read_table(batch.event.table, batch.event.name)
        folder.read_arrays(batch.event.arrays)
    remarks = _compare_champion(registry, name, found)
    return make_account(folder, found, remarks=remarks)


def suppress(
    registry: ModelRegistry, name: str, window: WindowSuppressed, state: Path | None = None
) -> MonitorAccount:
    """Let batches of a time count for nothing; those that were recorded before stay as they are.

    Raises
    ------
    RequestError, StoreError
        There is no such model, nothing was monitored, or the state cannot be written.
    """
    folder = find_folder(registry, name, state)
    found = folder.read()
    with folder.hold(f"job that monitors `{name}`"):
        if window in folder.read().windows:
            return make_account(folder, found, remarks=("This window was stated before.",))
        found = folder.append(window)
    inside = [batch.number for batch in _list_inside(found.present, window) if not batch.event.window]
    count = "counts" if len(inside) == 1 else "count"
    remarks = (
        (
            f"{_list_batches(inside)} of that time came before the window was stated, and still {count}; "
            "--acknowledge starts the detectors anew.",
        )
        if inside
        else ()
    )
    return make_account(folder, found, remarks=remarks)


def acknowledge(registry: ModelRegistry, name: str, reason: str, state: Path | None = None) -> MonitorAccount:
    """End an alarm: the detectors start at the next batch.

    Raises
    ------
    RequestError, StoreError
        There is no alarm, nothing was monitored, or the state cannot be written.
    """
    if not reason.strip():
        raise RequestError("the reason was expected to say why the alarm is over, found nothing.")
    folder = find_folder(registry, name, state)
    folder.read()
    with folder.hold(f"job that monitors `{name}`"):
        found = folder.read()
        if found.present is None or not found.present.standing.is_alarm:
            raise RequestError(f"there is no alarm of `{name}` to acknowledge.")
        found = folder.append(AlarmAcknowledged(reason=reason))
    return make_account(folder, found, remarks=_compare_champion(registry, name, found))


def watch_batch(
    registry: ModelRegistry,
    name: str,
    data: Path | Table,
    options: MonitorOptions | None = None,
    progress: Progress = SILENT,
) -> MonitorAccount:
    """Monitor one more batch of rows, and return where the monitor stands then.

    The same rows again change nothing.

    Parameters
    ----------
    registry, name
        The model; its champion is monitored.
    data
        The rows, in the columns that the champion was fitted to; those without outcomes are watched for
        their predictors alone.
    options
        Everything else.
    progress
        Where to report.

    Raises
    ------
    JobRunning
        Somebody else monitors the model in the same folder.
    WorkbenchError
        Any of the tree in `workbench.errors`: an option contradicts those with which the monitor began, a
        column is missing, a group is new, the state cannot be written.
    """
    options = options or MonitorOptions()
    check_options(options)
    folder = find_folder(registry, name, options.state)
    model = registry.read_state().find_model(name)
    if CHAMPION not in model.aliases:
        message = f"`{name}` has no champion, which would be monitored."
        raise RequestError(message, hint=f"`workbench promote {name}` or `workbench registry alias`")
    version = registry.find(f"{name}@{CHAMPION}")
    with progress.stage("Reading the batch"):
        table = read_rows(data)
    holder = find_holder(model, version, table)
    if holder is not None:
        message = f"the rows of `{table.path.name}` are in {holder.reference} already: it has seen them."
        raise RequestError(message, hint="give rows that are new")
    with folder.hold(f"job that monitors `{name}`"):
        state = folder.read() if folder.exists() else MonitorState()
        if state.present is not None and state.present.begun.name != name:
            message = f"`{folder.path}` is the state of a monitor of `{state.present.begun.name}`."
            raise RequestError(message, hint="name another folder with --state DIR")
        champion = run_directory.read_whole(registry.require_run(version))
        check_time_column(table, options.time_column)
        columns = list_columns(champion, table)
        hashes = hash_rows(table, columns)
        key = name_rows(hashes, columns)
        begun, is_new = settle(state, version, options)
        if not is_new and state.present is not None and (same := state.present.find(key)) is not None:
            return make_account(folder, state, batch=same, is_repeated=True)
        remarks = _describe_beginning(state, begun, is_new=is_new)
        settings = BatchSettings(
            options.time,
            options.time_column,
            options.new_groups,
            options.toolchain,
            options.jobs,
            options.timeout,
        )
        if is_new:
            begun = msgspec.structs.replace(begun, fitted=champion.results.data.rows or 0)
            begun = score_reference(folder, begun, champion, options.reference, settings, progress)
            state = folder.append(begun)
        job = BatchJob(folder, state, champion, settings, progress)
        recorded = job.watch(table, key, hashes)
        assert recorded.present is not None  # noqa: S101 - a batch was recorded
        return make_account(folder, recorded, batch=recorded.present.batches[-1], remarks=remarks)


def check_options(options: MonitorOptions) -> None:
    """Refuse options that mean nothing.

    Raises
    ------
    RequestError
        The message names the option.
    """
    if options.arl is not None and not 2 <= options.arl <= _LONGEST_RUN:
        message = f"--arl was expected to be between 2 and {_LONGEST_RUN:.0e} batches, found {options.arl:g}."
        raise RequestError(message)
    if options.time and options.time_column:
        raise RequestError("--time and --time-column both say when the batch is of.", hint="give one")
    if options.time:
        parse_time(options.time, "--time")


def parse_window(text: str, reason: str) -> WindowSuppressed:
    """Return a window from `FROM..TO`; an end without a time of day is the end of that day.

    Raises
    ------
    RequestError
        It is written otherwise, ends before it begins, or nobody says why.

    >>> parse_window("2026-11-29..2026-11-30", "deployment").end
    '2026-11-30T23:59:59+00:00'
    """
    start, separator, end = text.partition("..")
    if not separator:
        message = f"--suppress was expected as FROM..TO, such as 2026-11-29..2026-11-30, found `{text}`."
        raise RequestError(message)
    if not reason.strip():
        raise RequestError("--suppress leaves batches out, and nobody says why.", hint="give --reason TEXT")
    first, last = (parse_time(each, "--suppress") for each in (start, end))
    if len(end.strip()) <= len("2026-11-30"):
        last = last.replace(hour=23, minute=59, second=59)
    if last < first:
        raise RequestError(f"--suppress ends before it begins: `{text}`.")
    return WindowSuppressed(start=_format_time(first), end=_format_time(last), reason=reason)


def _list_inside(period: Period | None, window: WindowSuppressed) -> list[MonitoredBatch]:
    """Return the batches of a period that are of the time of a window."""
    batches = () if period is None else period.batches
    return [each for each in batches if is_inside(each.event.start, each.event.time, window)]


def _list_batches(numbers: Sequence[int]) -> str:
    listed = ", ".join(map(str, numbers))
    return f"batch {listed}" if len(numbers) == 1 else f"batches {listed}"


def _format_time(time: datetime) -> str:
    return time.isoformat(timespec="seconds")


def settle(state: MonitorState, version: Version, options: MonitorOptions) -> tuple[MonitorBegun, bool]:
    """Return how the champion is monitored, and whether that begins now.

    Raises
    ------
    RequestError
        An option contradicts those with which the monitor of this version began.
    """
    present = state.present
    is_new = (
        present is None
        or not present.batches
        or (present.begun.run, present.begun.version) != (version.added.run, version.number)
    )
    before = None if present is None else present.begun
    if before is None:
        default = MonitorBegun(
            name=version.added.name,
            version=version.number,
            run=version.added.run,
            arl=MONITOR_RUN_LENGTH,
            mode="model",
            families=("outcomes", "predictors"),
            seed=1,
        )
    else:
        default = before
    asked = _replace_settings(default, version, options)
    if not is_new and before is not None:
        _refuse_contradictions(before, asked, options)
        return before, False
    if is_new and asked.mode == "reference" and options.reference is None:
        message = f"{version.reference} is new here, and its scores of the reference period are not known."
        raise RequestError(message, hint="give --against-reference FILE once")
    return asked, True


def _replace_settings(begun: MonitorBegun, version: Version, options: MonitorOptions) -> MonitorBegun:
    """Return how a version is monitored with the options that are given in the place of earlier ones."""
    changed: dict[str, Any] = {"version": version.number, "run": version.added.run}
    if options.arl is not None:
        changed["arl"] = float(options.arl)
    if options.families is not None:
        changed["families"] = options.families
    if options.seed is not None:
        changed["seed"] = options.seed
    if options.reference is not None:
        changed["mode"] = "reference"
    return msgspec.structs.replace(begun, **changed)


def _refuse_contradictions(before: MonitorBegun, asked: MonitorBegun, options: MonitorOptions) -> None:
    hint = "leave the option out; or begin another monitor with --state DIR"
    known = f"the monitor of {before.name}@{before.version} began with"
    if asked.arl != before.arl:
        message = f"{known} an average run length of {before.arl:g} batches, and --arl says {asked.arl:g}."
        raise RequestError(message, hint=hint)
    if asked.seed != before.seed:
        raise RequestError(f"{known} seed {before.seed}, and --seed says {asked.seed}.", hint=hint)
    if asked.families != before.families:
        watched = "predictors beside outcomes" if "predictors" in before.families else "outcomes alone"
        raise RequestError(f"{known} {watched}, and this asks for the other.", hint=hint)
    if asked.mode != before.mode:
        message = f"{known} the model's own predictions, and --against-reference asks for rows of reference."
        raise RequestError(message, hint=hint)
    if options.reference is not None and before.mode == "reference":
        name = _name_reference(options.reference)
        if name != before.reference_name:
            message = f"{known} the reference `{before.reference_name}`, and this names `{name}`."
            raise RequestError(message, hint=hint)


def _name_reference(reference: Path | Table) -> str:
    return reference.path.name if isinstance(reference, Table) else reference.name


def _describe_beginning(state: MonitorState, begun: MonitorBegun, *, is_new: bool) -> tuple[str, ...]:
    """Return that the monitor begins anew, where it does."""
    present = state.present
    if not is_new or present is None or not present.batches:
        return ()
    count = len(present.batches)
    ended = ", with an alarm that nobody acknowledged" if present.standing.is_alarm else ""
    return (
        f"{begun.name}@{begun.version} is the champion now: the monitor begins anew. What was found of "
        f"{present.reference} is kept ({count} {'batch' if count == 1 else 'batches'}{ended}).",
    )


def _compare_champion(registry: ModelRegistry, name: str, state: MonitorState) -> tuple[str, ...]:
    """Return that another version is the champion by now, where that is so."""
    model = registry.read_state().find_model(name)
    number = model.aliases.get(CHAMPION)
    present = state.present
    if present is None or number == present.begun.version:
        return ()
    now = "there is no champion now" if number is None else f"{name}@{number} is the champion now"
    return (f"{now}, and no batch has come since: this is what was found of {present.reference}.",)
