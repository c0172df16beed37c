"""The log Bayes factor of two programs along the scale of a prior."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from workbench.report.figures.drawing import DOTTED, SMALL, Drawing, Palette, add_axes
from workbench.report.figures.sweep import set_value_ticks

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_ERRORS = 2.0
"""Standard errors that the band reaches to both sides."""


@dataclass(frozen=True)
class FactorCurve:
    """A log Bayes factor along a hyperparameter.

    Attributes
    ----------
    at, log_values, errors
        The values of the hyperparameter, the log Bayes factors there, and their standard errors [nats].
    fitted
        The value in the run.
    crossings
        Where both programs are equally probable.
    """

    at: Sequence[float]
    log_values: Sequence[float]
    errors: Sequence[float]
    fitted: float
    crossings: Sequence[float] = ()


def draw_factor_curve(curve: FactorCurve, *, is_log: bool) -> Drawing:
    """Draw a log Bayes factor with its Monte Carlo error against a hyperparameter."""
    return Drawing(partial(_paint, curve, is_log), SMALL)


def _paint(curve: FactorCurve, is_log: bool, figure: Figure, palette: Palette) -> None:
    axes = add_axes(figure, left=0.16)
    if is_log:
        axes.set_xscale("log")
    pairs = list(zip(curve.log_values, curve.errors, strict=True))
    lower, upper = ([value + sign * _ERRORS * error for value, error in pairs] for sign in (-1, 1))
    axes.fill_between(curve.at, lower, upper, color=palette.posterior, alpha=0.22, linewidth=0)
    axes.plot(curve.at, curve.log_values, "o-", color=palette.posterior, linewidth=1.5, markersize=4)
    axes.axhline(0, color=palette.ink, linewidth=0.9)
    axes.axvline(curve.fitted, color=palette.soft, linewidth=0.8)
    for value in curve.crossings:
        axes.axvline(value, color=palette.ink, linewidth=1.0, linestyle=DOTTED)
    set_value_ticks(axes, list(curve.at), is_log)
