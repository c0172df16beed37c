"""Which log likelihood and log prior of the draws are used: the author's own, or the terms of the program."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from workbench.backends import RawRun
from workbench.late_imports import LateModule
from workbench.program import Program
from workbench.request import FitRequest
from workbench.results.outcome_scales import GROUP, choose_log_likelihood, judge_log_likelihood
from workbench.results.quantities import owner
from workbench.thresholds import LOG_LIKELIHOOD_DIFFERENCE_LIMIT

if TYPE_CHECKING:
    import xarray as xr
else:
    xr = LateModule("xarray")

Floats = NDArray[np.float64]
"""An array of doubles."""

_COMPARED_DRAWS = 50
"""Draws at which the author's own densities are compared with the terms of the program."""


def describe_density_sources(
    request: FitRequest, run: RawRun, groups: Mapping[str, xr.Dataset]
) -> dict[str, Any]:
    """Return what `run.json` says about the log likelihood and the log prior in `fit.nc`.

    Parameters
    ----------
    request, run
        The fit and its draws.
    groups
        The groups of `fit.nc`.
    """
    facts: dict[str, Any] = {}
    program = request.program
    source = choose_log_likelihood(program)
    if source is not None:
        ours = None if program.instrumented is None else program.instrumented.outputs.log_lik
        names = {source.name} | ({ours} if ours else set())
        draws = {name: _read_few(run, name) for name in names}
        known = {name: values for name, values in draws.items() if values is not None}
        if source.name in known:
            judged = judge_log_likelihood(source, request, known, groups.get(GROUP, xr.Dataset()))
            facts["log_lik"] = msgspec.structs.asdict(judged)
    if "log_prior" in groups:
        facts["log_prior_from"] = str(groups["log_prior"].attrs.get("source", "workbench"))
    return facts


def read_own_log_prior(program: Program, run: RawRun, terms: Floats) -> Floats | None:
    """Return the author's own `lprior`, `(chain, draw)`, if it is not the sum of the prior statements.

    Parameters
    ----------
    program, run
        The program and its draws.
    terms
        The sum of the prior statements, `(chain, draw)`.
    """
    declared = next((item for item in program.generated_quantities if item.name == "lprior"), None)
    if declared is None or not declared.is_scalar or "lprior" not in run.columns:
        return None
    own = run.draws[:, :, run.columns.index("lprior")]
    difference = own - terms
    limit = LOG_LIKELIHOOD_DIFFERENCE_LIMIT * (1 + float(np.abs(terms).max()))
    return None if float(np.ptp(difference)) <= limit else own


def _read_few(run: RawRun, name: str) -> Floats | None:
    """Return a pointwise variable at some of the draws, `(sample, element)`; `None` if there is none."""
    run = run.with_pointwise
    positions = [i for i, column in enumerate(run.columns) if owner(column) == name]
    if not positions:
        return None
    chains, count = run.draws.shape[:2]
    step = max(1, chains * count // _COMPARED_DRAWS)
    return np.asarray(run.draws[:, ::step, :][:, :, positions]).reshape(-1, len(positions))
