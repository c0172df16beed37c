"""What a check is: a small object with a stable code, a threshold with its reference, and words."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import wraps
from typing import Any, Literal

import numpy as np

from workbench.results import Fit

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


@dataclass(frozen=True, kw_only=True)
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
    meaning
        What a finding says about the run, in a sentence or two.
    advice
        What to do when it is an issue.
    page
        The longer explanation, in paragraphs: how it is computed and how to read it.
    examine
        Looks at a fit whose record holds all measures.
    """

    code: str
    title: str
    threshold: str
    reference: str
    meaning: str
    advice: str
    page: tuple[str, ...]
    examine: Callable[[Fit], Finding]


def worst(record: Record, key: str, *, smallest: bool = False) -> tuple[str, float] | None:
    """Return the parameter with the largest (or smallest) value of a posterior statistic, and the value.

    Only finite ones of parameters and transformed parameters count; `None` where there is none.
    """
    names = parameter_names(record)
    found = [
        (numbers.get("label", name), numbers[key])
        for name, numbers in record["nuts"]["estimates"].items()
        if owner(name) in names and numbers.get(key) is not None and np.isfinite(numbers[key])
    ]
    if not found:
        return None
    choose = min if smallest else max
    return choose(found, key=lambda pair: pair[1])


def parameter_names(record: Record) -> frozenset[str]:
    """Return the names of parameters and transformed parameters."""
    return frozenset(one["name"] for one in record["model"]["parameters"])


def owner(name: str) -> str:
    """Return the Stan variable that a quantity belongs to.

    >>> owner("Sigma[1,2]"), owner("pair.1")
    ('Sigma', 'pair')
    """
    return name.split("[")[0].split(".")[0]


def spoken(p_value: float) -> str:
    """Return a tail probability as one writes it.

    >>> spoken(0.0001), spoken(0.25)
    ('p < 0.001', 'p = 0.250')
    """
    if p_value < 0.001:
        return "p < 0.001"
    return "p > 0.999" if p_value > 0.999 else f"p = {p_value:.3f}"


def needs_draws(examine: Callable[[Fit], Finding]) -> Callable[[Fit], Finding]:
    """Wrap what a check does with posterior draws: without them it does not apply."""

    @wraps(examine)
    def wrapped(fit: Fit) -> Finding:
        part = fit.record["nuts"]
        if part["status"] == "ok":
            return examine(fit)
        if part["status"] == "skipped":
            return Finding("skipped", "No posterior draws were asked for.")
        return Finding("n/a", f"There are no posterior draws: {part['reason']}")

    return wrapped


def paragraphs(text: str) -> tuple[str, ...]:
    r"""Return the paragraphs of a text, each on one line.

    >>> paragraphs("one two\nthree\n\nfour")
    ('one two three', 'four')
    """
    return tuple(" ".join(part.split()) for part in text.strip().split("\n\n"))


def needs_predictions(examine: Callable[[Fit], Finding]) -> Callable[[Fit], Finding]:
    """Wrap what a check does with replicated data: without them it does not apply."""

    @needs_draws
    @wraps(examine)
    def wrapped(fit: Fit) -> Finding:
        entry = fit.record["predictive"]
        if entry["status"] == "ok":
            return examine(fit)
        return Finding("n/a", f"No outcome was drawn anew: {entry['reason']}")

    return wrapped
