"""A folder that cmdstanpy, and other programs that use CmdStan, accept as a CmdStan home."""

from __future__ import annotations

from importlib import resources
from pathlib import Path

from workbench.errors import ToolchainError
from workbench.progress import SILENT, Progress
from workbench.provenance import hash_texts
from workbench.toolchain import cache
from workbench.toolchain.cmdstan import is_plain
from workbench.toolchain.compilers import (
    compose_link_command,
    compose_object_command,
    list_link_options,
    list_options,
    use_header,
)
from workbench.toolchain.header_and_driver import build_driver, build_header, hash_driver
from workbench.toolchain.provision import Toolchain
from workbench.toolchain.run_compilers import run_compilers

_TOOLS = ("stansummary", "diagnose")
"""The programs of a CmdStan home besides stanc; each is a source file in `analysis/`."""

_SHARED = ("number.o",)
"""Objects of the driver that these programs use to read numbers."""


def provide_cmdstan_home(toolchain: Toolchain, *, threads: bool = False, progress: Progress = SILENT) -> Path:
    """Return a CmdStan home whose makefile compiles with this toolchain; it is made on first use.

    With the user's own CmdStan, that is the home.

    Parameters
    ----------
    toolchain
        What `provision` returned.
    threads
        Whether ``STAN_THREADS=True`` works as well; that needs a second driver.
    progress
        Where stages are shown.

    Raises
    ------
    ToolchainError
        The path of the cache has characters with a meaning for make.
    """
    if toolchain.source == "cmdstan":
        return toolchain.home
    if not is_plain(toolchain.cache):
        message = (
            f"a CmdStan home cannot be made in the cache at `{toolchain.cache}`: "
            "its path has characters with a meaning for make."
        )
        hint = "set WORKBENCH_CACHE to a folder whose path has only letters, digits, `/` and `-`"
        raise ToolchainError(message, hint=hint)
    variants = (False, True) if threads else (False,)
    keys = [hash_driver(toolchain, variant) for variant in variants]
    texts = [path.read_text() for path in _list_sources()]
    place = cache.locate_entry(toolchain.cache, "homes", hash_texts("home", *keys, _MAKEFILE, *texts))

    def make(folder: Path) -> None:
        settings = [_format_settings(toolchain, variant, progress) for variant in variants]
        (folder / "makefile").write_text(_format_makefile(toolchain, settings))
        (folder / "bin").mkdir()
        (folder / "bin" / "stanc").symlink_to(toolchain.stanc.path)
        with progress.stage("Building CmdStan's tools"):
            _build_tools(toolchain, folder / "bin", progress)

    cache.publish(place, make, progress)
    cache.touch(place)
    return place


def _list_sources() -> list[Path]:
    folder = Path(str(resources.files("workbench.toolchain") / "analysis"))
    return sorted(path for path in folder.iterdir() if path.suffix in (".hpp", ".cpp"))


def _build_tools(toolchain: Toolchain, folder: Path, progress: Progress) -> None:
    compiler, home = toolchain.compiler, toolchain.home
    header = build_header(toolchain, False, progress)
    shared = [path for path in build_driver(toolchain, False, progress) if path.name in _SHARED]
    sources = [path for path in _list_sources() if path.suffix == ".cpp"]
    objects = {path: folder / f"{path.stem}.o" for path in sources}
    compiling = [
        compose_object_command(compiler, home, header, source, target, threads=False)
        for source, target in objects.items()
    ]
    run_compilers(toolchain, "CmdStan's tools", compiling)
    common = [target for source, target in objects.items() if source.stem not in _TOOLS]
    linking = [
        compose_link_command(compiler, home, (folder / f"{name}.o", *common, *shared), folder / name)
        for name in _TOOLS
    ]
    run_compilers(toolchain, "CmdStan's tools", linking)
    for target in objects.values():
        target.unlink()


def _format_settings(toolchain: Toolchain, threads: bool, progress: Progress) -> str:
    """Return the makefile's settings for executables with or without threads."""
    compiler, home = toolchain.compiler, toolchain.home
    header = build_header(toolchain, threads, progress)
    driver = build_driver(toolchain, threads, progress)
    ending = "_THREADS" if threads else ""
    return "\n".join(
        (
            f"WB_FLAGS{ending} := {' '.join(list_options(compiler, home, threads=threads))}",
            f"WB_HEADER{ending} := {' '.join(use_header(compiler, header))}",
            f"WB_DRIVER{ending} := {' '.join(map(str, driver))}",
        )
    )


def _format_makefile(toolchain: Toolchain, settings: list[str]) -> str:
    compiler = toolchain.compiler
    environment = [f"export {name} := {value}" for name, value in compiler.env.items()]
    return _MAKEFILE.format(
        version=toolchain.stan_version,
        compiler=" ".join(compiler.argv),
        stanc=toolchain.stanc.path,
        link=" ".join(list_link_options(compiler, toolchain.home)),
        settings="\n".join((*settings, *environment)),
    )


_MAKEFILE = """\
CMDSTAN_VERSION := {version}
# Compiles PATH/name.stan to the executable PATH/name. Written by workbench, as a part of its build cache.
-include make/local

WB_CXX := {compiler}
WB_LINK := {link}
{settings}

# Any other value means with threads.
ifneq ($(filter-out false False FALSE 0,$(STAN_THREADS)),)
ifndef WB_DRIVER_THREADS
$(error this home was made without threads: make one with `workbench toolchain path --threads`)
endif
WB_VARIANT := _THREADS
endif
WB_OWN := $(CPPFLAGS) $(CXXFLAGS) $(if $(O),-O$(O)) $(if $(USER_HEADER),-include $(USER_HEADER))
ifneq ($(filter-out false False FALSE 0,$(STAN_NO_RANGE_CHECKS)),)
WB_OWN += -DSTAN_NO_RANGE_CHECKS
endif
# The precompiled header is only valid with the options it was made with; with other options it is not used.
WB_CHANGED := $(strip $(CPPFLAGS) $(CXXFLAGS) $(O) $(filter-out false False FALSE 0,$(STAN_NO_RANGE_CHECKS)))
WB_USED_HEADER := $(if $(WB_CHANGED),,$(WB_HEADER$(WB_VARIANT)))

.SUFFIXES:
.PHONY: build clean-all
build clean-all: ;

%.hpp: %.stan
\t{stanc} $(STANCFLAGS) --o=$@ $<

%.o: %.hpp
\t$(WB_CXX) $(WB_FLAGS$(WB_VARIANT)) $(WB_USED_HEADER) $(WB_OWN) -x c++ -c $< -o $@

%: %.o
\t$(WB_CXX) $(LDFLAGS) $< $(WB_DRIVER$(WB_VARIANT)) -o $@ $(WB_LINK) $(LDLIBS)

.PRECIOUS: %.hpp
"""
"""The makefile of a home; the settings are those of `_format_settings`."""
