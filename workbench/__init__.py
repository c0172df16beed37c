"""workbench: point estimates, full posteriors, and an honest account of both."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    import pandas as pd

    from workbench.estimation import Fit

__all__ = ["fit", "load"]


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
    seed: int = 1,
    level: float = 0.95,
    jobs: int | None = None,
    threads: int = 1,
    timeout: float | None = None,
    output: str | Path | None = None,
    **settings: Any,
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
    seed, level, jobs, threads, timeout
        All seeds are derived from `seed`; probability of the intervals; processes at a time; threads in each
        chain; longest time for a chain [s].
    output
        The run directory; `None` for one in `reports/`.
    settings
        Of the sampler, by the names of the command line (`chains`, `draws`, `warmup`, `adapt_delta` ...), and
        of Stan (`compiler`, `native`, `toolchain`).

    Raises
    ------
    WorkbenchError
        Any of the tree in `workbench.errors`.
    """
    from workbench.pipeline.calling import call

    return call(
        model,
        data,
        settings,
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
        output=None if output is None else Path(output),
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
    from workbench.pipeline.calling import load_run

    return load_run(Path(run))
