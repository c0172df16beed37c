"""The executables of a program: what is compiled together, and what where an optimised program fails."""

from dataclasses import dataclass, field, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from workbench import toolchain
from workbench.errors import BuildFailed
from workbench.progress import SILENT
from workbench.workflow.builds import Builds


@dataclass(frozen=True)
class FakeProgram:
    """A program by its name and its two texts."""

    name: str = "model"
    source: str = "as written"
    instrumented: Any = None
    path: Path = Path("model.stan")
    obstacles: tuple[Any, ...] = ()
    is_shared: bool = False


@dataclass(frozen=True)
class FakeInstrumented:
    source: str = "instrumented"
    is_vectorised: bool = False


@dataclass(frozen=True)
class FakeRequest:
    program: FakeProgram = field(default_factory=lambda: FakeProgram(instrumented=FakeInstrumented()))
    jobs: int = 2
    threads: int = 1
    timeout: float | None = None


@pytest.fixture
def compiled(monkeypatch):
    """What was compiled, call by call; nothing is."""
    calls: list[list[tuple[str, str, bool]]] = []
    failing: set[bool] = set()

    def build_all(sources, tools, **settings):
        calls.append([(source.name, source.text, source.optimized) for source in sources])
        if any(source.optimized in failing for source in sources):
            raise BuildFailed("no", command="c++")
        return [source.text for source in sources]

    monkeypatch.setattr(toolchain, "build_all", build_all)
    return calls, failing


def make(request):
    tools = SimpleNamespace(stanc=None)
    tools.limit = lambda timeout: tools
    return Builds(request, tools, SILENT)  # type: ignore[arg-type]


RUN = ("model", "instrumented", True)
UNOPTIMIZED = ("model", "instrumented", False)
ORIGINAL = ("model_as_written", "as written", False)


def test_both_are_compiled_in_one_call_on_several_cores(compiled):
    assert make(FakeRequest()).build_both() == ("instrumented", "as written")
    assert compiled[0] == [[RUN, ORIGINAL]]


def test_on_one_core_they_are_compiled_one_by_one(compiled):
    make(FakeRequest(jobs=1)).build_both()
    assert compiled[0] == [[RUN], [ORIGINAL]]


def test_where_the_optimised_program_fails_it_is_compiled_as_it_is(compiled):
    calls, failing = compiled
    failing.add(True)
    assert make(FakeRequest()).build_both() == ("instrumented", "as written")
    assert calls == [[RUN, ORIGINAL], [RUN], [UNOPTIMIZED], [ORIGINAL]]


def test_a_failure_of_the_program_itself_is_raised(compiled):
    compiled[1].update((True, False))
    with pytest.raises(BuildFailed):
        make(FakeRequest()).build_both()


def test_a_vectorised_program_that_cannot_be_compiled_has_the_loops_of_its_author(monkeypatch):
    program = FakeProgram(instrumented=FakeInstrumented("vectorised", is_vectorised=True))

    def build_all(sources, tools, **settings):
        if any(source.text == "vectorised" for source in sources):
            raise BuildFailed("no", command="c++")
        return [source.text for source in sources]

    monkeypatch.setattr(toolchain, "build_all", build_all)
    monkeypatch.setattr(
        "workbench.workflow.builds.keep_loops",
        lambda program, stanc: replace(program, instrumented=FakeInstrumented()),
    )
    monkeypatch.setattr("workbench.workflow.builds.copy_dependents", lambda request: request)
    builds, *executables = make(FakeRequest(program)).build_or_keep_loops()
    assert executables == ["instrumented", "as written"]
    assert "cannot be compiled" in builds.request.program.obstacles[-1].message


def test_a_program_that_is_not_instrumented_has_one_executable(compiled):
    request = replace(FakeRequest(), program=FakeProgram())
    assert make(request).build_both() == ("as written", None)
    assert compiled[0] == [[("model", "as written", False)]]
