"""Many streams of batches of a linear regression whose posterior given all batches before is known exactly.

``y = a + b x + sigma e`` with a flat prior of (a, b, log sigma): normal and inverse gamma distributions, and
batches by their sufficient statistics, so that a thousand streams take a minute.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from workbench.monitoring.detector import follow
from workbench.monitoring.transforms import rank_among, share_equally

Floats = NDArray[np.float64]

GROUPS = ("log score", "mean", "dispersion", "alpha", "beta", "sigma")
"""The statistics, as the monitor has them for such a model."""


class Streams:
    """Streams side by side, each with a posterior of its own."""

    def __init__(self, streams: int, fitted: int, rng: np.random.Generator) -> None:
        self.rng = rng
        self.count = np.full(streams, float(fitted))
        x = rng.standard_normal((streams, fitted))
        self.design = _cross(x)
        truth = np.broadcast_to(np.array([1.0, 2.0]), (streams, 2))
        noise, rss = self._draw_rows(truth, np.full(streams, 1.5), self.design, fitted)
        self.centre, self.rss = noise, rss
        # The parameters behind each stream are a draw from its posterior.
        beta, sigma = self._draw_parameters(1)
        self.beta, self.sigma = beta[:, 0], sigma[:, 0]

    def _draw_parameters(self, draws: int) -> tuple[Floats, Floats]:
        streams = len(self.count)
        chi = self.rng.chisquare(np.repeat((self.count - 2)[:, None], draws, axis=1))
        sigma = np.sqrt(self.rss[:, None] / chi)
        factor = np.linalg.cholesky(np.linalg.inv(self.design))
        normal = self.rng.standard_normal((streams, draws, 2))
        return self.centre[:, None] + sigma[..., None] * np.einsum("sij,sdj->sdi", factor, normal), sigma

    def _draw_rows(self, beta: Floats, sigma: Floats, design: Floats, rows: int) -> tuple[Floats, Floats]:
        """Return the least-squares coefficients and residual sums of squares of batches."""
        factor = np.linalg.cholesky(np.linalg.inv(design))
        normal = self.rng.standard_normal(beta.shape)
        shape = "sij,s...j->s...i"
        return (
            beta + sigma[..., None] * np.einsum(shape, factor, normal),
            sigma**2 * self.rng.chisquare(rows - 2, sigma.shape),
        )

    def follow(self, rows: int, simulated: int, shift: float = 0.0) -> Floats:
        """Return the transforms of the next batch of each stream, `(stream, k)`, and learn from it.

        Parameters
        ----------
        rows
            Rows of the batch.
        simulated
            How many batches are drawn.
        shift
            By how much the outcomes lie higher [sigma].
        """
        design = _cross(self.rng.standard_normal((len(self.count), rows)))
        truth = self.beta + shift * self.sigma[:, None] * np.array([1.0, 0.0])
        observed, observed_rss = self._draw_rows(truth, self.sigma, design, rows)
        beta, sigma = self._draw_parameters(simulated)
        drawn, drawn_rss = self._draw_rows(beta, sigma, design, rows)
        seen = self._compute(design, observed[:, None], observed_rss[:, None])
        among = self._compute(design, drawn, drawn_rss)
        values = np.stack(
            [rank_among(one[0], other, self.rng) for one, other in zip(seen, among, strict=True)]
        )
        self._learn(design, observed, observed_rss, rows)
        return values

    def _compute(self, design: Floats, beta: Floats, rss: Floats) -> Floats:
        """Return the statistics of batches, `(s, m, k)`."""
        deviation = beta - self.centre[:, None]
        pull = np.einsum("sij,smj->smi", design, deviation)
        square = rss + (pull * deviation).sum(axis=2)
        return np.stack([-square, pull[..., 0], square, pull[..., 0], pull[..., 1], square], axis=2)

    def _learn(self, design: Floats, beta: Floats, rss: Floats, rows: int) -> None:
        both = self.design + design
        moment = np.einsum("sij,sj->si", self.design, self.centre) + np.einsum("sij,sj->si", design, beta)
        centre = np.linalg.solve(both, moment[..., None])[..., 0]
        old = np.einsum("si,sij,sj->s", self.centre, self.design, self.centre)
        new = np.einsum("si,sij,sj->s", beta, design, beta)
        joint = np.einsum("si,sij,sj->s", centre, both, centre)
        self.rss = self.rss + rss + old + new - joint
        self.design, self.centre, self.count = both, centre, self.count + rows


def _cross(x: Floats) -> Floats:
    """Return the cross products of a constant and each stream's `x`, `(s, 2, 2)`."""
    columns = np.stack([np.ones_like(x), x], axis=2)
    return np.asarray(np.einsum("sni,snj->sij", columns, columns))


def find_alarms(values: Floats, arl: float) -> NDArray[np.int64]:
    """Return in which batch each stream has its first alarm; -1 for none. `values` are `(s, t, k)`."""
    weights = share_equally(GROUPS)
    found = []
    for each in values:
        above = np.flatnonzero(follow(each, weights).log_value >= np.log(arl))
        found.append(int(above[0]) if above.size else -1)
    return np.array(found)
