"""The plan of a study: points among the hyperparameters, and the designs that choose them."""

from __future__ import annotations

import itertools
import json
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from workbench.errors import RequestError
from workbench.late_imports import LateModule
from workbench.methods import Nuts
from workbench.provenance import hash_text
from workbench.studies.plan.decision import Decision

if TYPE_CHECKING:
    from scipy.stats import qmc
else:
    qmc = LateModule("scipy.stats.qmc")

DESIGNS = ("grid", "one", "lhs")
"""How axes make points: every combination, one axis at a time, or a Latin hypercube."""

METHODS = ("map", "laplace", "nuts")
"""The methods whose outcomes a study can report at each point."""

REFITS = ("needed", "all")
"""Where points are fitted in full: only where importance weights cannot be relied on, or everywhere."""

_POWER = re.compile(r"^power\((.+)\)$")
"""The name of a power, such as `power(prior)`."""

_AXIS_GRAMMAR = "NAME=FROM:TO:log:COUNT, NAME=FROM:TO:lin:COUNT or NAME=VALUE,VALUE,..."
"""What `--vary` accepts, for error messages."""

_MAX_RATIO_SPREAD = 1e-6
"""Relative difference of the ratios of neighbouring values up to which they count as equal: rounding."""


MOST_POINTS = 10_000
"""The most settings of the priors that one study takes."""


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
        Whether they are evenly spaced on a log scale.
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
        The name of a scenario; empty for a point of a design.
    """

    values: Mapping[str, float] = field(default_factory=dict)
    forms: Mapping[str, str] = field(default_factory=dict)
    name: str = ""

    @property
    def key(self) -> str:
        """A hash of the setting; the name is not part of it."""
        return hash_text(json.dumps([sorted(self.values.items()), sorted(self.forms.items())]))

    @property
    def powers(self) -> dict[str, float]:
        """The powers among the values, by what is raised: `prior`, `likelihood` or a parameter."""
        powers = {match[1]: value for name, value in self.values.items() if (match := _POWER.match(name))}
        return {name: float(value) for name, value in powers.items()}

    @property
    def constants(self) -> dict[str, float]:
        """The hyperparameters among the values."""
        return {name: float(value) for name, value in self.values.items() if not _POWER.match(name)}

    @property
    def form_text(self) -> str:
        """The other forms of priors as statements."""
        return "; ".join(f"{name} ~ {form}" for name, form in self.forms.items())

    @property
    def label(self) -> str:
        """The point in words."""
        settings = [f"{name} = {value:.4g}" for name, value in self.values.items()]
        settings += [f"{name} ~ {form}" for name, form in self.forms.items()]
        text = ", ".join(settings) or "as fitted"
        return f"{self.name} ({text})" if self.name else text


BASE = Point()
"""The priors of the base fit."""


@dataclass(frozen=True)
class Plan:
    """Everything that a study asks.

    Attributes
    ----------
    axes
        The hyperparameters that are varied.
    points
        Where outcomes are wanted; the base fit comes first.
    design
        How the axes made points, one of `DESIGNS`.
    methods
        Some of `METHODS`.
    decisions
        Conclusions to follow.
    above
        The constant c of P(theta > c).
    refit
        Where points are fitted in full, one of `REFITS`.
    parameters
        Quantities to report, by variable or element; empty for the default choice.
    sampler
        Chains and draws of a refit; its warm-up is for chains without a warm start.
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

    @property
    def power_names(self) -> set[str]:
        """What some point or axis raises to a power."""
        names = {name for point in self.points for name in point.powers}
        return names | {name for axis in self.axes for name in Point({axis.name: 1.0}).powers}


def is_power(name: str) -> bool:
    """Return whether a name is that of a power rather than of a hyperparameter."""
    return name.startswith("power(")


def parse_axis(text: str) -> Axis:
    """Parse an axis as `--vary` takes it.

    Raises
    ------
    RequestError
        The text does not follow the grammar, or a value is not a number.

    >>> parse_axis("beta.sigma=0.1:10:log:3")
    Axis(name='beta.sigma', values=(0.1, 1.0, 10.0), is_log=True)
    >>> parse_axis("sigma.beta=2,0.5").values
    (0.5, 2.0)
    """
    name, equals, values = (part.strip() for part in text.partition("="))
    if not (name and equals and values):
        raise RequestError(f"--vary was expected to be {_AXIS_GRAMMAR}, found `{text}`.")
    try:
        return _parse_range(name, values) if ":" in values else _parse_list(name, values)
    except ValueError as reason:
        raise RequestError(f"--vary was expected to be {_AXIS_GRAMMAR}, found `{text}`.") from reason


