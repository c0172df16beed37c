"""A Stan program, read once and compiled once."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, Literal, TypedDict, TypeVar, Unpack

from workbench import library, tables
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
from workbench.api.finished_fit import Fit, as_fit
from workbench.methods import Nuts
from workbench.priors.priors_file import read_priors
from workbench.process import count_usable_cores
from workbench.report.document import Document
from workbench.report.terminal import to_text
from workbench.tables import Table
from workbench.toolchain import Toolchain, ToolchainSettings, provision
from workbench.workflow.fit import fit_program
from workbench.workflow.inputs import check_program_exists
from workbench.workflow.method_settings import choose_methods, count_retries, read_init
from workbench.workflow.options import FitOptions
from workbench.workflow.read_program import read_program
from workbench.workflow.track_fit import track_fit

if TYPE_CHECKING:
    from workbench.api.calibrating import CalibrateKeywords
    from workbench.calibration.folder import Calibration
    from workbench.program import Description, Program
    from workbench.workflow.dry_run import DryRun
    from workbench.workflow.prior import PriorFindings

R = TypeVar("R")


@dataclass(frozen=True, repr=False)
class Page(Generic[R]):
    """A result, and the page that shows it in a terminal or a notebook.

    Attributes
    ----------
    result
        The result itself.
    document
        The page, as the command line prints it.
    """

    result: R
    document: Document

    def __repr__(self) -> str:
        """Return the page as text."""
        return to_text(self.document)

    def _repr_html_(self) -> str:
        """Return the page for a notebook."""
        return f"<pre>{escape(to_text(self.document))}</pre>"


class Model:
    """A Stan program, read once; what is compiled is kept, so that a second fit starts at once.

    Parameters
    ----------
    model
        A Stan program, or the name of a bundled model.
    role
        Roles of statements that the program does not settle: `{"line 12": "prior"}`.
    compiler
        Which compiler: `"clang++"`, `"g++"`, `"zig"`, or a path; by default the first found.
    native
        Whether to compile for this very processor.
    toolchain
        Where Stan comes from: the package index (`"embedded"`), your own CmdStan (`"cmdstan"`), or `"auto"`.
    optimise
        Whether the program's loops are sampled as vectorised statements, where that is possible.
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
        optimise: bool = True,
        progress: bool = True,
    ) -> None:
        path, self._own_table = library.resolve(model)
        check_program_exists(path)
        self._settings = ToolchainSettings(compiler=compiler, source=toolchain, native=native)
        self._tools: Toolchain = provision(self._settings, show_progress(progress))
        self._program: Program = read_program(path, role or {}, self._tools, is_optimised=optimise)

    @property
    def name(self) -> str:
        """The program's name."""
        return self._program.name

    @property
    def program(self) -> Program:
        """The program as it was read, with its declarations, terms and hyperparameters."""
        return self._program

    def __repr__(self) -> str:
        """Return the name and the path, never the program's text."""
        return f"<workbench.Model {self.name} ({self._program.path})>"

    def inspect(self) -> Page[Description]:
        """Return what the program needs, what each statement does, and what can be done with it."""
        from workbench.program import describe
        from workbench.workflow.pages.inspect import build_program_page

        description = describe(self._program)
        return Page(description, build_program_page(description))

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
        prior: Mapping[str, float | Sequence[float]] | None = None,
        prior_form: Mapping[str, str] | None = None,
        priors: str | Path | None = None,
    ) -> Page[DryRun]:
        """Return what each Stan variable would be, and every problem; nothing is compiled.

        Parameters
        ----------
        data, columns, set_, reference, missing, standardize, prior, prior_form, priors
            As in `fit`.

        Raises
        ------
        RequestError
            The table cannot be read or is missing, or a prior is unknown.
        """
        from workbench.workflow.pages.dry_run import add_problems, build_dry_run_page
        from workbench.workflow.prepare_request import dry_run_fit
        from workbench.workflow.prior_options import apply_prior_options

        stated = read_priors(as_path(priors))
        options = FitOptions(
            columns=list_columns(columns),
            given=set_ or {},
            priors={**stated.values, **(prior or {})},
            prior_forms={**stated.forms, **(prior_form or {})},
            carried=stated.posterior,
            reference=reference or {},
            missing=missing,
            standardize=standardize,
        )
        table = self._table(data)
        program, options = apply_prior_options(self._program, options, self._tools.stanc)
        found = dry_run_fit(program, table, options)
        return Page(found, add_problems(build_dry_run_page(found, table.path.name), found))

    def calibrate(self, data: Data = None, **options: Unpack[CalibrateKeywords]) -> Calibration:
        """Simulate data sets with known parameters, fit each, and say which methods and quantities are right.

        Parameters
        ----------
        data
            As in `fit`: covariates, and outcomes that simulated ones take the place of.
        simulations
            How many data sets; 200 show moderate faults.
        method
            `nuts`, `laplace`, `pathfinder`, `map`, `mle`, one or several; by default the first two, and with
            `rows` NUTS, MAP and MLE.
        posterior
            Whether truths are drawn from the posterior of the data instead of the prior, and each replicate
            is fitted together with the data.
        simulate_with
            Another program that simulates, a file or the name of a bundled model, with parameters or
            transformed parameters of the same names.
        rank
            Quantities besides parameters, as expressions: `"theta"`, `"mu - 2 * tau"`.
        rows
            Numbers of rows that data sets have, such as `[50, 100, 200]`, drawn with replacement from those
            of the table; by default all rows of the table.
        executor
            Where fits run, as in `fit_each`.
        output
            The folder of the results; by default in `reports/`.
        columns, set_, reference, missing, prior, prior_form, priors, starts, chains, draws, warmup, \
adapt_delta, max_treedepth, metric, seed, level, jobs, timeout, progress
            As in `fit`.

        Returns
        -------
        The calibration: `methods["nuts"].judgement`, `.sentence`, `.advice`, `.quantities`; `frame` has every
        rank; with `rows`, `record.by_rows` and `record.needed`.

        Raises
        ------
        WorkbenchError
            Any of the tree in `workbench.errors`, where it concerns all fits.
        """
        from workbench.api.calibrating import calibrate_program

        return calibrate_program(self._program, self._table(data), self._settings, options)

    @explain_options
    def prior(
        self,
        data: Data = None,
        *,
        plausible: Mapping[str, tuple[float, float]] | None = None,
        columns: Mapping[str, str | Sequence[str]] | None = None,
        set_: Mapping[str, Any] | None = None,
        reference: Mapping[str, str] | None = None,
        missing: Literal["refuse", "drop"] = "refuse",
        prior: Mapping[str, float | Sequence[float]] | None = None,
        prior_form: Mapping[str, str] | None = None,
        priors: str | Path | None = None,
        draws: int = 1000,
        seed: int = 1,
        level: float = 0.95,
        html: str | Path | None = None,
        timeout: float | None = None,
        progress: bool = True,
    ) -> Page[PriorFindings]:
        """Return what the prior says before the data: parameters, outcomes, and which prior is responsible.

        Parameters
        ----------
        data
            The covariates; outcomes that they have are shown for comparison, and not used.
        plausible
            By outcome: the smallest and the largest value that would surprise nobody, in its unit; for a
            yes/no outcome, those of its share of yes.
        columns, set_, reference, missing, prior, prior_form, priors
            As in `fit`.
        draws
            Parameters drawn, with a data set for each.
        level
            Probability of the intervals of statistics of data sets.
        seed, timeout, progress
            As in `fit`.
        html
            A file for the report with pictures.

        Raises
        ------
        RequestError
            The data do not suit the program; the prior is improper, or depends on outcomes.

        Examples
        --------
        >>> Model("linear").prior(plausible={"y": (20, 180)})  # doctest: +SKIP
        """
        from workbench.report.prior import build_prior_page
        from workbench.workflow.output_file import check_output_file
        from workbench.workflow.prior import examine, name_findings, write_prior_report

        stated, target = read_priors(as_path(priors)), as_path(html)
        if target is not None:
            check_output_file(target)
        options = FitOptions(
            columns=list_columns(columns),
            given=set_ or {},
            priors={**stated.values, **(prior or {})},
            prior_forms={**stated.forms, **(prior_form or {})},
            carried=stated.posterior,
            reference=reference or {},
            missing=missing,
            seed=seed,
            level=level,
            jobs=count_usable_cores(),
            timeout=timeout,
            toolchain=self._settings,
            command="Model.prior(...)",
        )
        findings = examine(
            self._program,
            self._tools.limit(timeout),
            self._table(data),
            options,
            show_progress(progress),
            plausible=plausible,
            draws=draws,
        )
        if target is not None:
            write_prior_report(findings, target)
        return Page(findings, build_prior_page(findings.prior, *name_findings(findings)))

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
        prior: Mapping[str, float | Sequence[float]] | None = None,
        prior_form: Mapping[str, str] | None = None,
        priors: str | Path | None = None,
        scale: Literal["prior", "latent"] = "prior",
        method: str | Sequence[str] = (),
        starts: int = 4,
        profile: str | Sequence[str] = (),
        bic_count: int | None = None,
        chains: int = 4,
        draws: int = 1000,
        warmup: int = 1000,
        adapt_delta: float = 0.8,
        max_treedepth: int = 10,
        init: str | Path | Mapping[str, Any] = "random",
        sampler: Literal["stan", "nutpie"] = "stan",
        metric: Literal["diag", "dense", "low_rank"] = "diag",
        save_warmup: bool = False,
        retry: bool | int = False,
        seed: int = 1,
        level: float = 0.95,
        jobs: int | None = None,
        threads: int = 1,
        timeout: float | None = None,
        keep: str | Sequence[str] | None = None,
        pointwise_draws: int | None = None,
        tracking: str | None = None,
        experiment: str = "",
        output: str | Path | Literal[False] | None = None,
        figures: str | Path | None = None,
        report: bool = True,
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
            Values of Stan variables: `set_={"K": 3}`.
        reference
            By text column: the level without an indicator.
        missing
            Whether rows with a missing cell are refused or left out.
        standardize
            Whether predictors are put on one scale while fitting.
        prior
            Values of hyperparameters, or one for each element: `{"beta.mu": [0.97, -0.72]}`.
        prior_form
            Whole priors in place of the program's: `{"beta": "student_t(3, 0, 2.5)"}`, or `flat`.
        priors
            A TOML file that states both; `prior` and `prior_form` have precedence over it.
        scale
            Whether latent terms count as prior too.
        method
            `mle`, `map`, `laplace`, `pathfinder`, `nuts`, one or several; or `auto`, the cheapest that its
            own diagnostic accepts. Without a name, all but `pathfinder`.
        starts
            Random starts of each optimisation.
        profile
            Parameters whose profile-likelihood interval is wanted, such as `beta[2]`.
        bic_count
            Sample size of the BIC; by default the rows, of which a binomial one can hold many trials.
        chains
            Chains of the sampler.
        draws
            Draws kept in each chain.
        warmup
            Warm-up draws in each chain.
        adapt_delta
            Target acceptance statistic.
        max_treedepth
            A trajectory has at most `2**max_treedepth` steps.
        init
            Where chains start: `random`, around what `map` or `pathfinder` finds, or at values of parameters:
            a dict, or a JSON file. What is not among them is random.
        sampler
            Who runs the chains: Stan, or nutpie.
        metric
            For correlated parameters, `dense` (Stan) or `low_rank` (nutpie).
        save_warmup
            Whether warm-up draws are kept in `fit.nc`.
        retry
            Whether the advice of the sampler's diagnostics is followed, up to twice or as often as a number
            says.
        seed
            All other seeds are derived from it.
        level
            Probability of the intervals.
        jobs
            Processes at a time; by default one for each processor that this process may use.
        threads
            Threads in each chain.
        timeout
            Longest time for each chain, compilation or other step [s].
        keep
            The transformed parameters and generated quantities that are stored; by default all.
        pointwise_draws
            Draws of each chain whose pointwise log-likelihoods and replicates are stored; by default all,
            or as many as make 40 million numbers.
        tracking
            An MLflow server to which the fit is logged while it runs, `"http://HOST:PORT"`. A failure there
            is a `RuntimeWarning`.
        experiment
            The experiment in MLflow; by default it has the name of the program.
        output
            The run directory: `None` for one in `reports/`, `False` for none.
        figures
            A folder for the report's pictures as files.
        report
            Whether the run has a report from the start.
        progress
            Whether progress is shown in terminals and notebooks.

        Raises
        ------
        WorkbenchError
            Any of the tree in `workbench.errors`.
        """
        word, inits = read_init(init)
        nuts = Nuts(
            chains,
            draws,
            warmup,
            adapt_delta,
            max_treedepth,
            metric,
            word,
            save_warmup,
            count_retries(retry),
            sampler,
        )
        stated = read_priors(as_path(priors))
        options = FitOptions(
            columns=list_columns(columns),
            given=set_ or {},
            priors={**stated.values, **(prior or {})},
            prior_forms={**stated.forms, **(prior_form or {})},
            carried=stated.posterior,
            reference=reference or {},
            missing=missing,
            standardize=standardize,
            scaled=choose_scaled_roles(scale),
            methods=choose_methods(
                list_names(method), nuts, starts=starts, profile=list_names(profile), bic_count=bic_count
            ),
            seed=seed,
            level=level,
            jobs=jobs or count_usable_cores(),
            threads=threads,
            timeout=timeout,
            keep=None if keep is None else tuple(list_names(keep)),
            pointwise_draws=pointwise_draws,
            inits=inits,
            output=Path(output) if output else None,
            is_kept=output is not False,
            has_report=report,
            figures=as_path(figures),
            toolchain=self._settings,
            is_optimised=self._program.is_optimised,
            command="workbench.fit(...)",
        )
        table, shown = self._table(data), show_progress(progress)
        with track_fit(tracking, experiment, self._program.name, lambda _: None, _warn) as log_fit:
            fit = fit_program(self._program, self._tools, table, options, shown)
            log_fit(fit)
        return as_fit(fit)

    def _table(self, data: Data) -> Table:
        """Return the data as a table: those given, else the bundled model's own, else none."""
        if data is not None:
            return as_table(data)
        return tables.no_data() if self._own_table is None else tables.read(self._own_table)


