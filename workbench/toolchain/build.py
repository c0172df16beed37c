"""Compile Stan programs to executables with CmdStan's command line."""

from __future__ import annotations

import re
import shutil
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from workbench import process
from workbench.errors import BuildFailed
from workbench.files import make_scratch
from workbench.program.syntax import stanc
from workbench.program.syntax.staging import make_plain, stage_program
from workbench.progress import SILENT, Progress
from workbench.provenance import hash_texts
from workbench.toolchain import cache, cmdstan
from workbench.toolchain.compilers import compose_link_command, compose_object_command
from workbench.toolchain.header_and_driver import build_driver, build_header, hash_driver
from workbench.toolchain.mend import discard_damaged, mend
from workbench.toolchain.provision import Toolchain
from workbench.toolchain.run_compilers import run_compilers

_UNUSABLE_HEADER = (
    "has been modified since the precompiled header",
    "malformed or corrupted",
    "is not a PCH file",
)
"""What clang says of a precompiled header that is older than the system's headers, or damaged."""

_STANC_FLAGS = re.compile(r"(?<=\")stancflags = [^\"]*")
"""The options that stanc notes in the C++ code; they contain paths of temporary files."""

_INCLUDED_FILE = re.compile(r"\(in '\./")
"""How the C++ code names the place of a statement in an included file, which lies beside ours."""

_MODEL_SPACE = 2_000_000
"""The least that an executable takes, with its object file [bytes]."""


@dataclass(frozen=True)
class ModelSource:
    """A Stan program to compile: its name, its text, and whether stanc may rearrange it."""

    name: str
    text: str
    optimized: bool = False

    @property
    def file_name(self) -> str:
        """The plain name, without an ending, of the files that it is compiled to."""
        return make_plain(self.name)


@dataclass(frozen=True)
class CompiledModel:
    """An executable made from a Stan program.

    Attributes
    ----------
    name
        The model's name.
    exe
        The executable; it takes CmdStan's arguments.
    key
        The hash of everything it was made from.
    cached
        Whether it was in the cache already.
    seconds
        How long the call took [s].
    stan_version, compiler
        The versions it was built with.
    threads
        Whether it can use several threads.
    optimized
        Whether stanc optimised the program.
    """

    name: str
    exe: Path
    key: str
    cached: bool
    seconds: float
    stan_version: str
    compiler: str
    threads: bool = False
    optimized: bool = False


def build(
    name: str,
    source: str,
    toolchain: Toolchain,
    *,
    include_paths: Sequence[Path] = (),
    threads: bool = False,
    optimized: bool = False,
    progress: Progress = SILENT,
) -> CompiledModel:
    """Compile a Stan program, unless the cache has its executable.

    The precompiled header and the driver are built first if they are missing.

    Parameters
    ----------
    name
        The model's name, as output files and error messages show it.
    source
        The program's text.
    toolchain
        What `provision` returned.
    include_paths
        Folders that ``#include`` searches.
    threads
        Build for several threads in one process; programs with many loops then run slower.
    optimized
        Let stanc rearrange the program (its ``--O1``): the density is the same and often faster, but its last
        digits may differ.
    progress
        Where stages are shown.

    Raises
    ------
    ProgramError
        stanc rejects the program.
    BuildFailed
        The C++ compiler fails; carries its command and a log file.
    """
    model_source = ModelSource(name, source, optimized)
    return build_all(
        [model_source], toolchain, include_paths=include_paths, threads=threads, progress=progress
    )[0]


