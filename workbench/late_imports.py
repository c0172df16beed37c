"""Packages that take long to import, imported when something of them is first used.

A module writes, for the type checker and for itself::

    if TYPE_CHECKING:
        from scipy import stats
    else:
        stats = LateModule("scipy.stats")
"""

from __future__ import annotations

import importlib
import threading

WHILE_WAITING = ("scipy.stats", "scipy.signal", "scipy.interpolate", "scipy.fftpack")
"""What every summary of draws needs, directly or for ArviZ. None of them reads settings from a folder."""


class LateModule:
    """Stands for a module, or for something in one, which is imported when an attribute of it is first used.

    Parameters
    ----------
    name
        The module.
    member
        What is meant in it, if not the module itself.

    Examples
    --------
    >>> LateModule("math").floor(2.5), LateModule("os", "path").basename("a/b")
    (2, 'b')
    """

    def __init__(self, name: str, member: str | None = None) -> None:
        self._name = name
        self._member = member
        self._meant: object = None

    def __getattr__(self, attribute: str) -> object:
        """Return an attribute of what is meant."""
        if attribute.startswith("__"):  # tools that examine modules ask for these of everything
            raise AttributeError(attribute)
        if self._meant is None:
            module = importlib.import_module(self._name)
            self._meant = module if self._member is None else getattr(module, self._member)
        return getattr(self._meant, attribute)


def import_while_waiting() -> None:
    """Import in another thread what is needed once Stan has finished; an error is raised where it is used."""
    threading.Thread(target=_import_all, daemon=True, name="imports").start()


def _import_all() -> None:
    try:
        for name in WHILE_WAITING:
            importlib.import_module(name)
    except ImportError:
        return
