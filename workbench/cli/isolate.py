"""Settings of other packages in the working folder: not read.

When they are imported, matplotlib reads `matplotlibrc` and ArviZ reads `arvizrc` from the folder in which a
command runs. Such a file may come with somebody's data: it would change results, or prevent them if it is
damaged. The settings in the user's own folders hold as ever.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from types import ModuleType

_READERS = ("matplotlib", "arviz_base")
"""The packages that read settings from the working folder when they are imported."""


def ignore_settings_of_the_working_folder() -> None:
    """Let these packages be imported, whenever that is, as if the working folder were an empty one."""
    sys.meta_path.insert(0, _Finder())


class _Finder(MetaPathFinder):
    """Finds the readers of settings, and has them loaded elsewhere."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Return where a reader of settings is, with our loader; `None` for any other module."""
        if fullname not in _READERS:
            return None
        spec = PathFinder.find_spec(fullname, path, target)
        if spec is not None and spec.loader is not None:
            spec.loader = _Loader(spec.loader)
        return spec


class _Loader(Loader):
    """Loads a module as another loader does, in a folder without settings."""

    def __init__(self, loader: Loader) -> None:
        self.loader = loader

    def __getattr__(self, name: str) -> object:
        return getattr(self.loader, name)

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        """Return what the loader makes."""
        return self.loader.create_module(spec)

    def exec_module(self, module: ModuleType) -> None:
        """Load the module in the root folder of the file system, which only its owner can write."""
        with _elsewhere():
            self.loader.exec_module(module)


@contextmanager
def _elsewhere() -> Iterator[None]:
    """Work in the root folder for a moment: nothing else runs while a command imports its packages."""
    try:
        here = os.open(".", os.O_RDONLY | os.O_DIRECTORY)
    except OSError:  # the folder was removed: it has no settings either
        yield
        return
    try:
        os.chdir("/")  # noqa: TID251 - there is no other way to tell these packages
        yield
    finally:
        os.fchdir(here)
        os.close(here)
