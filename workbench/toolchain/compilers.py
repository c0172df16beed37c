"""C++ compilers: which one is used, and how each is told what to do."""

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

_BASE = (
    "-std=c++17",
    "-O3",
    "-pthread",
    "-w",
    "-D_REENTRANT",
    "-DBOOST_DISABLE_ASSERTS",
    "-DTBB_INTERFACE_NEW",
)
_KINDS = {"clang": "clang++", "gcc": "g++", "zig": "zig"}
_MODEL_HEADER = Path("stan/model/model_header.hpp")


@dataclass(frozen=True)
class Compiler:
    """A C++ compiler on this machine.

    Attributes
    ----------
    kind
        ``clang``, ``gcc`` or ``zig``: the language of its options.
    argv
        How it is started.
    version
        The first line of what it says about itself.
    identity
        The hash of all it says about itself, the standard library it found included.
    env
        Variables it needs.
    """

    kind: str
    argv: tuple[str, ...]
    version: str
    identity: str
    env: dict[str, str] = field(default_factory=dict, compare=False)

    def __str__(self) -> str:
        """Return the version with the path it was found at."""
        return f"{self.version} ({self.argv[0]})"


def find_compiler(
    wanted: str | None, provide_zig: Callable[[], Path], zig_cache: Path
) -> tuple[Compiler, str]:
    """Return a compiler and why it was chosen.

    The order is: the one the user names, ``clang++`` (also ``clang++-NN``, the newest), ``g++``, and zig from
    its wheel.

    Parameters
    ----------
    wanted
        A kind (``clang++``, ``g++``, ``zig``), a program's name or its path; `None` takes the first there is.
    provide_zig
        Fetches zig where it is needed.
    zig_cache
        Where zig keeps what it compiled.
    """
    if wanted == "zig":
        return identify_zig(provide_zig(), zig_cache), "you asked for zig"
    if wanted is not None:
        path = next(iter(_candidates(wanted)), None)
        if path is None:
            message = f"the compiler `{wanted}` was asked for, but no such program is on the PATH."
            raise ToolchainMissing(message, hint="clang++, g++, zig, or a path are accepted")
        return identify(path), f"you asked for {wanted}"
    for compiler in find_installed_compilers():
        return compiler, f"{compiler.argv[0]} is the first compiler found"
    try:
        zig = provide_zig()
    except ToolchainMissing as reason:
        message = (
            "this machine has no C++ compiler: neither clang++ nor g++ is on the PATH, and "
            f"{reason.message[0].lower()}{reason.message[1:]}"
        )
        hint = "install clang++ or g++, or let pip reach a package index, which has zig"
        raise ToolchainMissing(message, hint=hint) from reason
    return identify_zig(zig, zig_cache), "the machine has neither clang++ nor g++"


def find_installed_compilers() -> tuple[Compiler, ...]:
    """Return the compilers on the PATH, the preferred one first: at most one of each kind."""
    firsts = (next(_candidates(name), None) for name in ("clang++", "g++"))
    return tuple(identify(path) for path in firsts if path is not None)


def _candidates(name: str) -> Iterator[str]:
    found = shutil.which(name)
    if found is not None:
        yield found
    if name == "clang++":
        yield from sorted(_numbered_clangs(), key=_clang_number, reverse=True)


def _numbered_clangs() -> list[str]:
    folders = [Path(folder) for folder in os.environ.get("PATH", "").split(os.pathsep) if folder]
    return [str(path) for folder in folders for path in folder.glob("clang++-*") if _clang_number(path.name)]


def _clang_number(path: str) -> int:
    """Return the number at the end of a versioned clang's name, 0 if there is none.

    >>> _clang_number("/usr/bin/clang++-16"), _clang_number("clang++-tidy")
    (16, 0)
    """
    number = re.search(r"clang\+\+-(\d+)$", path)
    return int(number[1]) if number else 0


def identify(path: str) -> Compiler:
    """Return what a compiler says it is.

    Raises
    ------
    ToolchainMissing
        It does not answer, or is neither clang nor gcc.
    """
    try:
        answer = process.run([path, "-v"])
    except OSError as reason:
        raise ToolchainMissing(f"the compiler {path} cannot be started: {reason.strerror}.") from reason
    said = answer.output
    version = re.search(r"^(?:.*clang version|gcc version) .*$", said, re.MULTILINE)
    if answer.returncode != 0 or version is None:
        message = f"{path} was expected to be clang++ or g++, but `{path} -v` says neither."
        raise ToolchainMissing(message, hint="clang++, g++, zig, or a path to one of them are accepted")
    kind = "clang" if "clang version" in version[0] else "gcc"
    return Compiler(kind, (path,), version[0].strip(), hash_texts(path, said))


def identify_zig(zig: Path, zig_cache: Path) -> Compiler:
    """Return zig as a C++ compiler, with the cache it needs inside ours."""
    version = process.run([zig, "version"]).stdout.strip()
    env = {"ZIG_GLOBAL_CACHE_DIR": str(zig_cache), "ZIG_LOCAL_CACHE_DIR": str(zig_cache)}
    return Compiler("zig", (str(zig), "c++"), f"zig {version}", hash_texts("zig", version), env)


