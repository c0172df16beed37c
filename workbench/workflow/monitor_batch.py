"""One batch of a monitor: what predicts it, its statistics, and what is learned from it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from workbench import tables
from workbench.binding.context import parse_column
from workbench.errors import BindingError, MonitorDamaged, RegistryDamaged, RequestError
from workbench.files import make_scratch
from workbench.late_imports import LateModule
from workbench.monitoring.batch_arrays import list_leading_rows, pack_rows
from workbench.monitoring.events import (
    BatchWatched,
    FamilyTransforms,
    ModelRefitted,
    MonitorBegun,
    WindowSuppressed,
    record_transforms,
)
from workbench.monitoring.folder import FITS, MonitorFolder, hash_rows, name_rows
from workbench.monitoring.outcomes import WatchedRows, transform_outcomes
from workbench.monitoring.predictors import Predictors, list_predictors, list_rows, transform_predictors
from workbench.monitoring.reference import RowsScored, score_rows, transform_against
from workbench.monitoring.state import MonitoredBatch, MonitorState, Period
from workbench.prediction.chunk import OpenPredictor
from workbench.prediction.levels import NewGroups
from workbench.prediction.table_checks import describe_units
from workbench.progress import Progress
from workbench.provenance import derive_seeds, hash_texts
from workbench.registry.runs import RUNS, keep_run, require_run
from workbench.results import Fit, run_directory
from workbench.studies.fits.weights import PointWeights, weigh_draws
from workbench.tables import Table
from workbench.toolchain import ToolchainSettings
from workbench.workflow.predict_rows import bind_table, iterate_chunks, open_predictor
from workbench.workflow.score import find_unknown_outcomes, list_outcome_columns
from workbench.workflow.update import UpdateOptions, update
from workbench.workflow.update_weights import measure_efficiency

if TYPE_CHECKING:
    import pyarrow as pa
else:
    pa = LateModule("pyarrow")

Floats = NDArray[np.float64]

_REPEATED_SHARE = 0.5
"""The share of rows that came before from which on that is said, or refused of the fit's own. Ours."""

_DISTINCT_SHARE = 0.75
"""The share of distinct rows of a table from which on an equal row is taken for the same. Ours."""


@dataclass(frozen=True)
class BatchSettings:
    """How a batch is read and predicted.

    Attributes
    ----------
    time, time_column
        When it is of, or the column of its rows that says so.
    new_groups
        What happens to groups that the fit has not seen.
    toolchain
        Which Stan and compiler to use.
    jobs, timeout
        Chains at a time, and the time limit of each process of Stan [s], where all rows are fitted.
    """

    time: str = ""
    time_column: str = ""
    new_groups: NewGroups = "refuse"
    toolchain: ToolchainSettings = field(default_factory=ToolchainSettings)
    jobs: int = 1
    timeout: float | None = None


@dataclass(frozen=True)
class LearnedDraws:
    """What predicts a batch: a run, its hash, and what its draws have learned since.

    Attributes
    ----------
    run, fit
        The hash of the run, and the run.
    log_ratios
        The log density of all batches since given each draw, `(s,)`; `None` where there are none.
    """

    run: str
    fit: Fit
    log_ratios: Floats | None = None

    def weigh(self, log_ratios: Floats | None, chains: int) -> PointWeights | None:
        """Return the weights of the draws once they have learned; `None` for equal ones."""
        if log_ratios is None:
            return None
        return weigh_draws(log_ratios, measure_efficiency(self.fit), chains)


