"""The Python front door: the verbs of the command line under the same names, for programs and notebooks."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, ParamSpec, TypedDict, TypeVar, Unpack

import pandas as pd

from workbench import library, results, tables
from workbench.errors import MethodError, RequestError, RunIncomplete
from workbench.methods import Nuts
from workbench.process import count_usable_cores
from workbench.progress import Progress, choose_display
from workbench.results import frames, store
from workbench.results.quantities import draws_of
from workbench.tables import Table
from workbench.toolchain import ToolchainSettings, Toolchain, provision
from workbench.workflow.fit import fit_program
from workbench.workflow.method_settings import choose_methods, count_retries, read_init
from workbench.workflow.options import FitOptions
from workbench.workflow.publish import publish_run
from workbench.workflow.read_program import check_program_exists, read_program

if TYPE_CHECKING:
    import numpy as np
    import xarray as xr

    from workbench.program import Description, Program
    from workbench.results.view import DiagnosisResult
    from workbench.studies import Study
    from workbench.workflow.dry_run import DryRun

Data = str | Path | pd.DataFrame | Mapping[str, Any] | None
"""What holds a table: a file, a DataFrame, a dict of columns, or a dict of Stan's data."""

P = ParamSpec("P")
T = TypeVar("T")

NAMES_ELSEWHERE = {
    "chain_ids": "chains are numbered from 0",
    "cores": "jobs=4",
    "cpp_options": "compiler='clang++', native=True or threads=2",
    "inits": "init={'mu': 0.5}",
    "iter": "draws=1000 (kept draws of each chain) and warmup=1000",
    "iter_sampling": "draws=1000",
    "iter_warmup": "warmup=1000",
    "max_depth": "max_treedepth=10",
    "output_dir": "output='folder'",
    "parallel_chains": "jobs=4",
    "random_seed": "seed=1",
    "refresh": "progress=False",
    "show_console": "`console.log` in the run directory holds what Stan printed",
    "show_progress": "progress=False",
    "stan_file": "the program, as the first argument",
    "stanc_options": "stanc's own options are not passed on",
    "target_accept": "adapt_delta=0.9",
    "thin": "all draws are kept; fit.posterior.isel(draw=slice(None, None, 2)) takes every second",
    "threads_per_chain": "threads=2",
    "tune": "warmup=1000",
}
"""Options of CmdStanPy, PyMC and RStan, and what they are here."""


def explain_options(function: Callable[P, T]) -> Callable[P, T]:
    """Wrap a function so that an option it does not have is refused, with the name that it has here."""
    known = inspect.signature(function).parameters

    @functools.wraps(function)
    def wrapped(*args: P.args, **kwargs: P.kwargs) -> T:
        for name in kwargs:
            if name not in known:
                _refuse_option(name, function.__qualname__, known)
        return function(*args, **kwargs)

    return wrapped


def _refuse_option(name: str, function: str, known: Mapping[str, Any]) -> None:
    options = ", ".join(option for option in known if option not in ("self", "model", "data"))
    hint = NAMES_ELSEWHERE.get(name, f"the options are {options}")
    raise MethodError(f"`{name}` is not an option of `{function}`.", hint=hint)


