"""How much of the curvature at a posterior mode is that of its priors.

Scores of rows vary as the likelihood curves, and rows drawn again move a mode as far as the likelihood lets
them. Where the priors hold it, both show little but their grip.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from workbench.errors import MethodError, RequestError
from workbench.estimation.optimum.log_density import evaluate
from workbench.likelihood.mode import Mode, make_target
from workbench.thresholds import PRIOR_CURVATURE_CAUTION_LIMIT, PRIOR_CURVATURE_LIMIT

_STEP = 5e-3
"""Step of the differences [standard errors], as in `row_scores.py`."""

_WEIGHTS = np.array([1.0, -8.0, 8.0, -1.0]) / 12
_OFFSETS = np.array([-2.0, -1.0, 1.0, 2.0])
"""The central difference of fourth order."""

_NAMED_SHARE = 0.5
"""Size in standard errors, relative to the largest, from which on a parameter is named. Ours."""


@dataclass(frozen=True)
class PriorShare:
    """The direction in which priors have their largest share of the curvature.

    Attributes
    ----------
    share
        That share: 0 without priors, 1 where the likelihood is flat, more where it has a minimum.
    names
        The parameters that the direction moves most.
    """

    share: float
    names: tuple[str, ...]

    @property
    def words(self) -> str:
        """Which share, and where."""
        listed = ", ".join(f"`{name}`" for name in self.names)
        return f"along {listed} the priors are {min(self.share, 1.0):.0%} of the curvature of the posterior"


def find_prior_share(mode: Mode) -> PriorShare:
    """Return where priors have the largest share of the curvature at a posterior mode.

    Raises
    ------
    MethodError
        The likelihood alone cannot be differentiated there.
    """
    likelihood = make_target(mode.context, "mle")
    directions = mode.newton.directions
    points = np.concatenate([mode.point + _STEP * offset * directions.T for offset in _OFFSETS])
    _, gradients = evaluate(likelihood, points)
    changes = np.split(gradients @ directions, len(_OFFSETS))
    information = -np.tensordot(_WEIGHTS, np.array(changes), axes=1) / _STEP
    if not np.isfinite(information).all():
        raise MethodError("the likelihood without the priors cannot be differentiated at the estimate.")
    # The posterior has unit curvature along these: what is not the likelihood's is that of the priors.
    values, vectors = np.linalg.eigh(np.eye(len(information)) - 0.5 * (information + information.T))
    moved = np.abs(directions @ vectors[:, -1]) / np.sqrt(np.diag(mode.newton.covariance))
    free = zip(mode.curvature.free_names, (moved / moved.max()).tolist(), strict=True)
    return PriorShare(float(values[-1]), tuple(name for name, size in free if size >= _NAMED_SHARE))


def check_prior_share(mode: Mode, kinds: Sequence[str]) -> str:
    """Return a caution about standard errors from rows where priors matter; empty where they hardly do.

    Parameters
    ----------
    mode
        The posterior mode.
    kinds
        The standard errors that are wanted: robust, clustered, bootstrap.

    Raises
    ------
    RequestError
        The priors decide too much.
    """
    found = find_prior_share(mode)
    listed = " and ".join(kinds)
    if found.share > PRIOR_CURVATURE_LIMIT:
        raise RequestError(
            f"the posterior mode has no {listed} standard errors here: {found.words}, and the estimate "
            "hardly varies with the rows where a prior holds it. They would be far too short.",
            hint="standard errors by the inverse Hessian count the priors, as does the posterior",
        )
    if found.share > PRIOR_CURVATURE_CAUTION_LIMIT:
        return (
            f"{found.words}: {listed} standard errors do not count what the priors leave open, and are too "
            f"short there, by {1 - np.sqrt(1 - found.share):.0%} or so."
        )
    return ""
