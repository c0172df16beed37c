"""The drawings of a document as files: SVG and PNG, on white, with a title."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from pathlib import Path

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties, fontManager, get_font

from workbench.report.figures.drawing import PAPER, Drawing, painted, plain_svg

_PNG_DPI = 200
_LONGEST_NAME = 80
_LONGEST_TITLE = 60


def write(drawings: Iterable[tuple[str, str, Drawing]], folder: Path) -> tuple[Path, ...]:
    """Write each drawing as SVG and as PNG, and return the paths.

    Parameters
    ----------
    drawings
        A name for the file, a title, and the drawing; equal names are counted on.
    folder
        Made where it does not exist; files of the same names are replaced.
    """
    folder.mkdir(parents=True, exist_ok=True)
    written: list[Path] = []
    used: set[str] = set()
    for name, title, drawing in drawings:
        stem = _unused(file_name(name), used)
        used.add(stem)
        with painted(drawing, PAPER) as figure:
            _give_title(figure, title)
            figure.set_facecolor("white")
            written += [folder / f"{stem}.svg", folder / f"{stem}.png"]
            written[-2].write_text(plain_svg(figure) + "\n", encoding="utf-8")
            FigureCanvasAgg(figure).print_figure(written[-1], dpi=_PNG_DPI, facecolor="white")
    return tuple(written)


def file_name(text: str) -> str:
    """Return a name for a file: letters, digits and hyphens, whatever the text holds.

    >>> file_name("marginals beta[mom_iq]"), file_name("../<b>é</b>"), file_name("年齢")
    ('marginals-beta-mom-iq', 'b-e-b', 'u5e74-u9f62')
    """
    plain = unicodedata.normalize("NFKD", text)
    spelt = "".join(
        one if one.isascii() else "" if unicodedata.combining(one) else f" u{ord(one):x} " for one in plain
    )
    return re.sub(r"[^a-z0-9]+", "-", spelt.lower()).strip("-")[:_LONGEST_NAME] or "figure"


def _unused(stem: str, used: set[str]) -> str:
    number, candidate = 1, stem
    while candidate in used:
        number += 1
        candidate = f"{stem}-{number}"
    return candidate


def _give_title(figure: Figure, title: str) -> None:
    """Write a title above a figure, which grows by the height of the line."""
    width, height = figure.get_size_inches()
    taller = height + 0.3
    for axes in figure.axes:
        left, bottom, wide, high = axes.get_position().bounds
        axes.set_position((left, bottom * height / taller, wide, high * height / taller))
    figure.set_size_inches(width, taller)
    figure.text(0.03, 1 - 0.06 / taller, _legible(title), va="top", fontsize=9.5, fontweight="bold")


def _legible(title: str) -> str:
    """Return a title in characters that the typeface of the files has; others become a box."""
    known = get_font(fontManager.findfont(FontProperties())).get_charmap()
    shown = "".join(one if ord(one) in known else "\u25a1" for one in title)
    return shown if len(shown) <= _LONGEST_TITLE else f"{shown[: _LONGEST_TITLE - 1]}…"
