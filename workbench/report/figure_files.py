"""The figures of a document as files."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from workbench.report import figures
from workbench.report.document import Block, Disclosure, Document, Figure, Figures


def write_figures(document: Document, folder: Path) -> tuple[Path, ...]:
    """Write every figure of a document as SVG and PNG, named by its group and its caption.

    Raises
    ------
    StoreError
        The folder cannot be written.
    """
    drawings = [
        (f"{group} {_remove_unit(figure.caption)}", figure.caption.replace("`", ""), figure.drawing)
        for group, figure in _iterate_figures(document)
    ]
    return figures.write_drawings(drawings, folder)


def list_drawings(document: Document) -> list[figures.Drawing]:
    """Return the drawings of a document in the order in which it shows them."""
    return [figure.drawing for _, figure in _iterate_figures(document)]


def _remove_unit(caption: str) -> str:
    """Return a caption without the unit after a name.

    >>> _remove_unit("`tau` [points]"), _remove_unit("`beta[x]`: trace")
    ('`tau`', '`beta[x]`: trace')
    """
    return re.sub(r"(?<=`) \[[^`]*\]$", "", caption)


def _iterate_figures(document: Document) -> Iterator[tuple[str, Figure]]:
    for section in document.sections:
        yield from _iterate_figures_of_blocks(section.blocks)


def _iterate_figures_of_blocks(blocks: Iterable[Block]) -> Iterator[tuple[str, Figure]]:
    for block in blocks:
        if isinstance(block, Disclosure):
            yield from _iterate_figures_of_blocks(block.blocks)
        elif isinstance(block, Figures):
            yield from ((block.key, figure) for figure in block.figures)