@dataclass(frozen=True)
class BatchJob:
    """A batch on its way into the state of a monitor.

    Attributes
    ----------
    folder, state
        The monitor; it has begun with the version.
    champion
        The fit that is monitored.
    settings
        How the batch is read and predicted.
    progress
        Where to report.
    """

    folder: MonitorFolder
    state: MonitorState
    champion: Fit
    settings: BatchSettings
    progress: Progress

    @property
    def period(self) -> Period:
        """The period of the version."""
        assert self.state.present is not None  # noqa: S101 - it has begun
        return self.state.present

    def watch(self, table: Table, key: str, hashes: NDArray[np.uint64]) -> MonitorState:
        """Compute everything about a batch, record it, and return the state then.

        Raises
        ------
        WorkbenchError
            Nothing of the batch can be watched, or it cannot be recorded.
        """
        begun = self.period.begun
        start, end = find_time(table, self.settings)
        is_unknown = find_unknown_outcomes(self.champion, table)
        if is_unknown.all() and "predictors" not in begun.families:
            message = f"no row of `{table.path.name}` has an outcome, and predictors are not watched."
            raise RequestError(message, hint="give rows with their outcomes")
        window = find_window(self.state.windows, start, end)
        base = self._choose_base()
        content = BatchWatched(
            key=key,
            inputs=_hash_inputs(self.champion, table),
            name=table.path.name,
            start=start,
            time=end,
            rows=table.rows,
            with_outcome=int((~is_unknown).sum()),
            table="",
            arrays="",
            base=base.run,
            transforms=(),
            window=window,
            is_late=any(end < batch.event.time for batch in self.period.batches),
        )
        arrays: dict[str, NDArray[Any]] = {"hashes": hashes}
        with open_predictor(
            base.fit,
            settings=self.settings.toolchain,
            progress=self.progress,
            table=table,
            new_groups=self.settings.new_groups,
        ) as opened:
            _refuse_fitted(opened, table, self.champion, self.settings.new_groups)
            units = describe_units(opened.fit.results.data, opened.predictor.request.data, table)
            content = msgspec.structs.replace(content, remarks=(*content.remarks, *units))
            seeds = derive_seeds((begun.seed, int(key[:15], 16)), 2)
            if not is_unknown.all():
                kept = tables.drop_rows(table, is_unknown) if is_unknown.any() else table
                content = self._watch_outcomes(opened, base, kept, seeds[0], content, arrays)
            same = self._find_same_inputs(content)
            if same:
                remark = f"its predictors were watched as those of batch {same}."
                content = msgspec.structs.replace(content, remarks=(*content.remarks, remark))
            elif "predictors" in begun.families:
                content = self._watch_predictors(opened, base, table, seeds[1], content, arrays)
        if not any(value is not None for each in content.transforms for value in each.values):
            message = (
                f"nothing of `{table.path.name}` can be watched: it has neither outcomes nor predictors."
            )
            raise RequestError(message)
        content = msgspec.structs.replace(content, statistic=_find_extreme(content.transforms)[0])
        content = _add_remarks(content, self._find_repeated(hashes), is_unknown)
        columns = list_columns(self.champion, table)
        columns += [self.settings.time_column] if self.settings.time_column not in ("", *columns) else []
        content = msgspec.structs.replace(
            content,
            table=self.folder.write_table(replace(table, cells=table.cells.select(columns))),
            arrays=self.folder.write_arrays(arrays),
        )
        return self.folder.append(content)

    def _watch_outcomes(
        self,
        opened: OpenPredictor,
        base: LearnedDraws,
        kept: Table,
        seed: int,
        content: BatchWatched,
        arrays: dict[str, NDArray[Any]],
    ) -> BatchWatched:
        """Return what is recorded of a batch, with its outcomes; arrays are added to those of the batch."""
        if self.period.begun.mode == "reference":
            scored = score_table(opened, kept, self.settings, self.progress)
            earlier = np.concatenate([self._read_reference(), *self._read_earlier("scores")])
            _check_columns(scored, earlier)
            transforms = record_transforms(transform_against(scored, earlier, seed))
            rows = _contribute(scored, earlier)
            arrays["scores"] = scored.values
        else:
            chains = opened.chains
            weights = base.weigh(base.log_ratios, chains)
            with np.errstate(divide="ignore"):
                log_weights = None if weights is None else np.log(weights.values)
            new = bind_table(opened, kept, self.settings.new_groups)
            found = transform_outcomes(
                opened,
                new,
                log_weights,
                seed,
                new_groups=self.settings.new_groups,
                progress=self.progress,
            )
            transforms, rows = record_transforms(found.transforms), found.rows
            content = msgspec.structs.replace(content, remarks=(*content.remarks, *found.remarks))
            if not content.window:
                before = 0.0 if base.log_ratios is None else base.log_ratios
                arrays["log_ratios"] = before + found.log_likelihood
                content = _learn(content, base.weigh(arrays["log_ratios"], chains))
        numbers = np.array([kept.row_number(row) for row in range(kept.rows)], dtype=np.int64)
        rows = tuple(replace(item, rows=numbers[item.rows] - 1) for item in rows)
        arrays |= pack_rows(rows)
        outcomes = tuple(item.outcome for item in rows)
        statistic, column, direction = _find_extreme([transforms])
        return msgspec.structs.replace(
            content,
            transforms=(*content.transforms, transforms),
            outcomes=outcomes,
            unordered=_list_unordered(self.champion, outcomes),
            leading_rows=list_leading_rows(arrays, outcomes, column, direction) if statistic else (),
        )

    def _watch_predictors(
        self,
        opened: OpenPredictor,
        base: LearnedDraws,
        table: Table,
        seed: int,
        content: BatchWatched,
        arrays: dict[str, NDArray[Any]],
    ) -> BatchWatched:
        """Return what is recorded of a batch, with its predictors; arrays are added to those of the batch."""
        own = self._list_predictors(opened, bind_table(opened, table, self.settings.new_groups).bound.values)
        if not own.names:
            remark = "no column of predictors belongs to rows: only outcomes are watched."
            return msgspec.structs.replace(content, remarks=(*content.remarks, remark))
        fitted = self._list_predictors(opened, opened.predictor.request.data.values).values
        fitted = fitted[
            : self.champion.results.data.rows
        ]  # a later fit has the rows of batches below its own
        earlier = [fitted, *self._list_earlier_predictors(opened, base)]
        transforms = record_transforms(transform_predictors(own, np.concatenate(earlier), seed))
        arrays["predictors"] = own.values
        return msgspec.structs.replace(content, transforms=(*content.transforms, transforms))

    def _list_predictors(self, opened: OpenPredictor, values: Mapping[str, Any]) -> Predictors:
        predictor = opened.predictor
        rules = opened.fit.results.data.rules
        return list_predictors(predictor.request, predictor.growth, rules, values)

    def _list_earlier_predictors(self, opened: OpenPredictor, base: LearnedDraws) -> list[Floats]:
        """Return the predictors of earlier batches, coded as those of the run that is open."""
        found = []
        for batch in self._counted:
            event = batch.event
            if not any(each.family == "predictors" for each in event.transforms):
                continue
            if event.base == base.run:
                found.append(self.folder.read_arrays(event.arrays, ["predictors"])["predictors"])
                continue
            table = self.folder.read_table(event.table, event.name)
            bound = bind_table(opened, table, self.settings.new_groups).bound
            found.append(self._list_predictors(opened, bound.values).values)
        return found

    def _find_same_inputs(self, content: BatchWatched) -> int:
        """Return the number of the batch that has the same predictors; 0 for none."""
        known = (batch for batch in self.period.batches if batch.event.inputs == content.inputs)
        return next((batch.number for batch in known if content.inputs), 0)

    @property
    def _counted(self) -> list[MonitoredBatch]:
        return [batch for batch in self.period.batches if batch.is_counted]

    def _read_reference(self) -> Floats:
        reference = self.period.begun.reference
        assert reference is not None  # noqa: S101 - its mode says so
        return self.folder.read_arrays(reference, ["scores"])["scores"]

    def _read_earlier(self, name: str) -> list[Floats]:
        """Return an array of each earlier batch that counts and has outcomes."""
        return [
            self.folder.read_arrays(batch.event.arrays, [name])[name]
            for batch in self._counted
            if batch.event.with_outcome
        ]

    def _find_repeated(self, hashes: NDArray[np.uint64]) -> tuple[int, int]:
        """Return how many rows are those of one earlier batch, and its number."""
        most = (0, 0)
        earlier: list[NDArray[Any]] = []
        for batch in self.period.batches:
            own = self.folder.read_arrays(batch.event.arrays, ["hashes"])["hashes"]
            if len(np.unique(own)) < _DISTINCT_SHARE * len(own):
                return (0, 0)  # equal rows are common in such tables
            earlier.append(own)
            most = max(most, (int(np.isin(hashes, own).sum()), batch.number))
        known = int(np.isin(hashes, np.concatenate(earlier)).sum()) if earlier else 0
        return (known, most[1]) if known > _REPEATED_SHARE * len(hashes) else (0, 0)

    def _choose_base(self) -> LearnedDraws:
        """Return what predicts the batch: where weights would not do, a fit of all rows is made."""
        period = self.period
        if period.begun.mode == "reference":
            return LearnedDraws(period.begun.run, self.champion)
        refit = period.refits[-1] if period.refits else None
        run = period.begun.run if refit is None else refit.run
        learned = [batch for batch in period.learned if batch.event.base == run]
        if learned and learned[-1].event.weights_reason:
            refit = self._refit(learned[-1].event.weights_reason)
            run, learned = refit.run, []
        fit = self.champion if refit is None else read_refit(self.folder, refit)
        if not learned:
            return LearnedDraws(run, fit)
        ratios = self.folder.read_arrays(learned[-1].event.arrays, ["log_ratios"])["log_ratios"]
        return LearnedDraws(run, fit, ratios)

    def _refit(self, reason: str) -> ModelRefitted:
        """Fit the champion's program to its rows and all batches it has learned from, and record that."""
        rows = join_batches(self.folder, self.champion, self.period.learned)
        with make_scratch() as scratch:
            options = UpdateOptions(
                is_weighted=False,
                has_report=False,
                output=scratch / "made" / "run",  # the scratch folder itself is locked
                jobs=self.settings.jobs,
                toolchain=self.settings.toolchain,
                timeout=self.settings.timeout,
            )
            try:
                after = update(self.champion, rows, options, self.progress)
            except BindingError as problem:
                message = (
                    f"weights of the draws would not do any more ({reason}), and the program cannot be "
                    "fitted "
                    f"to its rows and those of the batches: {problem.message}"
                )
                hint = "fit the model anew, with these rows, and make that the champion: `workbench refit`"
                raise RequestError(message, hint=hint) from problem
            assert after.folder is not None  # noqa: S101 - it has an output
            run, hashes, _ = keep_run(after.folder, self.folder.path / FITS)
        diagnosis = after.results.diagnosis
        content = ModelRefitted(
            run=run,
            files=hashes,
            batches=len(self.period.batches),
            reason=reason,
            verdict="" if diagnosis is None else diagnosis.verdict,
        )
        self.folder.append(content)
        return content


