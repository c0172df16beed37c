"""Point estimates and posteriors: Stan's algorithms, asked and made complete."""

from workbench.estimation.estimate import estimate
from workbench.estimation.sampling.warm_start import extract_warm_start

__all__ = ["estimate", "extract_warm_start"]
