"""Stan and a C++ compiler, provided and used: `provision`, then `build`."""

from workbench.toolchain.build import CompiledModel, build
from workbench.toolchain.compilers import Compiler
from workbench.toolchain.home import cmdstan_home
from workbench.toolchain.locate import Settings, Toolchain, cache_folder, provision

__all__ = [
    "CompiledModel",
    "Compiler",
    "Settings",
    "Toolchain",
    "build",
    "cache_folder",
    "cmdstan_home",
    "provision",
]