def build_all(
    sources: Sequence[ModelSource],
    toolchain: Toolchain,
    *,
    include_paths: Sequence[Path] = (),
    threads: bool = False,
    progress: Progress = SILENT,
) -> list[CompiledModel]:
    """Compile several Stan programs in parallel, as far as this machine's processors and memory allow.

    Parameters and errors are those of `build`. If one program cannot be compiled, none is kept.
    """
    started = time.monotonic()
    compilations = [_prepare(source, toolchain, tuple(include_paths), threads) for source in sources]
    missing = [compilation for compilation in compilations if not cache.acquire(compilation.place)]
    if missing:
        _retry_after_mending(toolchain, threads, lambda: _publish(missing, progress), progress)
    for compilation in compilations:
        cache.touch(compilation.place)
    seconds = time.monotonic() - started
    return [_collect_result(compilation, compilation not in missing, seconds) for compilation in compilations]


def _retry_after_mending(
    toolchain: Toolchain, threads: bool, compile_model: Callable[[], None], progress: Progress
) -> None:
    """Compile; if that fails for something damaged or outdated in the cache, make it again and try again."""
    try:
        compile_model()
    except BuildFailed as failure:
        printed = "" if failure.log is None else failure.log.read_text()
        is_outdated = any(words in printed for words in _UNUSABLE_HEADER)
        damaged = discard_damaged(toolchain, threads, is_header_outdated=is_outdated)
        if not damaged:
            raise
        with progress.stage(f"Making {' and '.join(damaged)} again: damaged or outdated in the cache"):
            mend(toolchain, progress)
        compile_model()


def _translate(source: ModelSource, compiler: stanc.Stanc, include_paths: Sequence[Path]) -> str:
    """Return the C++ code that stanc makes of a Stan program."""
    with make_scratch() as scratch:
        file = scratch / f"{source.file_name}.stan"
        file.write_text(source.text, encoding="utf-8")
        output = scratch / f"{source.file_name}.hpp"
        options = [
            f"--o={output}",
            f"--name={_make_identifier(source.file_name)}_model",
            f"--filename-in-msg={source.file_name}.stan",
        ]
        options += [stanc.OPTIMIZE] if source.optimized else []
        stanc.run_stanc(compiler, options, file, include_paths)
        cpp = _STANC_FLAGS.sub("stancflags = ", output.read_text(encoding="utf-8"))
        return _INCLUDED_FILE.sub("(in '", cpp)


def _make_identifier(name: str) -> str:
    """Return a name that is valid in C++.

    >>> _make_identifier("8-schools")
    '_8_schools'
    """
    return re.sub(r"^(?=\d)|\W", "_", name, flags=re.ASCII)


def _hash_environment(toolchain: Toolchain, threads: bool) -> str:
    """Return the hash of everything that a model is combined with."""
    if toolchain.source == "cmdstan":
        return cmdstan.hash_home(toolchain.home, threads=threads)
    return hash_driver(toolchain, threads)


@dataclass(frozen=True)
class _Compilation:
    """A Stan program translated to C++, with the key and the place of its executable."""

    source: ModelSource
    cpp: str
    include_paths: tuple[Path, ...]
    toolchain: Toolchain
    threads: bool
    key: str

    @property
    def place(self) -> Path:
        return cache.locate_entry(self.toolchain.cache, "models", self.key)


def _prepare(
    source: ModelSource, toolchain: Toolchain, include_paths: tuple[Path, ...], threads: bool
) -> _Compilation:
    cpp = _translate(source, toolchain.stanc, include_paths)
    key = hash_texts("model", _hash_environment(toolchain, threads), source.name, cpp)
    return _Compilation(source, cpp, include_paths, toolchain, threads, key)


def _collect_result(compilation: _Compilation, cached: bool, seconds: float) -> CompiledModel:
    source, toolchain = compilation.source, compilation.toolchain
    return CompiledModel(
        source.name,
        compilation.place / source.file_name,
        compilation.key,
        cached,
        seconds,
        toolchain.stan_version,
        toolchain.compiler.version,
        compilation.threads,
        source.optimized,
    )


