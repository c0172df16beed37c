"""Parts of a document, found by kind and key, and runs with a changed record."""

from __future__ import annotations

import copy
from collections.abc import Iterable
from typing import Any

from tests.report.simulated import simulate_fit
from workbench.report.document import Block, Figures, Notice, Paragraph, Quote, Section, TableBlock
from workbench.results import Fit


def find_table(section: Section, key: str) -> TableBlock:
    """Return the table of a section by its key."""
    return next(block for block in section.blocks if isinstance(block, TableBlock) and block.key == key)


def list_notices(section: Section) -> list[str]:
    """Return the texts of a section's notices."""
    return [block.text for block in section.blocks if isinstance(block, Notice)]


def list_figures(section: Section) -> list[Figures]:
    """Return the groups of drawings of a section."""
    return [block for block in section.blocks if isinstance(block, Figures)]


def join_text(section: Section) -> str:
    """Return the running text of a section."""
    return " ".join(block.text for block in section.blocks if isinstance(block, Paragraph | Quote))


def list_text(row: Iterable[Any]) -> list[str]:
    """Return the texts of the cells of a row."""
    return [cell.text for cell in row]


def changed_fit(**entries: Any) -> Fit:
    """Return a simulated fit whose record may be changed, with top-level entries replaced."""
    fit = simulate_fit(draws=40)
    return Fit({**copy.deepcopy(dict(fit.record)), **entries}, fit.tree)


def without(fit: Fit, *keys: str, status: str = "failed") -> Fit:
    """Return a fit whose results of some methods or measures are missing, each with a reason."""
    gone = {key: {"status": status, "reason": f"the reason of {key}."} for key in keys}
    return Fit({**fit.record, **gone}, fit.tree)


def find_block(section: Section, kind: type[Block]) -> Any:
    """Return the first block of a kind."""
    return next(block for block in section.blocks if isinstance(block, kind))
