"""Reading `run.json`: any part may say that it failed, and any number may be missing."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from numbers import Real
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

Record = Mapping[str, Any]
Draws = NDArray[np.floating[Any]]

_ELEMENT = re.compile(r"^(?P<name>[^\[]+)\[(?P<index>\d+(?:,\d+)*)\]$")

_USUAL_LEVEL = 0.95

METHOD_TITLES = {
    "mle": "Maximum likelihood",
    "map": "Maximum a posteriori (constrained scale)",
    "map_unconstrained": "Maximum a posteriori (unconstrained scale)",
    "laplace": "Laplace approximation",
    "pathfinder": "Pathfinder",
    "nuts": "Posterior by NUTS",
}
"""The parts of `run.json` that hold estimates, in the order of a report."""

_UNITLESS = ("none", "no unit", "dimensionless", "1")
"""What cards say of a quantity without a unit."""

_OPTIONAL = ("pathfinder",)
"""Parts whose absence needs no explanation: they run where they are asked for."""


def part(record: Record, key: str) -> Record:
    """Return a part of the record; an absent one counts as skipped."""
    found = record.get(key)
    return found if isinstance(found, Mapping) else {"status": "skipped", "reason": "it is not in run.json."}


def is_ok(one: Record) -> bool:
    """Return whether a part holds results."""
    return bool(one.get("status", "ok") == "ok")


def explanation(record: Record, key: str) -> str | None:
    """Return why a method has no results, in a sentence; `None` where it has, or was never thought of."""
    one = part(record, key)
    if is_ok(one) or (key in _OPTIONAL and one.get("status") == "skipped"):
        return None
    reason = str(one.get("reason") or "no reason was recorded.").strip()
    return f"{METHOD_TITLES[key]}: {one['status']}. {reason[:1].upper()}{reason[1:]}"


def estimates(record: Record, key: str) -> Mapping[str, Record]:
    """Return a method's estimates by Stan name; empty where it has none."""
    one = part(record, key)
    return one.get("estimates") or {} if is_ok(one) else {}


def names(record: Record) -> tuple[str, ...]:
    """Return every quantity that some method estimates, in the order of the program."""
    ordered: dict[str, None] = {}
    for key in ("nuts", "mle", "map", "map_unconstrained", "laplace", "pathfinder"):
        ordered |= dict.fromkeys(estimates(record, key))
    return tuple(ordered)


def label(record: Record, name: str) -> str:
    """Return the name for people, such as `beta[mom_iq]` for `beta[2]`."""
    found = ((estimates(record, key).get(name) or {}).get("label") for key in METHOD_TITLES)
    return next((str(one) for one in found if one), name)


def unit(record: Record, name: str) -> str:
    """Return the unit of a quantity as the model's card states it; empty where it does not."""
    units = part(record, "model").get("units")
    found = units.get(owner(name)) if isinstance(units, Mapping) else None
    return found if isinstance(found, str) and found.lower() not in _UNITLESS else ""


def number(mapping: Mapping[str, Any] | None, key: str) -> float | None:
    """Return a finite number, or `None`."""
    value = (mapping or {}).get(key)
    if isinstance(value, Real) and not isinstance(value, bool) and math.isfinite(float(value)):
        return float(value)
    return None


def owner(name: str) -> str:
    """Return the Stan variable an element belongs to.

    >>> owner("Sigma[1,2]"), owner("tau")
    ('Sigma', 'tau')
    """
    match = _ELEMENT.match(name)
    return match["name"] if match else name


def values(tree: xr.DataTree, group: str, name: str) -> Draws | None:
    """Return the draws of one element from a group of the tree; `None` where they are not there.

    Parameters
    ----------
    tree
        The content of `fit.nc`.
    group
        Such as `posterior`, with `(chain, draw)`, or `laplace`, with `(draw,)`.
    name
        Stan's name, such as `beta[2]`.
    """
    match = _ELEMENT.match(name)
    variable = match["name"] if match else name
    if group not in tree.children or variable not in tree[group].data_vars:
        return None
    array = tree[group][variable]
    own = [dim for dim in array.dims if dim not in ("chain", "draw")]
    index = [int(one) - 1 for one in match["index"].split(",")] if match else []
    sizes = [array.sizes[dim] for dim in own]
    if len(index) != len(own) or not all(0 <= i < size for i, size in zip(index, sizes, strict=True)):
        return None
    found = np.asarray(array.isel(dict(zip(own, index, strict=True))).values, dtype=float)
    return found if np.isfinite(found).all() else None


def statistic(tree: xr.DataTree, name: str) -> Draws | None:
    """Return a sampler statistic `(chain, draw)`; `None` where it is not there."""
    if "sample_stats" not in tree.children or name not in tree["sample_stats"].data_vars:
        return None
    return np.asarray(tree["sample_stats"][name].values, dtype=float)


def entries(mapping: Record, key: str) -> list[Record]:
    """Return a list of entries, such as the checks of a diagnosis; empty where there is none."""
    found = mapping.get(key)
    return [one for one in found if isinstance(one, Mapping)] if isinstance(found, list | tuple) else []


def level(record: Record) -> str:
    """Return the probability of the intervals as a percentage."""
    return f"{100 * (number(part(record, 'interval'), 'level') or _USUAL_LEVEL):g}%"


def gaps(record: Record, name: str) -> Record:
    """Return the gaps of a quantity; empty where none are known."""
    found = part(record, "gaps").get(name)
    return found if isinstance(found, Mapping) else {}


def declared(record: Record) -> tuple[str, ...]:
    """Return the names of the program's parameters and transformed parameters, in its order."""
    return tuple(str(one.get("name")) for one in entries(part(record, "model"), "parameters"))


def declared_first(record: Record, found: Iterable[str]) -> list[str]:
    """Return names with those of the program's parameters before generated quantities, order kept."""
    own = set(declared(record))
    return sorted(found, key=lambda name: owner(name) not in own)
