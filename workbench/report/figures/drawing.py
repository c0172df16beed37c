"""What a drawing is, the one style of all, and the drawing as SVG that takes its colours from the page.

Colours are drawn as stand-ins and leave as CSS variables, so that one drawing serves a light page, a dark one
and paper. Text stays text, in the page's own typeface.
"""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import Any

from matplotlib import style
from matplotlib.axes import Axes
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure


@dataclass(frozen=True)
class Inks:
    """The colours of a drawing, by what they stand for."""

    ink: str
    soft: str
    posterior: str
    normal: str
    prior: str
    exact: str


PAGE = Inks("#010201", "#010202", "#010203", "#010204", "#010205", "#010206")
"""Stand-ins that become CSS variables."""

PAPER = Inks("#1c1e21", "#8a8d91", "#2f6690", "#b3541e", "#5b7a2b", "#7a2e6d")
"""The colours of a light page, for drawings in files of their own."""

CHAINS = ("#4477AA", "#EE6677", "#228833", "#AA8A00")
"""Middle tones after Paul Tol's bright scheme, told apart by the colour-blind and legible on light and dark:
traces are small bitmaps, which cannot follow the page."""

SMALL = (3.6, 2.5)
MEDIUM = (4.6, 2.1)
DASHED = (0, (4, 2))
DOTTED = (0, (1, 1.4))
MAX_MARKS = 400
"""Marks drawn one by one; more would make a heavy page and say no more."""

BITMAP_DPI = 110


@dataclass(frozen=True)
class Drawing:
    """A picture not yet drawn: how to paint it on an empty figure, and its size [inches]."""

    paint: Callable[[Figure, Inks], None]
    size: tuple[float, float] = SMALL


def single(figure: Figure, *, left: float = 0.06, bottom: float = 0.2) -> Axes:
    """Return the only axes of a figure, with room for labels at the left and below."""
    figure.subplots_adjust(left=left, right=0.97, top=0.96, bottom=bottom)
    return figure.add_subplot()


def without_scale(axes: Axes) -> None:
    """Take away the vertical scale where heights can only be compared."""
    axes.set_yticks([])
    axes.spines["left"].set_visible(False)


@contextmanager
def painted(drawing: Drawing, inks: Inks) -> Iterator[Figure]:
    """Paint a drawing in our style, whatever the user's own matplotlibrc says."""
    with style.context(["default", _style(inks)]):
        figure = Figure(figsize=drawing.size, dpi=BITMAP_DPI)
        FigureCanvasSVG(figure)
        drawing.paint(figure, inks)
        yield figure


def _style(inks: Inks) -> dict[Any, Any]:
    return {
        "svg.fonttype": "none",
        "svg.hashsalt": "workbench",
        "font.size": 9.0,
        "text.color": inks.ink,
        "text.parse_math": False,
        "axes.edgecolor": inks.soft,
        "axes.labelcolor": inks.ink,
        "axes.facecolor": "none",
        "axes.linewidth": 0.7,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.formatter.use_mathtext": False,
        "axes.formatter.useoffset": False,
        "axes.unicode_minus": True,
        "xtick.color": inks.ink,
        "ytick.color": inks.ink,
        "xtick.labelsize": 8.5,
        "ytick.labelsize": 8.5,
        "xtick.major.size": 3.0,
        "ytick.major.size": 0.0,
        "figure.facecolor": "none",
        "savefig.facecolor": "none",
    }


_PROLOGUE = re.compile(r"^.*?(?=<svg )", re.DOTALL)
_METADATA = re.compile(r"<metadata>.*?</metadata>", re.DOTALL)
_STYLESHEET = re.compile(r"<defs>\s*<style.*?</style>\s*</defs>", re.DOTALL)  # would apply to the whole page
_SIZE = re.compile(r' (?:width|height)="[\d.]+pt"')
_UNUSED_IDENTIFIER = re.compile(r' id="(?![mp][0-9a-f]{10}")[^"]*"')
_TYPEFACE = re.compile(r"font-family: [^;\"]*;? ?")
_PATH = re.compile(r' d="[^"]*"')
_SURPLUS_DIGITS = re.compile(r"(?<=\.\d\d)\d+")


def svg(drawing: Drawing) -> str:
    """Return a drawing as an `<svg>` element that takes size, typeface and colours from the page.

    Identifiers in it are its own: a page with several drawings has to tell them apart.
    """
    with painted(drawing, PAGE) as figure:
        text = plain_svg(figure)
    text = _SIZE.sub("", _TYPEFACE.sub("", text), count=2)
    for name, colour in asdict(PAGE).items():
        text = text.replace(colour, f"var(--figure-{name})")
    return text.replace("<svg ", '<svg aria-hidden="true" focusable="false" ', 1).strip()


def plain_svg(figure: Figure) -> str:
    """Return a figure as an `<svg>` element without metadata, style sheet or surplus digits."""
    buffer = io.StringIO()
    nothing = dict.fromkeys(("Date", "Creator", "Format", "Type"))
    figure.savefig(buffer, format="svg", metadata=nothing, dpi=BITMAP_DPI)
    text = buffer.getvalue()
    for pattern in (_PROLOGUE, _METADATA, _STYLESHEET, _UNUSED_IDENTIFIER):
        text = pattern.sub("", text)
    return _PATH.sub(lambda path: _SURPLUS_DIGITS.sub("", path[0]), text)