def read_refit(folder: MonitorFolder, refit: ModelRefitted) -> Fit:
    """Return a fit with the rows of batches, as it was kept.

    Raises
    ------
    MonitorDamaged
        It is not as it was written.
    """
    place = folder.path / FITS / RUNS / refit.run
    try:
        require_run(place, refit.files, f"the fit after batch {refit.batches}")
    except RegistryDamaged as reason:
        raise MonitorDamaged(reason.message, hint="bring it back from a copy") from reason
    return run_directory.read_whole(place)


def join_batches(folder: MonitorFolder, fit: Fit, batches: Sequence[MonitoredBatch]) -> Table:
    """Return the rows of batches that have outcomes, one batch below the other.

    Raises
    ------
    MonitorDamaged
        The rows of a batch are not as they were kept.
    """
    parts = []
    for batch in batches:
        table = folder.read_table(batch.event.table, batch.event.name)
        is_unknown = find_unknown_outcomes(fit, table)
        parts.append(tables.drop_rows(table, is_unknown) if is_unknown.any() else table)
    shared = [name for name in parts[0].columns if all(part.has_column(name) for part in parts)]
    cells = pa.concat_tables([part.cells.select(shared) for part in parts], promote_options="permissive")
    name = "batch" if len(parts) == 1 else f"{len(parts)} batches"
    return Table(Path(name), hash_texts(*(part.sha256 for part in parts)), cells)


