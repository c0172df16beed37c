"""The main job from two files to a run directory: each room asked in turn."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from workbench import tables, toolchain
from workbench.binding import BoundData, starting_values
from workbench.diagnostics import diagnose
from workbench.errors import BuildFailed, MethodError, ProgramError
from workbench.estimation import Fit, store
from workbench.estimation import fit as estimate
from workbench.estimation.profile import check_profiled
from workbench.methods import Method, Mle, Nuts
from workbench.pipeline import bundled
from workbench.pipeline.examining import first_problem, rehearse
from workbench.pipeline.reading import check_exists, read_program
from workbench.program import Program
from workbench.progress import SILENT, Progress
from workbench.report import fit_report, render, write_pictures
from workbench.request import DEFAULT_METHODS, FitRequest
from workbench.tables import Table
from workbench.toolchain import CompiledModel, Settings, Toolchain, Wanted


@dataclass(frozen=True)
class Options:
    """What can be said about a fit besides its two files.

    Attributes
    ----------
    columns, given, priors
        Columns for Stan variables, values for them, and values of hyperparameters.
    reference, missing, standardize
        As in `binding.Asked`.
    roles
        Roles of terms, by their number or line.
    scaled
        The roles that count as prior where priors are switched off.
    methods, seed, level, jobs, threads, timeout
        As in `FitRequest`.
    inits
        Values of parameters at which chains start, where the sampler's `init` is `given`, and where they are
        from.
    output
        The run directory; `None` for `reports/<model>-<data>-<hash>`.
    figures
        A folder for the report's pictures as files; `None` for no files.
    toolchain
        Which Stan and compiler to use.
    command
        The command line to note in the record.
    """

    columns: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    given: Mapping[str, Any] = field(default_factory=dict)
    priors: Mapping[str, float] = field(default_factory=dict)
    reference: Mapping[str, str] = field(default_factory=dict)
    missing: Literal["refuse", "drop"] = "refuse"
    standardize: bool = False
    roles: Mapping[str, str] = field(default_factory=dict)
    scaled: tuple[str, ...] = ("prior",)
    methods: tuple[Method, ...] = DEFAULT_METHODS
    seed: int = 1
    level: float = 0.95
    jobs: int = 1
    threads: int = 1
    timeout: float | None = None
    inits: tuple[Mapping[str, Any], str] | None = None
    output: Path | None = None
    figures: Path | None = None
    toolchain: Settings = field(default_factory=Settings)
    command: str = ""


def fit(
    model: Path, data: Path | Table, options: Options | None = None, progress: Progress = SILENT
) -> tuple[Fit, Path]:
    """Fit a Stan program to a table and publish the run directory.

    Parameters
    ----------
    model, data
        A `.stan` file, and a table or the file that holds it.
    options
        Everything else; the defaults suit most programs.
    progress
        Where to report.

    Returns
    -------
    The fit with its diagnosis, and the run directory.

    Raises
    ------
    WorkbenchError
        Any of the tree in `workbench.errors`; an earlier run in the same place is kept.
    """
    options = options or Options()
    check_exists(model)
    table = data if isinstance(data, Table) else tables.read(data)
    tools = toolchain.provision(options.toolchain, progress)
    request = prepare(read_program(model, options.roles, tools), table, options)
    builds = Builds(request, tools, progress)
    executable, original = builds.both()
    from workbench.backends.cmdstan import CmdStanBackend  # only now: importing it takes a second

    fitted = estimate(
        request,
        executable,
        CmdStanBackend(),
        progress,
        original=original,
        unoptimized=builds.unoptimized,
    )
    with progress.stage("Writing the report"):
        facts = {**fitted.record["toolchain"], "source": tools.source, "why": tools.why}
        fitted = store.with_entries(fitted, {"toolchain": facts, "command": options.command})
        fitted = store.with_entries(fitted, bundled.entries(fitted, request))
        return conclude(fitted, options.output or default_folder(request), options.figures)


def conclude(fitted: Fit, folder: Path, figures: Path | None = None) -> tuple[Fit, Path]:
    """Diagnose a fit, draw its report, and publish the run directory; the pictures as files where asked.

    Raises
    ------
    StoreError
        The folder is taken by something that is not a run, or cannot be written.
    """
    diagnosed = store.with_entries(fitted, diagnose(fitted).entries)
    document = fit_report(diagnosed)
    written = store.write(diagnosed, render(document), folder)
    if figures is not None:
        write_pictures(document, figures)
    return diagnosed, written


def prepare(read: Program, table: Table, options: Options) -> FitRequest:
    """Settle the priors, bind the table, and return the complete request.

    Raises
    ------
    RequestError
        The table, a prior or a setting does not fit the program.
    """
    for method in options.methods:
        if isinstance(method, Mle):
            check_profiled(read, method.profile)
    rehearsal = rehearse(read, table, options)
    problem = first_problem(rehearsal.examined)
    if problem is not None:
        raise problem
    return FitRequest(
        read,
        rehearsal.examined.data,
        rehearsal.priors,
        options.methods,
        options.seed,
        options.level,
        options.jobs,
        options.scaled,
        options.threads,
        options.timeout,
        inits=_inits(read, rehearsal.examined.data, options),
    )


def _inits(read: Program, data: BoundData, options: Options) -> Mapping[str, Any]:
    """Return the values that chains start at, held against the declarations.

    Raises
    ------
    RequestError
        They do not suit the program, or chains run on another scale or choose for themselves.
    """
    if options.inits is None:
        return {}
    if options.standardize:
        raise MethodError(
            "initial values are on the scale of the program's data, but `standardize` changes that scale."
        )
    if not any(isinstance(one, Nuts) for one in options.methods):
        raise MethodError(
            "initial values are where chains of nuts start, but `method` leaves nuts out or chooses itself."
        )
    return starting_values(read, options.inits[0], data.values, options.inits[1])


def default_folder(request: FitRequest) -> Path:
    """Return `reports/<model>-<data>-<hash>`; the hash tells apart all that decides the numbers."""
    return Path("reports") / f"{request.program.name}-{request.data.table.path.stem}-{request.key[:8]}"


@dataclass(frozen=True)
class Builds:
    """The executables of one program.

    The original as its author wrote it is held against the one that is run: the instrumented one, optimised
    by stanc where that works.
    """

    request: FitRequest
    tools: Toolchain
    progress: Progress

    def both(self) -> tuple[CompiledModel, CompiledModel | None]:
        """Return what is run, and the original to hold it against: compiled side by side on several cores."""
        read = self.request.program
        if read.instrumented is not None and self.request.jobs > 1:
            run = Wanted(read.name, read.instrumented.source, optimized=True)
            with suppress(ProgramError, BuildFailed):  # whose failure it is shows when each is built alone
                executable, original = self._build_all(run, Wanted(f"{read.name}_as_written", read.source))
                return executable, original
        return self.instrumented(), self.original()

    def instrumented(self) -> CompiledModel:
        """Return what is run: instrumented where the program could be taken apart."""
        read = self.request.program
        if read.instrumented is None:
            return self._build(read.name, read.source)
        try:
            return self._build(read.name, read.instrumented.source, optimized=True)
        except (ProgramError, BuildFailed):  # stanc's optimiser, or the C++ it led to
            return self.unoptimized()

    def unoptimized(self) -> CompiledModel:
        """Return the same without stanc's optimisations."""
        read = self.request.program
        return self._build(read.name, read.source if read.instrumented is None else read.instrumented.source)

    def original(self) -> CompiledModel | None:
        """Return the program as written, to hold the other against; `None` where that is what is run."""
        read = self.request.program
        return None if read.instrumented is None else self._build(f"{read.name}_as_written", read.source)

    def _build(self, name: str, source: str, *, optimized: bool = False) -> CompiledModel:
        return self._build_all(Wanted(name, source, optimized))[0]

    def _build_all(self, *wanted: Wanted) -> list[CompiledModel]:
        request = self.request
        return toolchain.build_all(
            wanted,
            self.tools,
            include_paths=(request.program.path.parent,),
            threads=request.threads > 1,
            progress=self.progress,
        )
