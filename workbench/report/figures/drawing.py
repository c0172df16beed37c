"""Drawings: their style, and their SVG, which takes its colours from the page.

A drawing is painted in placeholder colours, which become CSS variables in its SVG: the same drawing suits a
light page, a dark page and paper. Text stays text, in the typeface of the page.
"""

from __future__ import annotations

import io
import re
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


@dataclass(frozen=True)
class Palette:
    """The colours of a drawing, by what they stand for; `normal` is the normal approximation."""

    ink: str
    soft: str
    posterior: str
    normal: str
    prior: str
    exact: str


PAGE_PALETTE = Palette("#010201", "#010202", "#010203", "#010204", "#010205", "#010206")
"""Placeholders that become CSS variables."""

PAPER_PALETTE = Palette("#1c1e21", "#8a8d91", "#2f6690", "#b3541e", "#5b7a2b", "#7a2e6d")
"""The colours of a light page, for drawings in separate files."""

CHAINS = ("#4477AA", "#EE6677", "#228833", "#AA8A00")
"""The colours of chains, after Paul Tol's bright scheme: safe for colour-blind readers, legible on light and
on dark pages. Traces are bitmaps, which cannot take their colours from the page."""

SMALL = (3.6, 2.5)
"""Width and height of a small drawing [inches]."""

MEDIUM = (4.6, 2.1)
"""Width and height of a medium drawing [inches]."""

DASHED = (0, (4, 2))
"""Line style: lengths of dash and gap [line widths]."""

DOTTED = (0, (1, 1.4))
"""Line style: lengths of dot and gap [line widths]."""

MAX_MARKS = 400
"""The most divergent draws marked in a drawing; more would make the page large and show nothing new."""

BITMAP_DPI = 110
"""Resolution of the parts of an SVG that are bitmaps [dots per inch]."""

Floats = NDArray[np.floating[Any]]
"""An array of numbers."""


@dataclass(frozen=True)
class Drawing:
    """A drawing before it is painted: how to paint it, and its width and height [inches]."""

    paint: Callable[[Figure, Palette], None]
    size: tuple[float, float] = SMALL


def add_axes(figure: Figure, *, left: float = 0.06, bottom: float = 0.2) -> Axes:
    """Add axes that fill a figure, with room for labels at the left and below."""
    figure.subplots_adjust(left=left, right=0.97, top=0.96, bottom=bottom)
    return figure.add_subplot()


def hide_vertical_scale(axes: Axes) -> None:
    """Remove the vertical scale where only relative heights have a meaning."""
    axes.set_yticks([])
    axes.spines["left"].set_visible(False)


@contextmanager
def paint(drawing: Drawing, palette: Palette) -> Iterator[Figure]:
    """Paint a drawing in the style of the report, whatever the user's matplotlibrc says."""
    from matplotlib import style
    from matplotlib.backends.backend_svg import FigureCanvasSVG
    from matplotlib.figure import Figure

    with style.context(["default", _choose_style(palette)]), warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph .* missing from")  # the typeface of the page may have it
        figure = Figure(figsize=drawing.size, dpi=BITMAP_DPI)
        FigureCanvasSVG(figure)
        drawing.paint(figure, palette)
        yield figure


def _choose_style(palette: Palette) -> dict[Any, Any]:
    return {
        "svg.fonttype": "none",
        "svg.hashsalt": "workbench",
        "font.size": 9.0,
        "text.color": palette.ink,
        "text.parse_math": False,
        "axes.edgecolor": palette.soft,
        "axes.labelcolor": palette.ink,
        "axes.facecolor": "none",
        "axes.linewidth": 0.7,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.formatter.use_mathtext": False,
        "axes.formatter.useoffset": False,
        "axes.unicode_minus": True,
        "xtick.color": palette.ink,
        "ytick.color": palette.ink,
        "xtick.labelsize": 8.5,
        "ytick.labelsize": 8.5,
        "xtick.major.size": 3.0,
        "ytick.major.size": 0.0,
        "figure.facecolor": "none",
        "savefig.facecolor": "none",
    }


# What is removed from the SVG that matplotlib writes.
_PROLOGUE = re.compile(r"^.*?(?=<svg )", re.DOTALL)
_METADATA = re.compile(r"<metadata>.*?</metadata>", re.DOTALL)
_STYLESHEET = re.compile(
    r"<defs>\s*<style.*?</style>\s*</defs>", re.DOTALL
)  # it would apply to the whole page
_SIZE = re.compile(r' (?:width|height)="[\d.]+pt"')
_UNUSED_IDENTIFIER = re.compile(r' id="(?![mp][0-9a-f]{10}")[^"]*"')
_TYPEFACE = re.compile(r"font-family: [^;\"]*;? ?")
# The coordinates of paths, and the digits after their second decimal.
_PATH = re.compile(r' d="[^"]*"')
_SURPLUS_DIGITS = re.compile(r"(?<=\.\d\d)\d+")
"""What an SVG of Matplotlib holds that a page does not need, or that would leave its own frame."""


def to_svg(drawing: Drawing) -> str:
    """Return a drawing as an `<svg>` element that takes size, typeface and colours from the page.

    Its identifiers may occur in other drawings too; a page with several drawings must make them unique.
    """
    with paint(drawing, PAGE_PALETTE) as figure:
        text = to_plain_svg(figure)
    text = _SIZE.sub("", _TYPEFACE.sub("", text), count=2)
    for name, colour in asdict(PAGE_PALETTE).items():
        text = text.replace(colour, f"var(--figure-{name})")
    return text.replace("<svg ", '<svg aria-hidden="true" focusable="false" ', 1).strip()


def to_plain_svg(figure: Figure) -> str:
    """Return a figure as an `<svg>` element without metadata, style sheet and surplus digits."""
    buffer = io.StringIO()
    no_metadata = dict.fromkeys(("Date", "Creator", "Format", "Type"))
    figure.savefig(buffer, format="svg", metadata=no_metadata, dpi=BITMAP_DPI)
    text = buffer.getvalue()
    for pattern in (_PROLOGUE, _METADATA, _STYLESHEET, _UNUSED_IDENTIFIER):
        text = pattern.sub("", text)
    return _PATH.sub(lambda path: _SURPLUS_DIGITS.sub("", path[0]), text)
