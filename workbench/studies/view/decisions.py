"""What `study.json` says about decisions: margins with their Monte Carlo errors, and tipping points."""

from __future__ import annotations

import math
from typing import Literal

from msgspec import Struct

from workbench.thresholds import MARGIN_STANDARD_ERRORS

SideStatus = Literal["found", "none", "unclear", "failed"]
"""How the search for a tipping point on one side of the base ended; `unclear` where Monte Carlo error is too
large to say."""

Answer = Literal["yes", "no", "cannot tell"]
"""Whether a decision holds; `cannot tell` where its margin is within its Monte Carlo error."""


class Margin(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """How far a decision is from tipping, with the Monte Carlo error of that distance.

    Attributes
    ----------
    value
        Positive where the decision holds, in the unit of what it compares.
    mcse
        Its Monte Carlo standard error; 0 for a mode, `None` where it was not computed.
    draws_needed
        The number of draws of each fit at which the margin would be clear; `None` where it is clear, or where
        even `MOST_TIMES_MORE_DRAWS` times as many might not be enough.
    """

    value: float
    mcse: float | None = None
    draws_needed: int | None = None

    @property
    def ratio(self) -> float:
        """The margin in its own standard errors; infinite without an error."""
        if self.mcse:
            return self.value / self.mcse
        return math.copysign(math.inf, self.value) if self.value else 0.0

    @property
    def sign(self) -> int:
        """1 where the decision holds, -1 where it does not, 0 where that cannot be told."""
        if not abs(self.ratio) > MARGIN_STANDARD_ERRORS:
            return 0
        return 1 if self.value > 0 else -1

    @property
    def answer(self) -> Answer:
        """Whether the decision holds, in words."""
        answers: dict[int, Answer] = {1: "yes", -1: "no", 0: "cannot tell"}
        return answers[self.sign]


class TippingSide(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The search for a tipping point on one side of the base.

    Attributes
    ----------
    status
        Whether a tipping point was found there.
    reason
        Why none was found.
    searched
        How far the search went.
    value, se
        The tipping point and its Monte Carlo standard error. If it is unclear whether there is one, the value
        where the margin is zero, by the draws that there are.
    lower, upper
        The ends of its interval: between them the margin is within two of its Monte Carlo standard errors.
        `None` where that is so up to the end of the search.
    is_confirmed
        Whether a full fit at the tipping point is among those that it is computed from.
    first
        The tipping point before that fit.
    draws_needed
        Where it is unclear: the number of draws of each fit that would tell; `None` where even
        `MOST_TIMES_MORE_DRAWS` times as many might not be enough.
    """

    status: SideStatus
    reason: str = ""
    searched: float | None = None
    value: float | None = None
    se: float | None = None
    lower: float | None = None
    upper: float | None = None
    is_confirmed: bool | None = None
    first: float | None = None
    draws_needed: int | None = None

    @property
    def is_found(self) -> bool:
        """Whether there is a tipping point on this side."""
        return self.status == "found"

    @property
    def is_unclear(self) -> bool:
        """Whether Monte Carlo error hides if there is one."""
        return self.status == "unclear"


class TippingPoint(Struct, frozen=True, kw_only=True):
    """Where a decision changes as one hyperparameter moves away from its value in the base fit.

    Attributes
    ----------
    decision
        The decision as the user wrote it.
    about
        The quantities it is about.
    hyperparameter, base
        The hyperparameter and its value in the base fit.
    holds, margin
        Whether the decision holds there, and its margin.
    mcse, draws_needed
        The Monte Carlo standard error of that margin, and the draws at which it would be clear.
    nearest
        The side, `below` or `above`, on which the nearest tipping point lies; `None` without one.
    below, above
        The search on each side.
    """

    decision: str
    about: tuple[str, ...] = ()
    hyperparameter: str
    base: float
    holds: bool
    margin: float | None = None
    mcse: float | None = None
    draws_needed: int | None = None
    nearest: Literal["below", "above"] | None
    below: TippingSide
    above: TippingSide

    @property
    def answer(self) -> Answer:
        """Whether the decision holds in the base fit, as far as that can be told."""
        if self.margin is None or self.mcse is None:
            return "yes" if self.holds else "no"
        return Margin(value=self.margin, mcse=self.mcse).answer

    @property
    def nearest_side(self) -> TippingSide | None:
        """The nearest tipping point; `None` without one."""
        return {"below": self.below, "above": self.above, None: None}[self.nearest]

    @property
    def distance(self) -> tuple[bool, float]:
        """How far the nearest tipping point is from the base, to sort by.

        Factors come first, in their logarithm; differences between numbers that are not positive come after
        them, and what does not tip comes last.
        """
        value = None if self.nearest_side is None else self.nearest_side.value
        if value is None:
            return True, math.inf
        if value > 0 and self.base > 0:
            return False, abs(math.log(value / self.base))
        return True, abs(value - self.base)

    @property
    def is_near_base(self) -> bool:
        """Whether the base lies in the interval of the nearest tipping point."""
        side = self.nearest_side
        if side is None or side.lower is None or side.upper is None:
            return False
        return side.lower <= self.base <= side.upper

    @property
    def failure(self) -> str:
        """Why the search failed on some side; empty if it did not."""
        return next((side.reason for side in (self.below, self.above) if side.status == "failed"), "")
