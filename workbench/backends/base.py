"""What estimation needs from Stan: the interface that every backend implements, and its values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from workbench.methods import Laplace, Nuts, Pathfinder
from workbench.progress import SILENT, Progress
from workbench.thresholds import MOST_POINTWISE

Floats = NDArray[np.float64]
"""An array of doubles."""

Integers = NDArray[np.int64]
"""An array of positions."""

Algorithm = Literal["lbfgs", "bfgs", "newton"]
"""Stan's optimisers."""


@dataclass(frozen=True)
class Selection:
    """Which quantities of draws are kept, and of which only some draws.

    Attributes
    ----------
    left_out
        Variables of which nothing is kept.
    pointwise
        Variables with a number, or several, for each observation: log likelihoods and replicates.
    pointwise_draws
        Draws of each chain that pointwise variables keep; `None` for as many as `MOST_POINTWISE` allows.
    sampled
        The pointwise log likelihood. Where its rows are very many and not all draws are kept, a sample of its
        rows is, at all draws.
    """

    left_out: frozenset[str] = frozenset()
    pointwise: frozenset[str] = frozenset()
    pointwise_draws: int | None = None
    sampled: str = ""

    def choose_positions(self, chains: int, draws: int, columns: int) -> Integers:
        """Return the draws of a chain, from 0, that pointwise variables keep: evenly spaced, with the last.

        Parameters
        ----------
        chains, draws
            Chains, and draws of each.
        columns
            Numbers that the pointwise variables have at each draw.

        >>> Selection().choose_positions(4, 1000, 100_000)[[0, 1, -1]].tolist()
        [9, 19, 999]
        """
        most = MOST_POINTWISE // max(1, chains * columns)
        kept = min(draws, max(most, 1) if self.pointwise_draws is None else self.pointwise_draws)
        return np.arange(1, kept + 1) * draws // max(kept, 1) - 1


KEEP_ALL = Selection()
"""Everything is kept."""


@dataclass(frozen=True)
class Job:
    """A call of a Stan executable, before a method is chosen.

    Attributes
    ----------
    exe
        The compiled program.
    data
        The JSON file of its data.
    folder
        Where output files are written.
    seed
        Stan's seed.
    timeout
        Longest time a process may run [s]; `None` sets no limit.
    places
        By line of the compiled program: the author's line that it is made from, as text. Stan's messages then
        name the latter.
    selection
        What is kept of the draws.
    threads
        Threads that share out the work of one log density, in an executable that was built for several.
    """

    exe: Path
    data: Path
    folder: Path
    seed: int
    timeout: float | None = None
    places: Mapping[int, str] = field(default_factory=dict, repr=False, compare=False)
    selection: Selection = KEEP_ALL
    threads: int = 1


@dataclass(frozen=True)
class Curvature:
    """The log density around a point, on the unconstrained scale; `U` free dimensions, `C` named values.

    Attributes
    ----------
    log_density
        Its value at the point.
    gradient
        Its first derivatives, `(U,)`.
    hessian
        Its second derivatives, `(U, U)`.
    free_names
        Names of the unconstrained dimensions.
    point
        The point, `(U,)`.
    names, values
        Stan names of parameters and transformed parameters, and their values at the point, `(C,)`.
    constrain_jacobian
        Derivatives of the named values with respect to the unconstrained dimensions, `(C, U)`.
    """

    log_density: float
    gradient: Floats
    hessian: Floats
    free_names: tuple[str, ...]
    point: Floats
    names: tuple[str, ...]
    values: Floats
    constrain_jacobian: Floats


@dataclass(frozen=True)
class Start:
    """Where chains start; Stan chooses what is empty or `None`.

    Attributes
    ----------
    inits
        Parameter values on the declared scale, as in Stan's JSON: a set for each chain, or one set for all.
    step_size
        The step size of each chain, `(chain,)`.
    inv_metric
        The inverse metric of each chain, `(chain, U)`, or `(chain, U, U)` if it is dense.
    """

    inits: tuple[Mapping[str, Any], ...] = ()
    step_size: Floats | None = None
    inv_metric: Floats | None = None


DEFAULT_START = Start()
"""Everything is Stan's own choice."""


@dataclass(frozen=True)
class RowSample:
    """Log likelihoods of a random sample of rows, and summaries of all.

    Attributes
    ----------
    rows
        The rows of the sample, counted from 0 in row-major order, ascending, `(row,)`.
    log_lik
        Their log likelihoods, `(chain, draw, row)` [nats].
    elpd
        Log predictive density of every row without it, by importance sampling without smoothing: minus the
        logarithm of the mean of the inverse likelihood over all draws, `(N,)` [nats].
    mean, variance
        Of the log likelihood of every row over all draws, `(N,)`.
    """

    rows: Integers
    log_lik: Floats
    elpd: Floats
    mean: Floats
    variance: Floats


