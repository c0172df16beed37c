"""Drawings as files: SVG and PNG, on white, with a title."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from workbench.files import replace_files
from workbench.report.figures.drawing import PAPER_PALETTE, Drawing, paint, to_plain_svg

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_PNG_DPI = 200
"""Resolution of PNG files [dots per inch]."""

_LONGEST_NAME = 80
"""The most characters in the name of a file, its suffix aside."""

_LONGEST_TITLE = 60
"""The most characters in a title; it is one line."""


def write_drawings(drawings: Iterable[tuple[str, str, Drawing]], folder: Path) -> tuple[Path, ...]:
    """Write each drawing as SVG and as PNG, and return the paths.

    Parameters
    ----------
    drawings
        A name for the file, a title, and the drawing; equal names get a number.
    folder
        Created where it does not exist; files of the same names are replaced, all of them or none.

    Raises
    ------
    StoreError
        A file cannot be written.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    written: list[Path] = []
    used: set[str] = set()
    with replace_files(folder) as aside:
        for name, title, drawing in drawings:
            stem = _make_unique(make_file_name(name), used)
            used.add(stem)
            with paint(drawing, PAPER_PALETTE) as figure:
                _add_title(figure, title)
                figure.set_facecolor("white")
                written += [folder / f"{stem}.svg", folder / f"{stem}.png"]
                (aside / f"{stem}.svg").write_text(to_plain_svg(figure) + "\n", encoding="utf-8")
                png = aside / f"{stem}.png"
                FigureCanvasAgg(figure).print_figure(png, dpi=_PNG_DPI, facecolor="white")
    return tuple(written)


def make_file_name(text: str) -> str:
    """Return a name for a file: letters, digits and hyphens, whatever the text contains.

    >>> make_file_name("marginals beta[mom_iq]"), make_file_name("../<b>é</b>"), make_file_name("年齢")
    ('marginals-beta-mom-iq', 'b-e-b', 'u5e74-u9f62')
    """
    plain = unicodedata.normalize("NFKD", text)
    ascii_text = "".join(
        letter if letter.isascii() else "" if unicodedata.combining(letter) else f" u{ord(letter):x} "
        for letter in plain
    )
    return re.sub(r"[^a-z0-9]+", "-", ascii_text.lower()).strip("-")[:_LONGEST_NAME] or "figure"


def _make_unique(stem: str, used: set[str]) -> str:
    number, candidate = 1, stem
    while candidate in used:
        number += 1
        candidate = f"{stem}-{number}"
    return candidate


def _add_title(figure: Figure, title: str) -> None:
    """Write a title above a figure, and make the figure taller by one line."""
    width, height = figure.get_size_inches()
    taller = height + 0.3
    for axes in figure.axes:
        left, bottom, wide, high = axes.get_position().bounds
        axes.set_position((left, bottom * height / taller, wide, high * height / taller))
    figure.set_size_inches(width, taller)
    figure.text(0.03, 1 - 0.06 / taller, _make_legible(title), va="top", fontsize=9.5, fontweight="bold")


def _make_legible(title: str) -> str:
    """Return a title in which each character that the typeface lacks is replaced by a box."""
    from matplotlib.font_manager import FontProperties, fontManager, get_font

    known = get_font(fontManager.findfont(FontProperties())).get_charmap()
    legible = "".join(letter if ord(letter) in known else "\u25a1" for letter in title)
    return legible if len(legible) <= _LONGEST_TITLE else f"{legible[: _LONGEST_TITLE - 1]}…"
