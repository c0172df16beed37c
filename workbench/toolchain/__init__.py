"""Stan and a C++ compiler, provided and used: `provision`, then `build`."""

from workbench.toolchain.build import CompiledModel, ModelSource, build, build_all
from workbench.toolchain.cmdstan_home import provide_cmdstan_home
from workbench.toolchain.compilers import Compiler
from workbench.toolchain.doctor import Finding, examine
from workbench.toolchain.provision import Settings, Toolchain, find_cache_folder, provision
from workbench.toolchain.prune import Pruned, prune

__all__ = [
    "CompiledModel",
    "Compiler",
    "Finding",
    "ModelSource",
    "Pruned",
    "Settings",
    "Toolchain",
    "build",
    "build_all",
    "examine",
    "find_cache_folder",
    "provide_cmdstan_home",
    "provision",
    "prune",
]