def tune(compiler: Compiler) -> Compiler:
    """Return a compiler that uses all this processor can do, which is then part of its identity."""
    option = _DIALECT[compiler.kind].native_flag
    identity = hash_texts(compiler.identity, option, _processor())
    return replace(compiler, argv=(*compiler.argv, option), identity=identity)


def _processor() -> str:
    """Return the model and the abilities of this processor, as Linux lists them."""
    cpuinfo = Path("/proc/cpuinfo")
    if not cpuinfo.exists():
        return platform.processor()
    wanted = ("model name", "flags", "Features")
    lines = cpuinfo.read_text().splitlines()
    return "\n".join(sorted({line for line in lines if line.startswith(wanted)}))


def flags(compiler: Compiler, home: Path, *, threads: bool) -> tuple[str, ...]:
    """Return the options that every compilation against a Stan home has in common.

    Objects built with and without threads must not be mixed.
    """
    include = home / "include"
    chosen: tuple[str, ...] = (*_BASE, "-isystem", str(include), "-isystem", str(include / "rapidjson"))
    if threads:
        chosen += ("-DSTAN_THREADS",)
    return chosen + _DIALECT[compiler.kind].flags


def compose_header_command(compiler: Compiler, home: Path, folder: Path, *, threads: bool) -> process.Command:
    """Return the command that precompiles Stan's model header into a folder."""
    dialect = _DIALECT[compiler.kind]
    source = locate_header_source(compiler, home, folder)
    output = source if dialect.wants_copy else folder / _MODEL_HEADER.name
    return _command(
        compiler,
        flags(compiler, home, threads=threads),
        ("-x", "c++-header", str(source), "-o", f"{output}{dialect.header_suffix}"),
    )


def locate_header_source(compiler: Compiler, home: Path, folder: Path) -> Path:
    """Return the header to precompile: Stan's own, or the copy that has to lie beside the result."""
    root = folder if _DIALECT[compiler.kind].wants_copy else home / "include"
    return root / _MODEL_HEADER


def copy_header(compiler: Compiler, home: Path, folder: Path) -> None:
    """Put a copy of the model header where the compiler wants one."""
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
) -> process.Command:
    """Return the command that compiles one source file, with the precompiled header where it needs Stan."""
    use = () if header is None else use_header(compiler, header)
    return _command(
        compiler,
        (*flags(compiler, home, threads=threads), level, *use),
        ("-x", "c++", "-c", str(source), "-o", str(output)),
    )


def use_header(compiler: Compiler, folder: Path) -> tuple[str, ...]:
    """Return the options that make a compilation use a precompiled header."""
    return _DIALECT[compiler.kind].use_header(folder)


def compose_link_command(
    compiler: Compiler, home: Path, objects: Sequence[Path], output: Path
) -> process.Command:
    """Return the command that links an executable."""
    return _command(compiler, (), (*map(str, objects), "-o", str(output), *list_link_options(compiler, home)))


def list_link_options(compiler: Compiler, home: Path) -> tuple[str, ...]:
    """Return the libraries of an executable, which will look for TBB in the Stan home."""
    lib = home / "lib"
    archives = sorted(str(path) for path in lib.glob("libsundials_*.a"))
    own = _DIALECT[compiler.kind].link_flags
    return ("-pthread", *own, *archives, f"-L{lib}", "-ltbb", f"-Wl,-rpath,{lib}")


def _command(compiler: Compiler, options: Sequence[str], rest: Sequence[str]) -> process.Command:
    return process.Command((*compiler.argv, *options, *rest), env=compiler.env or None)


@dataclass(frozen=True)
class _Dialect:
    """What one kind of compiler wants to be told."""

    flags: tuple[str, ...]
    link_flags: tuple[str, ...]
    header_suffix: str
    wants_copy: bool  # the precompiled header must lie beside a copy of its source
    use_header: Callable[[Path], tuple[str, ...]]
    native_flag: str = "-march=native"


def _use_clang_header(folder: Path) -> tuple[str, ...]:
    return ("-include-pch", str(folder / f"{_MODEL_HEADER.name}.pch"))


def _use_gcc_header(folder: Path) -> tuple[str, ...]:
    return ("-I", str(folder), "-include", str(_MODEL_HEADER), "-Winvalid-pch")


_DIALECT = {
    "clang": _Dialect(("-fpch-instantiate-templates",), (), ".pch", False, _use_clang_header),
    "gcc": _Dialect((), (), ".gch", True, _use_gcc_header),
    # zig would write debug sections of some 80 MB
    "zig": _Dialect(
        ("-Xclang", "-fpch-instantiate-templates", "-g0"),
        ("-s",),
        ".pch",
        False,
        _use_clang_header,
        "-mcpu=native",
    ),
}