class Model:
    """A Stan program, read once; what is compiled is kept, so that a second fit starts at once.

    Parameters
    ----------
    model
        A Stan program, or the name of a bundled model.
    role
        Roles of statements that the program does not settle: `{"line 12": "prior"}`.
    compiler, native, toolchain
        Which compiler; whether to compile for this very processor; Stan of workbench or your own.
    progress
        Whether progress is shown in terminals and notebooks.

    Raises
    ------
    WorkbenchError
        The program cannot be read, or there is no usable Stan.

    Examples
    --------
    >>> model = Model("eight_schools")  # doctest: +SKIP
    >>> fit = model.fit(prior={"tau_prior_scale": 10})  # doctest: +SKIP
    """

    @explain_options
    def __init__(
        self,
        model: str | Path,
        *,
        role: Mapping[str, str] | None = None,
        compiler: str | None = None,
        native: bool = False,
        toolchain: Literal["auto", "embedded", "cmdstan"] = "auto",
        progress: bool = True,
    ) -> None:
        path, self._own_table = library.resolve(model)
        check_program_exists(path)
        self._settings = ToolchainSettings(compiler=compiler, source=toolchain, native=native)
        self._tools: Toolchain = provision(self._settings, _display(progress))
        self._program: Program = read_program(path, role or {}, self._tools)

    @property
    def name(self) -> str:
        """The program's name."""
        return self._program.name

    @property
    def program(self) -> Program:
        """The program as it was read: declarations, terms and hyperparameters."""
        return self._program

    def __repr__(self) -> str:
        """Return the name and the path, never the program's text."""
        return f"<workbench.Model {self.name} ({self._program.path})>"

    def inspect(self) -> Description:
        """Return what the program needs, what each statement does, and what can be done with it."""
        from workbench.program import describe

        return describe(self._program)

    @explain_options
    def dry_run(
        self,
        data: Data = None,
        *,
        columns: Mapping[str, str | Sequence[str]] | None = None,
        set_: Mapping[str, Any] | None = None,
        reference: Mapping[str, str] | None = None,
        missing: Literal["refuse", "drop"] = "refuse",
        standardize: bool = False,
        prior: Mapping[str, float] | None = None,
    ) -> DryRun:
        """Return what each Stan variable would be, and every problem; nothing is compiled.

        Parameters
        ----------
        data, columns, set_, reference, missing, standardize, prior
            As in `fit`.

        Raises
        ------
        RequestError
            The table cannot be read or is missing, or a prior is unknown.
        """
        from workbench.workflow.dry_run import dry_run

        options = FitOptions(
            columns=_list_columns(columns),
            given=set_ or {},
            priors=prior or {},
            reference=reference or {},
            missing=missing,
            standardize=standardize,
        )
        return dry_run(self._program, self._table(data), options)

    @explain_options
    def fit(
        self,
        data: Data = None,
        *,
        columns: Mapping[str, str | Sequence[str]] | None = None,
        set_: Mapping[str, Any] | None = None,
        reference: Mapping[str, str] | None = None,
        missing: Literal["refuse", "drop"] = "refuse",
        standardize: bool = False,
        prior: Mapping[str, float] | None = None,
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
        output: str | Path | Literal[False] | None = None,
        figures: str | Path | None = None,
        progress: bool = True,
    ) -> Fit:
        """Fit the program to data and return the fit; a run directory is written as by `workbench fit`.

        Parameters
        ----------
        data
            A file with a table (CSV, TSV, Parquet, Arrow) or with Stan's data (JSON); a DataFrame; or a dict:
            of columns if all its values are equally long lists, else of Stan's data. A bundled model has its
            own.
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
        prior, scale
            Values of hyperparameters; whether latent terms count as prior too.
        method
            `mle`, `map`, `laplace`, `pathfinder`, `nuts`, one or several; or `auto`, the cheapest that its
            own diagnostic accepts. Without a name, all but `pathfinder`.
        starts, profile
            Random starts of each optimisation; parameters whose profile-likelihood interval is wanted, such
            as `beta[2]`.
        chains, draws, warmup
            Chains of the sampler, and the kept and warm-up draws of each.
        adapt_delta, max_treedepth
            Target acceptance statistic; a trajectory has at most `2**max_treedepth` steps.
        init
            Where chains start: `random`, around what `map` or `pathfinder` finds, or at values of parameters:
            a dict, or a JSON file. What is not among them is random.
        metric, save_warmup
            `dense` for correlated parameters; whether warm-up draws are kept in `fit.nc`.
        retry
            Whether the advice of the sampler's diagnostics is followed, up to twice or as often as a number
            says.
        seed, level, jobs, threads, timeout
            All seeds are derived from `seed`; probability of the intervals; processes at a time, by default
            one for each processor this process may use; threads in each chain; longest time of a chain [s].
        output, figures
            The run directory: `None` for one in `reports/`, `False` for none; a folder for the report's
            pictures as files.
        progress
            Whether progress is shown in terminals and notebooks.

        Raises
        ------
        WorkbenchError
            Any of the tree in `workbench.errors`.
        """
        word, inits = read_init(init)
        sampler = Nuts(
            chains, draws, warmup, adapt_delta, max_treedepth, metric, word, save_warmup, count_retries(retry)
        )
        options = FitOptions(
            columns=_list_columns(columns),
            given=set_ or {},
            priors=prior or {},
            reference=reference or {},
            missing=missing,
            standardize=standardize,
            scaled=("prior",) if scale == "prior" else ("prior", "latent"),
            methods=choose_methods(_list_names(method), sampler, starts=starts, profile=_list_names(profile)),
            seed=seed,
            level=level,
            jobs=jobs or count_usable_cores(),
            threads=threads,
            timeout=timeout,
            inits=inits,
            output=Path(output) if output else None,
            is_kept=output is not False,
            figures=_as_path(figures),
            toolchain=self._settings,
            command="workbench.fit(...)",
        )
        return as_fit(fit_program(self._program, self._tools, self._table(data), options, _display(progress)))

    def _table(self, data: Data) -> Table:
        """Return the data as a table: those given, else the bundled model's own, else none."""
        if data is not None:
            return as_table(data)
        return tables.NO_DATA if self._own_table is None else tables.read(self._own_table)


