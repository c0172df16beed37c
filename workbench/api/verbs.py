"""The verbs of the command line, for Python."""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Unpack

from workbench import results
from workbench.api.arguments import (
    Data,
    as_path,
    as_table,
    explain_options,
    list_names,
    refuse_option,
    show_progress,
)
from workbench.api.finished_fit import Fit, as_fit, as_result
from workbench.api.model import FitKeywords, Model
from workbench.api.predicting import NewGroups, PredictingMethod, predict_new, score_new
from workbench.errors import RequestError
from workbench.process import count_usable_cores
from workbench.results import run_directory
from workbench.results.store import STUDY

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr

    from workbench.comparison.weights import WeightKind
    from workbench.execution import Executor
    from workbench.results.view import DiagnosisResult
    from workbench.studies import Axis, Study
    from workbench.workflow.comparison import Comparison
    from workbench.workflow.score import Scores


def fit(
    model: str | Path,
    data: Data = None,
    *,
    role: Mapping[str, str] | None = None,
    compiler: str | None = None,
    native: bool = False,
    toolchain: Literal["auto", "embedded", "cmdstan"] = "auto",
    optimise: bool = True,
    **options: Unpack[FitKeywords],
) -> Fit:
    """Fit a Stan program to data: `Model(model).fit(data)` in one call.

    Parameters
    ----------
    model
        A Stan program, or the name of a bundled model.
    data
        As in `Model.fit`, which explains every further option.
    role, compiler, native, toolchain, optimise
        As in `Model`.
    options
        The options of `Model.fit`.

    Raises
    ------
    WorkbenchError
        Any of the tree in `workbench.errors`.
    """
    for name in options:
        if name not in FitKeywords.__annotations__:
            refuse_option(name, "fit", inspect.signature(fit).parameters)
    shown = bool(options.get("progress", True))
    read = Model(
        model,
        role=role,
        compiler=compiler,
        native=native,
        toolchain=toolchain,
        optimise=optimise,
        progress=shown,
    )
    return read.fit(data, **options)


def _signature_with_options() -> inspect.Signature:
    """Return the signature of `fit` with the options of `Model.fit` spelled out, for `help` and editors."""
    own = [
        parameter
        for parameter in inspect.signature(fit).parameters.values()
        if parameter.kind is not parameter.VAR_KEYWORD
    ]
    more = [
        parameter
        for parameter in inspect.signature(Model.fit).parameters.values()
        if parameter.kind is parameter.KEYWORD_ONLY
    ]
    return inspect.Signature([*own, *more], return_annotation="Fit")


fit.__signature__ = _signature_with_options()  # type: ignore[attr-defined]


@explain_options
def load(run: str | Path) -> Fit:
    """Read a run directory back.

    Parameters
    ----------
    run
        A folder that `workbench fit` or `workbench.fit` wrote.

    Raises
    ------
    StoreError
        There is no complete run in the folder.
    """
    return as_fit(run_directory.read_whole(Path(run)))


@explain_options
def runs(folder: str | Path = "reports") -> pd.DataFrame:
    """List the runs and studies of a folder, the newest first: a row for each.

    Parameters
    ----------
    folder
        A folder of runs, or a run or a study itself.

    Returns
    -------
    A frame with the columns `folder`, for `load`, `kind` (`run` or `study`), `model`, `data`, `rows`,
    `verdict`, `created` (UTC), `rhat_max`, `report`, `updated_from` (the run that it updates),
    `is_of_earlier_run` (whether it is a study whose run has been replaced since), and `reason`: why something
    in the folder is neither.

    Raises
    ------
    RequestError
        There is no such folder.
    """
    from workbench.workflow.run_list import tabulate_runs

    return tabulate_runs(Path(folder))


@explain_options
def predict(
    fit: results.Fit | str | Path,
    data: Data | None = None,
    *,
    horizon: int | None = None,
    quantity: str | Sequence[str] = (),
    draws: bool = False,
    method: PredictingMethod | None = None,
    new_groups: NewGroups = "refuse",
    progress: bool = True,
) -> pd.DataFrame | xr.Dataset:
    """Predict new rows: `Fit.predict`, which explains the options, of a fit or of a run directory."""
    return predict_new(
        as_result(fit),
        data,
        horizon=horizon,
        quantity=quantity,
        draws=draws,
        method=method,
        new_groups=new_groups,
        progress=progress,
    )


@explain_options
def score(
    fit: results.Fit | str | Path,
    data: Data,
    *,
    threshold: float = 0.5,
    new_groups: NewGroups = "refuse",
    horizon: int | None = None,
    one_step: bool = False,
    progress: bool = True,
) -> Scores:
    """Score a fit on rows whose outcome is known: `Fit.score`, which explains the options."""
    return score_new(
        as_result(fit),
        data,
        threshold=threshold,
        new_groups=new_groups,
        horizon=horizon,
        one_step=one_step,
        progress=progress,
    )


@explain_options
def check(fit: results.Fit | str | Path) -> DiagnosisResult:
    """Check a fit or a run directory again: `Fit.check`."""
    return as_fit(as_result(fit)).check()


