"""From the text of a Stan program to an executable that speaks CmdStan's command line."""

from __future__ import annotations

import os
import re
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

from workbench import process
from workbench.errors import BuildFailed
from workbench.program import stanc
from workbench.progress import SILENT, Progress
from workbench.provenance import hash_parts
from workbench.toolchain import cache, cmdstan
from workbench.toolchain.compilers import copy_header, header_command, link_command, object_command
from workbench.toolchain.locate import Toolchain

# The driver is compiled in a few pieces, the slowest first: sources that use the same templates of Stan
# instantiate them once. Each of the small ones needs no header of Stan's at all.
_TOGETHER = {
    "optimizers": ("pathfinder.cpp", "optimize.cpp"),
    "samplers": ("nuts_dense.cpp", "nuts_diag.cpp", "nuts_unit.cpp"),
    "approximations": ("laplace.cpp", "variational.cpp"),
    "contexts": ("contexts.cpp", "metric.cpp"),
}
_SMALL = ("grammar.cpp", "number.cpp", "settings.cpp")
# clang says so of a header made before an upgrade of the system's own headers.
_STALE_HEADER = "has been modified since the precompiled header"
# The driver builds faster so, and programs run as fast: their density is compiled apart, with -O3.
_DRIVER_LEVEL = "-O1"
# What a compiler takes for one piece of the driver [bytes].
_MEMORY_PER_PIECE = 5 << 29
# stanc notes its options in the C++, paths of this one run among them.
_STANC_FLAGS = re.compile(r"(?<=\")stancflags = [^\"]*")


@dataclass(frozen=True)
class Wanted:
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
    wanted = Wanted(name, source, optimized)
    return build_all([wanted], toolchain, include_paths=include_paths, threads=threads, progress=progress)[0]


