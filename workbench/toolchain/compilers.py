"""C++ compilers: which one is used, and the options of each."""

from __future__ import annotations

import os
import platform
import re
import shutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from workbench import process
from workbench.errors import ToolchainMissing
from workbench.provenance import hash_texts
from workbench.toolchain import cache

OPTIONS = (
    "-std=c++17",
    "-O3",
    "-pthread",
    "-w",
    "-D_REENTRANT",
    "-DBOOST_DISABLE_ASSERTS",
    "-DTBB_INTERFACE_NEW",
)
"""The options of every compilation, whatever the compiler: those of CmdStan's own makefile."""

_LONGEST_ANSWER = 120.0
"""How long a compiler may take to say its version [s]; one on a slow network drive takes seconds."""

_MODEL_HEADER = Path("stan/model/model_header.hpp")
"""The header that every model includes, within Stan's include folder."""


@dataclass(frozen=True)
class Compiler:
    """A C++ compiler on this machine.

    Attributes
    ----------
    kind
        ``clang``, ``gcc`` or ``zig``: which options it understands.
    argv
        The command that starts it.
    version
        Its version, as it prints it.
    identity
        The hash of everything that it prints about itself, including the standard library that it uses.
    env
        The environment variables that it needs.
    """

    kind: str
    argv: tuple[str, ...]
    version: str
    identity: str
    env: dict[str, str] = field(default_factory=dict, compare=False)

    def __str__(self) -> str:
        """Return the version and the path."""
        return f"{self.version} ({self.argv[0]})"


def find_compiler(
    requested: str | None, provide_zig: Callable[[], Path], zig_cache: Path
) -> tuple[Compiler, str]:
    """Return a compiler and the reason for choosing it.

    The order is: the compiler that the user names, ``clang++`` (or the newest ``clang++-NN``), ``g++``, and
    zig from its wheel.

    Parameters
    ----------
    requested
        ``clang++``, ``g++``, ``zig``, or a program's name or path; `None` takes the first that exists.
    provide_zig
        Fetches zig if it is needed.
    zig_cache
        Where zig keeps its compiled files.
    """
    if requested == "zig":
        return identify_zig(provide_zig(), zig_cache), "you requested zig"
    if requested is not None:
        path = next(_find_candidates(requested), None)
        if path is None:
            message = f"the compiler `{requested}` was requested, but no such program is on the PATH."
            raise ToolchainMissing(message, hint="clang++, g++, zig, or a path are accepted")
        return identify(path), f"you requested {requested}"
    for compiler in find_installed_compilers():
        return compiler, f"{compiler.argv[0]} is the first compiler found"
    try:
        zig = provide_zig()
    except ToolchainMissing as reason:
        message = (
            "this machine has no C++ compiler: neither clang++ nor g++ is on the PATH, and "
            f"{reason.message[0].lower()}{reason.message[1:]}"
        )
        hint = "install clang++ or g++, or give pip access to a package index, which has zig"
        raise ToolchainMissing(message, hint=hint) from reason
    return identify_zig(zig, zig_cache), "this machine has neither clang++ nor g++"


def find_installed_compilers() -> tuple[Compiler, ...]:
    """Return the compilers on the PATH, at most one of each kind, the preferred one first."""
    paths = (next(_find_candidates(name), None) for name in ("clang++", "g++"))
    return tuple(identify(path) for path in paths if path is not None)


def _find_candidates(name: str) -> Iterator[str]:
    path = shutil.which(name)
    if path is not None:
        yield path
    if name == "clang++":
        yield from sorted(_find_numbered_clangs(), key=_parse_number, reverse=True)


def _find_numbered_clangs() -> list[str]:
    folders = [folder for folder in os.environ.get("PATH", "").split(os.pathsep) if folder]
    return [str(path) for folder in folders for path in _list_files(Path(folder)) if _parse_number(path.name)]


def _list_files(folder: Path) -> list[Path]:
    """Return what a folder of the PATH holds: nothing, where it is not there or belongs to somebody else."""
    try:
        return list(folder.iterdir())
    except OSError:
        return []


def _parse_number(path: str) -> int:
    """Return the number at the end of a clang's name, 0 if there is none.

    >>> _parse_number("/usr/bin/clang++-16"), _parse_number("clang++-tidy")
    (16, 0)
    """
    number = re.search(r"clang\+\+-(\d+)$", path)
    return int(number[1]) if number else 0


