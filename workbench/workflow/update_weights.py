"""Importance weights of the stored draws of a run, for the posterior given further rows.

The ratio of a draw is its density given all rows over its density given the old rows, both by the run's
program. So it holds for every program: where transformed data prepare all rows together, such as by their
mean, that of all rows is used, as in one fit of all of them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from workbench import binding
from workbench.backends import Backend
from workbench.backends.base import Floats, Integers
from workbench.backends.stored_chains import ChainDraws, StoredChains
from workbench.binding import BoundData
from workbench.diagnostics.check import collect_statistic
from workbench.errors import RequestError, RunError
from workbench.estimation.context import FitContext
from workbench.estimation.standardize.rescaling import Rescaling, find_rescaling
from workbench.program import Program
from workbench.progress import SILENT
from workbench.request import FitRequest
from workbench.results import Fit
from workbench.results.quantities import element_name
from workbench.studies.fits.weights import PointWeights, weigh_draws
from workbench.thresholds import RHAT_LIMIT, format_beside_limit
from workbench.workflow.saved_run import SavedRun

if TYPE_CHECKING:
    import xarray as xr

_STATS = {
    "acceptance_rate": "accept_stat",
    "step_size": "stepsize",
    "tree_depth": "treedepth",
    "n_steps": "n_leapfrog",
    "diverging": "divergent",
    "energy": "energy",
}
"""Stan's names of the statistics of its sampler, by ArviZ's."""


@dataclass(frozen=True)
class Weighing:
    """Whether the draws of a run can be weighted for further rows.

    Attributes
    ----------
    weights
        The weights; `None` where none could be computed.
    reason
        Why the draws cannot be weighted; empty where they can.
    """

    weights: PointWeights | None
    reason: str = ""


def read_chains(fit: Fit, program: Program, rescaling: Rescaling | None = None) -> ChainDraws:
    """Return the stored draws of the parameters, in Stan's order, with the statistics of their sampler.

    Parameters
    ----------
    fit
        The run.
    program
        Its program.
    rescaling
        The map to the scale of the data, where the draws are on that: they are returned on the scale on which
        they were sampled.
    """
    posterior, groups = fit.tree["posterior"].to_dataset(), fit.tree.children
    stats = groups["sample_stats"].to_dataset() if "sample_stats" in groups else {}
    adaptation = groups["adaptation"].to_dataset() if "adaptation" in groups else {}
    names, draws = _collect_draws(program, posterior)
    if rescaling is not None:
        where = [names.index(column) for column in rescaling.columns]
        draws[..., where] = np.linalg.solve(rescaling.matrix, draws[..., where, None])[..., 0]
    return ChainDraws(
        draws,
        {
            own: np.asarray(stats[name].to_numpy(), dtype=float)
            for name, own in _STATS.items()
            if name in stats
        },
        adaptation["step_size"].to_numpy() if "step_size" in adaptation else None,
        adaptation["inv_metric"].to_numpy() if "inv_metric" in adaptation else None,
    )


def find_scale(run: SavedRun, request: FitRequest, exe: Path, folder: Path) -> Rescaling | None:
    """Return the map from the scale on which a run was sampled to that of the data; `None` without one.

    Parameters
    ----------
    run
        The run.
    request
        Its request, with the program that is run.
    exe
        The executable of that.
    folder
        A scratch folder.

    Raises
    ------
    RequestError
        The draws are on the scale of the data, and the map is not found again.
    """
    if not run.fit.results.data.standardized.is_on_data_scale:
        return None
    from workbench.backends.stan import StanBackend  # only here: importing it takes a second

    found = find_rescaling(FitContext(request, exe, StanBackend(), folder, SILENT))
    if found.rescaling is None:
        message = f"the draws cannot be put on the scale of the standardized predictors: {found.reason}"
        raise RequestError(message, hint="fit old and new rows together")
    return found.rescaling


def _collect_draws(program: Program, posterior: xr.Dataset) -> tuple[list[str], Floats]:
    """Return the names and the draws of all elements of parameters, `(chain, draw, column)`.

    They are in the order of Stan, which counts the first index fastest.
    """
    names, columns = [], []
    for parameter in program.parameters:
        values = posterior[parameter.name].transpose("chain", "draw", ...).to_numpy()
        for reversed_index in np.ndindex(values.shape[2:][::-1]):
            index = reversed_index[::-1]
            cell: tuple[Any, ...] = (..., *index)
            names.append(element_name(parameter.name, index))
            columns.append(values[cell])
    sizes = posterior.sizes
    if not columns:
        return names, np.empty((sizes["chain"], sizes["draw"], 0))
    return names, np.stack(columns, axis=-1).astype(float, copy=False)


def find_obstacle(fit: Fit, program: Program, data: BoundData) -> str:
    """Return why the draws of a run cannot belong to more rows; empty where they can.

    Parameters
    ----------
    fit
        The run.
    program
        Its program.
    data
        Old and new rows.
    """
    if "posterior" not in fit.tree.children:
        return "the run has no draws by NUTS"
    posterior = fit.tree["posterior"].to_dataset()
    for parameter in program.parameters:
        if parameter.members or parameter.name not in posterior:
            return f"`{parameter.name}` is declared `{parameter.text}`, and draws of tuples are not weighted"
        found = posterior[parameter.name].transpose("chain", "draw", ...).shape[2:]
        wanted = binding.evaluate_shape(parameter, data.values)
        if any(size not in (None, length) for size, length in zip(wanted, found, strict=False)):
            sizes = " x ".join(map(str, wanted))
            return f"`{parameter.name}`, declared `{parameter.text}`, has {sizes} elements with the new rows"
    return ""


def weigh(
    fit: Fit, old: FitRequest, new: FitRequest, exe: Path, chains: ChainDraws, folder: Path
) -> Weighing:
    """Return the weights of a run's draws for the posterior given all rows.

    Parameters
    ----------
    fit
        The run.
    old, new
        Its request, and the same with all rows.
    exe
        The executable of its program.
    chains
        Its draws.
    folder
        A scratch folder.
    """
    backend = StoredChains(chains)
    try:
        before = backend.measure(_make_job(old, exe, backend, folder / "old"))
        after = backend.measure(_make_job(new, exe, backend, folder / "all"))
    except RunError as error:
        return Weighing(
            None, f"the density of all rows cannot be computed at the stored draws: {error.message}"
        )
    weights = weigh_draws(after - before, measure_efficiency(fit), chains.draws.shape[0])
    return Weighing(weights, f"weights of its draws would not do: {weights.reason}" if weights.reason else "")


def _make_job(request: FitRequest, exe: Path, backend: Backend, folder: Path) -> Any:
    context = FitContext(request, exe, backend, folder, SILENT)
    return context.make_job("nuts", has_replicates=False)


def measure_efficiency(fit: Fit) -> float:
    """Return the effective share of the draws, for the slowest quantity."""
    nuts = fit.results.nuts
    count = (nuts.chains or 1) * (nuts.draws or 1)
    sizes = [item.ess_bulk for item in nuts.estimates.values() if item.ess_bulk is not None]
    return min(1.0, min(sizes, default=count) / count)


def find_disagreement(weighted: Fit) -> str:
    """Return what weighted draws have an R-hat above its limit; empty where none has.

    Draws that are taken several times make chains look as if they disagreed.
    """
    rhats = collect_statistic(weighted.results, lambda estimate: estimate.rhat)
    label = max(rhats, key=lambda name: rhats[name], default="")
    if not label or rhats[label] <= RHAT_LIMIT:
        return ""
    shown, limit = format_beside_limit(rhats[label], RHAT_LIMIT, 3)
    return f"weights of its draws would not do: R-hat of `{label}` is {shown}, above {limit}"


def draw_again(chains: ChainDraws, weights: Floats, seed: int) -> ChainDraws:
    """Return draws taken as often as their weights say, by systematic resampling, in the order of the chains.

    Draws that are taken several times stay next to each other, so that the effective sample sizes of the
    result, which are computed from its autocorrelation, count them once.

    Parameters
    ----------
    chains
        The draws.
    weights
        `(chain * draw,)`; they sum to 1.
    seed
        Seed of the only random number.

    References
    ----------
    Kitagawa (1996), Monte Carlo filter and smoother for non-Gaussian nonlinear state space models, Journal of
    Computational and Graphical Statistics 5(1), doi:10.1080/10618600.1996.10474692.
    """
    rows = choose_rows(weights, seed)
    count, length, size = chains.draws.shape
    stats: Mapping[str, Floats] = {
        name: values.reshape(-1)[rows].reshape(count, length) for name, values in chains.stats.items()
    }
    draws = chains.draws.reshape(count * length, size)[rows].reshape(count, length, size)
    return ChainDraws(draws, stats, chains.step_size, chains.inv_metric)


def choose_rows(weights: Floats, seed: int) -> Integers:
    """Return the positions of the draws to take, ascending, `(draw,)`.

    >>> choose_rows(np.array([0.5, 0.25, 0.25, 0.0]), 1).tolist()
    [0, 0, 1, 2]
    """
    count = len(weights)
    places = (np.random.default_rng(seed).random() + np.arange(count)) / count
    return np.minimum(np.searchsorted(np.cumsum(weights), places, side="right"), count - 1)