class FitKeywords(TypedDict, total=False):
    """The options of `Model.fit`, for type checkers."""

    columns: Mapping[str, str | Sequence[str]] | None
    set_: Mapping[str, Any] | None
    reference: Mapping[str, str] | None
    missing: Literal["refuse", "drop"]
    standardize: bool
    prior: Mapping[str, float] | None
    scale: Literal["prior", "latent"]
    method: str | Sequence[str]
    starts: int
    profile: str | Sequence[str]
    chains: int
    draws: int
    warmup: int
    adapt_delta: float
    max_treedepth: int
    init: str | Path | Mapping[str, Any]
    metric: Literal["diag", "dense"]
    save_warmup: bool
    retry: bool | int
    seed: int
    level: float
    jobs: int | None
    threads: int
    timeout: float | None
    output: str | Path | Literal[False] | None
    figures: str | Path | None
    progress: bool


@dataclass(frozen=True, repr=False)
class Fit(results.Fit):
    """A finished fit, and what one asks of it.

    Estimates are tables indexed by the names for people (`beta[mom_iq]`); `draws` takes Stan's names too.
    A fit shows itself in a notebook.

    Attributes
    ----------
    record
        The content of `run.json`; `results` is the same with types.
    tree
        The content of `fit.nc`, a DataTree whatever ArviZ is installed.
    console
        What Stan printed, by method.
    folder
        The run directory; `None` where none was written.
    """

    def __repr__(self) -> str:
        """Return a few words: model, data, posterior, verdict and folder."""
        found = self.results
        rows = f" ({found.data.rows} rows)" if found.data.rows else ""
        posterior = f"NUTS {found.nuts.chains} x {found.nuts.draws} draws" if found.nuts.is_ok else "no NUTS"
        verdict = "not checked" if found.diagnosis is None else f"verdict {found.diagnosis.verdict}"
        place = "" if self.folder is None else f"; {self.folder}"
        data = Path(found.data.path).name
        return f"<workbench.Fit {found.model.name} on {data}{rows}: {posterior}; {verdict}{place}>"

    def _repr_html_(self) -> str:
        """Return the verdict and the estimates for a notebook."""
        from workbench.report.notebook import summary_html

        return summary_html(self, self.folder)

    @property
    def posterior(self) -> xr.Dataset:
        """The posterior draws, `(chain, draw, ...)` each.

        Raises
        ------
        RunIncomplete
            NUTS was not run, or failed.
        """
        if "posterior" not in self.tree.children:
            reason = self.results.nuts.reason
            raise RunIncomplete(f"the fit has no posterior draws: {reason}", hint="fit it with NUTS")
        return self.tree["posterior"].to_dataset()

    @property
    def data(self) -> Any:
        """Every group of draws, in the form that the installed ArviZ takes.

        That is an `xarray.DataTree` from ArviZ 1 on, and an `arviz.InferenceData` before.
        """
        return self.to_inference_data()

    def to_inference_data(self) -> Any:
        """Return the draws as `arviz.InferenceData` where ArviZ is older than 1, else as a DataTree."""
        if int(metadata.version("arviz").partition(".")[0]) >= 1:
            return self.tree
        import arviz

        known = ("posterior", "posterior_predictive", "log_likelihood", "sample_stats", "observed_data")
        groups = {name: self.tree[name].to_dataset() for name in known if name in self.tree.children}
        if "constant_data" in self.tree.children:
            groups["constant_data"] = self.tree["constant_data"].to_dataset()
        return arviz.InferenceData(**groups)

    def summary(self, variables: Sequence[str] | None = None, **options: Any) -> pd.DataFrame:
        """Return ArviZ's summary of the posterior: mean, SD, interval, ESS, R-hat and MCSE, not rounded.

        Parameters
        ----------
        variables
            Which variables; by default parameters and transformed parameters, then generated quantities.
        options
            Further options of `arviz_stats.summary`; without them, intervals are central ones of the fit's
            level.

        Raises
        ------
        RunIncomplete
            There are no posterior draws.
        """
        import arviz_stats
        from arviz_base import convert_to_datatree

        level = self.results.interval.level
        usual = {"ci_prob": level, "ci_kind": "eti", "round_to": "none"}
        posterior = self.posterior
        chosen = posterior if variables is None else posterior[list(variables)]
        frame: pd.DataFrame = arviz_stats.summary(convert_to_datatree(chosen), **(usual | options))
        return frame

    def estimates(self, method: str = "nuts") -> pd.DataFrame:
        """Return the estimates of one method with Stan's name in `parameter` and a column for each number.

        Parameters
        ----------
        method
            `mle`, `map`, `map_unconstrained`, `laplace`, `pathfinder`, `nuts`, or `exact` for the conjugate
            models.

        Raises
        ------
        MethodError
            There is no such method.
        RunIncomplete
            The fit has no estimates by it; the message says why.
        """
        return frames.estimates_frame(self.results, method)

    @property
    def params(self) -> pd.Series[float]:
        """The maximum-likelihood estimates, as statsmodels names them."""
        return frames.mle_column(self.results, "value")

    @property
    def bse(self) -> pd.Series[float]:
        """The standard errors of the maximum-likelihood estimates, from the curvature of the likelihood."""
        return frames.mle_column(self.results, "se")

    def conf_int(self, alpha: float | None = None) -> pd.DataFrame:
        """Return Wald intervals of the maximum-likelihood estimates: lower ends in column 0, upper in 1.

        Parameters
        ----------
        alpha
            One minus the probability of the intervals; by default that of the fit.
        """
        return frames.confidence_intervals(self.results, alpha)

    def draws(self, name: str) -> np.ndarray:
        """Return the posterior draws of a variable, `(chain, draw, ...)`, or of an element, `(chain, draw)`.

        Parameters
        ----------
        name
            A variable, `beta`; an element by Stan's index from 1, `beta[2]`; or by its label, `beta[mom_iq]`.

        Raises
        ------
        RequestError
            The posterior has no such quantity.
        """
        posterior = self.posterior
        if name in posterior:
            values: np.ndarray = posterior[name].transpose("chain", "draw", ...).to_numpy()
            return values
        by_label = {label: quantity for quantity, label in self.results.labels.items()}
        element = draws_of(self.tree, "posterior", by_label.get(name, name))
        if element is None:
            listed = ", ".join(f"`{variable}`" for variable in posterior)
            raise RequestError(f"`{name}` is not a quantity of this posterior.", hint=f"it has {listed}")
        return element

    def draws_frame(self, variables: str | Sequence[str] = ()) -> pd.DataFrame:
        """Return posterior draws, a row for each draw and a column for each element by Stan's name.

        Parameters
        ----------
        variables
            Which variables; all of them by default.
        """
        return frames.draws_frame(self.posterior, _list_names(variables))

    @property
    def diagnosis(self) -> DiagnosisResult:
        """The verdict, its reasons and every check, as they were when the fit was made."""
        if self.results.diagnosis is None:
            raise RunIncomplete("the fit was not checked.", hint="`fit.check()` checks it now")
        return self.results.diagnosis

    @property
    def gaps(self) -> pd.DataFrame:
        """How far the modes lie from the posterior mean, and the steps that add up to it."""
        return frames.gaps_frame(self.results)

    def check(self) -> DiagnosisResult:
        """Check the fit again, by the checks of the installed workbench; its files stay as they are."""
        return check(self)

    def predict(self, new: Data, *, progress: bool = True) -> pd.DataFrame:
        """Predict the outcomes of new rows; see `workbench.predict`."""
        return predict(self, new, progress=progress)

    def report(self, output: str | Path | None = None, *, figures: str | Path | None = None) -> Path:
        """Write the report as one HTML file, and return its path.

        Parameters
        ----------
        output
            The file; by default `report.html` in the run directory.
        figures
            A folder for the report's pictures as files.

        Raises
        ------
        RequestError
            The fit has no run directory, and no file is named.
        StoreError
            The file cannot be written.
        """
        from workbench.workflow.report import write_report

        target = None if self.folder is None else self.folder / store.REPORT
        target = target if output is None else Path(output)
        if target is None:
            hint = "name a file, `fit.report('report.html')`, or save the fit first"
            raise RequestError("the fit has no run directory for its report.", hint=hint)
        return write_report(self, target, _as_path(figures))

    def save(self, folder: str | Path) -> Fit:
        """Write the run directory, and return the fit that knows it.

        Raises
        ------
        StoreError
            The folder is taken by something that is not a run, or cannot be written.
        """
        return as_fit(publish_run(self, Path(folder)))