def identify(path: str, *options: str) -> Compiler:
    """Return the compiler at a path, as it describes itself with the options that it is always given.

    Raises
    ------
    ToolchainMissing
        The program cannot be started, or is neither clang nor gcc.
    """
    try:
        answer = process.run([path, *options, "-v"], timeout=_LONGEST_ANSWER)
    except OSError as reason:
        raise ToolchainMissing(f"the compiler {path} cannot be started: {reason.strerror}.") from reason
    if answer.timed_out:
        message = f"`{path} -v` has not answered within {_LONGEST_ANSWER:.0f} seconds."
        raise ToolchainMissing(message, hint="name another compiler with --compiler")
    description = answer.output
    version = re.search(r"^(?:.*clang version|gcc version) .*$", description, re.MULTILINE)
    if answer.returncode != 0 or version is None:
        message = f"{path} was expected to be clang++ or g++, but `{path} -v` names neither."
        raise ToolchainMissing(message, hint="clang++, g++, zig, or a path to one of them are accepted")
    kind = "clang" if "clang version" in version[0] else "gcc"
    return Compiler(kind, (path, *options), version[0].strip(), hash_texts(path, *options, description))


def identify_zig(zig: Path, zig_cache: Path) -> Compiler:
    """Return zig as a C++ compiler that keeps its own cache inside ours."""
    version = process.run([zig, "version"], timeout=_LONGEST_ANSWER).stdout.strip()
    env = {"ZIG_GLOBAL_CACHE_DIR": str(zig_cache), "ZIG_LOCAL_CACHE_DIR": str(zig_cache)}
    return Compiler("zig", (str(zig), "c++"), f"zig {version}", hash_texts("zig", version), env)


def tune(compiler: Compiler) -> Compiler:
    """Return a compiler that uses all features of this processor, which become part of its identity."""
    option = _DIALECTS[compiler.kind].native_flag
    identity = hash_texts(compiler.identity, option, _describe_processor())
    return replace(compiler, argv=(*compiler.argv, option), identity=identity)


def _describe_processor() -> str:
    """Return the model and the features of this processor, as Linux lists them."""
    cpuinfo = Path("/proc/cpuinfo")
    if not cpuinfo.exists():
        return platform.processor()
    keys = ("model name", "flags", "Features")
    lines = cpuinfo.read_text().splitlines()
    return "\n".join(sorted({line for line in lines if line.startswith(keys)}))


def list_options(compiler: Compiler, home: Path, *, threads: bool) -> tuple[str, ...]:
    """Return the options of every compilation against a Stan home.

    Objects compiled with and without threads must not be linked together.
    """
    include = home / "include"
    chosen: tuple[str, ...] = (*OPTIONS, "-isystem", str(include), "-isystem", str(include / "rapidjson"))
    if threads:
        chosen += ("-DSTAN_THREADS",)
    return chosen + _DIALECTS[compiler.kind].flags


def compose_header_command(
    compiler: Compiler, home: Path, folder: Path, *, threads: bool
) -> process.ProcessCommand:
    """Return the command that precompiles Stan's model header into a folder."""
    dialect = _DIALECTS[compiler.kind]
    source = locate_header_source(compiler, home, folder)
    output = source if dialect.wants_copy else folder / _MODEL_HEADER.name
    return _command(
        compiler,
        list_options(compiler, home, threads=threads),
        ("-x", "c++-header", str(source), "-o", f"{output}{dialect.header_suffix}"),
    )


def hash_header(compiler: Compiler, home: Path, *, threads: bool) -> str:
    """Return the hash of everything that a precompiled header depends on."""
    # This includes Stan's folder: clang's precompiled headers name the files they were made from.
    command = compose_header_command(compiler, home, Path("header"), threads=threads)
    return hash_texts("header", compiler.identity, str(command))


def locate_header(folder: Path, compiler: Compiler, home: Path, *, threads: bool) -> Path:
    """Return the place of a compiler's precompiled header in a cache, whether or not it exists."""
    return cache.locate_entry(folder, "headers", hash_header(compiler, home, threads=threads))


def locate_header_source(compiler: Compiler, home: Path, folder: Path) -> Path:
    """Return the header to precompile: Stan's own, or a copy if the result must lie beside its source."""
    root = folder if _DIALECTS[compiler.kind].wants_copy else home / "include"
    return root / _MODEL_HEADER


