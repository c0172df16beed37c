"""Whether events happen as often as predicted."""

from __future__ import annotations

from functools import partial

import numpy as np
from matplotlib.figure import Figure
from scipy.optimize import isotonic_regression

from workbench.report.figures.drawing import Drawing, Inks
from workbench.report.reading import Draws

_SIZE = (4.6, 3.4)
_RESAMPLES = 300
_SEED = 65
_BAND = (0.025, 0.975)
_MOST_ROWS = 4000


def reliability(observed: Draws, probability: Draws) -> Drawing:
    """Draw the calibrated against the predicted probability of an event, with a consistency band.

    Parameters
    ----------
    observed
        Whether the event happened, 0 or 1, `(row,)`.
    probability
        What the model predicts, `(row,)`.

    References
    ----------
    Dimitriadis, Gneiting and Jordan (2021), Stable reliability diagrams for probabilistic classifiers, PNAS
    118, doi:10.1073/pnas.2016191118.
    """
    step = max(1, len(observed) // _MOST_ROWS)
    return Drawing(partial(_paint, observed[::step], probability[::step]), _SIZE)


def calibrated(observed: Draws, probability: Draws) -> tuple[Draws, Draws]:
    """Return sorted predicted probabilities and the isotonic estimate of how often the event follows."""
    order = np.lexsort((observed, probability))
    return probability[order], _isotonic(observed[order], probability[order])


def _isotonic(observed: Draws, probability: Draws) -> Draws:
    """Return the isotonic fit at sorted probabilities; equal probabilities share one value."""
    levels, where, counts = np.unique(probability, return_inverse=True, return_counts=True)
    means = np.bincount(where, observed) / counts
    return (
        np.asarray(isotonic_regression(means, weights=counts).x)[where] if len(levels) > 1 else means[where]
    )


def consistency_band(probability: Draws) -> tuple[Draws, Draws]:
    """Return where the fit of a calibrated model lies in 95 of 100 cases, at sorted probabilities."""
    rng = np.random.default_rng(_SEED)
    fits = [_isotonic((rng.uniform(size=len(probability)) < probability).astype(float), probability)
            for _ in range(_RESAMPLES)]  # fmt: skip
    low, high = np.quantile(fits, _BAND, axis=0)
    return np.asarray(low), np.asarray(high)


def _paint(observed: Draws, probability: Draws, figure: Figure, inks: Inks) -> None:
    predicted, fitted = calibrated(observed, probability)
    low, high = consistency_band(predicted)
    grid = figure.add_gridspec(2, 1, height_ratios=(6, 1), hspace=0.08)
    axes = figure.add_subplot(grid[0])
    strip = figure.add_subplot(grid[1], sharex=axes)
    figure.subplots_adjust(left=0.14, right=0.97, top=0.97, bottom=0.14)
    axes.fill_between(predicted, low, high, color=inks.soft, alpha=0.25, linewidth=0)
    axes.plot((0, 1), (0, 1), color=inks.soft, linewidth=0.8)
    axes.plot(predicted, fitted, color=inks.posterior, linewidth=1.5)
    axes.set_xlim(0, 1)
    axes.set_ylim(-0.02, 1.02)
    axes.set_ylabel("how often it happened")
    axes.tick_params(labelbottom=False)
    strip.hist(predicted, bins=40, range=(0, 1), color=inks.posterior, alpha=0.6)
    strip.set_yticks([])
    strip.spines["left"].set_visible(False)
    strip.set_xlabel("predicted probability")
