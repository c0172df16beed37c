"""The registry from Python: the verbs of `workbench registry`, with fits and tables."""

from __future__ import annotations

import getpass
import os
import socket
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from workbench import results
from workbench.api.arguments import Data, as_table, list_names, show_progress
from workbench.api.finished_fit import Fit, as_fit
from workbench.errors import RequestError
from workbench.process import count_usable_cores
from workbench.registry import ModelRegistry, Signer, Version
from workbench.registry.differences import FitDifferences, compare_fits
from workbench.registry.gate import read_limits
from workbench.registry.gate.limits import LARGEST_FACTOR
from workbench.results import run_directory

if TYPE_CHECKING:
    import pandas as pd

    from workbench.api.monitored import Monitored
    from workbench.monitoring import Family
    from workbench.monitoring.drift_diagnosis import DriftDiagnosis
    from workbench.prediction.levels import NewGroups
    from workbench.registry.verify import Verification
    from workbench.workflow.gate import HeldOutRows
    from workbench.workflow.promotion import PromotionOutcome
    from workbench.workflow.refit import RefitOutcome


class Registry(ModelRegistry):
    """Versions of fits under names, in a folder of plain files that only grows.

    Parameters
    ----------
    folder
        The folder; the first `add` makes it.
    author
        Who writes, as the log has it; by default the user and the machine.
    key
        A private key (Ed25519, as `ssh-keygen` writes it) that signs what is written.
    required_keys
        A file of public keys: the registry must be signed with them.

    Examples
    --------
    >>> registry = workbench.Registry("registry")  # doctest: +SKIP
    >>> registry.add("radon", fit, alias="champion")  # doctest: +SKIP
    >>> registry.load("radon@champion").predict(new_rows)  # doctest: +SKIP
    """

    def __init__(
        self,
        folder: str | Path = "registry",
        *,
        author: str | None = None,
        key: str | Path | None = None,
        required_keys: str | Path | None = None,
    ) -> None:
        super().__init__(
            Path(folder),
            author or f"{getpass.getuser()}@{socket.gethostname()}",
            None if key is None else Signer(Path(key), os.environ.get("WORKBENCH_KEY_PASSWORD")),
            None if required_keys is None else Path(required_keys),
        )

    def __repr__(self) -> str:
        """Return where it is."""
        return f"<workbench.Registry in {self.folder}>"

    def add(self, name: str, run: Any, **options: Any) -> Version:
        """Add a fit, or a run directory, as the next version of a model; the run is copied.

        Parameters
        ----------
        name
            The name of the model.
        run
            A fit that has a run directory, or the folder.
        options
            `alias`, `note`, `owner`, `purpose` and `limits`, as `workbench registry add` has them.

        Raises
        ------
        RequestError, StoreError
            The fit has no run directory, is a version already, or the registry cannot be written.
        """
        return super().add(name, find_run(run), **options)

    def load(self, version: str) -> Fit:
        """Return a version as a fit: `load("radon@champion")`. Its files are checked first.

        Raises
        ------
        RequestError, StoreError
            There is no such version, its run was pruned, or is not as it was added.
        """
        return as_fit(run_directory.read_whole(self.open_run(version)[1]))

    def versions(self, name: str = "") -> pd.DataFrame:
        """Return the versions of a model, or of all, a row for each, the oldest first.

        Columns: `name`, `version`, `aliases`, `verdict`, `time` (UTC), `author`, `rows`, `elpd`, `note`,
        `approved_by`, `pruned`.

        Raises
        ------
        RequestError, StoreError
            There is no such name, or no registry.
        """
        import pandas as pd

        state = self.read_state()
        models = [state.find_model(name)] if name else list(state.models.values())
        rows = [
            {
                "name": model.name,
                "version": version.number,
                "aliases": ", ".join(sorted(k for k, v in model.aliases.items() if v == version.number)),
                "verdict": version.added.summary.verdict,
                "time": version.time,
                "author": version.author,
                "rows": version.added.summary.rows,
                "elpd": version.added.summary.elpd,
                "note": version.added.note,
                "approved_by": ", ".join(author for author, _ in version.approvals),
                "pruned": version.is_pruned,
            }
            for model in models
            for version in model.versions
        ]
        frame = pd.DataFrame(rows)
        if not frame.empty:
            frame["time"] = pd.to_datetime(frame["time"], utc=True)
        return frame

    def diff(self, before: Any, after: Any) -> FitDifferences:
        """Return what differs between two versions, fits or run directories.

        Raises
        ------
        RequestError, StoreError
            One of them does not exist.
        """
        one, other = (self._read_results(each) for each in (before, after))
        return compare_fits(one, other)

    def promote(
        self,
        version: str,
        held_out: Data = None,
        *,
        accept_prior: str | Sequence[str] = (),
        rules: str | Path | None = None,
        shadow: bool = False,
        progress: bool = True,
    ) -> PromotionOutcome:
        """Put a version to the gate against the champion, and make it the champion if it passes.

        Parameters
        ----------
        version
            `radon@3`; a name alone is its challenger.
        held_out
            Rows with outcomes that neither has seen.
        accept_prior
            Priors whose change is acknowledged.
        rules
            A TOML file of limits.
        shadow
            Whether what the gate says is only recorded.
        progress
            Whether to show progress.

        Raises
        ------
        WorkbenchError
            There is no such version, it is the champion already, or the rows cannot be predicted.
        """
        from workbench.workflow.promotion import GateOptions, promote

        limits = read_limits(None if rules is None else Path(rules), tuple(list_names(accept_prior)))
        asked = GateOptions(_as_held_out(held_out), limits, shadow)
        return promote(self, version, asked, show_progress(progress))

    def refit(
        self,
        name: str,
        data: Data,
        *,
        way: Literal["full", "update", "prior"] = "full",
        widen: float = 1.0,
        base: str = "",
        again: bool = False,
        promote: bool = False,
        held_out: Data = None,
        accept_prior: str | Sequence[str] = (),
        rules: str | Path | None = None,
        retry: bool = False,
        timeout: float | None = None,
        jobs: int | None = None,
        report: bool = True,
        progress: bool = True,
    ) -> RefitOutcome:
        """Fit a model to new data, and add the fit as its challenger; the same rows again are no work.

        Parameters
        ----------
        name
            The model.
        data
            New rows.
        way
            `full`: the rows are all there are; `update`: they come beside those of the champion; `prior`:
            they are fitted alone, and the champion's posterior is their prior.
        widen
            By which factor the SDs of that prior grow.
        base
            Another version to begin with than the champion.
        again
            Whether to fit although these rows were fitted so before.
        promote
            Whether it becomes the champion if it passes its gate.
        held_out, accept_prior, rules
            Of the gate, as in `promote`.
        retry, timeout, jobs
            As in `Model.fit`.
        report
            Whether its run has a report.
        progress
            Whether to show progress.

        Raises
        ------
        JobRunning
            Another job for the model is running.
        WorkbenchError
            Any other error of a fit; it is in the log of the registry too.
        """
        from workbench.workflow.method_settings import count_retries
        from workbench.workflow.refit import RefitOptions, refit
        from workbench.workflow.update import UpdateOptions

        if way not in ("full", "update", "prior"):
            raise RequestError(f"`way` was expected to be full, update or prior, found `{way}`.")
        if not 0 < widen <= LARGEST_FACTOR:
            message = f"`widen` was expected to be above 0 and at most {LARGEST_FACTOR:g}, found {widen:g}."
            raise RequestError(message)
        limits = read_limits(None if rules is None else Path(rules), tuple(list_names(accept_prior)))
        fit = UpdateOptions(
            has_report=report,
            jobs=jobs or count_usable_cores(),
            widen=widen,
            retry=count_retries(retry),
            timeout=timeout,
        )
        asked = RefitOptions(way, base, again, promote, _as_held_out(held_out), limits, fit)
        return refit(self, name, as_table(data), asked, show_progress(progress))

    def monitor(
        self,
        name: str,
        batch: Data = None,
        *,
        time: str = "",
        time_column: str = "",
        arl: float | None = None,
        predictors: bool | None = None,
        against_reference: Data = None,
        new_groups: NewGroups = "refuse",
        suppress: str | Sequence[str] = (),
        reason: str = "",
        acknowledge: str | None = None,
        state: str | Path | None = None,
        seed: int | None = None,
        jobs: int | None = None,
        timeout: float | None = None,
        progress: bool = True,
    ) -> Monitored:
        """Watch one more batch of rows, and return where the monitor of a model stands.

        What is predicted of a batch is given all batches before. The same batch again changes nothing.

        Parameters
        ----------
        name
            The model, whose champion is watched.
        batch
            New rows; those without outcomes are watched for their predictors alone. Without a batch nothing
            is watched.
        time
            When the batch is of: `2026-11-29`, in UTC; by default now.
        time_column
            The column of its rows that says when they are of.
        arl
            Batches to a false alarm in expectation, at least; 1,000 where a monitor begins.
        predictors
            Whether predictors are watched beside outcomes; by default, or as the monitor began.
        against_reference
            Rows of a time in which all was well, which batches are compared with in the place of the model's
            own predictions.
        new_groups
            What happens to groups that the fit has not seen, as in `predict`.
        suppress
            Times such as `2026-11-29..2026-11-30`, whose batches do not count from here on.
        reason
            Why they do not.
        acknowledge
            Why the alarm is over.
        state
            The folder of the monitor; by default `monitoring/NAME` in the registry.
        seed, jobs, timeout
            As in `Model.fit`.
        progress
            Whether to show progress.

        Raises
        ------
        JobRunning
            Somebody else monitors the model in the same folder.
        WorkbenchError
            An option contradicts those with which the monitor began, or the rows cannot be predicted.
        """
        from workbench.api.monitored import Monitored
        from workbench.workflow import monitor

        place = None if state is None else Path(state)
        account = None
        if reason and not suppress:
            raise RequestError("`reason` says why batches are left out, and `suppress` names no time.")
        for window in [monitor.parse_window(text, reason) for text in list_names(suppress)]:
            account = monitor.suppress(self, name, window, place)
        if acknowledge is not None:
            account = monitor.acknowledge(self, name, acknowledge, place)
        if batch is not None:
            families: tuple[Family, ...] = ("outcomes", "predictors") if predictors else ("outcomes",)
            asked = monitor.MonitorOptions(
                state=place,
                arl=arl,
                reference=None if against_reference is None else as_table(against_reference),
                families=None if predictors is None else families,
                time=time,
                time_column=time_column,
                new_groups=new_groups,
                seed=seed,
                jobs=jobs or count_usable_cores(),
                timeout=timeout,
            )
            account = monitor.watch_batch(self, name, as_table(batch), asked, show_progress(progress))
        return Monitored(account or monitor.read_account(self, name, place))

    def diagnose_drift(
        self,
        name: str,
        rows: str | Data = "",
        *,
        state: str | Path | None = None,
        new_groups: NewGroups = "refuse",
        jobs: int | None = None,
        timeout: float | None = None,
        progress: bool = True,
    ) -> DriftDiagnosis:
        """Return what has drifted in some rows: a parameter, the noise, predictors, a group, or single rows.

        Parameters
        ----------
        name
            The model, whose champion is asked.
        rows
            Rows with outcomes; or batches of its monitor, as `"7"`, `"7..9"` or `"all"`. By default those
            since which the leading statistic has moved.
        state, new_groups
            As in `monitor`.
        jobs, timeout
            As in `Model.fit`.
        progress
            Whether to show progress.

        Raises
        ------
        WorkbenchError
            There is no such batch, or the rows cannot be predicted.
        """
        from workbench.workflow.diagnose_drift import DriftOptions, diagnose_drift

        asked = DriftOptions(
            None if state is None else Path(state),
            new_groups,
            jobs=jobs or count_usable_cores(),
            timeout=timeout,
        )
        chosen = rows if isinstance(rows, str) else as_table(rows)
        return diagnose_drift(self, name, chosen, asked, show_progress(progress))

    def report(self, name: str, output: str | Path | None = None) -> Path:
        """Write the audit page of a model as one HTML file, and return its path.

        Parameters
        ----------
        name
            The model.
        output
            The file; by default `reports/registry-<name>.html`.

        Raises
        ------
        RequestError, StoreError
            There is no such name or no registry, or the file cannot be written.
        """
        from workbench.workflow.registry_report import write_audit_page

        return write_audit_page(self, name, None if output is None else Path(output))

    def verify(self, head: str = "") -> Verification:
        """Check each event, signature and file, and compute the numbers of each run again.

        Parameters
        ----------
        head
            The hash of an event that was once the last one.

        Raises
        ------
        RegistryNotFound
            There is no registry.
        """
        from workbench.registry.verify import verify

        return verify(self, head)

    def _read_results(self, which: Any) -> results.view.Results:
        if isinstance(which, results.Fit):
            return which.results
        if isinstance(which, Path) or Path(which).is_dir():
            return run_directory.read_without_draws(Path(which)).results
        return run_directory.read_without_draws(self.open_run(which)[1]).results


def _as_held_out(data: Data) -> HeldOutRows | None:
    """Return held-out rows, if any are given."""
    if data is None:
        return None
    from workbench.workflow.gate import read_held_out

    return read_held_out(as_table(data))


def find_run(run: Any) -> Path:
    """Return the run directory of a fit, or the folder that is given.

    Raises
    ------
    RequestError
        The fit has none.
    """
    if not isinstance(run, results.Fit):
        return Path(run)
    if run.folder is None:
        raise RequestError("the fit has no run directory.", hint="fit.save('folder') writes one")
    return run.folder
