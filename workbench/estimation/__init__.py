"""Point estimates and posteriors: Stan's algorithms, asked and made complete."""

from workbench.estimation.estimate import fit
from workbench.estimation.sampling.warm_start import warm_start

__all__ = ["fit", "warm_start"]