def _publish(compilations: Sequence[_Compilation], progress: Progress) -> None:
    toolchain, threads = compilations[0].toolchain, compilations[0].threads
    is_embedded = toolchain.source == "embedded"
    # The driver comes first: nobody may wait for its lock while holding a model's.
    driver = build_driver(toolchain, threads, progress) if is_embedded else []
    header = build_header(toolchain, threads, progress) if is_embedded else None
    with ExitStack() as stack:
        folders = {}
        # Every process locks models in the same order, so that no two can wait for each other.
        for compilation in sorted(compilations, key=lambda item: item.place):
            folder = stack.enter_context(cache.make_entry(compilation.place, progress))
            if folder is not None:
                folders[compilation] = folder
        if folders:
            _compile(folders, driver, header, progress)


def _compile(
    folders: Mapping[_Compilation, Path], driver: Sequence[Path], header: Path | None, progress: Progress
) -> None:
    names = " and ".join(compilation.source.name for compilation in folders)
    toolchain = next(iter(folders)).toolchain
    total = len(folders) if len(folders) > 1 else None
    cache.require_space(next(iter(folders.values())), len(folders) * _MODEL_SPACE, f"a build of {names}")
    with progress.stage(f"Compiling {names}", total) as stage:
        if header is None:
            _run_make(folders, names, stage.update)
            return
        objects = [_compose_object(compilation, folder, header) for compilation, folder in folders.items()]
        with _require_sound(header, str(objects[0])):
            run_compilers(toolchain, names, objects, on_count=stage.update)
        for compilation, folder in folders.items():
            name = compilation.source.file_name
            target = folder / f"{name}.o"
            link = compose_link_command(toolchain.compiler, toolchain.home, [target, *driver], folder / name)
            run_compilers(toolchain, compilation.source.name, [link])
            target.unlink()


@contextmanager
def _require_sound(header: Path, command: str) -> Iterator[None]:
    """Hash a precompiled header while it is used; some damage makes no compiler fail.

    Raises
    ------
    BuildFailed
        It is not as it was published.
    """
    with ThreadPoolExecutor(1) as pool:
        is_sound = pool.submit(cache.is_sound, header, is_thorough=True)
        yield
        if not is_sound.result():
            message = f"the precompiled header in {header} is damaged."
            raise BuildFailed(
                message, command=command, log=None, hint="`workbench toolchain install` mends it"
            )


def _compose_object(compilation: _Compilation, folder: Path, header: Path) -> process.ProcessCommand:
    toolchain, name = compilation.toolchain, compilation.source.file_name
    source = folder / f"{name}.hpp"
    source.write_text(compilation.cpp, encoding="utf-8")
    return compose_object_command(
        toolchain.compiler, toolchain.home, header, source, folder / f"{name}.o", threads=compilation.threads
    )


def _run_make(folders: Mapping[_Compilation, Path], names: str, on_count: Callable[[float], None]) -> None:
    """Let CmdStan's makefile compile copies of the programs under plain names, in folders of ours."""
    toolchain = next(iter(folders)).toolchain
    within = cmdstan.find_plain_folder()
    with ExitStack() as stack:
        targets = {
            folder / item.source.file_name: stack.enter_context(_stage(item, within))
            for item, folder in folders.items()
        }
        makes = [
            cmdstan.compose_make_command(
                toolchain.home, target, threads=item.threads, optimized=item.source.optimized
            )
            for item, target in zip(folders, targets.values(), strict=True)
        ]
        run_compilers(toolchain, names, makes, on_count=on_count)
        for exe, target in targets.items():
            with cache.explain_write_errors(exe.parent):
                shutil.move(target, exe)


@contextmanager
def _stage(compilation: _Compilation, within: Path) -> Iterator[Path]:
    """Provide a copy of a program and of what it includes; yield the path of the executable beside it."""
    source = compilation.source
    with make_scratch() as scratch:
        file = scratch / f"{source.file_name}.stan"
        file.write_text(source.text, encoding="utf-8")
        with stage_program(file, compilation.include_paths, name=file.name, within=within) as staged:
            yield staged.folder / source.file_name