@dataclass(frozen=True)
class RawRun:
    """The output of one method, under Stan's own names, not interpreted.

    Attributes
    ----------
    columns
        Stan's names of the quantities, with brackets: `theta[1]`.
    draws
        Their values, `(chain, draw, column)`; an optimum is one draw of one chain.
    stats
        Stan's own columns (`lp`, `divergent` ...), each `(chain, draw)`.
    console
        Everything that Stan printed.
    seconds
        Wall time [s].
    converged
        Whether Stan reported convergence; estimation judges for itself.
    step_size
        The adapted step size of each chain, `(chain,)`; NUTS only.
    inv_metric
        The adapted inverse metric of each chain, `(chain, U)`, or `(chain, U, U)` if it is dense; NUTS only.
    curvature
        The log density around the mode; Laplace only.
    warmup
        Warm-up draws, if requested, as a run of their own.
    output
        The file that Stan wrote (the first chain's), for a run that starts from this one.
    pointwise
        The pointwise variables of some draws, as a run of its own, where they are not kept for all.
    row_sample
        Of very many rows, the log likelihood of some at all draws.
    positions
        Which draws of each chain these are, counted from 0, `(draw,)`; `None` for all.
    sampler
        The name and version of the sampler, where it is not Stan's.
    """

    columns: tuple[str, ...]
    draws: Floats
    stats: Mapping[str, Floats] = field(default_factory=dict)
    console: str = ""
    seconds: float = 0.0
    converged: bool = True
    step_size: Floats | None = None
    inv_metric: Floats | None = None
    curvature: Curvature | None = None
    warmup: RawRun | None = None
    output: Path | None = None
    pointwise: RawRun | None = None
    row_sample: RowSample | None = None
    positions: Integers | None = None
    sampler: str = ""

    @property
    def with_pointwise(self) -> RawRun:
        """The run that holds the pointwise variables: this one, where they are kept for all draws."""
        return self if self.pointwise is None else self.pointwise


class Backend(Protocol):
    """Runs Stan's algorithms. Every call raises `RunError`, with Stan's message, if Stan fails."""

    def dimension(self, job: Job) -> int:
        """Return the number of unconstrained parameters, `U`."""

    def release(self, job: Job) -> None:
        """Free what is kept loaded for a program and its data, which will not be needed any more."""

    def log_density(self, job: Job, points: Floats, *, jacobian: bool) -> tuple[Floats, Floats]:
        """Return the log density `(P,)` and its gradient `(P, U)` at points.

        Where several points are given, those that the program rejects may have NaN, or raise the error.

        Parameters
        ----------
        job
            The program and its data.
        points
            Unconstrained points, `(P, U)`.
        jacobian
            Whether the Jacobian of the constraints is part of the density.
        """

    def log_density_at(self, job: Job, columns: tuple[str, ...], draws: Floats) -> tuple[Floats, Floats]:
        """Return the log density without Jacobian for parameter values, and its gradient.

        Parameters
        ----------
        job
            The program and its data; it may be another program with the same parameters.
        columns, draws
            Stan's names of all parameters, in order, and their values, `(P, column)`.
        """

    def compute_normalised(self, job: Job, points: Floats) -> Floats:
        """Return the log density with all constants and the Jacobian, `(P,)`: NaN where a point is rejected.

        Parameters
        ----------
        job
            The program and its data.
        points
            Unconstrained points, `(P, U)`.
        """

    def unconstrain_values(self, job: Job, columns: tuple[str, ...], draws: Floats) -> Floats:
        """Return the unconstrained points of parameter values, `(P, U)`: NaN where values are not valid.

        Parameters
        ----------
        job
            The program and its data.
        columns, draws
            Stan's names of all parameters, in order, and their values, `(P, column)`.
        """

    def compute_quantities(
        self, job: Job, points: Floats, names: tuple[str, ...] | None = None, *, jobs: int | None = None
    ) -> RawRun:
        """Return parameters, transformed parameters and generated quantities at unconstrained points.

        Those of points that the program rejects are NaN.

        Parameters
        ----------
        job
            The program and its data.
        points
            `(P, U)`.
        names
            Stan's names of those that are kept, in this order; `None` keeps all that the job's selection does
            not leave out.
        jobs
            The most processes; `None` takes this machine's processors.
        """

    def generate(self, job: Job, columns: tuple[str, ...], draws: Floats) -> RawRun:
        """Return the transformed and generated quantities of given parameter values.

        Parameters
        ----------
        job
            The program and its data.
        columns, draws
            Stan's names of all parameters, in order, and their values, `(draw, column)`.
        """

    def optimize(
        self, job: Job, *, jacobian: bool, algorithm: Algorithm = "lbfgs", start: Start = DEFAULT_START
    ) -> RawRun:
        """Find a mode from a random or a given start, on the unconstrained scale if `jacobian` is true."""

    def laplace(self, job: Job, mode: RawRun, method: Laplace, *, jacobian: bool) -> RawRun:
        """Return the curvature at a mode, and draws of the normal approximation around it.

        If the Hessian is not negative definite there are no draws, but the curvature is still returned.
        """

    def pathfinder(self, job: Job, method: Pathfinder) -> RawRun:
        """Run Pathfinder; return its draws without resampling, with `lp_approx` and `lp`."""

    def sample(
        self,
        job: Job,
        method: Nuts,
        *,
        start: Start = DEFAULT_START,
        jobs: int = 1,
        threads: int = 1,
        progress: Progress = SILENT,
    ) -> RawRun:
        """Run NUTS.

        Parameters
        ----------
        job, method
            The program and its data; the settings. Without warm-up nothing is adapted.
        start
            Initial values, step size and inverse metric, as far as they are known.
        jobs, threads
            How many chains run at a time, and with how many threads each; they change no number.
        progress
            Where to report.
        """
