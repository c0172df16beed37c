"""A retraining job for each segment of a table: each is a model of its own, `NAME.SEGMENT`."""

from __future__ import annotations

import re
import shutil
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from workbench import files, tables
from workbench.errors import RequestError, WorkbenchError
from workbench.execution import Executor, Shared, Task, Workplace, name_function
from workbench.execution.pieces import pack, unpack
from workbench.progress import SILENT, Progress
from workbench.provenance import hash_bytes, hash_text, hash_texts, read_workbench_version
from workbench.registry import ModelRegistry, RegisteredModel, RegistryState, Version
from workbench.registry.events import RefitJob
from workbench.registry.gate import GateResult
from workbench.registry.journal import JOB
from workbench.results import run_directory
from workbench.studies.fits.progress_message import describe_progress
from workbench.tables import Table
from workbench.workflow.refit import (
    RefitOptions,
    RefitOutcome,
    add_refit,
    describe_way,
    find_base,
    find_done,
    finish_done,
    fit_rows,
    only_job,
    promote_refit,
    refuse_known_rows,
)

_PLAIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,30}")
"""Segments that are part of a name as they are; of others a hash is added."""

_DIGITS = 8
"""Hexadecimal digits of that hash."""


@dataclass(frozen=True)
class SegmentOutcome:
    """What came of one segment.

    Attributes
    ----------
    segment, model
        Its values, and the name of its model in the registry.
    outcome
        What came of its job; `None` where it failed.
    failure
        Why it failed.
    """

    segment: tuple[str, ...]
    model: str
    outcome: RefitOutcome | None = None
    failure: WorkbenchError | None = None

    @property
    def gate(self) -> GateResult | None:
        """What its gate said, where it was asked."""
        return None if self.outcome is None else self.outcome.gate


def name_segment(name: str, values: Sequence[str]) -> str:
    """Return the name of a segment's model.

    >>> name_segment("radon", ["AITKIN"]), name_segment("radon", ["ST LOUIS"])
    ('radon.AITKIN', 'radon.ST_LOUIS-84d6f754')
    """
    text = "-".join(values)
    if not _PLAIN.fullmatch(text):
        plain = re.sub(r"[^A-Za-z0-9._-]", "_", text)[:24]
        text = f"{plain}-{hash_texts(*values)[:_DIGITS]}"
    return f"{name}.{text}"


@dataclass(frozen=True)
class _Segment:
    """A segment that has to be fitted."""

    values: tuple[str, ...]
    model: str
    base: Version
    job: RefitJob
    piece: str
    content: bytes = field(repr=False)


def refit_segments(
    registry: ModelRegistry,
    name: str,
    data: Path | Table,
    by: Sequence[str],
    executor: Executor,
    options: RefitOptions | None = None,
    progress: Progress = SILENT,
) -> Iterator[SegmentOutcome]:
    """Fit each segment of a table, and add the fits as versions of the segments' own models, as they come.

    A segment that is not in the registry begins with the champion of the name. One that fails ends nothing.

    Parameters
    ----------
    registry, name
        The model that segments without a model of their own begin with.
    data
        New rows of all segments.
    by
        The columns by which segments are made.
    executor
        Where fits run.
    options, progress
        As in `refit`; gates are asked on the held-out rows of each segment.

    Raises
    ------
    JobRunning
        Another job for the model is running.
    WorkbenchError
        The table cannot be read, or the registry not written.
    """
    options = options or RefitOptions()
    with only_job(registry, name):
        state = registry.read_state()
        grouped = tables.group_rows(
            data if isinstance(data, Table) else tables.read(data),
            by,
            drops_missing=options.fit.missing == "drop",
        )
        held_out = _divide_held_out(options, by)
        folder = registry.folder / f"{JOB}{hash_text(name)[:16]}"
        waiting: dict[str, _Segment] = {}
        finished: list[SegmentOutcome] = []
        like = replace(grouped.table, cells=grouped.table.cells.slice(0, 0), row_numbers=None)

        def choose() -> Iterator[Task]:
            for group in grouped.groups:
                content = tables.write_settled(grouped.take(group))
                rows = replace(options, held_out=held_out.get(group.values)) if held_out else options
                found = _prepare(registry, state, name, group.values, content, like, rows)
                if isinstance(found, SegmentOutcome):
                    finished.append(found)
                    continue
                waiting[found.piece] = found
                run = _share_run(registry, found.base)
                arguments = (content, like, options.way, replace(options.fit, jobs=1), found.piece)
                yield Task(found.piece, name_function(fit_segment), arguments, (run,), (found.piece,))

        with files.explained(folder):
            folder.mkdir(parents=True, exist_ok=True)
        started, total, done = time.monotonic(), len(grouped.groups), 0
        with progress.stage("Fitting segments", float(total)) as stage:
            for outcome in executor.map(choose(), folder):
                segment = waiting.pop(outcome.key)
                done += 1
                rows = replace(options, held_out=held_out.get(segment.values)) if held_out else options
                yield _finish(registry, segment, folder, outcome.failure, outcome.seconds, rows, progress)
                stage.update(float(done + len(finished)), describe_progress(started, done, total, "segments"))
        yield from finished
        with files.explained(folder):
            shutil.rmtree(folder)


