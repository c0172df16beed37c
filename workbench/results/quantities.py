"""Names of quantities: the variable that owns an element, and the draws of one element by its name."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, cast

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import xarray as xr

Draws = NDArray[np.floating[Any]]

SAMPLE_DIMS = ("chain", "draw")
"""The dimensions of posterior draws; whatever else an array has belongs to the quantity."""

_INDEX = r"(?:\d+|real|imag)"
_NAME = re.compile(rf"^([^\[.]+)((?:\[{_INDEX}(?:,{_INDEX})*\]|\.[^\[]+)*)$")
_ELEMENT = re.compile(r"^(?P<variable>[^\[]+)\[(?P<index>\d+(?:,\d+)*)\]$")
"""Stan's names: of any quantity, tuples and complex numbers among them, and of an element of an array."""


def owner(name: str) -> str:
    """Return the Stan variable that a quantity belongs to.

    >>> owner("Sigma[1,2]"), owner("pair[2].1[3]"), owner("z[1,imag]"), owner("tau")
    ('Sigma', 'pair', 'z', 'tau')
    """
    match = _NAME.match(name)
    return match[1] if match else name


def split_element(name: str) -> tuple[str, tuple[int, ...]]:
    """Return the array that an element belongs to, and its index counted from 0.

    >>> split_element("Sigma[1,2]"), split_element("tau")
    (('Sigma', (0, 1)), ('tau', ()))
    """
    match = _ELEMENT.match(name)
    if match is None:
        return name, ()
    return match["variable"], tuple(int(text) - 1 for text in match["index"].split(","))


def element_name(variable: str, index: tuple[int, ...]) -> str:
    """Return Stan's name of an element, its index counted from 0.

    >>> element_name("Sigma", (0, 1)), element_name("tau", ())
    ('Sigma[1,2]', 'tau')
    """
    return f"{variable}[{','.join(str(place + 1) for place in index)}]" if index else variable


def element_names(variable: str, shape: tuple[int, ...]) -> list[str]:
    """Return the names of all elements of a variable, row-major.

    >>> element_names("Sigma", (1, 2))
    ['Sigma[1,1]', 'Sigma[1,2]']
    """
    return [element_name(variable, index) for index in np.ndindex(*shape)]


def iterate_elements(group: xr.Dataset | xr.DataTree) -> Iterator[tuple[str, Draws]]:
    """Yield the draws `(chain, draw)` of each element of a group of posterior draws, by Stan's name."""
    for variable, array in group.data_vars.items():
        values = array.transpose(*SAMPLE_DIMS, ...).values
        for index in np.ndindex(*values.shape[2:]):
            yield element_name(str(variable), index), np.asarray(values[(..., *index)], dtype=float)


def finite_elements(group: xr.Dataset | xr.DataTree) -> dict[str, Draws]:
    """Return the draws `(chain, draw)` of each element whose draws are all finite, by Stan's name."""
    return {name: draws for name, draws in iterate_elements(group) if np.isfinite(draws).all()}


def find_kept_draws(tree: xr.DataTree, name: str) -> NDArray[np.int64] | slice:
    """Return the positions in each chain of the draws that a group holds.

    Parameters
    ----------
    tree
        The content of `fit.nc`.
    name
        The group: a large run holds pointwise values of some draws only. Without it all are meant.
    """
    group = tree.children.get(name)
    if group is None or group.sizes.get("draw") in (None, tree["posterior"].sizes.get("draw")):
        return slice(None)
    return np.asarray(group["draw"].to_numpy(), dtype=np.int64)


def draws_of(tree: xr.DataTree, group: str, name: str) -> Draws | None:
    """Return the draws of one element; `None` where they are absent or not all finite.

    Parameters
    ----------
    tree
        The content of `fit.nc`.
    group
        Such as `posterior`, with `(chain, draw)`, or `laplace`, with `(draw,)`.
    name
        Stan's name, such as `beta[2]`.
    """
    variable, index = split_element(name)
    if group not in tree.children or variable not in tree[group].data_vars:
        return None
    array = cast("xr.DataArray", tree[group][variable])
    return pick_element([str(dim) for dim in array.dims], array.values, index)


def pick_element(dims: Sequence[str], values: NDArray[Any], index: Sequence[int]) -> Draws | None:
    """Return the draws of one element of an array; `None` where it has none, or not all are finite.

    Parameters
    ----------
    dims
        The dimensions of the array, those of draws among them.
    values
        The array.
    index
        The element's place in the other dimensions, from 0.
    """
    places = iter(index)
    own = [size for dim, size in zip(dims, values.shape, strict=True) if dim not in SAMPLE_DIMS]
    if len(index) != len(own) or not all(0 <= i < size for i, size in zip(index, own, strict=True)):
        return None
    draws = np.asarray(
        values[tuple(slice(None) if dim in SAMPLE_DIMS else next(places) for dim in dims)], dtype=float
    )
    return draws if np.isfinite(draws).all() else None


def sampler_statistic(tree: xr.DataTree, name: str) -> Draws | None:
    """Return a statistic of the sampler `(chain, draw)`; `None` where it was not recorded."""
    if "sample_stats" not in tree.children or name not in tree["sample_stats"].data_vars:
        return None
    return np.asarray(tree["sample_stats"][name].values, dtype=float)