def score_reference(
    folder: MonitorFolder,
    begun: MonitorBegun,
    champion: Fit,
    reference: Path | Table | None,
    settings: BatchSettings,
    progress: Progress,
) -> MonitorBegun:
    """Return how a monitor begins, with the scores of its reference period.

    Raises
    ------
    WorkbenchError
        The reference cannot be read, or has no outcomes.
    """
    if begun.mode != "reference":
        return begun
    assert reference is not None  # noqa: S101 - asked by the caller
    table = read_rows(reference)
    is_unknown = find_unknown_outcomes(champion, table)
    if is_unknown.all():
        message = f"no row of the reference `{table.path.name}` has an outcome."
        raise RequestError(message, hint="give rows of a time in which all was well, with their outcomes")
    kept = tables.drop_rows(table, is_unknown) if is_unknown.any() else table
    with open_predictor(
        champion,
        settings=settings.toolchain,
        progress=progress,
        table=kept,
        new_groups=settings.new_groups,
    ) as opened:
        scored = score_table(opened, kept, settings, progress)
    return msgspec.structs.replace(
        begun,
        reference=folder.write_arrays({"scores": scored.values}),
        reference_name=table.path.name,
        reference_rows=kept.rows,
    )


def score_table(
    opened: OpenPredictor, table: Table, settings: BatchSettings, progress: Progress
) -> RowsScored:
    """Return how the rows of a table look to a run."""
    chunks = iterate_chunks(opened, table, new_groups=settings.new_groups, progress=progress)
    return score_rows(opened, chunks)


