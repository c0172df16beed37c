"""A sentence behind the conclusion of a study, and what it says about it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Kind = Literal[
    "note",
    "decision depends",
    "estimate depends",
    "cannot tell",
    "not known",
    "other caution",
    "fit in doubt",
    "base failed",
]
"""What a sentence says: nothing of concern; a decision changes with the prior; an estimate does; Monte Carlo
error is too large to say; a computation failed; the base fit has a caution that does not doubt its draws; a
fit cannot be relied on; or the base fit cannot."""


@dataclass(frozen=True)
class DecisionReason:
    """A sentence behind the conclusion.

    Attributes
    ----------
    text
        The sentence.
    kind
        What it says.
    is_largest_move
        Whether it gives the largest move of all, a clear one, as the first sentence of a study does.
    """

    text: str
    kind: Kind = "note"
    is_largest_move: bool = False

    @property
    def is_caution(self) -> bool:
        """Whether the reader has to know it before using the results."""
        return self.kind != "note"
