"""Why a point is no mode, in words that name the direction and what makes it so."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from workbench.backends import Curvature
from workbench.backends.base import Floats
from workbench.estimation.optimum.log_density import LogDensity, evaluate
from workbench.estimation.optimum.newton import FLAT, NewtonResult
from workbench.program import Declaration, Program

DECREMENT = 1e-6
"""Newton decrement [nats]: what a further Newton step would still gain; below it a point is a mode.
Boyd and Vandenberghe (2004), Convex Optimization, section 9.5.1."""

RUNAWAY_SD = 20.0
"""Standard error on a log or logit scale beyond which a parameter runs to its bound: a factor of exp(20)."""

FAR = 8.0
"""Distance from 0 on a log or logit scale, a factor of 3000, beyond which a climb that finds no end is on its
way to the bound."""

OVERFLOWING = 300.0
"""Distance from 0 beyond which the exponential of a parameter, squared, leaves the range of a double."""

_INWARD = np.array([0.5, 0.7, 0.9])
_STEADY = 0.9
_STRIDES = np.array([0.0, 1.0, 4.0, 16.0, 64.0])
_STRIDE = 0.1
_UNCURVED = 1e-3
_SHARE = 0.1
_INSIDE = "the log density has no maximum inside the support:"
_SHARES = ("simplex", "column_stochastic_matrix", "row_stochastic_matrix")
_REAL = ("real", "vector", "row_vector", "matrix")
_PLAIN = {*_REAL, "complex", "complex_vector", "complex_row_vector", "complex_matrix"}
_INDICES = re.compile(r"\[[^\]]*\]")
_LOGISTIC = (
    "bernoulli_logit",
    "binomial_logit",
    "categorical_logit",
    "ordered_logistic",
    "bernoulli",
    "binomial",
)


@dataclass(frozen=True)
class Candidate:
    """A point under judgement.

    Attributes
    ----------
    surface
        The log density.
    curvature
        Names and constrained values there.
    summit
        Where the climb ended.
    """

    surface: LogDensity
    curvature: Curvature
    summit: NewtonResult


def explain_failure(place: Candidate, program: Program) -> str:
    """Return why a point is not a mode, or an empty string."""
    summit = place.summit
    if not np.isfinite(summit.frame).all() or not np.isfinite(summit.height):
        far = np.where(find_constrained_dimensions(place.curvature, program), np.abs(summit.point), 0.0)
        if far.max(initial=0.0) > FAR:
            return _edge(place, program, int(np.argmax(far)), float(np.sign(summit.point[np.argmax(far)])))
        farthest = int(np.argmax(np.abs(summit.point)))
        if _has_risen(place):
            return _rising(place, program, farthest)
        where = _reached(place, farthest)
        return f"the curvature at the point where the optimiser stopped is not finite: it stopped at {where}."
    if not summit.frame.size:
        return ""
    running = _runaway(place, program)
    if running:
        return running
    stiffness = summit.stiffness
    if stiffness.min() <= 2 * FLAT:
        return _flat(place, summit.frame[:, int(np.argmin(stiffness))])
    if summit.is_settled and summit.is_maximum and summit.decrement <= DECREMENT:
        return ""
    return _unsettled(place, program)


def explain_bound_reached(point: Iterable[tuple[str, float]], program: Program) -> str:
    """Return which value lies exactly on a declared bound, in a sentence; an empty one where none does.

    From there the unconstrained scale is infinitely far away: Stan has no curvature to report.
    """
    declared = {one.name: one for one in _parts(program.parameters)}
    for column, value in point:
        one = declared.get(_INDICES.sub("", column))
        if one is None:
            continue
        limits = [limit.literal for limit in (one.lower, one.upper) if limit is not None]
        if value in limits or (value == 0 and one.kind in (*_SHARES, "positive_ordered")):
            return f"{_INSIDE} it rises to the edge of the range of `{column}` (it had reached {value:.3g})."
    return ""


def find_constrained_dimensions(curvature: Curvature, program: Program) -> np.ndarray:
    """Return which unconstrained dimensions are not themselves a declared parameter, but made from one."""
    free = {
        one.name for one in _parts(program.parameters) if one.kind in _PLAIN and not (one.lower or one.upper)
    }
    return np.array([_INDICES.sub("", name) not in free for name in curvature.free_names], dtype=bool)


def _parts(declared: Iterable[Declaration]) -> Iterator[Declaration]:
    """Yield every declaration, of a tuple the members instead: `pair.1`, `pair.2`."""
    for one in declared:
        if one.members:
            yield from _parts(one.members)
        else:
            yield one


def _flat(place: Candidate, direction: Floats) -> str:
    """Say which parameters only a combination of is determined."""
    alone = 1 / np.sqrt(np.maximum(_diagonal(place.summit), np.finfo(float).tiny))
    shares = np.abs(direction) / alone
    involved = np.argsort(-shares)[: int((shares > _SHARE * shares.max()).sum())]
    names = [_reached(place, int(dim)) for dim in involved[:4]]
    if len(involved) == 1:
        return f"the log density has no maximum: it is flat or still rising along {names[0]}."
    more = f" and {len(involved) - 4} more" if len(involved) > 4 else ""
    return (
        f"the log density has no maximum: it is flat or still rising along a combination of "
        f"{', '.join(names)}{more}: the data determine only what is left of them together."
    )


def _diagonal(summit: NewtonResult) -> Floats:
    """Return the curvature of each dimension alone, `(U,)`."""
    alone: Floats = np.sum(np.linalg.pinv(summit.frame) ** 2, axis=0)
    return alone


def _runaway(place: Candidate, program: Program) -> str:
    """Say which bounded parameter has so little curvature left that it is on its way to its bound."""
    spread = np.sqrt(np.diag(place.summit.covariance))
    runs = find_constrained_dimensions(place.curvature, program) & (spread > RUNAWAY_SD)
    if not runs.any():
        return ""
    moving = runs & ((np.abs(place.summit.slope) > FLAT) | (np.abs(place.summit.point) > FAR))
    if not moving.any():
        alone = np.zeros(len(runs))
        alone[int(np.argmax(np.where(runs, spread, 0)))] = 1.0
        return _flat(place, alone)
    dim = int(np.argmax(np.where(moving, spread, 0)))
    return _edge(place, program, dim, float(np.sign(place.summit.point[dim])))


def _unsettled(place: Candidate, program: Program) -> str:
    """Say where the density goes on rising; or, where it does not, how far the climb was from its end."""
    summit, bounded = place.summit, find_constrained_dimensions(place.curvature, program)
    step = summit.frame @ (summit.frame.T @ summit.slope)
    # On its way to a bound a parameter is far out, and takes steps of about 1, on the log or logit scale.
    far = np.where(bounded, np.abs(summit.point), 0.0)
    if far.max(initial=0.0) > FAR:
        dim = int(np.argmax(far))
        return _edge(place, program, dim, float(np.sign(summit.point[dim])))
    strides = np.where(bounded, np.abs(step), 0.0)
    if _rises(place, step):
        dim = int(np.argmax(strides))
        if strides[dim] > _STRIDE:
            return _edge(place, program, dim, float(np.sign(step[dim])))
        return _rising(place, program, int(np.argmax(step * summit.slope)))
    # A separated likelihood is 1 to the last digit far enough out: there it rises no more that one could see.
    if _rises(place, summit.point, is_strict=not _separable(program)):
        return _rising(place, program, int(np.argmax(np.abs(summit.point))))
    weakest = int(np.argmin(np.abs(summit.curvature)))
    if abs(summit.curvature[weakest]) < _UNCURVED:
        return _flat(place, summit.frame[:, weakest])
    if not summit.is_maximum:
        return (
            "the optimiser stopped where the log density still curves upwards: it is a saddle or a ridge, "
            f"mostly along {_reached(place, _upward(summit))}."
        )
    return f"the optimiser stopped {summit.decrement:.2g} nats below where a Newton step leads."


def _rises(place: Candidate, direction: Floats, *, is_strict: bool = True) -> bool:
    """Return whether the density goes on rising, or at least never falls, far along a direction."""
    heights, _ = evaluate(place.surface, place.summit.point + _STRIDES[:, None] * direction)
    finite = heights[np.isfinite(heights)]
    is_risen = not is_strict or bool(finite[-1:] > finite[:1])
    return len(finite) >= 3 and bool((np.diff(finite) >= 0).all()) and is_risen


def _has_risen(place: Candidate) -> bool:
    """Return whether the density rose steadily all the way to a point so far out that numbers end there."""
    if np.abs(place.summit.point).max(initial=0.0) < OVERFLOWING:
        return False
    heights, _ = evaluate(place.surface, _INWARD[:, None] * place.summit.point)
    gains = np.diff(heights) if np.isfinite(heights).all() else np.zeros(1)
    return bool((gains > 0).all() and gains[-1] > _STEADY * gains[0])


def _upward(summit: NewtonResult) -> int:
    return int(np.argmax(np.abs(summit.frame[:, int(np.argmin(summit.curvature))])))


def _rising(place: Candidate, program: Program, dim: int) -> str:
    where = _reached(place, dim)
    words = f"the log density has no maximum: it keeps rising along {where}."
    outcomes = _separable(program)
    if _scales_effects(program, place.curvature.free_names[dim]):
        name = place.curvature.free_names[dim]
        return (
            f"{words} The effects that `{name}` scales can lie ever closer to their mean, and their joint "
            "density then grows without limit."
        )
    if not outcomes:
        return words
    return (
        f"{words} `{outcomes}` is separated: a combination of the predictors tells its values apart without "
        "error, so the likelihood grows for ever with it. Leave the predictor out, or give it a proper prior."
    )


def _edge(place: Candidate, program: Program, dim: int, way: float) -> str:
    name, where = place.curvature.free_names[dim], _reached(place, dim)
    root = name.partition("[")[0]
    share = _smallest_share(place, program, root)
    if share:
        return f"{_INSIDE} it rises to the edge of the range of {share}."
    if way > 0 and _is_open(program, root):
        return f"the log density has no maximum: it is flat or still rising along {where}."
    words = f"{_INSIDE} it rises to the edge of the range of {where}."
    if way < 0 and _scales_effects(program, name):
        return (
            f"{words} As `{name}` goes to its bound the effects it scales can lie exactly on their mean, and "
            "their joint density grows without limit: such a program has a posterior, but no joint mode."
        )
    return words


def _smallest_share(place: Candidate, program: Program, root: str) -> str:
    """Return the smallest element of a parameter whose elements are shares, else an empty string.

    No dimension of the unconstrained scale is that of one element.
    """
    if not any(one.name == root and one.kind in _SHARES for one in program.parameters):
        return ""
    pairs = zip(place.curvature.names, place.curvature.values.tolist(), strict=True)
    value, name = min((value, name) for name, value in pairs if name.partition("[")[0] == root)
    return f"`{name}` (it had reached {value:.3g})"


def _scales_effects(program: Program, name: str) -> bool:
    """Return whether a density of latent effects, no mixture, has a parameter among its arguments."""
    root = name.partition("[")[0]
    latent = [term for term in program.terms if term.role == "latent" and term.distribution]
    scales = [term for term in latent if root in term.parameters]
    return any(root not in term.outcomes for term in scales)


def _is_open(program: Program, name: str) -> bool:
    """Return whether a parameter has one bound alone: away from it, its range has no edge."""
    return any(one.name == name and (one.lower is None) != (one.upper is None) for one in program.parameters)


def _separable(program: Program) -> str:
    """Return the outcome of a logistic likelihood, or an empty string."""
    for term in program.terms:
        kind = (term.distribution or "").removesuffix("_glm")
        if term.role == "likelihood" and kind in _LOGISTIC:
            return term.outcomes[0] if term.outcomes else "the outcome"
    return ""


def _reached(place: Candidate, dim: int) -> str:
    name = place.curvature.free_names[dim]
    stopped = dict(zip(place.curvature.names, place.curvature.values, strict=True)).get(name)
    return f"`{name}`" if stopped is None else f"`{name}` (it had reached {stopped:.3g})"
