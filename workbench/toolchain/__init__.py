"""Stan and a C++ compiler, provided and used: `provision`, then `build`."""

from workbench.toolchain.build import CompiledModel, Wanted, build, build_all
from workbench.toolchain.compilers import Compiler
from workbench.toolchain.doctor import Finding, examine
from workbench.toolchain.home import cmdstan_home
from workbench.toolchain.locate import Settings, Toolchain, cache_folder, provision
from workbench.toolchain.prune import Pruned, prune

__all__ = [
    "CompiledModel",
    "Compiler",
    "Finding",
    "Pruned",
    "Settings",
    "Toolchain",
    "Wanted",
    "build",
    "build_all",
    "cache_folder",
    "cmdstan_home",
    "examine",
    "provision",
    "prune",
]