def make_axis(name: str, values: Sequence[float]) -> Axis:
    """Return an axis with given values; its scale is logarithmic if they are evenly spaced on that scale."""
    ordered = tuple(sorted({float(value) for value in values}))
    ratios = np.diff(np.log(ordered)) if ordered and ordered[0] > 0 else np.array([])
    return Axis(name, ordered, len(ratios) > 1 and bool(np.ptp(ratios) < _MAX_RATIO_SPREAD * ratios.max()))


def make_points(axes: Sequence[Axis], design: str, count: int, seed: int) -> tuple[Point, ...]:
    """Return the points of a design, without the base.

    Parameters
    ----------
    axes
        The hyperparameters that are varied.
    design
        `grid`: every combination; `one`: one axis at a time, the others as fitted; `lhs`: a Latin hypercube
        between the ends of each axis.
    count, seed
        The number of points of a hypercube, and its seed.

    Raises
    ------
    RequestError
        The design is unknown, or an axis is named twice.

    References
    ----------
    McKay, Beckman and Conover (1979), Technometrics 21(2), doi:10.1080/00401706.1979.10489755.
    """
    _check_design(axes, design, count)
    _check_count(axes, design, count)
    if not axes:
        return ()
    if design == "one":
        return tuple(Point({axis.name: value}) for axis in axes for value in axis.values)
    if design == "lhs":
        unit = qmc.LatinHypercube(len(axes), rng=np.random.default_rng(seed)).random(count)
        return tuple(
            Point(
                {axis.name: _interpolate(axis, float(share)) for axis, share in zip(axes, row, strict=True)}
            )
            for row in unit
        )
    names = [axis.name for axis in axes]
    return tuple(
        Point(dict(zip(names, values, strict=True)))
        for values in itertools.product(*(axis.values for axis in axes))
    )


def drop_repeated_points(points: Sequence[Point]) -> tuple[Point, ...]:
    """Return the base and the points that differ from it, each once; a name is kept."""
    distinct = {BASE.key: BASE}
    for point in points:
        distinct.setdefault(point.key, point)
        if point.name and not distinct[point.key].name:
            distinct[point.key] = point
    return tuple(distinct.values())


def _check_design(axes: Sequence[Axis], design: str, count: int) -> None:
    if design not in DESIGNS:
        raise RequestError(f"--design was expected to be one of {', '.join(DESIGNS)}, found `{design}`.")
    if design == "lhs" and count < 1:
        raise RequestError(f"--points was expected to be at least 1, found {count}.")
    names = [axis.name for axis in axes]
    for name in names:
        if names.count(name) > 1:
            raise RequestError(f"--vary names `{name}` twice.", hint="give all of its values in one --vary")


def _check_count(axes: Sequence[Axis], design: str, count: int) -> None:
    """Refuse a design that nobody could finish."""
    lengths = [len(axis.values) for axis in axes]
    points = {"one": sum(lengths), "lhs": count if axes else 0}.get(design, math.prod(lengths))
    if points > MOST_POINTS:
        hint = "vary fewer hyperparameters, or use --design lhs with --points 100"
        raise RequestError(f"--vary asks for {points} points; at most {MOST_POINTS} are taken.", hint=hint)


def _parse_range(name: str, text: str) -> Axis:
    parts = text.split(":")
    if len(parts) == 3:
        parts.insert(2, "lin")
    first, last, scale, count = parts
    low, high = sorted((float(first), float(last)))
    number = int(count)
    if number > MOST_POINTS:
        raise RequestError(f"--vary {name} asks for {count} values; at most {MOST_POINTS} are taken.")
    if scale not in ("log", "lin") or number < 2 or not np.isfinite([low, high]).all() or low == high:
        raise ValueError(scale)
    if scale == "log" and low <= 0:
        raise RequestError(
            f"--vary {name} spaces values on a log scale, so both ends must be positive, found {low:g}."
        )
    spaced = np.geomspace(low, high, number) if scale == "log" else np.linspace(low, high, number)
    return Axis(name, tuple(float(f"{value:.12g}") for value in spaced), scale == "log")


def _parse_list(name: str, text: str) -> Axis:
    values = [float(value) for value in text.split(",")]
    if not np.isfinite(values).all():
        raise ValueError(text)
    return make_axis(name, values)


def _interpolate(axis: Axis, share: float) -> float:
    """Return the value of an axis at a share, from 0 to 1, of the way between its ends."""
    low, high = axis.values[0], axis.values[-1]
    value = low * (high / low) ** share if axis.is_log else low + (high - low) * share
    return float(f"{value:.12g}")