@explain_options
def compare(
    *fits: results.Fit | str | Path | Sequence[results.Fit | str | Path],
    evidence: bool = False,
    weights: WeightKind = "stacking",
    vary: str | Mapping[str, Sequence[float]] = "",
    repair: bool = False,
    kfold: int = 0,
    by: str = "",
    leave_out_groups: str = "",
    leave_future_out: int = 0,
    ahead: int = 1,
    bic_count: int | None = None,
    seed: int = 1,
    jobs: int | None = None,
    executor: Executor | None = None,
    folder: str | Path | None = None,
    output: str | Path | None = None,
    figures: str | Path | None = None,
    progress: bool = True,
) -> Comparison:
    """Compare fits of the same data: leave-one-out and weights, and with evidence Bayes factors.

    Parameters
    ----------
    fits
        Fits or run directories, one by one or in a list; on the page the others are compared with the first.
    evidence
        Whether log evidences are computed, by bridge sampling where they are not known in closed form.
    weights
        How their predictions would be averaged: `"stacking"`, `"pseudo-bma"` or `"evidence"`.
    vary
        A hyperparameter along which evidences are computed too, and its values: `{"beta.sigma": [1, 10]}` or
        `"beta.sigma=0.1:10:log:9"`.
    repair
        Whether rows with a large k-hat are left out in other ways: an effect of their own integrated out,
        draws moved by moment matching, a fit without the row.
    kfold
        Fit without each of so many folds, instead of leave-one-out.
    by
        With `kfold`: keep the rows of each group of a column in one fold.
    leave_out_groups
        Fit without each group of a column, and predict its rows together.
    leave_future_out
        Fit so many rows first, and predict those after them in turn.
    ahead
        With `leave_future_out`: how many rows are predicted at a time.
    bic_count
        The sample size of AICc and BIC; by default the rows of the likelihood.
    seed
        That of the division into folds.
    jobs
        Processes at a time.
    executor
        Who runs the fits; by default this machine.
    folder
        Where page, `comparison.json` and finished fits are kept; in `reports/` where programs are fitted
        again.
    output
        The HTML file of a page that puts them side by side; none by default.
    figures
        A folder for that page's pictures as files.
    progress
        Whether progress is shown in terminals and notebooks.

    Returns
    -------
    A comparison whose `frame` has a row for each fit, the best first: `elpd`, `se`, `p`, `difference` and
    `difference_se` [nats], `p_worse`, `weight`, `bad_units` (with a large k-hat), and with evidence
    `log_evidence`, `log_evidence_se` [nats], `method`, `log_bayes_factor` against the best with its standard
    error, `probability` if all were as probable before the data, and `reason` where there is none. Its
    `sentences` say the same in words, `to_dict` returns all as JSON has it, and `write` writes the page.

    Raises
    ------
    WorkbenchError
        A run cannot be read, there are too few or too many, or a file cannot be written.
    """
    if figures is not None and output is None:
        hint = "output=FILE writes the page they are of"
        raise RequestError("`figures` was given without `output`.", hint=hint)
    from workbench.comparison.folds import Folds
    from workbench.toolchain import ToolchainSettings
    from workbench.workflow.compare import ComparisonOptions, compare_in_folder
    from workbench.workflow.report import name_runs

    listed = [one for each in fits for one in (each if isinstance(each, list | tuple) else (each,))]
    known = [as_result(fit) for fit in listed]
    names = name_runs([fit.folder or Path(fit.results.model.name) for fit in known])
    is_divided = bool(kfold or by or leave_out_groups or leave_future_out or ahead != 1)
    how = ComparisonOptions(
        with_evidence=evidence,
        weights=weights,
        vary=_make_axis(vary),
        repair=repair,
        folds=Folds(kfold, by, leave_out_groups, leave_future_out, ahead, seed) if is_divided else None,
        observations=bic_count,
        settings=ToolchainSettings(),
        jobs=jobs or count_usable_cores(),
        executor=executor,
    )
    fits_by_name = dict(zip(names, known, strict=True))
    comparison, _ = compare_in_folder(fits_by_name, how, as_path(folder), show_progress(progress))
    place, pictures = as_path(output), as_path(figures)
    if place is not None:
        comparison.write(place, pictures)
    return comparison


def _make_axis(vary: str | Mapping[str, Sequence[float]]) -> Axis | None:
    """Return the hyperparameter along which evidences are computed; `None` without one.

    Raises
    ------
    RequestError
        There are several.
    """
    from workbench.studies import make_axis, parse_axis

    if not vary:
        return None
    if isinstance(vary, str):
        return parse_axis(vary)
    if len(vary) > 1:
        raise RequestError(f"`vary` was expected to name one hyperparameter, found {len(vary)}.")
    ((name, values),) = vary.items()
    return make_axis(name, values)


