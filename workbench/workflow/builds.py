"""The executables of one program: the instrumented one, and the original it is checked against."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass

from workbench import toolchain
from workbench.errors import BuildFailed, ProgramError
from workbench.progress import Progress
from workbench.request import FitRequest
from workbench.toolchain import CompiledModel, Toolchain, Wanted


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
