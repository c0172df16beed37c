"""Draws of a run gone on with, appended to those it had; every number that follows from them anew."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import xarray as xr
from arviz_stats.base import array_stats

from workbench.errors import RunIncomplete
from workbench.estimation.sampling.nuts import summarise_chains
from workbench.estimation.schedule import METHOD_KEYS
from workbench.results import Fit
from workbench.results.gap import explain
from workbench.results.method_result import MethodResult


def append(earlier: Fit, more: Fit) -> Fit:
    """Return a fit with the draws of both, chain by chain.

    Parameters
    ----------
    earlier
        A fit with a posterior.
    more
        The same request gone on with from its last draws: as many chains, the same step size and metric.

    Raises
    ------
    RunIncomplete
        The sampler failed when it went on.
    """
    if more.record["nuts"]["status"] != "ok":
        raise RunIncomplete(f"the run could not be continued: {more.record['nuts']['reason']}")
    groups = {name: group.to_dataset() for name, group in earlier.tree.children.items()}
    for name, group in more.tree.children.items():
        if name in groups and "draw" in group.dims and "chain" in group.dims:
            groups[name] = _joined(groups[name], group.to_dataset())
    tree = xr.DataTree.from_dict({f"/{name}": group for name, group in groups.items()})
    return Fit(_record(earlier.record, more.record, groups), tree, {**earlier.console, **_console(more)})


def _joined(earlier: xr.Dataset, more: xr.Dataset) -> xr.Dataset:
    own = [name for name, array in earlier.data_vars.items() if "draw" in array.dims]
    both = xr.concat([earlier[own], more[own]], dim="draw", join="override")
    rest = earlier.drop_vars(own)
    return xr.merge([rest.drop_dims("draw", errors="ignore"), both]).assign_coords(
        draw=np.arange(both.sizes["draw"])
    )


def _record(
    earlier: Mapping[str, Any], more: Mapping[str, Any], groups: Mapping[str, xr.Dataset]
) -> dict[str, Any]:
    part = {**earlier["nuts"], **_facts(earlier["nuts"], more["nuts"], groups["sample_stats"])}
    level = earlier["interval"]["level"]
    columns = _columns(groups["posterior"])
    part["estimates"] = {
        name: {
            **({"label": numbers["label"]} if "label" in numbers else {}),
            **(summarise_chains(columns[name], level) if name in columns else numbers),
        }
        for name, numbers in part["estimates"].items()
    }
    record = {**earlier, "nuts": part}
    parts = {
        name: MethodResult(record[name]["status"], estimates=record[name]["estimates"])
        for name in METHOD_KEYS
        if name in record
    }
    seconds = earlier["timings"]["nuts"] + more["timings"]["nuts"]
    return record | {"gaps": explain(parts), "timings": {**earlier["timings"], "nuts": seconds}}


def _facts(earlier: Mapping[str, Any], more: Mapping[str, Any], stats: xr.Dataset) -> dict[str, Any]:
    facts: dict[str, Any] = {"draws": earlier["draws"] + more["draws"]}
    if "diverging" not in stats:
        return facts
    return facts | {
        "divergences": int(stats["diverging"].sum()),
        "max_treedepth_hits": int((stats["tree_depth"] >= earlier["max_treedepth"]).sum()),
        "accept_stat": stats["acceptance_rate"].mean("draw").to_numpy().tolist(),
        "ebfmi": np.atleast_1d(array_stats.bfmi(stats["energy"].to_numpy())).tolist(),
    }


def _columns(posterior: xr.Dataset) -> dict[str, np.ndarray]:
    """Return the draws `(chain, draw)` of every quantity by Stan name."""
    columns: dict[str, np.ndarray] = {}
    for name, array in posterior.data_vars.items():
        values = array.to_numpy()
        for index in np.ndindex(values.shape[2:]):
            suffix = f"[{','.join(str(one + 1) for one in index)}]" if index else ""
            columns[f"{name}{suffix}"] = values[(slice(None), slice(None), *index)]
    return columns


def _console(more: Fit) -> dict[str, str]:
    return {f"continued {name}": text for name, text in more.console.items()}
