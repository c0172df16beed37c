"""A mode found by climbing, finished by Newton's method, and judged by gradient and curvature."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from workbench.backends import Curvature, RawRun
from workbench.backends.base import ANYWHERE, Floats, Start
from workbench.errors import ChainFailed, RunError
from workbench.estimation.context import FitContext
from workbench.estimation.optimum.convergence import (
    Candidate,
    explain_bound_reached,
    explain_failure,
    find_constrained_dimensions,
)
from workbench.estimation.optimum.log_density import LogDensity
from workbench.estimation.optimum.multistart import StartResult, run_multistart
from workbench.estimation.optimum.newton import NewtonResult, invert_directions, maximise, refine
from workbench.estimation.optimum.nonsmooth import find_breakpoints, maximise_nonsmooth, may_be_nonsmooth
from workbench.methods import Laplace

SAME_MODE = 0.1
"""Ends closer than this in every parameter, in standard errors at the mode, are one mode."""

SAME_LOG_DENSITY = 1e-2
"""Ends whose log densities [nats] differ by less may be one mode."""

MOST_OPTIMA = 4
"""Distinct ends that are finished and judged; a density with more modes is said to have many."""

MOST_RESOLVED = 300
"""Unconstrained dimensions up to which Hessians are taken anew; above, Stan's own leads the last steps."""

CURVATURE_ONLY = Laplace(draws=100)
"""What to ask of Stan's Laplace method where its Hessian is wanted and its draws are not."""

_UNFINISHED = "Stan's optimiser did not converge."
_MOST_CALLS = 30
_STRIDE = 0.7
_ARRIVED = 1e-6


@dataclass(frozen=True)
class Optimum:
    """One end of a climb, finished and judged.

    Attributes
    ----------
    run
        The optimiser's result, moved to where Newton's method ended.
    curvature
        Around the point; `None` where the Stan in use does not report it.
    summit
        Where Newton's method ended.
    problem
        Why the point is no mode, in a sentence; empty where it is one.
    reached
        How many starts ended here.
    held
        Names of parameters that sit at a kink of the density.
    approximation
        Normal draws around the point, where they could be had.
    """

    run: RawRun
    curvature: Curvature | None
    summit: NewtonResult | None
    problem: str
    reached: int = 1
    held: tuple[str, ...] = ()
    approximation: RawRun | None = None

    @property
    def height(self) -> float:
        """The log density [nats]."""
        return float(self.run.stats["lp"][0, 0])

    @property
    def values(self) -> dict[str, float]:
        """The point, by Stan name."""
        return dict(zip(self.run.columns, self.run.draws[0, 0].tolist(), strict=True))


@dataclass(frozen=True)
class OptimumSearch:
    """What several climbs found.

    Attributes
    ----------
    peaks
        Distinct ends, the one that counts first.
    attempts
        Every start.
    surface
        The log density that was climbed.
    """

    peaks: tuple[Optimum, ...]
    attempts: tuple[StartResult, ...]
    surface: LogDensity

    @property
    def best(self) -> Optimum:
        """The end that counts."""
        return self.peaks[0]

    @property
    def problem(self) -> str:
        """Why it is no mode; empty where it is one."""
        return self.best.problem

    @property
    def facts(self) -> dict[str, Any]:
        """What `run.json` says about the climbs; where there is no mode, also where the highest stopped."""
        facts: dict[str, Any] = {
            "starts": [one.record for one in self.attempts],
            "reached": self.best.reached,
            "failed_starts": sum(one.status == "failed" for one in self.attempts),
            "optimizer": next((one.optimizer for one in self.attempts if one.run is not None), "none"),
        }
        if self.problem:
            facts["stopped_at"] = self.best.values
        return facts


