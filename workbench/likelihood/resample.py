"""Resamples of a fit's data, and the maximum for each: a task that can run on any machine.

Rows are drawn again by their numbers: data go straight from memory to the process that evaluates the program,
which is compiled once. The numbers of a resample follow from the seed and its place alone.
"""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np

from workbench import binding, files
from workbench.backends import Job
from workbench.backends.base import Floats, Integers, Selection
from workbench.errors import ChainFailed, RunError
from workbench.estimation.optimum.log_density import LogDensity, evaluate
from workbench.execution import Shared, Workplace, name_function
from workbench.execution.executables import SentExecutable, pack_executable, provide_executable
from workbench.likelihood.climb import climb
from workbench.results.quantities import owner, split_element
from workbench.thresholds import DENSITY_DIFFERENCE_LIMIT
from workbench.toolchain import CompiledModel

Kind = Literal["rows", "clusters", "parametric", "jackknife"]
"""What is drawn: rows, clusters, outcomes from the model; or one row or cluster is left out."""


@dataclass(frozen=True)
class Resampler:
    """What resamples of a fit share.

    Attributes
    ----------
    key
        A hash of everything that decides their numbers.
    model, source
        The executable, and the Stan program that it was compiled from.
    data, own
        The data block, and the data of the instrumented program.
    replicating
        The latter where outcomes are to be drawn.
    axes
        The axis of rows of each variable that has one.
    sizes
        The sizes that count rows.
    rows
        How many there are.
    clusters
        The cluster of each row, from 0; `None` where each row is one.
    point, directions
        The estimate of the fit, `(U,)`, and the directions of unit curvature there, `(U, U)`.
    free_names
        Names of the unconstrained dimensions.
    names
        The quantities that are kept, by Stan name.
    outcomes
        By outcome, the quantity that replicates it, for parametric resamples.
    seed
        The seed of all.
    timeout, threads
        As in `Job`.
    is_centred
        Whether the program computes something from all rows before it fits, such as means that it subtracts.
    """

    key: str
    model: CompiledModel
    source: str = field(repr=False)
    data: Mapping[str, Any] = field(repr=False)
    own: Mapping[str, Any] = field(repr=False)
    replicating: Mapping[str, Any] = field(repr=False)
    axes: Mapping[str, int]
    sizes: tuple[str, ...]
    rows: int
    clusters: Integers | None = field(repr=False)
    point: Floats = field(repr=False)
    directions: Floats = field(repr=False)
    free_names: tuple[str, ...] = field(repr=False)
    names: tuple[str, ...] = field(repr=False)
    outcomes: Mapping[str, str]
    seed: int
    timeout: float | None = None
    threads: int = 1
    is_centred: bool = False

    @property
    def units(self) -> int:
        """How many rows or clusters are drawn."""
        return self.rows if self.clusters is None else int(self.clusters.max()) + 1

    def draw_rows(self, place: int) -> Integers:
        """Return the numbers of the rows of a resample, from 0: rows, or whole clusters, with replacement."""
        drawn: Integers = np.random.default_rng([self.seed, place]).integers(self.units, size=self.units)
        if self.clusters is None:
            return drawn
        order = np.argsort(self.clusters, kind="stable")
        ends = np.cumsum(np.bincount(self.clusters))
        starts = np.concatenate([[0], ends[:-1]])
        return np.concatenate([order[starts[unit] : ends[unit]] for unit in drawn])

    def leave_out(self, unit: int) -> Integers:
        """Return the numbers of the rows without one row or cluster, from 0."""
        rows = np.arange(self.rows)
        kept: Integers = rows[(rows if self.clusters is None else self.clusters) != unit]
        return kept

    def take_rows(self, rows: Integers) -> dict[str, Any]:
        """Return the data block with some of its rows, in a given order."""
        taken = {
            name: np.take(np.asarray(self.data[name]), rows, axis=axis) for name, axis in self.axes.items()
        }
        return {**self.data, **taken, **dict.fromkeys(self.sizes, len(rows))}


@dataclass(frozen=True)
class Resamples:
    """Estimates of resamples.

    Attributes
    ----------
    values
        Each quantity, `(resample, C)`; NaN for a resample without a maximum.
    reasons
        Why a resample has none; empty for the others.
    """

    values: Floats
    reasons: tuple[str, ...]


