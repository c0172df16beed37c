"""The detector of a monitor from batch to batch, and the transforms of one statistic."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import ndtri

from workbench.report.figures.drawing import DASHED, DOTTED, SMALL, Drawing, Floats, Palette, add_axes
from workbench.report.numbers import format_number

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_WIDE = (4.6, 2.7)
"""Width and height of the picture of a detector [inches]."""

_DOT = 4.0
"""Diameter of a batch [points]."""

_LOWEST = 0.1
"""The lowest value of a detector that is drawn: below it is no evidence at all."""

_HIGHEST = 100.0
"""The highest log of a detector that is drawn."""

_OUTER = 3.5
"""The normal score up to which axes reach at least."""

_TWO_IN_A_HUNDRED = 2.33
"""The normal score beyond which 1 % of batches lie on either side."""


@dataclass(frozen=True)
class DetectorCurve:
    """A detector in some successive batches.

    Attributes
    ----------
    batches
        Their numbers.
    log_value
        The log of the detector after each.
    """

    batches: Sequence[int]
    log_value: Floats


@dataclass(frozen=True)
class DetectorMarks:
    """What is marked in a picture of batches.

    Attributes
    ----------
    ends
        The first and the last batch.
    suppressed
        Batches that count for nothing.
    acknowledged
        After which batches an alarm was acknowledged.
    onset
        The batch from which on something has moved; `None` without.
    """

    ends: tuple[int, int]
    suppressed: Sequence[int] = ()
    acknowledged: Sequence[int] = ()
    onset: int | None = None


def draw_detector(
    curves: Sequence[DetectorCurve],
    families: Mapping[str, Sequence[DetectorCurve]],
    threshold: float,
    marks: DetectorMarks,
) -> Drawing:
    """Draw the detector of a monitor, and thin lines for the families that it joins, on a log scale.

    Parameters
    ----------
    curves
        The joint detector; it starts anew after each alarm that was acknowledged.
    families
        The detector of each family.
    threshold
        Where an alarm is raised.
    marks
        What is marked.
    """
    return Drawing(partial(_paint_detector, tuple(curves), dict(families), threshold, marks), _WIDE)


def _paint_detector(
    curves: tuple[DetectorCurve, ...],
    families: dict[str, Sequence[DetectorCurve]],
    threshold: float,
    marks: DetectorMarks,
    figure: Figure,
    palette: Palette,
) -> None:
    from matplotlib.ticker import FuncFormatter, NullFormatter

    axes = add_axes(figure, left=0.15)
    figure.subplots_adjust(top=0.89)
    axes.set_yscale("log")
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: format_number(float(value))))
    axes.yaxis.set_minor_formatter(NullFormatter())
    _paint_marks(axes, marks, palette)
    colours = (palette.prior, palette.exact)
    for (name, parts), colour, style in zip(families.items(), colours, (DASHED, DOTTED), strict=False):
        for number, part in enumerate(parts):
            label = name if not number else None
            axes.plot(
                part.batches, _to_values(part), color=colour, linewidth=1.1, linestyle=style, label=label
            )
    for number, part in enumerate(curves):
        label = "together" if families and not number else None
        axes.plot(
            part.batches, _to_values(part), "-o", color=palette.posterior, linewidth=1.6, markersize=_DOT,
            label=label,
        )  # fmt: skip
    axes.axhline(threshold, color=palette.normal, linewidth=1.2)
    axes.text(
        0.01, threshold, "threshold", color=palette.normal, fontsize=8.5, va="bottom", ha="left",
        transform=axes.get_yaxis_transform(),
    )  # fmt: skip
    values = [value for part in curves for value in _to_values(part)]
    axes.set_ylim(_LOWEST, 5 * max([threshold, *values]))
    if len(families) > 1:
        axes.legend(
            loc="lower right", bbox_to_anchor=(1.0, 1.0), ncols=3, frameon=False, fontsize=8.5, borderpad=0
        )
    _set_batches(axes, marks)


def draw_transforms(batches: Sequence[int], transforms: Floats, marks: DetectorMarks) -> Drawing:
    """Draw a statistic as normal scores of its transforms: scattered around 0 while nothing has changed.

    Parameters
    ----------
    batches
        The numbers of the batches.
    transforms
        The transforms, `(t,)`; not a number where the batch does not have the statistic.
    marks
        What is marked.
    """
    return Drawing(partial(_paint_transforms, tuple(batches), transforms, marks), SMALL)


def _paint_transforms(
    batches: tuple[int, ...], transforms: Floats, marks: DetectorMarks, figure: Figure, palette: Palette
) -> None:
    axes = add_axes(figure, left=0.16)
    scores = ndtri(np.asarray(transforms, dtype=float))
    _paint_marks(axes, marks, palette)
    axes.axhspan(-_TWO_IN_A_HUNDRED, _TWO_IN_A_HUNDRED, color=palette.posterior, alpha=0.1, linewidth=0)
    axes.axhline(0, color=palette.soft, linewidth=0.8)
    axes.plot(batches, scores, "o", color=palette.posterior, markersize=_DOT)
    known = np.abs(scores[np.isfinite(scores)])
    reach = max(_OUTER, 1.1 * float(known.max())) if known.size else _OUTER
    axes.set_ylim(-reach, reach)
    axes.locator_params(axis="y", nbins=5)
    _set_batches(axes, marks)


def _to_values(curve: DetectorCurve) -> list[float]:
    return [float(np.exp(min(_HIGHEST, max(float(value), np.log(_LOWEST))))) for value in curve.log_value]


def _paint_marks(axes: Axes, marks: DetectorMarks, palette: Palette) -> None:
    for batch in marks.suppressed:
        axes.axvspan(batch - 0.5, batch + 0.5, color=palette.soft, alpha=0.3, linewidth=0)
    for after in marks.acknowledged:
        axes.axvline(after + 0.5, color=palette.soft, linewidth=1.0, linestyle=DASHED)
    if marks.onset is not None:
        axes.axvline(marks.onset - 0.5, color=palette.normal, linewidth=1.0, linestyle=DOTTED)


def _set_batches(axes: Axes, marks: DetectorMarks) -> None:
    first, last = marks.ends
    axes.set_xlim(first - 0.5, last + 0.5)
    axes.set_xlabel("batch")
    axes.locator_params(axis="x", nbins=min(8, last - first + 2), integer=True)
