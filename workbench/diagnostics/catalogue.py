"""Every check there is, in the order of the report."""

from __future__ import annotations

from workbench.diagnostics.check import Check
from workbench.diagnostics.checks import (
    wb101_rhat,
    wb102_ess,
    wb201_divergences,
    wb202_treedepth,
    wb203_energy,
    wb301_laplace,
    wb401_map_gap,
    wb402_point_estimates,
    wb501_instruments,
)

CATALOGUE: tuple[Check, ...] = (
    wb101_rhat.CHECK,
    wb102_ess.CHECK,
    wb201_divergences.CHECK,
    wb202_treedepth.CHECK,
    wb203_energy.CHECK,
    wb301_laplace.CHECK,
    wb401_map_gap.CHECK,
    wb402_point_estimates.CHECK,
    wb501_instruments.CHECK,
)