def _refuse_fitted(opened: OpenPredictor, table: Table, champion: Fit, new_groups: NewGroups) -> None:
    """Refuse rows that are rows of the champion's own table.

    Raises
    ------
    RequestError
        Most rows are among them, and equal rows are rare in that table.
    """
    data, growth = opened.predictor.request.data.values, opened.predictor.growth
    fitted = list_rows(opened.predictor.request, growth, data)[: champion.results.data.rows]
    own = list_rows(opened.predictor.request, growth, bind_table(opened, table, new_groups).bound.values)
    known = {row.tobytes() for row in fitted}
    if not len(own) or len(known) < _DISTINCT_SHARE * len(fitted):
        return
    count = sum(row.tobytes() in known for row in own)
    if count > _REPEATED_SHARE * len(own):
        message = f"{count:,} of the {len(own):,} rows of `{table.path.name}` are rows of the fit itself."
        raise RequestError(message, hint="give rows that are new: it has seen these")


def _check_columns(scored: RowsScored, earlier: Floats) -> None:
    """Refuse scores of other statistics than those of the reference.

    Raises
    ------
    MonitorDamaged
        They are others.
    """
    if scored.values.shape[1] != earlier.shape[1]:
        message = (
            f"the rows of the reference have {earlier.shape[1]} scores, and those of the batch "
            f"{scored.values.shape[1]}."
        )
        raise MonitorDamaged(message, hint="begin another monitor with --state DIR")


def _contribute(scored: RowsScored, earlier: Floats) -> tuple[WatchedRows, ...]:
    """Return rows with how far each moves the mean of each score [standard errors of the mean]."""
    spread = earlier.std(axis=0)
    scale = np.where(spread > 0, spread, 1) * np.sqrt(len(scored.values))
    contributions = (scored.values - earlier.mean(axis=0)) / scale
    several = len(scored.rows) > 1
    found = []
    for item in scored.rows:
        is_own = np.array([not several or name.startswith(f"{item.outcome}: ") for name in scored.names])
        found.append(replace(item, contributions=np.where(is_own, contributions, 0.0)))
    return tuple(found)


def _learn(content: BatchWatched, weights: PointWeights | None) -> BatchWatched:
    """Return a batch with the weights that the draws have once it is learned."""
    assert weights is not None  # noqa: S101 - there is a batch
    return msgspec.structs.replace(
        content,
        is_learned=True,
        khat=float(weights.khat) if np.isfinite(weights.khat) else None,
        effective=float(weights.ess),
        weights_reason=weights.reason,
    )


def _list_unordered(fit: Fit, outcomes: Sequence[str]) -> tuple[str, ...]:
    """Return the outcomes whose values are categories without an order."""
    known = {one.name: one.distributions for one in fit.results.model.outcomes}
    return tuple(
        name
        for name in outcomes
        if known.get(name) and all(each.startswith("categorical") for each in known[name])
    )


def _find_extreme(transforms: Sequence[FamilyTransforms]) -> tuple[str, int, int]:
    """Return the statistic that is farthest out, its place in its family, and 1 above or -1 below."""
    found = [
        (abs(2 * value - 1), name, place, 1 if 2 * value >= 1 else -1)
        for each in transforms
        for place, (name, value) in enumerate(each.read_values().items())
        if not np.isnan(value)
    ]
    _, name, place, direction = max(found, key=lambda item: item[0], default=(0.0, "", 0, 1))
    return name, place, direction


