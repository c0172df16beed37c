"""A quantity along a hyperparameter: posterior mean and interval, with prior and likelihood for reference."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, NullLocator

from workbench.report.figures.drawing import DOTTED, SMALL, Drawing, Inks, single
from workbench.report.numbers import format_number

_TICKS = 5
_PRIOR_ROOM = 1.0  # the axis follows the posterior and shows at most this many of its heights of the prior

_BESIDE = 1.02  # where the interval of the likelihood stands, in widths of the axis


@dataclass(frozen=True)
class Step:
    """A quantity at one value of a hyperparameter.

    Attributes
    ----------
    at
        The hyperparameter.
    mean, lower, upper
        Of the posterior.
    is_full
        Whether a full fit was made there, instead of weights.
    prior
        The interval of the prior alone, where it is known.
    """

    at: float
    mean: float
    lower: float
    upper: float
    is_full: bool
    prior: tuple[float, float] | None = None


@dataclass(frozen=True)
class References:
    """What the steps are held against; each may be unknown.

    Attributes
    ----------
    base
        The hyperparameter's value in the base fit.
    likelihood, interval
        The maximum of the likelihood, and the interval around it.
    tipping
        Values at which a decision tips.
    """

    base: float | None = None
    likelihood: float | None = None
    interval: tuple[float, float] | None = None
    tipping: tuple[float, ...] = ()


def along(steps: Sequence[Step], references: References, *, is_log: bool) -> Drawing:
    """Draw posterior mean and interval against a hyperparameter."""
    return Drawing(partial(_paint, tuple(steps), references, is_log), SMALL)


def _paint(steps: tuple[Step, ...], references: References, is_log: bool, figure: Figure, inks: Inks) -> None:
    axes = single(figure, left=0.16)
    at = [step.at for step in steps]
    if is_log:
        axes.set_xscale("log")
    _priors(axes, steps, inks)
    axes.fill_between(
        at,
        [step.lower for step in steps],
        [step.upper for step in steps],
        color=inks.posterior,
        alpha=0.22,
        linewidth=0,
    )
    axes.plot(at, [step.mean for step in steps], color=inks.posterior, linewidth=1.5)
    for is_full, face in ((True, inks.posterior), (False, "none")):
        own = [step for step in steps if step.is_full == is_full]
        axes.plot(
            [step.at for step in own], [step.mean for step in own], "o", color=inks.posterior,
            markerfacecolor=face, markersize=4.5,
        )  # fmt: skip
    _references(axes, references, inks)
    low, high = min(step.lower for step in steps), max(step.upper for step in steps)
    room = _PRIOR_ROOM * 0.5 * ((high - low) or 1.0)
    axes.set_ylim(low - room, high + room)
    _bar(axes, references, inks, (low - room, high + room))
    _ticks(axes, at, is_log)


def _priors(axes: Axes, steps: tuple[Step, ...], inks: Inks) -> None:
    known = [(step.at, *step.prior) for step in steps if step.prior is not None]
    if not known:
        return
    at, lower, upper = zip(*known, strict=True)
    axes.fill_between(at, lower, upper, color=inks.prior, alpha=0.12, linewidth=0)
    for edge in (lower, upper):
        axes.plot(at, edge, color=inks.prior, linewidth=1.0, linestyle=DOTTED)


def _references(axes: Axes, references: References, inks: Inks) -> None:
    if references.likelihood is not None:
        axes.axhline(references.likelihood, color=inks.normal, linewidth=1.1, linestyle=(0, (4, 2)))
    if references.base is not None:
        axes.axvline(references.base, color=inks.soft, linewidth=0.8)
    for tip in references.tipping:
        axes.axvline(tip, color=inks.ink, linewidth=1.0, linestyle=DOTTED)


def _bar(axes: Axes, references: References, inks: Inks, ends: tuple[float, float]) -> None:
    """Draw the interval of the likelihood beside the right end, as far as it is inside."""
    if references.interval is None:
        return
    lower, upper = (min(max(end, ends[0]), ends[1]) for end in references.interval)
    if lower < upper:
        axes.plot(
            [_BESIDE] * 2, [lower, upper], color=inks.normal, linewidth=2.0, solid_capstyle="butt",
            transform=axes.get_yaxis_transform(), clip_on=False,
        )  # fmt: skip


def _ticks(axes: Axes, at: Sequence[float], is_log: bool) -> None:
    """Mark a few of the values themselves: on a logarithmic axis powers of ten may all lie outside."""
    chosen = (
        list(at)
        if len(at) <= _TICKS
        else [at[round(i * (len(at) - 1) / (_TICKS - 1))] for i in range(_TICKS)]
    )
    if is_log:
        axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_locator(FixedLocator(chosen))
    axes.set_xticklabels([format_number(float(f"{value:.2g}")) for value in chosen])
    axes.locator_params(axis="y", nbins=5)
