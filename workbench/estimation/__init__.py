"""Point estimates and posteriors: Stan's algorithms, asked and made complete."""

from workbench.estimation.fit import Fit, fit
from workbench.estimation.part import Part
from workbench.estimation.warm_start import warm_start

__all__ = ["Fit", "Part", "fit", "warm_start"]
