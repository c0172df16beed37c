"""Results of each method, as `run.json` holds them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from msgspec import Struct, field

from workbench.results.view.description import Count
from workbench.thresholds import STEP_STANDARD_ERRORS

Status = Literal["ok", "failed", "not available", "skipped"]

ABSENT = "it is not in `run.json`."
"""The reason of a result that a record does not have."""


class PointEstimate(Struct, frozen=True):
    """A parameter at an optimum, with Wald and profile-likelihood intervals where they exist."""

    value: float | None = None
    se: float | None = None
    lower: float | None = None
    upper: float | None = None
    profile_lower: float | None = None
    profile_upper: float | None = None
    profile_remark: str = ""
    label: str = ""


class DrawsEstimate(Struct, frozen=True):
    """A quantity summarised from draws; `corrected_` values are reweighted by importance.

    `exact_mean` is the mean of a Laplace approximation where it is known without draws.
    """

    mean: float | None = None
    median: float | None = None
    sd: float | None = None
    lower: float | None = None
    upper: float | None = None
    mcse_mean: float | None = None
    mcse_sd: float | None = None
    hdi_lower: float | None = None
    hdi_upper: float | None = None
    rhat: float | None = None
    ess_bulk: float | None = None
    ess_tail: float | None = None
    corrected_mean: float | None = None
    corrected_sd: float | None = None
    exact_mean: float | None = None
    label: str = ""


class ExactEstimate(Struct, frozen=True):
    """A quantity whose posterior is known in closed form; `distribution` names one of `scipy.stats`."""

    mean: float | None = None
    sd: float | None = None
    lower: float | None = None
    upper: float | None = None
    mode: float | None = None
    distribution: str = ""
    parameters: Mapping[str, float] = field(default_factory=dict)
    label: str = ""


Estimate = PointEstimate | DrawsEstimate | ExactEstimate


class OptimizerStart(Struct, frozen=True):
    """One random start of an optimisation: its seed, how it ended and the log density there [nats]."""

    seed: int | None = None
    status: str = ""
    optimizer: str = ""
    log_density: float | None = None
    reason: str = ""


class DistinctMode(Struct, frozen=True):
    """A distinct mode: its log density [nats], the starts that reached it, its distance from the highest.

    `log_mass` is the log of the integral of the normal approximation around an unconstrained mode [nats], up
    to the constant that its log density lacks.
    """

    log_density: float | None = None
    log_mass: float | None = None
    starts: int | None = None
    distance: float | None = None
    farthest: str | None = None
    estimates: Mapping[str, float | None] = field(default_factory=dict)


class LocalMaximum(Struct, frozen=True):
    """The highest maximum inside the support where a higher point is none.

    `starts` reached it; 0 if it was found from the posterior mode. `log_density` [nats].
    """

    log_density: float | None = None
    starts: int | None = None
    estimates: Mapping[str, float | None] = field(default_factory=dict)


class Penalty(Struct, frozen=True, rename={"strength": "lambda"}):
    """A prior read as the penalty of a regularised regression; `strength` is its lambda.

    Where each element has a lambda of its own, they are in `lambdas`, and there is no `strength`. `intercept`
    says that the penalty is on an intercept.
    """

    parameter: str = ""
    statement: str = ""
    kind: str = ""
    strength: float | None = None
    scale: float | None = None
    residual_scale: float | None = None
    lambdas: tuple[float | None, ...] = ()
    intercept: bool = False
    words: str = ""


class OptimumResult(Struct, frozen=True, kw_only=True):
    """What is common to every optimum: the MLE and both modes."""

    status: Status = "ok"
    reason: str = ""
    remark: str = ""
    estimates: Mapping[str, PointEstimate] = field(default_factory=dict)
    starts: tuple[OptimizerStart, ...] = ()
    reached: int | None = None
    failed_starts: int | None = None
    optimizer: str = ""
    stopped_at: Mapping[str, float | None] = field(default_factory=dict)
    local_maximum: LocalMaximum | None = None
    equal_maxima: tuple[DistinctMode, ...] = ()
    log_lik: float | None = None

    @property
    def is_ok(self) -> bool:
        """Whether there are estimates."""
        return self.status == "ok"


class MleResult(OptimumResult, frozen=True, kw_only=True):
    """Maximum likelihood; `log_lik` is normalised [nats].

    `bic_count` is the sample size of the BIC, which is the number of `observations` unless it was set;
    `trials` is the number of trials where the observations are counts of trials.
    """

    parameters: int | None = None
    observations: int | None = None
    trials: int | None = None
    bic_count: int | None = None
    aic: float | None = None
    bic: float | None = None


class MapResult(OptimumResult, frozen=True, kw_only=True):
    """A mode of the posterior, on the constrained scale or (`jacobian`) on the unconstrained one."""

    jacobian: bool = False
    log_density: float | None = None
    log_prior: float | None = None
    log_latent: float | None = None
    modes: tuple[DistinctMode, ...] = ()
    distance_in: str = ""
    held: tuple[str, ...] = ()
    regularisation: tuple[Penalty, ...] = ()


class ApproximationResult(Struct, frozen=True, kw_only=True):
    """What is common to Laplace and Pathfinder: draws, and the k-hat of their importance weights."""

    status: Status = "ok"
    reason: str = ""
    remark: str = ""
    estimates: Mapping[str, DrawsEstimate] = field(default_factory=dict)
    khat: float | None = None
    khat_threshold: float | None = None
    draws: int | None = None
    corrected: bool = False

    @property
    def is_ok(self) -> bool:
        """Whether there are estimates."""
        return self.status == "ok"


class LaplaceResult(ApproximationResult, frozen=True, kw_only=True):
    """The normal approximation around the unconstrained mode, and the log evidence that follows [nats].

    The evidence is that of priors that integrate to 1: `log_prior_mass` is the log of the integral of the
    prior statements over the declared constraints, by which they are divided, and `log_evidence_includes`
    says what was counted with.
    """

    log_evidence: float | None = None
    log_evidence_reason: str = ""
    log_evidence_caveat: str = ""
    log_evidence_corrected: float | None = None
    log_prior_mass: float | None = None
    log_evidence_includes: tuple[str, ...] = ()


class PathfinderResult(ApproximationResult, frozen=True, kw_only=True):
    """Pathfinder's approximation, mixed from `paths` single ones."""

    paths: int | None = None