def as_fit(fitted: results.Fit, folder: Path | None = None) -> Fit:
    """Return a fit with the verbs of the front door."""
    known = {field.name: getattr(fitted, field.name) for field in fields(results.Fit)}
    return Fit(**(known | ({} if folder is None else {"folder": folder})))


def fit(
    model: str | Path,
    data: Data = None,
    *,
    role: Mapping[str, str] | None = None,
    compiler: str | None = None,
    native: bool = False,
    toolchain: Literal["auto", "embedded", "cmdstan"] = "auto",
    **options: Unpack[FitKeywords],
) -> Fit:
    """Fit a Stan program to data: `Model(model).fit(data)` in one call.

    Parameters
    ----------
    model
        A Stan program, or the name of a bundled model.
    data
        As in `Model.fit`, which explains every further option.
    role, compiler, native, toolchain
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
            _refuse_option(name, "fit", inspect.signature(fit).parameters)
    shown = bool(options.get("progress", True))
    read = Model(model, role=role, compiler=compiler, native=native, toolchain=toolchain, progress=shown)
    return read.fit(data, **options)


def _signature_with_options() -> inspect.Signature:
    """Return the signature of `fit` with the options of `Model.fit` spelled out, for `help` and editors."""
    own = [one for one in inspect.signature(fit).parameters.values() if one.kind is not one.VAR_KEYWORD]
    more = [one for one in inspect.signature(Model.fit).parameters.values() if one.kind is one.KEYWORD_ONLY]
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
    return as_fit(store.read_whole(Path(run)))


@explain_options
def predict(fit: results.Fit | str | Path, data: Data, *, progress: bool = True) -> pd.DataFrame:
    """Predict the outcomes of new rows by the rules that the fit keeps.

    Parameters
    ----------
    fit
        A fit, or its run directory.
    data
        New rows, with the columns the fit was made with; those of outcomes may be missing.
    progress
        Whether progress is shown in terminals and notebooks.

    Returns
    -------
    A row for each new row and outcome: `row`, `label`, `prediction`, `mean`, `sd`, `median`, `lower`,
    `upper`.

    Raises
    ------
    WorkbenchError
        A level is unknown, a column is missing, or rows depend on each other.
    """
    from workbench.workflow.predict import predict as predict_rows

    return predict_rows(_as_result(fit), as_table(data), progress=_display(progress))


@explain_options
def check(fit: results.Fit | str | Path) -> DiagnosisResult:
    """Check a fit again, by the checks of the installed workbench; its files stay as they are.

    Parameters
    ----------
    fit
        A fit, or its run directory.
    """
    from workbench.diagnostics import diagnose

    return diagnose(_as_result(fit)).result


@explain_options
def compare(
    *fits: results.Fit | str | Path, output: str | Path | None = None, figures: str | Path | None = None
) -> Path:
    """Write the reports of several fits side by side as one HTML file, and return its path.

    Parameters
    ----------
    fits
        Fits or run directories; the others are compared with the first.
    output
        The file; by default `reports/comparison-<hash>.html`.
    figures
        A folder for the pictures as files.

    Raises
    ------
    WorkbenchError
        A run cannot be read, there are too few or too many, or the file cannot be written.
    """
    from workbench.workflow.report import name_runs, write_comparison

    known = [_as_result(fit) for fit in fits]
    names = name_runs([fit.folder or Path(fit.results.model.name) for fit in known])
    return write_comparison(dict(zip(names, known, strict=True)), _as_path(output), _as_path(figures))


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
    design, points
        How they are combined: `grid`, `one` at a time, or a Latin hypercube of so many points.
    prior_form
        Other forms of whole priors, by parameter: `{"beta": "student_t(3, 0, 2.5)"}`.
    scenarios
        Named settings: a TOML file, or a mapping `{"sceptical": {"beta.sigma": 0.5}}`.
    decision
        Conclusions to watch: `["P(beta[1]>0)>0.95"]`.
    method, parameters, above
        Methods to compare, quantities to report, and the constant c of P(theta > c).
    refit
        Full fits only where importance weights cannot be relied on, or everywhere.
    prior_predictive
        Whether each prior is also sampled alone.
    jobs, output
        Processes at a time; the study directory, by default `study` in that of the run.
    progress
        Whether progress is shown in terminals and notebooks.

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
    from workbench.studies import make_axis, parse_axis
    from workbench.studies.plan.scenarios import read_scenarios, parse_scenarios
    from workbench.workflow.sensitivity import study_fit
    from workbench.workflow.study_options import StudyOptions

    fitted = _as_result(fit)
    if isinstance(scenarios, Mapping):
        named = parse_scenarios(scenarios, "scenarios")
    else:
        named = () if scenarios is None else read_scenarios(Path(scenarios))
    folder = None if fitted.folder is None else fitted.folder / "study"
    options = StudyOptions(
        axes=tuple(make_axis(name, values) for name, values in vary.items())
        if isinstance(vary, Mapping)
        else tuple(parse_axis(text) for text in vary),
        design=design,
        points=points,
        forms=tuple((prior_form or {}).items()),
        scenarios=named,
        methods=_list_names(method),
        decisions=_list_names(decision),
        above=above,
        refit=refit,
        parameters=tuple(parameters),
        with_prior=prior_predictive,
        jobs=jobs or count_usable_cores(),
        output=folder if output is None else Path(output),
    )
    return study_fit(
        fitted, options, table=None if data is None else as_table(data), progress=_display(progress)
    )


def as_table(data: Data) -> Table:
    """Return data as a table, whatever holds them.

    Raises
    ------
    RequestError
        They are of no kind that holds a table.
    """
    if isinstance(data, (str, Path)):
        return tables.read(Path(data))
    if isinstance(data, pd.DataFrame):
        return tables.from_frame(data)
    if isinstance(data, Mapping):
        return tables.from_mapping(data)
    raise RequestError(
        f"data were expected as a path, a DataFrame or a dict, found {type(data).__name__}.",
        hint="pandas.DataFrame(...) takes most things that look like a table",
    )


def _as_result(fit: results.Fit | str | Path) -> results.Fit:
    return store.read_whole(Path(fit)) if isinstance(fit, (str, Path)) else fit


def _as_path(path: str | Path | None) -> Path | None:
    return None if path is None else Path(path)


def _list_names(names: str | Sequence[str]) -> tuple[str, ...]:
    return (names,) if isinstance(names, str) else tuple(names)


def _list_columns(columns: Mapping[str, str | Sequence[str]] | None) -> dict[str, tuple[str, ...]]:
    return {name: _list_names(named) for name, named in (columns or {}).items()}


def _display(is_shown: bool) -> Progress:
    return choose_display(is_quiet=not is_shown)
