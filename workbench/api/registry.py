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
        promote, held_out, accept_prior, rules
            Whether it becomes the champion if it passes its gate, which is asked as in `promote`.
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
