"""What a study asks: points in the space of hyperparameters, and how they are chosen."""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from scipy.stats import qmc

from workbench.errors import RequestError
from workbench.methods import Nuts
from workbench.provenance import hash_text
from workbench.studies.plan.decision import Decision

DESIGNS = ("grid", "one", "lhs")
METHODS = ("map", "laplace", "nuts")
REFITS = ("needed", "all")

_POWER = re.compile(r"^power\((.+)\)$")
_GRAMMAR = "NAME=FROM:TO:log:COUNT, NAME=FROM:TO:lin:COUNT or NAME=VALUE,VALUE,..."


@dataclass(frozen=True)
class Axis:
    """A hyperparameter and the values it takes.

    Attributes
    ----------
    name
        As `--prior` names it, such as `beta.sigma`; or `power(prior)`, `power(likelihood)`, `power(beta)`:
        the power of all priors, of the likelihood, or of the prior of one parameter.
    values
        In increasing order.
    is_log
        Whether its values are spread by ratio.
    """

    name: str
    values: tuple[float, ...]
    is_log: bool = False


@dataclass(frozen=True)
class Point:
    """One setting of the priors.

    Attributes
    ----------
    values
        Hyperparameters and powers that differ from the base fit's, by name.
    forms
        Whole prior statements, by the parameter that they are about: `{"beta": "student_t(3, 0, 2.5)"}`.
    name
        A scenario's name; empty for a point of a sweep.
    """

    values: Mapping[str, float] = field(default_factory=dict)
    forms: Mapping[str, str] = field(default_factory=dict)
    name: str = ""

    @property
    def key(self) -> str:
        """A hash of what the point asks; its name is not part of it."""
        return hash_text(json.dumps([sorted(self.values.items()), sorted(self.forms.items())]))

    @property
    def powers(self) -> dict[str, float]:
        """The powers among the values, by what is raised: `prior`, `likelihood`, or a parameter's name."""
        found = {match[1]: value for name, value in self.values.items() if (match := _POWER.match(name))}
        return {name: float(value) for name, value in found.items()}

    @property
    def constants(self) -> dict[str, float]:
        """The hyperparameters among the values."""
        return {name: float(value) for name, value in self.values.items() if not _POWER.match(name)}

    @property
    def label(self) -> str:
        """The point in a few words."""
        said = [f"{name} = {value:.4g}" for name, value in self.values.items()]
        said += [f"{name} ~ {form}" for name, form in self.forms.items()]
        words = ", ".join(said) or "as fitted"
        return f"{self.name} ({words})" if self.name else words


BASE = Point()
"""The priors of the base fit."""


@dataclass(frozen=True)
class Plan:
    """Everything a study asks.

    Attributes
    ----------
    axes
        What is varied.
    points
        Where outcomes are wanted; the base fit comes first.
    design
        How the axes made points: `grid`, `one` (one axis at a time) or `lhs` (Latin hypercube).
    methods
        Which of `map`, `laplace` and `nuts`.
    decisions
        Conclusions to watch.
    above
        The constant c of P(theta > c).
    refit
        `needed`: only where importance weights cannot be relied on; `all`: everywhere.
    parameters
        Quantities to report, by variable or element; empty for the program's choice.
    sampler
        Chains and draws of a refit; its warm-up is for warm starts.
    with_prior
        Whether each point is also sampled without the likelihood.
    """

    axes: tuple[Axis, ...] = ()
    points: tuple[Point, ...] = (BASE,)
    design: str = "one"
    methods: tuple[str, ...] = METHODS
    decisions: tuple[Decision, ...] = ()
    above: float = 0.0
    refit: str = "needed"
    parameters: tuple[str, ...] = ()
    sampler: Nuts = field(default_factory=Nuts)
    with_prior: bool = True


