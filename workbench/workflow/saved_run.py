"""A stored run made ready to run again, from its own files alone: program, data and settings."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import cast

import msgspec

from workbench import program, toolchain
from workbench.errors import RunIncomplete
from workbench.estimation.estimate import choose_program
from workbench.estimation.standardize.copies import copy_dependents
from workbench.files import make_scratch
from workbench.program import Program, ReplacedPrior, Role
from workbench.progress import SILENT, Progress
from workbench.request import FitRequest
from workbench.results import Fit
from workbench.results.saved_program import check_includes, choose_program_name, split_name
from workbench.results.saved_request import read_saved_settings, restore_request
from workbench.results.view.description import ModelDescription
from workbench.toolchain import CompiledModel, Toolchain, ToolchainSettings
from workbench.workflow.builds import Builds, take_program


@dataclass(frozen=True)
class SavedRun:
    """A stored run that can run again.

    Attributes
    ----------
    fit
        What it holds.
    request
        The request that it answered.
    builds
        The executables of its program.
    """

    fit: Fit
    request: FitRequest
    builds: Builds


@contextmanager
def open_run(
    fit: Fit,
    settings: ToolchainSettings | None = None,
    *,
    jobs: int = 1,
    progress: Progress = SILENT,
    instrumenting: bool = True,
) -> Iterator[SavedRun]:
    """Open a stored run to run it again; its program exists as a file until the run is closed.

    Parameters
    ----------
    fit
        The run.
    settings
        Which Stan and compiler to use.
    jobs
        Chains at a time.
    progress
        Where to report.
    instrumenting
        Whether the instrumented program is wanted, which takes stanc a while.

    Raises
    ------
    WorkbenchError
        The run does not hold its request, or its program cannot be built.
    """
    saved = read_saved_settings(fit)
    tools = toolchain.provision(settings or ToolchainSettings(), progress)
    with make_scratch() as folder:
        roles = {int(index): role for index, role in saved.roles.items()}
        file = _write_program(folder, fit, saved.includes)
        if instrumenting:
            written = _read_again(file, roles, tools, is_optimised=saved.optimised)
        else:
            written = program.read_terms(file, tools.stanc, cast("Mapping[int, Role]", roles))
        replaced = tuple(
            ReplacedPrior(**msgspec.structs.asdict(prior)) for prior in fit.results.model.replaced_priors
        )
        written = replace(_keep_reasons(written, fit.results.model), replaced_priors=replaced)
        known = replace(written, path=Path(fit.results.model.path))
        request = copy_dependents(replace(restore_request(fit, known), jobs=jobs))
        written = replace(written, instrumented=request.program.instrumented)
        yield SavedRun(fit, request, Builds(replace(request, program=written), tools, progress))


def _keep_reasons(program: Program, model: ModelDescription) -> Program:
    """Return a program read again whose settled roles have the reasons that the run's record gives."""
    reasons = dict(enumerate((term.reason for term in model.terms), 1))
    terms = (
        replace(term, reason=reasons.get(term.index, term.reason)) if term.is_settled else term
        for term in program.terms
    )
    return replace(program, terms=tuple(terms))


def choose_executable(run: SavedRun) -> tuple[FitRequest, CompiledModel]:
    """Return the request of a run with the program that is run, and its executable, built or found.

    Raises
    ------
    WorkbenchError
        The program cannot be built.
    """
    from workbench.backends.stan import StanBackend  # only here: importing it takes a second

    builds, executable, original = run.builds.build_or_keep_loops()
    return choose_program(
        take_program(run.request, builds),
        executable,
        StanBackend(),
        original=original,
        unoptimized=builds.build_unoptimized,
        in_one_sum=builds.build_in_one_sum,
        with_loops=builds.build_with_loops,
    )


def _write_program(folder: Path, fit: Fit, includes: Mapping[str, str]) -> Path:
    """Write the program of a run and what it includes; return the program's path.

    Raises
    ------
    RunIncomplete
        A name is not plain, stands for two files, or the program includes something that the run lacks.
    """
    model = fit.results.model
    texts = {**includes, choose_program_name(model.path): model.source}
    if len(texts) != len(includes) + 1:
        raise RunIncomplete("the run holds a program that includes a file of its own name.")
    check_includes(texts)
    for name, text in texts.items():
        path = folder.joinpath(*split_name(name))
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with path.open("x", encoding="utf-8", newline="") as stream:
                stream.write(text)
        except (OSError, UnicodeEncodeError) as reason:
            raise RunIncomplete(
                f"the program of the run cannot be written to `{path}`: {reason}."
            ) from reason
    return folder / choose_program_name(model.path)


def _read_again(path: Path, roles: Mapping[int, str], tools: Toolchain, *, is_optimised: bool) -> Program:
    """Return the program of a file, with the roles that the run had settled by term."""
    parsed = program.read_program(path, tools.stanc, is_optimised=is_optimised)
    if not roles:
        return parsed
    return program.settle_roles(parsed, cast("Mapping[str | int, Role]", roles), tools.stanc)
