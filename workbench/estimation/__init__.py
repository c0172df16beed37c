"""Point estimates and posteriors: Stan's algorithms, asked and made complete."""

from workbench.estimation.fit import Fit, fit
from workbench.estimation.part import Part

__all__ = ["Fit", "Part", "fit"]
