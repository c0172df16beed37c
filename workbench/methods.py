"""The questions one can ask of a program and its data, each with its settings."""

from __future__ import annotations

from dataclasses import dataclass, field

from workbench.errors import MethodError

METRICS = ("diag", "dense")
INITS = ("random", "map", "pathfinder", "given")

ADAPTING = 20
"""Fewest warm-up iterations in which Stan adapts the metric."""


STARTS = 4
"""Random starts of each climb: enough to meet a second mode of similar height 15 times in 16."""


@dataclass(frozen=True)
class Mle:
    """Maximum likelihood: the mode with every prior switched off, on the constrained scale.

    Attributes
    ----------
    starts
        Random points to climb from.
    profile
        Scalar parameters by Stan name (`beta[2]`) whose profile-likelihood interval is wanted.
    """

    starts: int = STARTS
    profile: tuple[str, ...] = ()
    name = "mle"

    def __post_init__(self) -> None:
        _check_starts(self.starts)


@dataclass(frozen=True)
class Map:
    """Maximum a posteriori: the joint mode of the posterior density.

    Attributes
    ----------
    jacobian
        `False`: the mode on the constrained scale, the textbook's MAP. `True`: the mode on the unconstrained
        scale, where the Laplace approximation sits.
    starts
        Random points to climb from.
    """

    jacobian: bool = False
    starts: int = STARTS

    def __post_init__(self) -> None:
        _check_starts(self.starts)

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
class Pathfinder:
    """Normal approximations along climbs to the mode, mixed by importance.

    Attributes
    ----------
    paths
        Climbs, each from a random point of its own.
    draws
        Draws in all.

    References
    ----------
    Zhang, Carpenter, Gelman and Vehtari (2022), Pathfinder, JMLR 23(306).
    """

    paths: int = 4
    draws: int = 4000
    name = "pathfinder"

    def __post_init__(self) -> None:
        _require(1 <= self.paths <= 256, "Pathfinder paths", "between 1 and 256", self.paths)
        _require(self.draws >= 100, "Pathfinder draws", "at least 100", self.draws)


@dataclass(frozen=True)
class Nuts:
    """The no-U-turn sampler.

    Attributes
    ----------
    chains, draws, warmup
        Number of chains, and of kept and warm-up iterations in each. Without warm-up a step size and a metric
        must be given to start from.
    adapt_delta
        Target acceptance statistic of the step-size adaptation, between 0 and 1.
    max_treedepth
        A trajectory has at most `2**max_treedepth` leapfrog steps.
    metric
        `diag` or `dense`: whether the metric adapts to correlations between parameters.
    init
        Where chains start: `random` (Stan's own, uniform on (-2, 2) of the unconstrained scale), `map`
        (around the unconstrained mode), `pathfinder` (at draws of Pathfinder), or `given` (all at the values
        that the request holds).
    save_warmup
        Whether warm-up draws are kept.
    retry
        How often sampling may be tried again, as its own diagnostics advise, before the best try is kept.

    References
    ----------
    Hoffman and Gelman (2014), JMLR 15:1593-1623; defaults are Stan's.
    """

    chains: int = 4
    draws: int = 1000
    warmup: int = 1000
    adapt_delta: float = 0.8
    max_treedepth: int = 10
    metric: str = "diag"
    init: str = "random"
    save_warmup: bool = False
    retry: int = 0
    name = "nuts"

    def __post_init__(self) -> None:
        _require(1 <= self.chains <= 256, "chains", "between 1 and 256", self.chains)
        _require(self.draws >= 4, "draws", "at least 4 (R-hat splits each chain in two)", self.draws)
        is_enough = self.warmup == 0 or self.warmup >= ADAPTING
        expected = f"at least {ADAPTING} (step size and metric are adapted), or 0 where both are given"
        _require(is_enough, "warmup", expected, self.warmup)
        _require(0 < self.adapt_delta < 1, "adapt_delta", "between 0 and 1", self.adapt_delta)
        _require(1 <= self.max_treedepth <= 30, "max_treedepth", "between 1 and 30", self.max_treedepth)
        _require(0 <= self.retry <= 10, "retry", "between 0 and 10", self.retry)
        _one_of("metric", METRICS, self.metric)
        _one_of("init", INITS, self.init)


@dataclass(frozen=True)
class Auto:
    """The cheapest adequate method: modes, Laplace, Pathfinder, NUTS, up to the first that its k-hat accepts.

    Attributes
    ----------
    nuts
        The settings of the last resort, which starts from the best of the others.
    starts
        Random points to climb from.
    """

    nuts: Nuts = field(default_factory=Nuts)
    starts: int = STARTS
    name = "auto"

    def __post_init__(self) -> None:
        _check_starts(self.starts)


Method = Mle | Map | Laplace | Pathfinder | Nuts | Auto


def _check_starts(starts: int) -> None:
    _require(1 <= starts <= 1000, "starts", "between 1 and 1000", starts)


def _require(is_met: bool, name: str, expected: str, found: float) -> None:
    if not is_met:
        raise MethodError(f"`{name}` was expected to be {expected}, found {found}.")


def _one_of(name: str, accepted: tuple[str, ...], found: str) -> None:
    if found not in accepted:
        raise MethodError(f"`{name}` was expected to be one of {', '.join(accepted)}, found `{found}`.")
