"""Reliability diagram: how often an event happened against its predicted probability."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from workbench.report.figures.drawing import Drawing, Floats, Palette

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_SIZE = (4.6, 3.4)
"""Width and height [inches]."""

_RESAMPLES = 300
"""Simulated data sets from which the consistency band is computed."""

_SEED = 65
"""Seed of these simulations: the same fit has the same report."""

_BAND = (0.025, 0.975)
"""Quantiles of the fits to these data sets between which the band lies."""

_MOST_ROWS = 4000
"""The most rows used; of more, every n-th."""


def draw_reliability(observed: Floats, probability: Floats) -> Drawing:
    """Draw the calibrated probability of an event against the predicted one, with a consistency band.

    Parameters
    ----------
    observed
        Whether the event happened, 0 or 1, `(row,)`.
    probability
        The predicted probability of the event, `(row,)`.

    References
    ----------
    Dimitriadis, Gneiting and Jordan (2021), Stable reliability diagrams for probabilistic classifiers, PNAS
    118, doi:10.1073/pnas.2016191118.
    """
    step = max(1, len(observed) // _MOST_ROWS)
    predicted, fitted = calibrate(observed[::step], probability[::step])
    band = simulate_consistency_band(predicted)
    return Drawing(partial(_paint, predicted, fitted, band), _SIZE)


def calibrate(observed: Floats, probability: Floats) -> tuple[Floats, Floats]:
    """Return the sorted predicted probabilities, and the isotonic estimate of the frequency at each."""
    order = np.lexsort((observed, probability))
    return probability[order], _fit_isotonic(observed[order], probability[order])


def _fit_isotonic(observed: Floats, probability: Floats) -> Floats:
    """Return the isotonic fit at sorted probabilities; equal probabilities have one value."""
    from scipy.optimize import isotonic_regression

    levels, where, counts = np.unique(probability, return_inverse=True, return_counts=True)
    means = np.bincount(where, observed) / counts
    return (
        np.asarray(isotonic_regression(means, weights=counts).x)[where] if len(levels) > 1 else means[where]
    )


def simulate_consistency_band(probability: Floats) -> tuple[Floats, Floats]:
    """Return the band in which 95% of the fits of a calibrated model lie, at sorted probabilities."""
    rng = np.random.default_rng(_SEED)
    events = (rng.uniform(size=len(probability)) < probability for _ in range(_RESAMPLES))
    fits = [_fit_isotonic(event.astype(float), probability) for event in events]
    low, high = np.quantile(fits, _BAND, axis=0)
    return np.asarray(low), np.asarray(high)


def _paint(
    predicted: Floats, fitted: Floats, band: tuple[Floats, Floats], figure: Figure, palette: Palette
) -> None:
    low, high = band
    grid = figure.add_gridspec(2, 1, height_ratios=(6, 1), hspace=0.08)
    axes = figure.add_subplot(grid[0])
    strip = figure.add_subplot(grid[1], sharex=axes)
    figure.subplots_adjust(left=0.14, right=0.97, top=0.97, bottom=0.14)
    axes.fill_between(predicted, low, high, color=palette.soft, alpha=0.25, linewidth=0)
    axes.plot((0, 1), (0, 1), color=palette.soft, linewidth=0.8)
    axes.plot(predicted, fitted, color=palette.posterior, linewidth=1.5)
    axes.set_xlim(0, 1)
    axes.set_ylim(-0.02, 1.02)
    axes.set_ylabel("observed frequency")
    axes.tick_params(labelbottom=False)
    strip.hist(predicted, bins=40, range=(0, 1), color=palette.posterior, alpha=0.6)
    strip.set_yticks([])
    strip.spines["left"].set_visible(False)
    strip.set_xlabel("predicted probability")