def build_all(
    wanted: Sequence[Wanted],
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
        cache.discard(cache.entry(toolchain.cache, "headers", header_key(toolchain, threads)))
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
        stanc.ask(compiler, options, file, include_paths)
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
        return cmdstan.home_key(toolchain.home, threads=threads)
    return driver_key(toolchain, threads)


def header_key(toolchain: Toolchain, threads: bool) -> str:
    """Return the hash of all that a precompiled header depends on."""
    # The folder counts too: clang's headers name the files they were made from.
    command = header_command(toolchain.compiler, toolchain.home, Path("header"), threads=threads)
    return hash_parts("header", toolchain.compiler.identity, str(command))


def driver_key(toolchain: Toolchain, threads: bool) -> str:
    """Return the hash of all that the driver's objects depend on."""
    sources = [path.name + "\n" + path.read_text() for path in _driver_sources(".hpp", ".cpp")]
    return hash_parts("driver", _DRIVER_LEVEL, header_key(toolchain, threads), *sources)


def build_header(
    toolchain: Toolchain, threads: bool, progress: Progress, beside: Sequence[process.Command] = ()
) -> Path:
    """Return the folder of Stan's precompiled model header, made on first use.

    Where it is made, the commands `beside` it run as well: one compiler alone would leave processors idle.
    """
    place = cache.entry(toolchain.cache, "headers", header_key(toolchain, threads))
    what = "Stan's headers and driver" if beside else "Stan's headers"

    def make(folder: Path) -> None:
        copy_header(toolchain.compiler, toolchain.home, folder)
        header = header_command(toolchain.compiler, toolchain.home, folder, threads=threads)
        _compile_counted(toolchain, what, [header, *beside], progress)

    cache.publish(place, make, progress)
    cache.touch(place)
    return place


def build_driver(toolchain: Toolchain, threads: bool, progress: Progress) -> list[Path]:
    """Return the objects of the command line's driver, made on first use; so is the precompiled header."""
    place = cache.entry(toolchain.cache, "drivers", driver_key(toolchain, threads))

    def make(folder: Path) -> None:
        outputs = {source: folder / f"{source.stem}.o" for source in _driver_pieces(folder)}
        commands = [_driver_command(toolchain, source, outputs[source], threads) for source in outputs]
        build_header(toolchain, threads, progress, commands)
        if not all(output.exists() for output in outputs.values()):  # the header was there before
            _compile_counted(toolchain, "Stan's driver", commands, progress)

    cache.publish(place, make, progress)
    cache.touch(place)
    return sorted(place.glob("*.o"))


def _driver_command(toolchain: Toolchain, source: Path, output: Path, threads: bool) -> process.Command:
    compiler, home = toolchain.compiler, toolchain.home
    return object_command(compiler, home, None, source, output, threads=threads, level=_DRIVER_LEVEL)


def _driver_sources(*suffixes: str) -> list[Path]:
    folder = Path(str(resources.files("workbench.toolchain") / "driver"))
    return sorted(path for path in folder.iterdir() if path.suffix in suffixes)


def _driver_pieces(folder: Path) -> list[Path]:
    """Return what is compiled, the slowest first: most pieces gather several sources, in the folder."""
    sources = {path.name: path for path in _driver_sources(".cpp")}
    small = [sources.pop(name) for name in _SMALL]
    together = {piece: [sources.pop(name) for name in names] for piece, names in _TOGETHER.items()}
    together["methods"] = list(sources.values())
    return [*(_gathered(folder / f"{piece}.cpp", paths) for piece, paths in together.items()), *small]


def _gathered(piece: Path, sources: Sequence[Path]) -> Path:
    piece.write_text("".join(f'#include "{path}"\n' for path in sources))
    return piece


@dataclass(frozen=True)
class _Model:
    """One model on its way from Stan to an executable."""

    wanted: Wanted
    cpp: str
    include_paths: tuple[Path, ...]
    toolchain: Toolchain
    threads: bool
    key: str

    @property
    def place(self) -> Path:
        return cache.entry(self.toolchain.cache, "models", self.key)


def _model(wanted: Wanted, toolchain: Toolchain, include_paths: tuple[Path, ...], threads: bool) -> _Model:
    name = wanted.name
    cpp = translate(name, wanted.source, toolchain.stanc, include_paths, optimized=wanted.optimized)
    key = hash_parts("model", _front_end_key(toolchain, threads), name, cpp)
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
            folder = stack.enter_context(cache.making(model.place, progress))
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
            compile_all(toolchain, what, made, on_count=stage.update)
            return
        objects = [_object_command(model, folder, header) for model, folder in folders.items()]
        compile_all(toolchain, what, objects, on_count=stage.update)
        for model, folder in folders.items():
            name = model.wanted.name
            target = folder / f"{name}.o"
            link = link_command(toolchain.compiler, toolchain.home, [target, *driver], folder / name)
            compile_all(toolchain, name, [link])
            target.unlink()


def _object_command(model: _Model, folder: Path, header: Path) -> process.Command:
    compiler, home, name = model.toolchain.compiler, model.toolchain.home, model.wanted.name
    source = folder / f"{name}.hpp"
    source.write_text(model.cpp)
    return object_command(compiler, home, header, source, folder / f"{name}.o", threads=model.threads)


def _make_command(model: _Model, folder: Path) -> process.Command:
    wanted, home = model.wanted, model.toolchain.home
    (folder / f"{wanted.name}.stan").write_text(wanted.source)
    target, paths = folder / wanted.name, model.include_paths
    return cmdstan.make_command(home, target, paths, threads=model.threads, optimized=wanted.optimized)


def _compile_counted(
    toolchain: Toolchain, what: str, commands: Sequence[process.Command], progress: Progress
) -> None:
    with progress.stage(f"Building {what}", len(commands)) as stage:
        compile_all(toolchain, what, commands, on_count=stage.update)


def compile_all(
    toolchain: Toolchain,
    what: str,
    commands: Sequence[process.Command],
    on_count: Callable[[float], None] | None = None,
) -> None:
    """Run compilers side by side; the first that fails becomes our error.

    Where one was killed, most likely because several need too much memory, what is left runs one by one.
    """
    succeeded: list[process.Command] = []

    def note(result: process.Completed) -> None:
        if result.returncode == 0:
            succeeded.append(result.command)
            if on_count is not None:
                on_count(len(succeeded))

    jobs = min(_jobs(), len(commands))
    done = process.run_many(commands, jobs=jobs, on_done=note)
    if jobs > 1 and any(_was_killed(result) for result in done):
        waiting = [command for command in commands if command not in succeeded]
        done = process.run_many(waiting, on_done=note)
    for result in done:
        if result.returncode != 0:
            raise _failure(toolchain.cache, what, result)


def _jobs() -> int:
    """Return how many compilers fit this machine's processors and memory at once."""
    import psutil

    memory = psutil.virtual_memory().available // _MEMORY_PER_PIECE
    return max(1, min(os.cpu_count() or 1, memory))


def _failure(folder: Path, what: str, result: process.Completed) -> BuildFailed:
    slug = re.sub(r"\W+", "-", what)
    log = folder / "logs" / f"{slug}-{int(time.time())}.log"
    with cache.writing(folder):
        log.parent.mkdir(parents=True, exist_ok=True)
        log.write_text(f"{result.command}\n\n{result.output}\n")
    program = Path(result.command.argv[0]).name
    if "No space left on device" in result.output:
        message = f"{program} ran out of disk space while it compiled {what}; its words are in {log}."
        hint = "`workbench toolchain prune` frees space; WORKBENCH_CACHE moves the cache to another disk"
    elif _was_killed(result):
        message = f"{program} was killed while it compiled {what}, most likely for want of memory; see {log}."
        hint = "close other programs: a compiler needs up to 3 GB here"
    else:
        first = next((line for line in result.output.splitlines() if "error:" in line), "it gave no reason")
        message = f"{program} failed to compile {what}: {first.strip()} (all of its words are in {log})."
        hint = None
    return BuildFailed(message, command=str(result.command), log=log, hint=hint)


def _was_killed(result: process.Completed) -> bool:
    return result.returncode < 0 or "Killed signal" in result.output or "signal 9" in result.output
