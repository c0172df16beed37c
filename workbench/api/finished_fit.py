"""A finished fit, and what one asks of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, overload

from workbench import results
from workbench.api.arguments import Data, as_path, as_table, explain_options, list_names, show_progress
from workbench.api.predicting import NewGroups, PredictingMethod, predict_new, score_new
from workbench.errors import RequestError, RunIncomplete
from workbench.process import count_usable_cores
from workbench.results import frames, run_directory, store
from workbench.results.quantities import draws_of, owner
from workbench.workflow.publish import add_report, diagnose_fit, publish_run

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    import xarray as xr

    from workbench.execution import Executor
    from workbench.likelihood.nested import NestedTest
    from workbench.likelihood.standard_errors import StandardErrors
    from workbench.prediction.levels import NewGroups
    from workbench.report.table_formats import TableFormat
    from workbench.results.view import DiagnosisResult
    from workbench.workflow.score import Scores

_ARVIZ_GROUPS = (
    "posterior",
    "posterior_predictive",
    "log_likelihood",
    "log_prior",
    "sample_stats",
    "observed_data",
    "constant_data",
)
"""The groups of `fit.nc` that ArviZ before 1 knows."""


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
        """The draws, in the form that the installed ArviZ takes.

        That is `tree`, an `xarray.DataTree`, from ArviZ 1 on; before, an `arviz.InferenceData` of the groups
        that ArviZ knows.
        """
        return self.to_inference_data()

    def to_inference_data(self) -> Any:
        """Return the draws as `arviz.InferenceData` where ArviZ is older than 1, else as a DataTree."""
        if int(metadata.version("arviz").partition(".")[0]) >= 1:
            return self.tree
        import arviz

        known = {name: self.tree[name].to_dataset() for name in _ARVIZ_GROUPS if name in self.tree.children}
        return arviz.InferenceData(**known)

    def summary(self, variables: str | Sequence[str] = (), **options: Any) -> pd.DataFrame:
        """Return ArviZ's summary of the posterior: mean, SD, interval, ESS, R-hat and MCSE, not rounded.

        Parameters
        ----------
        variables
            Which variables; all of them by default.
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
        chosen = (
            posterior[list(_check_variables(list_names(variables), posterior))] if variables else posterior
        )
        frame: pd.DataFrame = arviz_stats.summary(convert_to_datatree(chosen), **(usual | options))
        if self.results.data.standardized.units:  # pandas shows it above the first row
            frame.index.name = self.results.data.standardized.units
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
        by_label = {label: name for name, label in self.results.labels.items()}
        names = [by_label.get(name, name) for name in list_names(variables)]
        _check_variables([owner(name) for name in names], self.posterior)
        return frames.draws_frame(self.posterior, names)

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

    @explain_options
    def check(self) -> DiagnosisResult:
        """Check the fit again, by the checks of the installed workbench; its files stay as they are."""
        from workbench.diagnostics.diagnose import diagnose

        return diagnose(self).result

    @overload
    def predict(
        self,
        new: Data | None = None,
        *,
        horizon: int | None = None,
        quantity: str | Sequence[str] = (),
        draws: Literal[False] = False,
        method: PredictingMethod | None = None,
        new_groups: NewGroups = "refuse",
        progress: bool = True,
    ) -> pd.DataFrame: ...

    @overload
    def predict(
        self,
        new: Data | None = None,
        *,
        horizon: int | None = None,
        draws: Literal[True],
        method: PredictingMethod | None = None,
        new_groups: NewGroups = "refuse",
        progress: bool = True,
    ) -> xr.Dataset: ...

    @explain_options
    def predict(
        self,
        new: Data | None = None,
        *,
        horizon: int | None = None,
        quantity: str | Sequence[str] = (),
        draws: bool = False,
        method: PredictingMethod | None = None,
        new_groups: NewGroups = "refuse",
        progress: bool = True,
    ) -> pd.DataFrame | xr.Dataset:
        """Predict new rows by the rules that the fit keeps.

        Parameters
        ----------
        new
            New rows, with the columns the fit was made with; those of outcomes may be missing.
        horizon
            How many rows follow those of the fit in time, which are forecast step by step. `new` holds their
            predictors, and can be left out where these count up in equal steps or repeat themselves.
        quantity
            What is wanted in the place of the outcomes: `"P(y_rep > 500)"`, `"b[1] - b[2]"`,
            `"exp(b[age])"`, `"mean(y_rep)"` over rows, `"E(y_rep)"`, `"quantile(y_rep, 0.9)"`,
            `"return_level(y_rep, 100)"`; one or several.
        draws
            Whether each draw of the outcomes is wanted, in the place of summaries.
        method
            What predicts: `nuts`, `laplace`, `pathfinder`, or with `map` and `mle` a point; by default NUTS,
            else an approximation.
        new_groups
            Groups that the fit has not seen are refused, drawn from the distribution of groups (`draw`), or
            averaged over the groups of the fit (`average`).
        progress
            Whether progress is shown in terminals and notebooks.

        Returns
        -------
        A row for each new row and outcome: `row`, `label`, `prediction`, `mean`, `sd`, `median`, `lower`,
        `upper`; the expectation of the outcome with its own interval, `expected`, `expected_lower`,
        `expected_upper`; and the two parts of the SD, `sd_parameters` and `sd_outcome`. Of a yes/no outcome
        and of each category, `mean` and its interval are those of the probability; `most_probable` is the
        category with the greatest one. A point (`map`, `mle`) leaves out the interval of the expectation.

        Of quantities: `quantity`, `row`, `label`, `statistic` (`mean`, `probability`, `quantile` or `return
        level`), `estimate`, its Monte Carlo error `mcse`, and for a mean over draws `sd`, `median`, `lower`
        and `upper`. One that goes over rows, or has none, has no `row`.

        The index is that of `new`, where that is a DataFrame; a quantity without rows has a missing entry
        there. With `draws=True`, an xarray Dataset with an array `(chain, draw, row)` for each outcome and
        for its expectation, whose coordinate `row` is that index.

        What must be known is a `workbench.PredictionWarning`, and stays in `attrs["remark"]`: that an
        approximation predicts, or that a column seems to be in another unit than that of the fit.

        Raises
        ------
        WorkbenchError
            A level is unknown, a column is missing, rows depend on each other, or an expression cannot be
            read.
        """
        return predict_new(
            self,
            new,
            horizon=horizon,
            quantity=quantity,
            draws=draws,
            method=method,
            new_groups=new_groups,
            progress=progress,
        )

    @explain_options
    def update(
        self,
        new: Data,
        *,
        missing: Literal["refuse", "drop"] = "refuse",
        weights: bool = True,
        forget: bool = False,
        jobs: int | None = None,
        output: str | Path | Literal[False] | None = None,
        report: bool = True,
        progress: bool = True,
    ) -> Fit:
        """Return the posterior given the rows of the fit and new ones: today's posterior is their prior.

        The stored draws are weighted where k-hat says that this can be relied on; otherwise old and new rows
        are fitted together, from where the old chains stopped. `results.updated` says which.

        Parameters
        ----------
        new
            New rows with their outcomes, in the columns the fit was made with.
        missing
            Whether new rows with a missing cell are refused or left out.
        weights
            Whether stored draws are weighted where that will do; else all rows are fitted together.
        forget
            Whether the old rows are left out, and a normal on the unconstrained scale stands for their
            posterior.
        jobs
            Chains at a time; by default one for each processor this process may use.
        output
            The run directory: `None` for one in `reports/`, `False` for none.
        report
            Whether it has a report.
        progress
            Whether progress is shown in terminals and notebooks.

        Raises
        ------
        WorkbenchError
            A level is new, a column or an outcome is missing, or the fit does not hold its data.
        """
        from workbench.workflow.update import UpdateOptions, update

        options = UpdateOptions(
            missing=missing,
            is_weighted=weights,
            is_forgetting=forget,
            output=Path(output) if output else None,
            is_kept=output is not False,
            has_report=report,
            jobs=jobs or count_usable_cores(),
            command="fit.update(...)",
        )
        return as_fit(update(self, as_table(new), options, show_progress(progress)))

    @explain_options
    def score(
        self,
        new: Data,
        *,
        threshold: float = 0.5,
        new_groups: NewGroups = "refuse",
        horizon: int | None = None,
        one_step: bool = False,
        progress: bool = True,
    ) -> Scores:
        """Score the fit on rows whose outcome is known, and MLE and MAP beside its posterior.

        Parameters
        ----------
        new
            Rows with the columns the fit was made with; those without an outcome are left out.
        threshold
            The probability from which on a yes/no outcome or a category is predicted to happen.
        new_groups
            Groups that the fit has not seen: `refuse` them, `draw` them from the distribution of groups, or
            `average` over the groups of the fit.
        horizon
            How many rows follow those of the fit in time: their forecast is scored, without seeing the rows
            between.
        one_step
            Whether each of these rows is predicted given all rows before it instead.
        progress
            Whether progress is shown in terminals and notebooks.

        Returns
        -------
        Scores whose `summary` is a DataFrame with a row for each score, its `value` and standard error `se`:
        of `new` rows by each `method`, with the `gain` of the posterior over it and that gain's standard
        error, and of the fit's `own` rows. `rows` is a DataFrame with a row for each scored row, in the order
        and with the index of `new`; `ranked_rows` has those in the farthest tails of their predictions first.
        A column that seems to be in another unit is a `workbench.PredictionWarning`.

        Raises
        ------
        WorkbenchError
            No row has an outcome, a level is unknown, a column is missing, or rows depend on each other.
        """
        return score_new(
            self,
            new,
            threshold=threshold,
            new_groups=new_groups,
            horizon=horizon,
            one_step=one_step,
            progress=progress,
        )

    @explain_options
    def standard_errors(
        self,
        *,
        robust: bool = False,
        cluster: str | None = None,
        bootstrap: int = 0,
        parametric: bool = False,
        method: Literal["mle", "map"] | None = None,
        level: float | None = None,
        jobs: int | None = None,
        executor: str | Executor | Any = None,
        progress: bool = True,
    ) -> StandardErrors:
        """Return standard errors of the MLE or MAP: inverse Hessian, sandwich by row or cluster, bootstrap.

        Parameters
        ----------
        robust
            Whether to add sandwich standard errors from the scores of rows (HC0).
        cluster
            The column whose values are clusters: rows within one may depend on each other. The sandwich sums
            scores by cluster, times G/(G-1) x (N-1)/(N-K); the bootstrap draws whole clusters.
        bootstrap
            How many resamples of the rows are fitted, with percentile and BCa intervals; 0 for none.
        parametric
            Whether resamples are outcomes drawn from the model at the estimate instead.
        method
            Of which estimate; by default the MLE.
        level
            Probability of the intervals; by default that of the fit.
        jobs
            Processes at a time; by default one per core.
        executor
            Where resamples are fitted, which changes no number: text as for `--scheduler` (`"local:4"`,
            `"tcp://HOST:PORT"`), a `distributed.Client`, or an executor.
        progress
            Whether progress is shown in terminals and notebooks.

        Returns
        -------
        `StandardErrors`: `table` is a DataFrame with a row for each quantity, `covariance` is theirs, `ways`
        says how each column was computed, `warnings` why numbers may be wrong. A saved fit keeps the
        resamples in its folder.

        Raises
        ------
        WorkbenchError
            There is no such estimate, it is no regular maximum, or the rows do not make it alone, as where
            effects of groups were estimated with it.

        References
        ----------
        White (1982), Econometrica 50(1), doi:10.2307/1912526; Efron (1987), JASA 82(397),
        doi:10.1080/01621459.1987.10478410.

        Examples
        --------
        >>> fit.standard_errors(cluster="school", bootstrap=1000).table  # doctest: +SKIP
        """
        from workbench.execution.scheduler import as_executor
        from workbench.workflow.standard_errors import ErrorOptions, choose_folder, find_standard_errors

        folder = choose_folder(self.folder)
        asked = ErrorOptions(method, robust, cluster or "", bootstrap, parametric, level, folder)
        workers, shown = jobs or count_usable_cores(), show_progress(progress)
        with as_executor(executor, workers, shown) as opened:
            return find_standard_errors(self, asked, jobs=workers, executor=opened, progress=shown)

    @explain_options
    def test_null(
        self, *null: str, small: results.Fit | str | Path | None = None, progress: bool = True
    ) -> NestedTest:
        """Test parameters set to constants: likelihood ratio, score and Wald, at the restricted maximum.

        Parameters
        ----------
        null
            What is tested, such as `"beta[2]=0"`, `"beta[age]=0"`, or `"beta=0"` for all elements; several
            are tested jointly.
        small
            A fit or a run that is this one under the null: it is proved that both give each observation the
            same log likelihood. One parameter may then lie on its bound, as a variance of 0 does.
        progress
            Whether progress is shown in terminals and notebooks.

        Returns
        -------
        `NestedTest`: its `tests` have a `statistic`, `degrees`, a `p_value`, and the `distribution` under the
        null or the `reason` why there is none; `restricted` are the parameters there, `warnings` say why
        p-values may be wrong.

        Raises
        ------
        WorkbenchError
            There is no maximised likelihood or no regular maximum, the null is on a bound or leaves other
            parameters unidentified, or the small model is not this one under the null.

        References
        ----------
        Cox and Hinkley (1974), Theoretical Statistics, section 9.3; Self and Liang (1987), JASA 82(398),
        doi:10.1080/01621459.1987.10478472.

        Examples
        --------
        >>> fit.test_null("beta[age]=0").tests[0].p_value  # doctest: +SKIP
        """
        from workbench.workflow.likelihood_tests import NamedFit, run_tests

        fits = [NamedFit(self.results.model.name, self)]
        if small is not None:
            smaller = as_result(small)
            names = [smaller.results.model.name, fits[0].name]
            if names[0] == names[1]:
                names = ["small", "large"]
            fits = [NamedFit(names[0], smaller), NamedFit(names[1], self)]
        return run_tests(fits, null, jobs=count_usable_cores(), progress=show_progress(progress))

    @explain_options
    def export(
        self,
        output: str | Path,
        *,
        draws: int = 200,
        plug_in: str = "",
        data: Data = None,
        with_scorer: bool = False,
        progress: bool = True,
    ) -> Path:
        """Write the fit of a linear predictor as JSON, which plain Python scores without Stan.

        The formula is read from the program, and its numbers are compared with those of `predict` first.
        Links are identity, logit and log; others are refused with the statement that stands in the way.

        Parameters
        ----------
        output
            The JSON file.
        draws
            How many draws of the posterior, evenly among all.
        plug_in
            A point in the place of draws: `map` or `mle`.
        data
            Rows on which the formula is tried; by default those of the fit, where their file is still there.
        with_scorer
            Whether `workbench_scorer.py` and the JSON Schema are written beside it.
        progress
            Whether progress is shown in terminals and notebooks.

        Returns
        -------
        The file.

        Raises
        ------
        WorkbenchError
            The program is no linear predictor, the table is not there, or the file cannot be written.

        Examples
        --------
        >>> fit.export("radon.json", with_scorer=True)  # doctest: +SKIP
        """
        from workbench.workflow.export import ExportOptions, export, write_export
        from workbench.workflow.output_file import check_output_file

        path = Path(output)
        check_output_file(path)
        rows = None if data is None else as_table(data)
        asked = ExportOptions(draws, plug_in)
        made = export(self, rows, asked, progress=show_progress(progress))
        return write_export(made, path, with_scorer=with_scorer)[0]

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

        if self.folder is not None and output is None:
            run_directory.refuse_registered(self.folder)
        target = None if self.folder is None else self.folder / store.REPORT
        target = target if output is None else Path(output)
        if target is None:
            hint = "name a file, `fit.report('report.html')`, or save first: `fit = fit.save('folder')`"
            raise RequestError("the fit has no run directory for its report.", hint=hint)
        return write_report(self, target, as_path(figures))

    @explain_options
    def show(
        self,
        *quantities: str,
        format: TableFormat | None = None,  # noqa: A002
    ) -> None:
        """Print the results as `workbench show` does, or some quantities; of a single one also its density.

        Parameters
        ----------
        quantities
            Names, `theta[3]`; labels, `theta[Choate]`; variables, `theta`; or patterns, `theta[*]`.
        format
            Print only a table: `md` or `latex`, with rounded numbers; `csv` or `json`, with all digits.

        Raises
        ------
        RequestError
            One of them is not a quantity of the fit, or there is no such format.
        """
        from workbench.workflow.pages.tables import format_fit

        print(format_fit(self, quantities, format))  # noqa: T201 - this is what it is for

    @explain_options
    def explore(self, output: str | Path | None = None) -> Path:
        """Write one HTML file in which the draws can be looked at in a browser, and return its path.

        Parameters
        ----------
        output
            The file; by default `explore.html` in the run directory.

        Raises
        ------
        RequestError
            The fit has no run directory, and no file is named.
        RunIncomplete
            The fit has no draws by NUTS.
        StoreError
            The file cannot be written.
        """
        from workbench.workflow.explore import write_draws_page

        return write_draws_page(self, as_path(output))

    @explain_options
    def save(self, folder: str | Path) -> Fit:
        """Write the run directory, and return the fit that knows it.

        Raises
        ------
        StoreError
            The folder is taken by something that is not a run, or cannot be written.
        """
        published = publish_run(diagnose_fit(self), Path(folder))
        add_report(published)
        return as_fit(published)


def _check_variables(names: Sequence[str], posterior: xr.Dataset) -> Sequence[str]:
    """Return names of variables of a posterior.

    Raises
    ------
    RequestError
        One of them is not.
    """
    for name in names:
        if name not in posterior:
            listed = ", ".join(f"`{variable}`" for variable in posterior)
            raise RequestError(f"`{name}` is not a variable of this posterior.", hint=f"it has {listed}")
    return names


def as_fit(fitted: results.Fit, folder: Path | None = None) -> Fit:
    """Return a fit with the verbs of the front door."""
    known = {field.name: getattr(fitted, field.name) for field in fields(results.Fit)}
    return Fit(**(known | ({} if folder is None else {"folder": folder})))


def as_result(fit: results.Fit | str | Path) -> results.Fit:
    """Return a fit, read from its run directory where that is what is given."""
    return run_directory.read_whole(Path(fit)) if isinstance(fit, (str, Path)) else fit
