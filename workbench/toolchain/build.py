"""From the text of a Stan program to an executable that speaks CmdStan's command line."""

from __future__ import annotations

import re
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from workbench import process
from workbench.errors import BuildFailed
from workbench.program.syntax import stanc
from workbench.progress import SILENT, Progress
from workbench.provenance import hash_texts
from workbench.toolchain import cache, cmdstan
from workbench.toolchain.compilers import compose_link_command, compose_object_command
from workbench.toolchain.header_and_driver import build_driver, build_header, hash_driver, hash_header
from workbench.toolchain.provision import Toolchain
from workbench.toolchain.run_compilers import run_compilers

# clang says so of a header made before an upgrade of the system's own headers.
_STALE_HEADER = "has been modified since the precompiled header"
# stanc notes its options in the C++, paths of this one run among them.
_STANC_FLAGS = re.compile(r"(?<=\")stancflags = [^\"]*")


@dataclass(frozen=True)
class ModelSource:
    """A Stan program to compile: its name, its text, and whether stanc may rearrange it."""

    name: str
    source: str
    optimized: bool = False


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
        The hash of everything that went into it.
    cached
        Whether it was there already.
    seconds
        How long the call took [s].
    stan_version, compiler
        What it was built with.
    threads
        Whether it can use several threads.
    optimized
        Whether stanc optimised the program before the C++ compiler did.
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
    """Compile a Stan program, or return the executable that is there already.

    The precompiled header and the driver are built first where they are missing.

    Parameters
    ----------
    name
        The model's name, as it will stand in output files and error messages.
    source
        The program's text.
    toolchain
        What `provision` returned.
    include_paths
        Folders that ``#include`` searches.
    threads
        Build for several threads in one process; loop-heavy programs then run slower.
    optimized
        Let stanc rearrange the program (its ``--O1``): the same density, often faster, whose last digits may
        differ.
    progress
        Where stages are shown.

    Raises
    ------
    ProgramError
        stanc rejects the program.
    BuildFailed
        The C++ compiler fails; carries its command and a log file.
    """
    wanted = ModelSource(name, source, optimized)
    return build_all([wanted], toolchain, include_paths=include_paths, threads=threads, progress=progress)[0]


def build_all(
    wanted: Sequence[ModelSource],
    toolchain: Toolchain,
    *,
    include_paths: Sequence[Path] = (),
    threads: bool = False,
    progress: Progress = SILENT,
) -> list[CompiledModel]:
    """Compile several Stan programs side by side, as far as this machine's processors and memory allow.

    Parameters and errors are those of `build`. If one cannot be compiled, none of them is kept.
    """
    started = time.monotonic()
    models = [_model(each, toolchain, tuple(include_paths), threads) for each in wanted]
    missing = [model for model in models if not cache.is_sound(model.place)]
    if missing:
        _with_fresh_header(toolchain, threads, lambda: _publish(missing, progress))
    for model in models:
        cache.touch(model.place)
    seconds = time.monotonic() - started
    return [_compiled(model, model not in missing, seconds) for model in models]


def _with_fresh_header(toolchain: Toolchain, threads: bool, compile_model: Callable[[], None]) -> None:
    """Compile; once more without the old header if the compiler finds that a system header has changed."""
    try:
        compile_model()
    except BuildFailed as failure:
        if failure.log is None or _STALE_HEADER not in failure.log.read_text():
            raise
        cache.discard(cache.locate_entry(toolchain.cache, "headers", hash_header(toolchain, threads)))
        compile_model()


def translate(
    name: str,
    source: str,
    compiler: stanc.Stanc,
    include_paths: Sequence[Path],
    *,
    optimized: bool = False,
) -> str:
    """Return the C++ that stanc makes of a Stan program."""
    with tempfile.TemporaryDirectory(prefix="workbench-") as scratch:
        file = Path(scratch) / f"{name}.stan"
        file.write_text(source)
        output = Path(scratch) / f"{name}.hpp"
        options = [f"--o={output}", f"--name={_identifier(name)}_model", f"--filename-in-msg={name}.stan"]
        options += [stanc.OPTIMIZE] if optimized else []
        stanc.run_stanc(compiler, options, file, include_paths)
        return _STANC_FLAGS.sub("stancflags = ", output.read_text())


