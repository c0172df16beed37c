"""The executables of one program: the one that is run, and the original that it is checked against."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, replace

from workbench import toolchain
from workbench.errors import BuildFailed, ProgramError
from workbench.estimation.estimate import PlainerProgram
from workbench.estimation.standardize.copies import copy_dependents
from workbench.program import Obstacle, keep_loops
from workbench.progress import Progress
from workbench.request import FitRequest
from workbench.toolchain import CompiledModel, ModelSource, Toolchain
from workbench.workflow.shared_rows import keep_request_rows, share_request_rows


def take_program(request: FitRequest, builds: Builds) -> FitRequest:
    """Return a request with the instrumented program that was built for it."""
    built = builds.request.program
    program = replace(
        request.program,
        instrumented=built.instrumented,
        obstacles=built.obstacles,
        is_shared=built.is_shared,
    )
    return replace(request, program=program)


@dataclass(frozen=True)
class Builds:
    """The executables of a request's program.

    The instrumented program is run, optimised by stanc where that works. The original, as its author wrote
    it, is built too: the two must have equal densities and gradients.
    """

    request: FitRequest
    tools: Toolchain
    progress: Progress

    def build_both(self) -> tuple[CompiledModel, CompiledModel | None]:
        """Return the executable to run and the original; on several cores they are compiled side by side."""
        program = self.request.program
        if program.instrumented is not None and self.request.jobs > 1:
            instrumented = ModelSource(program.name, program.instrumented.source, optimized=True)
            with suppress(ProgramError, BuildFailed):  # building one at a time shows which of them fails
                executable, original = self._build_all(
                    instrumented, ModelSource(f"{program.name}_as_written", program.source)
                )
                return executable, original
        return self.build_instrumented(), self.build_original()

    def build_instrumented(self) -> CompiledModel:
        """Return the executable to run: of the instrumented program where there is one."""
        program = self.request.program
        if program.instrumented is None:
            return self._build(program.name, program.source)
        try:
            return self._build(program.name, program.instrumented.source, optimized=True)
        except (ProgramError, BuildFailed):  # stanc's optimiser fails, or the C++ code that it generates
            return self.build_unoptimized()

    def build_unoptimized(self) -> CompiledModel:
        """Return the executable to run, built without stanc's optimisations."""
        program = self.request.program
        source = program.source if program.instrumented is None else program.instrumented.source
        return self._build(program.name, source)

    def build_or_keep_loops(self) -> tuple[Builds, CompiledModel, CompiledModel | None]:
        """Return the executables of `build_both`, and what built them.

        If a program with rows shared out among threads, or with vectorised statements, cannot be compiled,
        these are the executables of the program without.
        """
        builds = replace(self, request=share_request_rows(self.request, self.tools))
        if builds.request.program.is_shared:
            with suppress(ProgramError, BuildFailed):
                return builds, *builds.build_both()
            builds = builds.keep_rows("the program that does so cannot be compiled.")
        return builds._build_or_keep_loops()

    def _build_or_keep_loops(self) -> tuple[Builds, CompiledModel, CompiledModel | None]:
        instrumented = self.request.program.instrumented
        if instrumented is not None and instrumented.is_vectorised:
            with suppress(ProgramError, BuildFailed):
                return self, *self.build_both()
            builds = self.keep_loops()
            program = builds.request.program
            message = "loops are run as written: the vectorised program cannot be compiled."
            obstacles = (*program.obstacles, Obstacle("vectorising", message))
            program = replace(program, obstacles=obstacles)
            return replace(builds, request=replace(builds.request, program=program)), *builds.build_both()
        return self, *self.build_both()

    def keep_loops(self) -> Builds:
        """Return the executables of the program with the author's loops instead of vectorised statements."""
        program = keep_loops(self.request.program, self.tools.stanc)
        return replace(self, request=copy_dependents(replace(self.request, program=program)))

    def keep_rows(self, reason: str = "") -> Builds:
        """Return the executables of the program with its rows in one sum instead of shared out."""
        return replace(self, request=keep_request_rows(self.request, self.tools, reason))

    def build_with_loops(self) -> PlainerProgram:
        """Return the instrumented program with the author's loops, and its executable.

        Raises
        ------
        ProgramError
            There is no such program.
        """
        return self.keep_loops()._build_plainer()

    def build_in_one_sum(self) -> PlainerProgram:
        """Return the instrumented program with its rows in one sum, and its executable.

        Raises
        ------
        ProgramError
            There is no such program.
        """
        return self.keep_rows()._build_plainer()

    def _build_plainer(self) -> PlainerProgram:
        instrumented = self.request.program.instrumented
        if instrumented is None:
            raise ProgramError("the program cannot be instrumented.", path=self.request.program.path)
        return PlainerProgram(instrumented, self.build_instrumented(), self.build_unoptimized)

    def build_original(self) -> CompiledModel | None:
        """Return the executable of the program as written; `None` where that is the one to run."""
        program = self.request.program
        if program.instrumented is None:
            return None
        return self._build(f"{program.name}_as_written", program.source)

    def _build(self, name: str, source: str, *, optimized: bool = False) -> CompiledModel:
        return self._build_all(ModelSource(name, source, optimized))[0]

    def _build_all(self, *sources: ModelSource) -> list[CompiledModel]:
        request = self.request
        return toolchain.build_all(
            sources,
            self.tools.limit(request.timeout),
            include_paths=(request.program.path.parent,),
            threads=request.threads > 1,
            progress=self.progress,
        )
