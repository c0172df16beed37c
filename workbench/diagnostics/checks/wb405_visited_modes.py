"""WB405: did the chains visit every known mode?"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from workbench.diagnostics.check import Check, Finding, requires_draws, split_paragraphs
from workbench.diagnostics.parameter_draws import read_parameter_draws
from workbench.results import Fit
from workbench.results.modes import (
    are_equal,
    compute_log_weights,
    describe_symmetry,
    list_comparable_modes,
    list_known_modes,
)
from workbench.results.view import DistinctMode
from workbench.thresholds import SECOND_MODE_LIMIT, STAYING_SHARE_LIMIT, VISITED_SHARE_LIMIT

_MOST_NAMED = 2
"""Quantities by which a mode is named."""


@requires_draws
def _assess(fit: Fit) -> Finding:
    results = fit.results
    if all(search.status == "skipped" for search in (results.map_unconstrained, results.map)):
        return Finding("skipped", "No mode was requested.")
    modes = list_comparable_modes(list_known_modes(results))
    if len(modes) < 2:
        return Finding("n/a", "No second mode of comparable mass is known.")
    shares = _measure_shares(fit, modes)
    if shares is None:
        return Finding("n/a", "The parameters that distinguish the modes were not stored or did not move.")
    visited = shares.mean(axis=0)
    expected = _expect_shares(modes)
    missed = [k for k in range(len(modes)) if visited[k] < VISITED_SHARE_LIMIT * expected[k]]
    symmetry = _describe_equal_modes(modes)
    if missed:
        places = "; ".join(f"{_name_mode(modes, k)}, {expected[k]:.0%}" for k in missed)
        message = (
            f"The chains visited {len(modes) - len(missed)} of {len(modes)} modes that can hold a percent of "
            f"the probability or more.{symmetry} Not visited, with the share of the probability there by a "
            f"normal approximation: {places}."
        )
        return Finding("issue", message, float(len(missed)), "fail")
    if len(shares) > 1 and (shares.max(axis=1) >= STAYING_SHARE_LIMIT).all():
        message = (
            f"Each chain stayed at one of {len(modes)} modes.{symmetry} How often each was visited is due "
            "to where chains started, not to the posterior."
        )
        return Finding("issue", message, 0.0, "caution")
    message = f"The chains moved between all {len(modes)} modes of comparable mass.{symmetry}"
    return Finding("passed", message, 0.0)


def _measure_shares(fit: Fit, modes: Sequence[DistinctMode]) -> NDArray[np.float64] | None:
    """Return the share of each chain's draws that lie nearest to each mode, `(chain, mode)`.

    Distances are in standard deviations within chains, which chains at different modes do not inflate.
    """
    names, draws = read_parameter_draws(fit)
    known = [k for k, name in enumerate(names) if all(mode.estimates.get(name) is not None for mode in modes)]
    chains = fit.results.nuts.chains or 1
    if not known or len(draws) % chains:
        return None
    values = draws[:, known].reshape(chains, -1, len(known))
    spread = np.sqrt(values.var(axis=1).mean(axis=0))
    is_moving = np.isfinite(spread) & (spread > 0)
    if not is_moving.any():
        return None
    points = np.array([[mode.estimates[names[k]] for k in known] for mode in modes], dtype=float)
    scaled = values[..., is_moving] / spread[is_moving]
    centres = points[:, is_moving] / spread[is_moving]
    distances = np.stack([((scaled - centre) ** 2).sum(axis=2) for centre in centres], axis=2)
    nearest = distances.argmin(axis=2)
    return np.stack([(nearest == k).mean(axis=1) for k in range(len(modes))], axis=1)


def _expect_shares(modes: Sequence[DistinctMode]) -> NDArray[np.float64]:
    """Return the share of the probability at each mode, by the normal approximation around it."""
    weights = np.array(compute_log_weights(modes))
    shares = np.exp(weights - weights.max())
    return np.asarray(shares / shares.sum())


def _describe_equal_modes(modes: Sequence[DistinctMode]) -> str:
    """Say that modes are equal, and how they mirror each other; empty where they are not."""
    equal = [mode for mode in modes[1:] if are_equal(modes[0], mode)]
    if not equal:
        return ""
    how = describe_symmetry(modes[0].estimates, equal[0].estimates)
    count = "They" if len(equal) + 1 == len(modes) else f"{len(equal) + 1} of them"
    return f" {count} are equally high{f': {how}' if how else ''}."


def _name_mode(modes: Sequence[DistinctMode], position: int) -> str:
    """Return the values of a few quantities that distinguish a mode from the others most."""
    mode = modes[position]
    others = [other for k, other in enumerate(modes) if k != position]
    distances = {
        name: max(abs(value - (other.estimates.get(name) or 0.0)) for other in others) / (abs(value) or 1.0)
        for name, value in mode.estimates.items()
        if value is not None
    }
    named = sorted(distances, key=lambda name: -distances[name])[:_MOST_NAMED]
    return ", ".join(f"`{name}` = {mode.estimates[name]:.3g}" for name in named)


CHECK = Check(
    code="WB405",
    title="Every known mode visited",
    threshold=f"every mode within {SECOND_MODE_LIMIT:g} nats of the largest mass",
    reference="Gelman et al. (2013), Bayesian Data Analysis, sections 12.3 and 13.3; limit ours",
    meaning=(
        "The optimiser found modes at which no chain ever was. Means, intervals and predictions describe "
        "only the part of the posterior that the chains saw, however well they agree with each other."
    ),
    advice=(
        "Where the modes mirror each other, choose one by a bound or an order in the program; otherwise "
        "start chains at each mode, report the modes one by one, or change the model so that it has one."
    ),
    page=split_paragraphs("""
    Each draw belongs to the nearest of the modes that the optimiser found, by distances in standard
    deviations within chains. A mode counts if the normal approximation around it holds, next to the largest,
    a percent of the probability or more: its height and its width both matter. R-hat cannot see a mode that
    no chain visits.

    Modes of equal height are often one solution written twice: a sign or the order of components that the
    likelihood does not determine. Quantities that do not depend on it are right all the same.
    """),
    assess=_assess,
)