def copy_header(compiler: Compiler, home: Path, folder: Path) -> None:
    """Copy the model header to where the compiler needs it."""
    target = locate_header_source(compiler, home, folder)
    if not target.exists():
        target.parent.mkdir(parents=True)
        shutil.copyfile(home / "include" / _MODEL_HEADER, target)


def compose_object_command(
    compiler: Compiler,
    home: Path,
    header: Path | None,
    source: Path,
    output: Path,
    *,
    threads: bool,
    level: str = "-O3",
) -> process.ProcessCommand:
    """Return the command that compiles one source file, with the precompiled header if one is given."""
    use = () if header is None else use_header(compiler, header)
    return _command(
        compiler,
        (*list_options(compiler, home, threads=threads), level, *use),
        ("-x", "c++", "-c", str(source), "-o", str(output)),
    )


def use_header(compiler: Compiler, folder: Path) -> tuple[str, ...]:
    """Return the options with which a compilation uses a precompiled header."""
    return _DIALECTS[compiler.kind].use_header(folder)


def compose_link_command(
    compiler: Compiler, home: Path, objects: Sequence[Path], output: Path
) -> process.ProcessCommand:
    """Return the command that links an executable."""
    return _command(compiler, (), (*map(str, objects), "-o", str(output), *list_link_options(compiler, home)))


def list_link_options(compiler: Compiler, home: Path) -> tuple[str, ...]:
    """Return the options that link an executable to its libraries; it finds TBB in the Stan home."""
    lib = home / "lib"
    archives = sorted(str(path) for path in lib.glob("libsundials_*.a"))
    own = _DIALECTS[compiler.kind].link_flags
    # Not -Wl,-rpath,FOLDER: a comma in the folder's name would end it.
    rpath = ("-Xlinker", "-rpath", "-Xlinker", str(lib))
    return ("-pthread", *own, *archives, f"-L{lib}", "-ltbb", *rpath)


def _command(compiler: Compiler, options: Sequence[str], rest: Sequence[str]) -> process.ProcessCommand:
    return process.ProcessCommand((*compiler.argv, *options, *rest), env=compiler.env or None)


def measure_header_space(compiler: Compiler) -> int:
    """Return the least that the precompiled header of Stan takes [bytes]."""
    return _DIALECTS[compiler.kind].header_space


@dataclass(frozen=True)
class _Dialect:
    """The options of one kind of compiler.

    Attributes
    ----------
    flags, link_flags
        Further options of every compilation, and of linking.
    header_suffix
        The suffix of precompiled headers.
    wants_copy
        Whether a precompiled header must lie beside its source.
    use_header
        Returns the options that use the precompiled header in a folder.
    header_space
        The least that Stan's precompiled header takes [bytes]: g++ 12 makes 791 MB, clang 100 MB or more.
    native_flag
        The option that uses all features of this processor.
    """

    flags: tuple[str, ...]
    link_flags: tuple[str, ...]
    header_suffix: str
    wants_copy: bool
    use_header: Callable[[Path], tuple[str, ...]]
    header_space: int
    native_flag: str = "-march=native"


def _use_clang_header(folder: Path) -> tuple[str, ...]:
    return ("-include-pch", str(folder / f"{_MODEL_HEADER.name}.pch"))


def _use_gcc_header(folder: Path) -> tuple[str, ...]:
    return ("-I", str(folder), "-include", str(_MODEL_HEADER), "-Winvalid-pch")


_DIALECTS = {
    # With its own limit (225), clang does not inline many small functions of Stan's automatic
    # differentiation: programs that loop over rows take a fifth longer than with g++. With 500 they take a
    # tenth less.
    "clang": _Dialect(
        ("-fpch-instantiate-templates", "-mllvm", "-inline-threshold=500"),
        (),
        ".pch",
        False,
        _use_clang_header,
        60_000_000,
    ),
    "gcc": _Dialect((), (), ".gch", True, _use_gcc_header, 300_000_000),
    # Without -g0 and -s, zig writes debug sections of some 80 MB.
    "zig": _Dialect(
        ("-Xclang", "-fpch-instantiate-templates", "-g0"),
        ("-s",),
        ".pch",
        False,
        _use_clang_header,
        60_000_000,
        "-mcpu=native",
    ),
}
"""The dialect of each kind of compiler."""
