"""The fit of one group of a table, as a task: on this machine, or on a worker."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import Any

import numpy as np

from workbench import card, files, tables, toolchain
from workbench.errors import RequestError, RunError, WorkbenchError
from workbench.estimation.context import FitContext
from workbench.execution import Shared, Workplace, name_function
from workbench.execution.executables import SentExecutable, pack_executable, provide_executable
from workbench.files import make_scratch
from workbench.methods import list_settings
from workbench.program import Program
from workbench.progress import SILENT
from workbench.provenance import hash_bytes, hash_texts, read_workbench_version
from workbench.request import FitRequest
from workbench.results import store
from workbench.results.record import place_record
from workbench.segments import SegmentRow, make_row
from workbench.segments.folder import name_rows
from workbench.tables import Table
from workbench.thresholds import DENSITY_DIFFERENCE_LIMIT
from workbench.toolchain import CompiledModel, Toolchain, ToolchainSettings
from workbench.workflow.builds import Builds
from workbench.workflow.estimate_request import estimate_request
from workbench.workflow.fit import collect_entries
from workbench.workflow.options import FitOptions
from workbench.workflow.prepare_request import prepare_request
from workbench.workflow.publish import diagnose_fit


@dataclass(frozen=True)
class GroupSettings:
    """What the fits of all groups share.

    Attributes
    ----------
    program
        The program as it is run.
    options
        Everything about a fit but its program and its data.
    executable, original
        Its executable, and that of the program as written.
    tools
        The Stan that read it.
    like
        The whole table without its rows: where it is from, and how its columns were read.
    by
        The columns that groups were made by.
    folder
        Where the runs are, on the machine that asks.
    model
        The program's file there.
    is_elsewhere
        Whether this is another machine, whose own Stan is used where something else has to be built.
    """

    program: Program = field(repr=False)
    options: FitOptions = field(repr=False)
    executable: CompiledModel
    original: CompiledModel | None
    tools: Toolchain
    like: Table = field(repr=False)
    by: tuple[str, ...]
    folder: Path
    model: Path
    is_elsewhere: bool = False

    @property
    def key(self) -> str:
        """A hash of everything that decides the numbers of a fit besides the rows of its group."""
        options, program = self.options, self.program
        decisive = {
            item.name: getattr(options, item.name) for item in fields(options) if item.name in _DECISIVE
        }
        decisive["methods"] = [[method.name, list_settings(method)] for method in options.methods]
        return hash_texts(
            "fit of a group",
            read_workbench_version(),
            program.sha256,
            repr([(term.role, term.text) for term in program.terms]),
            repr(replace(card.read(program.path), path=None)),
            json.dumps(decisive, sort_keys=True, default=_plain),
            self.executable.key,
            "" if self.original is None else self.original.key,
        )


_DECISIVE = (
    "columns",
    "given",
    "priors",
    "prior_forms",
    "carried",
    "reference",
    "missing",
    "standardize",
    "roles",
    "scaled",
    "seed",
    "level",
    "threads",
    "keep",
    "pointwise_draws",
    "inits",
    "is_optimised",
)
"""The options that decide the numbers of a fit, besides its methods."""


@dataclass(frozen=True)
class GroupTask:
    """A group to fit.

    Attributes
    ----------
    values
        Its values.
    key
        A hash of everything that decides its numbers.
    run
        The name of its run.
    numbers
        The numbers of its rows in the whole table.
    content
        Its rows, as `write_settled` makes them; `None` where they come as a shared value.
    """

    values: tuple[str, ...]
    key: str
    run: str
    numbers: Any = field(repr=False)
    content: bytes | None = field(default=None, repr=False)


@dataclass(frozen=True)
class ReadyBuilds(Builds):
    """The executables that were built for all groups; others are built where a group needs them."""

    executable: CompiledModel | None = None
    original: CompiledModel | None = None
    settings: ToolchainSettings | None = None

    def build_or_keep_loops(self) -> tuple[Builds, CompiledModel, CompiledModel | None]:
        """Return the executables that are there."""
        assert self.executable is not None  # noqa: S101 - `fit_group` gives it
        return self, self.executable, self.original

    def build_unoptimized(self) -> CompiledModel:
        """Return the executable to run, built without stanc's optimisations."""
        return self._make_builds().build_unoptimized()

    def keep_loops(self) -> Builds:
        """Return the executables of the program with the author's loops."""
        return self._make_builds().keep_loops()

    def _make_builds(self) -> Builds:
        """Return what builds on this machine; elsewhere, with the Stan that is there."""
        tools = self.tools if self.settings is None else toolchain.provision(self.settings)
        return Builds(self.request, tools, self.progress)


