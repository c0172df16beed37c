"""A criterion of a gate and what came of it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Literal

from msgspec import Struct, field
from msgspec.structs import replace

CriterionStatus = Literal["passed", "failed", "not applicable"]


class Criterion(Struct, frozen=True, kw_only=True):
    """A criterion: what was found, what was demanded, and whether it passed.

    `reason` says why it does not apply, or more of what was found; `numbers` has what was found and limits.
    """

    name: str
    status: CriterionStatus
    found: str = ""
    demanded: str = ""
    reason: str = ""
    numbers: Mapping[str, float] = field(default_factory=dict)


class GateResult(Struct, frozen=True, kw_only=True):
    """What came of a gate: it is passed if no criterion failed, and at least one applied."""

    champion: str
    challenger: str
    criteria: tuple[Criterion, ...]
    data: str = ""
    rows: int | None = None
    left_out: int = 0

    @property
    def is_passed(self) -> bool:
        """Whether the challenger may take the champion's place."""
        statuses = {criterion.status for criterion in self.criteria}
        return "failed" not in statuses and "passed" in statuses

    @property
    def failed(self) -> tuple[str, ...]:
        """The criteria that failed."""
        return tuple(each.name for each in self.criteria if each.status == "failed")


def passed(name: str, found: str, demanded: str, reason: str = "") -> Criterion:
    """Return a criterion that passed."""
    return Criterion(name=name, status="passed", found=found, demanded=demanded, reason=reason)


def failed(name: str, found: str, demanded: str, reason: str = "") -> Criterion:
    """Return a criterion that failed."""
    return Criterion(name=name, status="failed", found=found, demanded=demanded, reason=reason)


def decide(name: str, found: str, demanded: str, reason: str = "", *, is_met: bool) -> Criterion:
    """Return a criterion that passed or failed."""
    return (passed if is_met else failed)(name, found, demanded, reason)


def with_numbers(criterion: Criterion, **numbers: float) -> Criterion:
    """Return a criterion with its numbers, as far as they are finite."""
    return replace(criterion, numbers={key: x for key, x in numbers.items() if math.isfinite(x)})


def not_applicable(name: str, reason: str) -> Criterion:
    """Return a criterion that does not apply."""
    return Criterion(name=name, status="not applicable", reason=reason)