class SamplerAdvice(Struct, frozen=True):
    """What the sampler's diagnostics suggest: the finding, and the setting to change."""

    reason: str = ""
    words: str = ""


class LogLikelihoodSource(Struct, frozen=True, kw_only=True):
    """Where the pointwise log likelihood in `fit.nc` is from, and what it is a density of.

    `name` is its variable; `source` is `program` where the author's own program computes it, else
    `workbench`. `scale` is `outcome` where it equals the terms of the likelihood, `column` where it is a
    density of the data variable `column` that the outcome is made from, and `unknown` otherwise, for the
    `reason`.
    """

    name: str = ""
    source: str = "workbench"
    scale: str = "outcome"
    column: str = ""
    reason: str = ""


class NutsResult(Struct, frozen=True, kw_only=True):
    """The posterior by NUTS; statistics of the sampler that come by chain are tuples `(chain,)`.

    `pointwise_draws` are the draws of each chain whose pointwise log-likelihoods and replicates are stored,
    where they are not all. `log_lik` says what the pointwise log likelihood is; `log_prior_from` is `program`
    where the author's own `lprior` differs from the prior statements, and is the one that is used. `sampler`
    is the name and version of the sampler where it is not Stan's.
    """

    status: Status = "ok"
    reason: str = ""
    remark: str = ""
    init_remark: str = ""
    estimates: Mapping[str, DrawsEstimate] = field(default_factory=dict)
    chains: Count | None = None
    draws: Count | None = None
    warmup: Count | None = None
    pointwise_draws: Count | None = None
    settings: Mapping[str, Any] | None = None
    sampler: str = ""
    divergences: Count | None = None
    max_treedepth: Count | None = None
    max_treedepth_hits: Count | None = None
    adapt_delta: float | None = None
    accept_stat: tuple[float | None, ...] = ()
    step_size: tuple[float | None, ...] = ()
    ebfmi: tuple[float | None, ...] = ()
    terms_differ: float | None = None
    log_lik: LogLikelihoodSource = LogLikelihoodSource()
    log_prior_from: str = "workbench"
    advice: tuple[SamplerAdvice, ...] = ()

    @property
    def is_ok(self) -> bool:
        """Whether there are posterior draws."""
        return self.status == "ok"

    @property
    def total_draws(self) -> int:
        """The kept draws of all chains together."""
        return (self.chains or 0) * (self.draws or 0)


