"""A full fit at one point of a study: its draws by quantity, and how good they are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

from workbench.errors import RunIncomplete
from workbench.late_imports import LateModule
from workbench.program import Program
from workbench.results.quantities import finite_elements
from workbench.studies.plan.plan import Point
from workbench.studies.plan.statistics import WeightedSample

if TYPE_CHECKING:
    import xarray as xr
    from arviz_stats.base import array_stats
else:
    array_stats = LateModule("arviz_stats.base", "array_stats")

Floats = NDArray[np.float64]

_ROUNDING = 1e-10
"""Differences of draws, relative to the largest of them, that are rounding. Ours: draws have ten digits."""


@dataclass(frozen=True)
class Posterior:
    """The draws of a full fit.

    Attributes
    ----------
    point
        The point where it was made.
    key
        Its name in the cache.
    how
        `base` or `refit`.
    tree
        Groups as in `fit.nc`.
    names
        The quantities to report, by Stan name.
    draws
        Every quantity, each `(chain, draw)`.
    efficiency
        Effective share of the draws, for each name.
    rhat
        The largest R-hat of the reported quantities; `None` if none of them varies.
    divergences
        Divergent transitions; `None` where the sampler does not report them.
    """

    point: Point
    key: str
    how: Literal["base", "refit"]
    tree: xr.DataTree = field(repr=False)
    names: tuple[str, ...]
    draws: Mapping[str, Floats] = field(repr=False)
    efficiency: Floats = field(repr=False)
    rhat: float | None = None
    divergences: int | None = None

    @property
    def chains(self) -> int:
        """The number of chains."""
        return int(next(iter(self.draws.values())).shape[0])

    @property
    def size(self) -> int:
        """The number of draws of all chains together."""
        return int(next(iter(self.draws.values())).size)

    @property
    def lowest_efficiency(self) -> float:
        """Effective share of the draws of the slowest quantity."""
        return float(np.nanmin(self.efficiency)) if np.isfinite(self.efficiency).any() else 1.0

    @property
    def sample(self) -> WeightedSample:
        """The draws of all chains together, with equal weights."""
        return WeightedSample(self.flat_draws, np.full(self.size, 1 / self.size))

    @property
    def flat_draws(self) -> dict[str, Floats]:
        """Every quantity, each `(S,)`."""
        return {name: values.ravel() for name, values in self.draws.items()}

    @property
    def sds(self) -> dict[str, float]:
        """Posterior SDs of the reported quantities that vary."""
        return {name: float(self.draws[name].std()) for name in self.names if is_varying(self.draws[name])}


def measure_posterior(
    point: Point,
    key: str,
    how: Literal["base", "refit"],
    tree: xr.DataTree,
    names: Sequence[str],
    divergences: int | None = None,
) -> Posterior:
    """Return a full fit with the efficiency and the R-hat of what is reported."""
    elements = finite_elements(tree["posterior"].to_dataset())
    draws = {name: np.asarray(values, dtype=np.float64) for name, values in elements.items()}
    if not set(names) <= set(draws) or not names:
        raise RunIncomplete("the posterior does not hold all quantities of the study with finite draws.")
    stacked = np.stack([draws[name] for name in names])
    with np.errstate(all="ignore"):
        ess = np.asarray(array_stats.ess(stacked, chain_axis=1, draw_axis=2, method="bulk"), dtype=float)
        rhats = np.asarray(array_stats.rhat(stacked, chain_axis=1, draw_axis=2), dtype=float)
    varies = np.array([is_varying(values) for values in stacked])
    rhat = float(np.nanmax(rhats[varies])) if varies.any() else None
    efficiency = np.where(varies & np.isfinite(ess), ess / stacked[0].size, 1.0)
    return Posterior(point, key, how, tree, tuple(names), draws, efficiency, rhat, divergences)


def is_varying(draws: Floats) -> bool:
    """Return whether draws differ by more than rounding; those of `L[1, 1]` of a Cholesky factor do not."""
    return bool(np.ptp(draws) > _ROUNDING * np.abs(draws).max(initial=0.0))


def collect_draws(
    tree: xr.DataTree, program: Program, rows: int | None = None
) -> tuple[tuple[str, ...], Floats]:
    """Return Stan's names of the parameters, and their draws `(S, column)`, chains one after the other.

    Parameters
    ----------
    tree
        Draws with a group `posterior`.
    program
        The program; its transformed parameters are left out.
    rows
        How many draws, spread over all; `None` for all.
    """
    columns: dict[str, Floats] = {}
    for name in _list_parameter_variables(tree, program):
        values = tree["posterior"][name].transpose("chain", "draw", ...).to_numpy()
        shape = values.shape[2:]
        flat = values.reshape(-1, *shape)
        # Stan counts the first index fastest.
        for index in (reverse[::-1] for reverse in np.ndindex(*shape[::-1])):
            place = f"[{','.join(str(at + 1) for at in index)}]" if index else ""
            columns[f"{name}{place}"] = flat[(slice(None), *index)]
    if not columns:
        raise RunIncomplete("the posterior of the run holds no parameter of its program.")
    draws = np.stack(list(columns.values()), axis=1)
    if rows is not None:
        draws = draws[np.linspace(0, len(draws) - 1, min(rows, len(draws))).astype(int)]
    return tuple(columns), draws


def collect_chains(tree: xr.DataTree, program: Program) -> tuple[tuple[str, ...], Floats]:
    """Return Stan's names of the parameters, and their draws `(chain, draw, column)`."""
    columns, draws = collect_draws(tree, program)
    sizes = tree["posterior"].sizes
    return columns, draws.reshape(sizes["chain"], sizes["draw"], -1)


def _list_parameter_variables(tree: xr.DataTree, program: Program) -> list[str]:
    """Return the variables that hold the program's parameters; each part of a tuple has one."""
    return [
        str(name)
        for parameter in program.parameters
        for name in tree["posterior"].data_vars
        if name == parameter.name or str(name).startswith((f"{parameter.name}.", f"{parameter.name}["))
    ]