def fit_group(place: Workplace, settings: GroupSettings, *shared_then_task: Any) -> SegmentRow:
    """Fit a group, leave its run, and return its row.

    Parameters
    ----------
    place
        Where it runs.
    settings
        What all groups share.
    shared_then_task
        The group's rows, where they are large; then the group.

    Raises
    ------
    WorkbenchError
        Any of the tree in `workbench.errors`: the group has no run.
    """
    *shared, group = shared_then_task
    try:
        return _fit(place, settings, shared[0] if shared else group.content, group)
    except (WorkbenchError, MemoryError, OSError):
        raise
    except Exception as reason:  # it is not to end the fits of all other groups
        text = f"an error of workbench itself: {type(reason).__name__}: {reason}"
        raise RunError(text, hint="please report it, with the rows of the group") from reason


def _fit(place: Workplace, settings: GroupSettings, content: bytes, group: GroupTask) -> SegmentRow:
    request = _prepare(replace(settings, options=replace(settings.options, jobs=place.cores)), content, group)
    fit = estimate_request(request, _choose_builds(settings, request))
    name, sha256 = name_rows(group.values), hash_bytes(content)
    record = place_record(
        fit.record,
        model=settings.model,
        data=settings.folder / group.run / name,
        sha256=sha256,
        segment={
            "by": dict(zip(settings.by, group.values, strict=True)),
            "table": str(settings.like.path),
            "key": group.key,
        },
    )
    fit = replace(fit, record=record)
    fit = store.with_entries(fit, collect_entries(fit, request, settings.tools, settings.options.command))
    fit = diagnose_fit(fit)
    with make_scratch(place.folder) as scratch, files.explained(place.folder):
        made = store.write(fit, None, scratch / "made" / group.run)  # the scratch folder itself is locked
        files.replace_file(made / name, content)
        if not (place.folder / group.run).exists():  # somebody else may have fitted it meanwhile
            made.rename(place.folder / group.run)
    return make_row(fit, group.values, len(group.numbers), group.key, group.run)


def _prepare(settings: GroupSettings, content: bytes, group: GroupTask) -> FitRequest:
    """Return the request for a group; an error counts rows as the whole table does.

    Raises
    ------
    RequestError
        The group does not suit the program.
    """
    table = tables.read_settled(content, settings.like)
    try:
        return prepare_request(settings.program, table, settings.options)
    except RequestError:
        numbered = replace(table, row_numbers=group.numbers)
        return prepare_request(settings.program, numbered, settings.options)


def _choose_builds(settings: GroupSettings, request: FitRequest) -> Builds:
    """Return the executables of all groups, or builds of its own where a group needs another program."""
    own = settings.options.toolchain if settings.is_elsewhere else None
    instrumented, known = request.program.instrumented, settings.program.instrumented
    if (None if instrumented is None else instrumented.source) != (None if known is None else known.source):
        tools = settings.tools if own is None else toolchain.provision(own)
        return Builds(request, tools, SILENT)
    return ReadyBuilds(
        request,
        settings.tools,
        SILENT,
        executable=settings.executable,
        original=settings.original,
        settings=own,
    )


def _plain(value: Any) -> Any:
    if hasattr(value, "tolist"):
        return value.tolist()
    return asdict(value) if hasattr(value, "__dataclass_fields__") else repr(value)


# --- On another machine -----------------------------------------------------------------------------------


