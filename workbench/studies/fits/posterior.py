"""A full fit at one point of a study: its draws as a matrix, and how good they are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np
import xarray as xr
from arviz_stats.base import array_stats
from numpy.typing import NDArray

from workbench.backends import points
from workbench.diagnostics.power_scaling import elements
from workbench.errors import RequestError
from workbench.program import Program
from workbench.studies.plan.plan import Plan, Point

Floats = NDArray[np.float64]

LARGEST_PARAMETER = 100
"""Elements of a parameter that are reported unless it is asked for by name."""

LARGEST_DERIVED = 20
"""The same for transformed parameters and generated quantities."""

_SAME = 1e-10  # share of the largest draw that is rounding


@dataclass(frozen=True)
class Posterior:
    """The draws of a full fit.

    Attributes
    ----------
    point
        Where.
    key
        Its address among the finished pieces.
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
    facts
        R-hat, divergences and seconds.
    """

    point: Point
    key: str
    how: Literal["base", "refit"]
    tree: xr.DataTree = field(repr=False)
    names: tuple[str, ...]
    draws: Mapping[str, Floats] = field(repr=False)
    efficiency: Floats = field(repr=False)
    facts: Mapping[str, Any] = field(default_factory=dict)

    @property
    def chains(self) -> int:
        """How many chains."""
        return int(next(iter(self.draws.values())).shape[0])

    @property
    def size(self) -> int:
        """How many draws in all."""
        return int(next(iter(self.draws.values())).size)

    @property
    def slowest(self) -> float:
        """Effective share of the draws of the slowest quantity."""
        return float(np.nanmin(self.efficiency)) if np.isfinite(self.efficiency).any() else 1.0

    @property
    def flat(self) -> dict[str, Floats]:
        """Every quantity, each `(S,)`."""
        return {name: values.ravel() for name, values in self.draws.items()}


def measure_posterior(
    point: Point,
    key: str,
    how: Literal["base", "refit"],
    tree: xr.DataTree,
    names: Sequence[str],
    facts: Mapping[str, Any],
) -> Posterior:
    """Return a full fit with the efficiency and R-hat of what is reported."""
    draws = elements(tree)
    stacked = np.stack([draws[name] for name in names])
    with np.errstate(all="ignore"):
        ess = np.asarray(array_stats.ess(stacked, chain_axis=1, draw_axis=2, method="bulk"), dtype=float)
        rhat = np.asarray(array_stats.rhat(stacked, chain_axis=1, draw_axis=2), dtype=float)
    moves = np.array([is_varying(one) for one in stacked])
    size = stacked[0].size
    measured = {
        "rhat": float(np.nanmax(rhat[moves])) if moves.any() else None,
        "ess": float(np.nanmin(ess[moves])) if moves.any() else float(size),
    }
    efficiency = np.where(moves & np.isfinite(ess), ess / size, 1.0)
    return Posterior(point, key, how, tree, tuple(names), draws, efficiency, {**facts, **measured})


def is_varying(draws: Floats) -> bool:
    """Return whether draws differ by more than the last digits: those of `L[1, 1]`, which is 1, do not."""
    return bool(np.ptp(draws) > _SAME * np.abs(draws).max(initial=0.0))


def choose_quantities(
    plan: Plan, program: Program, draws: Mapping[str, Floats], labels: Mapping[str, str]
) -> list[str]:
    """Return the quantities to report: those asked for, else parameters and what is derived and short.

    Parameters
    ----------
    plan, program
        What is asked of what.
    draws
        Every quantity.
    labels
        Stan names by label.

    Raises
    ------
    RequestError
        A quantity is asked for that the program does not have.
    """
    sizes: dict[str, list[str]] = {}
    for name in draws:
        sizes.setdefault(name.partition("[")[0], []).append(name)
    if plan.parameters:
        asked = [found for one in plan.parameters for found in _named(one, sizes, draws, labels)]
    else:
        declared = {one.name for one in program.parameters}
        limits = {name: LARGEST_PARAMETER if name in declared else LARGEST_DERIVED for name in sizes}
        asked = [one for name, found in sizes.items() if len(found) <= limits[name] for one in found]
    decided = [_single(name, sizes, draws, labels) for one in plan.decisions for name in one.names]
    found = [name for name in dict.fromkeys([*asked, *decided]) if np.isfinite(draws[name]).all()]
    return found or list(draws)[:LARGEST_DERIVED]


def _single(
    name: str, sizes: Mapping[str, list[str]], draws: Mapping[str, Floats], labels: Mapping[str, str]
) -> str:
    """Return the one quantity that a decision names."""
    found = _named(name, sizes, draws, labels)
    if found != [labels.get(name, name)]:
        raise RequestError(
            f"a decision is about single numbers, and `{name}` holds {len(found)}.",
            hint=f"name one of them, such as `{found[0]}`",
        )
    return found[0]


def _named(
    name: str, sizes: Mapping[str, list[str]], draws: Mapping[str, Floats], labels: Mapping[str, str]
) -> list[str]:
    own = labels.get(name, name)
    if own in draws:
        return [own]
    if own in sizes:
        return sizes[own]
    listed = ", ".join(f"`{one}`" for one in list(sizes)[:12])
    raise RequestError(f"`{name}` is no quantity of this fit; it has {listed}.")


def write_draws(tree: xr.DataTree, program: Program, path: Path, rows: int | None = None) -> Path:
    """Write the parameters' draws as Stan writes them, all chains one after the other.

    Parameters
    ----------
    tree
        With a group `measure_posterior`.
    program
        Whose parameters; transformed ones are left out.
    path
        A CSV file.
    rows
        How many draws, spread over all; `None` for all.
    """
    columns: dict[str, Floats] = {}
    for name in _parameters(tree, program):
        values = tree["measure_posterior"][name].transpose("chain", "draw", ...).to_numpy()
        shape = values.shape[2:]
        flat = values.reshape(-1, *shape)
        # Stan counts the first index fastest.
        for index in (place[::-1] for place in np.ndindex(*shape[::-1])):
            place = f"[{','.join(str(at + 1) for at in index)}]" if index else ""
            columns[f"{name}{place}"] = flat[(slice(None), *index)]
    draws = np.stack(list(columns.values()), axis=1)
    if rows is not None:
        draws = draws[np.linspace(0, len(draws) - 1, min(rows, len(draws))).astype(int)]
    return points.write_draws(tuple(columns), draws, path)


def _parameters(tree: xr.DataTree, program: Program) -> list[str]:
    """Return the variables that hold the program's parameters; a tuple's parts have one each."""
    return [
        str(name)
        for one in program.parameters
        for name in tree["measure_posterior"].data_vars
        if name == one.name or str(name).startswith((f"{one.name}.", f"{one.name}["))
    ]
