"""The questions one can ask of a program and its data, each with its settings."""

from __future__ import annotations

from dataclasses import dataclass

from workbench.errors import MethodError


@dataclass(frozen=True)
class Mle:
    """Maximum likelihood: the mode with every prior switched off, on the constrained scale."""

    name = "mle"


@dataclass(frozen=True)
class Map:
    """Maximum a posteriori: the joint mode of the posterior density.

    Attributes
    ----------
    jacobian
        `False`: the mode on the constrained scale, the textbook's MAP. `True`: the mode on the unconstrained
        scale, where the Laplace approximation sits.
    """

    jacobian: bool = False

    @property
    def name(self) -> str:
        """The key of the result in `run.json`."""
        return "map_unconstrained" if self.jacobian else "map"


@dataclass(frozen=True)
class Laplace:
    """A normal approximation around the unconstrained mode.

    Attributes
    ----------
    draws
        The number of independent draws from it.
    """

    draws: int = 4000
    name = "laplace"

    def __post_init__(self) -> None:
        _require(self.draws >= 100, "Laplace draws", "at least 100", self.draws)


@dataclass(frozen=True)
class Nuts:
    """The no-U-turn sampler with a diagonal metric.

    Attributes
    ----------
    chains, draws, warmup
        Number of chains, and of kept and warm-up iterations in each.
    adapt_delta
        Target acceptance statistic of the step-size adaptation, between 0 and 1.
    max_treedepth
        A trajectory has at most `2**max_treedepth` leapfrog steps.

    References
    ----------
    Hoffman and Gelman (2014), JMLR 15:1593-1623; defaults are Stan's.
    """

    chains: int = 4
    draws: int = 1000
    warmup: int = 1000
    adapt_delta: float = 0.8
    max_treedepth: int = 10
    name = "nuts"

    def __post_init__(self) -> None:
        _require(1 <= self.chains <= 256, "chains", "between 1 and 256", self.chains)
        _require(self.draws >= 4, "draws", "at least 4 (R-hat splits each chain in two)", self.draws)
        _require(self.warmup >= 20, "warmup", "at least 20 (step size and metric are adapted)", self.warmup)
        _require(0 < self.adapt_delta < 1, "adapt_delta", "between 0 and 1", self.adapt_delta)
        _require(1 <= self.max_treedepth <= 30, "max_treedepth", "between 1 and 30", self.max_treedepth)


Method = Mle | Map | Laplace | Nuts


def _require(is_met: bool, name: str, expected: str, found: float) -> None:
    if not is_met:
        raise MethodError(f"`{name}` was expected to be {expected}, found {found}.")
