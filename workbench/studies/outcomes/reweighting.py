"""What the page of a study needs to weight the draws of the base fit for other points by itself."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from workbench.errors import RunError
from workbench.estimation.sampling.psis import choose_tail_length
from workbench.results.packing import pack
from workbench.studies.fits.context import StudyContext
from workbench.studies.fits.log_density import compute_log_ratios
from workbench.studies.fits.posterior import Posterior
from workbench.studies.fits.sweep import PointPosterior
from workbench.studies.view import PackedColumn, PointRatios, Reweighting
from workbench.thresholds import ESS_PER_CHAIN, WEIGHTED_ESS_SHARE

MOST_DRAWS = 4_000
"""The most draws that the page has; of more, every n-th. Ours: they are 11 kB for each column."""

MOST_POINTS = 60
"""The most points that it has. Ours."""

_DEEPEST = 50.0
"""Log ratios this far below the largest one are written as if they were there [nats]: their weights are 0 to
all digits. Ours."""


def collect_reweighting(
    context: StudyContext, base: Posterior, posteriors: Sequence[PointPosterior], names: Sequence[str]
) -> Reweighting | None:
    """Return draws of the base fit with their log ratios at the points of a study.

    Parameters
    ----------
    context
        The study; the log densities are in its cache.
    base
        The base fit.
    posteriors
        The posterior at each point.
    names
        The quantities.
    """
    every = math.ceil(base.size / MOST_DRAWS)
    ratios = []
    for number, posterior in enumerate(posteriors[: MOST_POINTS + 1]):
        if posterior.how == "skipped" or posterior.point.key == base.point.key:
            continue
        logs = _try_ratios(context, base, posterior)
        if logs is not None:
            logs = np.maximum(logs - logs.max(), -_DEEPEST)
            ratios.append(PointRatios(point=number, logs=_pack(logs[::every])))
    count = len(range(0, base.size, every))
    tail = choose_tail_length(count, min(1.0, base.lowest_efficiency))
    if not ratios or not 0 < tail < count:
        return None
    least = min(ESS_PER_CHAIN * base.chains, WEIGHTED_ESS_SHARE * base.lowest_efficiency * base.size)
    return Reweighting(
        draws=count,
        of=base.size,
        tail=tail,
        efficiency=base.lowest_efficiency,
        least_ess=least * count / base.size,
        quantities={name: _pack(base.flat_draws[name][::every]) for name in names},
        ratios=tuple(ratios),
    )


def _try_ratios(
    context: StudyContext, base: Posterior, posterior: PointPosterior
) -> NDArray[np.float64] | None:
    """Return log ratios; `None` where the density cannot be evaluated or is not finite at some draws."""
    try:
        logs = compute_log_ratios(context, base, posterior.point)
    except RunError:
        return None
    return None if np.isnan(logs).any() or not np.isfinite(logs.max()) else logs


def _pack(values: NDArray[np.floating[Any]]) -> PackedColumn:
    packed = pack(values)
    return PackedColumn(
        codes=packed.to_text(), spacing=packed.spacing, offset=packed.offset, step=packed.step
    )
