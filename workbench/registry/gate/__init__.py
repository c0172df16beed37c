"""Whether a challenger may take the place of a champion: criteria, each of which passes, fails or is mute."""

from workbench.registry.gate.criteria import Criterion, GateResult
from workbench.registry.gate.evidence import HeldOutOutcome
from workbench.registry.gate.judge import CARRIED, judge
from workbench.registry.gate.limits import GateLimits, read_limits

__all__ = ["CARRIED", "Criterion", "GateLimits", "GateResult", "HeldOutOutcome", "judge", "read_limits"]
