"""A retraining job: the champion fitted to new data, and promoted if it passes its gate.

The champion is not touched whatever happens. The same data again are no work.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

import msgspec

from workbench import tables
from workbench.errors import RequestError, WorkbenchError
from workbench.files import make_scratch
from workbench.journal import hold_job
from workbench.progress import SILENT, Progress
from workbench.provenance import hash_text
from workbench.registry import (
    CHAMPION,
    ModelRegistry,
    RegisteredModel,
    RegistryState,
    Version,
    VersionReference,
)
from workbench.registry.events import RefitJob
from workbench.registry.gate import CARRIED, GateLimits, GateResult
from workbench.registry.gate.limits import LARGEST_FACTOR
from workbench.registry.journal import JOB
from workbench.results import Fit, run_directory
from workbench.tables import Table
from workbench.workflow.fit_again import fit_again
from workbench.workflow.gate import HeldOutRows
from workbench.workflow.promotion import CHALLENGER, GateOptions, promote
from workbench.workflow.update import UpdateOptions, update

Way = Literal["full", "update", "prior"]
"""All rows anew; new rows beside the old ones; new rows alone, with the old posterior as their prior."""

_PRIOR_FROM = re.compile(r"champion(?::SD\*(?P<factor>\d+(?:\.\d+)?))?")
"""How a prior is asked for: the champion's posterior, with SDs that may be larger by a factor."""


@dataclass(frozen=True)
class RefitOptions:
    """Everything about a retraining job but the model and its rows.

    Attributes
    ----------
    way
        How the new rows are used.
    base
        The version that the job begins with; empty for the champion, or the newest where there is none.
    is_repeated
        Whether the job runs although the same rows were fitted so before.
    is_promoted
        Whether what passes its gate becomes the champion.
    held_out, limits
        Held-out rows for the gate, and what it demands.
    fit
        Everything about the fit: time limit, retries, toolchain, and by how much SDs of a prior grow.
    """

    way: Way = "full"
    base: str = ""
    is_repeated: bool = False
    is_promoted: bool = False
    held_out: HeldOutRows | None = None
    limits: GateLimits = field(default_factory=GateLimits)
    fit: UpdateOptions = field(default_factory=UpdateOptions)


@dataclass(frozen=True)
class RefitOutcome:
    """What came of a job.

    Attributes
    ----------
    version
        The version with these rows.
    is_new
        Whether the job made it; otherwise there was nothing to do.
    base
        The version that it began with.
    gate
        What its gate said, where it was asked.
    is_champion
        Whether it is the champion now.
    """

    version: Version
    is_new: bool
    base: Version | None = None
    gate: GateResult | None = None
    is_champion: bool = False


def parse_prior_from(text: str) -> float:
    """Return by which factor the SDs of a prior grow, from `champion` or `champion:SD*2`.

    Raises
    ------
    RequestError
        It is written otherwise.

    >>> parse_prior_from("champion:SD*2"), parse_prior_from("champion")
    (2.0, 1.0)
    """
    match = _PRIOR_FROM.fullmatch(text)
    if match is None:
        raise RequestError(f"a prior was expected as `champion` or `champion:SD*2`, found `{text}`.")
    factor = float(match["factor"] or 1)
    if not 0 < factor <= LARGEST_FACTOR:
        message = f"the factor of the SDs was expected to be above 0 and at most {LARGEST_FACTOR:g}"
        raise RequestError(f"{message}, found {factor:g}.")
    return factor


def refit(
    registry: ModelRegistry,
    name: str,
    data: Path | Table,
    options: RefitOptions | None = None,
    progress: Progress = SILENT,
) -> RefitOutcome:
    """Fit a model of a registry to new data, and add the fit as a version.

    A failure is an event of the registry too, with its cause.

    Parameters
    ----------
    registry, name
        The model; it has a version already.
    data
        New rows.
    options
        Everything else.
    progress
        Where to report.

    Raises
    ------
    JobRunning
        Another job for this model runs.
    WorkbenchError
        Any of the tree in `workbench.errors`; the champion is as it was.
    """
    options = options or RefitOptions()
    with only_job(registry, name):
        state = registry.read_state()
        model = state.find_model(name)
        job = RefitJob(way=describe_way(options), data="", table=data.name if isinstance(data, Path) else "")
        started = time.monotonic()
        try:
            table = tables.read(data) if isinstance(data, Path) else data
            done = find_done(model, table, job.way)
            if done is not None and not options.is_repeated:
                return finish_done(registry, model, done, options, progress)
            base = find_base(state, model, options)
            refuse_known_rows(model, base, table, options)
            job = RefitJob(way=job.way, data=table.sha256, base=base.number, table=table.path.name)
            version = _fit_and_add(registry, base, table, job, options, progress)
            return promote_refit(registry, base, version, options, progress)
        except WorkbenchError as reason:
            registry.record_failure(name, job, reason, round(time.monotonic() - started, 1))
            raise


def describe_way(options: RefitOptions) -> str:
    """Return in which way rows are used, as jobs are recorded."""
    factor = f" SD*{options.fit.widen:g}" if options.way == "prior" else ""
    return f"{options.way}{factor}"