@explain_options
def sensitivity(
    fit: results.Fit | str | Path,
    data: Data = None,
    *,
    vary: Mapping[str, Sequence[float]] | Sequence[str] = (),
    design: Literal["grid", "one", "lhs"] = "grid",
    points: int = 25,
    prior_form: Mapping[str, str] | None = None,
    scenarios: str | Path | Mapping[str, Mapping[str, Any]] | None = None,
    decision: str | Sequence[str] = (),
    method: str | Sequence[str] = ("map", "laplace", "nuts"),
    parameters: Sequence[str] = (),
    above: float = 0.0,
    refit: Literal["needed", "all"] = "needed",
    prior_predictive: bool = True,
    jobs: int | None = None,
    executor: str | Executor | Any = None,
    output: str | Path | None = None,
    progress: bool = True,
) -> Study:
    """Study how far the conclusions of a fit depend on its priors; a study directory is written.

    Parameters
    ----------
    fit
        A fit, or its run directory.
    data
        The data it was fitted to, where they were not in a file.
    vary
        Values by hyperparameter, `{"beta.sigma": [0.5, 1, 2]}`, or texts as `--vary` takes them.
    design
        How they are combined: `grid`, `one` at a time, or a Latin hypercube (`lhs`).
    points
        Points of a Latin hypercube.
    prior_form
        Other forms of whole priors, by parameter: `{"beta": "student_t(3, 0, 2.5)"}`.
    scenarios
        Named settings: a TOML file, or a mapping `{"sceptical": {"beta.sigma": 0.5}}`.
    decision
        Conclusions to watch: `["P(beta[1]>0)>0.95"]`.
    method
        Methods to compare.
    parameters
        Quantities to report.
    above
        The constant c of P(theta > c).
    refit
        Full fits only where importance weights cannot be relied on, or everywhere.
    prior_predictive
        Whether each prior is also sampled alone.
    jobs
        Processes at a time.
    output
        The study directory; by default `study` in that of the run.
    executor
        Where fits run, which changes no number: text as for `--scheduler` (`"local:4"`,
        `"tcp://127.0.0.1:8786"`, `"cluster.toml"`), or a `distributed.Client`. By default on this machine.
    progress
        Whether progress is shown in terminals and notebooks.

    Returns
    -------
    A study whose `frame` is a tidy DataFrame, one row for each point, method and quantity:

    - `point`, `scenario`, a column for each hyperparameter or power that varies, `form`: where;
    - `method` (`nuts`, `map`, `laplace`, or `prior`: the prior alone), `how` (`base`, `refit`, `weights`,
      `mode` or `prior alone`), `status` (`ok`, `failed`, `not available`) and `reason`;
    - `parameter` and `label`: the quantity, and its name for people;
    - `mean` (of `map` the mode itself), `sd`, `median`, `lower`, `upper`, `p_above`: the outcome; `mcse_mean`
      and `mcse_move`: the Monte Carlo standard errors of the mean and of its distance from the base fit's;
      `map_minus_mean` and, in posterior SDs, `gap_in_sd`;
    - `khat`, `ess`, `source`, `rhat`, `divergences`: how far it can be relied on, and whose draws they are;
    - `lpd` and `elpd_loo` with `elpd_loo_se` [nats]: of the whole point, the same in all of its rows;
    - for each decision, whether it holds by the sign of its margin, that margin, and its Monte Carlo standard
      error: within two of them the sign cannot be told;
    - for predictions of `prior`, `below` and `beyond`: the shares outside the observed range; for yes/no
      outcomes `share`, `share_lower`, `share_upper`: the share of yes in a replicated data set, and
      `share_observed`: that in the data.

    Raises
    ------
    WorkbenchError
        Any of the tree in `workbench.errors`.
    """
    from workbench.execution.scheduler import as_executor
    from workbench.studies import make_axis, parse_axis
    from workbench.studies.plan.scenarios import parse_scenarios, read_scenarios
    from workbench.workflow.sensitivity import study_fit
    from workbench.workflow.study_options import StudyOptions

    fitted = as_result(fit)
    if isinstance(scenarios, Mapping):
        named = parse_scenarios(scenarios, "scenarios")
    else:
        named = () if scenarios is None else read_scenarios(Path(scenarios))
    if fitted.folder is not None and output is None:
        run_directory.refuse_registered(fitted.folder)
    folder = None if fitted.folder is None else fitted.folder / STUDY
    options = StudyOptions(
        axes=tuple(make_axis(name, values) for name, values in vary.items())
        if isinstance(vary, Mapping)
        else tuple(parse_axis(text) for text in vary),
        design=design,
        points=points,
        forms=tuple((prior_form or {}).items()),
        scenarios=named,
        methods=list_names(method),
        decisions=list_names(decision),
        above=above,
        refit=refit,
        parameters=tuple(parameters),
        with_prior=prior_predictive,
        jobs=jobs or count_usable_cores(),
        output=folder if output is None else Path(output),
    )
    table = None if data is None else as_table(data)
    shown = show_progress(progress)
    with as_executor(executor, options.jobs, shown) as opened:
        options = replace(options, executor=opened)
        return study_fit(fitted, options, table=table, progress=shown)