def find_optima(
    setting: FitContext,
    method: str,
    *,
    jacobian: bool,
    prior_weight: float,
    starts: int,
    laplace: Laplace,
    at: Start = ANYWHERE,
) -> OptimumSearch:
    """Climb from several random points, or from one that is known, finish each distinct end, and judge it.

    Raises
    ------
    RunError
        Every start failed; Stan's words of the last.
    """
    attempts = run_multistart(
        setting, method, jacobian=jacobian, prior_weight=prior_weight, starts=starts, at=at
    )
    ends = sorted((one for one in attempts if one.run is not None), key=lambda one: -one.height)
    if not ends:
        raise ChainFailed(f"every start failed. {attempts[-1].reason}")
    job = setting.job(method, prior_weight=prior_weight)
    surface = LogDensity(setting.backend, job, jacobian)
    peaks = _peaks(setting, surface, [one.run for one in ends if one.run is not None])
    best = max(peaks, key=lambda one: one.height)
    others = sorted((one for one in peaks if one is not best), key=lambda one: -one.height)
    best = _with_draws(surface, best, laplace)
    return OptimumSearch((best, *others), attempts, surface)


def compute_standard_errors(peak: Optimum) -> dict[str, float]:
    """Return the standard error of each named value, by the delta method.

    References
    ----------
    Observed information on the unconstrained scale; van der Vaart (1998), Asymptotic Statistics, chapter 3.
    """
    if peak.curvature is None or peak.summit is None:
        return {}
    moved = peak.curvature.constrain_jacobian @ peak.summit.frame
    sds: Floats = np.sqrt((moved**2).sum(axis=1))
    return dict(zip(peak.curvature.names, sds.tolist(), strict=True))


def _peaks(setting: FitContext, surface: LogDensity, ends: list[RawRun]) -> list[Optimum]:
    """Return the distinct ends, each finished; ends that lead to a known one are counted there."""
    peaks: list[Optimum] = []
    for end in ends:
        known = _known(peaks, end)
        is_full = len(peaks) == MOST_OPTIMA or any(peak.problem for peak in peaks)
        if known is None and not is_full:
            peak = _finished(setting, surface, end)
            known = _known(peaks, peak.run)
            if known is None:
                peaks.append(peak)
                continue
        if known is not None:
            peaks[known] = replace(peaks[known], reached=peaks[known].reached + 1)
    return peaks


def _known(peaks: list[Optimum], run: RawRun) -> int | None:
    """Return which known end a run ended at."""
    for number, peak in enumerate(peaks):
        if abs(peak.height - float(run.stats["lp"][0, 0])) < SAME_LOG_DENSITY and (
            peak.problem or measure_distance(peak, run)[0] < SAME_MODE
        ):
            return number
    return None


def measure_distance(peak: Optimum, run: RawRun) -> tuple[float, str]:
    """Return how far a run's end is from a mode, in standard errors there, and in which parameter most."""
    errors, values = compute_standard_errors(peak), peak.values
    if not errors:
        return (0.0 if np.isclose(peak.height, run.stats["lp"][0, 0]) else np.inf), ""
    other = dict(zip(run.columns, run.draws[0, 0].tolist(), strict=True))
    apart = {name: abs(other[name] - values[name]) / error for name, error in errors.items() if error > 0}
    name = max(apart, key=lambda one: apart[one], default="")
    return (apart[name] if name else 0.0), name


def _finished(setting: FitContext, surface: LogDensity, end: RawRun) -> Optimum:
    """Return an end climbed to the last digit, and judged."""
    curvature = _curvature(surface, end)
    if curvature is None:
        edge = explain_bound_reached(
            zip(end.columns, end.draws[0, 0].tolist(), strict=True), setting.request.program
        )
        return Optimum(end, None, None, edge or ("" if end.converged else _UNFINISHED))
    scale = _scale(curvature)
    held = np.zeros(len(scale), dtype=bool)
    kinks = None
    if may_be_nonsmooth(setting.request.program) and len(scale) <= MOST_RESOLVED:
        kinks = find_breakpoints(surface, curvature.point, _corners(setting, curvature))
    if len(scale) > MOST_RESOLVED:
        summit = refine(surface, curvature.point, curvature.hessian)
    elif kinks is None:
        summit = maximise(surface, curvature.point, scale)
    else:
        cornered = maximise_nonsmooth(surface, curvature.point, scale, kinks)
        summit, held = cornered.summit, cornered.held
    problem = explain_failure(Candidate(surface, curvature, summit), setting.request.program)
    names = tuple(np.array(curvature.free_names, dtype=object)[held])
    if problem:
        return Optimum(end, curvature, summit, problem, held=names)
    bounded = find_constrained_dimensions(curvature, setting.request.program)
    run, curvature = _moved(surface, end, curvature, summit, bounded)
    return Optimum(run, curvature, summit, "", held=names)


