"""Draws as 16-bit numbers: how they are rounded, and what that costs in precision."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating[Any]]
"""An array of numbers."""

MISSING_CODE = 65_535
"""What stands for a draw that is not finite."""

_LEVELS = 65_534
"""Steps between the smallest and the largest draw: the codes below `MISSING_CODE`."""

_LARGEST = 1e300
"""The size above which a draw counts as not finite: the difference of two must be a number. Ours."""

_LOG_RATIO = 100.0
"""The ratio of the largest to the smallest draw from which positive draws are rounded on the log scale, so
that small ones can be shown on a logarithmic axis. Ours."""

Spacing = Literal["whole", "linear", "log"]
"""What a code counts: whole numbers, equal steps, or equal steps of the logarithm."""


@dataclass(frozen=True)
class PackedDraws:
    """The draws of a quantity as codes: `offset + step * code`, or the exponential of that.

    Attributes
    ----------
    codes
        A code for each draw, `(chain * draw,)`.
    spacing
        What a code counts.
    offset, step
        The value of code 0, and of a step; of the logarithm where `spacing` is `log`.
    error
        The largest difference from a draw [SD of the draws]; 0 where the draws are exact.
    """

    codes: NDArray[np.uint16]
    spacing: Spacing
    offset: float
    step: float
    error: float

    def to_text(self) -> str:
        """Return the codes in base64, two bytes each, the lower one first."""
        return base64.b64encode(self.codes.astype("<u2").tobytes()).decode()


def pack(draws: Floats) -> PackedDraws:
    """Return draws, of any shape, as codes; the whole range of the draws is covered in equal steps."""
    values = np.asarray(draws, dtype=float).ravel()
    is_kept = np.abs(values) <= _LARGEST
    finite = values[is_kept]
    if not finite.size:
        return PackedDraws(np.full(values.size, MISSING_CODE, np.uint16), "linear", 0.0, 0.0, 0.0)
    spacing, offset, step = _choose_spacing(finite)
    codes = np.full(values.size, MISSING_CODE, np.uint16)
    codes[is_kept] = _encode(finite, spacing, offset, step)
    packed = PackedDraws(codes, spacing, offset, step, 0.0)
    return PackedDraws(codes, spacing, offset, step, _measure_error(finite, packed))


def unpack(packed: PackedDraws) -> Floats:
    """Return the draws that codes stand for; NaN for those that are not finite."""
    values = packed.offset + packed.step * packed.codes.astype(float)
    values = np.exp(values) if packed.spacing == "log" else values
    return np.where(packed.codes == MISSING_CODE, np.nan, values)


def _choose_spacing(finite: Floats) -> tuple[Spacing, float, float]:
    low, high = float(finite.min()), float(finite.max())
    if high - low <= _LEVELS and np.array_equal(finite, np.rint(finite)):
        return "whole", low, 1.0
    if low > 0 and high / low >= _LOG_RATIO:
        return "log", float(np.log(low)), float(np.log(high) - np.log(low)) / _LEVELS
    return "linear", low, (high - low) / _LEVELS


def _encode(finite: Floats, spacing: Spacing, offset: float, step: float) -> NDArray[np.uint16]:
    if step == 0:
        return np.zeros(finite.size, np.uint16)
    steps = ((np.log(finite) if spacing == "log" else finite) - offset) / step
    return np.clip(np.rint(steps), 0, _LEVELS).astype(np.uint16)


def _measure_error(finite: Floats, packed: PackedDraws) -> float:
    """Return the largest rounding error [SD]."""
    values = unpack(packed)
    with np.errstate(over="ignore"):
        spread = float(np.std(finite))
    error = float(np.abs(values[np.isfinite(values)] - finite).max())
    return error / spread if spread > 0 and np.isfinite(spread) else 0.0
