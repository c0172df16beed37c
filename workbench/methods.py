"""The estimation methods with their settings, and the results they have in `run.json`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from workbench.errors import MethodError

METRICS: Mapping[str, tuple[str, ...]] = {"stan": ("diag", "dense"), "nutpie": ("diag", "low_rank")}
"""The metrics of each sampler: a diagonal or a dense covariance matrix, or a diagonal one that is corrected
in the few directions that need it."""

INITS = ("random", "map", "pathfinder", "given")
"""Where the chains of the sampler start."""

MIN_WARMUP = 20
"""Fewest warm-up iterations in which Stan adapts the metric."""

STARTS = 4
"""Random starts of each optimisation: enough to reach a second mode, with an equal basin of attraction, with
probability 15/16."""


LARGEST_COUNT = 2**31 - 1
"""The largest number of draws, and the largest integer of Stan, which have 32 bits."""


@dataclass(frozen=True)
class Mle:
    """Maximum likelihood: the mode without any prior, on the constrained scale.

    Attributes
    ----------
    starts
        Random points at which the optimiser starts.
    profile
        Scalar parameters, by Stan name (`beta[2]`), that get a profile-likelihood interval.
    bic_count
        The sample size of the BIC; `None` for the number of rows.
    """

    starts: int = STARTS
    profile: tuple[str, ...] = ()
    bic_count: int | None = None
    name = "mle"

    def __post_init__(self) -> None:
        _check_starts(self.starts)
        if self.bic_count is not None and self.bic_count < 1:
            raise MethodError(f"`bic_count` was expected to be at least 1, found {self.bic_count}.")
        if self.bic_count is not None and self.bic_count > LARGEST_COUNT:
            raise MethodError(
                f"`bic_count` was expected to be at most {LARGEST_COUNT}, found {self.bic_count}."
            )


@dataclass(frozen=True)
class Map:
    """Maximum a posteriori: the joint mode of the posterior density.

    Attributes
    ----------
    jacobian
        `False`: the mode on the constrained scale, the MAP of textbooks. `True`: the mode on the
        unconstrained scale, around which the Laplace approximation is made.
    starts
        Random points at which the optimiser starts.
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
        Number of independent draws from it.
    """

    draws: int = 4000
    name = "laplace"

    def __post_init__(self) -> None:
        _require(self.draws >= 100, "Laplace draws", "at least 100", self.draws)


@dataclass(frozen=True)
class Pathfinder:
    """Normal approximations along paths of an optimiser, combined by importance resampling.

    Attributes
    ----------
    paths
        Number of paths, each from a random point of its own.
    draws
        Number of draws in total.

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
        Number of chains, and of kept and warm-up iterations in each. Without warm-up, the sampler must be
        given a step size and a metric.
    adapt_delta
        Target acceptance statistic of the step-size adaptation, between 0 and 1.
    max_treedepth
        A trajectory has at most `2**max_treedepth` leapfrog steps.
    metric
        `diag`; or, for a metric that adapts to correlations between parameters, Stan's `dense` or nutpie's
        `low_rank`.
    init
        Where chains start: `random` (uniform on (-2, 2) on the unconstrained scale, as Stan does), `map`
        (around the unconstrained mode), `pathfinder` (at draws of Pathfinder), or `given` (all at the values
        in the request).
    save_warmup
        Whether warm-up draws are kept.
    retry
        How often sampling may be repeated with the settings that its diagnostics advise; the best try is
        kept.
    sampler
        `stan`, or `nutpie`: another implementation, which also learns its metric from gradients.

    References
    ----------
    Hoffman and Gelman (2014), JMLR 15:1593-1623; defaults are Stan's. Seyboldt, Carlson and Carpenter (2026),
    arXiv:2603.18845: the metrics of nutpie.
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
    sampler: str = "stan"
    name = "nuts"

    def __post_init__(self) -> None:
        _require(1 <= self.chains <= 256, "chains", "between 1 and 256", self.chains)
        _require(self.draws >= 4, "draws", "at least 4 (R-hat splits each chain in two)", self.draws)
        _require(self.draws <= LARGEST_COUNT, "draws", f"at most {LARGEST_COUNT}", self.draws)
        is_enough = self.warmup == 0 or self.warmup >= MIN_WARMUP
        expected = f"at least {MIN_WARMUP} (to adapt step size and metric), or 0 if both are given"
        _require(is_enough, "warmup", expected, self.warmup)
        _require(self.warmup <= LARGEST_COUNT, "warmup", f"at most {LARGEST_COUNT}", self.warmup)
        _require(0 < self.adapt_delta < 1, "adapt_delta", "between 0 and 1", self.adapt_delta)
        _require(1 <= self.max_treedepth <= 30, "max_treedepth", "between 1 and 30", self.max_treedepth)
        _require(0 <= self.retry <= 10, "retry", "between 0 and 10", self.retry)
        _require_choice("sampler", tuple(METRICS), self.sampler)
        _require_metric(self.sampler, self.metric)
        _require_choice("init", INITS, self.init)


