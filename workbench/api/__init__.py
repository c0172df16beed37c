"""The Python front door: the verbs of the command line under the same names, for programs and notebooks."""

from workbench.api.averaging import FitAverage, average
from workbench.api.finished_fit import Fit
from workbench.api.fitting_each import fit_each
from workbench.api.model import Model
from workbench.api.publishing import publish
from workbench.api.registry import Registry
from workbench.api.verbs import check, compare, fit, load, predict, runs, score, sensitivity

__all__ = [
    "Fit",
    "FitAverage",
    "Model",
    "Registry",
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
