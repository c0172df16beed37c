"""The log density of one point's posterior at the draws of another's."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from workbench.errors import RunError
from workbench.request import FitRequest
from workbench.studies.fits.cache import cache_array
from workbench.studies.fits.context import StudyContext, drop_fixed_terms, make_request
from workbench.studies.fits.posterior import Posterior, write_draws
from workbench.studies.plan.plan import BASE, Point
from workbench.thresholds import LOG_LIKELIHOOD_DIFFERENCE_LIMIT

Floats = NDArray[np.float64]

CHECKED = 20
"""Draws at which the quick log density is held against the full one."""


def evaluate_log_density(shop: StudyContext, source: Posterior, point: Point) -> Floats:
    """Return the log density at a point for each draw of a full fit, `(S,)`, up to a constant.

    Terms that no point of the study moves are left out where that is proved to be right.

    Raises
    ------
    RunError
        The density cannot be evaluated there.
    """
    key = shop.key("log density", source.key, point.key, str(shop.is_split), _raised(shop))

    def make() -> Floats:
        values = _evaluated(shop, source, point, _draws(shop, source), key)
        if values.size != source.size:  # an interrupted process leaves a part
            raise RunError(f"the log density was evaluated at {values.size} of {source.size} draws.")
        return values

    return cache_array(shop.kept, key, make, source.size)


def compute_log_ratios(shop: StudyContext, source: Posterior, point: Point) -> Floats:
    """Return the log density at a point minus that at the draws' own, `(S,)`."""
    return evaluate_log_density(shop, source, point) - evaluate_log_density(shop, source, source.point)


def drop_fixed_terms_if_exact(shop: StudyContext, source: Posterior) -> StudyContext:
    """Return the workshop with quick log densities, if they agree with the full ones at far points."""
    split = replace(shop, is_split=True)
    if shop.program.instrumented is None or source.point.key != BASE.key:
        return shop
    path = write_draws(source.tree, shop.program, shop.scratch / "checked.csv", CHECKED)
    farthest = [point for point in (*shop.plan.points[1:2], *shop.plan.points[-1:]) if point.key != BASE.key]
    for point in farthest:
        try:
            apart, whole = _apart(shop, split, source, point, path)
        except RunError:  # it says nothing about the split, and fails again where the point is looked at
            continue
        if not np.ptp(apart) < LOG_LIKELIHOOD_DIFFERENCE_LIMIT * max(1.0, float(np.ptp(whole))):
            return shop
    return split


def _apart(
    shop: StudyContext, split: StudyContext, source: Posterior, point: Point, path: Path
) -> tuple[Floats, Floats]:
    """Return how far the quick log ratios of a point are from the full ones, and the full ones."""
    pair = []
    for one in (shop, split):
        at, base = (
            _evaluated(one, source, where, path, f"check-{one.is_split}-{where.key[:16]}")
            for where in (point, BASE)
        )
        pair.append(at - base)
    return pair[0] - pair[1], pair[0]


def _evaluated(shop: StudyContext, source: Posterior, point: Point, path: Path, key: str) -> Floats:
    del source
    request: FitRequest = drop_fixed_terms(shop, make_request(shop, point))
    variant = shop.variant(point)
    setting = shop.setting(request, variant.model.exe, f"density-{key[:24]}")
    values, _ = shop.backend.log_density(setting.make_job("nuts"), path, jacobian=False)
    if np.isnan(values).any():
        raise RunError("the log density is not a number at some draws.")
    return values


def _draws(shop: StudyContext, source: Posterior) -> Path:
    path = shop.scratch / f"draws-{source.key[:24]}.csv"
    if not path.exists():
        write_draws(source.tree, shop.program, path)
    return path


def _raised(shop: StudyContext) -> str:
    """Return the powers that the study moves: they decide which terms the quick density keeps."""
    names = {name for point in shop.plan.points for name in point.powers}
    names |= {name for axis in shop.plan.axes for name in Point({axis.name: 1.0}).powers}
    return ",".join(sorted(names))
