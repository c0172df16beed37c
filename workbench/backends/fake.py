"""A backend without Stan, whose posterior is known: for tests and documentation."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from workbench.backends.base import DEFAULT_START, Algorithm, Curvature, Floats, Job, RawRun, Start
from workbench.errors import ChainFailed
from workbench.methods import Laplace, Nuts, Pathfinder
from workbench.progress import SILENT, Progress


@dataclass(frozen=True)
class FakeBackend:
    """Answers as Stan would if the posterior were independent normal distributions.

    Attributes
    ----------
    means, sds
        Means and standard deviations of the posterior, by Stan name (`theta[1]`).
    divergent
        How many transitions of the first chain are marked divergent.
    failing
        The methods (`optimize`, `laplace`, `pathfinder`, `sample`) that raise `ChainFailed`.
    """

    means: Mapping[str, float]
    sds: Mapping[str, float]
    divergent: int = 0
    failing: frozenset[str] = frozenset()

    def dimension(self, job: Job) -> int:
        """Return the number of columns: all are parameters."""
        del job
        return len(self.means)

    def log_density(self, job: Job, points: Floats, *, jacobian: bool) -> tuple[Floats, Floats]:
        """Return the normal log density; there are no constraints."""
        del job, jacobian
        standardised = (points - self._location) / self._scale
        return -0.5 * (standardised**2).sum(axis=1), -standardised / self._scale

    def log_density_at(self, job: Job, columns: tuple[str, ...], draws: Floats) -> tuple[Floats, Floats]:
        """Return the normal log density of some of the parameters; there are no constraints."""
        del job
        means, sds = (np.array([source[name] for name in columns]) for source in (self.means, self.sds))
        standardised = (draws - means) / sds
        return -0.5 * (standardised**2).sum(axis=1), -standardised / sds

    def compute_normalised(self, job: Job, points: Floats) -> Floats:
        """Return the normal log density with its constants."""
        values, _ = self.log_density(job, points, jacobian=True)
        constant = np.log(self._scale).sum() + 0.5 * len(self._scale) * np.log(2 * np.pi)
        return np.asarray(values - constant)

    def unconstrain_values(self, job: Job, columns: tuple[str, ...], draws: Floats) -> Floats:
        """Return the values themselves: there are no constraints."""
        del job, columns
        return draws

    def compute_quantities(
        self, job: Job, points: Floats, names: tuple[str, ...] | None = None, *, jobs: int | None = None
    ) -> RawRun:
        """Return the parameters: there are no constraints, and no other quantities."""
        del job, jobs
        kept = self._columns if names is None else names
        if unknown := set(kept) - set(self._columns):
            raise ChainFailed(f"the fake backend has no quantity `{min(unknown)}`.")
        return RawRun(kept, points[None][..., [self._columns.index(name) for name in kept]])

    def generate(self, job: Job, columns: tuple[str, ...], draws: Floats) -> RawRun:
        """Refuse: there are no quantities besides the parameters."""
        del job, columns, draws
        raise ChainFailed("the fake backend generates no quantities.")

    def optimize(
        self, job: Job, *, jacobian: bool, algorithm: Algorithm = "lbfgs", start: Start = DEFAULT_START
    ) -> RawRun:
        """Return the means."""
        del job, jacobian, algorithm, start
        self._fail_if_told("optimize")
        stats = {"lp": np.zeros((1, 1))}
        return RawRun(self._columns, self._location[None, None, :], stats, "Optimization terminated normally")

    def laplace(self, job: Job, mode: RawRun, method: Laplace, *, jacobian: bool) -> RawRun:
        """Return independent draws of the posterior itself, whose log densities agree."""
        del jacobian
        self._fail_if_told("laplace")
        rng = np.random.default_rng(job.seed)
        noise = rng.standard_normal((1, method.draws, len(self.means)))
        log_density = -0.5 * (noise**2).sum(axis=2)
        point = mode.draws[0, 0]
        curvature = Curvature(
            float(-0.5 * (((point - self._location) / self._scale) ** 2).sum()),
            (self._location - point) / self._scale**2,
            -np.diag(self._scale**-2.0),
            self._columns,
            point,
            self._columns,
            point,
            np.eye(len(self.means)),
        )
        stats = {"log_p": log_density, "log_q": log_density}
        return RawRun(self._columns, self._location + self._scale * noise, stats, curvature=curvature)

    def pathfinder(self, job: Job, method: Pathfinder) -> RawRun:
        """Return independent draws of the posterior itself, whose log densities agree."""
        self._fail_if_told("pathfinder")
        noise = np.random.default_rng(job.seed).standard_normal((1, method.draws, len(self.means)))
        log_density = -0.5 * (noise**2).sum(axis=2)
        stats = {"lp": log_density, "lp_approx": log_density}
        return RawRun(self._columns, self._location + self._scale * noise, stats)

    def release(self, job: Job) -> None:
        """Do nothing: nothing is loaded."""

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
        """Return independent draws of the posterior, in chains, whatever their start."""
        del jobs, threads
        self._fail_if_told("sample")
        rng = np.random.default_rng(job.seed)
        shape = (method.chains, method.draws)
        noise = rng.standard_normal((*shape, len(self.means)))
        divergent = np.zeros(shape)
        divergent[0, : self.divergent] = 1
        stats = {
            "lp": -0.5 * (noise**2).sum(axis=2),
            "energy": rng.standard_normal(shape),
            "divergent": divergent,
            "treedepth": np.full(shape, 2.0),
            "accept_stat": np.full(shape, method.adapt_delta),
            "n_leapfrog": np.full(shape, 3.0),
            "stepsize": np.ones(shape),
        }
        with progress.stage("Sampling", total=float(method.chains * method.draws)) as stage:
            stage.update(float(method.chains * method.draws))
        step_size, inv_metric = np.ones(method.chains), np.ones((method.chains, len(self.means)))
        return RawRun(
            self._columns,
            self._location + self._scale * noise,
            stats,
            step_size=step_size if start.step_size is None else start.step_size,
            inv_metric=inv_metric if start.inv_metric is None else start.inv_metric,
        )

    @property
    def _columns(self) -> tuple[str, ...]:
        return tuple(self.means)

    @property
    def _location(self) -> np.ndarray:
        return np.array([self.means[name] for name in self.means])

    @property
    def _scale(self) -> np.ndarray:
        return np.array([self.sds[name] for name in self.means])

    def _fail_if_told(self, method: str) -> None:
        if method in self.failing:
            raise ChainFailed(f"the fake backend was told to fail in `{method}`.")
