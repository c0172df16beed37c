"""What a fit found: estimates, draws, and the run directory that holds them."""

from workbench.results.fit import Fit
from workbench.results.method_result import MethodResult

__all__ = ["Fit", "MethodResult"]