def _scale(curvature: Curvature) -> Floats:
    """Return a typical length of each dimension, from the curvature that Stan found."""
    diagonal = np.abs(np.diag(curvature.hessian))
    is_usable = np.isfinite(diagonal) & (diagonal > 0)
    return np.where(is_usable, 1 / np.sqrt(np.where(is_usable, diagonal, 1.0)), 1.0)


def _corners(setting: FitContext, curvature: Curvature) -> Floats:
    """Return where each unconstrained dimension may have a kink: 0, or its prior's constant location."""
    locations = np.where(find_constrained_dimensions(curvature, setting.request.program), np.nan, 0.0)
    values = setting.request.priors.values
    for column, name in enumerate(curvature.free_names):
        known = values.get(f"{name.partition('[')[0]}.mu")
        if known is not None and np.isfinite(locations[column]) and np.ndim(known) == 0:
            locations[column] = float(known)
    return locations


def _curvature(surface: LogDensity, run: RawRun) -> Curvature | None:
    try:
        around = surface.backend.laplace(surface.job, run, CURVATURE_ONLY, jacobian=surface.jacobian)
    except RunError:
        return None
    return around.curvature


def _moved(
    surface: LogDensity, end: RawRun, curvature: Curvature, summit: NewtonResult, bounded: np.ndarray
) -> tuple[RawRun, Curvature]:
    """Return the run at the summit, and the names and values there.

    Stan is asked for the declared scale at points nearer and nearer to the summit: a Newton iteration on the
    constraining transform, whose last step is too small for its curvature to matter.
    """
    run, here = end, curvature
    dims, inverse = invert_directions(summit)
    for _ in range(_MOST_CALLS):
        ahead = summit.point - here.point
        shifts = here.constrain_jacobian @ ahead
        way = inverse @ ahead[dims]
        is_there = bool(np.linalg.norm(way) < _ARRIVED)
        farthest = np.abs(ahead[bounded]).max(initial=0.0)
        share = 1.0 if is_there else min(1.0, _STRIDE / max(farthest, _STRIDE))
        run = _at(run, here, here.values + share * shifts, summit.height)
        if is_there:
            break
        following = _curvature(surface, run)
        if following is None:
            break
        here = following
    return run, replace(here, point=summit.point, values=_own(run, here), gradient=summit.slope)


def _at(run: RawRun, curvature: Curvature, values: Floats, height: float) -> RawRun:
    """Return a run whose parameters and transformed parameters have other values."""
    moved = dict(zip(curvature.names, values.tolist(), strict=True))
    draws = np.array(
        [moved.get(column, old) for column, old in zip(run.columns, run.draws[0, 0], strict=True)]
    )
    return replace(run, draws=draws[None, None, :], stats={"lp": np.array([[height]])})


def _own(run: RawRun, curvature: Curvature) -> Floats:
    values = dict(zip(run.columns, run.draws[0, 0], strict=True))
    return np.array([values.get(name, np.nan) for name in curvature.names])


def _with_draws(surface: LogDensity, peak: Optimum, laplace: Laplace) -> Optimum:
    """Return a mode with normal draws around it, where they were asked for and can be had."""
    if peak.problem or laplace == CURVATURE_ONLY or peak.held:
        return peak
    try:
        around = surface.backend.laplace(surface.job, peak.run, laplace, jacobian=surface.jacobian)
    except RunError:
        return peak
    return replace(peak, approximation=around)
