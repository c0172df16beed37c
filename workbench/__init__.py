"""workbench: point estimates, full posteriors, and an honest account of both.

>>> import workbench  # doctest: +SKIP
>>> fit = workbench.fit("trial.stan", "trial.csv")  # doctest: +SKIP
>>> fit.summary()  # doctest: +SKIP
"""

# Pythons from 2.7 on read this file too, so that `__main__` can say that they are too old.

TYPE_CHECKING = False
"""As that of `typing`, which the command line does without until it can be interrupted."""

if TYPE_CHECKING:
    from typing import Any  # noqa: F401 - in types that are comments

    from workbench.api import (
        Fit,
        FitAverage,
        Model,
        Registry,
        average,
        check,
        compare,
        fit,
        fit_each,
        load,
        predict,
        publish,
        runs,
        score,
        sensitivity,
    )
    from workbench.errors import PredictionWarning, WorkbenchError

__all__ = [
    "Fit",
    "FitAverage",
    "Model",
    "PredictionWarning",
    "Registry",
    "WorkbenchError",
    "average",
    "check",
    "compare",
    "fit",
    "fit_each",
    "load",
    "predict",
    "publish",
    "runs",
    "score",
    "sensitivity",
]


def __getattr__(name):  # type: (str) -> Any
    """Import the front door when it is first used: the command line starts without the scientific stack."""
    from importlib import import_module

    if name in __all__:
        is_error = name in ("PredictionWarning", "WorkbenchError")
        return getattr(import_module("workbench.errors" if is_error else "workbench.api"), name)
    raise AttributeError("module 'workbench' has no attribute '" + name + "'")


def __dir__():  # type: () -> list[str]
    return sorted(list(globals()) + __all__)
