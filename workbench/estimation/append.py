"""Further draws appended to those of an earlier run, and every number that depends on them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from workbench.errors import RunIncomplete
from workbench.estimation.sampling.nuts import summarise_chains
from workbench.late_imports import LateModule
from workbench.results import Fit
from workbench.results.quantities import iterate_elements
from workbench.results.record import extend_record
from workbench.results.rounding import POINTWISE
from workbench.results.sampled_rows import ROW_SUMMARIES, SAMPLED_ROWS, has_sampled_rows, join_summaries
from workbench.results.view import NutsResult

if TYPE_CHECKING:
    import xarray as xr
    from arviz_stats.base import array_stats
else:
    array_stats = LateModule("arviz_stats.base", "array_stats")
    xr = LateModule("xarray")


def append(earlier: Fit, more: Fit) -> Fit:
    """Return a fit with the draws of both, chain by chain.

    Parameters
    ----------
    earlier
        A fit with a posterior.
    more
        The same request continued from its last draws, with as many chains and the same step sizes and
        metrics.

    Raises
    ------
    RunIncomplete
        The sampler failed while it continued.
    """
    if not more.results.nuts.is_ok:
        raise RunIncomplete(f"the run could not be continued: {more.results.nuts.reason}")
    groups = {name: group.to_dataset() for name, group in earlier.tree.children.items()}
    _check_statistics(groups)
    summaries = _join_row_summaries(earlier, more)
    if summaries is None:
        groups.pop(SAMPLED_ROWS, None)
        groups.pop(ROW_SUMMARIES, None)
    else:
        groups[ROW_SUMMARIES] = summaries
    count = groups["sample_stats"].sizes.get("draw", 0)
    for name, group in more.tree.children.items():
        if name in groups and "draw" in group.dims and "chain" in group.dims:
            groups[name] = _append_draws(groups[name], group.to_dataset(), count)
    tree = xr.DataTree.from_dict({f"/{name}": group for name, group in groups.items()})
    console = {f"continued {name}": text for name, text in more.console.items()}
    level = earlier.results.interval.level
    record = extend_record(
        earlier.record,
        _summarise_sampler(earlier.results.nuts, more.results.nuts, groups),
        {name: summarise_chains(draws, level) for name, draws in iterate_elements(groups["posterior"])},
        more.results.timings.get("nuts") or 0.0,
    )
    return Fit(record, tree, {**earlier.console, **console})


def _join_row_summaries(earlier: Fit, more: Fit) -> xr.Dataset | None:
    """Return the summaries of all rows over the draws of both; `None` unless both sampled the same rows."""
    if not (has_sampled_rows(earlier) and has_sampled_rows(more)):
        return None
    first, second = (fit.tree[SAMPLED_ROWS].to_dataset() for fit in (earlier, more))
    if not np.array_equal(first["observation"], second["observation"]):
        return None
    counts = [rows.sizes["chain"] * rows.sizes["draw"] for rows in (first, second)]
    summaries = [fit.tree[ROW_SUMMARIES].to_dataset() for fit in (earlier, more)]
    return join_summaries(summaries[0], counts[0], summaries[1], counts[1])


def _check_statistics(groups: Mapping[str, xr.Dataset]) -> None:
    """Refuse a run without the statistics of its sampler.

    Raises
    ------
    RunIncomplete
        The message names what is missing.
    """
    stats = groups.get("sample_stats", xr.Dataset())
    needed = ("tree_depth", "acceptance_rate", "energy") if "diverging" in stats else ()
    missing = [name for name in needed if name not in stats]
    if missing or "sample_stats" not in groups:
        name = missing[0] if missing else "any"
        raise RunIncomplete(f"the run does not hold `{name}` of its sampler, which a continuation needs.")


def _append_draws(earlier: xr.Dataset, more: xr.Dataset, count: int) -> xr.Dataset:
    """Return the draws of both, those of the second numbered from `count`.

    Raises
    ------
    RunIncomplete
        The run has other variables or labels than its program gives them.
    """
    try:
        return _join_draws(earlier, more, count)
    except (KeyError, ValueError) as reason:
        line = (str(reason).strip("'\"") or type(reason).__name__).splitlines()[0]
        raise RunIncomplete(f"the draws of the run do not fit those of its continuation: {line}.") from reason


def _join_draws(earlier: xr.Dataset, more: xr.Dataset, count: int) -> xr.Dataset:
    names = [name for name, array in earlier.data_vars.items() if "draw" in array.dims]
    both = xr.concat([earlier[names], more[names]], dim="draw", join="override")
    others = earlier.drop_vars(names).drop_dims("draw", errors="ignore")
    is_complete = earlier.sizes["draw"] == count
    before = np.arange(count) if is_complete else earlier["draw"].to_numpy()
    return xr.merge([others, both]).assign_coords(draw=[*before, *(count + more["draw"].to_numpy())])


def _summarise_sampler(
    earlier: NutsResult, more: NutsResult, groups: Mapping[str, xr.Dataset]
) -> dict[str, Any]:
    """Return what the record says about the sampler as a whole, for the draws of both runs."""
    stats = groups["sample_stats"]
    facts: dict[str, Any] = {"draws": (earlier.draws or 0) + (more.draws or 0)}
    kept = [groups[name].sizes["draw"] for name in POINTWISE if name in groups]
    if any(count < facts["draws"] for count in kept):
        facts["pointwise_draws"] = min(kept)
    if "diverging" not in stats:  # a program without parameters
        return facts
    return facts | {
        "divergences": int(stats["diverging"].sum()),
        "max_treedepth_hits": int((stats["tree_depth"] >= (earlier.max_treedepth or np.inf)).sum()),
        "accept_stat": stats["acceptance_rate"].mean("draw").to_numpy().tolist(),
        "ebfmi": np.atleast_1d(array_stats.bfmi(stats["energy"].to_numpy())).tolist(),
    }