def _identifier(name: str) -> str:
    """Return a name as C++ can have it.

    >>> _identifier("8-schools")
    '_8_schools'
    """
    return re.sub(r"^(?=\d)|\W", "_", name)


def _front_end_key(toolchain: Toolchain, threads: bool) -> str:
    """Return the hash of all that a model is combined with."""
    if toolchain.source == "cmdstan":
        return cmdstan.hash_home(toolchain.home, threads=threads)
    return hash_driver(toolchain, threads)


@dataclass(frozen=True)
class _Model:
    """One model on its way from Stan to an executable."""

    wanted: ModelSource
    cpp: str
    include_paths: tuple[Path, ...]
    toolchain: Toolchain
    threads: bool
    key: str

    @property
    def place(self) -> Path:
        return cache.locate_entry(self.toolchain.cache, "models", self.key)


def _model(
    wanted: ModelSource, toolchain: Toolchain, include_paths: tuple[Path, ...], threads: bool
) -> _Model:
    name = wanted.name
    cpp = translate(name, wanted.source, toolchain.stanc, include_paths, optimized=wanted.optimized)
    key = hash_texts("model", _front_end_key(toolchain, threads), name, cpp)
    return _Model(wanted, cpp, include_paths, toolchain, threads, key)


def _compiled(model: _Model, cached: bool, seconds: float) -> CompiledModel:
    name, tools = model.wanted.name, model.toolchain
    version, compiler, optimized = tools.stan_version, tools.compiler.version, model.wanted.optimized
    exe = model.place / name
    return CompiledModel(name, exe, model.key, cached, seconds, version, compiler, model.threads, optimized)


def _publish(models: Sequence[_Model], progress: Progress) -> None:
    toolchain, threads = models[0].toolchain, models[0].threads
    is_embedded = toolchain.source == "embedded"
    # The driver first: its lock must not be waited for while a model's is held.
    driver = build_driver(toolchain, threads, progress) if is_embedded else []
    header = build_header(toolchain, threads, progress) if is_embedded else None
    with ExitStack() as stack:
        folders = {}
        # In one order everywhere: so nobody waits for somebody who waits for them.
        for model in sorted(models, key=lambda each: each.place):
            folder = stack.enter_context(cache.make_entry(model.place, progress))
            if folder is not None:
                folders[model] = folder
        if folders:
            _compile(folders, driver, header, progress)


def _compile(
    folders: Mapping[_Model, Path], driver: Sequence[Path], header: Path | None, progress: Progress
) -> None:
    what = " and ".join(model.wanted.name for model in folders)
    toolchain = next(iter(folders)).toolchain
    total = len(folders) if len(folders) > 1 else None
    with progress.stage(f"Compiling {what}", total) as stage:
        if header is None:
            made = [_make_command(model, folder) for model, folder in folders.items()]
            run_compilers(toolchain, what, made, on_count=stage.update)
            return
        objects = [_object_command(model, folder, header) for model, folder in folders.items()]
        run_compilers(toolchain, what, objects, on_count=stage.update)
        for model, folder in folders.items():
            name = model.wanted.name
            target = folder / f"{name}.o"
            link = compose_link_command(toolchain.compiler, toolchain.home, [target, *driver], folder / name)
            run_compilers(toolchain, name, [link])
            target.unlink()


def _object_command(model: _Model, folder: Path, header: Path) -> process.Command:
    compiler, home, name = model.toolchain.compiler, model.toolchain.home, model.wanted.name
    source = folder / f"{name}.hpp"
    source.write_text(model.cpp)
    return compose_object_command(compiler, home, header, source, folder / f"{name}.o", threads=model.threads)


def _make_command(model: _Model, folder: Path) -> process.Command:
    wanted, home = model.wanted, model.toolchain.home
    (folder / f"{wanted.name}.stan").write_text(wanted.source)
    target, paths = folder / wanted.name, model.include_paths
    return cmdstan.compose_make_command(
        home, target, paths, threads=model.threads, optimized=wanted.optimized
    )
