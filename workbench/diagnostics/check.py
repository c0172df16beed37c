"""What a check is: a small object with a stable code, a threshold with its reference, and words."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import wraps
from typing import Any, Literal

Status = Literal["issue", "tip", "passed", "n/a", "skipped"]
Severity = Literal["fail", "caution", "none"]
Record = Mapping[str, Any]


@dataclass(frozen=True)
class Finding:
    """What a check found.

    Attributes
    ----------
    status
        `issue` counts against the verdict, `tip` does not; `n/a` means the question does not arise.
    message
        One sentence with the number in it.
    measured
        The number that was held against the threshold.
    severity
        How an issue moves the verdict.
    """

    status: Status
    message: str
    measured: float | None = None
    severity: Severity = "none"


@dataclass(frozen=True)
class Check:
    """One question asked of every run.

    Attributes
    ----------
    code
        Never reused: `WB101`.
    title
        A few words.
    threshold
        The number that decides, as text.
    reference
        Where the threshold comes from.
    advice
        What to do when it is an issue.
    examine
        Looks at the content of `run.json`.
    """

    code: str
    title: str
    threshold: str
    reference: str
    advice: str
    examine: Callable[[Record], Finding]


def worst(record: Record, key: str, *, smallest: bool = False) -> tuple[str, float] | None:
    """Return the parameter with the largest (or smallest) value of a posterior statistic, and the value.

    Only parameters and transformed parameters count; `None` where none has the statistic.
    """
    names = {one["name"] for one in record["model"]["parameters"]}
    found = [
        (numbers.get("label", name), numbers[key])
        for name, numbers in record["nuts"]["estimates"].items()
        if name.split("[")[0].split(".")[0] in names and numbers.get(key) is not None
    ]
    if not found:
        return None
    choose = min if smallest else max
    return choose(found, key=lambda pair: pair[1])


def needs_draws(examine: Callable[[Record], Finding]) -> Callable[[Record], Finding]:
    """Wrap what a check does with posterior draws: without them it does not apply."""

    @wraps(examine)
    def wrapped(record: Record) -> Finding:
        part = record["nuts"]
        if part["status"] == "ok":
            return examine(record)
        if part["status"] == "skipped":
            return Finding("skipped", "No posterior draws were asked for.")
        return Finding("n/a", f"There are no posterior draws: {part['reason']}")

    return wrapped