def find_done(model: RegisteredModel, table: Table, way: str) -> Version | None:
    """Return the version that an earlier job made with the same rows in the same way, if any."""
    for version in reversed(model.versions):
        job = version.added.job
        if job is not None and table.sha256 and (job.data, job.way) == (table.sha256, way):
            return version
        if job is None and way == "full" and table.sha256 and version.added.summary.data == table.sha256:
            return version
    return None


def finish_done(
    registry: ModelRegistry,
    model: RegisteredModel,
    done: Version,
    options: RefitOptions,
    progress: Progress,
) -> RefitOutcome:
    """Return what came of a job that was done before; a gate that was not asked then is asked now.

    What a gate has said stays: a version that it refused is refused again, and one that was promoted and
    taken back is not promoted again.
    """
    known = RefitOutcome(done, is_new=False, is_champion=is_champion(model, done))
    if not options.is_promoted or known.is_champion:
        return known
    asked = [gate for gate in done.gates if not gate.is_shadow]
    if not asked:
        outcome = promote_refit(registry, done, done, options, progress)
        return replace(outcome, is_new=False, base=None)
    last = asked[-1]
    champion = "" if last.champion is None else f"{model.name}@{last.champion}"
    result = GateResult(champion=champion, challenger=done.reference, criteria=last.criteria, data=last.data)
    return replace(known, gate=result)


def refuse_known_rows(model: RegisteredModel, base: Version, table: Table, options: RefitOptions) -> None:
    """Refuse rows that a version, or those that it came from, holds already: they would count twice.

    Raises
    ------
    RequestError
        The message names the version.
    """
    if options.way == "full" or options.is_repeated:
        return
    holder = find_holder(model, base, table)
    if holder is not None:
        message = f"the rows of `{table.path.name}` are in {holder.reference} already."
        raise RequestError(message, hint="give rows that are new; --again counts them twice")


def find_holder(model: RegisteredModel, base: Version, table: Table) -> Version | None:
    """Return the version that was fitted to a table: one, or one of those that it came from."""
    version: Version | None = base
    while version is not None:
        job = version.added.job
        if table.sha256 and table.sha256 in (version.added.summary.data, "" if job is None else job.data):
            return version
        number = None if job is None or job.way == "full" else job.base
        version = None if number is None else model.versions[number - 1]
    return None


def find_base(state: RegistryState, model: RegisteredModel, options: RefitOptions) -> Version:
    """Return the version that a job begins with."""
    which = options.base or (CHAMPION if CHAMPION in model.aliases else "latest")
    return state.find_version(VersionReference(model.name, which))


def is_champion(model: RegisteredModel, version: Version) -> bool:
    """Return whether a version is the champion of a model."""
    return model.aliases.get(CHAMPION) == version.number


def _fit_and_add(
    registry: ModelRegistry,
    base: Version,
    table: Table,
    job: RefitJob,
    options: RefitOptions,
    progress: Progress,
) -> Version:
    """Fit the new rows, and add the run as the challenger."""
    before = run_directory.read_whole(registry.require_run(base))
    with make_scratch() as scratch:
        fit_options = replace(
            options.fit, output=scratch / "made" / "run"
        )  # the scratch folder itself is locked
        after = fit_rows(before, table, options.way, fit_options, progress)
        assert after.folder is not None  # noqa: S101 - it has an output
        return add_refit(registry, base.added.name, base, after.folder, job)


def add_refit(registry: ModelRegistry, name: str, base: Version, run: Path, job: RefitJob) -> Version:
    """Add what a job made as the challenger of a model."""
    note = f"refit ({job.way}) of {base.reference} with {job.table}"
    return registry.add(name, run, alias=CHALLENGER, note=note, job=job)


def fit_rows(before: Fit, table: Table, way: Way, options: UpdateOptions, progress: Progress = SILENT) -> Fit:
    """Return the fit of new rows, which are used in one of three ways."""
    if way == "full":
        return fit_again(before, table, options, progress)
    return update(before, table, replace(options, is_forgetting=way == "prior"), progress)


def promote_refit(
    registry: ModelRegistry, base: Version, version: Version, options: RefitOptions, progress: Progress
) -> RefitOutcome:
    """Put a new version to the gate where that is asked for, and make it the champion if it passes."""
    if not options.is_promoted:
        return RefitOutcome(version, is_new=True, base=base)
    limits = options.limits
    if options.way == "prior":  # it was asked for
        limits = msgspec.structs.replace(limits, accept_priors=(*limits.accept_priors, CARRIED))
    asked = GateOptions(options.held_out, limits, toolchain=options.fit.toolchain)
    found = promote(registry, version.reference, asked, progress)
    return RefitOutcome(version, is_new=True, base=base, gate=found.gate, is_champion=found.is_promoted)


@contextmanager
def only_job(registry: ModelRegistry, name: str) -> Iterator[None]:
    """Hold the lock of a model's jobs.

    Raises
    ------
    JobRunning
        Somebody else holds it.
    """
    registry.read_state().find_model(name)
    with hold_job(registry.folder / f"{JOB}{hash_text(name)[:16]}.lock", f"job for `{name}`"):
        yield
