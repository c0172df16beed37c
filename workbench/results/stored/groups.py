"""The groups of `fit.nc` in memory: plain arrays with their dimensions.

xarray takes most of a second to import; what needs only a few arrays, such as a prediction, does without it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from numpy.typing import NDArray

from workbench.late_imports import LateModule

if TYPE_CHECKING:
    import xarray as xr
else:
    xr = LateModule("xarray")


@dataclass(frozen=True)
class PlainArray:
    """An array of a group.

    Attributes
    ----------
    dims
        The name of each dimension.
    values
        Its elements.
    attributes
        What is noted beside it.
    """

    dims: tuple[str, ...]
    values: NDArray[Any]
    attributes: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class PlainGroup:
    """The arrays of a group.

    Attributes
    ----------
    variables
        Each array by its name.
    labels
        The names of those that only label the elements of a dimension.
    attributes
        What is noted beside the group.
    """

    variables: Mapping[str, PlainArray]
    labels: frozenset[str] = frozenset()
    attributes: Mapping[str, Any] = field(default_factory=dict)

    def list_data(self) -> Iterator[tuple[str, PlainArray]]:
        """Yield the arrays that are no labels, in the order of the file."""
        for name, variable in self.variables.items():
            if name not in self.labels:
                yield name, variable


def build_tree(groups: Mapping[str, PlainGroup]) -> xr.DataTree:
    """Return groups as xarray and ArviZ have them; the arrays are not copied."""
    return xr.DataTree.from_dict({f"/{name}": _build_dataset(group) for name, group in groups.items()})


def take_group(tree: xr.DataTree, name: str) -> PlainGroup | None:
    """Return a group of a tree as plain arrays, which are not copied; `None` where there is none."""
    if name not in tree.children:
        return None
    dataset = tree[name].to_dataset()
    variables = {
        str(key): PlainArray(tuple(map(str, variable.dims)), variable.to_numpy(), variable.attrs)
        for key, variable in dataset.variables.items()
    }
    return PlainGroup(variables, frozenset(map(str, dataset.coords)), dataset.attrs)


def _build_dataset(group: PlainGroup) -> xr.Dataset:
    variables = {
        name: xr.Variable(variable.dims, variable.values, dict(variable.attributes))
        for name, variable in group.variables.items()
    }
    return xr.Dataset(
        {name: variable for name, variable in variables.items() if name not in group.labels},
        {name: variable for name, variable in variables.items() if name in group.labels},
        dict(group.attributes),
    )
