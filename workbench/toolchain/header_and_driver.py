"""What every model is combined with: Stan's precompiled header, and the driver of the command line."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from importlib import resources
from pathlib import Path

from workbench import process
from workbench.progress import Progress
from workbench.provenance import hash_texts
from workbench.toolchain import cache
from workbench.toolchain.compilers import (
    compose_header_command,
    compose_object_command,
    copy_header,
    hash_header,
    locate_header,
    measure_header_space,
)
from workbench.toolchain.provision import Toolchain
from workbench.toolchain.run_compilers import run_compilers

_GROUPS: dict[str, tuple[str, ...]] = {
    "optimizers": ("pathfinder.cpp", "optimize.cpp"),
    "methods": (),
    "approximations": ("laplace.cpp", "variational.cpp"),
}
"""The driver's sources that are compiled together, the slowest group first; `methods` are all others that
include Stan's headers. Sources that are compiled together read these headers once, and instantiate their
templates once. On two processors, one compiles the precompiled header and the methods while the other
compiles the other two groups; both take about as long."""

_GROUP = "group_"
"""How the names of files begin that include a group: one named like a source would include itself."""

_SINGLE_SOURCES = ("grammar.cpp", "number.cpp", "settings.cpp")
"""The driver's sources that are compiled on their own, quickly: they include none of Stan's headers."""

_DRIVER_SPACE = 4_000_000
"""The least that the driver's objects take [bytes]."""

_DRIVER_LEVEL = "-O2"
"""The driver's optimisation level. It builds as fast as with -O1, and eight schools samples 7 % faster; -O3
is no faster. Programs themselves have -O3."""


def hash_driver(toolchain: Toolchain, threads: bool) -> str:
    """Return the hash of everything that the driver's objects depend on."""
    sources = [path.name + "\n" + path.read_text() for path in _list_driver_sources(".hpp", ".cpp")]
    header = hash_header(toolchain.compiler, toolchain.home, threads=threads)
    return hash_texts("driver", _DRIVER_LEVEL, header, *sources)


def build_header(
    toolchain: Toolchain, threads: bool, progress: Progress, parallel: Sequence[process.ProcessCommand] = ()
) -> Path:
    """Return the folder of Stan's precompiled model header, made on first use.

    If it is made now, the commands in `parallel` run beside it: one compiler would leave processors idle.
    """
    place = locate_header(toolchain.cache, toolchain.compiler, toolchain.home, threads=threads)
    target = "Stan's headers and driver" if parallel else "Stan's headers"

    def make(folder: Path) -> None:
        cache.require_space(
            folder, measure_header_space(toolchain.compiler), "the precompiled header of Stan"
        )
        copy_header(toolchain.compiler, toolchain.home, folder)
        header = compose_header_command(toolchain.compiler, toolchain.home, folder, threads=threads)
        _show_and_compile(toolchain, target, [header, *parallel], progress)

    cache.publish(place, make, progress)
    cache.touch(place)
    return place


def build_driver(toolchain: Toolchain, threads: bool, progress: Progress) -> list[Path]:
    """Return the driver's objects, made on first use, as is the precompiled header."""
    place = cache.locate_entry(toolchain.cache, "drivers", hash_driver(toolchain, threads))

    def make(folder: Path) -> None:
        cache.require_space(folder, _DRIVER_SPACE, "the driver of Stan's command line")
        outputs = {
            source: folder / f"{source.stem.removeprefix(_GROUP)}.o"
            for source in _group_driver_sources(folder)
        }
        commands = [
            _compose_driver_command(toolchain, source, outputs[source], threads) for source in outputs
        ]
        build_header(toolchain, threads, progress, commands)
        if not all(output.exists() for output in outputs.values()):  # the header existed already
            _show_and_compile(toolchain, "Stan's driver", commands, progress)

    cache.publish(place, make, progress)
    cache.touch(place)
    return sorted(place.glob("*.o"))


def _compose_driver_command(
    toolchain: Toolchain, source: Path, output: Path, threads: bool
) -> process.ProcessCommand:
    compiler, home = toolchain.compiler, toolchain.home
    command = compose_object_command(
        compiler, home, None, source, output, threads=threads, level=_DRIVER_LEVEL
    )
    return replace(command, argv=(*command.argv, "-iquote", str(_locate_driver())))


def _list_driver_sources(*suffixes: str) -> list[Path]:
    return sorted(path for path in _locate_driver().iterdir() if path.suffix in suffixes)


def _locate_driver() -> Path:
    return Path(str(resources.files("workbench.toolchain") / "driver"))


def _group_driver_sources(folder: Path) -> list[Path]:
    """Return the files to compile, the slowest first; write those that include a group of sources."""
    sources = {path.name: path for path in _list_driver_sources(".cpp")}
    single = [sources.pop(name) for name in _SINGLE_SOURCES]
    groups = {group: [sources.pop(name) for name in names] for group, names in _GROUPS.items()}
    return [
        *(
            _include_all(folder / f"{_GROUP}{group}.cpp", paths or list(sources.values()))
            for group, paths in groups.items()
        ),
        *single,
    ]


def _include_all(file: Path, sources: Sequence[Path]) -> Path:
    file.write_text("".join(f'#include "{path.name}"\n' for path in sources))
    return file


def _show_and_compile(
    toolchain: Toolchain, target: str, commands: Sequence[process.ProcessCommand], progress: Progress
) -> None:
    with progress.stage(f"Building {target}", len(commands)) as stage:
        run_compilers(toolchain, target, commands, on_count=stage.update)