def _add_remarks(
    content: BatchWatched, repeated: tuple[int, int], is_unknown: NDArray[np.bool_]
) -> BatchWatched:
    remarks = list(content.remarks)
    missing = int(is_unknown.sum())
    if missing:
        which = (
            "no row has" if missing == len(is_unknown) else f"{missing:,} of {len(is_unknown):,} rows lack"
        )
        remarks.append(f"{which} an outcome: these are watched for their predictors alone.")
    if repeated[0]:
        remarks.append(
            f"{repeated[0]:,} of {len(is_unknown):,} rows came before, most of them in batch {repeated[1]}, "
            "and count twice: a table of all rows so far is no batch."
        )
    return msgspec.structs.replace(content, remarks=tuple(dict.fromkeys(remarks)))


def _hash_inputs(fit: Fit, table: Table) -> str | None:
    """Return the hash of the predictors of some rows; `None` where there are none."""
    columns = sorted(set(list_columns(fit, table)) - set(list_outcome_columns(fit, table)))
    return name_rows(hash_rows(table, columns), columns) if columns else None


def list_columns(fit: Fit, table: Table) -> list[str]:
    """Return the columns of a table that a fit uses, outcomes included."""
    rules = fit.results.data.rules
    written = [column for columns in rules.get("variables", {}).values() for column in columns]
    names = [parse_column(table, column).name for column in (*written, rules.get("row_names", "")) if column]
    return sorted({name for name in names if table.has_column(name)})


def read_rows(data: Path | Table) -> Table:
    """Return a table of rows.

    Raises
    ------
    WorkbenchError
        It cannot be read, or holds Stan's data.
    """
    table = data if isinstance(data, Table) else tables.read(data)
    if table.values is not None:
        raise RequestError(f"`{table.path.name}` holds Stan's data, where a table of rows was expected.")
    return table


def parse_time(text: str, option: str) -> datetime:
    """Return a time as ISO 8601 writes it, in UTC; one without a zone is in UTC.

    Raises
    ------
    RequestError
        It is none.

    >>> parse_time("2026-11-29T12:00+02:00", "--time").isoformat()
    '2026-11-29T10:00:00+00:00'
    """
    try:
        found = datetime.fromisoformat(text.strip())
    except ValueError as reason:
        message = (
            f"{option} was expected to be a time such as 2026-11-29 or 2026-11-29T14:00, found `{text}`."
        )
        raise RequestError(message) from reason
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)


def check_time_column(table: Table, column: str) -> None:
    """Refuse a table without the column that says when its rows are of.

    Raises
    ------
    RequestError
        It names neither a column nor nothing.
    """
    if column and not table.has_column(column):
        raise RequestError(f"--time-column names `{column}`, which `{table.path.name}` does not have.")


def find_time(table: Table, settings: BatchSettings) -> tuple[str, str]:
    """Return the time of the first and the last row of a batch, in UTC; of one without times, now.

    Raises
    ------
    WorkbenchError
        The column does not exist, or holds no times.
    """
    if settings.time_column:
        check_time_column(table, settings.time_column)
        elapsed, origin = tables.dates_to_numbers(table, settings.time_column, "seconds")
        first = parse_time(origin[:26], "--time-column")
        ends = [first + timedelta(seconds=float(each)) for each in (elapsed.min(), elapsed.max())]
    else:
        time = parse_time(settings.time, "--time") if settings.time else datetime.now(UTC)
        ends = [time, time]
    start, end = (each.isoformat(timespec="seconds") for each in ends)
    return start, end


def find_window(windows: Sequence[WindowSuppressed], start: str, end: str) -> int:
    """Return the number of the window in which a batch lies, if only in part; 0 where there is none."""
    return next((place for place, each in enumerate(windows, 1) if is_inside(start, end, each)), 0)


def is_inside(start: str, end: str, window: WindowSuppressed) -> bool:
    """Return whether the time of a batch and that of a window have a moment in common."""
    return start <= window.end and window.start <= end