def parse_axis(text: str) -> Axis:
    """Return what `--vary` says.

    Raises
    ------
    RequestError
        The text is not of the form, or holds what is no number.

    >>> parse_axis("beta.sigma=0.1:10:log:3")
    Axis(name='beta.sigma', values=(0.1, 1.0, 10.0), is_log=True)
    >>> parse_axis("sigma.beta=2,0.5").values
    (0.5, 2.0)
    """
    name, equals, spread = (part.strip() for part in text.partition("="))
    if not (name and equals and spread):
        raise RequestError(f"--vary was expected to be {_GRAMMAR}, found `{text}`.")
    try:
        return _ranged(name, spread) if ":" in spread else _listed(name, spread)
    except ValueError as reason:
        raise RequestError(f"--vary was expected to be {_GRAMMAR}, found `{text}`.") from reason


def make_axis(name: str, values: Sequence[float]) -> Axis:
    """Return an axis of values that are known: evenly spread by ratio where they are so given."""
    ordered = tuple(sorted({float(value) for value in values}))
    ratios = np.diff(np.log(ordered)) if ordered and ordered[0] > 0 else np.array([])
    return Axis(name, ordered, len(ratios) > 1 and bool(np.ptp(ratios) < 1e-6 * ratios.max()))


def make_points(axes: Sequence[Axis], design: str, count: int, seed: int) -> tuple[Point, ...]:
    """Return the points of a design, without the base.

    Parameters
    ----------
    axes
        What is varied.
    design
        `grid`: every combination; `one`: one axis at a time, the others as fitted; `lhs`: a Latin hypercube
        between the ends of each axis.
    count, seed
        Points of the hypercube, and its seed.

    Raises
    ------
    RequestError
        There is no such design, or an axis is named twice.

    References
    ----------
    McKay, Beckman and Conover (1979), Technometrics 21(2), doi:10.1080/00401706.1979.10489755.
    """
    _check_design(axes, design, count)
    if not axes:
        return ()
    if design == "one":
        return tuple(Point({one.name: value}) for one in axes for value in one.values)
    if design == "lhs":
        unit = qmc.LatinHypercube(len(axes), rng=np.random.default_rng(seed)).random(count)
        return tuple(
            Point({one.name: _between(one, float(at)) for one, at in zip(axes, row, strict=True)})
            for row in unit
        )
    names = [one.name for one in axes]
    return tuple(
        Point(dict(zip(names, values, strict=True)))
        for values in itertools.product(*(one.values for one in axes))
    )


def drop_repeated_points(points: Sequence[Point]) -> tuple[Point, ...]:
    """Return points without repetitions; the base is the first."""
    found = {BASE.key: BASE}
    for point in points:
        found.setdefault(point.key, point)
        if point.name and not found[point.key].name:
            found[point.key] = point
    return tuple(found.values())


def _check_design(axes: Sequence[Axis], design: str, count: int) -> None:
    if design not in DESIGNS:
        raise RequestError(f"--design was expected to be one of {', '.join(DESIGNS)}, found `{design}`.")
    if design == "lhs" and count < 1:
        raise RequestError(f"--points was expected to be at least 1, found {count}.")
    names = [one.name for one in axes]
    for name in names:
        if names.count(name) > 1:
            raise RequestError(f"--vary names `{name}` twice.", hint="give all of its values in one --vary")


def _ranged(name: str, spread: str) -> Axis:
    parts = spread.split(":")
    if len(parts) == 3:
        parts.insert(2, "lin")
    first, last, scale, count = parts
    low, high = sorted((float(first), float(last)))
    number = int(count)
    if scale not in ("log", "lin") or number < 2 or not np.isfinite([low, high]).all() or low == high:
        raise ValueError(scale)
    if scale == "log" and low <= 0:
        raise RequestError(
            f"--vary {name} spreads values by ratio, so both ends must be positive, found {low:g}."
        )
    spaced = np.geomspace(low, high, number) if scale == "log" else np.linspace(low, high, number)
    return Axis(name, tuple(float(f"{value:.12g}") for value in spaced), scale == "log")


def _listed(name: str, spread: str) -> Axis:
    values = [float(one) for one in spread.split(",")]
    if not np.isfinite(values).all():
        raise ValueError(spread)
    return make_axis(name, values)


def _between(one: Axis, at: float) -> float:
    low, high = one.values[0], one.values[-1]
    value = low * (high / low) ** at if one.is_log else low + (high - low) * at
    return float(f"{value:.12g}")