def _warn(failure: str) -> None:
    warnings.warn(failure, RuntimeWarning, stacklevel=2)


class FitKeywords(TypedDict, total=False):
    """The options of `Model.fit`, for type checkers."""

    columns: Mapping[str, str | Sequence[str]] | None
    set_: Mapping[str, Any] | None
    reference: Mapping[str, str] | None
    missing: Literal["refuse", "drop"]
    standardize: bool
    prior: Mapping[str, float | Sequence[float]] | None
    prior_form: Mapping[str, str] | None
    priors: str | Path | None
    scale: Literal["prior", "latent"]
    method: str | Sequence[str]
    starts: int
    profile: str | Sequence[str]
    bic_count: int | None
    chains: int
    draws: int
    warmup: int
    adapt_delta: float
    max_treedepth: int
    init: str | Path | Mapping[str, Any]
    sampler: Literal["stan", "nutpie"]
    metric: Literal["diag", "dense", "low_rank"]
    save_warmup: bool
    retry: bool | int
    seed: int
    level: float
    jobs: int | None
    threads: int
    timeout: float | None
    keep: str | Sequence[str] | None
    pointwise_draws: int | None
    tracking: str | None
    experiment: str
    output: str | Path | Literal[False] | None
    figures: str | Path | None
    report: bool
    progress: bool
