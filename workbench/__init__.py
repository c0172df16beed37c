"""workbench: point estimates, full posteriors, and an honest account of both.

>>> import workbench  # doctest: +SKIP
>>> fit = workbench.fit("trial.stan", "trial.csv")  # doctest: +SKIP
>>> fit.summary()  # doctest: +SKIP
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from workbench.errors import WorkbenchError

if TYPE_CHECKING:
    from workbench.api import Fit, Model, check, compare, fit, load, predict, sensitivity

__all__ = ["Fit", "Model", "WorkbenchError", "check", "compare", "fit", "load", "predict", "sensitivity"]


def __getattr__(name: str) -> Any:
    """Import the front door when it is first used: the command line starts without the scientific stack."""
    if name in __all__:
        return getattr(import_module("workbench.api"), name)
    raise AttributeError(f"module 'workbench' has no attribute '{name}'")


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
