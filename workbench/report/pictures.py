"""The pictures of a document as files."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from workbench.errors import StoreError
from workbench.report import figures
from workbench.report.document import Block, Disclosure, Document, Figure, Figures


def write_pictures(document: Document, folder: Path) -> tuple[Path, ...]:
    """Write every drawing of a document as SVG and PNG, named after its group and its caption.

    Raises
    ------
    StoreError
        The folder cannot be written.
    """
    drawings = [
        (f"{group} {_without_unit(figure.caption)}", figure.caption.replace("`", ""), figure.drawing)
        for section in document.sections
        for group, figure in _figures(section.blocks)
    ]
    try:
        return figures.write_drawings(drawings, folder)
    except OSError as reason:
        raise StoreError(f"the pictures could not be written to `{folder}`: {reason}.") from reason


def _without_unit(caption: str) -> str:
    """Return a caption up to the unit that follows a name.

    >>> _without_unit("`tau` [points]"), _without_unit("`beta[x]`: trace")
    ('`tau`', '`beta[x]`: trace')
    """
    return re.sub(r"(?<=`) \[[^`]*\]$", "", caption)


def _figures(blocks: Iterable[Block]) -> Iterator[tuple[str, Figure]]:
    for block in blocks:
        if isinstance(block, Disclosure):
            yield from _figures(block.blocks)
        elif isinstance(block, Figures):
            yield from ((block.key, figure) for figure in block.figures)
