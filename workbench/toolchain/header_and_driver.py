"""What every model is combined with: Stan's precompiled header, and the driver of the command line."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import resources
from pathlib import Path

from workbench import process
from workbench.progress import Progress
from workbench.provenance import hash_texts
from workbench.toolchain import cache
from workbench.toolchain.compilers import compose_header_command, compose_object_command, copy_header
from workbench.toolchain.provision import Toolchain
from workbench.toolchain.run_compilers import run_compilers

# The driver is compiled in a few pieces, the slowest first: sources that use the same templates of Stan
# instantiate them once. Each of the small ones needs no header of Stan's at all.
_TOGETHER = {
    "optimizers": ("pathfinder.cpp", "optimize.cpp"),
    "samplers": ("nuts_dense.cpp", "nuts_diag.cpp", "nuts_unit.cpp"),
    "approximations": ("laplace.cpp", "variational.cpp"),
    "contexts": ("contexts.cpp", "metric.cpp"),
}
_SMALL = ("grammar.cpp", "number.cpp", "settings.cpp")
# The driver builds faster so, and programs run as fast: their density is compiled apart, with -O3.
_DRIVER_LEVEL = "-O1"


def hash_header(toolchain: Toolchain, threads: bool) -> str:
    """Return the hash of all that a precompiled header depends on."""
    # The folder counts too: clang's headers name the files they were made from.
    command = compose_header_command(toolchain.compiler, toolchain.home, Path("header"), threads=threads)
    return hash_texts("header", toolchain.compiler.identity, str(command))


def hash_driver(toolchain: Toolchain, threads: bool) -> str:
    """Return the hash of all that the driver's objects depend on."""
    sources = [path.name + "\n" + path.read_text() for path in _driver_sources(".hpp", ".cpp")]
    return hash_texts("driver", _DRIVER_LEVEL, hash_header(toolchain, threads), *sources)


def build_header(
    toolchain: Toolchain, threads: bool, progress: Progress, beside: Sequence[process.Command] = ()
) -> Path:
    """Return the folder of Stan's precompiled model header, made on first use.

    Where it is made, the commands `beside` it run as well: one compiler alone would leave processors idle.
    """
    place = cache.locate_entry(toolchain.cache, "headers", hash_header(toolchain, threads))
    what = "Stan's headers and driver" if beside else "Stan's headers"

    def make(folder: Path) -> None:
        copy_header(toolchain.compiler, toolchain.home, folder)
        header = compose_header_command(toolchain.compiler, toolchain.home, folder, threads=threads)
        _compile_counted(toolchain, what, [header, *beside], progress)

    cache.publish(place, make, progress)
    cache.touch(place)
    return place


def build_driver(toolchain: Toolchain, threads: bool, progress: Progress) -> list[Path]:
    """Return the objects of the command line's driver, made on first use; so is the precompiled header."""
    place = cache.locate_entry(toolchain.cache, "drivers", hash_driver(toolchain, threads))

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
    return compose_object_command(compiler, home, None, source, output, threads=threads, level=_DRIVER_LEVEL)


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


def _compile_counted(
    toolchain: Toolchain, what: str, commands: Sequence[process.Command], progress: Progress
) -> None:
    with progress.stage(f"Building {what}", len(commands)) as stage:
        run_compilers(toolchain, what, commands, on_count=stage.update)