class ExactResult(Struct, frozen=True, kw_only=True):
    """The posterior in closed form, where the program is one of the conjugate models."""

    status: Status = "ok"
    reason: str = ""
    family: str = ""
    log_evidence: float | None = None
    estimates: Mapping[str, ExactEstimate] = field(default_factory=dict)
    predictive: Mapping[str, ExactEstimate] = field(default_factory=dict)

    @property
    def is_ok(self) -> bool:
        """Whether the posterior is known."""
        return self.status == "ok"


AnyResult = MleResult | MapResult | LaplaceResult | PathfinderResult | NutsResult | ExactResult


class IntervalMiss(Struct, frozen=True):
    """How far the ends of an interval lie from those of the posterior's [posterior SD]."""

    lower: float | None = None
    upper: float | None = None


class Gap(Struct, frozen=True):
    """How far the modes of a quantity lie from its posterior mean, and the steps that add up to it.

    `in_sd`, `unconstrained_in_sd` and `median` are in posterior SDs, the others in the quantity's unit. The
    fields that end in `_error` are Monte Carlo standard errors; 0 where a step is known without draws.
    """

    map_minus_mean: float | None = None
    in_sd: float | None = None
    jacobian: float | None = None
    curvature: float | None = None
    non_gaussian: float | None = None
    unconstrained_in_sd: float | None = None
    median: float | None = None
    map_minus_mean_error: float | None = None
    curvature_error: float | None = None
    non_gaussian_error: float | None = None
    missed: Mapping[str, IntervalMiss] = field(default_factory=dict)

    def is_within_error(self, step: str) -> bool:
        """Return whether a step, or the whole, cannot be told from zero: its Monte Carlo error is too large.

        Parameters
        ----------
        step
            Name of a field that has an error: `map_minus_mean`, `curvature` or `non_gaussian`.
        """
        value: float | None = getattr(self, step)
        error: float | None = getattr(self, f"{step}_error", None)
        return value is not None and bool(error) and abs(value) <= STEP_STANDARD_ERRORS * (error or 0.0)


class AutoStep(Struct, frozen=True):
    """A method that `--method auto` tried, and whether its own diagnostic accepted it; `seconds` [s]."""

    method: str = ""
    accepted: bool = False
    why: str = ""
    seconds: float | None = None


class SamplingAttempt(Struct, frozen=True):
    """One attempt of `--retry`: its settings, what its diagnostics found, and whether it was kept."""

    number: int | None = None
    settings: Mapping[str, str | float | bool | None] = field(default_factory=dict)
    status: str = ""
    divergences: int | None = None
    rhat_max: float | None = None
    ess_min: float | None = None
    seconds: float | None = None
    advice: tuple[str, ...] = ()
    kept: bool = False
    words: str = ""


class EarlierEstimate(Struct, frozen=True):
    """The posterior of one quantity in an earlier run: its mean and its interval."""

    mean: float | None = None
    lower: float | None = None
    upper: float | None = None


class EarlierFit(Struct, frozen=True):
    """A run before an update: its rows, and the posteriors that it had."""

    rows: Count | None = None
    data: str = ""
    created: str = ""
    estimates: Mapping[str, EarlierEstimate] = {}


class UpdateResult(Struct, frozen=True, kw_only=True):
    """How a run was made from an earlier one and new rows.

    `way` is `weights` where the stored draws were weighted, `refit` where all rows were fitted together, and
    `normal` where a normal distribution took the place of the earlier posterior. `khat` is `None` where it is
    infinite or was not computed; `reason` says why draws were not weighted;
    `probability_error` how far any probability under that normal is off at most. `earlier` has the runs
    before this one, the first of them first.
    """

    parent: str = ""
    parent_sha256: str = ""
    way: Literal["weights", "refit", "normal"] = "refit"
    reason: str = ""
    old_rows: Count | None = None
    new_rows: Count | None = None
    data: str = ""
    khat: float | None = None
    khat_limit: float | None = None
    probability_error: float | None = None
    effective_draws: float | None = None
    earlier: tuple[EarlierFit, ...] = ()


class Continuation(Struct, frozen=True):
    """Further draws of each chain, added later with a seed of their own."""

    draws: Count
    seed: Count
    created: str = ""
