"""The draws of the base fit and their log ratios at each point, from which a page computes weights itself."""

from __future__ import annotations

import base64
import binascii
import math
from collections.abc import Mapping
from typing import Literal

from msgspec import Struct

BYTES = 2
"""The size of a code [bytes]."""


class PackedColumn(Struct, frozen=True, kw_only=True):
    """Numbers as 16-bit codes in base64: `offset + step * code`, or the exponential of that for `log`."""

    codes: str
    spacing: Literal["whole", "linear", "log"]
    offset: float
    step: float

    def __post_init__(self) -> None:
        """Refuse what stands for no numbers."""
        try:
            is_whole = len(base64.b64decode(self.codes, validate=True)) % BYTES == 0
        except (binascii.Error, ValueError):
            is_whole = False
        if not is_whole or not (math.isfinite(self.offset) and math.isfinite(self.step)):
            raise ValueError("Expected 16-bit numbers in base64, with a finite offset and step")

    @property
    def size(self) -> int:
        """How many numbers there are."""
        return len(base64.b64decode(self.codes)) // BYTES


class PointRatios(Struct, frozen=True, kw_only=True):
    """The log density at one point minus that of the base, for each draw of the base fit [nats]."""

    point: int
    logs: PackedColumn


class Reweighting(Struct, frozen=True, kw_only=True):
    """What importance weights at each point need.

    Attributes
    ----------
    draws
        How many draws of the base fit there are.
    of
        How many there were before every n-th was kept.
    tail
        How many of the largest ratios are smoothed.
    efficiency
        Effective share of the draws, for the slowest quantity.
    least_ess
        The effective draws below which weights are not good enough.
    quantities
        Draws by Stan's name.
    ratios
        Log ratios at points.
    """

    draws: int
    of: int
    tail: int
    efficiency: float
    least_ess: float
    quantities: Mapping[str, PackedColumn]
    ratios: tuple[PointRatios, ...]

    def __post_init__(self) -> None:
        """Refuse columns of other lengths, and a tail that is longer than the draws."""
        columns = [*self.quantities.values(), *(ratios.logs for ratios in self.ratios)]
        if any(column.size != self.draws for column in columns) or not 0 < self.tail < self.draws:
            raise ValueError("Expected a number for each draw, and a tail shorter than these")
