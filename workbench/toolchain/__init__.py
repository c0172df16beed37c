"""Stan and a C++ compiler: `provision` provides them, `build` compiles with them."""

from workbench.toolchain.build import CompiledModel, ModelSource, build, build_all
from workbench.toolchain.cmdstan_home import provide_cmdstan_home
from workbench.toolchain.compilers import Compiler
from workbench.toolchain.doctor import ToolchainCheck, examine
from workbench.toolchain.provision import Toolchain, ToolchainSettings, find_cache_folder, provision
from workbench.toolchain.prune import Pruned, prune

__all__ = [
    "CompiledModel",
    "Compiler",
    "ModelSource",
    "Pruned",
    "Toolchain",
    "ToolchainCheck",
    "ToolchainSettings",
    "build",
    "build_all",
    "examine",
    "find_cache_folder",
    "provide_cmdstan_home",
    "provision",
    "prune",
]
