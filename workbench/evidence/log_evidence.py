"""The log evidence of one run: the log of the probability of its data under program and priors."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np

from workbench.backends.base import Floats
from workbench.errors import MethodError, RunError
from workbench.estimation.context import FitContext
from workbench.estimation.sampling.laplace import CONSTANTS_KEPT, EVIDENCE_CAVEAT
from workbench.estimation.sampling.prior_mass import PriorMass, compute_prior_mass
from workbench.evidence.bridge import PROPOSALS, BridgeEstimate, Proposal, estimate_integral
from workbench.provenance import derive_seeds
from workbench.results import Fit
from workbench.thresholds import BRIDGE_HALVES_LIMIT, FEWEST_BRIDGE_DRAWS, format_beside_limit

_SEED = 3
"""Which of the seeds derived from that of the run is for proposals; Stan and resampling use others."""

EXACT, BRIDGE, LAPLACE, NO_PARAMETERS = "exact", "bridge sampling", "Laplace", "no parameters"
"""How an evidence was found."""


@dataclass(frozen=True)
class LogEvidence:
    """The log evidence of a run, or why there is none.

    Attributes
    ----------
    value
        The log evidence [nats]; `None` where there is none.
    error
        Its Monte Carlo standard error [nats]; 0 where it is exact, `None` where it is not known.
    method
        `EXACT`, `BRIDGE`, `LAPLACE` or `NO_PARAMETERS`.
    reason
        Why there is none, as a sentence.
    includes
        What it counts with, in sentences.
    warnings
        Why it may be wrong, in sentences.
    log_prior_mass
        The log of the integral of the prior statements, by which they were divided [nats].
    unmodelled
        The data whose density has no parameter, by variable: they are part of the evidence.
    proposal
        The proposal whose estimate it is.
    bridges
        The estimates by each proposal.
    """

    value: float | None = None
    error: float | None = None
    method: str = ""
    reason: str = ""
    includes: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    log_prior_mass: float | None = None
    unmodelled: Mapping[str, Floats] = field(default_factory=dict, repr=False)
    proposal: str = ""
    bridges: Mapping[Proposal, BridgeEstimate] = field(default_factory=dict)

    @property
    def is_known(self) -> bool:
        """Whether there is one."""
        return self.value is not None


def read_exact(fit: Fit) -> LogEvidence | None:
    """Return the evidence that a run knows in closed form; `None` where it knows none."""
    value = fit.results.exact.log_evidence if fit.results.exact.is_ok else None
    if value is None:
        return None
    includes = ("the model is conjugate: its evidence is known in closed form, with all constants.",)
    return LogEvidence(value, 0.0, EXACT, includes=includes)


def read_laplace(fit: Fit) -> LogEvidence:
    """Return the Laplace approximation of the evidence that a run without draws of NUTS holds."""
    laplace = fit.results.laplace
    value = laplace.log_evidence_corrected
    if value is None:
        value = laplace.log_evidence
    if not laplace.is_ok or value is None or laplace.log_prior_mass is None:
        reason = laplace.log_evidence_reason or "the run has no draws of NUTS, which bridge sampling needs."
        return LogEvidence(reason=reason)
    warnings = [EVIDENCE_CAVEAT]
    if laplace.log_evidence_corrected is not None:
        warnings = ["Laplace's approximation, corrected by importance weights; its error is not known."]
    return LogEvidence(
        value,
        None,
        LAPLACE,
        includes=laplace.log_evidence_includes,
        warnings=(*warnings, *_doubt_run(fit)),
        log_prior_mass=laplace.log_prior_mass,
    )


def evaluate_without_parameters(context: FitContext) -> LogEvidence:
    """Return the evidence of a program without parameters: the density of its data."""
    job = context.make_job("nuts", has_replicates=False)
    value = float(context.backend.compute_normalised(job, np.empty((1, 0)))[0])
    if not np.isfinite(value):
        return LogEvidence(reason="the program gives its data no density.")
    includes = ("the program has no parameters: its evidence is the density of the data.",)
    return LogEvidence(value, 0.0, NO_PARAMETERS, includes=includes, log_prior_mass=0.0)


def estimate_evidence(
    context: FitContext, fit: Fit, columns: tuple[str, ...], draws: Floats, prior: PriorMass | None = None
) -> LogEvidence:
    """Return the log evidence by bridge sampling.

    Parameters
    ----------
    context
        The program with its data, and the executable that drew.
    fit
        The run.
    columns, draws
        Stan's names of all parameters, in order, and their draws, `(chain, draw, column)`.
    prior
        The integral of the prior, where it is known already.
    """
    prior = prior or compute_prior_mass(context)
    if prior.reason:
        return LogEvidence(method=BRIDGE, reason=prior.reason)
    chains, count, width = draws.shape
    if count < FEWEST_BRIDGE_DRAWS:
        reason = (
            f"{count} draws of each chain are too few for bridge sampling, which needs {FEWEST_BRIDGE_DRAWS}."
        )
        return LogEvidence(method=BRIDGE, reason=reason)
    job = context.make_job("nuts", has_replicates=False)
    try:
        points = context.backend.unconstrain_values(job, columns, draws.reshape(-1, width))
        if bad := int((~np.isfinite(points).all(axis=1)).sum()):
            raise MethodError(f"{bad:,} of {len(points):,} draws lie on the bounds of a parameter.")
        bridges = estimate_integral(
            lambda rows: context.backend.compute_normalised(job, rows),
            points.reshape(chains, count, -1),
            derive_seeds(context.request.seed, _SEED + 1)[_SEED],
        )
    except (MethodError, RunError) as reason:
        return LogEvidence(method=BRIDGE, reason=str(reason))
    chosen = _choose(bridges)
    return LogEvidence(
        chosen.log_integral - prior.log_mass,
        chosen.error,
        BRIDGE,
        includes=(CONSTANTS_KEPT, *prior.notes),
        warnings=(*_doubt_bridge(chosen), *_doubt_run(fit)),
        log_prior_mass=prior.log_mass,
        proposal=chosen.proposal,
        bridges=bridges,
    )


def _choose(bridges: Mapping[Proposal, BridgeEstimate]) -> BridgeEstimate:
    """Return the first estimate that can be relied on, or else the first."""
    reliable = (bridges[name] for name in PROPOSALS if bridges[name].is_reliable)
    return next(reliable, bridges[PROPOSALS[0]])


def _doubt_bridge(bridge: BridgeEstimate) -> Iterator[str]:
    """Yield why an estimate and its error may be wrong."""
    if bridge.is_reliable:
        return
    if bridge.gap > BRIDGE_HALVES_LIMIT:
        yield (
            f"the two halves of the draws give log evidences {bridge.gap:.1f} standard errors apart: do not "
            "rely on this one. Sample longer."
        )
    if bridge.khat > bridge.khat_limit:
        found, limit = format_beside_limit(bridge.khat, bridge.khat_limit, 2)
        yield (
            f"k-hat {found} is above {limit}: a few draws decide the estimate, and its error may be far too "
            "small. Sample longer, or write the program so that its posterior is closer to normal."
        )


def _doubt_run(fit: Fit) -> Iterator[str]:
    """Yield why the draws themselves may not serve."""
    if fit.results.has_failed_checks:
        yield "the run failed its checks: its draws, and an evidence from them, cannot be relied on."
    updated = fit.results.updated
    if updated is not None and updated.way == "weights":
        yield (
            "its draws are those of an earlier fit, drawn again by weights: the error may be far too small. "
            "Fit all rows together."
        )
