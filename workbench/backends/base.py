"""What estimation asks of a Stan, whichever Stan it is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from workbench.methods import Laplace, Nuts, Pathfinder
from workbench.progress import SILENT, Progress

Floats = NDArray[np.float64]

Algorithm = Literal["lbfgs", "bfgs", "newton"]
"""Stan's optimisers."""


@dataclass(frozen=True)
class Job:
    """One call of a Stan executable, without its method.

    Attributes
    ----------
    exe
        The compiled program.
    data
        Its data, a JSON file.
    folder
        Where output files go.
    seed
        Stan's seed.
    timeout
        Longest time a process may take [s]; `None` is as long as it needs.
    """

    exe: Path
    data: Path
    folder: Path
    seed: int
    timeout: float | None = None


@dataclass(frozen=True)
class Curvature:
    """The log density around a point, on the unconstrained scale; `U` free dimensions, `C` named values.

    Attributes
    ----------
    log_density
        At the point.
    gradient
        `(U,)`.
    hessian
        `(U, U)`.
    free_names
        Names of the unconstrained dimensions.
    point
        `(U,)`: where it was taken.
    names, values
        Stan names of parameters and transformed parameters, and their values at the point, `(C,)`.
    constrain_jacobian
        `(C, U)`: derivative of the named values with respect to the unconstrained ones.
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
    """Where chains begin; what is `None` or empty is left to Stan.

    Attributes
    ----------
    inits
        Values of parameters on the declared scale as Stan's JSON has them, one for each chain or one for all.
    step_size
        `(chain,)`.
    inv_metric
        `(chain, U)`, or `(chain, U, U)` for a dense metric.
    """

    inits: tuple[Mapping[str, Any], ...] = ()
    step_size: Floats | None = None
    inv_metric: Floats | None = None


DEFAULT_START = Start()
"""Stan's own choice in everything."""


@dataclass(frozen=True)
class RawRun:
    """What one method left: columns as Stan names them, nothing interpreted.

    Attributes
    ----------
    columns
        Stan's names with brackets: `theta[1]`.
    draws
        `(chain, draw, column)`; an optimum is one draw of one chain.
    stats
        Stan's own columns (`lp`, `divergent` ...), each `(chain, draw)`.
    console
        Everything Stan printed.
    seconds
        Wall time [s].
    converged
        Whether Stan said so; estimation judges for itself.
    step_size
        `(chain,)`, NUTS only.
    inv_metric
        `(chain, U)`, or `(chain, U, U)` for a dense metric; NUTS only.
    curvature
        Laplace only.
    warmup
        Warm-up draws where they were asked for, as a run of their own.
    output
        Stan's own output file (that of the first chain), for a run that starts from this one.
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


class Backend(Protocol):
    """Runs Stan's algorithms. All calls raise `RunError` in Stan's words where Stan gives up."""

    def dimension(self, job: Job) -> int:
        """Return the number of unconstrained parameters, `U`."""

    def log_density(self, job: Job, at: Floats | Path, *, jacobian: bool) -> tuple[Floats, Floats]:
        """Return the log density `(P,)` and its gradient `(P, U)` at points.

        Parameters
        ----------
        job
            The program and its data.
        at
            `(P, U)` unconstrained points, or a file of draws of a program with the same parameters.
        jacobian
            Whether the Jacobian of the constraints is part of the density.
        """

    def generate(self, job: Job, columns: tuple[str, ...], draws: Floats) -> RawRun:
        """Return what follows from parameters under a program's data: transformed and generated quantities.

        Parameters
        ----------
        job
            The program and its data.
        columns, draws
            Stan's names of all parameters in their order, and their values, `(draw, column)`.
        """

    def optimize(
        self, job: Job, *, jacobian: bool, algorithm: Algorithm = "lbfgs", start: Start = DEFAULT_START
    ) -> RawRun:
        """Climb to a mode from a random or a given point; `jacobian` chooses the scale it is a mode on."""

    def laplace(self, job: Job, mode: RawRun, method: Laplace, *, jacobian: bool) -> RawRun:
        """Take curvature and normal draws around a mode.

        Where the Hessian is not negative definite there are no draws, but the curvature is still returned.
        """

    def pathfinder(self, job: Job, method: Pathfinder) -> RawRun:
        """Run Pathfinder; draws come as they are, with `lp_approx` and `lp`, not resampled."""

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
        """Run NUTS, at most `jobs` chains at a time, each with so many threads.

        Parameters
        ----------
        job, method
            The program and its data; the settings. Without warm-up nothing is adapted: `start` says all.
        start
            Initial values, step size and inverse metric, where they are known.
        jobs, threads
            Chains at a time, and threads in each; they change no number.
        progress
            Where to report.
        """