def make_job(resampler: Resampler, folder: Path, name: str, data: Mapping[str, Any]) -> Job:
    """Return a call on data of a resample, whose file is written."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}.json"
    binding.write_stan_data(path, data)
    return Job(
        resampler.model.exe,
        path,
        folder / name,
        1 + resampler.seed,
        resampler.timeout,
        selection=Selection(),
        threads=resampler.threads,
    )


def resample_for_task(
    place: Workplace, resampler: Resampler, kind: Kind, first: int, count: int, piece: str
) -> None:
    """Leave the estimates of some resamples as a file, as a task."""
    from workbench.backends.stan import StanBackend  # only here: importing it takes a second

    backend = StanBackend()
    folder = place.scratch / piece.removesuffix(".npz")
    found = [np.full(len(resampler.names), np.nan) for _ in range(count)]
    reasons = [""] * count
    simulated = _simulate(backend, resampler, folder, first, count) if kind == "parametric" else []
    try:
        for at in range(count):
            data = _choose_data(resampler, kind, first + at, simulated[at] if simulated else {})
            job = make_job(resampler, folder, f"{first + at}", {**data, **resampler.own})
            try:
                target = LogDensity(backend, job, jacobian=False)
                point, reasons[at] = climb(
                    target, resampler.point, resampler.directions, resampler.free_names
                )
                if point is not None:
                    found[at] = _compute_quantities(backend, job, resampler, point)
            except RunError as reason:
                reasons[at] = reason.message
            finally:
                backend.release(job)
                job.data.unlink()
    finally:
        backend.end_idle()
    stream = io.BytesIO()
    np.savez(stream, values=np.array(found), reasons=np.array(json.dumps(reasons)))
    files.replace_file(place.folder / piece, stream.getvalue())


def read_piece(path: Path, count: int, width: int) -> Resamples | None:
    """Return the estimates of a file that a task left; `None` if it does not hold what it should."""
    try:
        with np.load(path, allow_pickle=False) as stored:
            values, reasons = stored["values"], json.loads(str(stored["reasons"]))
    except (OSError, ValueError, KeyError, EOFError):
        return None
    if values.shape != (count, width) or values.dtype != np.float64 or len(reasons) != count:
        return None
    return Resamples(values, tuple(str(reason) for reason in reasons))


def _choose_data(
    resampler: Resampler, kind: Kind, place: int, simulated: Mapping[str, Any]
) -> Mapping[str, Any]:
    if kind == "parametric":
        return {**resampler.data, **simulated}
    rows = resampler.leave_out(place) if kind == "jackknife" else resampler.draw_rows(place)
    return resampler.take_rows(rows)


def _compute_quantities(backend: Any, job: Job, resampler: Resampler, point: Floats) -> Floats:
    """Return the quantities that are kept, at the maximum of a resample, `(C,)`."""
    values = backend.compute_quantities(job, point[None], resampler.names).draws[0, 0]
    if not np.isfinite(values).all():
        bad = resampler.names[int(np.argmin(np.isfinite(values)))]
        raise ChainFailed(f"`{bad}` is not a number at the maximum.")
    return np.asarray(values)


def _simulate(
    backend: Any, resampler: Resampler, folder: Path, first: int, count: int
) -> list[dict[str, Any]]:
    """Return outcomes drawn from the model at the estimate, for each resample."""
    job = make_job(resampler, folder, f"simulate-{first}", {**resampler.data, **resampler.replicating})
    seed = int(np.random.default_rng([resampler.seed, first, 1]).integers(1, 2**31 - 1))
    points = np.tile(resampler.point, (count, 1))
    run = backend.compute_quantities(replace(job, seed=seed), points, jobs=1)
    backend.release(job)
    outcomes: list[dict[str, Any]] = [{} for _ in range(count)]
    for outcome, replicate in resampler.outcomes.items():
        original = np.asarray(resampler.data[outcome])
        places = [place for place, column in enumerate(run.columns) if owner(column) == replicate]
        where = tuple(np.array([split_element(run.columns[place])[1] for place in places], dtype=int).T)
        for at in range(count):
            drawn = np.empty(original.shape)
            drawn[where] = run.draws[0, at, places]
            outcomes[at][outcome] = np.rint(drawn).astype(np.int64) if original.dtype.kind in "iub" else drawn
    return outcomes


def share_resampler(resampler: Resampler) -> Shared:
    """Return what resamples share as a value of tasks, which other machines receive once."""
    return Shared(resampler.key, resampler, _pack, name_function(unpack_resampler))


def _pack(resampler: Resampler) -> tuple[Resampler, SentExecutable]:
    return resampler, pack_executable(resampler.model, resampler.source)


def unpack_resampler(place: Workplace, packed: tuple[Resampler, SentExecutable]) -> Resampler:
    """Return what resamples share on another machine, with an executable that was tried there."""
    resampler, sent = packed

    def is_right(exe: Path) -> bool:
        return _is_maximum(replace(resampler, model=replace(resampler.model, exe=exe)), place.scratch)

    exe = provide_executable(sent, place.scratch, is_right)
    return replace(resampler, model=replace(resampler.model, exe=exe))


def _is_maximum(resampler: Resampler, scratch: Path) -> bool:
    """Return whether an executable has its maximum where the fit found it."""
    from workbench.backends.stan import StanBackend

    backend = StanBackend()
    data = {**resampler.data, **resampler.own}
    job = make_job(resampler, scratch / f"trial-{resampler.key[:24]}", "trial", data)
    try:
        _, gradients = evaluate(LogDensity(backend, job, jacobian=False), resampler.point[None])
    finally:
        backend.end_idle()
    slope = resampler.directions.T @ gradients[0]
    return bool(np.abs(slope).max(initial=0.0) < DENSITY_DIFFERENCE_LIMIT**0.5)
