"""The posterior of a stored run, ready to be evaluated anywhere: its densities, and those of its rows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from workbench.backends import Backend, Job
from workbench.backends.base import Floats
from workbench.diagnostics.loo import name_cells
from workbench.errors import MethodError
from workbench.estimation.context import FitContext
from workbench.program import Program
from workbench.progress import Progress
from workbench.results.quantities import find_kept_draws
from workbench.studies.fits.posterior import collect_chains
from workbench.workflow.memory_check import PLAIN, count_elements
from workbench.workflow.run_context import open_context
from workbench.workflow.saved_run import SavedRun

_BLOCK = 1 << 22
"""Numbers that a request for gradients or for many rows returns at most: a bound of memory. Ours."""

_BEYOND_ROUNDING = 0.01
"""Largest difference of stored and computed log likelihoods [nats]. Ours: stored ones are rounded, typically
by less than 2e-4."""


@dataclass(frozen=True)
class OpenPosterior:
    """A posterior, its draws and its log densities on the unconstrained scale.

    Attributes
    ----------
    program
        The program.
    backend, job, prior_job
        What evaluates it; the second call has every likelihood switched off.
    names
        Stan's names of the log likelihood of each row, `(N,)`.
    points
        The draws of which the log likelihood is stored, chains one after the other, `(S, U)`.
    vectors
        The dimensions of each parameter that has several elements, enters a likelihood, and has a prior.
    """

    program: Program
    backend: Backend
    job: Job
    prior_job: Job | None
    names: tuple[str, ...] = field(repr=False)
    points: Floats = field(repr=False)
    vectors: tuple[NDArray[np.int64], ...] = field(repr=False)

    def compute_density(self, points: Floats) -> Floats:
        """Return the log density with Jacobian, `(P,)`; NaN where the program rejects a point."""
        return self.backend.compute_normalised(self.job, points)

    def compute_log_lik(self, points: Floats, rows: NDArray[np.int64] | None = None) -> Floats:
        """Return the log likelihood of rows, `(P, row)`; by default of all."""
        names = self.names if rows is None else tuple(self.names[row] for row in rows)
        found: Floats = self.backend.compute_quantities(self.job, points, names).draws[0]
        return found

    def compute_slopes(self, points: Floats, dimensions: NDArray[np.int64]) -> Floats:
        """Return derivatives of the log density without likelihood, `(P, dimension)`."""
        assert self.prior_job is not None  # noqa: S101 - asked for only where it is there
        found = np.empty((len(points), len(dimensions)))
        size = max(2, _BLOCK // max(1, points.shape[1]))
        for first in range(0, len(points), size):
            part = slice(first, first + size)
            _, gradients = self.backend.log_density(self.prior_job, points[part], jacobian=True)
            found[part] = gradients[:, dimensions]
        return found

    def is_log_lik_the_likelihood(self, points: Floats) -> bool:
        """Return whether the log density with and without likelihood differ by the sum over rows.

        A constant does not count: points are compared with the first.
        """
        assert self.prior_job is not None  # noqa: S101 - asked for only where it is there
        with_likelihood = self.compute_density(points)
        without = self.backend.compute_normalised(self.prior_job, points)
        rows = self.compute_log_lik(points).sum(axis=1)
        change = with_likelihood - without - rows
        size = 1 + np.abs(rows - rows[0]).max()
        return bool(np.ptp(change) <= 1e-7 * size)


@contextmanager
def open_posterior(run: SavedRun, progress: Progress) -> Iterator[OpenPosterior]:
    """Open the posterior of a stored run; its scratch files exist until it is closed.

    Raises
    ------
    WorkbenchError
        It cannot be built, its density is weighted, or draws are on a bound.
    """
    if any(weight != 1 for weight in run.request.weights.values()):
        raise MethodError("the log density of the run is weighted, so that its rows have no likelihood.")
    with open_context(run, progress) as opened:
        context, request = opened.context, opened.context.request
        job = context.make_job("nuts", has_replicates=False)
        columns, draws = collect_chains(run.fit.tree, request.program)
        kept = draws[:, find_kept_draws(run.fit.tree, "log_likelihood")].reshape(-1, len(columns))
        points = context.backend.unconstrain_values(job, columns, kept)
        if bad := int((~np.isfinite(points).all(axis=1)).sum()):
            raise MethodError(f"{bad:,} of {len(points):,} draws lie on the bounds of a parameter.")
        yield OpenPosterior(
            request.program,
            context.backend,
            job,
            _switch_off_likelihoods(context),
            name_cells(run.fit, request.program),
            points,
            tuple(_find_vectors(request.program, request.data.values, points.shape[1])),
        )


def _switch_off_likelihoods(context: FitContext) -> Job | None:
    """Return a call whose likelihoods have weight 0; `None` where terms have no weights, or no clear role."""
    program = context.request.program
    terms = [term for term in program.terms if not term.is_constant]
    if program.instrumented is None or any(term.role == "unplaced" for term in terms):
        return None
    off: dict[str | int, float] = {term.index: 0.0 for term in terms if term.role == "likelihood"}
    request = replace(context.request, weights=off)
    return replace(context, request=request, folder=context.folder / "prior").make_job(
        "nuts", has_replicates=False
    )


def _find_vectors(program: Program, values: Mapping[str, Any], dimension: int) -> Iterator[NDArray[np.int64]]:
    """Yield the dimensions of each parameter whose elements may be effects of single rows.

    By the program's text it has several elements, enters a likelihood, and a prior or latent term. Dimensions
    are counted from the front, and behind a parameter that has not one for each element, from the end.
    """
    likelihoods = {name for term in program.terms if term.role == "likelihood" for name in term.parameters}
    priors = {name for term in program.terms if term.role != "likelihood" for name in term.parameters}
    counts = [count_elements(item, values) if item.kind in PLAIN else 0 for item in program.parameters]
    unknown = [place for place, count in enumerate(counts) if not count]
    if not unknown and sum(counts) != dimension:
        return
    for place, (item, count) in enumerate(zip(program.parameters, counts, strict=True)):
        if count < 2 or item.name not in likelihoods & priors:
            continue
        if not unknown or place < unknown[0]:
            first = sum(counts[:place])
        elif place > unknown[-1]:
            first = dimension - sum(counts[place:])
        else:
            continue
        yield np.arange(first, first + count)


def explain_other_values(stored: Floats, computed: Floats) -> tuple[Floats, str]:
    """Return what stored log likelihoods have more than computed ones, `(row,)`, and why that may not be.

    They may differ by a constant of each row: the log Jacobian of an outcome on another scale.

    Parameters
    ----------
    stored, computed
        `(row, sample)`.
    """
    difference = stored - computed
    offset = np.median(difference, axis=1)
    if not np.isfinite(difference).all() or np.abs(difference - offset[:, None]).max() > _BEYOND_ROUNDING:
        return offset, "the log likelihood computed again is not the one that the run holds."
    return np.where(np.abs(offset) > _BEYOND_ROUNDING, offset, 0.0), ""