@dataclass(frozen=True)
class Auto:
    """The cheapest adequate method: Laplace, Pathfinder, then NUTS, up to the first that its k-hat accepts.

    Attributes
    ----------
    nuts
        The settings of the sampler, which runs last and starts from the best of the other results.
    starts
        Random points at which the optimiser starts.
    """

    nuts: Nuts = field(default_factory=Nuts)
    starts: int = STARTS
    name = "auto"

    def __post_init__(self) -> None:
        _check_starts(self.starts)


Method = Mle | Map | Laplace | Pathfinder | Nuts | Auto
"""Any of the methods."""


def _check_starts(starts: int) -> None:
    _require(1 <= starts <= 1000, "starts", "between 1 and 1000", starts)


def _require(is_met: bool, name: str, expected: str, found: float) -> None:
    if not is_met:
        raise MethodError(f"`{name}` was expected to be {expected}, found {found}.")


def _require_choice(name: str, accepted: tuple[str, ...], found: str) -> None:
    if found not in accepted:
        raise MethodError(f"`{name}` was expected to be one of {', '.join(accepted)}, found `{found}`.")


def _require_metric(sampler: str, found: str) -> None:
    """Refuse a metric that the sampler does not have, and name the one that serves the same end."""
    if found in METRICS[sampler]:
        return
    accepted = f"one of {', '.join(METRICS[sampler])}" + (" with nutpie" if sampler == "nutpie" else "")
    hint = None
    if found == "dense":
        hint = "nutpie adapts to correlations by low_rank"
    elif found == "low_rank":
        hint = "low_rank is a metric of the sampler nutpie; Stan's sampler adapts to correlations by dense"
    raise MethodError(f"`metric` was expected to be {accepted}, found `{found}`.", hint=hint)


def list_settings(method: Method) -> dict[str, Any]:
    """Return the settings of a method for a hash of what decides its results.

    Stan's own sampler is not named there: hashes are the same as when it was the only one.

    >>> "sampler" in list_settings(Nuts()), list_settings(Nuts(sampler="nutpie"))["sampler"]
    (False, 'nutpie')
    """
    return asdict(method, dict_factory=_leave_stan_out)


def _leave_stan_out(settings: list[tuple[str, Any]]) -> dict[str, Any]:
    return {name: value for name, value in settings if (name, value) != ("sampler", "stan")}


DEFAULT_METHODS: tuple[Method, ...] = (Mle(), Map(), Map(jacobian=True), Laplace(), Nuts())
"""What a fit runs if no method is named."""


@dataclass(frozen=True)
class ResultKind:
    """The result that one method has in `run.json`.

    Attributes
    ----------
    key
        Its key there; the `name` of the method.
    title
        For a heading.
    label
        For a column or a legend.
    phrase
        For a sentence.
    """

    key: str
    title: str
    label: str
    phrase: str

    @property
    def is_default(self) -> bool:
        """Whether it is there if no method is named."""
        return any(method.name == self.key for method in DEFAULT_METHODS)


RESULTS: Mapping[str, ResultKind] = {
    kind.key: kind
    for kind in (
        ResultKind("mle", "Maximum likelihood", "MLE", "maximum-likelihood estimate"),
        ResultKind("map", "Maximum a posteriori (constrained scale)", "MAP", "MAP"),
        ResultKind(
            "map_unconstrained",
            "Maximum a posteriori (unconstrained scale)",
            "MAP, unc.",
            "unconstrained mode",
        ),
        ResultKind("laplace", "Laplace approximation", "Laplace", "Laplace approximation"),
        ResultKind("pathfinder", "Pathfinder", "Pathfinder", "Pathfinder"),
        ResultKind("nuts", "Posterior by NUTS", "NUTS", "NUTS"),
    )
}
"""The results of a fit by their keys in `run.json`, in the order of a report."""
