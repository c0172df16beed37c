"""A fit to each group of a table, for Python."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from workbench import library
from workbench.api.arguments import (
    Data,
    as_path,
    as_table,
    choose_scaled_roles,
    explain_options,
    list_columns,
    list_names,
    show_progress,
)
from workbench.methods import Nuts
from workbench.priors.priors_file import read_priors
from workbench.process import count_usable_cores
from workbench.toolchain import ToolchainSettings
from workbench.workflow.method_settings import choose_methods, count_retries, read_init
from workbench.workflow.options import FitOptions

if TYPE_CHECKING:
    from workbench.execution import Executor
    from workbench.segments import Segments


@explain_options
def fit_each(
    model: str | Path,
    data: Data = None,
    by: str | Sequence[str] = (),
    *,
    share_prior: bool = False,
    columns: Mapping[str, str | Sequence[str]] | None = None,
    set_: Mapping[str, Any] | None = None,
    reference: Mapping[str, str] | None = None,
    missing: Literal["refuse", "drop"] = "refuse",
    standardize: bool = False,
    prior: Mapping[str, float | Sequence[float]] | None = None,
    prior_form: Mapping[str, str] | None = None,
    priors: str | Path | None = None,
    role: Mapping[str, str] | None = None,
    scale: Literal["prior", "latent"] = "prior",
    method: str | Sequence[str] = (),
    starts: int = 4,
    chains: int = 4,
    draws: int = 1000,
    warmup: int = 1000,
    adapt_delta: float = 0.8,
    max_treedepth: int = 10,
    init: str | Path | Mapping[str, Any] = "random",
    sampler: Literal["stan", "nutpie"] = "stan",
    metric: Literal["diag", "dense", "low_rank"] = "diag",
    retry: bool | int = False,
    seed: int = 1,
    level: float = 0.95,
    jobs: int | None = None,
    executor: str | Executor | Any = None,
    threads: int = 1,
    timeout: float | None = None,
    keep: str | Sequence[str] | None = None,
    pointwise_draws: int | None = None,
    output: str | Path | None = None,
    compiler: str | None = None,
    native: bool = False,
    toolchain: Literal["auto", "embedded", "cmdstan"] = "auto",
    optimise: bool = True,
    progress: bool = True,
) -> Segments:
    """Fit a Stan program to each group of a table; a folder of runs is written, with an index and a report.

    Parameters
    ----------
    model, data
        As in `fit`.
    by
        A column whose values are groups, or several: each combination that occurs is a group.
    share_prior
        Whether location and scale of each parameter's prior are estimated from all groups, which are then
        fitted again with them.
    executor
        Where fits run, which changes no number: text as for `--scheduler` (`"local:4"`,
        `"tcp://127.0.0.1:8786"`, `"cluster.toml"`), or a `distributed.Client`. By default on this machine.
    output
        The folder; by default `reports/<model>-<data>-by-<columns>`.
    columns, set_, reference, missing, standardize, prior, prior_form, priors, role, scale, method, starts, \
chains, draws, warmup, adapt_delta, max_treedepth, init, sampler, metric, retry, seed, level, jobs, threads, \
timeout, keep, pointwise_draws, compiler, native, toolchain, optimise, progress
        As in `fit`.

    Returns
    -------
    The fits: `frame` has a row for each group, `rows` the same typed, `folder` the runs. A group that could
    not be fitted is a row whose `failure` says why.

    Raises
    ------
    WorkbenchError
        Any of the tree in `workbench.errors`, where it concerns all groups.
    """
    from workbench.execution.scheduler import as_executor, parse_scheduler
    from workbench.workflow.fit_each import EachOptions, fit_each_group

    path, own_table = library.resolve(model)
    word, inits = read_init(init)
    nuts = Nuts(
        chains, draws, warmup, adapt_delta, max_treedepth, metric, word, False, count_retries(retry), sampler
    )
    stated = read_priors(as_path(priors))
    named = parse_scheduler(executor).cores if isinstance(executor, str) else None
    options = FitOptions(
        columns=list_columns(columns),
        given=set_ or {},
        priors={**stated.values, **(prior or {})},
        prior_forms={**stated.forms, **(prior_form or {})},
        carried=stated.posterior,
        reference=reference or {},
        missing=missing,
        standardize=standardize,
        roles=role or {},
        scaled=choose_scaled_roles(scale),
        methods=choose_methods(list_names(method), nuts, starts=starts, profile=(), bic_count=None),
        seed=seed,
        level=level,
        jobs=named or jobs or count_usable_cores(),
        threads=threads,
        timeout=timeout,
        keep=None if keep is None else tuple(list_names(keep)),
        pointwise_draws=pointwise_draws,
        inits=inits,
        output=as_path(output),
        toolchain=ToolchainSettings(compiler=compiler, source=toolchain, native=native),
        is_optimised=optimise,
        command="workbench.fit_each(...)",
    )
    table = own_table if data is None and own_table is not None else as_table(data)
    each = EachOptions(list_names(by), shares_prior=share_prior)
    shown = show_progress(progress)
    with as_executor(executor, options.jobs, shown) as opened:
        each = replace(each, executor=opened)
        return fit_each_group(path, table, options, each, shown)