def _prepare(
    registry: ModelRegistry,
    state: RegistryState,
    name: str,
    values: tuple[str, ...],
    content: bytes,
    like: Table,
    options: RefitOptions,
) -> _Segment | SegmentOutcome:
    """Return what has to be fitted, or that there is nothing to do."""
    model = name_segment(name, values)
    known = state.models.get(model, RegisteredModel(model))
    rows = replace(like, sha256=hash_bytes(content))
    way = describe_way(options)
    done = find_done(known, rows, way)
    try:
        if done is not None and not options.is_repeated:
            return SegmentOutcome(values, model, finish_done(registry, known, done, options, SILENT))
        base = find_base(state, known if known.versions else state.find_model(name), options)
        if known.versions:
            refuse_known_rows(known, base, rows, options)
    except WorkbenchError as reason:
        return SegmentOutcome(values, model, failure=reason)
    number = base.number if base.added.name == model else None
    job = RefitJob(way=way, data=rows.sha256, base=number, table=f"{like.path.name}, {', '.join(values)}")
    key = hash_texts(
        read_workbench_version(), base.added.run, way, rows.sha256, str(options.fit.retry), *values
    )
    return _Segment(values, model, base, job, f"run-{key[:24]}", content)


def _share_run(registry: ModelRegistry, base: Version) -> Shared:
    """Return a run of the registry as a value that workers receive once."""
    folder = registry.require_run(base)

    def pack_copy(run: Path) -> bytes:
        with files.make_scratch() as scratch:
            for file in sorted(base.added.files):
                shutil.copyfile(run / file, scratch / file)
            return pack(scratch, sorted(base.added.files))

    return Shared(base.added.run, folder, pack_copy, name_function(unpack_run))


def unpack_run(place: Workplace, content: bytes) -> Path:
    """Return the folder of a run that was sent to another machine."""
    import io
    import tarfile

    with tarfile.open(fileobj=io.BytesIO(content), mode="r:gz") as archive:
        names = archive.getnames()
    folder = Path(tempfile.mkdtemp(dir=place.scratch))
    unpack(content, folder, names)
    return folder


def fit_segment(
    place: Workplace, run: Path, content: bytes, like: Table, way: Any, fit: Any, piece: str
) -> None:
    """Fit the rows of a segment by the program of a run, and leave its run, as a task."""
    table = replace(tables.read_settled(content, like), sha256=hash_bytes(content))
    with files.make_scratch(place.folder) as scratch:
        made = fit_rows(
            run_directory.read_whole(run), table, way, replace(fit, output=scratch / "made" / piece)
        )
        assert made.folder is not None  # noqa: S101 - it has an output
        with files.explained(place.folder / piece):
            if not (place.folder / piece).exists():
                made.folder.rename(place.folder / piece)


def _finish(
    registry: ModelRegistry,
    segment: _Segment,
    folder: Path,
    failure: WorkbenchError | None,
    seconds: float,
    options: RefitOptions,
    progress: Progress,
) -> SegmentOutcome:
    """Add the run of a segment, and put it to its gate where that is asked for."""
    known = segment.base.added.name
    try:
        if failure is not None:
            raise failure
        version = add_refit(registry, segment.model, segment.base, folder / segment.piece, segment.job)
        outcome = promote_refit(registry, segment.base, version, options, progress)
    except WorkbenchError as reason:
        registry.record_failure(known, segment.job, reason, round(seconds, 1))
        return SegmentOutcome(segment.values, segment.model, failure=reason)
    with files.explained(folder):
        shutil.rmtree(folder / segment.piece)
    return SegmentOutcome(segment.values, segment.model, outcome)


def _divide_held_out(options: RefitOptions, by: Sequence[str]) -> dict[tuple[str, ...], Any]:
    """Return the held-out rows of each segment."""
    if options.held_out is None:
        return {}
    try:
        grouped = tables.group_rows(options.held_out.table, by)
    except WorkbenchError as reason:
        raise RequestError(
            f"the held-out rows cannot be divided: {reason.message}", hint=reason.hint
        ) from reason
    found = {}
    for group in grouped.groups:
        rows = grouped.take(group)
        sha256 = hash_bytes(tables.write_settled(rows))
        found[group.values] = replace(options.held_out, table=replace(rows, sha256=sha256))
    return found
