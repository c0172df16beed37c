"""The distribution of one quantity, named as SciPy names it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from workbench.late_imports import LateModule

if TYPE_CHECKING:
    from scipy import stats
else:
    stats = LateModule("scipy.stats")

_NAMES = frozenset(
    ("beta", "betabinom", "betanbinom", "gamma", "gengamma", "invgamma", "lomax", "nbinom", "norm", "t")
)
"""The distributions that a marginal may name."""


@dataclass(frozen=True)
class Marginal:
    """A distribution by its name in `scipy.stats` and the keyword arguments it takes.

    Attributes
    ----------
    distribution
        SciPy's name, such as `beta`.
    parameters
        Shapes, `loc` and `scale`.
    """

    distribution: str
    parameters: Mapping[str, float] = field(default_factory=dict)

    @classmethod
    def student_t(cls, df: float, loc: float, scale: float) -> Marginal:
        """Return a Student t distribution with a centre and a scale."""
        return cls("t", {"df": df, "loc": float(loc), "scale": float(scale)})

    @classmethod
    def inverse_gamma(cls, a: float, b: float) -> Marginal:
        """Return the inverse gamma distribution of a variance."""
        return cls("invgamma", {"a": a, "scale": b})

    @classmethod
    def root_inverse_gamma(cls, a: float, b: float) -> Marginal:
        """Return the distribution of a standard deviation whose square is inverse gamma.

        SciPy's generalised gamma distribution with exponent -2 has exactly this density.
        """
        return cls("gengamma", {"a": a, "c": -2.0, "scale": float(b) ** 0.5})


def to_scipy(marginal: Marginal) -> Any:
    """Return the SciPy distribution of a marginal.

    >>> float(to_scipy(Marginal("beta", {"a": 3.0, "b": 1.0})).mean())
    0.75
    """
    return get_distribution(marginal.distribution)(**marginal.parameters)


def get_distribution(name: str) -> Any:
    """Return SciPy's distribution of a name, or `None` if no marginal may have it.

    >>> get_distribution("norm").name, get_distribution("kstest")
    ('norm', None)
    """
    return getattr(stats, name) if name in _NAMES else None
