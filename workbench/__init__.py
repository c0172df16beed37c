"""workbench: point estimates, full posteriors, and an honest account of both."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    import pandas as pd

    from workbench.results import Fit
    from workbench.studies import Study

__all__ = ["fit", "load", "sensitivity"]


def fit(
    model: str | Path,
    data: str | Path | pd.DataFrame | Mapping[str, Any] | None = None,
    *,
    columns: Mapping[str, str | Sequence[str]] | None = None,
    set_: Mapping[str, Any] | None = None,
    reference: Mapping[str, str] | None = None,
    missing: Literal["refuse", "drop"] = "refuse",
    standardize: bool = False,
    prior: Mapping[str, float] | None = None,
    role: Mapping[str, str] | None = None,
    scale: Literal["prior", "latent"] = "prior",
    method: str | Sequence[str] = (),
    starts: int = 4,
    profile: str | Sequence[str] = (),
    chains: int = 4,
    draws: int = 1000,
    warmup: int = 1000,
    adapt_delta: float = 0.8,
    max_treedepth: int = 10,
    init: str | Path | Mapping[str, Any] = "random",
    metric: Literal["diag", "dense"] = "diag",
    save_warmup: bool = False,
    retry: bool | int = False,
    seed: int = 1,
    level: float = 0.95,
    jobs: int | None = None,
    threads: int = 1,
    timeout: float | None = None,
    output: str | Path | None = None,
    figures: str | Path | None = None,
    compiler: str | None = None,
    native: bool = False,
    toolchain: Literal["auto", "embedded", "cmdstan"] = "auto",
) -> Fit:
    """Fit a Stan program to data and return the fit; its run directory is written as by `workbench fit`.

    Parameters
    ----------
    model
        A Stan program, or the name of a bundled model.
    data
        A file with a table (CSV, TSV, Parquet, Arrow) or with Stan's data (JSON); a DataFrame; or a dict: of
        columns if all its values are equally long lists, else of Stan's data. A bundled model has its own.
    columns
        Columns of a Stan variable: `{"y": "sales", "X": ["age", "income"]}`.
    set_
        Values of Stan variables: `{"K": 3}`.
    reference
        By text column: the level without an indicator.
    missing
        Whether rows with a missing cell are refused or left out.
    standardize
        Whether predictors are put on one scale while fitting.
    prior, role, scale
        Values of hyperparameters, roles of statements, and what counts as prior.
    method
        `mle`, `map`, `laplace`, `pathfinder`, `nuts`, one or several; or `auto`, the cheapest that is
        accepted by its own diagnostic. Without a name, all but `pathfinder`.
    starts, profile
        Random starts of each optimisation; parameters whose profile-likelihood interval is wanted, `beta[2]`.
    chains, draws, warmup
        Chains of the sampler, and its kept and warm-up draws in each.
    adapt_delta, max_treedepth
        Target acceptance statistic; a trajectory has at most `2**max_treedepth` steps.
    init
        Where chains start: `random`, around what `map` or `pathfinder` finds, or at values of parameters: a
        dict, or a JSON file. What is not among them is random.
    metric, save_warmup
        `dense` for correlated parameters; whether warm-up draws are kept in `fit.nc`.
    retry
        Whether the sampler's own advice is acted on, up to twice or as often as a number says.
    seed, level, jobs, threads, timeout
        All seeds are derived from `seed`; probability of the intervals; processes at a time; threads in each
        chain; longest time for a chain [s].
    output, figures
        The run directory, `None` for one in `reports/`; a folder for the report's pictures as files.
    compiler, native, toolchain
        Which compiler; whether to compile for this very processor; Stan of workbench or your own.

    Raises
    ------
    WorkbenchError
        Any of the tree in `workbench.errors`.
    """
    from workbench.methods import Nuts
    from workbench.toolchain import Settings
    from workbench.workflow.from_python import call
    from workbench.workflow.methods import retries, starting

    word, inits = starting(init)
    return call(
        model,
        data,
        Nuts(chains, draws, warmup, adapt_delta, max_treedepth, metric, word, save_warmup, retries(retry)),
        Settings(compiler=compiler, source=toolchain, native=native),
        method=method,
        starts=starts,
        profile=profile,
        columns=columns or {},
        given=set_ or {},
        reference=reference or {},
        missing=missing,
        standardize=standardize,
        priors=prior or {},
        roles=role or {},
        scaled=("prior",) if scale == "prior" else ("prior", "latent"),
        seed=seed,
        level=level,
        jobs=jobs,
        threads=threads,
        timeout=timeout,
        inits=inits,
        output=None if output is None else Path(output),
        figures=None if figures is None else Path(figures),
    )


def load(run: str | Path) -> Fit:
    """Read a run directory back; a notebook shows the fit, and ArviZ takes its `data`.

    Parameters
    ----------
    run
        A folder that `workbench fit` or `workbench.fit` wrote.

    Raises
    ------
    StoreError
        There is no complete run in the folder.
    """
    from workbench.workflow.from_python import load_run

    return load_run(Path(run))


def sensitivity(
    fit: Fit | str | Path,
    data: str | Path | pd.DataFrame | Mapping[str, Any] | None = None,
    *,
    vary: Mapping[str, Sequence[float]] | Sequence[str] = (),
    design: Literal["grid", "one", "lhs"] = "grid",
    points: int = 25,
    prior_form: Mapping[str, str] | None = None,
    scenarios: str | Path | Mapping[str, Mapping[str, Any]] | None = None,
    decisions: Sequence[str] = (),
    methods: Sequence[str] = ("map", "laplace", "nuts"),
    parameters: Sequence[str] = (),
    above: float = 0.0,
    refit: Literal["needed", "all"] = "needed",
    prior_predictive: bool = True,
    jobs: int | None = None,
    output: str | Path | None = None,
) -> Study:
    """Study how far the conclusions of a fit depend on its priors; a study directory is written.

    Parameters
    ----------
    fit
        A fit from `workbench.fit` or `workbench.load`, or its run directory.
    data
        The data it was fitted to, where they were not in a file.
    vary
        Values by hyperparameter, `{"beta.sigma": [0.5, 1, 2]}`, or texts as `--vary` takes them.
    design, points
        How they are combined: `grid`, `one` at a time, or a Latin hypercube of so many points.
    prior_form
        Other forms of whole priors, by parameter: `{"beta": "student_t(3, 0, 2.5)"}`.
    scenarios
        Named settings: a TOML file, or a mapping `{"sceptical": {"beta.sigma": 0.5}}`.
    decisions
        Conclusions to watch: `["P(beta[1]>0)>0.95"]`.
    methods, parameters, above
        Methods to compare, quantities to report, and the constant c of P(theta > c).
    refit
        Full fits only where importance weights cannot be relied on, or everywhere.
    prior_predictive
        Whether each prior is also sampled alone.
    jobs, output
        Processes at a time; the study directory, by default `study` in that of the run.

    Returns
    -------
    A study whose `frame` is a tidy DataFrame, one row for each point, method and quantity:

    - `point`, `scenario`, a column for each hyperparameter or power that varies, `form`: where;
    - `method` (`nuts`, `map`, `laplace`, or `prior`: the prior alone), `how` (`base`, `refit`, `weights`,
      `mode` or `prior alone`), `status` (`ok`, `failed`, `not available`) and `reason`;
    - `parameter` and `label`: the quantity, and its name for people;
    - `mean` (of `map` the mode itself), `sd`, `median`, `lower`, `upper`, `mcse_mean`, `p_above`: the
      outcome; `map_minus_mean` and, in posterior SDs, `gap_in_sd`;
    - `khat`, `ess`, `source`, `rhat`, `divergences`: how far it can be relied on, and whose draws they are;
    - `lpd` and `elpd_loo` with `elpd_loo_se` [nats]: of the whole point, the same in all of its rows;
    - for each decision, whether it holds, and its margin; for predictions of `prior`, `below` and `beyond`:
      the shares outside the observed range.

    Raises
    ------
    WorkbenchError
        Any of the tree in `workbench.errors`.
    """
    from workbench.workflow.from_python import study

    return study(
        fit,
        data,
        vary=vary,
        forms=tuple((prior_form or {}).items()),
        scenarios=scenarios,
        design=design,
        points=points,
        decisions=tuple(decisions),
        methods=tuple(methods),
        parameters=tuple(parameters),
        above=above,
        refit=refit,
        with_prior=prior_predictive,
        jobs=jobs,
        output=None if output is None else Path(output),
    )