@dataclass(frozen=True)
class _PackedSettings:
    """Settings on their way to another machine.

    Attributes
    ----------
    settings
        The settings.
    executable, original
        The executables.
    trial, density
        The rows of a group, and the log density of the program at a fixed point with them; `None` where it
        has none there.
    sources
        The files that the program is read from, its card among them, by their place beside it.
    """

    settings: GroupSettings
    executable: SentExecutable
    original: SentExecutable | None
    trial: bytes
    density: float | None
    sources: Mapping[str, bytes]


def share_settings(settings: GroupSettings, trial: bytes) -> Shared:
    """Return the settings as a value that tasks share.

    Parameters
    ----------
    settings
        The settings.
    trial
        The rows of one group, with which other machines try the executables.
    """

    def pack(value: GroupSettings) -> _PackedSettings:
        return _pack(value, trial)

    key = hash_texts("groups", settings.key, str(settings.folder), str(settings.options.timeout))
    return Shared(key, settings, pack, name_function(unpack_settings))


def unpack_settings(place: Workplace, packed: _PackedSettings) -> GroupSettings:
    """Return the settings on another machine, with executables that were tried there."""
    home = place.scratch / f"program-{hash_texts(*map(repr, packed.sources.items()))[:24]}"
    for name, content in packed.sources.items():
        files.replace_file(home / name, content)
    program = packed.settings.program
    includes = tuple(home / _name_source(program, path) for path in program.includes)
    local = replace(program, path=home / program.path.name, includes=includes)
    settings = replace(packed.settings, program=local, is_elsewhere=True)
    request = _prepare_trial(settings, packed.trial)

    def provide(sent: SentExecutable, name: str) -> Path:
        def is_right(exe: Path) -> bool:
            found, known = _evaluate_trial(request, exe, name), packed.density
            if found is None or known is None:
                return found is known
            return abs(found - known) <= DENSITY_DIFFERENCE_LIMIT * max(1.0, abs(known))

        return provide_executable(sent, place.scratch, is_right)

    exe = provide(packed.executable, "instrumented")
    original = settings.original
    if original is not None and packed.original is not None:
        original = replace(original, exe=provide(packed.original, "original"))
    return replace(settings, executable=replace(settings.executable, exe=exe), original=original)


def _pack(settings: GroupSettings, trial: bytes) -> _PackedSettings:
    program, request = settings.program, _prepare_trial(settings, trial)
    source = program.source if program.instrumented is None else program.instrumented.source
    original = settings.original
    paths = [program.path, *program.includes]
    beside = program.path.with_suffix(".toml")
    paths += [beside] if beside.is_file() else []
    return _PackedSettings(
        settings,
        pack_executable(settings.executable, source),
        None if original is None else pack_executable(original, program.source),
        trial,
        _evaluate_trial(request, settings.executable.exe, "instrumented"),
        {_name_source(program, path): path.read_bytes() for path in paths},
    )


def _name_source(program: Program, path: Path) -> str:
    """Return the place of a file beside the program, or its name where it is somewhere else."""
    folder, full = program.path.resolve().parent, path.resolve()
    return str(full.relative_to(folder)) if full.is_relative_to(folder) else full.name


def _prepare_trial(settings: GroupSettings, trial: bytes) -> FitRequest:
    return prepare_request(settings.program, tables.read_settled(trial, settings.like), settings.options)


def _evaluate_trial(request: FitRequest, exe: Path, name: str) -> float | None:
    """Return the log density of an executable at a fixed point; `None` where it has none there."""
    from workbench.backends.stan import StanBackend  # only here: importing it takes a second

    with make_scratch() as scratch:
        backend = StanBackend()
        job = FitContext(request, exe, backend, scratch, SILENT).make_comparison_job(exe, name)
        count = backend.dimension(job)
        try:
            density = backend.log_density(job, np.linspace(-0.5, 0.5, count)[None], jacobian=True)[0][0]
        except RunError:
            return None
        return float(density) if np.isfinite(density) else None
